"""`triage status`, `show`, `retry`, `resolve`, `merge`: what is open, and what to do about it."""

from __future__ import annotations

import getpass
import json
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.options import ConfigOption, config_path, fail

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from triage.app import Settings
    from triage.store.engine import Store

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    for verb in (status, show, retry, hand, resolve, merge):
        app.command()(verb)


def _opened(config: Path | None) -> tuple[Settings, Store]:
    from triage import app  # noqa: PLC0415

    settings = app.load_settings(config_path(config))
    return settings, app.open_store(settings.config.store, create=False)


def status(config: ConfigOption = None, *, as_json: AsJson = False) -> None:
    """Open cases, mail for review, briefs not sent, and how mailboxes and the model do."""
    from triage import app_models, sharing  # noqa: PLC0415
    from triage.cli import case_json, case_report, learning_report, policy_report  # noqa: PLC0415
    from triage.examples.conflicts import conflicts  # noqa: PLC0415
    from triage.exchange import held  # noqa: PLC0415
    from triage.pipeline.repeats import repeated_matters  # noqa: PLC0415
    from triage.store import cases, inbox, mailboxes, moves, outbox, storms  # noqa: PLC0415

    settings, store = _opened(config)
    labelled = held(store)
    against = len(conflicts(labelled))
    with store.read() as tx:
        open_cases = cases.unresolved(tx)
        unsent = outbox.unfinished(tx)
        review = inbox.unsure(tx, 20)
        boxes = mailboxes.everything(tx)
        counts = inbox.outcomes(tx)
        tag_folders = moves.folders(tx)
        gales = [storm for storm in storms.unresolved(tx) if storm.over_at is None]
        learning = app_models.gather(tx, settings.config, time.time())
        again = repeated_matters(tx, time.time(), settings.policy)
        shared = sharing.gather(tx, store)
    store.close()
    if as_json:
        found = {
            "cases": [case_json.case(case) for case in open_cases],
            "outbox": [case_json.brief(row) for row in unsent],
            "storms": [case_json.storm(storm) for storm in gales],
            "review": [case_json.mail(mail) for mail in review],
            "mailboxes": [case_json.mailbox(box) for box in boxes],
            "tag_folders": [case_json.tag_folder(folder) for folder in tag_folders],
            "labels": {"labelled": len(labelled), "conflicts": against},
            "counts": {action or "waiting": number for action, number in counts.items()},
            "learning": learning_report.to_json(learning),
            "repeated": [case_json.repeated(each) for each in again],
            "sharing": sharing.as_json(shared),
        }
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    zone = settings.config.firm.timezone
    case_report.print_cases(open_cases, zone)
    _say(f"Case {each.case_id}. {policy_report.storm_line(each, zone)}" for each in gales)
    _say(case_report.repeated_lines(again))
    _say(case_report.outbox_lines(unsent, zone))
    _say(case_report.review_lines(review))
    _say(case_report.mailbox_lines(boxes, zone))
    _say(case_report.tag_folder_lines(tag_folders, zone))
    _say(sharing.lines(shared))
    _say(case_report.label_lines(len(labelled), against))
    _say(learning_report.lines(learning, zone))
    parts = ", ".join(f"{number} {action or 'waiting'}" for action, number in counts.items())
    typer.echo(f"Mail so far: {parts or 'none'}")


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def show(
    case: Annotated[int | None, typer.Argument(help="Number of the case.")] = None,
    config: ConfigOption = None,
    *,
    mail: Annotated[
        int | None, typer.Option("--mail", metavar="NUMBER", help="Show this mail instead.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """One case with everything that happened; or, with --mail, one mail with its text."""
    if (case is None) == (mail is None):
        fail("name one case, as in `triage show 12`, or one mail: `triage show --mail 118`", 2)
    if case is not None:
        _show_case(case, config, as_json=as_json)
    if mail is not None:
        _show_mail(mail, config, as_json=as_json)


def _show_case(case: int, config: Path | None, *, as_json: bool) -> None:
    from triage.cli import case_json, case_report  # noqa: PLC0415
    from triage.store import audit, cases, inbox, outbox  # noqa: PLC0415

    settings, store = _opened(config)
    with store.read() as tx:
        found = cases.get(tx, case)
        mails = inbox.of_case(tx, case)
        notices = outbox.of_case(tx, case)
        trail = audit.of_case(tx, case)
    if as_json:
        whole = {
            "case": case_json.case(found),
            "mails": [case_json.mail(mail) for mail in mails],
            "outbox": [case_json.brief(row) for row in notices],
            "trail": [case_json.event(entry) for entry in trail],
        }
        typer.echo(json.dumps(whole, ensure_ascii=False, indent=2))
        return
    _say(case_report.case_lines(found, mails, notices, trail, settings.config.firm.timezone))


def _show_mail(number: int, config: Path | None, *, as_json: bool) -> None:
    from triage.cli import case_json, case_report  # noqa: PLC0415
    from triage.parsing import parse  # noqa: PLC0415 - loads the parsers
    from triage.store import inbox  # noqa: PLC0415

    settings, store = _opened(config)
    with store.read() as tx:
        mail = inbox.decided(tx, number)
        content = inbox.load(tx, number).raw.content
        verdict = inbox.verdict_row(tx, number)
    email = parse(content) if content else None
    evidence = verdict["evidence"] if verdict else []
    if as_json:
        new = {"evidence": evidence, "new_text": email.new_text if email else ""}
        typer.echo(json.dumps(case_json.mail(mail) | new, ensure_ascii=False, indent=2))
        return
    said = [(each["tag"], each["sentence"]) for each in evidence]
    _say(case_report.mail_lines(mail, email, said, settings.config.firm.timezone))


def retry(
    brief: Annotated[int, typer.Argument(help="Number of the brief in the outbox.")],
    config: ConfigOption = None,
    *,
    arrived: Annotated[
        bool, typer.Option("--arrived", help="A held brief is there: count it as sent instead.")
    ] = False,
) -> None:
    """Send a failed, held or waiting brief at the next opportunity."""
    from triage.pipeline import settling  # noqa: PLC0415

    _, store = _opened(config)
    settle = settling.count_as_sent if arrived else settling.send_again
    with store.write() as tx:
        row, done = settle(tx, brief, by=getpass.getuser(), now=time.time())
    if not done:
        typer.echo(
            f"triage: brief {brief} to {row.recipient} is {row.state}; left as it is", err=True
        )
        raise typer.Exit(1)
    became = "counts as sent" if arrived else "is queued again"
    typer.echo(f"brief {brief} to {row.recipient} {became}")


def hand(
    case: Annotated[int, typer.Argument(help="Number of the case.")],
    person: Annotated[str, typer.Argument(help="Who is to have it: an id of policy.toml.")],
    config: ConfigOption = None,
) -> None:
    """Hand an open case to somebody. They get a brief, and have to take it up in time."""
    from triage import app  # noqa: PLC0415
    from triage.app_labels import make_labeller  # noqa: PLC0415
    from triage.pipeline.explain import newest_told  # noqa: PLC0415
    from triage.pipeline.handing import Handing  # noqa: PLC0415

    settings, store = _opened(config)
    known = settings.policy.people
    if person not in known:
        fail(f"no such person: {person}; write one of {', '.join(known)}", 2)
    labeller = make_labeller(settings, app.make_writer(settings))
    by = getpass.getuser()
    with store.write() as tx:
        Handing(rewriter=labeller.rewriter).hand(
            tx,
            case,
            newest_told(tx, case),
            known[person],
            by=by,
            who=by,
            now=time.time(),
        )
    typer.echo(f"case {case} is {known[person].name}'s, who will get a brief")


class YesOrNo(StrEnum):
    """An answer."""

    YES = "yes"
    NO = "no"


def resolve(
    case: Annotated[int, typer.Argument(help="Number of the case.")],
    config: ConfigOption = None,
    *,
    outcome: Annotated[str, typer.Option("--outcome", help="One line: how it ended.")] = "",
    recurs: Annotated[
        YesOrNo | None, typer.Option("--recurs", help="Whether it could happen again.")
    ] = None,
) -> None:
    """Close a case, and say how it ended. A new tagged mail in the same thread opens another."""
    from triage.pipeline.closing import close  # noqa: PLC0415
    from triage.summary.ending import ending_in_words  # noqa: PLC0415

    _, store = _opened(config)
    again = None if recurs is None else recurs is YesOrNo.YES
    line = " ".join(outcome.split())
    with store.write() as tx:
        done = close(tx, case, outcome=line, recurs=again, by=getpass.getuser(), now=time.time())
    typer.echo(f"case {case} is resolved" if done.closed else f"case {case} was resolved before")
    if done.noted:
        typer.echo(f"kept how it ended: {ending_in_words(line, recurs=again)}")
    if done.asks_outcome or done.asks_recurs:
        typer.echo(
            "How did it end, and could it happen again? "
            f'triage resolve {case} --outcome "..." --recurs yes|no',
            err=True,
        )


def merge(
    case: Annotated[int, typer.Argument(help="Number of the case that is to stand.")],
    others: Annotated[list[int], typer.Argument(help="Cases that are the same matter.")],
    config: ConfigOption = None,
) -> None:
    """Make cases one that are the same matter, as in `triage merge 12 15`. Nobody is told anew.

    Mails, briefs and reminders move along, so that an answer to any brief reaches the one case. An
    open case never becomes part of a closed one: then the open one stands.
    """
    from triage.store import cases  # noqa: PLC0415
    from triage.store.uniting import unite  # noqa: PLC0415

    _, store = _opened(config)
    with store.write() as tx:
        for number in (case, *others):
            cases.get(tx, number)
        united = [unite(tx, case, each, by=getpass.getuser(), now=time.time()) for each in others]
    for number, pair in zip(others, united, strict=True):
        if pair:
            typer.echo(f"case {pair[1].id} is part of case {pair[0].id}")
        else:
            typer.echo(f"case {number} and case {case} are one case already")
