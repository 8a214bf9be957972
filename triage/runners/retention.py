"""Takes the words out of old mail while the program runs, a little at a time."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.store import retention, search

if TYPE_CHECKING:
    from triage.config import Retention
    from triage.store.engine import Store

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3600.0
_DAY_S = 86400.0


@dataclass(kw_only=True)
class Purger:
    """Does what `[retention]` says; one batch a look, and no waiting while there is more."""

    store: Store
    settings: Retention
    _next_at: float = field(default=0.0, init=False)
    _to_compact: bool = field(default=True, init=False)  # a run before may have been broken off

    def look(self, now: float) -> None:
        """See whether words have grown too old. `now` in epoch seconds."""
        if not self.settings.text_days or now < self._next_at:
            return
        before = now - self.settings.text_days * _DAY_S
        with self.store.write() as tx:
            purged = retention.purge(tx, before=before, labelled_too=self.settings.labelled_too)
        if purged:
            self._to_compact = True
            log.info("words of old mail deleted", extra={"action": "purged", "count": purged})
        else:
            self._compact()
            self._next_at = now + LOOK_EVERY_S

    def _compact(self) -> None:
        """Once after many batches, since it writes the whole index of searches anew."""
        if self._to_compact:
            with self.store.write() as tx:
                search.compact(tx)
        self._to_compact = False
