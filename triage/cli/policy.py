"""`triage policy`: what the escalation policy says, for its readers, and who is away."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.options import FAILED, WRONG_USAGE, ConfigOption, config_path, fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.app import Settings
    from triage.pipeline.explain import Explanation
    from triage.policy import Policy
    from triage.store.engine import Store

_policy = typer.Typer(
    help="Explain, draw and check the escalation policy, and say who is away.",
    no_args_is_help=True,
    add_completion=False,
)

PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy", metavar="PATH", help="The policy itself; else the one of the settings."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(_policy, name="policy")


@_policy.command()
def explain(
    mail: Annotated[
        str,
        typer.Argument(metavar="MAIL", help="A file with one mail, or the number of a case."),
    ],
    config: ConfigOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Which rule fired, why each person hears, by which clause, and what happens next and when."""
    from triage import app  # noqa: PLC0415 - keeps --help quick
    from triage.cli import policy_report  # noqa: PLC0415

    settings = app.load_settings(config_path(config))
    found = _of_case(settings, int(mail)) if mail.isdecimal() else _of_file(settings, mail)
    if isinstance(found, str):
        record: dict[str, object] = {"case": None, "rules": [], "people": [], "next": []}
        record["why"] = found
        typer.echo(json.dumps(record) if as_json else f"Nobody would hear of it: {found}")
        return
    if as_json:
        typer.echo(json.dumps(policy_report.as_record(found), ensure_ascii=False, indent=2))
        return
    for line in policy_report.lines(found, settings.policy, settings.config.firm.timezone):
        typer.echo(line)


@_policy.command()
def draw(
    config: ConfigOption = None,
    *,
    policy: PolicyOption = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Write the picture there.")
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Print the matrix as a Markdown table for a wiki.")
    ] = False,
) -> None:
    """Who hears of what, and who when nobody answers: as a picture, or as a table for a wiki."""
    from triage.drawing import policy_picture, policy_table  # noqa: PLC0415 - keeps --help quick

    if svg is None and not table:
        fail("say what to make: --svg FILE, --table, or both", WRONG_USAGE)
    found = _loaded(config, policy)
    if svg is not None:
        try:
            svg.write_text(policy_picture.picture(found), encoding="utf-8")
        except OSError as error:
            fail(f"{svg}: {error.strerror}; name a file that you may write", FAILED)
        typer.echo(f"written to {svg}", err=True)
    if table:
        typer.echo(policy_table.markdown(found), nl=False)


@_policy.command()
def lint(
    config: ConfigOption = None,
    *,
    policy: PolicyOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Find rules that never decide, silent levels, and people who are forgotten.

    Ends with status 1 when there is something to look at. `triage check` tells the same.
    """
    from triage.check.policy_lint import policy_findings  # noqa: PLC0415 - keeps --help quick
    from triage.cli import check_report  # noqa: PLC0415

    today = datetime.now(tz=UTC).astimezone().date()
    found = list(policy_findings(_loaded(config, policy), today))
    typer.echo((check_report.as_json if as_json else check_report.as_text)(found))
    raise typer.Exit(FAILED if found else 0)


Person = Annotated[str, typer.Argument(help="As in [people.PERSON].")]
Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="DAY")]


@_policy.command()
def away(
    person: Person,
    first: Day,
    last: Day,
    config: ConfigOption = None,
    *,
    deputy: Annotated[
        str, typer.Option("--deputy", help="Who stands in, where it is not the usual deputy.")
    ] = "",
    because: Annotated[str, typer.Option("--because", help="Why, for whoever reads it.")] = "",
) -> None:
    """Write into the policy that somebody is away from one day to another, both included.

    Nothing else in the file changes. A running `triage run` takes it within seconds.
    """
    from triage import app_policy  # noqa: PLC0415 - keeps --help quick
    from triage.cli.memory import person as by  # noqa: PLC0415
    from triage.policy import Absence  # noqa: PLC0415

    days = Absence(first=first.date(), last=last.date(), deputy=deputy, because=because)
    with _settings_and_store(config) as (settings, store):
        app_policy.add_absence(settings, store, person, days, by=by(), now=time.time())
    typer.echo(f"{person} is away from {days.first} to {days.last}")


@_policy.command()
def back(person: Person, first: Day, last: Day, config: ConfigOption = None) -> None:
    """Take an absence out of the policy again, named by its first and last day."""
    from triage import app_policy  # noqa: PLC0415 - keeps --help quick
    from triage.cli.memory import person as by  # noqa: PLC0415

    days = first.date(), last.date()
    with _settings_and_store(config) as (settings, store):
        app_policy.end_absence(settings, store, person, days, by=by(), now=time.time())
    typer.echo(f"{person} is not away from {days[0]} to {days[1]}")


@contextmanager
def _settings_and_store(config: Path | None) -> Iterator[tuple[Settings, Store | None]]:
    """The settings, and the store for the audit trail where there is one yet."""
    from triage import app  # noqa: PLC0415

    settings = app.load_settings(config_path(config))
    file = settings.config.store_file
    if file is not None and not file.exists():
        yield settings, None
        return
    store = app.open_store(settings.config.store, create=False)
    try:
        yield settings, store
    finally:
        store.close()


def _loaded(config: Path | None, policy: Path | None) -> Policy:
    """The policy named, else the one that the settings name."""
    from triage.config_file import load_config  # noqa: PLC0415 - brings pydantic
    from triage.policy_file import load_policy  # noqa: PLC0415

    return load_policy(policy or load_config(config_path(config)).policy)


def _of_case(settings: Settings, case_id: int) -> Explanation:
    from triage import app  # noqa: PLC0415
    from triage.pipeline.explain import explain as explain_case  # noqa: PLC0415
    from triage.pipeline.timing import CaseClock  # noqa: PLC0415

    firm = settings.config.firm
    clock = CaseClock(policy=settings.policy, zone=firm.timezone)
    store = app.open_store(settings.config.store, create=False)
    with store.read() as tx:
        return explain_case(tx, case_id, clock, firm)


def _of_file(settings: Settings, path: str) -> Explanation | str:
    """Decide the mail as if it came now, and explain that; or why nobody would hear."""
    from triage.cli import policy_trial  # noqa: PLC0415
    from triage.cli.inputs import InputError, iter_mails  # noqa: PLC0415

    try:
        mails = [raw for _, raw in iter_mails([path])]
    except InputError as error:
        fail(f"{error}; or give the number of a case", WRONG_USAGE)
    if len(mails) != 1:
        fail(f"{path} holds {len(mails)} mails; give a file with one", WRONG_USAGE)
    outcome, found = policy_trial.tried(settings, mails[0], time.time())
    return found or f"{outcome.action} ({outcome.why})"
