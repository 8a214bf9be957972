"""The policy on the page: as the file says it now, and absences written by a form."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.web_client import make_client
from triage.policy_file import load_policy
from triage.store import audit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web_client import Client

AWAY = {"person": "ben", "first": "2099-12-21", "last": "2099-12-31", "deputy": "nora"}


@pytest.fixture
def client(tmp_path: Path) -> Client:
    client = make_client(tmp_path).log_in("run")
    client.get("/policy")
    return client


def absences(client: Client) -> list[tuple[date, date, str]]:
    policy = load_policy(client.site.settings.config.policy)
    return [(away.first, away.last, away.deputy) for away in policy.people["ben"].absent]


def test_it_shows_who_hears_of_what_with_the_clause_and_a_picture(client: Client) -> None:
    page = client.get("/policy")
    assert page.status == 200
    assert "If a story is blocked, tell Ben or Nora." in page.words
    assert "Decide who removes the obstacle." in page.words
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="policy-picture"' in page.text
    assert "<style" not in page.text
    assert " style=" not in page.text


def test_it_shows_the_file_as_it_is_now(client: Client) -> None:
    path = client.site.settings.config.policy
    path.write_text(path.read_text().replace("Ben West", "Benedict West"))
    assert "Benedict West" in client.get("/policy").words
    path.write_text("nonsense = [")
    page = client.get("/policy")
    assert "The file has mistakes" in page.words
    assert "Benedict West" in page.words
    assert "Write it into the policy" not in page.text


def test_an_absence_is_written_and_ended_and_the_trail_names_who(client: Client) -> None:
    before = client.site.settings.config.policy.read_bytes()
    said = client.follow(client.post("/policy/absences", AWAY))
    assert "Ben West is away from 2099-12-21 to 2099-12-31" in said.words
    assert absences(client) == [(date(2099, 12, 21), date(2099, 12, 31), "nora")]
    with client.site.store.read() as tx:
        noted = audit.last(tx, "absent")
    assert noted is not None
    assert noted.detail.endswith("by nora@firm.example")
    client.follow(client.post("/policy/absences/end", AWAY))
    assert client.site.settings.config.policy.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"first": ""}, "give a day"),
        ({"last": "2099-12-01"}, "lies before the first day"),
        ({"deputy": "ben"}, "nobody can stand in for themselves"),
        ({"person": "zoe"}, "names nobody"),
        ({"because": "a\x07b"}, "control character"),
    ],
)
def test_what_would_be_no_policy_is_said_and_not_written(
    client: Client, change: dict[str, str], says: str
) -> None:
    before = client.site.settings.config.policy.read_bytes()
    answer = client.post("/policy/absences", {**AWAY, **change})
    assert answer.status == 422
    assert says in answer.words
    assert "Nothing was written" in answer.words
    assert client.site.settings.config.policy.read_bytes() == before


def test_an_absence_that_somebody_else_ended_is_said_to_be_gone(client: Client) -> None:
    assert "somebody ended it" in client.post("/policy/absences/end", AWAY).words


def test_only_who_may_run_the_program_changes_the_policy(client: Client) -> None:
    client.log_in("correct")
    assert "Write it into the policy" not in client.get("/policy").text
    assert client.post("/policy/absences", AWAY).status == 403
    assert client.post("/policy/absences/end", AWAY).status == 403
    assert absences(client) == []


def test_a_hostile_name_in_the_policy_is_text(client: Client) -> None:
    path = client.site.settings.config.policy
    path.write_text(path.read_text().replace("Ben West", "<script>alert(1)</script>"))
    page = client.get("/policy").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_every_suggested_text_can_be_read(client: Client) -> None:
    page = client.get("/policy/responses")
    assert page.status == 200
    assert "sends nothing to a client" in page.words
    assert page.text.count('<article class="card">') > 30
