"""Header blocks that mail programs write into the text when they quote or forward.

    From: Jane Roe <jane@client.example>
    Sent: Monday, 3 March 2025 09:12
    To: support@firm.example
    Subject: Invoice

Line-based: each look at a line is bounded, so a whole text is read in linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES = {
    "from": "from von de da från fra van od от від lähettäjä kimden feladó expeditor 发件人 寄件者"
    " 差出人 보낸사람",
    "date": "sent date gesendet datum envoyé date enviado fecha data inviato skickat sendt dato"
    " verzonden wysłano отправлено дата надіслано lähetetty päivämäärä gönderildi tarih küldve"
    " elküldve dátum trimis odesláno 发送时间 日期 送信日時 日付 날짜",
    "to": "to an à a para per till til aan do komu кому vastaanottaja kime címzett către 收件人"
    " 宛先 받는사람",
    "cc": "cc kopie copie copia bcc kopia kopio dw копия risposta 抄送",
    "subject": "subject betreff objet asunto oggetto assunto ämne emne onderwerp temat тема aihe"
    " konu tárgy subiect předmět 主题 主旨 件名 제목",
    "other": "importance wichtigkeit importancia priority priorität attachments anlagen reply-to"
    " organization organisation",
}
_CLASS = {name: key for key, names in _NAMES.items() for name in names.split()}
_CLASS |= {"reply to": "other", "antwort an": "other", "répondre à": "other"}
_LABEL = re.compile(
    r"[*_ \t]{0,4}([^\s:*_][^:\uff1a*_\n]{0,20}?)[ \xa0]?[*_]{0,2}[:\uff1a][*_]{0,2}(.*)"
)
_MAX_LINE = 1_000
_MAX_LINES = 24  # of one block, with folded lists of recipients


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A header block from line `start` to before line `end`."""

    start: int
    end: int
    values: dict[str, str]


def label(line: str) -> tuple[str, str] | None:
    """Kind of header and value, when the line is one ("Betreff: x" is a subject)."""
    found = _LABEL.match(line[:_MAX_LINE])
    if not found:
        return None
    kind = _CLASS.get(found[1].strip().lower())
    return (kind, found[2].strip(" *_\t")) if kind else None


def unquoted(line: str) -> str:
    """The line without quote marks and white space before it."""
    return line.lstrip("> \t|\xa0")


def block_at(lines: Sequence[str], start: int) -> Block | None:
    """The header block that begins at `lines[start]` with its From line, if one does."""
    first = label(unquoted(lines[start]))
    if not first or first[0] != "from":
        return None
    return read_block(lines, start)


def read_block(lines: Sequence[str], start: int) -> Block | None:
    """Read header lines from `start`; None unless together they can only be a header block.

    Header lines may stand apart by one empty line each, as HTML paragraphs come out.
    """
    values: dict[str, str] = {}
    end, last, blank = start, "", False
    for index in range(start, min(start + _MAX_LINES, len(lines))):
        line = unquoted(lines[index])
        found = label(line)
        if found and not (blank and found[0] in values):
            last = found[0]
            values.setdefault(*found)
            end, blank = index + 1, False
        elif not line.strip() and not blank:
            blank = True
        elif not blank and last and _continues(lines, index, last, values):
            values[last] += " " + line.strip(" *_")
            end = index + 1
        else:
            break
    if not _is_complete(values):
        return None
    return Block(start=start, end=end, values=values)


def _continues(lines: Sequence[str], index: int, last: str, values: dict[str, str]) -> bool:
    """A header value wraps: a recipient list, a bare address, or a subject in mid-block."""
    line = unquoted(lines[index])
    if last in ("to", "cc", "from"):
        return "@" in line or values[last].endswith((",", ";", "<"))
    following = unquoted(lines[index + 1]) if index + 1 < len(lines) else ""
    return last == "subject" and label(following) is not None


def _is_complete(values: dict[str, str]) -> bool:
    """From and a date, and a sign that this is mail and no timetable."""
    if "from" not in values or not ({"date", "to"} & values.keys()):
        return False
    return "subject" in values or (
        "date" in values and "@" in values["from"] + values.get("to", "")
    )
