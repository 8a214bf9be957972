"""`triage models pin`, `unpin`, `pins`: mails that no new model may get wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli import memory
from triage.cli.documents import from_mail
from triage.cli.inputs import iter_mails
from triage.cli.model_options import JsonOption, ModelsOption, own_root, root_in_use, told
from triage.cli.options import FAILED, WRONG_USAGE, ConfigOption, fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from classifiers.api import Document
    from classifiers.dataset import Example

ROWS = ".jsonl"


def register(app: typer.Typer) -> None:
    """Add the verbs below `triage models`."""
    for verb in (pin, unpin, pins):
        app.command(verb.__name__)(verb)


def pin(
    mails: Annotated[
        list[str],
        typer.Argument(
            metavar="MAIL...",
            help="Number of a mail in the store, or a file: .eml, mbox, or labelled .jsonl rows.",
        ),
    ],
    config: ConfigOption = None,
    *,
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            help="What it must be tagged, or `none`; may be repeated. Else its label counts.",
            show_default=False,
        ),
    ] = None,
    role: Annotated[
        str, typer.Option("--role", help="Who wrote a mail file: client, staff or other.")
    ] = "client",
    models: ModelsOption = None,
) -> None:
    """Pin mails: a new model is taken into use only if it gets them as right as the one in use."""
    if role not in {"client", "staff", "other"}:
        fail(f"--role is {role!r}; write client, staff or other", WRONG_USAGE)
    with told(), memory.opened(config) as known:
        from classifiers import pinned  # noqa: PLC0415 - loads scikit-learn

        wanted = _wanted(tags)
        cases = [case for mail in mails for case in _cases(mail, wanted, role, known)]
        path = own_root(models, config) / pinned.FILE
        try:
            added = pinned.add(path, cases)
        except OSError as error:
            fail(f"{path} cannot be written: {error.strerror}; check space and permissions", FAILED)
    again = f", {len(cases) - added} were there before" if added < len(cases) else ""
    typer.echo(f"{added} pinned in {path}{again}; the file holds their text, and only you read it")


def unpin(
    names: Annotated[list[str], typer.Argument(help="As `triage models pins` shows them.")],
    config: ConfigOption = None,
    *,
    models: ModelsOption = None,
) -> None:
    """Take pinned mails of your own out again."""
    with told():
        from classifiers import pinned  # noqa: PLC0415 - loads scikit-learn

        path = own_root(models, config) / pinned.FILE
        try:
            gone = pinned.remove(path, names)
        except OSError as error:
            fail(f"{path} cannot be written: {error.strerror}; check space and permissions", FAILED)
    for name in gone:
        typer.echo(f"{name} is no longer pinned")
    missing = [name for name in names if name not in gone]
    if missing:
        fail(f"{path} has no case {', '.join(missing)}; see `triage models pins`", FAILED)


def pins(
    config: ConfigOption = None, *, as_json: JsonOption = False, models: ModelsOption = None
) -> None:
    """List pinned mails, and how the model in use does on each."""
    with told():
        from classifiers import pinned, registry  # noqa: PLC0415 - loads scikit-learn
        from triage.retraining import pinned_cases  # noqa: PLC0415

        cases = pinned_cases(own_root(models, config))
        model = registry.load(root_in_use(models, config))
        found = pinned.outcomes(cases, model, model)
    if as_json:
        records = [
            {"id": o.id, "tags": list(o.tags), "given": list(o.after), "holds": o.holds}
            for o in found
        ]
        typer.echo(json.dumps(records, ensure_ascii=False, indent=2))
        return
    for outcome in found:
        wanted, given = (", ".join(tags) or "no tag" for tags in (outcome.tags, outcome.after))
        says = "holds" if outcome.holds else f"BROKEN: gets {given}"
        typer.echo(f"  {outcome.id}  {wanted}  {says}")
    broken = sum(not outcome.holds for outcome in found)
    typer.echo(f"{len(found)} pinned, {broken} of them broken by {model.version}")


def _wanted(tags: Sequence[str] | None) -> frozenset[str] | None:
    """What the mails must be tagged; None when each one's label or row says it."""
    if not tags:
        return None
    chosen = {tag.lower() for tag in tags}
    if "none" in chosen and len(chosen) > 1:
        fail("--tag none stands alone; write it, or the tags without it", WRONG_USAGE)
    return frozenset(chosen - {"none"})


def _cases(
    mail: str, wanted: frozenset[str] | None, role: str, known: memory.Memory | None
) -> Iterator[Example]:
    from classifiers.dataset import read_examples  # noqa: PLC0415 - loads scikit-learn

    if mail.isdigit():
        yield _stored(int(mail), wanted, known)
    elif mail.lower().endswith(ROWS):
        if wanted is not None:
            fail(f"{mail}: the rows say their tags themselves; leave --tag out", WRONG_USAGE)
        yield from read_examples([Path(mail)])
    elif wanted is None:
        fail(f"{mail}: say what it must be tagged, as in --tag blocker, or --tag none", WRONG_USAGE)
    else:
        for label, raw in iter_mails([mail]):
            yield _case(Path(label).name, from_mail(label, raw, role), wanted)


def _stored(number: int, wanted: frozenset[str] | None, known: memory.Memory | None) -> Example:
    from triage.parsing import parse  # noqa: PLC0415 - loads the parsers
    from triage.pipeline.people import document  # noqa: PLC0415
    from triage.store import inbox, labels  # noqa: PLC0415

    if known is None:
        fail("there is no store here to find a mail by its number; name --config", WRONG_USAGE)
    with known.store.read() as tx:
        content = inbox.load(tx, number).raw.content
        label = labels.in_force(tx, number)
    if not content:
        fail(f"mail {number}: its text is no longer in the store, so it cannot be pinned", FAILED)
    if wanted is None and label is None:
        fail(
            f"mail {number} has no label; say what it must be tagged, as in --tag blocker, "
            "or --tag none",
            WRONG_USAGE,
        )
    tags = wanted if wanted is not None else frozenset(label or ())
    return _case(f"mail-{number}", document(parse(content), known.firm), tags)


def _case(name: str, document: Document, tags: frozenset[str]) -> Example:
    from classifiers.dataset import Example  # noqa: PLC0415 - loads scikit-learn

    return Example(document=replace(document, id=name), tags=tags, group=name)
