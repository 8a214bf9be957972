"""Bytes to `Email`: pure, bounded, and never raising, whatever the bytes are.

`limits` looks at the raw bytes, `engine` parses them, `headers`, `addresses` and `body` read the
tree, `quotes` and `forwards` find what is new in the text, `kind` says what sort of mail it is.
`guard` does all of that in a process apart while the program watches mailboxes.
"""

from __future__ import annotations

from triage.parsing.guard import parse, reading_apart
from triage.parsing.subjects import normalise_subject

__all__ = ["normalise_subject", "parse", "reading_apart"]
