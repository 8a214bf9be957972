"""One whole run, as a newcomer sees it."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from triage.resources import resource

EXPECTED = resource("data") / "demo" / "expected.jsonl"


def triage(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "triage", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, timeout=120
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    done = triage("demo", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "44/44" in done.stderr + done.stdout
    assert "triage init" in done.stdout
    return folder / "demo-output"


def briefs(ran: Path) -> list[Path]:
    return sorted((ran / "briefs").glob("*.eml"))


def test_briefs_lie_there_as_mails_with_text_html_and_the_original(ran: Path) -> None:
    assert len(briefs(ran)) >= 15
    page = " ".join((ran / "index.html").read_text(encoding="utf-8").split())
    assert f"wrote {len(briefs(ran))} briefs about " in page
    for path in briefs(ran):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert message.get_body(("plain",)) is not None
        assert message.get_body(("html",)) is not None
        assert len(list(message.iter_attachments())) == 1
        assert str(message["To"]).endswith("@radial.example>")


def test_the_page_shows_every_mail_and_loads_nothing(ran: Path) -> None:
    page = (ran / "index.html").read_text()
    for path in (ran / "mailbox").glob("*.eml"):
        assert path.name in page
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)


def test_the_page_shows_the_digest_and_it_adds_up(ran: Path) -> None:
    page = html.unescape((ran / "index.html").read_text())
    [(whole, parts, lost)] = re.findall(r"(\d+) came in = ([\d+ ]+); (\d+) unaccounted", page)
    assert int(whole) == sum(map(int, parts.split("+"))) == len(list((ran / "mailbox").iterdir()))
    assert (lost, "Every mail is accounted for." in page) == ("0", True)


def test_the_first_model_finds_most_of_what_a_careful_person_would(ran: Path) -> None:
    """Not a measure of the model, which docs/classifier.md gives; a guard of the whole chain."""
    done = triage("status", "--json", "--config", str(ran / "triage.toml"), cwd=ran)
    found = json.loads(done.stdout)
    rows = [json.loads(line) for line in EXPECTED.read_text().splitlines()]
    tagged = [row for row in rows if row["tags"]]
    assert len(tagged) * 0.7 <= found["counts"]["escalated"] <= len(tagged) * 1.3
    assert found["counts"]["not-triaged"] == 4
    assert found["counts"]["unreadable"] == 1


def test_a_second_demo_replaces_the_first_and_no_other_folder(ran: Path) -> None:
    assert triage("demo", "--output", str(ran), cwd=ran.parent).returncode == 0
    precious = ran.parent / "precious"
    precious.mkdir()
    (precious / "letter").touch()
    refused = triage("demo", "--output", str(precious), cwd=ran.parent)
    assert refused.returncode == 2
    assert (precious / "letter").exists()
