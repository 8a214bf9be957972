"""The part of the wiring that has to do with what people say a mail is; see `triage.app`."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from triage.config import ImapAccount
from triage.credentials import credential
from triage.errors import ConfigError
from triage.feedback import vocabulary_of
from triage.pipeline.again import Rewriter
from triage.pipeline.corrections import Corrector
from triage.pipeline.desks import USUAL
from triage.pipeline.gestures import Gestures
from triage.pipeline.labelling import Labeller
from triage.pipeline.moves import MoveTaker
from triage.tag_folders import folder_levels, tag_folder_problems
from triage.tag_watcher import TagWatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from triage.app import Settings
    from triage.config import Account, Config, TagFolders
    from triage.pipeline.briefs import BriefWriter
    from triage.sources.base import TagFolderReader
    from triage.store.engine import Store


def make_tag_folders(settings: Settings) -> list[tuple[TagFolders, TagFolderReader]]:
    """The tag folders of each account that has some, with what the configuration says of them.

    Raises:
        ConfigError: names that do not fit the policy; every one of them.
    """
    config, tags = settings.config, tuple(settings.policy.routes)
    problems = tag_folder_problems(config, tags)
    if problems:
        raise ConfigError([f"{config.path.name}: {place}.{says}" for place, says in problems])
    return [
        (account.tag_folders, _tag_folders(account, account.tag_folders, tags, config))
        for account in config.accounts
        if account.tag_folders
    ]


def _tag_folders(
    account: Account, settings: TagFolders, tags: Sequence[str], config: Config
) -> TagFolderReader:
    levels = folder_levels(settings, tags)
    if isinstance(account, ImapAccount):
        from triage.sources.imap_tag_folders import ImapTagFolders  # noqa: PLC0415

        return ImapTagFolders(account, levels, credential(config, account), config.limits)
    from triage.sources.disk_tag_folders import DiskTagFolders  # noqa: PLC0415

    return DiskTagFolders(account, levels, config.limits)


def make_tag_watchers(
    settings: Settings,
    store: Store,
    labeller: Labeller,
    learned: Callable[[], None],
    *,
    touch: bool = True,
) -> list[TagWatcher]:
    """One watcher for the tag folders of each account. Without `touch` no folder is made."""
    return [
        TagWatcher(
            folders=folders,
            store=store,
            taker=MoveTaker(labeller=labeller, firm=settings.config.firm),
            clock=time.time,
            create=wanted.create and touch,
            look_every_s=wanted.look_every_s,
            learned=learned,
        )
        for wanted, folders in make_tag_folders(settings)
    ]


def make_labeller(settings: Settings, writer: BriefWriter) -> Labeller:
    """What takes labels for any mail and lets cases follow."""
    labeller = _labeller(settings, writer)
    own = settings.own_policies()
    if own:
        from triage.app import make_writer  # noqa: PLC0415 - which imports this module

        each = {
            path: _labeller(its, replace(make_writer(its), numbered=writer.numbered))
            for path, its in own.items()
        }
        labeller.desks.by_account[USUAL] = labeller
        for account in settings.config.accounts:
            if account.policy:
                labeller.desks.by_account[account.name] = each[account.policy]
    return labeller


def _labeller(settings: Settings, writer: BriefWriter) -> Labeller:
    policy, firm = settings.policy, settings.config.firm
    rewriter = Rewriter(policy=policy, writer=writer)
    corrector = Corrector(policy=policy, rewriter=rewriter)
    return Labeller(policy=policy, firm=firm, rewriter=rewriter, corrector=corrector)


def make_gestures(settings: Settings, labeller: Labeller) -> Gestures:
    """What carries out on a case what an answer to a brief may ask for."""
    policy = settings.policy
    vocabulary = vocabulary_of(policy.routes, policy.kinds, policy.people)
    return Gestures(policy=policy, vocabulary=vocabulary, corrector=labeller.corrector)
