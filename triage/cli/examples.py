"""`triage examples`: what is labelled, to look at, to take along, and to bring in."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.label import NameOption, user_name
from triage.cli.options import FAILED, WRONG_USAGE, ConfigOption, config_path, fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triage.app import Settings
    from triage.examples import Record
    from triage.examples.conflicts import Conflict, Held
    from triage.examples.files import Format
    from triage.exchange import Imported
    from triage.store.engine import Store

STREAM = "-"
FormatOption = Annotated[
    str,
    typer.Option(
        "--format", help="jsonl or csv; else by the file's name, else jsonl.", show_default=False
    ),
]

verbs = typer.Typer(no_args_is_help=True, help="Labelled mail: list, export, import.")


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(verbs, name="examples")


@verbs.command("list")
def list_(
    config: ConfigOption = None,
    *,
    conflicts: Annotated[
        bool,
        typer.Option(
            "--conflicts",
            help="Only labels that contradict each other: two people on one mail, or one text"
            " with different tags.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Who said what of which mail, when, how, and from what to what."""
    from triage.examples.conflicts import conflicts as find  # noqa: PLC0415
    from triage.exchange import held  # noqa: PLC0415

    settings, store = _opened(config)
    found = held(store)
    if as_json:
        shown = [_conflict_json(c) for c in find(found)] if conflicts else _labels_json(found)
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    zone = settings.config.firm.timezone
    lines = _conflict_lines(find(found), zone) if conflicts else _label_lines(found, zone)
    for line in lines:
        typer.echo(line)


@verbs.command("export")
def export(
    file: Annotated[str, typer.Argument(help="Where to; - for standard output.")],
    config: ConfigOption = None,
    *,
    form: FormatOption = "",
    no_text: Annotated[
        bool,
        typer.Option("--no-text", help="Leave subject and body out; a digest names the text."),
    ] = False,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact",
            help="Take out mail addresses, telephone and card numbers; and names of"
            " those who labelled. Names of people and firms in the text stay.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write every labelled mail to a file that only you can read.

    `triage train --data` and `evaluate --data` read the JSONL one.
    """
    from triage.examples.files import as_bytes  # noqa: PLC0415
    from triage.exchange import collect  # noqa: PLC0415

    chosen = _format(form, file)
    if file != STREAM and Path(file).exists() and not force:
        fail(f"{file} exists; name another file, or --force to replace it", WRONG_USAGE)
    settings, store = _opened(config)
    records = _shown(collect(store, settings.config.firm), no_text=no_text, redact=redact)
    _write(file, as_bytes(records, chosen))
    labels = sum(len(record.events) for record in records)
    typer.echo(f"{labels} labels of {len(records)} mails written to {file}", err=True)


@verbs.command("import")
def import_(
    file: Annotated[str, typer.Argument(help="JSONL or CSV; - for standard input.")],
    config: ConfigOption = None,
    *,
    form: FormatOption = "",
    name: NameOption = "",
) -> None:
    """Take labelled mail in, all of it or nothing. It only teaches, and tells nobody.

    A label that says nothing of who and when counts as yours, of now. What was said here later
    stays in force; importing the same file again changes nothing.
    """
    from triage.examples.files import read_records  # noqa: PLC0415
    from triage.examples.rows import Defaults  # noqa: PLC0415
    from triage.exchange import merge  # noqa: PLC0415

    chosen, by, now = _format(form, file), user_name(name), time.time()
    settings, store = _opened(config, create=True)
    reads, problems = read_records(
        _read(file),
        chosen,
        known=tuple(settings.policy.routes),
        defaults=Defaults(by=by, how="import", at=now),
    )
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        count = f"{len(problems)} mistake{'s' if len(problems) > 1 else ''}"
        fail(f"nothing was imported from {file}; {count}:\n{listed}", FAILED)
    typer.echo(_counted(len(reads), merge(store, reads, now)))


def _opened(config: Path | None, *, create: bool = False) -> tuple[Settings, Store]:
    from triage import app  # noqa: PLC0415

    settings = app.load_settings(config_path(config))
    return settings, app.open_store(settings.config.store, create=create)


def _format(given: str, file: str) -> Format:
    from triage.examples.files import FORMATS  # noqa: PLC0415

    word = given.lower() or ("csv" if file.lower().endswith(".csv") else "jsonl")
    found = next((form for form in FORMATS if form == word), None)
    return found or fail(f"--format {given}: it can be {' or '.join(FORMATS)}", WRONG_USAGE)


def _shown(records: Sequence[Record], *, no_text: bool, redact: bool) -> list[Record]:
    """The records as they may leave."""
    from triage.examples import redaction  # noqa: PLC0415

    shown = [replace(each, subject="", body="") for each in records] if no_text else [*records]
    if redact:
        shown = redaction.without_people(shown)
    return shown


def _write(file: str, content: bytes) -> None:
    from triage.durable import sync_folder, write_synced  # noqa: PLC0415

    if file == STREAM:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    path = Path(file)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write_synced(part, content, mode=0o600)
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        fail(f"{file} cannot be written: {error.strerror}; check the folder and its space", FAILED)


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STREAM else Path(file).read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}; check its name and permissions", FAILED)


def _counted(records: int, done: Imported) -> str:
    lines = [
        f"{records} labelled mails read; {done.mails} of them are mails of this store",
        f"{done.new} new examples, {done.again} imported before",
        f"{done.labels} labels added, {done.known} known already",
    ]
    if done.older:
        lines.append(f"{done.older} left out, since something was said here later")
    if done.labels:
        lines.append("`triage train` learns from them")
    return "\n".join(lines)


def _label_lines(found: Sequence[Held], zone: str) -> Iterator[str]:
    from triage.cli.tables import plain, when  # noqa: PLC0415

    yield f"Labelled: {len(found)}"
    for each in found:
        yield f"  {each.name}  {plain(each.subject, 80)}"
        for event in each.events:
            said = f"{_names(event.previous)} -> {_names(event.tags)}"
            yield f"      {when(event.at, zone)}  {said}  by {plain(event.by, 80)}, {event.how}"


def _conflict_lines(found: Sequence[Conflict], zone: str) -> Iterator[str]:
    from triage.cli.tables import plain, when  # noqa: PLC0415

    yield f"Conflicts: {len(found)}"
    for each in found:
        why = "two people, one mail" if each.kind == "people" else "one text, different tags"
        yield f"  {why}: {plain(each.subject, 80)}"
        for side in each.sides:
            event = side.event
            who = f"by {plain(event.by, 80)}, {event.how}, {when(event.at, zone)}"
            yield f"      {side.name}: {_names(event.tags)}  {who}"
    if found:
        yield "Settle one: `triage show --mail NUMBER`, then `triage label NUMBER TAGS`."


def _labels_json(found: Sequence[Held]) -> list[dict[str, object]]:
    return [
        {
            "name": each.name,
            "subject": each.subject,
            "labels": [_event_json(e) for e in each.events],
        }
        for each in found
    ]


def _conflict_json(found: Conflict) -> dict[str, object]:
    sides = [{"name": side.name, **_event_json(side.event)} for side in found.sides]
    return {"kind": found.kind, "subject": found.subject, "sides": sides}


def _event_json(event: object) -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415

    return asdict(event)  # type: ignore[call-overload,no-any-return]


def _names(tags: Sequence[str]) -> str:
    return ", ".join(tags) or "none"
