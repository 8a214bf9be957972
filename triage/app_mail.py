"""Wires what reads mailboxes, and what sends mail."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from triage.config import FolderAccount, HostLimits, ImapAccount
from triage.credentials import credential
from triage.sources.seats import Allowed, Wanted, seats
from triage.watcher import Beginning, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.channels.base import Channel, Prober
    from triage.config import Account, Config
    from triage.sources.base import MailSource
    from triage.sources.seats import Seat
    from triage.store.engine import Store

AT_STORE = 4  # watchers at a time, so that whoever decides and sends finds a way in as well
LEAST_BATCH_BYTES = 1 << 20  # of a mailbox, however many share the memory for fetching


def make_source(account: Account, folder: str, config: Config) -> MailSource:
    """The source for one folder of an account."""
    if isinstance(account, ImapAccount):
        from triage.sources.imap import ImapSource  # noqa: PLC0415 - loads imapclient

        return ImapSource(account, folder, credential(config, account), config.limits)
    from triage.sources.folder import FolderSource  # noqa: PLC0415
    from triage.sources.listing import EmlFolder  # noqa: PLC0415

    lister = None
    if account.type == "eml" and account.tag_folders:
        lister = EmlFolder(account.path, beside=[account.path / account.tag_folders.root])
    return FolderSource(account, config.limits, lister=lister)


def make_watchers(
    config: Config,
    store: Store,
    received: Callable[[], None],
    *,
    stirred: Callable[[str], None] = lambda _account: None,
    touch: bool = True,
    clock: Callable[[], float] = time.time,
) -> list[Watcher]:
    """One watcher per folder of every account. Without `touch` no mailbox is changed.

    `stirred` is told the account in which mail may have been moved.
    """
    places = [(account, folder) for account in config.accounts for folder in folders_of(account)]
    batch_bytes = max(LEAST_BATCH_BYTES, config.limits.batch_bytes * 4 // max(4, len(places)))
    config = replace(config, limits=replace(config.limits, batch_bytes=batch_bytes))
    at_store = threading.BoundedSemaphore(AT_STORE)
    return [
        Watcher(
            source=make_source(account, folder, config),
            store=store,
            clock=clock,
            beginning=Beginning(since=account.since, everything=account.everything),
            after=account.after if touch and isinstance(account, ImapAccount) else None,
            batch_messages=config.limits.batch_messages,
            batch_bytes=batch_bytes,
            look_again_s=account.poll_interval_s,
            seat=seat,
            at_store=at_store,
            received=received,
            stirred=partial(stirred, account.name),
        )
        for (account, folder), seat in zip(places, make_seats(config), strict=True)
    ]


def make_seats(config: Config) -> list[Seat]:
    """Who stays connected and who takes turns, for every folder of every account in order."""
    limits = config.limits
    imap = [each for each in config.accounts if isinstance(each, ImapAccount)]
    own = {host: config.hosts.get(host, HostLimits()) for host in {each.host for each in imap}}
    allowed = Allowed(
        per_account={a.name: a.connections or limits.connections_per_account for a in imap},
        per_host={h: own[h].connections or limits.connections_per_host for h in own},
        logins={h: own[h].logins_at_once or limits.logins_at_once for h in own},
        beside={each.name: 1 for each in imap if each.tag_folders},
    )
    wanted = [
        Wanted(account=account.name, host=getattr(account, "host", ""))
        for account in config.accounts
        for _ in folders_of(account)
    ]
    return seats(wanted, allowed)


def folders_of(account: Account) -> tuple[str, ...]:
    """The folders that are watched in an account."""
    return (str(account.path),) if isinstance(account, FolderAccount) else account.folders


def make_channel(config: Config) -> Channel:
    """The SMTP channel."""
    from triage.channels.smtp import SmtpChannel  # noqa: PLC0415

    outgoing = config.outgoing
    return SmtpChannel(outgoing, credential(config, outgoing) if outgoing.username else None)


def make_prober(config: Config) -> Prober | None:
    """Where to look for a brief whose answer was lost; None without `[outgoing.probe]`."""
    probe = config.outgoing.probe
    account = next((a for a in config.accounts if probe and a.name == probe.account), None)
    if probe is None or not isinstance(account, ImapAccount):
        return None
    from triage.sources.probe import ImapProber  # noqa: PLC0415

    return ImapProber(account, probe.folder, credential(config, account))
