"""Ask every watched folder what it holds, and account for each mail by the store.

Rules: folders are opened for reading only; the store is looked at after the server was asked, so
that a mail which a running program reads meanwhile is not taken for a lost one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.errors import SourceError
from triage.past_mail import watched
from triage.reconciliation import Balance, balance
from triage.store import listings, mailboxes
from triage.watcher import counted_since

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from triage.config import Config
    from triage.sources.base import MailSource
    from triage.store.engine import Store
    from triage.store.mailboxes import Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One folder: how its mails are accounted for, or why they could not be.

    Attributes:
        read: whether the program has ever read the folder.
        renumbered: the server has numbered it anew, so that it is read again as a whole.
        problem: why it could not be asked; empty when it could.
    """

    account: str
    folder: str
    balance: Balance = field(default_factory=Balance)
    read: bool = True
    renumbered: bool = False
    problem: str = ""

    @property
    def well(self) -> bool:
        """Whether it could be asked, and no mail is unaccounted for."""
        return not self.problem and not self.balance.unaccounted


def verify(config: Config, store: Store) -> list[Verified]:
    """Account for every mail of every watched folder; changes nothing in any of them."""
    return list(verify_folders(watched(config), store))


def verify_folders(sources: Iterable[MailSource], store: Store) -> Iterator[Verified]:
    """The same for these folders, which must open for reading only; closes them.

    Where mail is unaccounted for, what the server said last is forgotten, so that the next look
    at the folder compares anew and reads it.
    """
    for source in sources:
        try:
            found = _verified(source, store)
        except SourceError as error:
            found = Verified(account=source.account, folder=source.folder, problem=str(error))
        finally:
            source.close()
        yield found


def _verified(source: MailSource, store: Store) -> Verified:
    account, folder = source.account, source.folder
    state = source.open()
    with store.read() as tx:
        before = mailboxes.current(tx, account, folder)
    if before is None:
        return Verified(account=account, folder=folder, read=False)
    since = counted_since(before)
    listed = source.list_uids(after=0, since=None)
    if state.uid_validity != before.uid_validity:
        coming = source.list_uids(after=0, since=since)
        older = Balance(before=len(listed) - len(coming), coming=tuple(sorted(coming)))
        return Verified(account=account, folder=folder, balance=older, renumbered=True)
    counting = set(source.list_uids(after=before.first_uid, since=since))
    with store.write() as tx:
        found = balance(
            [*listed, *counting],
            listings.rows_of(tx, before),
            _position(mailboxes.current(tx, account, folder), before),
            counting=counting,
            ordered=source.ordered,
        )
        if found.unaccounted:
            listings.forget(tx, before.id)
    return Verified(account=account, folder=folder, balance=found)


def _position(now: Mailbox | None, before: Mailbox) -> Mailbox:
    """How far the folder has been read by now, unless it was begun anew meanwhile."""
    return now if now and now.id == before.id else before
