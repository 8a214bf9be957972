"""The only place that wires real objects together.

Each function builds one thing from the configuration; nothing is global.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from triage.alarms import Watchman
from triage.app_desks import load_models, load_policies, own_desks
from triage.app_labels import make_labeller, make_tag_watchers
from triage.app_mail import make_watchers
from triage.config import Database, ImapAccount
from triage.config_file import load_config
from triage.durable import locked, sync_folder, write_synced
from triage.errors import ConfigError, StoreError, TriageError
from triage.feedback import vocabulary_of
from triage.messages import Address
from triage.pipeline.briefs import BriefWriter
from triage.pipeline.decide import Decider
from triage.pipeline.desks import USUAL, Desks, FollowUps, Rewriters
from triage.pipeline.follow_up import FollowUp
from triage.pipeline.send import RetryRules, Sender
from triage.policy_file import load_policy
from triage.processes import holder
from triage.rendering import Renderer
from triage.resources import resource
from triage.responses import ResponseLibrary
from triage.runners.embedded import EmbeddedRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from classifiers.api import Classifier, Document, Verdict
    from triage.app_desks import Desk
    from triage.channels.base import Channel, Prober
    from triage.config import Config, Outgoing
    from triage.messages import Outcome
    from triage.policy import Policy
    from triage.processes import Program
    from triage.runners.leasing import Role
    from triage.store.engine import Store


log = logging.getLogger(__name__)

MOST_FOLDERS = 200  # that one program reads, where several share them


@dataclass(frozen=True, slots=True, kw_only=True)
class NoClassifier:
    """Stands for the model in a program that only reads mail; `tags` are the policy's."""

    tags: tuple[str, ...]
    version: str = ""

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """Never asked."""
        msg = f"{len(documents)} mails to judge in a program that only reads"
        raise RuntimeError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the two files say."""

    config: Config
    policy: Policy
    policies: Mapping[Path, Policy] = field(default_factory=dict)  # that accounts have of their own

    def own_policies(self) -> dict[Path, Settings]:
        """The same with each policy of an account in the place of the usual one, by its file."""
        return {path: replace(self, policy=policy) for path, policy in self.policies.items()}


def load_settings(path: Path) -> Settings:
    """Read `triage.toml` and the policies it names.

    Raises:
        ConfigError: every mistake of `triage.toml`, or else of all policies at once.
    """
    config = load_config(path)
    problems: list[str] = []
    found: list[Any] = []
    for load in (lambda: load_policy(config.policy), lambda: load_policies(config)):
        try:
            found.append(load())
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Settings(config=config, policy=found[0], policies=found[1])


def models_root(config: Config) -> Path:
    """The folder of models in use: the firm's own once it has one in force, else the shipped."""
    from classifiers.ledger import read_ledger  # noqa: PLC0415

    own = config.models or config.path.parent / "models"
    return own if read_ledger(own, missing_ok=True).current else resource("models")


def load_classifier(settings: Settings) -> Classifier:
    """The model in force, checked before it is loaded.

    Raises:
        ModelError: it is missing, damaged, or was tampered with.
        ConfigError: the policy has no route for one of its tags.
    """
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

    classifier = registry.load(models_root(settings.config))
    check_routes(classifier.tags, settings)
    return classifier


def check_routes(tags: Sequence[str], settings: Settings, file: Path | None = None) -> None:
    """See that the policy says of every tag of a model who hears. Raises ConfigError.

    `file`: where the policy stands, if it is not the usual one.
    """
    name = (file or settings.config.policy).name
    missing = [tag for tag in tags if tag not in settings.policy.routes]
    if missing:
        raise ConfigError(
            [
                f"{name}: routes.{tag}: the model finds `{tag}`, but nobody "
                f"is named for it; add [routes.{tag}]"
                for tag in missing
            ]
        )


def open_store(place: Path | Database, *, create: bool = True) -> Store:
    """The store in this file, or on this server."""
    from triage.store.engine import Store  # noqa: PLC0415 - loads SQLAlchemy

    return Store.open(place, create=create)


def lock_of(store_path: Path) -> Path:
    """The file that the program at work on a store holds."""
    return store_path.with_name(store_path.name + ".lock")


def program_at_work(place: Path | Database) -> Program | None:
    """The program that runs on a store; of several, the one that began first; None: none does."""
    if isinstance(place, Database):
        from triage.store.postgresql import first_program  # noqa: PLC0415 - loads its driver

        return first_program(place)
    return holder(lock_of(place))


