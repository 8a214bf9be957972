"""`triage run` and `triage replay`: watch and escalate, or see what would have been."""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.options import ConfigOption, config_path, fail

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from triage.app import Settings
    from triage.messages import Outcome
    from triage.monitoring import Monitor
    from triage.runners.embedded import EmbeddedRunner
    from triage.runners.leasing import Role
    from triage.runners.relay import Relay
    from triage.store.engine import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What this program does of all there is to do, and how many folders it reads at most."""

    role: Role = "both"
    most: int = 200

    @property
    def judges(self) -> bool:
        """Whether it needs the model."""
        return self.role != "watch"


ALL = Part()

LogFormat = Annotated[str, typer.Option("--log-format", help="plain or json.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(run)
    app.command()(watch)
    app.command()(worker)
    app.command()(replay)


def run(
    config: ConfigOption = None,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Work off what is there, then exit.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Send nothing: briefs land in the folder dry-run/."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Also log the settings in force, secrets masked.")
    ] = False,
    log_format: LogFormat = "plain",
) -> None:
    """Watch the mailboxes and escalate. Stops cleanly on SIGTERM and Ctrl-C."""
    from triage import app, logs  # noqa: PLC0415
    from triage.cli import adapt_offer  # noqa: PLC0415 - brings the store
    from triage.parsing import reading_apart  # noqa: PLC0415

    logs.set_up(log_format, logging.DEBUG if verbose else logging.INFO)
    settings = app.load_settings(config_path(config))
    if dry_run:
        settings = app.dry_run(settings)
    _log_settings(settings)
    with app.only_instance(settings.config.store), reading_apart():
        store = app.open_store(settings.config.store)
        try:
            if not (once or dry_run):
                adapt_offer.offer(settings.config, store)
            counts: Counter[str] = Counter()
            runner = _runner(settings, store, counts, dry_run=dry_run)
            failed = False
            if once:
                failed = _once(runner)
            else:
                _forever(runner, settings, counts, dry_run=dry_run)
        finally:
            store.close()
    if once:
        _say_counts(counts)
    if failed:
        raise typer.Exit(1)


def watch(
    config: ConfigOption = None,
    *,
    most: Annotated[
        int, typer.Option("--most", min=1, help="So many folders this program reads at most.")
    ] = 200,
    log_format: LogFormat = "plain",
) -> None:
    """Read a fair share of the mailboxes, beside other programs on one PostgreSQL store."""
    _share(config, "watch", most, log_format)


def worker(config: ConfigOption = None, *, log_format: LogFormat = "plain") -> None:
    """Decide and send what has been read, beside other programs on one PostgreSQL store."""
    _share(config, "worker", 0, log_format)


def _share(config: Path | None, role: Role, most: int, log_format: str) -> None:
    """One part of what `triage run` does, where the store lets several programs share it."""
    from triage import app, logs  # noqa: PLC0415
    from triage.parsing import reading_apart  # noqa: PLC0415

    logs.set_up(log_format, logging.INFO)
    settings = app.load_settings(config_path(config))
    if settings.config.store_file is not None:
        fail(
            "the store is a file, which one program uses at a time: `triage run` does it all; "
            "for several programs see docs/scale.md",
            2,
        )
    _log_settings(settings)
    store = app.open_store(settings.config.store)
    part = Part(role=role, most=most)
    counts: Counter[str] = Counter()
    try:
        with reading_apart():
            runner = _runner(settings, store, counts, dry_run=False, part=part)
            _forever(runner, settings, counts, dry_run=False, part=part)
    finally:
        store.close()


def _log_settings(settings: Settings) -> None:
    """What is in force after defaults and file, secrets masked: the first question in trouble."""
    from triage import __version__  # noqa: PLC0415
    from triage.config_file import mask  # noqa: PLC0415

    log.info(
        "starting",
        extra={
            "action": "starting",
            "version": __version__,
            "policy": settings.policy.version,
        },
    )
    log.debug("settings", extra={"action": "settings", "settings": mask(settings.config)})


def _runner(
    settings: Settings,
    store: Store,
    counts: Counter[str],
    *,
    dry_run: bool,
    part: Part = ALL,
) -> EmbeddedRunner:
    from triage import app, app_digests, app_learning, app_mail  # noqa: PLC0415
    from triage.channels.folder import FolderChannel  # noqa: PLC0415
    from triage.runners.retention import Purger  # noqa: PLC0415
    from triage.runners.searching import SearchReader  # noqa: PLC0415

    folder = settings.config.path.parent / "dry-run"
    if dry_run:
        typer.echo(f"dry run: nothing is sent; briefs land in {folder}", err=True)
    classifier = app_learning.make_classifier(settings, store) if part.judges else None
    runner = app.make_runner(
        settings,
        store,
        FolderChannel(folder) if dry_run else app_mail.make_channel(settings.config),
        classifier or app.NoClassifier(tags=tuple(settings.policy.routes)),
        prober=None if dry_run else app_mail.make_prober(settings.config),
        touch=not dry_run,
        numbered=not dry_run,  # the dry run's own store counts for itself
        report=lambda outcome: counts.update([outcome.action]),
        role=part.role,
        most=part.most,
    )
    runner.own_chores = [classifier.refresh] if classifier else []
    chores = [
        app_digests.make_digester(settings, store, runner).look,
        SearchReader(store=store).look,
    ]
    if not dry_run:  # which sends nothing
        watchman = app.make_watchman(settings, store, runner)
        runner.store_is_busy = watchman.store_is_busy
        chores += [
            watchman.look,
            Purger(store=store, settings=settings.config.retention).look,
        ]
    runner.chores = chores
    return runner


def _stop_on_signals(request_stop: Callable[[], None]) -> None:
    def stop(*_args: object) -> None:
        # In a thread: a handler that interrupts Event.set() and calls it again would hang.
        threading.Thread(target=request_stop, daemon=True).start()

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, stop)


def _forever(
    runner: EmbeddedRunner,
    settings: Settings,
    counts: Counter[str],
    *,
    dry_run: bool,
    part: Part = ALL,
) -> None:
    """Run until told to stop; with everything made anew whenever the policy was edited."""
    from triage import app_learning, app_policy  # noqa: PLC0415
    from triage.runners.relay import Relay  # noqa: PLC0415

    store = runner.sender.store
    retrainer = app_learning.make_retrainer(settings, store)
    relay = Relay(runner=runner)
    _stop_on_signals(relay.request_stop)
    monitor = _monitor(relay, settings)
    names = ", ".join(watcher.name for watcher in runner.watchers)
    does = {"both": f"watching {names}", "watch": f"sharing {names}", "worker": "deciding, sending"}
    typer.echo(f"{does[part.role]}; stop with Ctrl-C", err=True)
    try:
        while True:
            runner = relay.runner
            tags = runner.decider.classifier.tags
            watch = app_policy.make_watch(settings, store, tags, runner.request_stop)
            runner.own_chores = [*runner.own_chores, watch.look]
            if not dry_run:  # whose store has no labels of its own
                runner.chores = [*runner.chores, retrainer.look]
            runner.run()
            if watch.new is None or relay.stopped.is_set():
                break
            settings = replace(settings, policy=watch.new)
            relay.hand_over(_runner(settings, store, counts, dry_run=dry_run, part=part))
    finally:
        retrainer.stop()
        if monitor:
            monitor.close()
    typer.echo("stopped; nothing is half done", err=True)


def _monitor(relay: Relay, settings: Settings) -> Monitor | None:
    """What answers Prometheus, where the settings ask for it."""
    at = settings.config.monitoring
    if not at.port:
        return None
    from triage.monitoring import Monitor  # noqa: PLC0415 - loads prometheus-client

    try:
        return Monitor(relay.runner.sender.store, relay.silent, host=at.host, port=at.port)
    except OSError as error:
        why = error.strerror or error
        fail(f"[monitoring] {at.host}:{at.port}: {why}; choose another port, or take it out", 2)


def _once(runner: EmbeddedRunner) -> bool:
    from triage.runners.once import Once  # noqa: PLC0415

    _stop_on_signals(runner.request_stop)
    left = Once(runner=runner, complain=lambda why: typer.echo(f"triage: {why}", err=True)).run()
    if left.unsent:
        typer.echo(f"triage: {left.unsent} briefs are not sent; see `triage status`", err=True)
    if left.undecided:
        typer.echo(f"triage: {left.undecided} mails are not decided; run it again", err=True)
    return bool(left)


def _say_counts(counts: Counter[str]) -> None:
    from triage.demo_page import OUTCOME_WORDS  # noqa: PLC0415 - brings jinja2

    total = sum(counts.values())
    parts = ", ".join(f"{number} {OUTCOME_WORDS[each]}" for each, number in counts.most_common())
    typer.echo(f"{total} mails decided" + (f": {parts}" if parts else ""))


def replay(
    since: Annotated[str, typer.Option("--since", help="First day to read, as YYYY-MM-DD.")],
    config: ConfigOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a mail.")] = False,
) -> None:
    """Show what would have been escalated, on past mail. Sends and changes nothing."""
    from triage import app, logs  # noqa: PLC0415

    try:
        first = datetime.strptime(since, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day
    except ValueError:
        fail(f"--since {since!r} is no date; write it as 2026-11-01", 2)
    logs.set_up(level=30)
    outcomes = _replayed(app.load_settings(config_path(config)), first)
    if as_json:
        for outcome in outcomes:
            typer.echo(json.dumps(_as_json(outcome), ensure_ascii=False))
        return
    _print_report(outcomes, first)


def _replayed(settings: Settings, first: date) -> list[Outcome]:
    import tempfile  # noqa: PLC0415

    from triage import app  # noqa: PLC0415
    from triage.channels.folder import FolderChannel  # noqa: PLC0415

    accounts = tuple(replace(a, since=first, everything=False) for a in settings.config.accounts)
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="triage-replay-") as scratch:
        path = Path(scratch) / "replay.db"
        config = replace(settings.config, accounts=accounts, store=path)
        store = app.open_store(path)
        try:
            runner = app.make_runner(
                replace(settings, config=config),
                store,
                FolderChannel(Path(scratch) / "briefs"),
                app.load_classifier(settings),
                touch=False,
                report=outcomes.append,
            )
            for watcher in runner.watchers:
                watcher.sync(watcher.open())
                watcher.source.close()
            while runner.decide_some():
                pass
        finally:
            store.close()
    return outcomes


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "ref": str(outcome.ref),
        "action": outcome.action,
        "tags": list(outcome.tags),
        "subject": outcome.subject,
        "sender": outcome.sender,
        "recipients": list(outcome.recipients),
        "why": outcome.why,
        "scores": dict(outcome.scores),
    }


def _print_report(outcomes: list[Outcome], first: date) -> None:
    from rich.table import Table  # noqa: PLC0415

    from triage.cli.tables import console, plain  # noqa: PLC0415

    told = [o for o in outcomes if o.action in {"escalated", "unreadable"}]
    table = Table(title=f"Would have been escalated since {first}", title_justify="left")
    for column in ("from", "subject", "tags", "to", "why"):
        table.add_column(column, overflow="fold")
    for o in told:
        table.add_row(
            plain(o.sender),
            plain(o.subject),
            ", ".join(o.tags),
            ", ".join(o.recipients),
            plain(o.why),
        )
    console().print(table)
    counts = Counter(o.action for o in outcomes)
    _say_counts(counts)
    if outcomes:
        share = 100 * len(told) / len(outcomes)
        typer.echo(f"{len(told)} of {len(outcomes)} would have been forwarded ({share:.0f} %)")
