"""Passwords come from where they should, and never into an error."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from triage.config import Secret
from triage.errors import ConfigError
from triage.secrets import read_secret

if TYPE_CHECKING:
    from pathlib import Path

WHAT = "the password of inbox"


def run(code: str) -> Secret:
    return Secret(command=(sys.executable, "-c", code))


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "inbox"
    path.write_text("hunter2 with blanks\r\nsecond line\n")
    path.chmod(0o600)
    return path


def refusal(secret: Secret, timeout_s: float = 20) -> str:
    with pytest.raises(ConfigError) as caught:
        read_secret(secret, WHAT, timeout_s=timeout_s)
    assert str(caught.value).startswith(f"{WHAT}: ")
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def test_the_environment_gives_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INBOX_PASSWORD", "hunter2 ")
    assert read_secret(Secret(env="INBOX_PASSWORD"), WHAT) == "hunter2 "


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INBOX_PASSWORD", raising=False)
    assert "INBOX_PASSWORD is not set" in refusal(Secret(env="INBOX_PASSWORD"))


def test_a_private_file_gives_its_first_line(password_file: Path) -> None:
    assert read_secret(Secret(file=password_file), WHAT) == "hunter2 with blanks"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_open_to_others_is_refused_with_the_command_that_mends_it(
    password_file: Path, mode: int
) -> None:
    password_file.chmod(mode)
    assert f"chmod 600 {password_file}" in refusal(Secret(file=password_file))


def test_the_command_to_mend_survives_blanks_in_the_path(tmp_path: Path) -> None:
    path = tmp_path / "my secrets"
    path.write_text("hunter2")
    path.chmod(0o644)
    assert f"chmod 600 '{path}'" in refusal(Secret(file=path))


def test_missing_empty_binary_and_odd_files_are_refused(tmp_path: Path) -> None:
    assert "there is no file" in refusal(Secret(file=tmp_path / "nothing"))
    assert "no ordinary file" in refusal(Secret(file=tmp_path))
    for content, says in [
        (b"", "empty first line"),
        (b"\nhunter2\n", "empty first line"),
        (b"hunter2\xff", "not UTF-8"),
        (b"hunter2\x00x", "control characters"),
    ]:
        path = tmp_path / "inbox"
        path.write_bytes(content)
        path.chmod(0o600)
        assert says in refusal(Secret(file=path))


def test_a_command_gives_its_first_line() -> None:
    assert read_secret(run("print('hunter2'); print('more')"), WHAT) == "hunter2"


def test_a_failing_command_is_told_without_what_it_printed() -> None:
    said = refusal(run("import sys; print('hunter2'); print('hunter2', file=sys.stderr); exit(3)"))
    assert "status 3" in said


def test_a_command_that_hangs_is_given_up() -> None:
    said = refusal(run("import time; time.sleep(60)"), timeout_s=0.3)
    assert "0.3 s" in said


def test_a_command_that_does_not_exist_is_named() -> None:
    assert "no program nowhere-to-be-found" in refusal(Secret(command=("nowhere-to-be-found",)))


def test_a_command_cannot_wait_for_the_keyboard() -> None:
    keyboard, typing = os.pipe()
    os.write(typing, b"hunter2\n")
    before = os.dup(0)
    os.dup2(keyboard, 0)
    try:
        said = refusal(run("import sys; print(sys.stdin.readline())"))
    finally:
        os.dup2(before, 0)
        for handle in (before, keyboard, typing):
            os.close(handle)
    assert "empty first line" in said
