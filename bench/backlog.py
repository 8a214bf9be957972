"""How fast a full mailbox is worked off, beside the limit that the mail server sets.

`python -m bench.backlog [--mails N] [--json]`. N mails of about 4 KB lie in a Dovecot Maildir
before the start. On the same mails, one after the other and each in a process of its own:

- limit: plain IMAPClient fetching them whole in batches of 200, and nothing else
- triage: `triage run --once`, its store on the disk of the Maildir, SMTP to loopback
- straight: read, parse, classify, commit, send, commit, without anything that survives a crash
- imapautofiler, fetchmail + procmail: they file mail by words in its subject, and nothing else
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.alone import run_alone
from bench.machine import say, syncs_per_s
from bench.mails import make
from bench.peers import fetchmail_and_procmail, imapautofiler
from bench.plot import bars
from bench.program import Ended, Workspace, make_workspace, run_to_end, triage
from bench.sink import Sink
from bench.tables import table
from tests.dovecot import Dovecot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.mails import Made
    from bench.peers import Peer

MAILS = 10_000
TAGGED_SHARE = 0.1
USER = "inbox@radial.example"
NOBODY = "empty@radial.example"
FILED = "filed@radial.example"  # has the same mails; a peer may move them
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One of the three. `working_s` leaves out loading libraries and the model."""

    name: str
    total_s: float
    working_s: float
    cpu_s: float
    peak_mib: float
    sent: int
    mails: int
    quarters_mib: tuple[float, ...] = ()

    @property
    def mails_per_s(self) -> float:
        """By the working time, so that the size of the backlog does not matter."""
        return self.mails / self.working_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything measured.

    `syncs_per_s`: the disk right before and right after `triage`. `idle_mib`: peak memory of
    `triage run --once` on an empty mailbox, which is libraries and model.
    """

    mails: int
    mean_bytes: float
    tagged: int
    forwarded: int
    outcomes: str
    store_mib: float
    idle_mib: float
    syncs_per_s: tuple[float, float]
    load: float
    stand_in: bool
    runs: tuple[Run, ...]
    left_out: tuple[str, ...] = ()  # peers, and why

    @property
    def share_of_limit(self) -> float:
        """Our rate as a part of the limit's."""
        limit, ours = self.runs[0], self.runs[1]
        return ours.mails_per_s / limit.mails_per_s

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        runs = [{**asdict(run), "mails_per_s": run.mails_per_s} for run in self.runs]
        return {**asdict(self), "runs": runs, "share_of_limit": self.share_of_limit}

    def as_text(self) -> str:
        """A table and what one must know to read it."""
        heads = ("", "mails/s", "seconds", "with start", "CPU s", "peak MiB", "briefs")
        rows = [
            (
                run.name,
                f"{run.mails_per_s:,.0f}",
                f"{run.working_s:.1f}",
                f"{run.total_s:.1f}",
                f"{run.cpu_s:.1f}",
                f"{run.peak_mib:.0f}",
                str(run.sent),
            )
            for run in self.runs
        ]
        title = f"Backlog of {self.mails:,} mails of {self.mean_bytes / 1000:.1f} KB"
        return "\n".join([title, "", table(heads, rows), "", *self._notes()])

    def _notes(self) -> list[str]:
        limit, ours = self.runs[0], self.runs[1]
        before, after = self.syncs_per_s
        memory = ours.peak_mib / limit.peak_mib
        return [
            f"Rate: {self.share_of_limit:.3f} of the limit's. Memory: {memory:.1f} times.",
            f"Its largest size in each quarter of its run: {_mib(ours.quarters_mib)} MiB.",
            f"On an empty mailbox triage takes {self.idle_mib:.0f} MiB.",
            f"Made from rows with a tag: {self.tagged}. Forwarded: {self.forwarded}.",
            self.outcomes,
            f"Disk: {before:,.0f} fdatasync/s right before triage, {after:,.0f} right after.",
            f"Store: {self.store_mib:.0f} MiB. Load at the start: {self.load:.2f}.",
            *(["Verdicts came from the labels: no model was loaded."] if self.stand_in else []),
            *self.left_out,
        ]

    def as_svg(self) -> str:
        """Mails a second; the limit is far off the scale, and told in words."""
        limit = self.runs[0]
        rows = [(run.name, run.mails_per_s, f"{run.mails_per_s:,.0f}/s") for run in self.runs[1:]]
        title = f"{self.mails:,} mails worked off; fetching them alone: {limit.mails_per_s:,.0f}/s"
        return bars(title, rows)


