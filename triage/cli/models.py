"""`triage classify`, `train`, `evaluate`, `models`: the life of a model.

Heavy imports happen inside the verbs: importing this module loads no scikit-learn.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from triage.cli.classify import classify
from triage.cli.evaluate import evaluate
from triage.cli.model_options import JsonOption, ModelsOption, managed_root, told
from triage.cli.train import train

models_app = typer.Typer(help="List models, and choose the one in use.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command("classify")(classify)
    app.command("train")(train)
    app.command("evaluate")(evaluate)
    app.add_typer(models_app, name="models")


@models_app.command("list")
def list_models(*, as_json: JsonOption = False, models: ModelsOption = None) -> None:
    """List the models, the one in use first marked with a star."""
    with told():
        from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

        entries = registry.entries(managed_root(models))
    if as_json:
        records = [
            {
                "version": entry.version,
                "current": entry.current,
                "trained_at": entry.card.trained_at if entry.card else None,
                "tags": list(entry.card.names) if entry.card else [],
                "problem": entry.problem or None,
            }
            for entry in entries
        ]
        typer.echo(json.dumps(records, ensure_ascii=False, indent=2))
        return
    for entry in entries:
        mark = "*" if entry.current else " "
        if entry.card is None:
            typer.echo(f"{mark} {entry.version}  NOT USABLE: {entry.problem}")
        else:
            quality = entry.card.metrics.get("held_out", {}).get("mean_average_precision")
            mails = entry.card.data.get("used")
            typer.echo(
                f"{mark} {entry.version}  {', '.join(entry.card.names)}  "
                f"{mails} mails, mean average precision {quality} held out"
            )


@models_app.command("promote")
def promote(
    version: Annotated[str, typer.Argument(help="As `triage models list` shows it.")],
    *,
    models: ModelsOption = None,
) -> None:
    """Use this model from the next start on."""
    with told():
        from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

        model = registry.promote(
            managed_root(models), version, now=datetime.now(UTC), note="by hand"
        )
    typer.echo(f"{model.version} is in use from the next start of `triage run` on")


@models_app.command("rollback")
def rollback(*, models: ModelsOption = None) -> None:
    """Return to the model that was in use before."""
    with told():
        from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

        model = registry.rollback(managed_root(models), now=datetime.now(UTC), note="by hand")
    typer.echo(f"{model.version} is in use again, from the next start of `triage run` on")
