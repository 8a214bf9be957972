"""Files and folders: there, of the right kind, and open to the right people."""

from __future__ import annotations

import os
import shutil
import ssl
import stat
from typing import TYPE_CHECKING

from triage.check.problem import Problem, in_file
from triage.config import Database, FolderAccount, ImapAccount
from triage.secrets import file_problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from triage.check.problem import Severity
    from triage.config import Config

_KEY_BYTES = 16  # enough that nobody guesses it
_SQLITE = b"SQLite format 3\0"
_FREE_BYTES = 200 * 1024 * 1024


def disk_problems(config: Config) -> Iterator[Problem]:
    """Everything on disk that the configuration relies on."""
    yield from in_file(config.path.name, _named_paths(config))
    yield from others_may_write(config.path)
    yield from others_may_write(config.policy)


def _named_paths(config: Config) -> Iterator[Problem]:
    if not isinstance(config.store, Database):
        yield from _store(config.store)
    yield from _key(config.key_file)
    yield from _proxy_secret(config)
    yield from _folder(config.models, "models")
    yield from _folder(config.templates, "templates")
    yield from _ca_file(config.outgoing.ca_file, "outgoing.ca_file")
    for i, account in enumerate(config.accounts, start=1):
        if isinstance(account, ImapAccount):
            yield from _ca_file(account.ca_file, f"accounts[{i}].ca_file")
        else:
            yield from _mail_on_disk(account, f"accounts[{i}].path")


def _problem(where: str, what: str, advice: str = "", severity: Severity = "error") -> Problem:
    return Problem(severity=severity, area="disk", where=f"{where}", what=what, advice=advice)


def _proxy_secret(config: Config) -> Iterator[Problem]:
    """What the proxy before the page sends; without it `triage serve` does not start."""
    proxy = config.page.proxy
    if proxy and proxy.secret and proxy.secret.file and (says := file_problem(proxy.secret.file)):
        yield _problem("page.proxy.secret_file", says)


def _store(path: Path) -> Iterator[Problem]:
    folder = path.parent
    if not folder.is_dir():
        yield _problem("store", f"the folder {folder} does not exist", f"mkdir -p {folder}")
    elif path.is_dir():
        yield _problem("store", f"{path} is a folder", "name the database file within it")
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield _problem("store", f"this user may not write into {folder}", "give it to this user")
    elif path.exists() and not os.access(path, os.R_OK | os.W_OK):
        yield _problem("store", f"this user may not write {path}", "give it to this user")
    elif path.exists() and not _may_be_store(path):
        yield _problem("store", f"{path} is some other file, no database", "name another file")
    elif (free := shutil.disk_usage(folder).free) < _FREE_BYTES:
        what = f"only {free // 2**20} MB are free in {folder}; triage stops when it is full"
        yield _problem("store", what, "make room, or name another folder", "warning")


def _may_be_store(path: Path) -> bool:
    """By its first bytes; looking deeper is the store's own business at start."""
    with path.open("rb") as opened:
        return opened.read(len(_SQLITE)) in (b"", _SQLITE)


def _key(path: Path) -> Iterator[Problem]:
    """The first start makes the key when there is none; a bad one is never replaced."""
    if not path.exists():
        if not os.access(path.parent, os.W_OK | os.X_OK):
            what = f"there is no key in {path}, and none can be made there"
            yield _problem("key_file", what, "name a file in a folder that this user may write")
    elif says := file_problem(path):
        yield _problem("key_file", says)
    elif not _is_key(path):
        what = f"{path} holds no key of at least {_KEY_BYTES} bytes in hex"
        yield _problem("key_file", what, "restore it, or remove it to have a new one made")


def _is_key(path: Path) -> bool:
    try:
        return len(bytes.fromhex(path.read_text(encoding="ascii").strip())) >= _KEY_BYTES
    except (OSError, ValueError):
        return False


def _folder(path: Path | None, where: str) -> Iterator[Problem]:
    """Without it the program falls back to what it ships with, which is seldom what was meant."""
    if path is not None and not path.is_dir():
        what = f"the folder {path} does not exist, so what ships with the program is used"
        yield _problem(where, what, "make it, or take the line out", "warning")


def others_may_write(path: Path) -> Iterator[Problem]:
    """The file decides where mail goes and which commands run."""
    if path.exists() and path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield Problem(
            severity="warning",
            area="disk",
            where=str(path),
            what="other users of this machine may change it, and with it where mail is sent",
            advice=f"chmod go-w {path}",
        )


def _ca_file(path: Path | None, where: str) -> Iterator[Problem]:
    if path is None:
        return
    try:
        ssl.create_default_context(cafile=path)
    except FileNotFoundError:
        yield _problem(where, f"there is no file {path}", "name the file of the authority (PEM)")
    except ssl.SSLError:
        what = f"{path} holds no certificate that can be used"
        yield _problem(where, what, "it must be PEM text: -----BEGIN CERTIFICATE-----")
    except OSError as error:
        yield _problem(where, f"{path} cannot be read ({error.strerror})", "give it to this user")


def _mail_on_disk(account: FolderAccount, where: str) -> Iterator[Problem]:
    path = account.path
    if not path.exists():
        yield _problem(where, f"{path} does not exist", "name the folder or file with the mail")
    elif account.type == "mbox" and not path.is_file():
        yield _problem(where, f"{path} is a folder, no mbox file", 'is it type = "maildir"?')
    elif account.type != "mbox" and not path.is_dir():
        yield _problem(where, f"{path} is a file, no folder", 'is it type = "mbox"?')
    elif account.type == "maildir" and not all((path / p).is_dir() for p in ("cur", "new")):
        what = f"{path} has no folders cur and new, so it is no Maildir"
        yield _problem(where, what, 'name the folder that has them, or is it type = "eml"?')
    elif not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        yield _problem(where, f"this user may not read {path}", "give this user the right")
