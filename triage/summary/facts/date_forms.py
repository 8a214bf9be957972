"""The ways in which people write a day, in English, German, French and Spanish.

Rule: a form says where a day stands and how to work it out; whether it is one to wait for, the
words around it must say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.summary.facts import days
from triage.summary.facts.calendar_words import MONTH, WEEKDAY

if TYPE_CHECKING:
    from triage.summary.facts.days import Resolver

_ZONE = r"(?:\s(?:[ECMP][SD]T|CES?T|EES?T|WES?T|UTC|GMT|BST|IST|ET|PT)\b)?"
_TIME = (
    r"(?:(?:[01]?\d|2[0-4])(?:[:.][0-5]\d)?\s?(?:[ap]\.m\.|[aApP][mM]\b|Uhr\b|o['\u2019]clock\b)"
    r"|(?:[01]?\d|2[0-3])\s?h(?:[0-5]\d)?\b|(?:[01]?\d|2[0-3]):[0-5]\d(?![:\d])"
    rf"|(?i:noon|midday|midnight)\b){_ZONE}"
)
_CLOSE = (
    r"(?i:(?:eod|cob|eob)\b|(?:the )?close of (?:business|play)|"
    r"(?:the )?end of (?:the )?(?:business |working )?day)"
)
_LEFT = rf"(?:(?:{_TIME}|{_CLOSE}),?\s(?:(?:on|am|of)\s)?)?"
_RIGHT = (
    rf"(?:,?\s(?:(?:at|by|before|um|\u00e0|a las|bis)\s)?(?:{_TIME}|{_CLOSE})"
    r"|\s(?i:morning|afternoon|evening|night|lunchtime|fr\u00fch|vormittag|nachmittag|abend|"
    r"matin)\b)?"
    r"(?P<latest>,?\s(?i:at the (?:very )?latest|sp\u00e4testens|au plus tard|"
    r"a m\u00e1s tardar)\b)?"
)
_YEAR = r"(?:\s?,?\s(?:de\s|del\s)?(?P<y>(?:19|20)\d{2})\b)?"
_DAY_MONTH = (
    rf"(?<![\d.,:/-])(?P<d>[0-3]?\d)(?:st|nd|rd|th|er|\.|\u00ba)?\s?(?:of\s|"
    rf"de\s)?(?P<m>{MONTH})\.?{_YEAR}"
)
_MONTH_DAY = (
    rf"(?<![\w])(?P<m2>{MONTH})\.?\s(?:the\s)?(?P<d2>[0-3]?\d)(?:st|nd|rd|th)?(?![\d.,]*\d|\s?%)"
    r"(?:\s?,?\s(?P<y2>(?:19|20)\d{2})\b)?"
)
_DOTTED = (
    r"(?<![\w.,/-])(?P<d>[0-3]?\d)\.\s?(?P<m>[01]?\d)\.\s?(?P<y>20\d{2}|\d{2})(?![\w./-]|[.,]\d)"
)
_ISO = r"(?<![\w./-])(?P<y>20\d{2})-(?P<m>[01]\d)-(?P<d>[0-3]\d)(?![\w/-]|\.\w|[ T]\d\d:\d\d:\d\d)"
_OPEN = r"(?<![\w./@-])"


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write a day. `relative`: it says nothing without knowing when it was written.

    `bare`: it counts without a word such as "by" before it. `span`: it counts behind "within".
    """

    pattern: re.Pattern[str]
    resolve: Resolver
    relative: bool = True
    bare: bool = True
    span: bool = False


def _form(core: str, resolve: Resolver, *, relative: bool = True, bare: bool = True) -> Form:
    return Form(re.compile(rf"{_LEFT}(?:{core}){_RIGHT}"), resolve, relative, bare)


def _span_form(core: str, resolve: Resolver) -> Form:
    return Form(re.compile(_OPEN + core), resolve, bare=False, span=True)


_WITH_WEEKDAY = rf"(?P<w>{WEEKDAY})\.?,?\s(?:the\s|den\s|dem\s|le\s|el\s)?"
_END_OF = (
    r"(?i:(?:the\s)?end of|ende(?:\sdes)?|(?:la\s)?fin(?:\sde)?(?:\sdu|\sl[ea])?|"
    r"(?:a\s)?(?:finales|fines) de)\s"
)

