"""Reads the cases of a store that comes from before there was a search, a few at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.store import search

if TYPE_CHECKING:
    from triage.store.engine import Store


@dataclass(kw_only=True)
class SearchReader:
    """Makes old cases known to searches; has nothing to do once it has come to an end."""

    store: Store
    _done: bool = field(default=False, init=False)

    def look(self, _now: float) -> None:
        """Read the next few cases."""
        self._done = self._done or not search.fill(self.store)
