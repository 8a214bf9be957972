"""The settings in force, and what is built from them. An edited policy is taken at once.

Rule: what cannot be used whole changes nothing; `triage run` tells why, and the page of the policy.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triage.errors import TriageError
from triage.policy_file import load_policy
from triage.runners.policy_watch import mark_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.app import Settings
    from triage.pipeline.gestures import Gestures
    from triage.pipeline.labelling import Labeller

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Settings, and what takes labels and gestures by them."""

    settings: Settings
    labeller: Labeller
    gestures: Gestures


class Book:
    """What is in force now. `make` builds it from settings; raises TriageError."""

    def __init__(self, first: InForce, make: Callable[[Settings], InForce]) -> None:
        self._path = first.settings.config.policy
        self._make = make
        self._lock = threading.Lock()
        self._mark = mark_of(self._path)
        self.now = first

    def look(self) -> None:
        """Take the policy anew where its file has changed; cheap where it has not."""
        mark = mark_of(self._path)
        if mark is None or mark == self._mark:
            return
        with self._lock:
            if mark != self._mark:
                self._take()
                self._mark = mark

    def _take(self) -> None:
        settings = self.now.settings
        try:
            policy = load_policy(self._path)
            if policy != settings.policy:
                self.now = self._make(replace(settings, policy=policy))
        except TriageError:
            log.warning("the policy has changed and cannot be used; the one before stays in force")
