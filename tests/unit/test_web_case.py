"""What can be done with a case on its page, and that it is what an answer to the brief does."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from tests.web_client import make_client
from tests.web_mails import HOSTILE, MAILS, Mail
from triage.store import audit, cases, inbox, issues, labels, outbox, retention, timers
from triage.store.uniting import unite

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web_client import Client

DAY_S = 86400


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return make_client(tmp_path, mails=(*MAILS, HOSTILE)).log_in("correct", "ben")


def case(client: Client, number: int = 1) -> cases.Case:
    with client.site.store.read() as tx:
        return cases.get(tx, number)


def trail(client: Client, number: int = 1) -> list[tuple[str, str]]:
    with client.site.store.read() as tx:
        return [(entry.action, entry.detail) for entry in audit.of_case(tx, number)]


def do(client: Client, path: str, fields: dict[str, str] | None = None, number: int = 1) -> str:
    """Send a form from the case's page; what the page then says."""
    client.get(f"/cases/{number}")
    return client.follow(client.post(f"/cases/{number}/{path}", fields or {})).words


def test_the_page_tells_the_brief_the_mail_the_people_and_what_happened(client: Client) -> None:
    words = client.get("/cases/1").words
    for says in (
        "Dana Reyes of Northwind writes",
        "Decide who removes the obstacle.",
        "If a story is blocked, tell Ben or Nora.",
        "Could you send us the new accounts by Friday?",
        "Our testers are standing still.",
        "Waits for somebody",
        "a reminder",
        "Nora Quist",
        "A brief was sent",
        "Open in the mail program",
    ):
        assert says in words, says


def test_seen_stops_the_reminders_and_is_kept_under_the_persons_address(client: Client) -> None:
    said = do(client, "acknowledge")
    assert "Understood: you have seen" in said
    assert case(client).acknowledged_by == "ben@firm.example"
    assert ("acknowledged", "ben@firm.example") in trail(client)
    with client.site.store.read() as tx:
        assert timers.waiting(tx, 1) == []


def test_mine_makes_it_mine_and_only_people_of_the_policy_can_have_a_case(client: Client) -> None:
    assert "is yours" in do(client, "take")
    assert (case(client).owner, case(client).status) == ("ben@firm.example", "acknowledged")
    client.log_in("run", "somebody")
    assert "is not in policy.toml" in do(client, "take")
    assert case(client).owner == "ben@firm.example"


def test_whoever_a_case_is_handed_to_hears_and_has_to_take_it_up(client: Client) -> None:
    client.clock.now += 60
    do(client, "acknowledge")
    said = do(client, "hand", {"person": "priya"})
    assert "Priya Shah has the case now" in said
    found = case(client)
    assert (found.owner, found.status) == ("priya@firm.example", "open")
    assert "priya" in found.recipients
    with client.site.store.read() as tx:
        row = outbox.unfinished(tx)[-1]
        text = message_from_bytes(outbox.notice(tx, row.id).content, policy=policy.default)
        assert [timer.kind for timer in timers.waiting(tx, 1)] == ["remind"]
    assert row.recipient == "priya@firm.example"
    plain = text.get_body(("plain",))
    assert plain
    assert "Ben West hands this case to you." in " ".join(plain.get_content().split())
    assert ("handed", "to Priya Shah by ben@firm.example") in trail(client)


def test_a_case_cannot_be_handed_to_nobody_or_to_whoever_has_it(client: Client) -> None:
    do(client, "hand", {"person": "priya"})
    assert "is Priya Shah's already" in do(client, "hand", {"person": "priya"})
    assert "Choose who" in do(client, "hand", {"person": "stranger"})
    do(client, "close", {"outcome": "x"})
    assert "is closed" in do(client, "hand", {"person": "nora"})


def test_closing_says_how_it_ended_and_what_is_missing_can_be_said_later(client: Client) -> None:
    said = do(client, "close", {"outcome": "accounts made\u202e\x1b[2J"})
    assert "is closed" in said
    assert "Could it happen again" in said
    found = case(client)
    assert (found.status, found.outcome, found.recurs) == ("resolved", "accounts made [2J", None)
    do(client, "close", {"recurs": "no"})
    assert case(client).recurs is False
    assert case(client).outcome_by == "ben@firm.example"


def test_a_correction_labels_the_mail_tells_who_must_know_and_keeps_the_sentence(
    client: Client,
) -> None:
    sentence = "Our testers are standing still."
    fields = {"tag": "scope_mismatch", "sentence": sentence}
    said = do(client, "mails/1", fields)
    assert "The mail counts as: Scope mismatch." in said
    assert case(client).tags == ("scope_mismatch",)
    with client.site.store.read() as tx:
        [label] = labels.of_mail(tx, 1)
    assert (label.by, label.how, label.sentence) == ("ben@firm.example", "page", sentence)
    page = client.get("/cases/1").text
    assert f'title="speaks for: Scope mismatch">{sentence}</mark>' in page


