"""The classifier in use, exchanged for another while the program runs.

Rule: mail is always judged. A model that cannot be taken, for whatever reason, leaves the one in
memory at work; that is told once, and tried again when the files change, or after a while.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from classifiers.api import Classifier, Document, Verdict

log = logging.getLogger(__name__)

TRY_AGAIN_S = 300.0  # a damaged file may be restored without a change that we look at


class ReloadingClassifier:
    """Stands for whatever model is in use. `refresh` looks for another; `classify` never does."""

    def __init__(
        self,
        first: Classifier,
        *,
        load: Callable[[], Classifier],
        mark: Callable[[], object],
        taken: Callable[[str, str], None] = lambda _old, _new: None,
        refused: Callable[[str, str], None] = lambda _kept, _why: None,
    ) -> None:
        """Begin with `first`.

        Args:
            first: the model in use now.
            load: reads and checks the model that should be in use; raises when it cannot be.
            mark: whatever changes when another model may be in use; cheap.
            taken: told (old version, new version) after an exchange.
            refused: told (version kept, reason) when the new one cannot be used.
        """
        self._now = first
        self._load = load
        self._mark_of = mark
        self._mark = mark()
        self._taken = taken
        self._refused = refused
        self._retry_at: float | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the model in use."""
        return self._now.tags

    @property
    def version(self) -> str:
        """The name of the model in use."""
        return self._now.version

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """Judge each document by the model in use."""
        return self._now.classify(documents)

    def refresh(self, now: float) -> None:
        """Take the model that should be in use, if that is another one than before."""
        mark = self._mark_of()
        overdue = self._retry_at is not None and now >= self._retry_at
        if mark == self._mark and not overdue:
            return
        try:
            new = self._load()
        except Exception as error:  # noqa: BLE001 - whatever it is, mail must go on being judged
            if mark != self._mark:
                self._tell_refused(str(error) or type(error).__name__)
            self._retry_at = now + TRY_AGAIN_S
        else:
            old, self._now = self._now, new
            recovered, self._retry_at = self._retry_at is not None, None
            if recovered or old.version != new.version:
                log.info(
                    "another model is in use",
                    extra={"action": "model-taken", "model": new.version, "before": old.version},
                )
                self._taken(old.version, new.version)
        self._mark = mark

    def _tell_refused(self, why: str) -> None:
        log.error(
            "the model that should be in use cannot be; the one in memory stays at work: %s",
            why,
            extra={"action": "model-refused", "model": self.version},
        )
        self._refused(self.version, why)
