"""The page on how the program does: what a person must settle, and that a click does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web_client import make_client
from tests.web_mails import MAILS, fill
from triage.store import alarms, audit, listings, mailboxes, outbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web_client import Client


@pytest.fixture
def client(tmp_path: Path) -> Client:
    client = make_client(tmp_path)
    fill(client.site.settings, MAILS[:1], start=client.clock.now - 3600)
    return client.log_in("run")


def state(client: Client, brief: int) -> str:
    with client.site.store.read() as tx:
        return outbox.get(tx, brief).state


def hold(client: Client, brief: int = 1) -> None:
    """Bring a brief into the state of which nobody knows."""
    with client.site.store.write() as tx:
        outbox.bounced(tx, brief, "", client.clock())
        outbox.retry(tx, brief, client.clock())
        outbox.claim(tx, brief, client.clock())
        outbox.settle(tx, brief, "held", "the answer was lost", client.clock())


def test_trouble_is_said_plainly_and_so_is_that_nobody_watches(client: Client) -> None:
    now = client.clock()
    with client.site.store.write() as tx:
        mailboxes.begin(
            tx,
            account="inbox",
            folder="INBOX",
            uid_validity=7,
            last_uid=1,
            started_at=now - 900,
            whole_history=True,
        )
        mailboxes.troubled(tx, "inbox", "INBOX", "mail.example: connection refused", now - 600)
        number = alarms.begin(tx, key="judging", says="3 mails", since=now - 500, now=now - 400)
        alarms.end(tx, [number], now - 300)
    page = client.get("/operations")
    assert page.status == 200
    assert "Not running" in page.words
    assert "1 thing does not work now" in page.words
    assert page.words.count("mail.example: connection refused") == 2
    assert "Trouble that is over" in page.words


def test_what_the_server_said_last_is_held_against_the_store(client: Client) -> None:
    with client.site.store.write() as tx:
        mailboxes.begin(
            tx,
            account="inbox",
            folder="INBOX",
            uid_validity=1,
            last_uid=0,
            started_at=0.0,
            whole_history=True,
        )
        box = mailboxes.current(tx, "inbox", "INBOX")
        assert box is not None
        mailboxes.advance(tx, box.id, 3)
        listings.put(tx, box.id, [1, 2], client.clock())
    said = client.get("/operations").words.partition("Mailboxes")[2]
    assert "2 mails, asked" in said
    assert "1 Ask the servers now" in said, "mail 2 should have been read and was not"
    with client.site.store.write() as tx:
        listings.put(tx, box.id, [1], client.clock() + 60)
    said = client.get("/operations").words.partition("Mailboxes")[2]
    assert "1 mail, asked" in said
    assert "0 Ask the servers now" in said


def test_a_held_brief_is_settled_by_a_click_and_the_trail_names_who(client: Client) -> None:
    hold(client)
    assert "nobody knows whether they arrived" in client.get("/operations").words
    said = client.follow(client.post("/operations/briefs/1/arrived"))
    assert "counts as sent" in said.words
    assert state(client, 1) == "sent"
    with client.site.store.read() as tx:
        [last] = [e for e in audit.of_case(tx, 1) if "by nora@firm.example" in e.detail]
    assert last.action == "sent"


def test_a_held_brief_can_be_sent_again_instead_and_a_late_click_changes_nothing(
    client: Client,
) -> None:
    hold(client)
    client.get("/operations")
    client.follow(client.post("/operations/briefs/1/again"))
    assert state(client, 1) == "queued"
    said = client.follow(client.post("/operations/briefs/1/arrived"))
    assert "is queued by now, and was left as it is" in said.words


def test_only_who_may_run_the_program_settles_or_asks_servers(client: Client) -> None:
    hold(client)
    client.log_in("correct")
    assert "It arrived" not in client.get("/operations").text
    for path in ("/operations/briefs/1/again", "/operations/briefs/1/arrived"):
        assert client.post(path).status == 403
    assert client.get("/operations/verify").status == 403
    assert client.get("/operations/doctor").status == 403
    assert state(client, 1) == "held"


def test_a_brief_that_is_not_there_is_said_to_be_missing(client: Client) -> None:
    client.get("/operations")
    assert client.post("/operations/briefs/99/again").status == 404
