"""`triage digest`: what a digest would say, printed, as a page, or sent now."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.options import WRONG_USAGE, ConfigOption, config_path, fail

if TYPE_CHECKING:
    from triage.app import Settings
    from triage.digest.model import Digest
    from triage.policy import Person


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(digest)


def digest(
    config: ConfigOption = None,
    *,
    person: Annotated[
        str, typer.Option("--person", help="Whose: a name behind [people.]. Without it: all.")
    ] = "",
    period: Annotated[str, typer.Option("--period", help="day or week.")] = "week",
    since: Annotated[
        str, typer.Option("--since", help="First day, as YYYY-MM-DD, instead of a day or week ago.")
    ] = "",
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
    send: Annotated[
        bool, typer.Option("--send", help="Send it to that person; `triage run` does so.")
    ] = False,
) -> None:
    """What happened and what is open: the digest as it would be sent now.

    Who gets one by itself, and when, stands in policy.toml. Sends nothing without --send.
    """
    from triage import app, app_digests  # noqa: PLC0415
    from triage.digest.as_json import to_json  # noqa: PLC0415
    from triage.digest.digester import send_now  # noqa: PLC0415
    from triage.digest.gather import Gatherer  # noqa: PLC0415
    from triage.pipeline.envelope import EnvelopeGuard  # noqa: PLC0415

    settings = app.load_settings(config_path(config))
    reader = _reader(settings, person)
    now = time.time()
    begin = _begin(settings, period, since, now)
    if send and reader is None:
        fail("--send needs --person: whom to send it to", WRONG_USAGE)
    letters = app_digests.make_letters(settings)
    store = app.open_store(settings.config.store, create=False)
    try:
        with store.read() as tx:
            gatherer = Gatherer(policy=settings.policy, zone=settings.config.firm.timezone)
            found = gatherer.gather(tx, reader, period, since=begin, until=now)
        written = letters.write(found)
        if html is not None:
            _write_page(html, written.html)
        if as_json:
            typer.echo(json.dumps(to_json(found), ensure_ascii=False, indent=2))
        elif not send and html is None:
            typer.echo(written.text, nl=False)
        if send and reader is not None:
            guard = EnvelopeGuard(policy=settings.policy, firm=settings.config.firm)
            queued = send_now(store, guard, letters, found, reader)
            _say_sent(found, reader, queued=queued)
    finally:
        store.close()


def _reader(settings: Settings, name: str) -> Person | None:
    people = settings.policy.people
    if name and name not in people:
        fail(f"there is no person {name!r} in the policy; it can be {', '.join(people)}", 2)
    return people[name] if name else None


def _begin(settings: Settings, period: str, since: str, now: float) -> float:
    from triage.calendars import calendar_of  # noqa: PLC0415
    from triage.digest.schedule import SPAN_S  # noqa: PLC0415

    if period not in SPAN_S:
        fail(f"--period {period!r} is neither day nor week", WRONG_USAGE)
    if not since:
        return now - SPAN_S[period]
    try:
        day = datetime.strptime(since, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day
    except ValueError:
        fail(f"--since {since!r} is no date; write it as 2026-11-01", WRONG_USAGE)
    zone = settings.config.firm.timezone
    return min(now, calendar_of(settings.policy.hours, zone).instant(day, 0))


def _write_page(path: Path, html: str) -> None:
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}; name another place")


def _say_sent(found: Digest, reader: Person, *, queued: bool) -> None:
    if not queued:
        fail(f"a {found.period}'s digest for {reader.name} was made this minute already")
    typer.echo(f"queued for {reader.name} <{reader.address}>; `triage run` sends it")
