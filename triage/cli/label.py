"""`triage label`: say what a mail really is, one by its number or many by a review."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.options import WRONG_USAGE, ConfigOption, config_path, fail

if TYPE_CHECKING:
    from triage.app import Settings
    from triage.cli.review_card import Look
    from triage.cli.reviewing import Tally, Waiting
    from triage.pipeline.labelling import Labeller
    from triage.store.engine import Store

DAY_S = 86400
NONE = "none"
NameOption = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="NAME",
        help="Who you are; else your user name on this machine.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(label)


def label(
    message: Annotated[
        int | None,
        typer.Argument(metavar="MAIL", help="Number of a mail; without it the review begins."),
    ] = None,
    tags: Annotated[
        list[str] | None, typer.Argument(help="The right tags, or `none`; else you are asked.")
    ] = None,
    config: ConfigOption = None,
    *,
    only_learn: Annotated[
        bool, typer.Option("--only-learn", help="Teach the next model, and leave cases alone.")
    ] = False,
    sentence: Annotated[
        str,
        typer.Option(
            "--sentence", help="The mail's own sentence that decides; briefs then quote it first."
        ),
    ] = "",
    name: NameOption = "",
    sample: Annotated[
        int,
        typer.Option("--sample", min=0, help="So many mails without a tag, drawn by chance."),
    ] = 20,
    days: Annotated[
        int, typer.Option("--days", min=1, help="Draw them from so many days back.")
    ] = 30,
) -> None:
    """Say what a mail really is. A new tag is told to those who must know; `none` closes its case.

    Without a number: go through the mails the classifier doubts, then through some it left alone.
    Labels count at once; come back any time, and the review goes on where it was.
    """
    from triage import app  # noqa: PLC0415
    from triage.app_labels import make_labeller  # noqa: PLC0415

    settings = app.load_settings(config_path(config))
    right = _right_tags(tags or [], settings)
    store = app.open_store(settings.config.store, create=False)
    labeller = make_labeller(settings, app.make_writer(settings))
    by = user_name(name)
    if message is not None and right is not None:
        _label_one(store, labeller, message, right, by=by, acts=not only_learn, sentence=sentence)
        return
    queue = _one(message) if message else _queue(store, sample, time.time() - days * DAY_S)
    if not queue:
        typer.echo("Nothing waits for review.")
        return
    _review(settings, store, labeller, queue, by=by, acts=not only_learn)


def _right_tags(tags: list[str], settings: Settings) -> list[str] | None:
    """The tags meant; empty for none, None when the person is to be asked."""
    lowered = [tag.lower() for tag in tags]
    if not lowered:
        return None
    if len(lowered) > 1 and NONE in lowered:
        fail("none stands alone; write `none`, or the tags without it", WRONG_USAGE)
    right = [] if lowered == [NONE] else lowered
    unknown = [tag for tag in right if tag not in settings.policy.routes]
    if unknown:
        known = ", ".join(settings.policy.routes)
        says = f"no such tag: {', '.join(unknown)}; write some of {known}, or none"
        fail(says, WRONG_USAGE)
    return right


def user_name(given: str) -> str:
    """Who labels: the name given, made harmless, else the user of this machine."""
    import getpass  # noqa: PLC0415

    name = " ".join("".join(c if c.isprintable() else " " for c in given).split())
    if given and not name:
        fail("--as: write a name, such as --as nora", WRONG_USAGE)
    return name[:320] or getpass.getuser()


def _who(by: str, labeller: Labeller) -> str:
    """The person as a brief to others speaks of them."""
    people = labeller.policy.people.values()
    return next((p.name for p in people if by.lower() in {p.address.lower(), p.id}), by)


def _label_one(
    store: Store,
    labeller: Labeller,
    message: int,
    tags: list[str],
    *,
    by: str,
    acts: bool,
    sentence: str,
) -> None:
    with store.write() as tx:
        effect = labeller.label(
            tx,
            message,
            tags,
            by=by,
            how="command",
            who=_who(by, labeller),
            now=time.time(),
            acts=acts,
            sentence=sentence,
        )
    said = ", ".join(effect.after) or NONE
    more = effect.in_words.partition(".")[2]
    typer.echo(f"mail {message} is labelled {said}; `triage train` learns it.{more}")


def _one(message: int) -> list[Waiting]:
    from triage.cli.reviewing import Waiting  # noqa: PLC0415

    return [Waiting(message_id=message, reason="asked for by number", again=True)]


def _queue(store: Store, sample: int, since: float) -> list[Waiting]:
    from triage.cli.reviewing import Waiting  # noqa: PLC0415
    from triage.store import review  # noqa: PLC0415

    with store.read() as tx:
        doubted = [
            Waiting(message_id=each.message_id, reason=f"for review: {each.why}")
            for each in review.doubts(tx)
        ]
        drawn = [
            Waiting(message_id=each, reason="left without a tag, drawn by chance")
            for each in review.sample(tx, since, sample)
        ]
    return doubted + drawn


def _review(
    settings: Settings,
    store: Store,
    labeller: Labeller,
    queue: list[Waiting],
    *,
    by: str,
    acts: bool,
) -> None:
    from triage.cli.keys import keys  # noqa: PLC0415
    from triage.cli.reviewing import Review  # noqa: PLC0415

    with keys() as source:
        review = Review(
            store=store,
            labeller=labeller,
            keys=source,
            say=typer.echo,
            clock=time.time,
            by=by,
            who=_who(by, labeller),
            zone=settings.config.firm.timezone,
            look=_look(),
            acts=acts,
        )
        try:
            review.run(queue)
        except KeyboardInterrupt:
            typer.echo()
    typer.echo(_farewell(review.tally))


def _look() -> Look:
    from triage.cli.review_card import Look  # noqa: PLC0415

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return Look(width=min(shutil.get_terminal_size().columns, 100), colour=colour)


def _farewell(tally: Tally) -> str:
    parts = [f"{tally.labelled} labelled", f"{tally.skipped} skipped"]
    if tally.left:
        parts.append(f"{tally.left} left for another time")
    return ", ".join(parts) + ("; `triage train` learns from them." if tally.labelled else ".")
