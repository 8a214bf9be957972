"""Labelled mail as `--data` names it: rows, or raw mail in a folder or mbox named by its tag.

    mine.jsonl, mine.csv        rows; a folder is searched for them
    Upsell/*.eml  none/*.eml    one folder a tag, each with .eml files, an mbox or a Maildir
    upsell.mbox                 the same in one file a tag

Rules: nothing is taken unless everything can be; every mistake is listed with its place. A mail
that lies in the folders of several tags carries them all.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from classifiers.api import DataError, Document
from classifiers.dataset import Example, gather
from classifiers.rows import NO_TAG, SUFFIXES
from classifiers.tags import TAG_NAME
from triage.cli.inputs import MAIL_SUFFIXES, InputError, is_maildir, iter_mails, mail_files
from triage.exchange import thread_name
from triage.parsing import parse
from triage.pipeline.people import document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from triage.config import Firm
    from triage.messages import Email

_JSON_START = b"{"
_SNIFF_BYTES = 256


def read_labelled(paths: Sequence[Path], firm: Firm | None) -> list[Example]:
    """Read all labelled mail under `paths`, in a stable order.

    `firm` says which senders are staff; without it every raw mail counts as a client's.

    Raises:
        DataError: with every problem of every file.
    """
    examples, problems = gather([path for path in paths if _may_hold_rows(path)])
    mails = [mail for path in paths for mail in _mails_at(path, problems)]
    examples += _merged([_example(*mail, firm, problems) for mail in mails], problems)
    if not examples and not problems:
        where = ", ".join(map(str, paths))
        problems.append(
            f"{where}: nothing is labelled there; expected {', '.join(SUFFIXES)}, or folders of "
            "mail that are named after tags"
        )
    if problems:
        raise DataError("The labelled mail cannot be used as it is:", problems)
    return examples


def _may_hold_rows(path: Path) -> bool:
    if not path.is_file() or path.suffix.lower() in SUFFIXES:
        return True
    if path.suffix.lower() in MAIL_SUFFIXES:
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(_SNIFF_BYTES).lstrip().startswith(_JSON_START)
    except OSError:
        return True  # whoever reads it says what is wrong


def _mails_at(path: Path, problems: list[str]) -> Iterator[tuple[str, str, bytes]]:
    """Yield (place, tag as it is written, raw mail)."""
    if not path.is_dir():
        named = [] if _may_hold_rows(path) else [(path, _name_of(path))]
    else:
        named = [(file, _tag_of(file, path)) for file in mail_files(path)]
        if any(file.parent != path for file, _ in named) and not is_maildir(path):
            problems += [
                f"{file}: lies beside the folders of tags; move it into one"
                for file, _ in named
                if file.parent == path and file.suffix.lower() == ".eml"
            ]
    for file, tag in named:
        try:
            yield from ((place, tag, raw) for place, raw in iter_mails([file]))
        except InputError as error:
            problems.append(str(error))


def _name_of(file: Path) -> str:
    """An mbox is named after its tag; a single mail lies in a folder that is."""
    return file.resolve().parent.name if file.suffix.lower() == ".eml" else file.stem


def _tag_of(file: Path, folder: Path) -> str:
    """The folder below the one that was named, or that one itself if it holds the mail."""
    first, *deeper = file.relative_to(folder).parts
    if deeper and not is_maildir(folder):
        return first
    return folder.resolve().name if deeper or file.suffix.lower() != ".mbox" else file.stem


def _example(
    place: str, written: str, raw: bytes, firm: Firm | None, problems: list[str]
) -> Example:
    tag = re.sub(r"[\s-]+", "_", written.strip().lower())
    if not TAG_NAME.fullmatch(tag):
        problems.append(
            f"{place}: {written!r} is no tag name; name the folder with letters, digits and _, "
            f"or {NO_TAG} for mail without a tag"
        )
    email = parse(raw)
    read = document(email, firm) if firm else _as_client(email)
    if not (read.text.strip() or read.subject.strip()):
        problems.append(f"{place}: has neither subject nor text; take it out")
    return Example(
        document=replace(read, id=place),
        tags=frozenset([tag]),
        group=f"thread {thread_name(email, 0)}" if email.thread_ids else place,
        sender=email.sender.address.lower(),
        place=place,
    )


def _as_client(email: Email) -> Document:
    return Document(subject=email.subject, text=email.new_text, from_role="client")


def _merged(examples: Iterable[Example], problems: list[str]) -> list[Example]:
    """Make one example of a mail that lies in several folders."""
    found: dict[str, Example] = {}
    for example in examples:
        first = found.setdefault(example.digest, example)
        tags = first.tags | example.tags
        if NO_TAG in tags and len(tags) > 1:
            problems.append(
                f"{example.place}: lies in {NO_TAG} and in a tag's folder: {first.place}"
            )
        found[example.digest] = replace(first, tags=tags)
    return [replace(each, tags=each.tags - {NO_TAG}) for each in found.values()]