@contextmanager
def only_instance(store_path: Path | Database) -> Iterator[None]:
    """Hold the store for this process: two programs on one file are a mistake.

    On a database server several may run; there each mailbox is held by one of them.

    Raises:
        StoreError: another one is running.
    """
    if isinstance(store_path, Database):
        yield
        return
    path = lock_of(store_path)
    with ExitStack() as held:
        try:
            held.enter_context(locked(path, wait=False))
        except BlockingIOError as error:
            msg = f"triage is already running on {store_path}; stop that one first"
            raise StoreError(msg) from error
        except OSError as error:
            msg = f"{path}: {error.strerror}; check that the folder exists and may be written"
            raise StoreError(msg) from error
        yield


def make_runner(
    settings: Settings,
    store: Store,
    channel: Channel,
    classifier: Classifier,
    *,
    prober: Prober | None = None,
    touch: bool = True,
    numbered: bool = True,
    report: Callable[[Outcome], None] = lambda _outcome: None,
    chores: Sequence[Callable[[float], None]] = (),
    clock: Callable[[], float] = time.time,
    role: Role = "both",
    most: int = MOST_FOLDERS,
) -> EmbeddedRunner:
    """Everything that `triage run` runs, ready to start.

    `role`: where several programs share the store, what this one does; then it reads at most so
    many folders.
    `touch`: make the configured changes in mailboxes. `numbered`: briefs give the store's number
    of a mail, for `triage label`. `clock` gives epoch seconds.
    """
    config = settings.config
    writer = replace(make_writer(settings), numbered=numbered)
    marking = [
        a.name
        for a in config.accounts
        if isinstance(a, ImapAccount) and (a.after.keyword or a.after.move_to)
    ]
    decider = Decider(
        store=store,
        classifier=classifier,
        policy=settings.policy,
        firm=config.firm,
        writer=writer,
        marking=frozenset(marking if touch else ()),
    )
    give_desks(decider, settings)
    rewriters = make_rewriters(decider)
    runner = _runner_on(
        store,
        settings,
        role,
        most,
        decider=decider,
        sender=Sender(
            store=store,
            channel=channel,
            rules=retry_rules(config.outgoing),
            clock=clock,
            prober=prober,
            on_failure=rewriters.tell_of_failure,
            refuses=rewriters.refuses,
        ),
        follow_up=make_follow_up(decider),
        watchers=(),
        clock=clock,
        report=report,
        chores=chores,
        send_silence_s=config.outgoing.answer_timeout_s + 10 * config.outgoing.timeout_s,
    )
    labeller = make_labeller(settings, writer)
    runner.tag_watchers = make_tag_watchers(
        settings, store, labeller, runner.wake_sender, touch=touch
    )
    runner.watchers = make_watchers(
        config, store, runner.wake, stirred=runner.stirred, touch=touch, clock=clock
    )
    runner.follow_up.folders = [(w.source.account, w.source.folder) for w in runner.watchers]
    runner.ready()
    return runner


def _runner_on(
    store: Store, settings: Settings, role: Role, most: int, **parts: Any
) -> EmbeddedRunner:
    """The loops of one program, or, on a store that several share, a part of them."""
    place = settings.config.store
    if not (store.shared and isinstance(place, Database)):
        return EmbeddedRunner(**parts)
    from triage.runners.distributed import DistributedRunner  # noqa: PLC0415 - procrastinate
    from triage.runners.leasing import Leaseholder, new_name  # noqa: PLC0415 - as above

    holder = Leaseholder(store=store, name=new_name(os.getpid()), role=role, folders=(), most=most)
    return DistributedRunner(database=place, holder=holder, **parts)


def give_desks(decider: Decider, settings: Settings) -> None:
    """Let accounts with a policy or a model of their own be decided by it.

    Raises:
        ModelError: a model cannot be used.
        ConfigError: a policy names nobody for a tag of its model; of all of them.
    """
    own = own_desks(settings.config)
    if not own:
        return
    models = load_models(settings.config)
    problems: list[str] = []
    made: dict[Desk, Decider] = {}
    for desk in dict.fromkeys(own.values()):
        its = settings.own_policies()[desk.policy] if desk.policy else settings
        classifier = models[desk.model] if desk.model else decider.classifier
        try:
            check_routes(classifier.tags, its, desk.policy)
        except ConfigError as error:
            problems += error.problems
        writer = replace(make_writer(its), numbered=decider.writer.numbered)
        made[desk] = replace(decider, policy=its.policy, classifier=classifier, writer=writer)
    if problems:
        raise ConfigError(problems)
    decider.desks.by_account[USUAL] = decider
    decider.desks.by_account.update({name: made[desk] for name, desk in own.items()})


