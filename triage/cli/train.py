"""`triage train`: from labelled mails to a model, put to use unless it is worse."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli import memory
from triage.cli.fitted import stay_fitted
from triage.cli.model_options import (
    ModelsOption,
    own_root,
    root_in_use,
    say,
    told,
)
from triage.cli.options import WRONG_USAGE, ConfigOption, fail
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classifiers.dataset import Example
    from classifiers.encoder import Encoder
    from classifiers.model import Model
    from classifiers.tags import TagInfo
    from triage.cli.fitted import Inbox
    from triage.cli.memory import Memory
    from triage.retraining import Author, Record


def train(
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            exists=True,
            metavar="PATH",
            help="Labelled mail of your own: JSONL or CSV rows, or folders of mail named after"
            " tags (`Upsell/`, `none/`); may be repeated.",
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
    starter: Annotated[
        Path | None,
        typer.Option(
            "--starter",
            hidden=True,
            exists=True,
            help="Learn from these instead of the starter mails.",
        ),
    ] = None,
    background: Annotated[
        bool,
        typer.Option("--background", hidden=True, help="As `triage run` trains: giving way."),
    ] = False,
) -> None:
    """Learn from the starter mails, your labels (`triage label`) and --data.

    The new model is compared with the one in use, and used unless it is worse.
    """
    if only and not data:
        fail("--only needs --data: there would be nothing to learn from", WRONG_USAGE)
    with told(), nullcontext() if only else memory.opened(config) as known:
        from classifiers import advice, dataset, registry, tags  # noqa: PLC0415 - loads sklearn
        from triage import retraining  # noqa: PLC0415

        if background:
            retraining.lower_priority()
        if output is not None:
            registry.check_output(output)
        shipped = [] if only else [starter or resource("data") / "starter"]
        invented = dataset.read_examples(shipped) if shipped else []
        own = _own(data or [], known, only=only)
        infos, root = tags.read_tag_infos([*shipped, *(data or [])]), own_root(models, config)
        how = retraining.AUTOMATIC if background else retraining.BY_HAND
        author = retraining.Author(name=memory.person(), how=how)
        material = Material(
            examples=[*invented, *own],
            own=frozenset(example.digest for example in own),
            cases=() if output else retraining.pinned_cases(root),
        )
        book = retraining.Book(store=known.store if known and not output else None, author=author)
        alone = nullcontext() if output else retraining.only_training(root)
        with alone, book.recorded() as record:
            in_use = taken_along(models, config, root, output=output)
            used = None if no_encoder else _encoder(encoder, in_use)
            for warning in advice.warnings(own, invented, infos):
                say(f"note: {warning}")
            inbox = stay_fitted(known, in_use)
            model = _learn(material.examples, infos, used, inbox, root=root, output=output)
            record.version = model.version
            material = replace(material, examples=dataset.deduplicate(material.examples))
            _keep_measured(model, material.examples, root=root, output=output)
            if not background:  # nobody reads it, and the baselines take their time
                _print_held_out(model, material.examples)
            if output is None:
                _settle(model, in_use, material, known, root=root, author=author, record=record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What is learnt from and judged on.

    Attributes:
        own: digests of the examples that did not come with the program.
        cases: pinned cases.
    """

    examples: Sequence[Example]
    own: frozenset[str]
    cases: Sequence[Example]


def taken_along(
    models: Path | None, config: Path | None, root: Path, *, output: Path | None
) -> Model | None:
    """The model in use, taken over into the folder of own models before the first of these."""
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

    source = root_in_use(models, config)
    in_use = _in_use(source)
    if in_use is not None and output is None and source != root:
        registry.adopt(source, root, now=datetime.now(UTC))
    return in_use


def _learn(
    examples: Sequence[Example],
    infos: Mapping[str, TagInfo],
    encoder: Encoder | None,
    inbox: Inbox | None,
    *,
    root: Path,
    output: Path | None,
) -> Model:
    """Train and save a model; it is not in use yet."""
    from classifiers import registry, training  # noqa: PLC0415 - loads scikit-learn
    from classifiers.thresholds import Budget  # noqa: PLC0415

    now = datetime.now(UTC)
    version = output.resolve().name if output else registry.free_version(root, now)
    say(f"{len(examples)} labelled mails; this takes up to some minutes")
    model = training.train(
        examples,
        infos,
        version=version,
        now=now,
        settings=training.Settings(budget=Budget(forwards=inbox.budget)) if inbox else None,
        encoder=encoder,
        background=inbox.mails if inbox else (),
        roots=(root, resource("models")),
        progress=say,
    )
    folder = registry.save_at(output, model) if output else registry.save(root, model)
    say(f"saved {folder}, pinned in {folder.parent / 'registry.json'}")
    return model


