"""Staff forwards: who wrote the forwarded mail, and what.

A forward is a mail whose first boundary is a forward marker, or whose subject says forwarded and
whose first boundary is a header block; an ordinary reply that quotes such a block is none. A
forward of a forward leads to the innermost one, and the notes in between count as its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.messages import Address
from triage.parsing import addresses, charsets, quotes, subjects
from triage.parsing.boundaries import Cut, boundary_at, may_hold_forward

if TYPE_CHECKING:
    from triage.parsing.boundaries import Boundary

_MAX_LEVELS = 5
_MAX_NAME_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A forwarded mail. `sender` is None when the forward does not say who wrote it.

    `written` is when, as its header says. `whole` is the attached mail's whole text where nothing
    else stands in the mail.
    """

    sender: Address | None
    subject: str
    note: str
    text: str
    whole: str = ""
    written: str = ""

    @property
    def new_text(self) -> str:
        """Note and forwarded words, a blank line between."""
        return "\n\n".join(part for part in (self.note, self.text) if part)


def inline(subject: str, text: str) -> Forward | None:
    """The forward written into `text`, if there is one."""
    if not (subjects.is_forward(subject) or may_hold_forward(text)):
        return None
    lines = text.split("\n")
    boundary = _first_boundary(lines)
    if boundary is None or not _is_forward(boundary, subject):
        return None
    note = _note(lines[: boundary.start])
    between: list[str] = []
    for _ in range(_MAX_LEVELS):
        rest = _dequoted(lines[boundary.end :])
        inner = _first_boundary(rest)
        if inner is None or inner.block is None or not _leads_on(inner, rest):
            break
        between.append(_note(rest[: inner.start]))
        lines, boundary = rest, inner
    body = quotes.new_text("\n".join(_dequoted(lines[boundary.end :])))
    values = boundary.block.values if boundary.block else {}
    return Forward(
        sender=_sender(values.get("from", "")),
        subject=values.get("subject", ""),
        note=note,
        text="\n\n".join(part for part in (*between, body) if part),
        written=values.get("date", ""),
    )


def _first_boundary(lines: list[str]) -> Boundary | None:
    found = (boundary_at(lines, index) for index in range(len(lines)))
    return next((boundary for boundary in found if boundary), None)


def _is_forward(boundary: Boundary, subject: str) -> bool:
    if boundary.kind is Cut.FORWARD:
        return boundary.block is not None or not subjects.is_reply(subject)
    return subjects.is_forward(subject) and boundary.block is not None


def _leads_on(inner: Boundary, lines: list[str]) -> bool:
    """Go deeper through forwards, and through mails without words of their own."""
    return inner.kind is Cut.FORWARD or not _note(lines[: inner.start])


def _note(lines: list[str]) -> str:
    return quotes.stripped("\n".join(lines))


def _dequoted(lines: list[str]) -> list[str]:
    """One level of `>` taken off when the forwarded mail is quoted as a whole."""
    full = [line for line in lines if line.strip()]
    if not full or not full[0].startswith(">"):
        return lines
    return [line[1:].removeprefix(" ") if line.startswith(">") else line for line in lines]


def _sender(value: str) -> Address | None:
    """`Jane Roe <jane@x.example>`, with the `[mailto:...]` of Outlook and link marks undone.

    Within a company a forward may name people without their addresses: `Roe, Jane`.
    """
    if value and "@" not in value:
        return Address(address="", name=charsets.clean_line(value.strip(" \"'"))[:_MAX_NAME_CHARS])
    value = value.replace("[mailto:", "<").replace("<mailto:", "<").replace("]", ">")
    found = addresses.parse(value[:1_000])
    return found[0] if found else None
