"""What a brief says of a client: their history with us, and what they have heard in this matter."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from triage.summary.wording import clean_line, moment, short_moment, shorten

if TYPE_CHECKING:
    from datetime import datetime

    from triage.messages import ClientView

OUTCOME_LIMIT = 100
_PERIOD = timedelta(days=30)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def history(client: ClientView, opened_at: datetime) -> str:
    """Their cases with us, such as `third case in 30 days, one in the 30 before; 2 unresolved`.

    And how the last one ended, where somebody has said. `opened_at`: when this case was opened; it
    counts as one of them.
    """
    last = shorten(clean_line(client.last_outcome), OUTCOME_LIMIT)
    said = _counted(client, opened_at)
    return f"{said}; the last one ended: {last}" if last else said


def _counted(client: ClientView, opened_at: datetime) -> str:
    if not client.opened:
        return "first case with us"
    lately = sum(opened_at - at <= _PERIOD for at in client.opened)
    before = sum(_PERIOD < opened_at - at <= 2 * _PERIOD for at in client.opened)
    unresolved = f"; {_number(client.unresolved)} unresolved" if client.unresolved else ""
    if not (lately or before):
        return f"first case in 60 days, {_number(len(client.opened))} before that{unresolved}"
    return f"{_ordinal(lately + 1)} case in 30 days, {_number(before)} in the 30 before{unresolved}"


def informed(client: ClientView, timezone: str) -> str:
    """When they last heard from us, since when they wait and until when to write to them next."""
    said = []
    if client.answered_at:
        by = f" by {client.answered_by}" if client.answered_by else ""
        said.append(f"last answered {short_moment(client.answered_at, timezone)}{by}")
    if client.waiting_since:
        yet = "" if client.answered_at else "not answered yet, "
        said.append(f"{yet}waiting since {short_moment(client.waiting_since, timezone)}")
    if client.update_by:
        said.append(f"next word to them by {short_moment(client.update_by, timezone)}")
    return "; ".join(said)


def next_update(client: ClientView, timezone: str) -> str:
    """Until when they are to hear from us, in full; empty where the policy sets no time."""
    return moment(client.update_by, timezone) if client.update_by else ""


def _ordinal(count: int) -> str:
    return _ORDINALS[count - 1] if count <= len(_ORDINALS) else f"{count}th"


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)
