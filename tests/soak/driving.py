"""Drive one soak: start the program, let it die as planned, and let it finish at the end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.dovecot import Dovecot
from tests.imap_proxy import ImapProxy
from tests.smtp_faults import PlannedFaults, ScriptedFaults
from tests.smtp_sink import Sink, SinkOptions
from tests.soak.books import Books, is_drained, rows, state_of
from tests.soak.plan import ANY_MOMENT, AT_START, schedule
from tests.soak.program import Program, Snare
from tests.soak.world import MOVED_TO, PROBE_FOLDER, UNCERTAIN_AFTER_S, MailMaker, make_workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tests.soak.plan import Life, Uncertain

_LONGEST_S = (6.0, 20.0)  # of a life whose boundary is not reached, on quiet and on busy machines
_COMMAND_LONGEST_S = 20.0  # of one that loads everything anew
_DRAIN_S = 240.0
_TICK_S = 0.01
_ENOUGH_CRASHES = 3
_LEFT_IN_INBOX = 10  # mails that are not archived before the folder is numbered anew
ARCHIVE = "Archive"


class Soak:
    """One soak under one policy for lost answers, with servers and folder of its own."""

    def __init__(self, folder: Path, *, seed: int, uncertain: Uncertain) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._seed, self._uncertain = seed, uncertain
        self._mails = MailMaker(seed)
        self._stack = ExitStack()
        self._folder = folder
        self.delivered: list[bytes] = []
        self.reached: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.states: Counter[str] = Counter()
        self.spent_s: Counter[str] = Counter()
        self.renumbered = 0
        self._longest_s = _LONGEST_S[0]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._dovecot = stack.enter_context(Dovecot())
            for name in (PROBE_FOLDER, ARCHIVE, MOVED_TO):
                self._dovecot.create_folder(name)
            self._proxy = stack.enter_context(ImapProxy(self._dovecot.port))
            options = SinkOptions(maildir=self._dovecot.maildir(PROBE_FOLDER))
            self._sink = stack.enter_context(Sink(self._folder / "sink", None, options))
            self._space = make_workspace(
                self._folder,
                imap_port=self._proxy.port,
                smtp_port=self._sink.port,
                uncertain=self._uncertain,
            )
            self._stack = stack.pop_all()
        self._program = Program(self._space)
        self._snares = [Snare(program=self._program, side=side) for side in ("imap", "smtp")]
        self._proxy.observe, self._sink.observe = (snare.reached for snare in self._snares)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._program.send(signal.SIGKILL)
        self._stack.close()

    @property
    def crashes(self) -> list[str]:
        return self._program.crashes

    @property
    def faults(self) -> Counter[str]:
        """What the servers did wrong, by name."""
        imap = {f"imap {name}": number for name, number in self._proxy.struck.items()}
        return Counter(imap | {f"smtp {k}": n for k, n in self._sink.struck.items()})

    @property
    def books(self) -> Books:
        """All that is held against each other."""
        return Books(
            store=self._space.store,
            delivered=self.delivered,
            arrived=self._sink.accepted(),
            mailbox=[
                path.read_bytes()
                for folder in ("INBOX", MOVED_TO, ARCHIVE)
                for part in ("new", "cur")
                for path in (self._dovecot.maildir(folder) / part).glob("*")
            ],
            uncertain=self._uncertain,
        )

    def run(self, lives: int, faults: float, say: Callable[[str], None]) -> None:
        """Begin and end the program so many times, with mail coming in all the while."""
        began = time.monotonic()
        with (self._folder / "schedule.txt").open("w") as written:
            for life in schedule(self._seed, lives, self._uncertain, faults):
                if len(self.crashes) >= _ENOUGH_CRASHES:
                    say(f"it keeps ending by itself; stopped before life {life.number}")
                    return
                written.write(f"{life}\n")
                written.flush()
                self._live(life)
                if life.number % 25 == 0:
                    say(self._progress(life.number, lives, time.monotonic() - began))

    def _progress(self, number: int, lives: int, spent_s: float) -> str:
        each = spent_s / number
        return (
            f"{self._uncertain}: {number} of {lives} lives, {len(self.delivered)} mails, "
            f"{sum(self.missed.values())} boundaries not reached, {each:.2f} s each, "
            f"{each * (lives - number) / 60:.0f} min left"
        )

    def drain(self) -> bool:
        """Let it finish without faults; whether it did in time."""
        self._sink.faults = ScriptedFaults()
        self._proxy.forgive()
        self._program.start()
        deadline = time.monotonic() + _DRAIN_S
        done = False
        while not done and time.monotonic() < deadline and self._program.running():
            time.sleep(0.5)
            done = is_drained(self._space.store, self.delivered)
        time.sleep(3)  # whatever would be sent once too often comes now
        self.stop()
        return done

    def stop(self) -> None:
        """Ask the program to end, and wait for it."""
        self._program.send(signal.SIGTERM)
        self._program.end()

    def settle_held(self) -> tuple[int, list[str]]:
        """Look at each held brief as an operator would, and settle it with one command.

        Returns:
            How many there were, and what was wrong with how they are shown.
        """
        shown = json.loads(self._triage("status", "--json") or '{"outbox": []}')["outbox"]
        visible = {row["id"] for row in shown if row["state"] == "held"}
        held = rows(self._space.store, "SELECT id, rfc_id FROM outbox WHERE state = 'held'")
        wrong = [f"brief {n} is held and not shown" for n, _ in held if n not in visible]
        came = {mail.message_id for mail in self._sink.accepted()}
        for number, rfc_id in held:
            self._triage("retry", str(number), *(["--arrived"] if rfc_id in came else []))
        return len(held), wrong

    def _triage(self, *arguments: str) -> str:
        triage = str(Path(sys.executable).with_name("triage"))
        command = [triage, *arguments, "--config", str(self._space.config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            self.crashes.append(f"triage {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def _live(self, life: Life) -> None:
        if life.renumber:
            self._renumber()
        if life.settles:
            self._wait_for_a_lost_answer()
        self._deliver(life.before)
        self._sink.faults = PlannedFaults(life.smtp)
        self._proxy.forgive()
        self._proxy.inject(*(replace(each) for each in life.imap))
        for snare in self._snares:
            snare.set(life)
        began = time.monotonic()
        self._program.start(life)
        self._watch(life, began)
        for snare in self._snares:
            snare.take_down()
        self._program.send(signal.SIGTERM if life.how == "stop" else signal.SIGKILL)
        self._program.end()
        self._note(life, time.monotonic() - began)

    def _wait_for_a_lost_answer(self) -> None:
        query = "SELECT min(claimed_at) FROM outbox WHERE state = 'sending'"
        [(claimed_at,)] = rows(self._space.store, query) or [(None,)]
        if claimed_at is not None:
            time.sleep(max(0.0, claimed_at + UNCERTAIN_AFTER_S - time.time()))

    def _watch(self, life: Life, began: float) -> None:
        """Until the trap has sprung, or time is up."""
        longest_s = max(_COMMAND_LONGEST_S, self._longest_s) if life.command else self._longest_s
        ends_at = began + (longest_s if life.trap else life.delay_s)
        more_at = began + life.during_s if life.during else float("inf")
        while self._program.running() and time.monotonic() < ends_at:
            time.sleep(_TICK_S)
            if time.monotonic() > more_at:
                self._deliver(life.during)
                more_at = float("inf")
            if any(snare.sprung for snare in self._snares) and life.how == "stop":
                return

    def _note(self, life: Life, spent_s: float) -> None:
        here = any(snare.sprung for snare in self._snares)
        if life.boundary in {ANY_MOMENT, AT_START}:
            here = True
        elif life.trap == "in":
            here = f"reached {life.boundary}\n" in self._program.words()
        (self.reached if here else self.missed)[life.boundary] += 1
        shortest_s, most_s = _LONGEST_S
        self._longest_s = min(max(shortest_s, self._longest_s * (0.85 if here else 1.3)), most_s)
        self.spent_s[life.boundary] += int(1000 * spent_s)
        self.states[state_of(self._space.store)] += 1

    def _deliver(self, number: int) -> None:
        contents = [self._mails.next() for _ in range(number)]
        self._dovecot.deliver_many(contents)
        self.delivered += contents

    def _renumber(self) -> None:
        """Give the inbox a new UIDVALIDITY, when most of what is decided has been archived."""
        self._archive()
        self._dovecot.renumber("INBOX")
        self.renumbered += 1

    def _archive(self) -> None:
        """Somebody moves most of what is decided out of the inbox."""
        query = (
            "SELECT m.uid FROM messages m JOIN mailboxes b ON b.current AND b.folder = m.folder "
            "AND b.uid_validity = m.uid_validity WHERE m.state = 'decided' AND m.mark <> 'pending'"
        )
        decided = {row[0] for row in rows(self._space.store, query)}
        with self._dovecot.session(folder="INBOX") as client:
            there = [uid for uid in client.search("ALL") if uid in decided]
            if moved := there[:-_LEFT_IN_INBOX]:
                client.move(moved, ARCHIVE)
