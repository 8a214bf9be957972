"""PATH arguments as documents to classify: raw mails, or JSONL with subject, body, from_role."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers.api import ROLES, Document
from triage.cli.inputs import STDIN, InputError, iter_mails, mail_files, mails_in_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_JSONL_SUFFIXES = (".jsonl", ".ndjson")
_SNIFF_BYTES = 256


def iter_documents(
    paths: Iterable[str], *, role: str, complain: Callable[[str], None]
) -> Iterator[Document]:
    """Yield a document for each mail or row under `paths`.

    Args:
        paths: .eml, mbox, Maildir, JSONL, folders of those, or `-` for standard input.
        role: who wrote the raw mails, which do not say it themselves.
        complain: is told of each row that cannot be read; the row is left out.

    Raises:
        InputError: a path cannot be read at all.
    """
    for path in paths:
        if path == STDIN:
            yield from _in_stdin(role, complain)
        elif Path(path).is_dir():
            yield from _in_folder(Path(path), role, complain)
        elif _is_jsonl(Path(path)):
            yield from _in_jsonl(_content(Path(path)), path, complain)
        else:
            yield from (from_mail(label, raw, role) for label, raw in iter_mails([path]))


def from_mail(label: str, raw: bytes, role: str) -> Document:
    """Take what the sender newly wrote in a raw mail."""
    from triage.parsing import parse  # noqa: PLC0415  # loads the parsers

    email = parse(raw)
    return Document(id=label, subject=email.subject, text=email.new_text, from_role=role)


def row_problem(row: object) -> str:
    """Say why a parsed JSONL row is no mail; empty when it is one."""
    if not isinstance(row, dict) or not row.keys() & {"subject", "body"}:
        return "must be a JSON object with subject and body"
    for key in ("id", "subject", "body"):
        if not isinstance(row.get(key), str | None):
            return f"{key} must be text, not {row[key]!r}"
    if row.get("from_role", "other") not in ROLES:
        return f"from_role is {row['from_role']!r}; use one of {', '.join(ROLES)}"
    return ""


def _in_stdin(role: str, complain: Callable[[str], None]) -> Iterator[Document]:
    content = sys.stdin.buffer.read()
    if content.lstrip().startswith(b"{"):
        yield from _in_jsonl(content, "stdin", complain)
    else:
        mails = mails_in_bytes(content, "stdin")
        yield from (from_mail(label, raw, role) for label, raw in mails)


def _in_folder(folder: Path, role: str, complain: Callable[[str], None]) -> Iterator[Document]:
    """Yield the folder's raw mails; only where there is none, the rows of its JSONL files."""
    rows = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _JSONL_SUFFIXES)
    if rows and not any(True for _ in mail_files(folder)):
        for file in rows:
            yield from _in_jsonl(_content(file), str(file), complain)
    else:
        yield from (from_mail(label, raw, role) for label, raw in iter_mails([folder]))


def _in_jsonl(content: bytes, place: str, complain: Callable[[str], None]) -> Iterator[Document]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8-sig"))
            problem = row_problem(row)
        except (ValueError, RecursionError) as error:
            problem = f"is not JSON: {error}"
        if problem:
            complain(f"{place}:{number}: {problem}; the row is left out")
            continue
        yield Document(
            id=_clean(row.get("id")) or f"{place}:{number}",
            subject=_clean(row.get("subject")),
            text=_clean(row.get("body")),
            from_role=row.get("from_role", "other"),
        )


def _clean(text: str | None) -> str:
    """Absent is empty; half a surrogate pair, which JSON can spell, cannot be printed."""
    return (text or "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_jsonl(path: Path) -> bool:
    if path.suffix.lower() in _JSONL_SUFFIXES:
        return True
    try:
        with path.open("rb") as stream:
            return stream.read(_SNIFF_BYTES).lstrip().startswith(b"{")
    except OSError:
        return False  # whoever reads it next says what is wrong


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}; check the path and its permissions"
        raise InputError(msg) from error
