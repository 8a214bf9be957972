"""`triage status`, `show`, `retry`, `resolve`, `label`: what is open, and what to do about it."""

from __future__ import annotations

import getpass
import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.options import ConfigOption, config_path, fail

if TYPE_CHECKING:
    from pathlib import Path

    from triage.app import Settings
    from triage.store.cases import Case
    from triage.store.engine import Store
    from triage.store.inbox import Decided
    from triage.store.mailboxes import Mailbox
    from triage.store.outbox import OutboxRow

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    for verb in (status, show, retry, resolve, label):
        app.command()(verb)


def _opened(config: Path | None) -> tuple[Settings, Store]:
    from triage import app  # noqa: PLC0415

    settings = app.load_settings(config_path(config))
    return settings, app.open_store(settings.config.store, create=False)


def status(config: ConfigOption = None, *, as_json: AsJson = False) -> None:
    """Open cases, mail for review, briefs not sent, and how each mailbox does."""
    from triage.store import cases, inbox, mailboxes, outbox  # noqa: PLC0415

    _, store = _opened(config)
    with store.read() as tx:
        open_cases = cases.unresolved(tx)
        unsent = outbox.unfinished(tx)
        review = inbox.unsure(tx, 20)
        boxes = mailboxes.everything(tx)
        counts = inbox.outcomes(tx)
    if as_json:
        found = {
            "cases": [_case_json(case) for case in open_cases],
            "outbox": [_outbox_json(row) for row in unsent],
            "review": [_message_json(mail) for mail in review],
            "mailboxes": [_mailbox_json(box) for box in boxes],
            "counts": {action or "waiting": number for action, number in counts.items()},
        }
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    _print_cases(open_cases)
    _print_outbox(unsent)
    _print_review(review)
    _print_mailboxes(boxes)
    parts = ", ".join(f"{number} {action or 'waiting'}" for action, number in counts.items())
    typer.echo(f"Mail so far: {parts or 'none'}")


def show(
    case: Annotated[int, typer.Argument(help="Number of the case.")],
    config: ConfigOption = None,
    *,
    as_json: AsJson = False,
) -> None:
    """One case: its mails, the briefs and their fate, and everything that happened."""
    from triage.store import audit, cases, inbox, outbox  # noqa: PLC0415

    _, store = _opened(config)
    with store.read() as tx:
        found = cases.get(tx, case)
        mails = inbox.of_case(tx, case)
        notices = outbox.of_case(tx, case)
        trail = audit.of_case(tx, case)
    if as_json:
        whole = {
            "case": _case_json(found),
            "mails": [_message_json(mail) for mail in mails],
            "outbox": [_outbox_json(row) for row in notices],
            "trail": [{"at": e.at, "action": e.action, "detail": e.detail} for e in trail],
        }
        typer.echo(json.dumps(whole, ensure_ascii=False, indent=2))
        return
    from triage.cli.tables import plain, when  # noqa: PLC0415

    typer.echo(f"Case {found.id}: {plain(found.subject)}")
    typer.echo(f"  {found.status}, {found.urgency.label}, {', '.join(found.tags) or 'no tag'}")
    typer.echo(f"  about {plain(found.client)}, since {when(found.opened_at)}")
    if found.outcome:
        typer.echo(f"  outcome: {plain(found.outcome)}")
    typer.echo("Mails")
    for mail in mails:
        scores = " ".join(f"{tag} {score:.2f}" for tag, score in (mail.scores or {}).items())
        typer.echo(f"  {mail.id}  {when(mail.received_at)}  {plain(mail.sender)}  [{mail.action}]")
        typer.echo(f"      {plain(mail.subject)}")
        typer.echo(f"      {scores}  model {mail.model or '-'}  policy {mail.policy or '-'}")
    typer.echo("Briefs")
    for row in notices:
        typer.echo(f"  {row.id}  {row.recipient}  {row.occasion}: {row.state} {plain(row.detail)}")
    typer.echo("What happened")
    for entry in trail:
        typer.echo(f"  {when(entry.at)}  {entry.action}  {plain(entry.detail)}")


def retry(
    brief: Annotated[int, typer.Argument(help="Number of the brief in the outbox.")],
    config: ConfigOption = None,
) -> None:
    """Send a failed, held or waiting brief at the next opportunity."""
    from triage.store import audit, outbox  # noqa: PLC0415

    _, store = _opened(config)
    now = time.time()
    with store.write() as tx:
        row = outbox.retry(tx, brief, now)
        again = row.state in {"failed", "held", "queued"}
        if again:
            detail = f"by {getpass.getuser()}"
            audit.note(tx, "retried", now=now, case_id=row.case_id, outbox_id=brief, detail=detail)
    if not again:
        typer.echo(
            f"triage: brief {brief} to {row.recipient} is {row.state}; left as it is", err=True
        )
        raise typer.Exit(1)
    typer.echo(f"brief {brief} to {row.recipient} is queued again")


def resolve(
    case: Annotated[int, typer.Argument(help="Number of the case.")],
    config: ConfigOption = None,
    *,
    outcome: Annotated[str, typer.Option("--outcome", help="One line: how it ended.")] = "",
) -> None:
    """Close a case. A new tagged mail in the same thread opens another."""
    from triage.store import audit, cases  # noqa: PLC0415

    _, store = _opened(config)
    now = time.time()
    with store.write() as tx:
        closed = cases.resolve(tx, case, outcome, now)
        if closed:
            audit.note(tx, "resolved", now=now, case_id=case, detail=outcome)
    typer.echo(f"case {case} is resolved" if closed else f"case {case} was resolved before")


