"""Schema history, one file a step; `apply.py` runs it."""
