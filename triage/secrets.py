"""Passwords, read from where the configuration says at the moment they are needed.

Rules: a secret is never kept, logged, or part of an error; what a password command prints on
either stream may hold one, so none of it is repeated.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from typing import TYPE_CHECKING

from triage import system_keyring
from triage.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from triage.config import Secret

COMMAND_TIMEOUT_S = 30.0
_MAX_BYTES = 64 * 1024


def read_secret(secret: Secret, what: str, *, timeout_s: float = COMMAND_TIMEOUT_S) -> str:
    """The secret itself: its first line, without the line end.

    Args:
        secret: where it lies.
        what: whose it is, for errors: "the password of accounts[1]".
        timeout_s: how long a command or the keyring may take.

    Raises:
        ConfigError: it cannot be had; the sentence says what to do and holds no secret.
    """
    if secret.env:
        return _from_environment(secret.env, what)
    if secret.file is not None:
        return _first_line(_from_file(secret.file, what), what, f"the file {secret.file}")
    if secret.command:
        printed = _from_command(secret.command, what, timeout_s)
        return _first_line(printed, what, f"the command {secret.command[0]}")
    if secret.keyring:
        kept = _from_keyring(secret.keyring, what, timeout_s)
        return _first_line(
            kept.encode("utf-8", "surrogatepass"),
            what,
            f"the entry {secret.keyring} of the keyring",
        )
    raise _error(what, "nothing says where it is; write password_env, _file, _command or _keyring")


def file_problem(path: Path) -> str:
    """Why a secret's file cannot be trusted or read; "" when all is well."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return f"there is no file {path}; write the secret into it and run: chmod 600 {_q(path)}"
    except OSError as error:
        return f"{path} cannot be reached ({error.strerror}); see that this user may read it"
    return _mode_problem(path, status)


def _q(path: Path) -> str:
    return shlex.quote(str(path))


def _mode_problem(path: Path, status: os.stat_result) -> str:
    if not stat.S_ISREG(status.st_mode):
        return f"{path} is no ordinary file; name the file that holds the secret"
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f"{path} can be read by other users of this machine; run: chmod 600 {_q(path)}"
    return ""


def _error(what: str, says: str) -> ConfigError:
    return ConfigError([f"{what}: {says}"])


def _from_environment(name: str, what: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        says = f"the environment variable {name} is not set; set it before starting triage"
        raise _error(what, says)
    return _first_line(value.encode("utf-8", "surrogateescape"), what, f"the variable {name}")


def _from_file(path: Path, what: str) -> bytes:
    """The file's bytes, checked on the open file so that nobody can swap it in between."""
    if says := file_problem(path):
        raise _error(what, says)
    try:
        with path.open("rb") as opened:
            if says := _mode_problem(path, os.fstat(opened.fileno())):
                raise _error(what, says)
            return opened.read(_MAX_BYTES)
    except OSError as error:
        says = f"{path} cannot be read ({error.strerror}); see that this user owns it"
        raise _error(what, says) from None


def _from_command(command: tuple[str, ...], what: str, timeout_s: float) -> bytes:
    program = command[0]
    try:
        done = subprocess.run(  # noqa: S603 - the command is the configuration's own, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError:
        says = f"there is no program {program}; write its full path in password_command"
        raise _error(what, says) from None
    except subprocess.TimeoutExpired:
        says = f"{program} did not answer within {timeout_s:g} s; run it by hand (does it ask?)"
        raise _error(what, says) from None
    except OSError as error:
        says = f"{program} could not be started ({error.strerror}); run it by hand to see why"
        raise _error(what, says) from None
    if done.returncode:
        says = f"{program} ended with status {done.returncode}; run it by hand to see why"
        raise _error(what, says)
    return done.stdout[:_MAX_BYTES]


def _from_keyring(entry: str, what: str, timeout_s: float) -> str:
    try:
        return system_keyring.read(entry, timeout_s=timeout_s)
    except system_keyring.KeyringProblem as problem:
        raise _error(what, str(problem)) from None


def _first_line(content: bytes, what: str, place: str) -> str:
    """The first line as text. Errors name the place, never the content."""
    line = content.split(b"\n", 1)[0].rstrip(b"\r")
    if not line.strip():
        raise _error(what, f"{place} gave an empty first line; put the secret there")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise _error(what, f"{place} gave bytes that are not UTF-8 text; write it anew") from None
    if not text.isprintable():
        raise _error(what, f"{place} gave control characters in the secret; write it anew")
    return text
