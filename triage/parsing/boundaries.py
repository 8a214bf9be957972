"""Where quoted history begins: the lines that mail programs write above what they quote.

Each look at a line costs bounded work, so that a whole text is read in linear time; the reply
parsers in use elsewhere take seconds for 3 KB of "On ..." lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from triage.parsing import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_ATTRIBUTION_LINES = 4
_MAX_ATTRIBUTION_CHARS = 400
_MAX_LINE = 1_000
_WIDE_COLON = "\uff1a"
_MARKS = "-*_=~>#\u2013\u2014"

_OPENING = re.compile(
    r"[-\s*]{0,6}(?:on|at|am|le|el|il|il giorno|em|op|den|på|ven|w dniu|dnia|dne|в|"
    r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}|\d{1,4}[-/.\s年]|[12]\d{3}|在|\w{3,14},? \d)",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:wrote|writes|schrieb|geschrieben|a écrit|escribió|ha scritto|escreveu|schreef|skrev|"
    r"kirjoitti|napisał(?:\(a\)|a)?|pisze|napsal(?:\(a\)|a)?|написал\w?(?:\(\w\))?|пишет|пише|"
    r"написав|yazd\u0131|írta|a scris|작성)\b|写道|寫道|書きました",
    re.IGNORECASE,
)
_STRONG = re.compile(r"@|<|\d{1,2}[:.h]\d{2}|\b(?:19|20)\d{2}\b|&lt;")
# Gmail in some languages: "2016-10-24 15:36 GMT+02:00 Jane Roe <jane@x.example>:"
_DATED_NAME = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?: \d{1,2}:\d{2})?"
    r"(?: GMT[+-]\d{2}:\d{2} [^:]{1,100}| [^<>]{1,100}<[^<>]{3,200}>):?"
)
_ORIGINAL = re.compile(
    r"[*\s]{0,4}-{3,}\s{0,3}(?:original[- ]?(?:message|appointment|nachricht|e-?mail)|"
    r"urspr(?:ü|ue)ngliche (?:nachricht|mail)|message d'origine|message original|"
    r"mensaje original|messaggio originale|mensagem original|oorspronkelijk bericht|"
    r"ursprungligt meddelande|original(?:t)? meddelande|oprindelig (?:meddelelse|besked)|"
    r"wiadomość oryginalna|исходное сообщение|original-nachricht)\s{0,3}-{3,}[*\s]{0,4}",
    re.IGNORECASE,
)
_REPLY_ABOVE = re.compile(  # helpdesks
    r"\W{0,8}(?:please )?(?:type|write|reply|add) (?:your (?:reply|comment) )?"
    r"above this line\W{0,8}",
    re.IGNORECASE,
)
_FORWARD_PHRASE = (
    r"(?:begin(?:ning of)? )?(?:forwarded (?:message|mail|e-?mail|by)|"
    r"anfang der weitergeleiteten (?:nachricht|e-?mail)|weitergeleitete (?:nachricht|e-?mail)|"
    r"début du (?:message|courriel) (?:réexpédié|transféré)|message (?:transféré|réexpédié)|"
    r"inicio del mensaje reenviado|mensaje reenviado|inizio messaggio inoltrato|"
    r"messaggio inoltrato|mensagem (?:encaminhada|reencaminhada)|início da mensagem reencaminhada|"
    r"begin doorgestuurd bericht|doorgestuurd bericht|vidarebefordrat (?:meddelande|brev)|"
    r"videresendt (?:meddelelse|melding)|treść przekazanej wiadomości|przekazana wiadomość|"
    r"пересылаемое сообщение|перенаправленное сообщение|välitetty viesti)"
)
_FORWARDED = re.compile(
    rf"[*\s]{{0,4}}(?:[-_=]{{2,}}\s{{0,3}}{_FORWARD_PHRASE}\b.{{0,120}}|"
    rf"{_FORWARD_PHRASE}[ \xa0]?:)[*\s]{{0,4}}",
    re.IGNORECASE,
)
# A stem of every phrase above, for a quick look over a whole text.
_FORWARD_STEMS = (
    "forwarded",
    "weitergeleitet",
    "transféré",
    "réexpédié",
    "reenviado",
    "inoltrato",
    "encaminhada",
    "doorgestuurd",
    "vidarebefordrat",
    "videresendt",
    "przekazan",
    "сообщение",
    "välitetty",
)
SEPARATOR = re.compile(r"[\s*]{0,4}[-_=~\u2013\u2014]{5,}[\s*]{0,4}")


class Cut(Enum):
    """How quoted history begins."""

    ATTRIBUTION = auto()
    ORIGINAL = auto()
    HEADERS = auto()
    FORWARD = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """History begins at line `start`; its content, behind any header block, at line `end`."""

    kind: Cut
    start: int
    end: int
    strong: bool = True
    block: labels.Block | None = None


def is_quoted(line: str) -> bool:
    """Whether the line is marked as quoted. A "|" is no mark: people write tables with it."""
    return line.lstrip(" ").startswith(">")


def may_hold_forward(text: str) -> bool:
    """A quick look: whether a forward marker can be in `text` at all."""
    lowered = text.lower()
    return any(stem in lowered for stem in _FORWARD_STEMS)


def boundary_at(lines: Sequence[str], index: int) -> Boundary | None:
    """The beginning of quoted history at this line, if there is one. Bounded work."""
    line = lines[index][:_MAX_LINE]
    bare = line.strip()
    if not bare:
        return None
    if bare[0] in _MARKS or ":" in bare or _WIDE_COLON in bare:
        found = _marker_at(lines, index, line) or _headers_at(lines, index, line)
        if found:
            return found
    return attribution_at(lines, index)


def _marker_at(lines: Sequence[str], index: int, line: str) -> Boundary | None:
    """A line that says forwarded or original message, with the header block below it."""
    if _FORWARDED.fullmatch(labels.unquoted(line)):
        kind = Cut.FORWARD
    elif _ORIGINAL.fullmatch(line) or _REPLY_ABOVE.fullmatch(line):
        kind = Cut.ORIGINAL
    else:
        return None
    block = _block_below(lines, index + 1)
    return Boundary(kind=kind, start=index, end=block.end if block else index + 1, block=block)


def _headers_at(lines: Sequence[str], index: int, line: str) -> Boundary | None:
    """A header block, or the rule above one."""
    if SEPARATOR.fullmatch(line):
        block = _block_below(lines, index + 1)
    else:
        block = labels.block_at(lines, index)
    if block is None:
        return None
    return Boundary(kind=Cut.HEADERS, start=index, end=block.end, block=block)


def _block_below(lines: Sequence[str], index: int) -> labels.Block | None:
    for start in range(index, min(index + 4, len(lines))):
        if labels.unquoted(lines[start]).strip():
            return labels.read_block(lines, start)
    return None


def attribution_at(lines: Sequence[str], index: int) -> Boundary | None:
    """A line such as "On Monday, Jane Roe wrote:", which may be wrapped over up to four lines.

    A last sentence above it ("On 12 May we leave.") may look like its beginning, and is none.
    """
    first = lines[index][:_MAX_ATTRIBUTION_CHARS].strip()
    if is_quoted(first) or not (_OPENING.match(first) or _ends_as_attribution(first)):
        return None
    joined = ""
    for end in range(index, min(index + _MAX_ATTRIBUTION_LINES, len(lines))):
        joined = f"{joined} {lines[end].strip()}".strip()[: _MAX_ATTRIBUTION_CHARS + 1]
        if len(joined) > _MAX_ATTRIBUTION_CHARS:
            return None
        if _is_attribution(joined):
            if any(_begins_anew(lines, later) for later in range(index + 1, end + 1)):
                return None
            strong = bool(_STRONG.search(joined))
            return Boundary(kind=Cut.ATTRIBUTION, start=index, end=end + 1, strong=strong)
    return None


def _begins_anew(lines: Sequence[str], index: int) -> bool:
    """Whether an attribution stands here by itself, below an empty line."""
    return not lines[index - 1].strip() and attribution_at(lines, index) is not None


def _ends_as_attribution(line: str) -> bool:
    """Starts with a name: "Jane Roe <jane@x.example> wrote:", perhaps wrapped behind the verb."""
    candidate = line.endswith((":", _WIDE_COLON)) or "@" in line
    return candidate and bool(_VERB.search(line))


def _is_attribution(joined: str) -> bool:
    bare = joined.rstrip("-*_ ")
    if _DATED_NAME.fullmatch(bare):
        return True
    if bare.endswith((":", _WIDE_COLON)):
        return bool(_VERB.search(bare)) and _names_somebody(bare)
    return bare != joined and bool(_VERB.search(bare[-12:])) and _names_somebody(bare)


def _names_somebody(text: str) -> bool:
    """Dated or addressed, and not the sender speaking of themselves."""
    if re.search(r"\bI wrote\b", text):
        return False
    return bool(_STRONG.search(text)) or bool(_OPENING.match(text) and re.search(r"\d", text))
