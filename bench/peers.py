"""Programs that others use for work of the same kind, each started as its manual says.

What is not installed is left out, and the reason is told. `imapautofiler` is taken from PyPI into a
throwaway environment; nothing else is fetched.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.machine import say
from bench.program import run_to_end
from tests.dovecot import PASSWORD

if TYPE_CHECKING:
    from bench.program import Ended

_INSTALL_S = 120
_PYPI = "imapautofiler==1.14.0"
_FILER = """
server:
  hostname: 127.0.0.1
  port: {port}
  ssl: false
  username: {user}
  password: {password}
mailboxes:
  - name: INBOX
    rules:
      - or:
          rules:
            - headers: [{{name: subject, regex: "{words}"}}]
            - headers: [{{name: from, substring: "nobody.example"}}]
        action: {{name: move, dest-mailbox: Told}}
"""
_FETCH = """
poll 127.0.0.1 port {port} protocol IMAP auth password
  username "{user}" password "{password}" sslproto "" keep fetchall no rewrite
  mda "{procmail} -m {recipes}"
"""
_RECIPES = """
MAILDIR={folder}
DEFAULT={folder}/left
LOGFILE=/dev/null
:0:
* ^Subject:.*({words})
{folder}/told
"""
WORDS = "urgent|quote|invoice|waiting|problem|extra|cancel|deadline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A peer's run, or why there was none."""

    name: str
    ended: Ended | None
    why_not: str = ""


def imapautofiler(folder: Path, port: int, user: str) -> Peer:
    """Files mail by rules on its subject. It moves what it finds: the mailbox must be its own."""
    name = "imapautofiler"
    folder.mkdir()
    program = _installed(folder)
    if isinstance(program, str):
        return Peer(name=name, ended=None, why_not=program)
    settings = folder / "filer.yml"
    settings.write_text(_FILER.format(port=port, user=user, password=PASSWORD, words=WORDS))
    command = [str(program), "-c", str(settings)]
    return Peer(name=name, ended=run_to_end(command, folder / "log"))


def fetchmail_and_procmail(folder: Path, port: int, user: str) -> Peer:
    """Fetches every mail and hands it to a process of its own, which files it by its subject."""
    name = "fetchmail + procmail"
    fetchmail, procmail = shutil.which("fetchmail"), shutil.which("procmail")
    if not fetchmail or not procmail:
        return Peer(name=name, ended=None, why_not="fetchmail or procmail is not installed")
    folder.mkdir()
    recipes, settings = folder / "recipes", folder / "fetchmailrc"
    recipes.write_text(_RECIPES.format(folder=folder, words=WORDS))
    recipes.chmod(0o600)
    values = {"port": port, "user": user, "password": PASSWORD}
    settings.write_text(_FETCH.format(procmail=procmail, recipes=recipes, **values))
    settings.chmod(0o600)
    command = [
        *(fetchmail, "-f", str(settings), "--silent", "--nosyslog"),
        *("--pidfile", str(folder / "pid"), "-i", str(folder / "ids")),
    ]
    return Peer(name=name, ended=run_to_end(command, folder / "log", allowed=(0, 1)))


def _installed(folder: Path) -> Path | str:
    """The program in an environment of its own, or why it cannot be had."""
    say(f"installing {_PYPI} into a throwaway environment ...")
    place = folder / "venv"
    steps = (
        [sys.executable, "-m", "venv", str(place)],
        [str(place / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", _PYPI],
    )
    for step in steps:
        try:
            subprocess.run(step, check=True, capture_output=True, text=True, timeout=_INSTALL_S)
        except (OSError, subprocess.SubprocessError) as error:
            return f"{_PYPI} cannot be installed: {type(error).__name__}"
    return place / "bin/imapautofiler"