def label(
    message: Annotated[int, typer.Argument(help="Number of the mail, as the brief shows it.")],
    tags: Annotated[list[str], typer.Argument(help="The right tags, or `none`.")],
    config: ConfigOption = None,
) -> None:
    """Say what a mail really is; `triage train` learns from it."""
    from triage.store import audit, inbox, labels  # noqa: PLC0415

    settings, store = _opened(config)
    right = [] if [tag.lower() for tag in tags] == ["none"] else [tag.lower() for tag in tags]
    unknown = [tag for tag in right if tag not in settings.policy.routes]
    if unknown:
        known = ", ".join(settings.policy.routes)
        fail(f"no such tag: {', '.join(unknown)}; write some of {known}, or none", 2)
    now = time.time()
    with store.write() as tx:
        mail = inbox.decided(tx, message)
        who = getpass.getuser()
        labels.put(tx, message, tags=right, previous=mail.tags, by=who, how="command", now=now)
        detail = f"{', '.join(mail.tags) or 'none'} -> {', '.join(right) or 'none'} by {who}"
        audit.note(tx, "labelled", now=now, case_id=mail.case_id, message_id=message, detail=detail)
    typer.echo(f"mail {message} is labelled {', '.join(right) or 'none'}; `triage train` learns it")


def _print_cases(found: list[Case]) -> None:
    from rich.table import Table  # noqa: PLC0415

    from triage.cli.tables import console, plain, when  # noqa: PLC0415

    table = Table(title=f"Open cases: {len(found)}", title_justify="left")
    for column in ("case", "urgency", "tags", "about", "subject", "since", "status"):
        table.add_column(column, overflow="fold")
    for case in found:
        state = f"{case.status} {case.acknowledged_by}".strip()
        table.add_row(
            str(case.id),
            case.urgency.label,
            ", ".join(case.tags) or "unreadable",
            plain(case.client),
            plain(case.subject, 80),
            when(case.opened_at),
            plain(state),
        )
    console().print(table)


def _print_outbox(rows: list[OutboxRow]) -> None:
    from triage.cli.tables import plain, when  # noqa: PLC0415

    typer.echo(f"Briefs not sent: {len(rows)}")
    for row in rows:
        next_step = {
            "queued": f"next attempt {when(row.next_attempt_at)}",
            "sending": "being sent, or its answer was lost",
            "held": f"look whether it arrived; then `triage retry {row.id}`",
            "failed": f"mend the cause, then `triage retry {row.id}`",
        }.get(row.state, "")
        typer.echo(f"  {row.id}  case {row.case_id}  {row.recipient}  {row.state}: {next_step}")
        if row.detail:
            typer.echo(f"      {plain(row.detail)}")


def _print_review(mails: list[Decided]) -> None:
    from triage.cli.tables import plain  # noqa: PLC0415

    typer.echo(
        f"For review, newest first: {len(mails)} (say what it is: `triage label NUMBER TAGS`)"
    )
    for mail in mails:
        typer.echo(f"  {mail.id}  {plain(mail.sender, 50)}  {plain(mail.subject, 70)}  {mail.why}")


def _print_mailboxes(boxes: list[Mailbox]) -> None:
    from triage.cli.tables import plain, when  # noqa: PLC0415

    typer.echo("Mailboxes")
    for box in boxes:
        line = f"  {box.account}/{box.folder}  last looked at {when(box.looked_at)}"
        typer.echo(line + (f"  TROUBLE since {when(box.problem_since)}" if box.problem else ""))
        if box.problem:
            typer.echo(f"      {plain(box.problem)}")


def _case_json(case: Case) -> dict[str, object]:
    return {
        "id": case.id,
        "status": case.status,
        "tags": list(case.tags),
        "urgency": case.urgency.label,
        "client": case.client,
        "subject": case.subject,
        "recipients": list(case.recipients),
        "opened_at": case.opened_at,
        "updated_at": case.updated_at,
        "acknowledged_by": case.acknowledged_by,
        "outcome": case.outcome,
    }


def _outbox_json(row: OutboxRow) -> dict[str, object]:
    return {
        "id": row.id,
        "case": row.case_id,
        "message_id": row.rfc_id,
        "occasion": row.occasion,
        "recipient": row.recipient,
        "subject": row.subject,
        "state": row.state,
        "attempts": row.attempts,
        "next_attempt_at": row.next_attempt_at,
        "detail": row.detail,
    }


def _message_json(mail: Decided) -> dict[str, object]:
    return {
        "id": mail.id,
        "ref": str(mail.ref),
        "action": mail.action,
        "why": mail.why,
        "subject": mail.subject,
        "sender": mail.sender,
        "received_at": mail.received_at,
        "tags": list(mail.tags),
        "unsure": list(mail.unsure_tags),
        "scores": dict(mail.scores or {}),
        "model": mail.model,
        "case": mail.case_id,
    }


def _mailbox_json(box: Mailbox) -> dict[str, object]:
    return {
        "account": box.account,
        "folder": box.folder,
        "uid_validity": box.uid_validity,
        "last_uid": box.last_uid,
        "looked_at": box.looked_at,
        "problem": box.problem,
    }
