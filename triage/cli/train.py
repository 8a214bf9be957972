"""`triage train`: from labelled mails to a model, put to use unless it is worse."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.model_options import (
    ModelsOption,
    own_root,
    root_in_use,
    say,
    told,
)
from triage.cli.options import WRONG_USAGE, ConfigOption, config_path, fail
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.dataset import Example
    from classifiers.encoder import Encoder
    from classifiers.model import Model


def train(
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            exists=True,
            metavar="PATH",
            help="Labelled JSONL of your own, a file or a folder; may be repeated.",
            show_default=False,
        ),
    ] = None,
    *,
    only: Annotated[
        bool, typer.Option("--only", help="Learn from --data alone, without the starter mails.")
    ] = False,
    config: ConfigOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="DIR",
            help="Write the model to this folder and promote nothing.",
            show_default=False,
        ),
    ] = None,
    models: ModelsOption = None,
    encoder: Annotated[
        Path | None,
        typer.Option(
            "--encoder",
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Use this sentence encoder; else the one of the model in use.",
            show_default=False,
        ),
    ] = None,
    no_encoder: Annotated[
        bool, typer.Option("--no-encoder", help="Learn without a sentence encoder.")
    ] = False,
) -> None:
    """Learn from the starter mails, your labels (`triage label`) and --data.

    The new model is compared with the one in use, and used unless it is worse.
    """
    if only and not data:
        fail("--only needs --data: there would be nothing to learn from", WRONG_USAGE)
    with told():
        from classifiers import registry, tags, training  # noqa: PLC0415 - loads scikit-learn
        from classifiers.dataset import read_examples  # noqa: PLC0415

        if output is not None:
            registry.check_output(output)
        paths = [*([] if only else [resource("data") / "starter"]), *(data or [])]
        examples, infos, now = read_examples(paths), tags.read_tag_infos(paths), datetime.now(UTC)
        if not only:
            examples += _labelled_by_people(config)
        root = own_root(models, config)
        in_use = _in_use(root_in_use(models, config))
        old = in_use if output is None else None
        if old and root_in_use(models, config) != root:
            registry.adopt(root_in_use(models, config), root, now=now)
        used = None if no_encoder else _encoder(encoder, in_use)
        version = output.resolve().name if output else registry.free_version(root, now)
        say(f"{len(examples)} labelled mails; this takes some minutes")
        model = training.train(
            examples, infos, version=version, now=now, encoder=used, progress=say
        )
        for info in model.card.tags:
            if not info.means:
                say(f"nothing says what {info.name!r} means; say it in tags.toml beside the rows")
        folder = registry.save_at(output, model) if output else registry.save(root, model)
        say(f"saved {folder}, pinned in {folder.parent / 'registry.json'}")
        _print_held_out(model, examples)
        if output is None:
            _promote_unless_worse(model, old, examples, root=root, now=now)


def _encoder(folder: Path | None, in_use: Model | None) -> Encoder | None:
    """The encoder in that folder, trusted as it lies there; else that of the model in use."""
    from classifiers.encoder import Encoder, pins_of  # noqa: PLC0415 - keeps --help quick

    if folder is not None:
        return Encoder(folder, pins_of(folder))
    return in_use.encoder if in_use is not None else None


def _labelled_by_people(config: Path | None) -> list[Example]:
    """The labels in the store that the configuration names; none where there is no store yet."""
    path = config_path(config)
    if config is None and not path.is_file():
        return []
    from classifiers.dataset import Example  # noqa: PLC0415 - loads scikit-learn
    from triage import app  # noqa: PLC0415
    from triage.learning import labelled_mails  # noqa: PLC0415

    settings = app.load_settings(path)
    if not settings.config.store.exists():
        return []
    store = app.open_store(settings.config.store, create=False)
    try:
        found = labelled_mails(store, settings.config.firm)
    finally:
        store.close()
    say(f"{len(found)} mails labelled by people")
    return [
        Example(
            document=mail.document,
            tags=frozenset(mail.tags),
            group=mail.group,
            place=f"mail {mail.message_id}",
        )
        for mail in found
    ]


def _print_held_out(model: Model, examples: Sequence[Example]) -> None:
    from classifiers import comparison, dataset, judgement  # noqa: PLC0415 - loads scikit-learn
    from triage.cli.reports import report_lines  # noqa: PLC0415

    kept = comparison.judgeable(dataset.deduplicate(examples), model)
    report = comparison.report_on(model, kept, model.tags)
    baselines = judgement.baseline_reports(model, kept, examples)
    head = f"model {model.version}, on its training mails while they were held out"
    typer.echo("\n".join([head, *report_lines(report, baselines)]))


def _promote_unless_worse(
    model: Model, old: Model | None, examples: Sequence[Example], *, root: Path, now: datetime
) -> None:
    """Put the model to use, unless the one in use does better on the same mails."""
    from classifiers import comparison, dataset, registry  # noqa: PLC0415 - loads scikit-learn
    from triage.cli.reports import comparison_lines  # noqa: PLC0415

    if old is None:
        registry.promote(root, model.version, now=now, note="first model")
        typer.echo(f"\n{model.version} is in use: there was no other model to compare it with")
        return
    result = comparison.compare(model, old, dataset.deduplicate(examples))
    typer.echo("\n".join(["", *comparison_lines(result, old.version, model.version), ""]))
    if result.not_worse:
        registry.promote(root, model.version, now=now, note=f"not worse than {old.version}")
        typer.echo(f"{model.version} is in use from the next start of `triage run` on")
        return
    for objection in result.objections:
        typer.echo(f"worse than {old.version}: {objection}")
    typer.echo(
        f"{old.version} stays in use; `triage models promote {model.version}` overrules this"
    )


def _in_use(root: Path) -> Model | None:
    """The model in use, or None, said aloud, when there is none that can be loaded."""
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn
    from classifiers.api import ModelError  # noqa: PLC0415

    try:
        return registry.load(root)
    except ModelError as error:
        say(f"no model to compare with: {error}")
        return None