def _keep_measured(
    model: Model, examples: Sequence[Example], *, root: Path, output: Path | None
) -> None:
    """Keep its curves and worst mistakes beside the new model, for the page."""
    from classifiers import record, registry  # noqa: PLC0415 - loads scikit-learn

    home = output.resolve().parent if output else root
    found = record.measured(model, examples, now=datetime.now(UTC))
    registry.write_measured(home, model.version, found)


def _encoder(folder: Path | None, in_use: Model | None) -> Encoder | None:
    """The encoder in that folder, trusted as it lies there; else that of the model in use."""
    from classifiers.encoder import Encoder, pins_of  # noqa: PLC0415 - keeps --help quick

    if folder is not None:
        return Encoder(folder, pins_of(folder))
    return in_use.encoder if in_use is not None else None


def _own(data: Sequence[Path], known: Memory | None, *, only: bool) -> list[Example]:
    """Labels of the firm's own: those of --data and of people here.

    With --only there are no others to correct, so that they count as any.
    """
    from triage.cli.labelled import read_labelled  # noqa: PLC0415 - loads the parsers

    named = read_labelled(data, known.firm if known else None) if data else []
    return [replace(each, local=not only) for each in [*named, *labelled_by_people(known)]]


def labelled_by_people(known: Memory | None) -> list[Example]:
    """The labels in the store; none where there is no store yet."""
    if known is None:
        return []
    from classifiers.dataset import Example  # noqa: PLC0415 - loads scikit-learn
    from triage.learning import labelled_mails  # noqa: PLC0415

    found = labelled_mails(known.store, known.firm)
    say(f"{len(found)} mails labelled by people")
    return [
        Example(
            document=mail.document,
            tags=frozenset(mail.tags),
            group=mail.group,
            local=True,
            place=f"mail {mail.message_id}",
        )
        for mail in found
    ]


def _print_held_out(model: Model, examples: Sequence[Example]) -> None:
    """Say how good the model is, on all mails and on the firm's own alone."""
    from classifiers import comparison, judgement  # noqa: PLC0415 - loads scikit-learn
    from triage.cli.reports import expected_lines, report_lines  # noqa: PLC0415

    kept = comparison.judgeable(examples, model)
    own = [example for example in kept if example.local]
    parts = {"its training mails": kept, "your own mails": own}
    for name, judged in parts.items():
        if judged:
            report = comparison.report_on(model, judged, model.tags)
            baselines = judgement.baseline_reports(model, judged, examples)
            head = f"model {model.version}, on {name} while they were held out"
            typer.echo("\n".join([head, *report_lines(report, baselines), ""]))
    typer.echo("\n".join(expected_lines(model.card)))


def _settle(
    model: Model,
    old: Model | None,
    material: Material,
    known: Memory | None,
    *,
    root: Path,
    author: Author,
    record: Record,
) -> None:
    """Put the model to use if the gate lets it pass, after saying what would change."""
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn
    from triage import differences, retraining  # noqa: PLC0415
    from triage.cli import gate_report  # noqa: PLC0415

    if old is None:
        now = datetime.now(UTC)
        registry.promote(root, model.version, now=now, note=f"first model, {author}")
        record.outcome, record.detail = "promoted", "first model"
        typer.echo(f"\n{model.version} is in use: there was no other model to compare it with")
        return
    judgement = retraining.judged(
        model,
        old,
        material.examples,
        own=material.own,
        cases=material.cases,
        fitted=bool(model.card.data.get("background")),
    )
    typer.echo("\n".join(["", *gate_report.gate_lines(judgement.to_json()), ""]))
    if known is not None:
        found = differences.find(known.store, known.firm, old, model, now=time.time())
        typer.echo("\n".join([*gate_report.difference_lines(found, known.firm.timezone), ""]))
    retraining.settle(root, judgement, author=author, now=datetime.now(UTC))
    if judgement.passed:
        record.outcome, record.detail = "promoted", f"instead of {old.version}"
        typer.echo(f"{model.version} is in use; a running `triage run` takes it at once")
        return
    record.outcome, record.detail = "kept", "; ".join(judgement.objections)
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