def test_the_kind_of_issue_is_corrected_too_and_tells_its_people(client: Client) -> None:
    said = do(client, "mails/1", {"tag": "blocker", "kind": "permits"})
    assert "It is of the kind: A permit is missing. Priya Shah will get a brief." in said
    with client.site.store.read() as tx:
        assert issues.of_message(tx, 1)["blocker"].kind == "permits"
    assert "Ask the authority." in client.get("/cases/1").words


def test_no_tag_closes_the_case_as_not_an_escalation(client: Client) -> None:
    said = do(client, "mails/1", {"none": "1"})
    assert "closed as not an escalation" in said
    assert case(client).status == "resolved"
    assert "no tag fits" in client.get("/cases/1").words


def test_a_correction_without_a_tag_or_of_another_cases_mail_changes_nothing(
    client: Client,
) -> None:
    assert "Choose at least one tag" in do(client, "mails/1", {"tag": "no-such-tag"})
    client.get("/cases/1")
    assert client.post("/cases/1/mails/2", {"tag": "upsell"}).status == 404
    assert client.post("/cases/1/mails/999", {"tag": "upsell"}).status == 404
    with client.site.store.read() as tx:
        assert labels.everything(tx) == []


@pytest.mark.parametrize("path", ["acknowledge", "take", "hand", "close", "mails/1"])
def test_whoever_may_only_read_changes_nothing_and_is_shown_no_buttons(
    client: Client, path: str
) -> None:
    client.log_in("read", "nora")
    page = client.get("/cases/1").text
    assert f'action="/cases/1/{path}"' not in page
    assert client.post(f"/cases/1/{path}", {"person": "ben", "tag": "upsell"}).status == 403
    assert case(client).status == "open"


@pytest.mark.parametrize("path", ["acknowledge", "take", "hand", "close", "mails/1"])
def test_every_change_wants_the_token_of_this_login(client: Client, path: str) -> None:
    client.get("/cases/1")
    client.token = ""
    assert client.post(f"/cases/1/{path}", {"person": "nora", "none": "1"}).status == 400
    assert client.get(f"/cases/1/{path}").status in {404, 405}
    assert case(client).status == "open"


@pytest.mark.parametrize("path", ["", "/mails/1.eml", "/acknowledge", "/close", "/mails/1"])
def test_a_case_about_somebody_does_not_exist_for_them(client: Client, path: str) -> None:
    with client.site.store.write() as tx:
        issues.spare(tx, 1, ["ben"], client.clock())
    client.get("/cases")
    whole = f"/cases/1{path}"
    read = path in ("", "/mails/1.eml")
    answer = client.get(whole) if read else client.post(whole, {"none": "1"})
    assert answer.status == 404
    assert "Staging" not in answer.text
    assert case(client).status == "open"


def test_the_original_comes_byte_for_byte_as_a_file_and_only_of_its_case(client: Client) -> None:
    answer = client.get("/cases/1/mails/1.eml")
    with client.site.store.read() as tx:
        assert answer.text.encode() == inbox.load(tx, 1).raw.content
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "message/rfc822"
    assert client.get("/cases/1/mails/2.eml").status == 404


def test_hostile_words_are_text_everywhere_on_the_page_of_a_case(client: Client) -> None:
    number = 5
    page = client.get(f"/cases/{number}").text
    assert "&lt;script" in page
    for mark in ('<script src="//', "<img src=x", "<svg", "<base", "\u202e", 'href="javascript'):
        assert mark not in page, mark
    assert page.count("</main>") == 1


def test_a_case_whose_words_are_gone_still_shows_what_happened(client: Client) -> None:
    do(client, "close", {"outcome": "x"})
    client.clock.now += 90 * DAY_S
    with client.site.store.write() as tx:
        assert retention.purge(tx, before=client.clock() - DAY_S, labelled_too=True)
    words = client.log_in("read", "ben").get("/cases/1").words
    assert "no longer kept" in words
    assert "A brief was sent" in words
    assert client.get("/cases/1/mails/1.eml").status == 404


def test_the_thread_shows_our_answer_and_no_mail_of_another_client(tmp_path: Path) -> None:
    first = MAILS[0]
    ours = Mail(
        text="Dear Dana,\n\nhere are the accounts.",
        sender="Ben West <ben@firm.example>",
        thread="<w1@northwind.example>",
        hours=1,
    )
    foreign = replace(ours, text="I know a secret.", sender="Eve <eve@other.example>", hours=2)
    client = make_client(tmp_path, mails=(first, ours, foreign)).log_in("read", "ben")
    words = client.get("/cases/1").words
    assert "here are the accounts." in words
    assert "secret" not in words


def test_a_case_that_is_part_of_another_leads_to_it(client: Client) -> None:
    with client.site.store.write() as tx:
        unite(tx, 1, 2, by="x", now=client.clock())
    assert "Case 2 is part of this one." in client.follow(client.get("/cases/2")).words
