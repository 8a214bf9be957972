"""Take addresses, telephone numbers and card numbers out of a text.

Rules: rather too much than too little, since the words around a number teach the classifier and the
number does not; dates, times and sums stay; time is linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.examples.record import Event, Record

ADDRESS, PHONE, CARD, NUMBER = "[address]", "[phone]", "[card]", "[number]"
CARD_DIGITS = range(13, 20)  # ISO/IEC 7812
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # twice each digit, its own digits added
PHONE_DIGITS = 15  # at most (ITU-T E.164); longer ones are account numbers and the like

_ADDRESS = re.compile(r"[\w.+%&'*/=?^{|}~#!$-]{1,64}@(?:[\w-]{1,63}\.)*[\w-]{1,63}")
_GAP = r" \u00a0\u2009\u202f.\u2010-\u2014/\-"
_DIGITS = re.compile(rf"\d(?:[{_GAP}]?\d){{12,}}")
_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_KEPT = "|".join(
    [
        rf"{_YEAR}[-./]{_MONTH}[-./]{_DAY}",
        rf"{_DAY}[-./]{_MONTH}[-./](?:{_YEAR}|\d\d)",
        rf"{_MONTH}[-./]{_DAY}[-./](?:{_YEAR}|\d\d)",
        r"\d{1,3}(?:\.\d{3}){1,4}(?:,\d+)?",  # a sum, or an address of the Internet Protocol
        r"\d{1,12}\.\d{1,2}",
    ]
)
_NUMBER = re.compile(
    rf"(?<![\w@])(?:(?P<kept>(?:{_KEPT})(?![./-]?\d))"
    rf"|(?P<number>\+?\(?\d(?:[{_GAP}()]{{0,3}}\d){{6,}}))(?!\w)"
)


def redact(text: str) -> str:
    """The text with a word in brackets for each address, telephone and card number."""
    text = _ADDRESS.sub(ADDRESS, text)
    text = _DIGITS.sub(lambda found: _without_cards(found[0]), text)
    return _NUMBER.sub(lambda found: found["kept"] or _named(found["number"]), text)


def _named(number: str) -> str:
    return PHONE if sum(map(str.isdigit, number)) <= PHONE_DIGITS else NUMBER


def _without_cards(run: str) -> str:
    """A run of digits and gaps, with each card number in it replaced.

    A card number begins and ends at a gap, so that one behind another number is found too.
    """
    groups = [(match.start(), match.end()) for match in re.finditer(r"\d+", run)]
    out, done, index = [], 0, 0
    while index < len(groups):
        count = _card_groups(run, groups[index : index + CARD_DIGITS[-1]])
        if count:
            out += [run[done : groups[index][0]], CARD]
            done = groups[index + count - 1][1]
        index += count or 1
    return "".join([*out, run[done:]])


def _card_groups(run: str, groups: Sequence[tuple[int, int]]) -> int:
    """How many of these groups of digits make the longest card number; 0 for none."""
    digits, found = "", 0
    for number, (start, end) in enumerate(groups, start=1):
        if end - start + len(digits) > CARD_DIGITS[-1]:
            break
        digits += run[start:end]
        if len(digits) in CARD_DIGITS and is_luhn(digits):
            found = number
    return found


def is_luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    doubled = (_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(doubled)) % 10 == 0


def without_people(records: Iterable[Record]) -> list[Record]:
    """Records with the words redacted, and with "person 1" and so on for those who labelled."""
    names: dict[str, str] = {}

    def nameless(event: Event) -> Event:
        return replace(event, by=names.setdefault(event.by, f"person {len(names) + 1}"))

    return [
        replace(
            record,
            subject=redact(record.subject),
            body=redact(record.body),
            redacted=True,
            events=tuple(nameless(event) for event in record.events),
        )
        for record in records
    ]
