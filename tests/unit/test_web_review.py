"""Review on the page: what waits, in order; labels, skips and undoing as in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web_client import make_client
from tests.web_mails import HOSTILE, MAILS, Mail
from triage.store import audit, cases, labels
from triage.store.review import Drawn
from triage.web.reviewing import SIZES, taught

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web_client import Client
    from triage.store.labels import Label

PLAIN = tuple(
    Mail(subject=f"Plain {n}", sender=f"Al <al{n}@adatum.example>", text=f"Lunch {n}?", hours=8 + n)
    for n in range(5)
)


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """Before a store whose mail 5 is unsure, and whose 6 and 8 to 12 were left."""
    return make_client(tmp_path, mails=(*MAILS, HOSTILE, *PLAIN)).log_in()


def given(client: Client) -> list[Label]:
    with client.site.store.read() as tx:
        return labels.everything(tx)


def test_doubted_mail_comes_first_with_what_the_classifier_thinks(client: Client) -> None:
    words = client.get("/review").words
    assert "All 7 Unsure 1 Unlike known mail 0 Drawn by chance 6" in words
    assert "Mail 5 , 1 of 7: perhaps Blocked work" in words
    assert "we are perhaps stuck with the export" in words
    assert "1 Blocked work 0.10 perhaps 2 Unhappy client 0.10" in words


def test_a_label_is_stored_acts_and_leads_to_the_next_mail(client: Client) -> None:
    client.get("/review")
    answer = client.follow(client.post("/review/5", {"tag": ["blocker", "upsell"]}))
    assert "Mail 5: blocker, upsell. Case 6 is opened. Ben West and Nora Quist will" in answer.words
    assert "1 of 6: left without a tag, drawn by chance" in answer.words
    [label] = given(client)
    assert (label.message_id, label.tags) == (5, ("blocker", "upsell"))
    assert (label.by, label.how) == ("nora@firm.example", "page")


def test_a_label_without_a_tag_and_one_that_nobody_knows_store_none(client: Client) -> None:
    client.get("/review")
    client.post("/review/5", {})
    client.post("/review/6", {"tag": "<script>"})
    assert [label.tags for label in given(client)] == [(), ()]


def test_the_last_label_is_taken_back_and_its_mail_shown_again(client: Client) -> None:
    client.get("/review")
    client.follow(client.post("/review/5", {"tag": "blocker"}))
    client.follow(client.post("/review/6", {"tag": "upsell"}))
    first = client.follow(client.post("/review/undo"))
    assert "Mail 6: taken back." in first.words
    assert "Mail 6 , " in first.words
    second = client.follow(client.post("/review/undo"))
    assert "Mail 5: taken back." in second.words
    assert given(client) == []
    with client.site.store.read() as tx:
        assert cases.get(tx, 6).status == "resolved"
        last = audit.last(tx, "labelled")
    assert last
    assert "taken back by nora@firm.example" in last.detail
    assert "nothing to take back" in client.follow(client.post("/review/undo")).words


def test_nobody_takes_back_what_another_has_labelled(client: Client) -> None:
    client.get("/review")
    client.post("/review/5", {"tag": "blocker"})
    client.log_in(name="Boss")
    assert "Take back mail" not in client.get("/review").words
    assert "nothing to take back" in client.follow(client.post("/review/undo")).words
    assert len(given(client)) == 1


def test_a_mail_that_was_labelled_meanwhile_is_not_labelled_twice(client: Client) -> None:
    client.get("/review")
    client.post("/review/5", {"tag": "blocker"})
    answer = client.follow(client.post("/review/5", {}))
    assert "Mail 5 was labelled by somebody meanwhile." in answer.words
    assert [label.tags for label in given(client)] == [("blocker",)]
    again = client.get("/review?at=5")
    assert "Labelled: blocker" in again.words
    assert 'name="again"' in again.text
    client.post("/review/5", {"tag": "upsell", "again": "1"})
    assert [label.tags for label in given(client)] == [("blocker",), ("upsell",)]


def test_a_mail_with_a_tag_is_shown_with_it_so_that_storing_changes_nothing(client: Client) -> None:
    answer = client.get("/review?at=1")
    assert answer.text.count(" checked") == 1
    client.follow(client.post("/review/1", {"tag": "blocker"}))
    with client.site.store.read() as tx:
        assert cases.get(tx, 1).open


def test_skipping_stores_nothing_and_the_end_says_what_was_passed_over(client: Client) -> None:
    path, seen = "/review", []
    while "That was the last" not in (answer := client.get(path)).words:
        seen.append(answer.text.partition('action="/review/')[2].partition('"')[0])
        path = answer.text.partition('class="button" href="')[2].partition('"')[0]
        path = path.replace("&amp;", "&")
    assert sorted(map(int, seen)) == [5, 6, 8, 9, 10, 11, 12]
    assert "7 mails are left that you passed over" in answer.words
    assert given(client) == []


def test_one_queue_alone_can_be_gone_through(client: Client) -> None:
    answer = client.get("/review?queue=drawn")
    assert "1 of 6: left without a tag, drawn by chance" in answer.words
    answer = client.get("/review?queue=new")
    assert "Nothing waits here." in answer.words


def test_who_may_only_read_sees_the_mail_and_cannot_label_it(client: Client) -> None:
    client.log_in("read", "Guest")
    answer = client.get("/review")
    assert "perhaps stuck" in answer.words
    assert "Store, next" not in answer.words
    assert client.post("/review/5", {"tag": "blocker"}).status == 403
    assert client.post("/review/undo").status == 403
    assert given(client) == []


def test_review_is_for_those_who_see_the_whole_inbox(client: Client) -> None:
    client.log_in("correct", "ben")
    answer = client.get("/review")
    assert answer.status == 403
    assert "shown to management" in answer.words
    assert client.post("/review/5", {"tag": "blocker"}).status == 403


@pytest.mark.parametrize("at", ["99", "0", "-1", "x", "9" * 30, "end", "5'"])
def test_an_address_with_anything_for_a_mail_is_answered(client: Client, at: str) -> None:
    assert client.get(f"/review?at={at}&queue=zz&size=zz").status in {200, 404}
    assert client.post("/review/99", {"tag": "blocker"}).status == 404


def test_deciding_sentences_stand_out_and_hostile_text_is_escaped(client: Client) -> None:
    answer = client.get("/review?at=7")
    assert "<mark title=" in answer.text
    shown = answer.text.partition("<main")[2]
    assert "&lt;script" in shown
    assert "<script" not in shown
    assert "<img" not in shown
    assert "\u202e" not in shown


# What a sample tells


def drawn(*judged: tuple[str, ...] | None) -> list[Drawn]:
    return [Drawn(message_id=n, case_id=None, judged=tags) for n, tags in enumerate(judged)]


def test_a_sample_tells_how_much_is_missed_with_what_chance_allows() -> None:
    found = taught(drawn(*[()] * 18, ("upsell",), ("upsell", "blocker")), 400, 20)
    assert (found.judged, found.missed, found.complete) == (20, (18, 19), True)
    assert found.tags == {"upsell": 2, "blocker": 1}
    assert found.share == 0.1
    assert (round(found.low, 3), round(found.high, 3)) == (0.028, 0.301)


def test_none_missed_of_few_proves_little_and_nothing_judged_proves_nothing() -> None:
    few = taught(drawn(*[()] * 20), 400, 20)
    assert few.low == 0.0
    assert round(few.high, 2) == 0.16
    nothing = taught(drawn(None, None), 400, 20)
    assert (nothing.low, nothing.high, nothing.judged) == (0.0, 1.0, 0)


def test_what_was_looked_at_whole_is_no_estimate() -> None:
    found = taught(drawn((), ("upsell",), (), ()), 4, 20)
    assert (found.low, found.share, found.high) == (0.25, 0.25, 0.25)


def test_the_page_says_what_the_sample_tells(client: Client) -> None:
    client.get("/review")
    assert (
        "6 different mails were left without a tag in the last 30 days"
        in client.get("/review").words
    )
    assert "Judge them to learn how much is missed." in client.get("/review").words
    client.post("/review/6", {})
    client.post("/review/8", {"tag": "upsell"})
    words = client.get("/review").words
    assert "2 have been judged, and 1 of these should have been told of (Sales opening 1)" in words
    assert "9.5 % to 91 % of what is left without a tag is missed" in words
    assert "Provisional: 4 of those drawn are yet to be judged." in words
    for number in (9, 10, 11, 12):
        client.post(f"/review/{number}", {})
    assert "17 % were missed. All of them were looked at" in client.get("/review").words


@pytest.mark.parametrize("size", SIZES)
def test_the_sample_is_as_large_as_asked_for(client: Client, size: int) -> None:
    answer = client.get(f"/review?size={size}")
    assert f'name="size" value="{size}"' in answer.text
