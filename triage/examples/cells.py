"""Cells of a CSV file that no spreadsheet takes for a formula, and back.

Rule: a cell that begins with a sign that a spreadsheet acts on gets an apostrophe in front; so does
one that begins with an apostrophe, or the way back would be a guess.
"""

from __future__ import annotations

_ACTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
GUARD = "'"


def guarded(text: str) -> str:
    """The cell to write."""
    return GUARD + text if text.startswith((*_ACTS, GUARD)) else text


def unguarded(cell: str) -> str:
    """The text that was meant."""
    return cell.removeprefix(GUARD)
