"""`triage parse`: the promised keys, one object a line, and a form for people."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from triage.cli import parse as verb

if TYPE_CHECKING:
    from pathlib import Path

KEYS = [
    "file",
    "kind",
    "subject",
    "from",
    "original_sender",
    "to",
    "date",
    "text",
    "new_text",
    "attachments",
    "problems",
]
MAIL = (
    b"From: Jane Roe <jane@client.example>\nTo: Help <help@firm.example>\n"
    b"Subject: Gr\xc3\xbc\xc3\x9fe\n"
    b"Date: Mon, 3 Mar 2025 10:00:00 +0100\nMIME-Version: 1.0\n"
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
    b"The export fails every night.\n\n> You said it works.\n--b\n"
    b"Content-Type: text/csv; name=log.csv\n\na,b\n--b--\n"
)
FORWARD = (
    b"From: pm@firm.example\nSubject: Fwd: x\n\n---------- Forwarded message ----------\n"
    b"From: Jane Roe <jane@client.example>\nDate: today\nSubject: x\nTo: pm\n\n"
    b"It does not work here."
)


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    verb.register(app)
    return app


def run(app: typer.Typer, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["parse", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json_has_exactly_the_promised_keys_and_values(app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "a.eml"
    file.write_bytes(MAIL)
    record = json.loads(run(app, "--json", str(file)))
    assert list(record) == KEYS
    assert record == {
        "file": str(file),
        "kind": "ordinary",
        "subject": "Grüße",
        "from": {"name": "Jane Roe", "address": "jane@client.example"},
        "original_sender": None,
        "to": [{"name": "Help", "address": "help@firm.example"}],
        "date": "2025-03-03T09:00:00+00:00",
        "text": "The export fails every night.\n\n> You said it works.",
        "new_text": "The export fails every night.",
        "attachments": [
            {
                "name": "log.csv",
                "type": "text/csv",
                "size": 3,
                "sha256": hashlib.sha256(b"a,b").hexdigest(),
            }
        ],
        "problems": [],
    }


def test_one_object_a_line_for_every_mail_of_a_folder(app: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.eml").write_bytes(MAIL)
    (tmp_path / "b.eml").write_bytes(FORWARD)
    (tmp_path / "c.eml").write_bytes(b"\xff\x00 no mail at all")
    records = [json.loads(line) for line in run(app, "--json", str(tmp_path)).splitlines()]
    found = {record["file"]: record for record in records}
    assert sorted(found) == [str(tmp_path / name) for name in ("b.eml", "c.eml", "deep/a.eml")]
    forward = found[str(tmp_path / "b.eml")]
    assert forward["original_sender"] == {"name": "Jane Roe", "address": "jane@client.example"}


def test_people_get_labelled_lines_and_the_new_text(app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "a.eml"
    file.write_bytes(MAIL)
    shown = run(app, str(file))
    assert "from:           Jane Roe <jane@client.example>" in shown
    assert "attached:       log.csv (3 bytes)" in shown
    assert "    The export fails every night." in shown
    assert "You said" not in shown


def test_a_missing_path_is_wrong_usage(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["parse", "--json", str(tmp_path / "none.eml")])
    assert result.exit_code == 2
    assert result.stderr.startswith("triage: ")
    assert "does not exist" in result.stderr
    assert result.stdout == ""
