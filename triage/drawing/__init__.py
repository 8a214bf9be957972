"""Pictures and tables of what the program knows, for its pages and its command line."""
