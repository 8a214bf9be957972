"""`triage demo`: the whole path on the sample mailbox, offline, with a page to read."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.options import fail

if TYPE_CHECKING:
    from triage.app import Settings
    from triage.demo_page import DemoRow
    from triage.runners.embedded import EmbeddedRunner
    from triage.store.engine import Store

MARKER = ".triage-demo"  # a folder of ours may be emptied; any other may not


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(demo)


def demo(
    output: Annotated[
        Path, typer.Option("--output", help="Folder for the briefs and the page.")
    ] = Path("demo-output"),
) -> None:
    """Run a sample mailbox through the whole product: no server, nothing leaves this machine."""
    from triage import app, app_sample, logs  # noqa: PLC0415

    started = time.monotonic()
    logs.set_up(level=30)
    folder = _fresh(output)
    settings = app_sample.lay_out(folder)
    number = len(app_sample.mails(folder))
    typer.echo(f"A sample week in a shared inbox: {number} mails.", err=True)
    store = app.open_store(settings.config.store)
    try:
        runner = app_sample.make_runner(settings, store, app.load_classifier(settings))
        _work(runner, number)
        rows = _rows(runner, folder)
        digest = _digest(settings, store)
    finally:
        store.close()
    page = _write_page(runner, rows, folder, time.monotonic() - started, digest)
    _print_table(rows)
    _say_next(page, folder)


def _fresh(output: Path) -> Path:
    folder = output.absolute()
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        fail(f"{folder} holds other things; choose an empty folder with --output", 2)
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        (folder / MARKER).touch()
    except OSError as error:
        fail(f"{folder}: {error.strerror}; choose another folder with --output", 2)
    return folder


def _work(runner: EmbeddedRunner, expected: int) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    from triage import app_sample  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, transient=False) as progress:
        task = progress.add_task("Reading and deciding", total=expected)
        app_sample.work(runner, lambda _outcome: progress.advance(task))


def _rows(runner: EmbeddedRunner, folder: Path) -> list[DemoRow]:
    import hashlib  # noqa: PLC0415

    from triage.app_sample import mails  # noqa: PLC0415
    from triage.store import inbox  # noqa: PLC0415

    file_of = {hashlib.sha256(path.read_bytes()).hexdigest(): path.name for path in mails(folder)}
    with runner.sender.store.read() as tx:
        ids = [mail.id for mail in inbox.latest(tx, 1000)]
        rows = [_row(runner, message_id, file_of) for message_id in ids]
    return sorted(rows, key=lambda row: row.file)


def _row(runner: EmbeddedRunner, message_id: int, file_of: dict[str, str]) -> DemoRow:
    from datetime import UTC, datetime  # noqa: PLC0415

    from triage.channels.folder import file_name  # noqa: PLC0415
    from triage.demo_page import DemoRow, gist  # noqa: PLC0415
    from triage.parsing import parse  # noqa: PLC0415
    from triage.store import inbox, outbox  # noqa: PLC0415
    from triage.summary.people import organisation  # noqa: PLC0415

    people = {p.address: p.name for p in runner.decider.policy.people.values()}
    with runner.sender.store.read() as tx:
        mail = inbox.decided(tx, message_id)
        stored = inbox.load(tx, message_id)
        verdict = inbox.verdict_row(tx, message_id)
        briefs = outbox.of_case(tx, mail.case_id) if mail.case_id else []
        sent = [row for row in briefs if row.message_id == message_id]
        notices = [outbox.notice(tx, row.id) for row in sent]
    evidence = verdict["evidence"] if verdict else []
    found = (each["sentence"] for each in evidence if each["tag"] in mail.tags)
    sentences = list(dict.fromkeys(found))
    email = parse(stored.raw.content)
    return DemoRow(
        file=file_of.get(stored.sha256, "?"),
        subject=mail.subject,
        sender=mail.sender,
        action=mail.action,
        tags=mail.tags if mail.action in {"escalated", "joined"} else (),
        scores=mail.scores or {},
        why=mail.why,
        case_id=mail.case_id,
        recipients=tuple(people.get(n.recipient, n.recipient) for n in notices),
        urgency=sent[0].urgency.label if sent else "",
        brief_html=_html(notices[0].content) if notices else None,
        brief_file=f"briefs/{file_name(notices[0])}" if notices else None,
        client=organisation(mail.client.rpartition("@")[2]),
        gist=gist(sentences[:2], email.new_text),
        received_at=email.date or datetime.fromtimestamp(mail.received_at, UTC),
    )


def _html(content: bytes) -> str | None:
    from email import message_from_bytes, policy  # noqa: PLC0415

    part = message_from_bytes(content, policy=policy.default).get_body(("html",))
    return str(part.get_content()) if part else None


def _digest(settings: Settings, store: Store) -> str:
    """What the first of management would get of the sample week, as a page."""
    from triage import app_digests  # noqa: PLC0415
    from triage.digest.gather import Gatherer  # noqa: PLC0415
    from triage.digest.schedule import SPAN_S  # noqa: PLC0415

    policy, now = settings.policy, time.time()
    reader = policy.people[policy.management[0]]
    gatherer = Gatherer(policy=policy, zone=settings.config.firm.timezone)
    with store.read() as tx:
        found = gatherer.gather(tx, reader, "week", since=now - SPAN_S["week"], until=now)
    return app_digests.make_letters(settings).write(found).html


def _write_page(
    runner: EmbeddedRunner, rows: list[DemoRow], folder: Path, duration_s: float, digest: str
) -> Path:
    from triage.demo_page import DemoMeta, write_index  # noqa: PLC0415

    policy = runner.decider.policy
    classifier = runner.decider.classifier
    meta = DemoMeta(
        firm=runner.decider.firm.name,
        tags=classifier.tags,
        titles={tag: route.title for tag, route in policy.routes.items()},
        model=classifier.version,
        duration_s=duration_s,
        mailbox=folder / "mailbox",
        digest_html=digest,
    )
    return write_index(folder, rows, meta)


def _print_table(rows: list[DemoRow]) -> None:
    from rich.table import Table  # noqa: PLC0415

    from triage.cli.tables import console, plain  # noqa: PLC0415

    table = Table(title="What was decided, and why", title_justify="left")
    for column in ("mail", "from", "subject", "decision", "tags", "why"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            row.file.partition("-")[0],
            plain(row.sender.partition(" <")[0], 22),
            plain(row.subject, 40),
            row.outcome,
            ", ".join(row.tags),
            plain(row.why, 70),
        )
    console().print(table)


def _say_next(page: Path, folder: Path) -> None:
    typer.echo(f"Briefs, as the managers would get them: {folder / 'briefs'}")
    typer.echo(f"Read them in a browser: open {page}")
    typer.echo("Click through all of it: `triage serve`, which shows this mailbox where there is")
    typer.echo("      no triage.toml yet.")
    typer.echo("Next: point it at your own inbox with `triage init` (five questions),")
    typer.echo("      then `triage run --dry-run` to see what it would send, sending nothing.")
