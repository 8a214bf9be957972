"""The earlier mails that a mail quotes, each with who wrote it and when, as the quote says.

Rule: only what is plainly quoted counts; answers that stand between quoted lines are the sender's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.parsing import quotes
from triage.parsing.boundaries import Cut, boundary_at, is_quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.parsing.boundaries import Boundary

_MOST = 5  # quotes of quotes
_ATTRIBUTION = re.compile(
    r"\W{0,6}(?:(?:on|am|le|el|il|op|den)\s)?"
    r"(?P<when>.{3,80}(?:\d{1,2}[:.h]\d{2}(?:\s?[ap]\.?m\.?)?|\b(?:19|20)\d{2})"
    r"(?:\s(?:GMT|UTC)?[+-]\d{2}:?\d{2}|\s\(?(?-i:[A-Z]{3,4})\)?)?)"
    r"[,\s]{1,3}(?:(?:schrieb|a \u00e9crit|skrev)\s)?(?P<who>(?![ap]\.?m\b)[^,]{1,120})$",
    re.IGNORECASE,
)
_NAME_FIRST = re.compile(
    r"\W{0,6}(?P<who>[^,\d]{2,80})\s(?:wrote|schrieb)\s(?:(?:on|am)\s)?(?P<when>.*\d.*)$",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\s*(?:wrote|writes|schrieb|geschrieben|a \u00e9crit|escribi\u00f3|ha scritto|escreveu|"
    r"schreef|skrev)?\s*:\s*$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"<?[\w.+'-]{1,64}@[\w.-]{1,190}>?")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedMail:
    """A mail within a mail: the writer's own words, and what its heading says of who and when.

    `by` and `written` are empty where the heading does not say, `address` where it names none.
    """

    text: str
    by: str = ""
    address: str = ""
    written: str = ""


def quoted_mails(text: str) -> tuple[QuotedMail, ...]:
    """The mails that `text` quotes, the newest first."""
    lines, found = text.split("\n"), []
    for _ in range(_MOST):
        boundary = _first(lines)
        if boundary is None:
            break
        head = lines[boundary.start : boundary.end]
        lines = _content(lines[boundary.end :])
        words = quotes.stripped("\n".join(lines))
        if words:
            found.append(_headed(boundary, head, words))
    return tuple(found)


def _first(lines: Sequence[str]) -> Boundary | None:
    found = (boundary_at(lines, i) for i in range(len(lines)) if not is_quoted(lines[i]))
    return next((boundary for boundary in found if boundary), None)


def _content(lines: list[str]) -> list[str]:
    """What is quoted below a heading, with one mark taken off; what is not marked is new."""
    first = next((line for line in lines if line.strip()), "")
    if not is_quoted(first):
        return lines
    marked = []
    for line in lines:
        if line.strip() and not is_quoted(line):
            break
        marked.append(line.lstrip(" ")[1:].removeprefix(" "))
    return marked


def _headed(boundary: Boundary, head: Sequence[str], text: str) -> QuotedMail:
    if boundary.block:
        values = boundary.block.values
        address = _ADDRESS.search(values.get("from", ""))
        return QuotedMail(
            text=text,
            by=_name(values.get("from", "")),
            address=address[0].strip("<>") if address else "",
            written=" ".join(values.get("date", "").split()),
        )
    if boundary.kind is not Cut.ATTRIBUTION:
        return QuotedMail(text=text)
    line = _VERB.sub("", " ".join(" ".join(head).split()))
    address = _ADDRESS.search(line)
    bare = _ADDRESS.sub("", line).strip(" ,:<>") if address else line
    match = _NAME_FIRST.match(bare) or _ATTRIBUTION.match(bare)
    by = match["who"] if match else ""
    return QuotedMail(
        text=text,
        by=_name(by) or (address[0].strip("<>") if address else ""),
        address=address[0].strip("<>") if address else "",
        written=match["when"].strip(" ,") if match else "",
    )


def _name(value: str) -> str:
    """The name in a From value, or the address where there is none."""
    found = _ADDRESS.search(value)
    name = re.sub(r"\[?mailto:", "", _ADDRESS.sub("", value)).strip(" \"'<>[](),;:*_")
    return name or (found[0].strip("<>") if found else "")
