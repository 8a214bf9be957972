"""Tables for a terminal, with hostile text made harmless."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_LINE_LIMIT = 2000


def console() -> Console:
    """Standard output; wide enough to be useful when it is a file or a pipe."""
    import sys  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    return Console(highlight=False, width=None if sys.stdout.isatty() else 140)


def plain(text: str, limit: int = 200) -> Text:
    """Text of a mail as it may be shown: one line, no control or format characters, no markup."""
    from rich.text import Text  # noqa: PLC0415

    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return Text(shown if len(shown) <= limit else shown[: limit - 1] + "…")


def paragraph(text: str) -> list[str]:
    """Text of a mail as lines that may be shown; see `plain`."""
    return [str(plain(line, _LINE_LIMIT)) for line in text.splitlines()]


def when(epoch_s: float | None, zone: str) -> str:
    """Date and time to the minute in a time zone, with its name; a dash for none.

    The name stands with every time, since it changes with the season.
    """
    if epoch_s is None:
        return "-"
    return f"{datetime.fromtimestamp(epoch_s, ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"
