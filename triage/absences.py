"""Absences written into `policy.toml`: the rest of the file stays as people wrote it.

Rules: only the list `absent` of one person is touched, comments and order stay; what comes out is
read back, and must differ in that list alone and be a policy without a mistake, or nothing is
written; the file is replaced whole.
"""

from __future__ import annotations

import json
import re
import stat
import tomllib
from typing import TYPE_CHECKING, Any

from triage.durable import locked, sync_folder, write_synced
from triage.errors import ConfigError, TriageError
from triage.policy_file import parse_policy, with_shipped_words
from triage.toml_file import key_lines, read_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from triage.policy import Absence, Policy

_BOM = "\ufeff"
_BY_HAND = "edit the file by hand, then `triage check`"
_BETWEEN = re.compile(r"(?:[\s,]|#[^\n]*)*")  # what stands between two absences
_ENDS = {"[": "]", "{": "}"}

Edit = tuple[str, list[dict[str, Any]]]  # the file anew, and the list that it must hold


def add_absence(path: Path, person: str, away: Absence, *, today: date) -> Policy:
    """Write down that somebody is away; returns the policy as it stands then.

    Raises:
        ConfigError: the dates or the deputy are no good, or the file cannot be edited so.
        TriageError: the file cannot be written.
    """
    if away.last < today:
        raise ConfigError([f"to: {away.last} is over already; give a day that is still to come"])

    def edit(text: str) -> Edit:
        known = _absences(text, person)
        entry = _entry(away)
        if any((each.get("from"), each.get("to")) == (away.first, away.last) for each in known):
            raise ConfigError(["these days are written down already; end that absence first"])
        return _with_first(text, person, _as_toml(entry)), [entry, *known]

    return _changed(path, person, edit)


def end_absence(path: Path, person: str, first: date, last: date) -> Policy:
    """Take an absence out again; returns the policy as it stands then.

    Raises:
        ConfigError: it is not there, or the file cannot be edited so.
        TriageError: the file cannot be written.
    """

    def edit(text: str) -> Edit:
        known = _absences(text, person)
        places = [i for i, each in enumerate(known) if (each["from"], each["to"]) == (first, last)]
        if not places:
            raise ConfigError([f"no absence from {first} to {last} is there; somebody ended it"])
        [index, *_] = places
        return _without(text, person, index, len(known)), known[:index] + known[index + 1 :]

    return _changed(path, person, edit)


def _changed(path: Path, person: str, edit: Callable[[str], Edit]) -> Policy:
    """Edit the file under a lock, and write it if it is as it should be."""
    path = path.expanduser().absolute()
    target = path.resolve()
    try:
        with locked(target.with_name(f".{target.name}.lock"), wait=True):
            text = read_text(target, if_missing="see `policy` in triage.toml")
            new, expected = edit(text)
            policy = _checked(text, new, person, expected, path)
            _replace(target, _as_it_was(target, new))
    except OSError as error:
        msg = f"{path}: {error.strerror}; see that this user may write the file and its folder"
        raise TriageError(msg) from error
    return policy


def _checked(
    before: str, after: str, person: str, expected: list[dict[str, Any]], path: Path
) -> Policy:
    """The policy that the new text says. Raises ConfigError unless it says just what it should."""
    policy = parse_policy(after, path)
    wanted, found = tomllib.loads(before), tomllib.loads(after)
    wanted["people"][person]["absent"] = expected
    found["people"][person].setdefault("absent", [])
    if wanted != found:
        raise ConfigError([f"people.{person}.absent: written in a way of its own; {_BY_HAND}"])
    return with_shipped_words(policy)


def _absences(text: str, person: str) -> list[dict[str, Any]]:
    """The absences of somebody as the file has them. Raises ConfigError."""
    try:
        table = tomllib.loads(text)["people"][person]
        found = table.get("absent", [])
        return [dict(each) for each in found]
    except KeyError:
        raise ConfigError([f"the policy names nobody {person!r}; reload the page"]) from None
    except (ValueError, TypeError, AttributeError) as error:
        msg = f"policy.toml cannot be read ({error}); `triage check` says what is wrong"
        raise ConfigError([msg]) from error


def _entry(away: Absence) -> dict[str, Any]:
    more = {"deputy": away.deputy, "because": " ".join(away.because.split())}
    return {"from": away.first, "to": away.last} | {key: said for key, said in more.items() if said}


