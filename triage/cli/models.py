"""`triage classify`, `train`, `adapt`, `evaluate`, `models`: the life of a model.

Heavy imports happen inside the verbs: importing this module loads no scikit-learn.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli import memory, pins
from triage.cli.adapt import adapt
from triage.cli.classify import classify
from triage.cli.evaluate import evaluate
from triage.cli.model_options import JsonOption, ModelsOption, managed_root, say, told
from triage.cli.options import WRONG_USAGE, ConfigOption, fail
from triage.cli.train import train
from triage.resources import resource

if TYPE_CHECKING:
    from pathlib import Path

    from classifiers.registry import Entry
    from triage.store.audit import Action

models_app = typer.Typer(
    help="List models, choose the one in use, and say what none may get wrong.",
    no_args_is_help=True,
)
Version = Annotated[str, typer.Argument(help="As `triage models list` shows it.")]


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command("classify")(classify)
    app.command("train")(train)
    app.command("adapt")(adapt)
    app.command("evaluate")(evaluate)
    pins.register(models_app)
    app.add_typer(models_app, name="models")


@models_app.command("list")
def list_models(
    config: ConfigOption = None, *, as_json: JsonOption = False, models: ModelsOption = None
) -> None:
    """List the models, the one in use marked with a star."""
    with told():
        from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

        root = managed_root(models, config)
        entries = registry.entries(root)
        kept = {entry.version: _why_kept(root, entry) for entry in entries}
    if as_json:
        records = [
            {
                "version": entry.version,
                "current": entry.current,
                "trained_at": entry.card.trained_at if entry.card else None,
                "tags": list(entry.card.names) if entry.card else [],
                "problem": entry.problem or None,
                "not_better": kept[entry.version] or None,
            }
            for entry in entries
        ]
        typer.echo(json.dumps(records, ensure_ascii=False, indent=2))
        return
    for entry in entries:
        typer.echo(_line(entry))
        if kept[entry.version]:
            typer.echo(f"    not taken into use: {kept[entry.version]}")


def _line(entry: Entry) -> str:
    mark = "*" if entry.current else " "
    if entry.card is None:
        return f"{mark} {entry.version}  NOT USABLE: {entry.problem}"
    quality = entry.card.metrics.get("held_out", {}).get("mean_average_precision")
    mails = entry.card.data.get("used")
    return (
        f"{mark} {entry.version}  {', '.join(entry.card.names)}  "
        f"{mails} mails, mean average precision {quality} held out"
    )


def _why_kept(root: Path, entry: Entry) -> str:
    """The first reason of the gate against a model that is not in use."""
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

    report = registry.read_report(root, entry.version)
    if entry.current or not report or report.get("passed"):
        return ""
    objections = [str(each) for each in report.get("objections") or ()]
    more = f"; and {len(objections) - 1} more" if len(objections) > 1 else ""
    return f"{objections[0]}{more}" if objections else ""


@models_app.command("show")
def show(
    version: Version,
    config: ConfigOption = None,
    *,
    as_json: JsonOption = False,
    models: ModelsOption = None,
) -> None:
    """One model: what it learnt from, what the gate said of it, and when it was in use."""
    with told():
        from classifiers import registry  # noqa: PLC0415 - loads scikit-learn
        from classifiers.ledger import read_ledger  # noqa: PLC0415
        from triage.cli import gate_report  # noqa: PLC0415

        root = managed_root(models, config)
        found = [entry for entry in registry.entries(root) if entry.version == version]
        if not found:
            fail(f"there is no model {version}; `triage models list` names them")
        [entry] = found
        report = registry.read_report(root, version)
        history = [e for e in read_ledger(root).history if e["version"] == version]
    if as_json:
        card = entry.card.to_json() if entry.card else None
        record = {
            "version": version,
            "current": entry.current,
            "problem": entry.problem or None,
            "card": card,
            "gate": report,
            "history": history,
        }
        typer.echo(json.dumps(record, ensure_ascii=False, indent=2))
        return
    typer.echo(_line(entry))
    for line in gate_report.history_lines(version, history):
        typer.echo(line)
    typer.echo("")
    if report is None:
        typer.echo("The gate has not judged it: it came with the program, or was made elsewhere.")
        return
    try:
        lines = list(gate_report.gate_lines(report))
    except (KeyError, TypeError):
        fail(f"{root / version / registry.REPORT_FILE} is of another version; read it with --json")
    typer.echo("\n".join(lines))


@models_app.command("measure")
def measure(version: Version, config: ConfigOption = None, *, models: ModelsOption = None) -> None:
    """Keep curves, calibration and worst mistakes for a model from before these were kept."""
    with told(), memory.opened(config) as known:
        from classifiers import dataset, record, registry  # noqa: PLC0415 - loads scikit-learn
        from triage.cli.train import labelled_by_people  # noqa: PLC0415

        root = managed_root(models, config)
        model = registry.load(root, version)
        starter = dataset.read_examples([resource("data") / "starter"])
        examples = dataset.deduplicate([*starter, *labelled_by_people(known)])
        found = record.measured(model, examples, now=datetime.now(UTC))
        path = registry.write_measured(root, version, found)
    typer.echo(f"wrote {path}; `triage serve` shows it")


@models_app.command("compare")
def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="A model, such as the one in use.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another model.")],
    config: ConfigOption = None,
    *,
    days: Annotated[int, typer.Option("--days", min=1, help="How far to look back.")] = 30,
    as_json: JsonOption = False,
    models: ModelsOption = None,
) -> None:
    """Which stored mails B would have forwarded otherwise than A, with the way to each."""
    with told(), memory.opened(config) as known:
        from classifiers import registry  # noqa: PLC0415 - loads scikit-learn
        from triage import differences  # noqa: PLC0415
        from triage.cli import gate_report  # noqa: PLC0415

        if known is None:
            fail("there is no store here with mails to compare on; name --config", WRONG_USAGE)
        root = managed_root(models, config)
        found = differences.find(
            known.store,
            known.firm,
            registry.load(root, before),
            registry.load(root, after),
            now=time.time(),
            days=days,
        )
        zone = known.firm.timezone
    if as_json:
        record = gate_report.difference_json(found)
        typer.echo(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(gate_report.difference_lines(found, zone)))


@models_app.command("promote")
def promote(version: Version, config: ConfigOption = None, *, models: ModelsOption = None) -> None:
    """Use this model from now on, whatever the gate said; a running `triage run` takes it."""
    from triage import retraining  # noqa: PLC0415 - keeps --help quick

    with told():
        author = retraining.Author(name=memory.person())
        root, now = managed_root(models, config), datetime.now(UTC)
        model = retraining.promote(root, version, author=author, now=now)
    _note(config, "promoted", model.version)
    typer.echo(f"{model.version} is in use; a running `triage run` takes it within seconds")


@models_app.command("rollback")
def rollback(config: ConfigOption = None, *, models: ModelsOption = None) -> None:
    """Return to the model that was in use before; a running `triage run` takes it."""
    from triage import retraining  # noqa: PLC0415 - keeps --help quick

    with told():
        author = retraining.Author(name=memory.person())
        model = retraining.roll_back(
            managed_root(models, config), author=author, now=datetime.now(UTC)
        )
    _note(config, "rolled-back", model.version)
    typer.echo(f"{model.version} is in use again; a running `triage run` takes it within seconds")


def _note(config: Path | None, action: Action, version: str) -> None:
    """Keep it in the audit trail; trouble with that must not look like a model not in use."""
    from triage.errors import TriageError  # noqa: PLC0415
    from triage.retraining import Author, Book  # noqa: PLC0415 - keeps --help quick

    try:
        with memory.opened(config) as known:
            if known is not None:
                Book(store=known.store, author=Author(name=memory.person())).note(action, version)
    except TriageError as error:
        say(f"not in the audit trail: {error}")
