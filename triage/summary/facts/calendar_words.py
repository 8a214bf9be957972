"""Names of days and months in English, German, French and Spanish, as people write them."""

from __future__ import annotations

import re

_WEEKDAYS = (
    "monday mon montag lundi lunes",
    "tuesday tues tue dienstag mardi martes",
    "wednesday wed mittwoch mercredi miércoles miercoles",
    "thursday thurs thur thu donnerstag jeudi jueves",
    "friday fri freitag vendredi viernes",
    "saturday sat samstag sonnabend samedi sábado sabado",
    "sunday sun sonntag dimanche domingo",
)
_MONTHS = (
    "january jan januar jänner janvier enero",
    "february feb februar février fevrier febrero",
    "march mar märz maerz mars marzo",
    "april apr avril abril",
    "may mai mayo",
    "june jun juni juin junio",
    "july jul juli juillet julio",
    "august aug août aout agosto",
    "september sept sep septembre septiembre",
    "october oct oktober okt octobre octubre",
    "november nov novembre noviembre",
    "december dec dezember dez décembre diciembre",
)
_SHORT = 5  # letters; so short a name must begin with a capital, since "sun", "may" are words too
_LOWER = frozenset({"mars", "mai", "mayo", "juin", "abril", "avril", "enero", "julio", "junio"}) | {
    "août",
    "marzo",
    "lundi",
    "mardi",
    "jeudi",
    "lunes",
}  # French and Spanish write them small


def _numbers(names: tuple[str, ...], first: int) -> dict[str, int]:
    return {name: n for n, line in enumerate(names, first) for name in line.split()}


WEEKDAYS = _numbers(_WEEKDAYS, 0)  # Monday is 0
MONTHS = _numbers(_MONTHS, 1)


def _pattern(names: dict[str, int]) -> str:
    """A pattern for any of these names; short ones with a capital letter only."""
    long_names = [n for n in names if len(n) > _SHORT]
    short_names = [n for n in names if len(n) <= _SHORT]
    spelt = [f"(?i:{re.escape(n)})" for n in sorted(long_names, key=len, reverse=True)]
    for name in sorted(short_names, key=len, reverse=True):
        spelt += [re.escape(name.capitalize()), re.escape(name.upper())]
        spelt += [re.escape(name)] if name in _LOWER else []
    return rf"(?:{'|'.join(spelt)})(?![\w-]|\.\w)"


WEEKDAY = _pattern(WEEKDAYS)
MONTH = _pattern(MONTHS)
