"""The PATH arguments that hold raw mail, for every verb that takes some.

Rules: a path that is named is read whatever it is called, or the error says why it cannot be;
inside a folder only what looks like mail is taken. Reading changes nothing on disk.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import TriageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STDIN = "-"
MAIL_SUFFIXES = (".eml", ".mbox")
_MBOX_START = b"From "
_HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:")
_SNIFF_BYTES = 512


class InputError(TriageError):
    """A PATH cannot be read. The message names it and says what would be accepted."""


def iter_mails(paths: Iterable[str | Path]) -> Iterator[tuple[str, bytes]]:
    """Yield (label, raw bytes) of every mail under `paths`, in a stable order.

    A path is an .eml file, an mbox file, a Maildir, a folder of those (searched downwards), or
    `-` for one mail or one mbox on standard input. The label is the file, with `:n` behind it
    for the n-th mail of an mbox.

    Raises:
        InputError: a path does not exist, cannot be read, or is a folder without any mail.
    """
    for path in paths:
        if str(path) == STDIN:
            yield from mails_in_bytes(sys.stdin.buffer.read(), "stdin")
        else:
            yield from _mails_at(Path(path))


def mails_in_bytes(content: bytes, label: str) -> Iterator[tuple[str, bytes]]:
    """Yield the mails in `content`: those of an mbox when it begins like one, else one mail."""
    if not content.startswith(_MBOX_START):
        yield label, content
        return
    with tempfile.NamedTemporaryFile(suffix=".mbox") as file:  # mailbox reads files only
        file.write(content)
        file.flush()
        yield from _mails_in_mbox(Path(file.name), label)


def is_maildir(path: Path) -> bool:
    """Whether `path` is laid out as a Maildir."""
    return (path / "cur").is_dir() and (path / "new").is_dir()


def _mails_at(path: Path) -> Iterator[tuple[str, bytes]]:
    if not path.exists():
        msg = f"{path} does not exist; give an .eml file, an mbox, a Maildir, a folder, or -"
        raise InputError(msg)
    try:
        yield from _mails_in_folder(path) if path.is_dir() else _mails_in_file(path)
    except OSError as error:
        msg = f"{error.filename or path} cannot be read: {error.strerror}; check its permissions"
        raise InputError(msg) from error


def _mails_in_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    found = False
    for file in mail_files(folder):
        found = True
        yield from _mails_in_file(file)
    if not found and not is_maildir(folder):
        msg = f"{folder} holds no mail; expected .eml or .mbox files, or a Maildir"
        raise InputError(msg)


def mail_files(folder: Path) -> Iterator[Path]:
    """Yield files that hold mail, sorted by path. A Maildir's `tmp` is being written: left out."""
    maildir = is_maildir(folder)
    for entry in sorted(folder.iterdir()):
        if maildir and entry.name in {"cur", "new"}:
            yield from sorted(f for f in entry.iterdir() if f.is_file())
        elif entry.is_dir():
            if not (maildir and entry.name == "tmp"):
                yield from mail_files(entry)
        elif not maildir and _looks_like_mail(entry):
            yield entry


def _looks_like_mail(file: Path) -> bool:
    """By its suffix, or for a file without one by its first line."""
    if file.suffix.lower() in MAIL_SUFFIXES:
        return True
    if file.suffix or file.name.startswith("."):
        return False
    with file.open("rb") as stream:
        start = stream.read(_SNIFF_BYTES)
    return start.startswith(_MBOX_START) or _HEADER_LINE.match(start) is not None


def _mails_in_file(file: Path) -> Iterator[tuple[str, bytes]]:
    with file.open("rb") as stream:
        start = stream.read(len(_MBOX_START))
    if start == _MBOX_START:
        yield from _mails_in_mbox(file, str(file))
    elif start or file.suffix.lower() != ".mbox":  # an empty mbox holds no mail
        yield str(file), file.read_bytes()


def _mails_in_mbox(file: Path, label: str) -> Iterator[tuple[str, bytes]]:
    import mailbox  # noqa: PLC0415 - `triage --help` needs none

    box = mailbox.mbox(file, create=False)
    try:
        for number, key in enumerate(box.keys(), start=1):
            yield f"{label}:{number}", box.get_bytes(key)
    finally:
        box.close()
