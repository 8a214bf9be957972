"""One runner after another in one process: another policy wants everything made anew."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.runners.embedded import EmbeddedRunner


@dataclass(kw_only=True)
class Relay:
    """The runner that is at work; told to stop, it stops for good, whichever that is then."""

    runner: EmbeddedRunner
    stopped: threading.Event = field(default_factory=threading.Event)

    def request_stop(self) -> None:
        """Finish what is in hand, and let no other runner follow."""
        self.stopped.set()
        self.runner.request_stop()

    def hand_over(self, runner: EmbeddedRunner) -> None:
        """The one before has ended; this one is at work from now on, unless all is to stop."""
        self.runner = runner
        if self.stopped.is_set():
            runner.request_stop()

    def silent(self) -> list[str]:
        """Names of loops that make no progress."""
        return self.runner.beats.silent()
