"""The inbox of cases and the page of a case, asked in this process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.web_client import make_client
from tests.web_mails import HOSTILE, MAILS
from triage.messages import Urgency
from triage.store import cases, issues

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web_client import Client

HOUR_S = 3600


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return make_client(tmp_path, mails=(*MAILS, HOSTILE)).log_in("run", "Boss")


def subjects(client: Client, query: str = "") -> list[str]:
    found = client.get(f"/cases{query}")
    assert found.status == 200
    return re.findall(r'class="cover"[^>]*><bdi>(.*?)</bdi>', found.text)


def test_what_is_overdue_comes_first_then_what_is_urgent(client: Client) -> None:
    client.clock.now += 4 * HOUR_S + 60
    assert subjects(client)[:2] == ["Staging login", "October report"]
    assert len(subjects(client)) == 5
    assert subjects(client, "?view=overdue") == ["Staging login"]
    assert "Overdue since" in client.get("/cases").words


def test_a_person_sees_their_own_matters_and_those_that_wait_for_them(client: Client) -> None:
    client.log_in("read", "nora")
    assert "October report" not in subjects(client)
    assert subjects(client, "?view=mine") == subjects(client)
    assert "Waiting for me" in client.get("/cases").words


def test_the_list_is_narrowed_by_tag_client_person_day_and_words(client: Client) -> None:
    assert subjects(client, "?tag=upsell") == ["Second phase"]
    assert subjects(client, "?client=litware") == ["French pages"]
    assert subjects(client, "?q=accounts+friday") == ["Staging login"]
    assert len(subjects(client, "?person=nora&q=")) == 4
    assert subjects(client, "?since=2099-01-01") == []
    assert subjects(client, "?until=2000-01-01") == []
    assert "No case fits" in client.get("/cases?tag=upsell&client=litware").words


@pytest.mark.parametrize(
    "query",
    ["?since=soon", "?until=9999-12-31", "?after=1~2", "?view=%00", "?kind=x", "?q=%22%2a("],
)
def test_an_address_that_makes_no_sense_breaks_nothing(client: Client, query: str) -> None:
    assert client.get(f"/cases{query}").status == 200


def test_a_long_list_goes_on_where_the_page_before_ended(client: Client) -> None:
    with client.site.store.write() as tx:
        for number in range(55):
            cases.begin(
                tx,
                tags=["upsell"],
                urgency=Urgency.LOW,
                client="a@b.example",
                subject=f"No {number}",
                subject_key="no",
                recipients=["nora"],
                now=client.clock() + number,
            )
    first = subjects(client)
    following = re.search(r'class="button" href="([^"]+)">More cases', client.get("/cases").text)
    assert following
    rest = subjects(client, following[1].replace("&amp;", "&").removeprefix("/cases"))
    assert [len(first), len(rest)] == [50, 10]
    assert len({*first, *rest}) == 60


def test_a_case_about_somebody_is_not_there_for_them(client: Client) -> None:
    with client.site.store.write() as tx:
        issues.spare(tx, 1, ["ben"], client.clock())
    client.log_in("run", "ben")
    assert "Staging login" not in client.get("/cases?view=all").text
    assert "Staging login" not in client.get("/cases?q=staging").text


def test_markup_in_a_mail_is_text_and_what_turns_text_around_is_gone(client: Client) -> None:
    page = client.get("/cases").text
    assert "&lt;script&gt;document.title" in page
    assert "<script>document" not in page
    assert "\u202e" not in page
    assert "{{ 7*7 }}" in page


def test_an_edited_policy_holds_at_once_and_a_broken_one_changes_nothing(client: Client) -> None:
    path = client.site.settings.config.policy
    path.write_text(path.read_text().replace('name = "Ben West"', 'name = "Ben Weston"'))
    assert "Ben Weston" in client.get("/cases").text
    path.write_text("broken")
    assert "Ben Weston" in client.get("/cases").text
    assert client.log_in("read", "ben").get("/cases").status == 200