# The first form that fits a place in a sentence has it.
FORMS = (
    _form(_ISO, days.absolute, relative=False),
    _form(_WITH_WEEKDAY + _DAY_MONTH, days.absolute, relative=False),
    _form(_WITH_WEEKDAY + _MONTH_DAY, days.absolute, relative=False),
    _form(_WITH_WEEKDAY + _DOTTED, days.absolute, relative=False),
    _form(_DAY_MONTH, days.absolute, relative=False),
    _form(_MONTH_DAY, days.absolute, relative=False),
    _form(_DOTTED, days.absolute, relative=False),
    _form(
        r"(?<![\w./-])(?P<a>[0-3]?\d)/(?P<b>[0-3]?\d)/(?P<y>20\d{2}|\d{2})(?![\w/-]|\.\d)",
        days.slashed,
        relative=False,
    ),
    _form(
        r"(?<![\w./-])(?!24/7)(?P<a>[0-3]?\d)/(?P<b>[0-3]?\d)(?P<y>)(?![\w/%-]|\.\d)",
        days.slashed,
        relative=False,
        bare=False,
    ),
    _form(
        rf"{_OPEN}(?:(?P<next>(?i:next week|n\u00e4chste Woche))(?:\son)?\s(?P<w>{WEEKDAY}))",
        days.weekday,
    ),
    _form(
        rf"{_OPEN}(?:(?P<which>(?i:this|next|coming|diesen|kommenden|n\u00e4chsten|ce|este|"
        rf"pr\u00f3ximo))"
        rf"\s(?:coming\s)?)?(?<!(?i:black|.good|"
        rf".wild)\s)(?P<w>{WEEKDAY})(?!['\u2019]?s\b\s(?:of|in)\b)"
        r"(?:\s(?:of\s)?(?:(?P<next>(?i:next week|n\u00e4chster? Woche))|(?P<this>(?i:this week))"
        r"|(?i:prochain|pr\u00f3ximo))\b)?",
        days.weekday,
    ),
    _form(
        (
            rf"{_OPEN}(?i:(?:the\s)?day after tomorrow|\u00fcbermorgen|apr\u00e8s-demain|"
            rf"pasado ma\u00f1ana)\b"
        ),
        days.days_ahead(2),
    ),
    _form(rf"{_OPEN}(?i:tomorrow|tmrw|demain)\b", days.days_ahead(1)),
    _form(
        (
            rf"{_OPEN}(?:(?<!(?i:guten)\s)morgen(?=\s(?:um|fr\u00fch|abend|mittag|nachmittag)\b)|"
            rf"ma\u00f1ana(?=\sa las\b))"
        ),
        days.days_ahead(1),
    ),
    _form(rf"{_OPEN}(?i:morgen|ma\u00f1ana)\b", days.days_ahead(1), bare=False),
    _form(
        rf"{_OPEN}(?i:today|tonight|heute|aujourd['\u2019]hui|hoy|this (?:afternoon|evening))\b",
        days.days_ahead(0),
    ),
    _form(
        rf"{_OPEN}(?:{_END_OF}(?:(?i:the|this|diesen|dieses|ce|este)\s)?"
        r"(?:(?P<next>(?i:next month|n\u00e4chsten Monats))|(?i:month|monats?|mois|mes))\b"
        rf"|{_END_OF}(?:de\s)?(?P<m>{MONTH})\.?(?:\s(?:de\s)?(?P<y>20\d{{2}}))?"
        r"|(?i:month[- ]end|monatsende|EOM)\b)",
        days.end_of_month,
    ),
    _form(
        rf"{_OPEN}(?i:end of (?:the |this )?year|year[- ]end|(?:ende des jahres|jahresende))\b",
        days.end_of_year,
    ),
    _form(
        rf"{_OPEN}(?i:(?:the )?end of (?:the |this |next )?(?:week|quarter|sprint)|EOW"
        r"|ende (?:der|dieser|n\u00e4chster) woche|(?:la )?fin de (?:la )?semaine|fin de semana"
        r"|(?:the )?end of Q[1-4]|Q[1-4]|(?:mid|early|late)[- ](?:next )?(?:week|month))\b"
        rf"|{_OPEN}(?i:next|this|n\u00e4chste|n\u00e4chsten)\s(?i:week|month|quarter|woche|monat)\b"
        rf"|{_OPEN}(?:(?i:mid|early|late)[- ])?{MONTH}(?:\s20\d{{2}})?(?!\s?\d)",
        days.left_as_written,
        bare=False,
    ),
    _form(
        (
            r"(?<![\w.,/-])(?P<d>[0-3]?\d)(?:st|nd|rd|th)\b(?=\s*(?:[.,;:!?)]|$|\s(?:at|or|and|"
            r"so|if)\b))"
        ),
        days.ordinal,
        bare=False,
    ),
    _span_form(
        rf"(?P<n>\d{{1,3}}|{'|'.join(days.NUMBERS)})\s(?P<unit>(?i:hours?|hrs?|days?|weeks?))\b"
        r"(?!\s(?i:of|from|after|ago)\b)",
        days.within,
    ),
    _span_form(r"\d{1,3}\s(?i:business|working)\s(?i:days?|hours?)\b", days.left_as_written),
    Form(re.compile(rf"{_OPEN}{_CLOSE}(?P<latest>,?\sat the latest\b)?"), days.end_of_day),
    Form(
        re.compile(rf"{_OPEN}(?P<time>{_TIME})(?P<latest>,?\sat the latest\b)?"),
        days.clock_time,
        bare=False,
    ),
)
