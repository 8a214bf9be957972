"""Many UIDs in a short text, as IMAP writes them: `4:7,9` (RFC 3501, `sequence-set`). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def packed(uids: Iterable[int]) -> str:
    """The UIDs in ascending order, runs as a range; empty for none."""
    parts = [str(low) if low == high else f"{low}:{high}" for low, high in _runs(uids)]
    return ",".join(parts)


def unpacked(text: str) -> Iterator[int]:
    """The UIDs of such a text, ascending."""
    for part in text.split(",") if text else ():
        low, _, high = part.partition(":")
        yield from range(int(low), int(high or low) + 1)


def _runs(uids: Iterable[int]) -> Iterator[tuple[int, int]]:
    low = high = None
    for uid in sorted(set(uids)):
        if high is not None and low is not None and uid != high + 1:
            yield low, high
            low = None
        low, high = (uid if low is None else low), uid
    if low is not None and high is not None:
        yield low, high