def measure(number: int = MAILS, *, stand_in: bool = False) -> Result:
    """Deliver the mails, then run the three one after the other."""
    load = os.getloadavg()[0]
    with (
        Dovecot() as server,
        Sink() as sink,
        tempfile.TemporaryDirectory(prefix="triage-bench-", dir=server.folder.parent) as scratch,
    ):
        setting = _Setting(server=server, sink=sink, folder=Path(scratch), stand_in=stand_in)
        say(f"delivering {number:,} mails ...")
        tally = Tally()
        server.deliver_many(tally.count(make(number, tagged_share=TAGGED_SHARE)), user=USER)
        server.deliver_many(
            (mail.content for mail in make(number, tagged_share=TAGGED_SHARE)), user=FILED
        )
        server.create_folder("Told", FILED)
        say("letting the server index them, so that nobody pays for it ...")
        setting.limit()
        say("measuring the limit ...")
        limit = setting.limit()
        say("measuring triage ...")
        before = syncs_per_s(Path(scratch))
        started, _ = setting.once("start", NOBODY)
        ours, space = setting.triage(number, started)
        after = syncs_per_s(Path(scratch))
        forwarded = len({arrival.about for arrival in sink.arrivals})
        say("measuring the straight line ...")
        straight = setting.straight()
        say("measuring peers ...")
        others = [_as_run(peer, number) for peer in setting.peers()]
        return Result(
            mails=number,
            mean_bytes=tally.size / number,
            tagged=tally.tagged,
            forwarded=forwarded,
            outcomes=_outcomes(space.log.read_text(errors="replace")),
            store_mib=sum(f.stat().st_size for f in space.folder.glob("triage.db*")) / MIB,
            idle_mib=started.peak_mib,
            syncs_per_s=(before, after),
            load=load,
            stand_in=stand_in,
            runs=(limit, ours, straight, *(run for run in others if isinstance(run, Run))),
            left_out=tuple(each for each in others if isinstance(each, str)),
        )


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts mails as they pass by, so that they need not be kept."""

    size: int = 0
    tagged: int = 0

    def count(self, mails: Iterable[Made]) -> Iterator[bytes]:
        """The same mails' bytes."""
        for mail in mails:
            self.size += len(mail.content)
            self.tagged += mail.tagged
            yield mail.content


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """The servers, and how each program is started against them."""

    server: Dovecot
    sink: Sink
    folder: Path
    stand_in: bool

    def limit(self) -> Run:
        """Plain fetching."""
        return self._yardstick("limit")

    def straight(self) -> Run:
        """The loop without care."""
        options = ["--smtp-port", str(self.sink.port), "--store", str(self.folder / "straight.db")]
        return self._yardstick("straight", *options, *(["--stand-in"] if self.stand_in else []))

    def triage(self, number: int, started: Ended) -> tuple[Run, Workspace]:
        """`triage run --once`; `started` is the same on an empty mailbox: what starting costs."""
        arrived = len(self.sink.arrivals)
        ended, space = self.once("work", USER)
        run = Run(
            name="triage",
            total_s=ended.seconds,
            working_s=ended.seconds - started.seconds,
            cpu_s=ended.cpu_s,
            peak_mib=ended.peak_mib,
            sent=len(self.sink.arrivals) - arrived,
            mails=number,
            quarters_mib=ended.quarters_mib,
        )
        return run, space

    def once(self, name: str, user: str) -> tuple[Ended, Workspace]:
        """One run on this user's mailbox, with a store of its own."""
        space = make_workspace(
            self.folder / name,
            imap_port=self.server.port,
            smtp_port=self.sink.port,
            user=user,
        )
        command = triage(space, "--once", stand_in=self.stand_in)
        return run_to_end(command, space.log), space

    def peers(self) -> Iterator[Peer]:
        """Programs of others, on the same mails."""
        yield imapautofiler(self.folder / "filer", self.server.port, FILED)
        yield fetchmail_and_procmail(self.folder / "fetchmail", self.server.port, USER)

    def _yardstick(self, which: str, *options: str) -> Run:
        place = ["--imap-port", str(self.server.port), "--user", USER]
        command = [sys.executable, "-m", f"bench.{which}", *place, *options]
        ended = run_to_end(command, self.folder / f"{which}.log")
        said = json.loads(ended.output.splitlines()[-1])
        return Run(
            name=which,
            total_s=ended.seconds,
            working_s=said["seconds"],
            cpu_s=ended.cpu_s,
            peak_mib=ended.peak_mib,
            sent=int(said.get("sent", 0)),
            mails=int(said["mails"]),
        )


def _mib(sizes: tuple[float, ...]) -> str:
    return ", ".join(f"{size:.0f}" for size in sizes)


def _as_run(peer: Peer, number: int) -> Run | str:
    """A peer's figures beside ours, or why there are none."""
    if peer.ended is None:
        return f"Left out: {peer.name}: {peer.why_not}."
    ended = peer.ended
    return Run(
        name=peer.name,
        total_s=ended.seconds,
        working_s=ended.seconds,
        cpu_s=ended.cpu_s,
        peak_mib=ended.peak_mib,
        sent=0,
        mails=number,
    )


def _outcomes(log: str) -> str:
    """The program's own last words: how many mails ended in each way."""
    found = re.findall(r"^\d+ mails decided.*$", log, re.MULTILINE)
    return f"The program says: {found[-1]}." if found else ""


def main() -> None:
    run_alone("backlog", __doc__, ("--mails", MAILS, "size of the backlog"), measure)


if __name__ == "__main__":
    main()
