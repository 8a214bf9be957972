"""Bytes to `Email`: pure, bounded, and never raising, whatever the bytes are.

`limits` looks at the raw bytes, `engine` parses them, `headers`, `addresses` and `body` read the
tree, `quotes` and `forwards` find what is new in the text, `kind` says what sort of mail it is.
"""

from __future__ import annotations

from triage.parsing.message import parse
from triage.parsing.subjects import normalise_subject

__all__ = ["normalise_subject", "parse"]
