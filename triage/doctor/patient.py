"""What the doctor looks at, and the two things they may say of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from triage.check.problem import Problem
from triage.summary.wording import duration

if TYPE_CHECKING:
    from triage.check.problem import Area
    from triage.config import Config
    from triage.processes import Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A live installation. `now` in epoch seconds; `watcher` is the running `triage run`."""

    config: Config
    now: float
    watcher: Program | None

    def ago(self, at: float) -> str:
        """How long ago something was, such as `4 hours`."""
        return lasting(self.now - at)

    def when(self, at: float) -> str:
        """A moment in the firm's zone."""
        zone = ZoneInfo(self.config.firm.timezone)
        return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M %Z}"

    @property
    def to_start(self) -> str:
        """What to do where something waits: start the program, or read what it says."""
        if self.watcher is None:
            return "start the program: `triage run`, or `systemctl start triage`"
        return "see the last lines of its log, then restart it: `systemctl restart triage`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Something that was looked at and is well."""

    where: str
    what: str


Finding = Problem | Sound


def error(area: Area, where: str, what: str, advice: str) -> Problem:
    """Something that keeps the program from its work now, or soon will."""
    return Problem(severity="error", area=area, where=where, what=what, advice=advice)


def warning(area: Area, where: str, what: str, advice: str) -> Problem:
    """Something for a person to weigh."""
    return Problem(severity="warning", area=area, where=where, what=what, advice=advice)


def lasting(seconds: float) -> str:
    """A span of time in words."""
    return duration(max(0, round(seconds)))


def mails(number: int) -> str:
    """So many mails, in words."""
    return f"{number} mail{'' if number == 1 else 's'}"
