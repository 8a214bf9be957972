"""One of the programs: `triage run`, started, killed, frozen and woken as a machine would be."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

_STOPS_WITHIN_S = 60.0
_OURS = {None, 0, -signal.SIGKILL, -signal.SIGTERM}
_LAST_WORDS = 15


@dataclass(kw_only=True)
class Program:
    """A command in a process of its own; `verb` is what it does."""

    number: int
    config: Path
    verb: str = "run"
    crashes: list[str] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.config.with_name(f"program{self.number}.log")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        triage = Path(sys.executable).with_name("triage")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [triage, self.verb, "--config", self.config],
                stdout=log, stderr=log, cwd=self.config.parent,
            )  # fmt: skip

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send(self, how: signal.Signals) -> None:
        if self.running():
            assert self._process is not None
            self._process.send_signal(how)

    def end(self, how: signal.Signals) -> None:
        """End it, and note an end that was not of our making."""
        assert self._process is not None
        self._note_crash()
        self.send(how)
        try:
            self._process.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.crashes.append(f"program {self.number} did not stop in {_STOPS_WITHIN_S:.0f} s")
            self._process.kill()
            self._process.wait()

    def _note_crash(self) -> None:
        assert self._process is not None
        if (code := self._process.poll()) is not None:
            last = self.log.read_text(errors="replace").splitlines()[-_LAST_WORDS:]
            self.crashes.append(f"program {self.number} ended by itself with {code}: {last}")