def make_rewriters(decider: Decider) -> Rewriters:
    """What the send step asks about a brief, by the policy of its case."""
    by_account = {name: each.rewriter for name, each in decider.desks.by_account.items()}
    return Rewriters(usual=decider.rewriter, desks=Desks(by_account))


def make_follow_up(decider: Decider) -> FollowUp | FollowUps:
    """The follow-up step: one for each policy, for the cases that go by it."""
    if not decider.desks:
        return FollowUp(store=decider.store, rewriter=decider.rewriter)

    def serves(policy: Policy, tx: Connection, case_id: int) -> bool:
        return decider.desks.of_case(tx, case_id, decider).policy is policy

    by_policy = {id(each.policy): each for each in decider.desks.everyone(decider)}
    return FollowUps(
        each=[
            FollowUp(
                store=decider.store, rewriter=each.rewriter, serves=partial(serves, each.policy)
            )
            for each in by_policy.values()
        ]
    )


def make_watchman(settings: Settings, store: Store, runner: EmbeddedRunner) -> Watchman:
    """What tells the operator of lasting trouble while a runner runs."""
    outgoing = settings.config.outgoing
    return Watchman(
        store=store,
        policy=settings.policy,
        firm=settings.config.firm,
        settings=settings.config.alerts,
        sender=Address(address=outgoing.sender, name=outgoing.sender_name),
        key=read_key(settings.config.key_file),
        queued=runner.wake_sender,
    )


def make_writer(settings: Settings) -> BriefWriter:
    """What turns escalations into mails. Raises ConfigError for bad templates."""
    config, policy = settings.config, settings.policy
    vocabulary = vocabulary_of(policy.routes, policy.kinds, policy.people)
    outgoing = config.outgoing
    sender = Address(address=outgoing.sender, name=outgoing.sender_name)
    shipped = resource("templates")
    own = [config.templates / "responses"] if config.templates else []
    library = ResponseLibrary.load(*own, shipped / "responses")
    return BriefWriter(
        firm=config.firm,
        renderer=Renderer(
            firm=config.firm, sender=sender, templates=config.templates, responses=library
        ),
        key=read_key(config.key_file),
        domain=sender.domain or "triage.invalid",
        policy_version=settings.policy.version,
        titles={tag: route.title for tag, route in settings.policy.routes.items()},
        words=vocabulary.shown,
        issue_words={
            tag: {
                kind.id: vocabulary.shown_issues[kind.id]
                for kind in policy.kinds.values()
                if tag in kind.routes
            }
            for tag in policy.routes
        },
    )


def retry_rules(outgoing: Outgoing) -> RetryRules:
    """When to try again."""
    return RetryRules(
        first_s=outgoing.retry_first_s,
        max_s=outgoing.retry_max_s,
        give_up_after_s=outgoing.give_up_after_s,
        uncertain=outgoing.uncertain,
        uncertain_after_s=outgoing.uncertain_after_s,
    )


def read_key(path: Path) -> bytes:
    """The key of our Message-IDs; made at the first start when `triage init` was not used.

    Raises:
        TriageError: the file cannot be read or written, or holds no key.
    """
    try:
        if not path.exists():
            write_synced(path, f"{secrets.token_hex(32)}\n".encode(), mode=0o600)
            sync_folder(path.parent)
            log.info(
                "made a new key for our Message-IDs; keep it with the store. Answers to earlier "
                "briefs still count as seen, but correct nothing any more",
                extra={"action": "key", "path": str(path)},
            )
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        msg = f"key file {path}: {error}; restore it, or remove it to have a new one made"
        raise TriageError(msg) from error
    if len(key) < 16:  # noqa: PLR2004 - bytes of a key worth the name
        msg = f"key file {path}: too short; remove it to have a new one made"
        raise TriageError(msg)
    return key


def dry_run(settings: Settings) -> Settings:
    """The same settings with a store of their own, so that nothing counts as handled."""
    store = settings.config.store
    if isinstance(store, Database):  # a dry run is one program's, and touches no shared store
        store = settings.config.path.with_name("triage.db")
    path = store.with_name(f"{store.stem}.dry-run{store.suffix}")
    return replace(settings, config=replace(settings.config, store=path))
