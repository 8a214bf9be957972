"""What the verbs that handle models share: their options, where models lie, and how to fail."""

from __future__ import annotations

import os
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classifiers.api import ClassifierError
from classifiers.ledger import REGISTRY
from triage.cli.inputs import InputError
from triage.cli.options import CONFIG_VARIABLE, FAILED, WRONG_USAGE, config_path, fail
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from classifiers.model import Model

ModelsOption = Annotated[
    Path | None,
    typer.Option(
        "--models",
        metavar="PATH",
        envvar="TRIAGE_MODELS",
        help="Folder of models; else the one triage.toml names, else the shipped one.",
        show_default=False,
    ),
]
ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="DIR",
        help="A model's own folder; its pin is in registry.json in the folder above.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@contextmanager
def told() -> Iterator[None]:
    """Turn the errors that a person can mend into one sentence each and an exit status."""
    try:
        yield
    except InputError as error:
        fail(str(error), WRONG_USAGE)
    except ClassifierError as error:
        fail(str(error), FAILED)


def own_root(models: Path | None, config: Path | None = None) -> Path:
    """Where a new model goes: the option, else beside the configuration, else the shipped one."""
    if models is not None:
        return models
    settings = config_path(config or _from_environment())
    return _configured_root(settings) if settings.is_file() else resource("models")


def managed_root(models: Path | None, config: Path | None = None) -> Path:
    """Whose models are listed and chosen from: own ones as soon as there are any."""
    own = own_root(models, config)
    return own if models is not None or (own / REGISTRY).is_file() else resource("models")


def root_in_use(models: Path | None, config: Path | None = None) -> Path:
    """Where the model in use lies: among own ones once one of them was promoted."""
    from classifiers.ledger import read_ledger  # noqa: PLC0415 - keeps --help quick

    own = own_root(models, config)
    if models is not None or read_ledger(own, missing_ok=True).current is not None:
        return own
    return resource("models")


def _from_environment() -> Path | None:
    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named) if named else None


def _configured_root(settings: Path) -> Path:
    """`models` of triage.toml, else the folder of that name beside it."""
    try:
        named = tomllib.loads(settings.read_text(encoding="utf-8")).get("models")
    except (OSError, ValueError):
        named = None  # `triage check` says what is wrong with the file
    return settings.parent / (named if isinstance(named, str) else "models")


def open_model(model: Path | None, models: Path | None) -> Model:
    """Load the model in that folder, else the one in use. Raises ModelError."""
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

    return registry.load_dir(model) if model is not None else registry.load(root_in_use(models))


def say(message: str) -> None:
    """Tell a person how it goes, on standard error."""
    typer.echo(message, err=True)
