"""What the sender newly wrote: the text without quoted history, signature and disclaimer.

Line-based and linear. Cutting real text is worse than keeping a quote, so answers between and
below quoted lines stay, and when hardly anything would remain the whole text does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.parsing.boundaries import Boundary, Cut, boundary_at, is_quoted
from triage.parsing.signatures import has_words, without_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAPS = re.compile(r"\n{3,}")  # what taking out quotes leaves
MIN_CHARS = 20
MIN_SHARE = 0.02
ENOUGH_CHARS = 40  # a reply this long stands for itself, however long the thread below it


def new_text(text: str) -> str:
    """The sender's own words in `text`; all of it when hardly anything would remain."""
    whole = text.strip()
    kept = stripped(whole)
    return whole if is_too_little(kept, whole) else kept


def stripped(text: str) -> str:
    """`text` without history, signature and disclaimer, however little that leaves."""
    lines = text.split("\n")
    kept = without_history(lines)
    words = "\n".join(without_tail(kept)).strip()
    return words if len(kept) == len(lines) else _GAPS.sub("\n\n", words)


def is_too_little(kept: str, whole: str) -> bool:
    """Whether so little would be kept that the cut is more likely wrong than right."""
    if len(kept) == len(whole):
        return False
    return len(kept) < MIN_CHARS or len(kept) < min(ENOUGH_CHARS, MIN_SHARE * len(whole))


def without_history(lines: Sequence[str]) -> list[str]:
    """Drop quoted lines and everything below a boundary, but keep answers among the quotes."""
    kept: list[str] = []
    worded = False
    index = 0
    while index < len(lines):
        line = lines[index]
        boundary = None if is_quoted(line) else boundary_at(lines, index)
        if boundary is None:
            if not is_quoted(line):
                kept.append(line)
                worded = worded or has_words((line,))
            index += 1
        elif worded and _ends_text(lines, boundary):
            break
        else:
            index = boundary.end
    return kept


def _ends_text(lines: Sequence[str], boundary: Boundary) -> bool:
    """Whether nothing below is new. An attribution says so only above unquoted text."""
    if boundary.kind is not Cut.ATTRIBUTION:
        return True
    index = boundary.end
    while index < len(lines) and not lines[index].strip():
        index += 1
    return boundary.strong and index < len(lines) and not is_quoted(lines[index])
