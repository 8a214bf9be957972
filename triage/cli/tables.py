"""Tables for a terminal, with hostile text made harmless."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


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


def when(epoch_s: float | None) -> str:
    """Local date and time, to the minute; a dash for none."""
    if epoch_s is None:
        return "-"
    return datetime.fromtimestamp(epoch_s, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
