"""Days and deadlines in the sentences of a mail.

Rules: a relative day ("Friday") is one to come only where the sentence looks ahead, since it may
as well be past; what somebody said earlier ("you promised it by Friday") is no deadline of today.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.summary.facts import days
from triage.summary.facts.calendar_words import WEEKDAY
from triage.summary.facts.date_forms import FORMS
from triage.summary.facts.values import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from triage.summary.facts.date_forms import Form
    from triage.summary.facts.days import Written
    from triage.summary.facts.values import Sentence

_ARTICLE = r"(?:(?:the|on|den|dem|le|la|el|l['\u2019])\s?)?"
_BY = re.compile(
    r"(?<!\w)(?:by|before|no later than|not later than|latest by|due(?: on| by)?|"
    r"(?:the )?deadline(?: is| was|:)?(?: on)?|in time for|ahead of|prior to|"
    r"bis(?: sp\u00e4testens)?(?: zum| zur)?|sp\u00e4testens(?: am| bis| bis zum)?|vor dem|vor|"
    r"avant(?: le| la)?|d['\u2019]ici(?: le| \u00e0| au| la)?|au plus tard(?: le)?|pour(?: le)?|"
    r"jusqu['\u2019](?:au|\u00e0)|antes del?|para(?: el)?|hasta(?: el)?|"
    r"a m\u00e1s tardar(?: el)?)\s"
    rf"{_ARTICLE}$",
    re.IGNORECASE,
)
_UNTIL = re.compile(rf"(?<!\w)(?:until|till)\s{_ARTICLE}$", re.IGNORECASE)
_GIVES_TIME = re.compile(
    r"\b(?:you have|you've|have|give|given|giving|gives|can wait|wait|time)\b", re.IGNORECASE
)
_WITHIN = re.compile(
    r"(?<!\w)(?:within(?: the next)?|innerhalb von|sous|dentro de|en menos de)\s$", re.IGNORECASE
)
_LEAD = re.compile(r"(?<!\w)(?:on|am|le|el|at)\s$", re.IGNORECASE)
# A day with one of these before it lies behind us, or is none to wait for.
_NOT_AHEAD = re.compile(
    r"(?<!\w)(?:a|since|from|after|between|last|past|previous|every|each|dated|seit|ab|nach|"
    r"letzten|vom|von|"
    r"depuis|apr\u00e8s|dernier|desde|despu\u00e9s de|as of|not before|starting|invoice of|mail of|"
    r"email of|letter of|guten|version|release|v|build|no\.|nr\.|\u00a7)\s?(?:on\s|the\s|"
    r"den\s|dem\s|le\s|el\s)?$",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"\b(?:out of (?:the )?office|on leave|on holiday|on vacation|away|abwesend|urlaub|"
    r"cong\u00e9s?|"
    r"vacaciones)\b",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"\b(?:was|were|had|did|didn['\u2019]t|wasn['\u2019]t|weren['\u2019]t|hadn['\u2019]t|"
    r"promised|said|told|agreed|"
    r"supposed|(?:should|would|could) have|been|missed|assured|committed|expected|yesterday|sent|"
    r"met|spoke|called|wrote|paid|war|waren|hatten?|wurden?|sollten?|zugesagt|versprochen|"
    r"\u00e9tait|devait|avait|avez|promis|hab\u00eda|era|deb\u00eda|prometi\w+)\b",
    re.IGNORECASE,
)
_REPORTS = re.compile(
    r"\b(?:promised|said|told|agreed|supposed|assured|committed|zugesagt|versprochen|promis|"
    r"prometi\w+|your (?:promise|commitment))\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"\b(?:will|won['\u2019]t|shall|can|could|would|must|should|need|needs|please|going to|"
    r"may|might|"
    r"want|expect|let's|have to|has to|hope|werden?|k\u00f6nnen|k\u00f6nnten|bitte|"
    r"m\u00fcssen|brauchen|"
    r"pouvez|pourriez|devons|podemos|puede|pueden|podr\u00eda\w*|go(?:es)? live|launch(?:es)?)\b"
    r"|['\u2019]ll\b|\?",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[,;:()\u2013\u2014]|\b(?:and|but|so|then|or|und|aber|et|mais|pero)\b", re.IGNORECASE
)
_RANGE_BEFORE = re.compile(
    rf"(?:(?<![\w.,])[0-3]?\d(?:st|nd|rd|th|\.)?|\b{WEEKDAY})\s?(?:-|\u2013|\bto\b|\bbis\b|"
    rf"\band\b|\bund\b|\bor\b|"
    r"\boder\b|\bau\b|\bou\b|\bal\b)\s?(?:the\s)?$"
)
_RANGE_AFTER = re.compile(
    rf"\s?(?:-|\u2013|to|through|till|until|bis|or|oder|ou|and|und)\s?(?:the\s)?(?:{WEEKDAY}|"
    rf"[0-3]?\d(?:st|nd|rd|th)?\b(?!:)|tomorrow\b)"
    r"|\sthe\s[0-3]?\d(?:st|nd|rd|th)\b"
)
_SENTENCE = 300  # characters before and behind a day that are looked at for what it is about
_LOOK_BACK = 48  # characters before a day that are looked at for "by" and the like


def find_dates(sentences: Sequence[Sentence], written: Written) -> list[Fact]:
    """Days to come, and those by which something is due, in the order of the mail."""
    return [
        fact
        for sentence in sentences
        for fact in _of_sentence(sentence, written)
        if fact.deadline or fact.day is None or written.day is None or fact.day >= written.day
    ]


def _of_sentence(sentence: Sentence, written: Written) -> Iterator[Fact]:
    taken: list[tuple[int, int]] = []
    found: list[tuple[int, Fact]] = []
    for form in FORMS:
        for match in form.pattern.finditer(sentence.text):
            start, end = _whole_range(sentence.text, *match.span())
            if any(start < last and first < end for first, last in taken):
                continue
            taken.append((start, end))
            fact = _fact(sentence, form, match, written)
            if fact:
                found.append((start, fact))
    yield from (fact for _, fact in sorted(found, key=lambda pair: pair[0]))


def _fact(sentence: Sentence, form: Form, match: re.Match[str], written: Written) -> Fact | None:
    text, (start, end) = sentence.text, match.span()
    day: date | None = days.resolved(form.resolve, match, written)
    span_from, span_to = _whole_range(text, start, end)
    before = text[max(0, span_from - _LOOK_BACK) : span_from]
    if (span_from, span_to) != (start, end):
        day = None
    cue = _cue(text[max(0, span_from - _SENTENCE) : span_from], before, form)
    deadline = bool(cue or match.groupdict().get("latest"))
    if not deadline and (not form.bare or _NOT_AHEAD.search(before)):
        return None
    if (form.relative or day is None) and not _looks_ahead(text, span_from, deadline=deadline):
        return None
    lead = cue or (found[0] if (found := _LEAD.search(before)) else "")
    words = text[span_from - len(lead) : span_to].strip().rstrip(".")
    return Fact(text=words, where=sentence.where, day=day, deadline=deadline)


def _cue(head: str, before: str, form: Form) -> str:
    """The word before a day that makes it a deadline, with what stands between the two."""
    if _AWAY.search(head):
        return ""
    if form.span:
        found = _WITHIN.search(before)
    else:
        found = _BY.search(before)
        if not found and (until := _UNTIL.search(before)) and _GIVES_TIME.search(head):
            found = until
    return found[0] if found else ""


def _looks_ahead(text: str, start: int, *, deadline: bool) -> bool:
    """Whether a relative day can only be one to come."""
    head, rest = text[max(0, start - _SENTENCE) : start], text[start : start + _SENTENCE]
    clause = _CLAUSE.split(head)[-1]
    if _BEHIND.search(clause) or _REPORTS.search(head):
        return False
    return deadline or bool(_AHEAD.search(clause + _CLAUSE.split(rest, maxsplit=1)[0]))


def _whole_range(text: str, start: int, end: int) -> tuple[int, int]:
    """Take in "6 or" before a day and "or Monday" behind it: then it is no single day."""
    before = _RANGE_BEFORE.search(text[max(0, start - _LOOK_BACK) : start])
    if before:
        start -= len(before[0])
    after = _RANGE_AFTER.match(text[end:])
    return start, end + (len(after[0]) if after else 0)
