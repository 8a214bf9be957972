"""Several programs on one PostgreSQL store, killed and frozen, with the books balanced at the end.

Run by `make workers`.
"""
