"""A policy that was edited while the program runs, so that it need not be restarted by hand.

Rule: only what can be used whole is taken. A file with a mistake changes nothing; that is told
once, and the file is looked at again when it changes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from triage.policy import Policy

log = logging.getLogger(__name__)

_Mark = tuple[int, int, int]


def mark_of(path: Path) -> _Mark | None:
    """What changes when the file does; None where there is none now."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


@dataclass(kw_only=True)
class PolicyWatch:
    """Looks whether the policy has changed. `look` is cheap and never waits.

    Attributes:
        path: the file.
        known: the policy in force.
        load: reads a policy and sees that it can be used; raises ConfigError.
        taken: called when another policy is to be in force, which is `new` from then on.
        refused: told why a changed file cannot be used.
    """

    path: Path
    known: Policy
    load: Callable[[], Policy]
    taken: Callable[[Policy], None]
    refused: Callable[[str], None] = lambda _why: None
    new: Policy | None = None
    _mark: _Mark | None = field(default=None, init=False)  # not yet: it may have changed since
    _seen: _Mark | None = field(default=None, init=False)

    def look(self, _now: float) -> None:
        """Take a policy that has changed, once the file is the same at two looks in a row."""
        mark = mark_of(self.path)
        settled, self._seen = mark == self._seen, mark
        if mark is None or mark == self._mark or not settled or self.new is not None:
            return
        self._mark = mark
        try:
            found = self.load()
        except ConfigError as error:
            self._refuse(error)
            return
        if found != self.known:
            self.new = found
            log.info(
                "another policy is in force",
                extra={"action": "policy-taken", "policy": found.stamp, "before": self.known.stamp},
            )
            self.taken(found)

    def _refuse(self, error: ConfigError) -> None:
        log.error(
            "the policy has changed and cannot be used; the one before stays in force: %s",
            error,
            extra={"action": "policy-refused", "policy": self.known.stamp},
        )
        self.refused("; ".join(error.problems))
