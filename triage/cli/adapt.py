"""`triage adapt`: fit the model to an inbox by mail that nobody has labelled, and only read."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli import adapt_report, memory
from triage.cli.model_options import JsonOption, ModelsOption, own_root, say, told
from triage.cli.options import ConfigOption, config_path, fail
from triage.cli.train import Material, labelled_by_people, taken_along
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.adaptation import Adaptation
    from classifiers.dataset import Example
    from classifiers.gate_report import Judgement
    from classifiers.model import Model
    from triage.cli.memory import Memory
    from triage.config import Config
    from triage.past_mail import PastMail
    from triage.retraining import Author, Record

_HUNDRED = 100
_NOT_ASKED = "nobody was asked whether to take it into use"
_DECLINED = "it was declined"


def adapt(
    config: ConfigOption = None,
    *,
    last: Annotated[
        int, typer.Option("--last", min=1, help="Read so many of the newest mails.")
    ] = 500,
    budget: Annotated[
        int | None,
        typer.Option(
            "--budget",
            min=1,
            max=_HUNDRED,
            help="At most so many of 100 mails are to be forwarded; else as triage.toml says.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Take the new model into use without asking.")
    ] = False,
    as_json: JsonOption = False,
    models: ModelsOption = None,
    starter: Annotated[
        Path | None,
        typer.Option(
            "--starter",
            hidden=True,
            exists=True,
            help="Learn from these instead of the starter mails.",
        ),
    ] = None,
    no_encoder: Annotated[
        bool, typer.Option("--no-encoder", hidden=True, help="Learn without a sentence encoder.")
    ] = False,
) -> None:
    """Fit the model to your inbox by its newest mails, without a label.

    The mails are read and nothing else: none is forwarded, marked or moved. What would change is
    shown, and you are asked before the new model is taken into use.
    """
    from triage import app, retraining  # noqa: PLC0415 - keeps --help quick

    settings = app.load_settings(config_path(config)).config
    with told(), memory.opened(config) as known:
        mail = _read(settings, last)
        root, starter = own_root(models, config), starter or resource("data") / "starter"
        author = retraining.Author(name=memory.person())
        book = retraining.Book(store=known.store if known else None, author=author)
        with retraining.only_training(root), book.recorded() as record:
            present = taken_along(models, config, root, output=None)
            if present is None:
                fail("there is no model to fit to the inbox; make one with `triage train`")
            material = _material(starter, known, root)
            forwards = budget or settings.alerts.budget
            fitted = _fitted(
                present, material, mail, starter, root, forwards=forwards, encoder=not no_encoder
            )
            record.version = fitted.model.version
            judgement = retraining.judged(
                fitted.model,
                present,
                fitted.kept,
                own=material.own,
                cases=material.cases,
                fitted=True,
            )
            _show(mail, fitted.found, judgement, as_json=as_json)
            unwanted = "" if yes or not judgement.passed else _unwanted(as_json=as_json)
            _settle(judgement, fitted, root, author, record, unwanted=unwanted)
    _farewell(judgement, fitted.found, record, mail, as_json=as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitted:
    """A new model, saved, and what it would do differently; `kept` are the mails to judge it on."""

    model: Model
    found: Adaptation
    kept: Sequence[Example]


def _read(settings: Config, last: int) -> PastMail:
    """Read the newest mails, or say that there are too few; then nothing has changed."""
    from classifiers.adaptation import FEWEST  # noqa: PLC0415 - loads scikit-learn
    from triage import past_mail  # noqa: PLC0415

    sources = past_mail.watched(settings)
    names = ", ".join(f"{source.account}/{source.folder}" for source in sources)
    say(f"reading up to {last} of the newest mails of {names}; nothing is changed there")
    mail = past_mail.read_newest(
        sources, settings.firm, last, progress=lambda count: say(f"{count} mails read")
    )
    say("; ".join(adapt_report.reading_lines(mail)))
    if len(mail.documents) < FEWEST:
        fail(
            f"{len(mail.documents)} mails say too little about an inbox, {FEWEST} are needed; "
            "nothing was changed. Watch more folders, read more with --last, or come back later"
        )
    return mail


def _material(starter: Path, known: Memory | None, root: Path) -> Material:
    from classifiers.dataset import read_examples  # noqa: PLC0415 - loads scikit-learn
    from triage import retraining  # noqa: PLC0415

    own = [replace(each, local=True) for each in labelled_by_people(known)]
    return Material(
        examples=[*read_examples([starter]), *own],
        own=frozenset(example.digest for example in own),
        cases=retraining.pinned_cases(root),
    )


def _fitted(
    present: Model,
    material: Material,
    mail: PastMail,
    starter: Path,
    root: Path,
    *,
    forwards: int,
    encoder: bool,
) -> _Fitted:
    """Make a model and save it; it is not in use yet."""
    from classifiers import adaptation, dataset, registry, tags  # noqa: PLC0415 - loads sklearn
    from classifiers.thresholds import Budget  # noqa: PLC0415

    now = datetime.now(UTC)
    told_before = {info.name: info for info in present.card.tags}
    say(f"fitting to {len(mail.documents)} mails; this takes some minutes")
    model, found = adaptation.adapt(
        present,
        material.examples,
        told_before | dict(tags.read_tag_infos([starter])),
        mail.documents,
        budget=Budget(forwards=forwards),
        version=registry.free_version(root, now),
        now=now,
        encoder=present.encoder if encoder else None,
        roots=(root, resource("models")),
        progress=say,
    )
    say(f"saved {registry.save(root, model)}")
    return _Fitted(model=model, found=found, kept=dataset.deduplicate(material.examples))


def _show(mail: PastMail, found: Adaptation, judgement: Judgement, *, as_json: bool) -> None:
    from triage.cli import gate_report  # noqa: PLC0415 - keeps --help quick

    if as_json:
        return
    gate = [] if judgement.passed else ["", *gate_report.gate_lines(judgement.to_json())]
    typer.echo("\n".join([*adapt_report.change_lines(found, mail), *gate, ""]))


def _unwanted(*, as_json: bool) -> str:
    """Why a model that passed is not to be taken into use; empty when somebody says it is."""
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _NOT_ASKED
    return "" if typer.confirm("Take the new model into use?", default=False) else _DECLINED


def _settle(
    judgement: Judgement,
    fitted: _Fitted,
    root: Path,
    author: Author,
    record: Record,
    *,
    unwanted: str,
) -> None:
    from triage import retraining  # noqa: PLC0415 - keeps --help quick

    note = f"fitted to {fitted.found.mails} mails of the inbox"
    now = datetime.now(UTC)
    retraining.settle(root, judgement, author=author, now=now, note=note, unwanted=unwanted)
    promoted = judgement.passed and not unwanted
    record.outcome = "promoted" if promoted else "kept"
    record.detail = f"{note}: {unwanted or '; '.join(judgement.objections) or 'taken into use'}"


def _farewell(
    judgement: Judgement, found: Adaptation, record: Record, mail: PastMail, *, as_json: bool
) -> None:
    promoted = record.outcome == "promoted"
    if as_json:
        facts = adapt_report.to_json(found, mail, judgement, promoted=promoted)
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=2))
    elif promoted:
        typer.echo(
            f"{found.version} is in use; a running `triage run` takes it at once, and "
            f"`triage models rollback` returns to {found.version_before}"
        )
    else:
        does = "takes the new one" if judgement.passed else "overrules this"
        more = "" if judgement.passed else "; a larger --budget holds less back"
        typer.echo(
            f"{found.version_before} stays in use; `triage models promote {found.version}` "
            f"{does}{more}"
        )
