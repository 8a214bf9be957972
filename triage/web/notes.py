"""What came of a click, said on the page that is shown next."""

from __future__ import annotations

import threading
from dataclasses import dataclass

_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence or two; `refused`: what was asked for was not done."""

    text: str
    refused: bool = False


class Notes:
    """One note a visitor, kept until it is shown. In memory: it is of no worth later."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: dict[str, Note] = {}

    def put(self, token: str, note: Note) -> None:
        """Keep a note for the visitor with this token."""
        with self._lock:
            self._notes.pop(token, None)
            self._notes[token] = note
            while len(self._notes) > _MOST:
                del self._notes[next(iter(self._notes))]

    def take(self, token: str) -> Note | None:
        """The note for this visitor, which is then gone."""
        with self._lock:
            return self._notes.pop(token, None)