def _as_toml(entry: dict[str, Any]) -> str:
    """An inline table; JSON's escapes are a part of TOML's."""
    parts = (
        f"{key} = {json.dumps(value, ensure_ascii=False) if isinstance(value, str) else value}"
        for key, value in entry.items()
    )
    return f"{{ {', '.join(parts)} }}"


def _with_first(text: str, person: str, entry: str) -> str:
    """The text with one absence more, before the others."""
    span = _list_span(text, person)
    if span is None:
        at = _end_of_table(text, person)
        return f"{text[:at]}absent = [{entry}]\n{text[at:]}"
    start, end = span
    rest = text[start + 1 : end]
    comma = ", " if rest.strip(" ]\r\n\t") else ""
    return f"{text[: start + 1]}{entry}{comma}{rest}{text[end:]}"


def _without(text: str, person: str, index: int, count: int) -> str:
    """The text without one of a person's absences; without the whole list where it was the last."""
    span = _list_span(text, person)
    if span is None:
        return text  # the check says that it is still there
    start, end = span
    first, last = _element(text, start + 1, index)
    if count > 1:
        comma = re.match(r"\s*,[ \t]*", text[last:])
        return text[:first] + text[last + (comma.end() if comma else 0) :]
    line = text.rfind("\n", 0, start) + 1
    rest = text[end:].partition("\n")
    alone = not rest[0].strip() and not re.search("#", text[start:end])
    return text[:line] + rest[2] if alone else text[:first] + text[last:]


def _element(text: str, at: int, index: int) -> tuple[int, int]:
    """Where the inline table with this number begins and ends, from within its list."""
    for _ in range(index + 1):
        found = _BETWEEN.match(text, at)
        start = found.end() if found else at
        at = _value_end(text, start)
    return start, at


def _list_span(text: str, person: str) -> tuple[int, int] | None:
    """Where the list of somebody's absences stands in the text; None where there is none.

    Raises:
        ConfigError: it is written as tables of their own.
    """
    number = key_lines(text).get(("people", person, "absent"))
    if number is None:
        return None
    lines = text.splitlines(keepends=True)
    line = lines[number - 1]
    if line.lstrip().startswith("["):
        says = f"people.{person}.absent: written as tables of their own; {_BY_HAND}"
        raise ConfigError([says])
    before = sum(len(each) for each in lines[: number - 1])
    start = text.index("[", before + line.index("="))
    return start, _value_end(text, start)


def _value_end(text: str, start: int) -> int:
    """Where the list or inline table that begins here ends, by asking the TOML parser itself."""
    closing = _ENDS.get(text[start : start + 1], "]")
    end = start
    while (end := text.find(closing, end) + 1) > 0:
        try:
            tomllib.loads(f"x = {text[start:end]}")
        except tomllib.TOMLDecodeError:
            continue
        return end
    return len(text)  # the check refuses what comes of it


def _end_of_table(text: str, person: str) -> int:
    """Behind the last setting of a person's table, where another one can stand.

    Raises:
        ConfigError: they have no table of their own in the file.
    """
    lines = text.splitlines(keepends=True)
    number = key_lines(text).get(("people", person))
    if number is None or not lines[number - 1].lstrip().startswith("["):
        raise ConfigError([f"people.{person}: has no [people.{person}] of its own; {_BY_HAND}"])
    end = number
    while end < len(lines) and "=" in lines[end] and not lines[end].lstrip().startswith("["):
        end += 1
    return sum(len(each) for each in lines[:end])


def _as_it_was(target: Path, text: str) -> bytes:
    """The bytes to write, with the line ends and the mark at the beginning that the file had."""
    before = target.read_bytes()
    ends = "\r\n" if b"\r\n" in before else "\n"
    mark = _BOM if before.startswith(_BOM.encode()) else ""
    return (mark + text.replace("\n", ends)).encode()


def _replace(target: Path, content: bytes) -> None:
    """Put the content in place whole, readable to whom the file was readable. Raises OSError."""
    mode = stat.S_IMODE(target.stat().st_mode)
    unfinished = target.with_name(f".{target.name}.part")
    unfinished.unlink(missing_ok=True)
    write_synced(unfinished, content, mode=mode)
    unfinished.chmod(mode)  # the umask had its say
    unfinished.replace(target)
    sync_folder(target.parent)
