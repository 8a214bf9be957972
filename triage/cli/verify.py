"""`triage verify`: is every mail on the server accounted for?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.options import FAILED, ConfigOption, config_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triage.verifying import Verified

_UIDS_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(verify)


def verify(
    config: ConfigOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Hold each mailbox against the store: every mail accounted for. Changes no mailbox.

    May be used while `triage run` is running. Status 1: a mail is unaccounted for, or a folder
    could not be asked.
    """
    from triage import app, verifying  # noqa: PLC0415

    settings = app.load_settings(config_path(config))
    store = app.open_store(settings.config.store, create=False)
    try:
        found = verifying.verify(settings.config, store)
    finally:
        store.close()
    if as_json:
        typer.echo(json.dumps(to_json(found), ensure_ascii=False, indent=2))
    else:
        for line in lines(found):
            typer.echo(line)
    if not all(folder.well for folder in found):
        raise typer.Exit(FAILED)


def lines(found: Sequence[Verified]) -> Iterator[str]:
    """Each folder, and what to do about it."""
    for folder in found:
        yield f"{folder.account}/{folder.folder}"
        yield from (f"  {line}" for line in _folder_lines(folder))
    lost = sum(len(folder.balance.unaccounted) for folder in found)
    asked = sum(1 for folder in found if not folder.problem)
    yield f"{_folders(asked)} of {len(found)} asked, {lost} unaccounted for"


def _folder_lines(folder: Verified) -> Iterator[str]:
    it = folder.balance
    if folder.problem:
        yield f"NOT ASKED: {folder.problem}"
        return
    if not folder.read:
        yield "was never read; reading begins with the next `triage run`"
        return
    yield (
        f"{it.on_server} on the server = {it.decided} decided + {it.waiting} waiting + {it.before}"
        f" from before the start + {len(it.coming)} to come + {len(it.unaccounted)} unaccounted for"
    )
    if it.gone:
        yield f"{it.gone} more were read and have left the folder since"
    if folder.renumbered:
        yield "The server has numbered the folder anew; the next look reads it again, once."
    elif it.coming:
        yield f"To come, at the next look: {_uids(it.coming)}"
    if it.waiting:
        yield "Waiting for a decision; `triage run` goes on with them."
    if it.unaccounted:
        yield f"UNACCOUNTED FOR: {_uids(it.unaccounted)}"
        yield (
            "A running `triage run` reads them at its next look, within minutes; if none is"
            " running, `triage run --once` does. Then `triage verify` again."
        )


def _folders(number: int) -> str:
    return f"{number} folder{'' if number == 1 else 's'}"


def _uids(uids: Sequence[int]) -> str:
    shown = ", ".join(map(str, uids[:_UIDS_SHOWN]))
    more = len(uids) - _UIDS_SHOWN
    return f"UID {shown}" + (f" and {more} more" if more > 0 else "")


def to_json(found: Sequence[Verified]) -> dict[str, object]:
    """The same for a program."""
    return {
        "folders": [
            {
                "account": folder.account,
                "folder": folder.folder,
                "problem": folder.problem,
                "read": folder.read,
                "renumbered": folder.renumbered,
                "on_server": folder.balance.on_server,
                "decided": folder.balance.decided,
                "waiting": folder.balance.waiting,
                "before": folder.balance.before,
                "gone": folder.balance.gone,
                "coming": list(folder.balance.coming),
                "unaccounted": list(folder.balance.unaccounted),
            }
            for folder in found
        ],
        "well": all(folder.well for folder in found),
    }
