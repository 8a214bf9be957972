"""`triage adapt` on a real mailbox: it reads, makes a model, and touches nothing."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from classifiers import registry
from classifiers.dataset import read_examples
from classifiers.ledger import read_ledger
from classifiers.model import Model
from classifiers.thresholds import Threshold
from tests.integration.rig import Rig
from tests.smtp_sink import Sink
from tests.trained import NOW, SLICE, STARTER, small_model
from triage.store import audit, trainings
from triage.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.dovecot import Mailbox

ROBOT = "Auto-Submitted: auto-replied\r\n"
QUICK = ("--starter", str(SLICE), "--no-encoder")


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink") as running:
        yield running


def keep_quiet(root: Path) -> None:
    """Put a model to use that would forward nothing."""
    model = small_model()
    never = dict.fromkeys(model.tags, Threshold(give=1.0, unsure=1.0))
    registry.save(root, Model(model.parts, replace(model.card, thresholds=never)))
    registry.promote(root, "small", now=NOW)


@pytest.fixture
def rig(tmp_path: Path, mailbox: Mailbox, sink: Sink) -> Rig:
    """A mailbox of 120 mails, 13 of them automatic replies, and a model of one's own.

    As in most inboxes, few of the others carry a tag. One of the automatic replies shows by its
    subject alone.
    """
    ordinary = [e for e in read_examples([STARTER / "m-ordinary-agency-mail.jsonl"]) if not e.tags]
    tagged = [e for e in read_examples([STARTER / "t-plainest.jsonl"]) if e.tags]
    rows = [*tagged[::10][:12], *ordinary][:120]
    assert len(rows) == 120
    mailbox.deliver(
        *(
            (
                f"From: Dana <dana{number}@client.example>\r\nTo: hello@radial.example\r\n"
                f"Subject: {row.document.subject or 'Hello'}\r\n{ROBOT if number % 10 == 9 else ''}"
                "Content-Type: text/plain; charset=utf-8\r\n\r\n"
                f"{row.document.text}\r\n"
            ).encode()
            for number, row in enumerate(rows)
        )
    )
    keep_quiet(tmp_path / "models")
    return Rig(folder=tmp_path, mailbox=mailbox, sink=sink)


def triage(rig: Rig, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "triage", *arguments, "--config", str(rig.write())],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=800,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def server_state(mailbox: Mailbox) -> Mapping[str, Any]:
    """Everything that a client could have changed."""
    with mailbox.session() as session:
        folders = sorted(str(name) for _, _, name in session.list_folders())
        selected = session.select_folder("INBOX", readonly=True)
        found = session.fetch(session.search("ALL"), ["FLAGS", "INTERNALDATE", "RFC822.SIZE"])
    flags = {uid: set(item[b"FLAGS"]) for uid, item in found.items()}
    return {
        "folders": folders,
        "validity": selected[b"UIDVALIDITY"],
        "next": selected[b"UIDNEXT"],
        "flags": flags,
        "sizes": {uid: item[b"RFC822.SIZE"] for uid, item in found.items()},
    }


def test_a_model_is_fitted_used_and_taken_back_and_the_mailbox_stays_as_it_was(rig: Rig) -> None:
    before = server_state(rig.mailbox)
    Store.open(rig.folder / "triage.db").close()
    rig.account = '[accounts.after]\nkeyword = "Escalated"\nmove_to = "Done"\n'

    done = triage(rig, "adapt", *QUICK, "--yes", "--json", "--budget", "10")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["objections"] == []
    assert found["promoted"]
    assert (found["mails_read"], found["mails"], found["budget"]) == (120, 107, 10)
    assert found["before"]["forwarded_per_100"] == 0
    assert 0 < found["after"]["forwarded_per_100"] <= 10
    assert set(found["thresholds"]) == {"upsell", "dissatisfaction", "scope_mismatch", "blocker"}
    assert 0 < len(found["examples"]) <= 10
    assert found["mails_changed"] >= len(found["examples"])

    assert server_state(rig.mailbox) == before
    assert rig.briefs() == []

    status = triage(rig, "status").stdout
    assert f"Model {found['model']}, in use since" in status
    assert "fitted to 107 mails of the inbox" in status
    assert f"* {found['model']}" in triage(rig, "models", "list").stdout
    with Store.open(rig.folder / "triage.db", create=False).read() as tx:
        last, noted = trainings.last(tx), audit.last(tx, "trained")
    assert last
    assert (last.outcome, last.version) == ("promoted", found["model"])
    assert noted
    assert "fitted to 107 mails" in noted.detail

    assert triage(rig, "models", "rollback").returncode == 0
    assert read_ledger(rig.folder / "models").current == "small"


def test_where_nobody_can_be_asked_the_model_is_made_and_not_used(rig: Rig) -> None:
    done = triage(rig, "adapt", *QUICK, "--budget", "10")
    assert done.returncode == 0, done.stderr
    assert "120 mails read, 107 to learn from" in done.stdout
    assert "13 passed over: an automatic reply" in done.stdout
    assert re.search(r"forwarded +[\d.]+ -> +[\d.]+ +\(at most 10 allowed\)", done.stdout)
    ledger = read_ledger(rig.folder / "models")
    assert ledger.current == "small"
    assert ledger.history[-1]["action"] == "keep"
    assert f"triage models promote {ledger.history[-1]['version']}" in done.stdout


def test_of_too_few_mails_nothing_is_made(rig: Rig) -> None:
    done = triage(rig, "adapt", "--last", "40", "--yes", *QUICK)
    assert done.returncode == 1
    assert re.search(r"3\d mails say too little about an inbox, 50 are needed", done.stderr)
    assert "nothing was changed" in done.stderr
    assert [event["version"] for event in read_ledger(rig.folder / "models").history] == ["small"]


class Terminal:
    """`triage run` on a terminal of its own."""

    def __init__(self, rig: Rig) -> None:
        self.handle, inner = pty.openpty()
        command = [sys.executable, "-m", "triage", "run", "--config", str(rig.write())]
        self.process = subprocess.Popen(command, stdin=inner, stdout=inner, stderr=inner)
        os.close(inner)
        self.said = ""

    def until(self, words: str) -> None:
        deadline = time.monotonic() + 200
        while words not in self.said:
            assert time.monotonic() < deadline, self.said
            if select.select([self.handle], [], [], 1)[0]:
                self.said += os.read(self.handle, 4096).decode()

    def type(self, line: str) -> None:
        os.write(self.handle, line.encode())

    def stop(self) -> str:
        self.process.terminate()
        self.until("nothing is half done")
        assert self.process.wait(60) == 0
        os.close(self.handle)
        return self.said


@pytest.fixture
def unfitted(tmp_path: Path, mailbox: Mailbox, sink: Sink) -> Rig:
    """The shipped model on an empty mailbox."""
    return Rig(folder=tmp_path, mailbox=mailbox, sink=sink)


@pytest.mark.parametrize("answer", ["n", "y"])
def test_the_first_start_on_a_terminal_offers_it_once(unfitted: Rig, answer: str) -> None:
    terminal = Terminal(unfitted)
    terminal.until("[y/N]")
    terminal.type(f"{answer}\n")
    terminal.until("watching inbox/INBOX")
    said = terminal.stop()
    assert ("0 mails say too little about an inbox" in said) == (answer == "y")
    assert "Traceback" not in said

    again = Terminal(unfitted)
    again.until("watching inbox/INBOX")
    assert "[y/N]" not in again.stop()


def test_without_a_terminal_nobody_is_asked(unfitted: Rig) -> None:
    command = [sys.executable, "-m", "triage", "run", "--config", str(unfitted.write())]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    assert any("watching inbox/INBOX" in line for line in process.stderr)
    process.terminate()
    out, _ = process.communicate(timeout=60)
    assert "[y/N]" not in out
