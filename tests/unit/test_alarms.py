"""The operator hears of lasting trouble once, and of its end once, whatever is in trouble."""

from __future__ import annotations

import json
import sys
import time
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from tests.factories import make_raw
from tests.steps import FIRM, POLICY, begin_inbox
from tests.stores import open_store
from triage.alarms import Watchman
from triage.config import Alerts
from triage.messages import Address
from triage.store import inbox, mailboxes, outbox
from triage.store.tables import outbox as outbox_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from triage.store.engine import Store

START = 1_790_000_000.0
AFTER_S = 1800


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    begin_inbox(opened, START)
    yield opened
    opened.close()


def watchman(store: Store, command: tuple[str, ...] = ()) -> Watchman:
    return Watchman(
        store=store,
        policy=POLICY,
        firm=FIRM,
        settings=Alerts(after_s=AFTER_S, command=command),
        sender=Address(address="triage@radial.example"),
        key=b"k" * 32,
    )


def trouble(store: Store, now: float, says: str = "login office: run: triage login office") -> None:
    with store.write() as tx:
        mailboxes.troubled(tx, "inbox", "INBOX", says, now)


def read_again(store: Store, now: float) -> None:
    with store.write() as tx:
        mailboxes.looked(tx, "inbox", "INBOX", now)


def told(store: Store) -> list[tuple[str, str, str]]:
    """Recipient, subject and text of every mail that was made, in order."""
    with store.read() as tx:
        rows = outbox.unfinished(tx)
        notices = [outbox.notice(tx, row.id) for row in sorted(rows, key=lambda row: row.id)]
    found = []
    for notice in notices:
        message = message_from_bytes(notice.content, policy=policy.default)
        text = message.get_content()
        found.append((notice.recipient, notice.subject, " ".join(text.split())))
    return [each for each in found if each[1].startswith("[triage]")]


def watch(store: Store, hours: float, *, step_s: float = 60.0, since: float = START) -> None:
    """One program after another over some hours: each is started anew every ten steps."""
    now, looking = since, watchman(store)
    for n in range(int(hours * 3600 / step_s)):
        if n % 10 == 0:
            looking = watchman(store)
        now = since + n * step_s
        looking.look(now)


def test_lasting_trouble_is_told_once_with_what_mends_it(store: Store) -> None:
    trouble(store, START)
    watch(store, 24)
    [(recipient, subject, text)] = told(store)
    assert recipient == POLICY.people[POLICY.fallback].address
    assert subject == "[triage] Reading the mailbox inbox/INBOX does not work"
    assert "run: triage login office" in text
    assert "Nothing is lost" in text


def test_short_trouble_is_told_to_nobody(store: Store) -> None:
    for hour in range(10):
        trouble(store, START + hour * 3600)
        watch(store, 0.45, since=START + hour * 3600)
        read_again(store, START + hour * 3600 + 1700)
        watch(store, 0.5, since=START + hour * 3600 + 1700)
    assert told(store) == []


def test_the_end_is_told_once_too(store: Store) -> None:
    trouble(store, START)
    watch(store, 2)
    read_again(store, START + 7200)
    watch(store, 5, since=START + 7200)
    subjects = [subject for _, subject, _ in told(store)]
    assert subjects == [
        "[triage] Reading the mailbox inbox/INBOX does not work",
        "[triage] Reading the mailbox inbox/INBOX works again",
    ]
    trouble(store, START + 90000)
    watch(store, 2, since=START + 90000)
    assert len(told(store)) == 3  # new trouble is news


def test_a_shut_way_out_is_told_when_it_is_open_again_and_by_the_command_at_once(
    store: Store, tmp_path: Path
) -> None:
    heard = tmp_path / "heard"
    code = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"
    looking = watchman(store, (sys.executable, "-c", code, str(heard)))
    put_stuck_brief(store)
    looking.look(START + AFTER_S + 60)
    deadline = time.monotonic() + 20
    while not heard.exists() or not heard.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "Sending briefs does not work" in heard.read_text()
    assert "535 no" in heard.read_text()
    assert told(store) == []
    set_state(store, "sent")
    looking.look(START + AFTER_S + 600)
    assert [subject for _, subject, _ in told(store)] == ["[triage] Sending briefs works again"]


def test_one_recipient_who_is_deferred_is_no_trouble_of_the_way_out(store: Store) -> None:
    put_stuck_brief(store)
    put_stuck_brief(store, rfc_id="<sent@x.example>")
    set_state(store, "sent", "<sent@x.example>", at=START + AFTER_S)
    watchman(store).look(START + AFTER_S + 60)
    assert told(store) == []


def test_mail_that_nobody_judges_is_told(store: Store) -> None:
    with store.write() as tx:
        inbox.receive(tx, make_raw(), START)
    watch(store, 2)
    assert [subject for _, subject, _ in told(store)] == ["[triage] Judging new mail does not work"]


def test_a_command_that_fails_stops_nothing(store: Store) -> None:
    trouble(store, START)
    watchman(store, ("/nowhere/at/all",)).look(START + AFTER_S)
    assert len(told(store)) == 1


def put_stuck_brief(store: Store, rfc_id: str = "<stuck@x.example>") -> None:
    values = {
        "rfc_id": rfc_id,
        "occasion": "first",
        "urgency": 1,
        "sender": "triage@radial.example",
        "recipient": "ben@radial.example",
        "subject": "a brief",
        "content": b"x",
        "state": "queued",
        "attempts": 3,
        "next_attempt_at": START,
        "created_at": START,
        "detail": "smtp.x.example:587 refused the login: 535 no",
        "why": "",
        "policy": "",
        "held_for": "",
    }
    with store.write() as tx:
        tx.execute(outbox_table.insert().values(**values))


def set_state(
    store: Store, state: str, rfc_id: str = "<stuck@x.example>", at: float = START + 9999
) -> None:
    changed = update(outbox_table).where(outbox_table.c.rfc_id == rfc_id)
    with store.write() as tx:
        tx.execute(changed.values(state=state, finished_at=at))


def test_the_trouble_of_a_server_is_told_without_what_it_hides(store: Store) -> None:
    trouble(store, START, "no\r\nBcc: x@evil.example\u202e \x1b[2J")
    watch(store, 1)
    [(_, _, text)] = told(store)
    assert json.dumps(text).isascii()
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_a_store_that_stays_full_is_told_by_the_command_once_and_once_when_it_is_over(
    store: Store, tmp_path: Path
) -> None:
    heard = tmp_path / "heard"
    watch = watchman(store, ("/bin/sh", "-c", f"cat >> {heard}"))
    for minute in range(60):
        watch.store_is_busy("the disk is full; free some space", START + 60 * minute)
        watch.look(START + 60 * minute)
        if minute < AFTER_S / 60:
            assert not heard.exists()
    wait_for(lambda: heard.exists() and "Nothing is lost" in heard.read_text())
    assert heard.read_text().count("Writing the store") == 1
    assert "the disk is full; free some space" in heard.read_text()
    watch.look(START + 2 * 3600)
    wait_for(lambda: "Writing the store works again" in heard.read_text())
    watch.look(START + 3 * 3600)
    assert heard.read_text().count("Writing the store") == 2


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
