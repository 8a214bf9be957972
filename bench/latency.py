"""How long a manager waits: from the delivery of a mail until the SMTP server has its brief.

`python -m bench.latency [--samples M] [--json]`. `triage run` watches a Dovecot inbox by IDLE.
Mails that should be forwarded are delivered into it, one a second or so. A quarter of a second
before each, one goes to a second user whose mailbox a bare IMAPClient loop watches by IDLE and
does nothing but note the time: the server's own delay, which no program can avoid. Another goes to
a third user, whom imapfilter watches by IDLE and hands each mail to a shell that notes the time.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from imapclient import IMAPClient

from bench.alone import run_alone
from bench.machine import say
from bench.mails import OUR_DOMAIN, make
from bench.plot import bars
from bench.program import Workspace, make_workspace, start, triage, wait_until
from bench.sink import Sink
from bench.stages import Stage, is_finished, stages
from bench.tables import percentile, table
from tests.dovecot import PASSWORD, Dovecot

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

SAMPLES = 100
INTERVAL_S = 1.0
_HEAD_START_S = 0.25
_START_LIMIT_S = 60.0
_FINISH_LIMIT_S = 60.0
_SHARES = (0.5, 0.95, 0.99)
INBOX = f"inbox@{OUR_DOMAIN}"
BARE = f"bare@{OUR_DOMAIN}"
FILTERED = f"filtered@{OUR_DOMAIN}"
_FILTER = """
options.timeout = 60
options.certificates = false
options.starttls = false
account = IMAP {{
  server = '127.0.0.1', port = {port}, username = '{user}', password = '{password}'
}}
account.INBOX:check_status()
os.execute('touch {ready}')
while true do
  account.INBOX:enter_idle()
  for _, message in ipairs(account.INBOX:is_unseen()) do
    mailbox, uid = table.unpack(message)
    text = mailbox[uid]:fetch_message()
    pipe_to('date +%s.%N >> {times}; cat > /dev/null', text)
  end
  account.INBOX:is_unseen():mark_seen()
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Times in seconds, one entry a forwarded mail, in the order of delivery.

    `server_s` is the bare IDLE loop's, `first_s` and `last_s` until the first and the last of a
    mail's briefs was accepted.
    """

    delivered: int
    server_s: tuple[float, ...]
    first_s: tuple[float, ...]
    last_s: tuple[float, ...]
    stages: tuple[Stage, ...]
    load: float
    stand_in: bool
    filter_s: tuple[float, ...] = ()  # imapfilter's, from each delivery; empty without it

    @property
    def ours_s(self) -> tuple[float, ...]:
        """What the program adds to the server's own delay, mail by mail."""
        return tuple(a - b for a, b in zip(self.first_s, self.server_s, strict=True))

    def rows(self) -> dict[str, Sequence[float]]:
        """What is reported, by name."""
        return {
            "server's own IDLE delay": self.server_s,
            "delivery to first brief": self.first_s,
            "delivery to last brief": self.last_s,
            "added by triage (first - server)": self.ours_s,
            **({"imapfilter: delivery to a shell": self.filter_s} if self.filter_s else {}),
            **{f"  {stage.name}": stage.seconds for stage in self.stages},
        }

    def as_json(self) -> dict[str, object]:
        """The same for programs, with every sample."""
        shares = {
            name.strip(): {f"p{share * 100:.0f}": percentile(values, share) for share in _SHARES}
            for name, values in self.rows().items()
        }
        return {**asdict(self), "summary_s": shares}

    def as_text(self) -> str:
        """A table in milliseconds."""
        rows = [
            (name, *(f"{percentile(values, share) * 1000:.0f}" for share in _SHARES))
            for name, values in self.rows().items()
        ]
        title = f"Latency of {self.delivered} mails, {len(self.first_s)} of them forwarded (ms)"
        notes = [
            f"Load at the start: {self.load:.2f}.",
            *(["Verdicts came from the labels: no model was loaded."] if self.stand_in else []),
            *(
                []
                if self.filter_s
                else ["Left out: imapfilter, which is not installed or did not work."]
            ),
        ]
        return "\n".join([title, "", table(("", "median", "p95", "p99"), rows), "", *notes])

    def as_svg(self) -> str:
        """Medians, the server's own delay among them."""
        rows = [
            ("server's own IDLE delay", self.server_s),
            ("triage, to the first brief", self.first_s),
            *([("imapfilter, to a shell", self.filter_s)] if self.filter_s else []),
        ]
        medians = [(name, percentile(values, 0.5) * 1000) for name, values in rows]
        return bars(
            "From delivery on, median",
            [(name, value, f"{value:.0f} ms") for name, value in medians],
        )


@dataclass(slots=True)
class Bell:
    """Times at which the bare IDLE loop heard of something new."""

    heard_at: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    ready: threading.Event = field(default_factory=threading.Event)

    def listen(self, port: int) -> None:
        """IDLE until told to stop."""
        client = IMAPClient("127.0.0.1", port, ssl=False, timeout=60)
        client.login(BARE, PASSWORD)
        client.select_folder("INBOX", readonly=True)
        client.idle()
        self.ready.set()
        while not self.stop.is_set():
            events = client.idle_check(timeout=1)
            if any(event[1] == b"EXISTS" for event in events):
                self.heard_at.append(time.time())
        client.idle_done()
        client.logout()


