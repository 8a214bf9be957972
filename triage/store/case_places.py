"""Where a page of the list of cases begins, as it stands in an address. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

_SEPARATOR = "~"
_RESOLVED, _CURRENT = 2, 5  # parts of the key of either half of the list
_MOST_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Right after a case.

    Attributes:
        now: the moment of the first page, in epoch seconds; what is overdue is told as of then.
        key: what that case is ordered by.
    """

    now: float
    key: tuple[float, ...]

    @property
    def resolved(self) -> bool:
        """Whether the list has come to the resolved cases."""
        return len(self.key) == _RESOLVED

    def __str__(self) -> str:
        """As it stands in an address."""
        return _SEPARATOR.join(map(repr, (self.now, *self.key)))


def place(text: str) -> Place | None:
    """Read an address's own words; None for what is no place, so that the list begins anew."""
    try:
        now, *key = (float(part) for part in text[:_MOST_CHARS].split(_SEPARATOR))
    except ValueError:
        return None
    if len(key) not in (_RESOLVED, _CURRENT) or not all(map(math.isfinite, (now, *key))):
        return None
    return Place(now=now, key=tuple(key))
