"""Public holidays by country and region; the only module that knows the `holidays` library.

A code is that of a country (`GB`), or of a region of one (`DE-BE`), as in ISO 3166.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from triage.tables import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

_SHOWN_REGIONS = 6
_COUNTRY_CHARS = 2


def holiday_problem(code: str) -> str:
    """Why there are no holidays for this code; "" when there are."""
    country, _, region = code.partition("-")
    known = _known()
    if country not in known or len(country) != _COUNTRY_CHARS:
        says = 'no country whose holidays are known; write its two letters, such as "GB" or "DE-BE"'
        return f'"{code}" is {says}'
    if "-" in code and region not in known[country]:
        return f'"{code}" is no region of {country}; {_regions(region, known[country])}'
    return ""


@lru_cache(maxsize=64)
def holidays_of(code: str, year: int) -> Mapping[date, str]:
    """The holidays of one year with their names, in English where the library has that.

    Raises:
        ValueError: see `holiday_problem`.
    """
    import holidays  # noqa: PLC0415 - a tenth of a second, which most commands can do without

    if says := holiday_problem(code):
        raise ValueError(says)
    country, _, region = code.partition("-")
    found = holidays.country_holidays(country, subdiv=region or None, years=year, language="en_US")
    return {day: name for day, name in found.items() if day.year == year}


def is_known_country(country: str) -> bool:
    """Whether there are holidays for a country of two letters."""
    return not holiday_problem(country)


@lru_cache(maxsize=1)
def _known() -> Mapping[str, list[str]]:
    import holidays  # noqa: PLC0415 - as above

    return holidays.list_supported_countries()


def _regions(region: str, known: list[str]) -> str:
    if len(known) <= _SHOWN_REGIONS or not known:
        return did_you_mean(region, known)
    return f"it can be {quoted(known[:_SHOWN_REGIONS])} and {len(known) - _SHOWN_REGIONS} more"