def measure(number: int = SAMPLES, *, stand_in: bool = False) -> Result:
    """Start everything, deliver one by one, stop everything."""
    load = os.getloadavg()[0]
    with (
        Dovecot() as server,
        Sink() as sink,
        tempfile.TemporaryDirectory(prefix="triage-bench-", dir=server.folder.parent) as scratch,
    ):
        space = make_workspace(
            Path(scratch) / "latency", imap_port=server.port, smtp_port=sink.port, user=INBOX
        )
        say(f"delivering {number} mails, one every {INTERVAL_S:.0f} s ...")
        bell = Bell()
        with (
            _running(space, stand_in=stand_in) as process,
            _listening(bell, server.port),
            _filtering(Path(scratch), server.port) as heard,
        ):
            bare, ours = _deliver(server, number)
            _await(space, process, number, _FINISH_LIMIT_S)
        found = _result(bare, ours, bell, sink, space, load=load, stand_in=stand_in)
        return replace(found, filter_s=_filtered(bare, heard))


@contextmanager
def _filtering(folder: Path, port: int) -> Iterator[Path]:
    """Let imapfilter work, where it is installed; gives the file of the times it noted."""
    program, times = shutil.which("imapfilter"), folder / "filtered"
    if program is None:
        yield times
        return
    settings, ready = folder / "filter.lua", folder / "filtering"
    words = {"port": port, "user": FILTERED, "password": PASSWORD, "times": times, "ready": ready}
    settings.write_text(_FILTER.format(**words))
    command = [program, "-c", str(settings), "-t", "/etc/ssl/certs"]
    process = start(command, folder / "filter.log")
    try:
        deadline = time.monotonic() + 10
        while not ready.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        yield times
    finally:
        process.kill()
        process.wait()


def _filtered(delivered: Sequence[float], times: Path) -> tuple[float, ...]:
    """From each delivery to the first mail that imapfilter handed on after it."""
    heard = [float(line) for line in times.read_text().split()] if times.exists() else []
    if len(heard) < len(delivered):
        return ()
    return tuple(at - began for began, at in zip(delivered, heard, strict=False))


def _deliver(server: Dovecot, number: int) -> tuple[list[float], dict[str, float]]:
    """When each mail was put into the bare mailbox, and into ours by its Message-ID."""
    rng = random.Random(2)
    bare: list[float] = []
    ours: dict[str, float] = {}
    for mail in make(number, tagged_share=1.0, seed=3):
        bare.append(time.time())
        server.deliver(mail.content, user=BARE)
        server.deliver(mail.content, user=FILTERED)
        time.sleep(_HEAD_START_S)
        ours[mail.message_id] = time.time()
        server.deliver(mail.content, user=INBOX)
        # Uneven, so that no rhythm of the server or of the program hides or adds a wait.
        time.sleep(INTERVAL_S * rng.uniform(0.8, 1.2) - _HEAD_START_S)
    return bare, ours


def _result(
    bare: list[float],
    ours: dict[str, float],
    bell: Bell,
    sink: Sink,
    space: Workspace,
    *,
    load: float,
    stand_in: bool,
) -> Result:
    arrived: dict[str, list[float]] = {}
    for arrival in sink.arrivals:
        arrived.setdefault(arrival.about, []).append(arrival.at)
    server = dict(zip(ours, _delays(bare, bell.heard_at), strict=True))
    forwarded = [name for name in ours if name in arrived]
    if not forwarded:
        msg = f"none of {len(ours)} mails was forwarded, so there is nothing to time; use more"
        raise RuntimeError(msg)
    return Result(
        delivered=len(ours),
        server_s=tuple(server[name] for name in forwarded),
        first_s=tuple(min(arrived[name]) - ours[name] for name in forwarded),
        last_s=tuple(max(arrived[name]) - ours[name] for name in forwarded),
        stages=stages(space.store, {name: ours[name] for name in forwarded}),
        load=load,
        stand_in=stand_in,
    )


def _delays(delivered: Sequence[float], heard: Sequence[float]) -> list[float]:
    """From each delivery to the first word of the server after it."""
    return [min(at for at in heard if at >= began) - began for began in delivered]


@contextmanager
def _running(space: Workspace, *, stand_in: bool) -> Iterator[subprocess.Popen[bytes]]:
    """`triage run` from the moment it watches until it has stopped as it should."""
    process = start(triage(space, stand_in=stand_in), space.log)
    try:
        _await(space, process, 0, _START_LIMIT_S)
        time.sleep(1.0)  # the first look is over; let it begin to IDLE
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@contextmanager
def _listening(bell: Bell, port: int) -> Iterator[None]:
    thread = threading.Thread(target=bell.listen, args=(port,), name="bare IDLE", daemon=True)
    thread.start()
    bell.ready.wait(10)
    try:
        yield
    finally:
        time.sleep(1.0)  # the last word may be on its way
        bell.stop.set()
        thread.join(10)


def _await(space: Workspace, process: subprocess.Popen[bytes], number: int, limit_s: float) -> None:
    """Wait until `number` mails are done."""
    wait_until(lambda: is_finished(space.store, number), [process], [space.log], limit_s)


def main() -> None:
    run_alone("latency", __doc__, ("--samples", SAMPLES, "mails to deliver"), measure)


if __name__ == "__main__":
    main()
