"""Which country's holidays a firm has, as far as its time zone tells. Pure but for one table."""

from __future__ import annotations

from importlib.resources import files

from triage.holiday_dates import is_known_country


def country_of(timezone: str) -> str:
    """The country of a time zone by its two letters; "" where the zone does not tell.

    The table `zone.tab` comes with the time zones themselves: country, place, zone, remarks.
    """
    try:
        table = files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    except (ModuleNotFoundError, OSError):
        return ""
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    found = next((row[0] for row in rows if len(row) > 2 and row[2] == timezone), "")  # noqa: PLR2004 - columns
    return found if found and is_known_country(found) else ""
