"""Passwords out of the system's keyring, by the library that desktops are spoken to with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backends import fail

from tests.keyring_file import FILE, FileKeyring
from triage.config import Secret
from triage.errors import ConfigError
from triage.secrets import read_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

WHAT = "the password of inbox"
ENTRIES = {
    "triage/inbox": "hunter2 with blanks",
    "imap.example.com/993/me@firm.example": "other",
    "triage/locked": "locked",
    "triage/broken": "broken",
    "triage/slow": 2.0,
    "triage/odd": "hunter2\ud800",
}


@pytest.fixture(autouse=True)
def entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "entries.json"
    path.write_text(json.dumps(ENTRIES))
    monkeypatch.setenv(FILE, str(path))
    before = keyring.get_keyring()
    keyring.set_keyring(FileKeyring())  # type: ignore[no-untyped-call]
    yield path
    keyring.set_keyring(before)


def read(entry: str, timeout_s: float = 20) -> str:
    return read_secret(Secret(keyring=entry), WHAT, timeout_s=timeout_s)


def refusal(entry: str, timeout_s: float = 20) -> str:
    with pytest.raises(ConfigError) as caught:
        read(entry, timeout_s)
    assert str(caught.value).startswith(f"{WHAT}: ")
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def test_an_entry_gives_its_password() -> None:
    assert read("triage/inbox") == "hunter2 with blanks"


def test_the_user_stands_behind_the_last_slash() -> None:
    assert read("imap.example.com/993/me@firm.example") == "other"


def test_a_missing_entry_is_told_with_the_command_that_makes_it() -> None:
    assert "run: keyring set triage 'my inbox'" in refusal("triage/my inbox")


def test_without_any_keyring_it_says_what_to_do_instead() -> None:
    # What the library takes where it finds none.
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    assert "keep the secret in a file" in refusal("triage/inbox")


@pytest.mark.parametrize(
    ("entry", "says"),
    [("triage/locked", "unlock it"), ("triage/broken", "RuntimeError"), ("triage/odd", "UTF-8")],
)
def test_whatever_a_keyring_says_in_trouble_is_not_repeated(entry: str, says: str) -> None:
    assert says in refusal(entry)


def test_a_keyring_that_waits_for_a_person_is_given_up() -> None:
    assert "0.2 s" in refusal("triage/slow", timeout_s=0.2)


def test_the_program_finds_the_keyring_that_the_machine_has(tmp_path: Path) -> None:
    code = (
        "import sys; from triage.config import Secret; from triage.secrets import read_secret;"
        "sys.stdout.write(read_secret(Secret(keyring=sys.argv[1]), 'it'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "triage/inbox"],
        env={
            "PYTHON_KEYRING_BACKEND": "tests.keyring_file.FileKeyring",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            FILE: str(tmp_path / "entries.json"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "hunter2 with blanks"
