"""Accounts that have a policy or a model of their own, in one program and one store.

Rules: a case goes by the policy of the account into which its first mail came, whatever becomes of
it and wherever its answers come in; a mail joins no case of another policy, since other people
would hear of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from triage.store import cases, inbox, timers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection

    from triage.pipeline.again import Rewriter
    from triage.pipeline.follow_up import FollowUp
    from triage.store.outbox import OutboxRow

T = TypeVar("T")
USUAL = ""  # in the place of an account: all that have nothing of their own


@dataclass(frozen=True, slots=True)
class Desks(Generic[T]):
    """Who sees to which account; `USUAL` to all others.

    Empty, as it is where no account has anything of its own, it asks the store for nothing, and
    whoever asks is who sees to everything.
    """

    by_account: dict[str, T] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether any account has one of its own."""
        return bool(self.by_account)

    def of_account(self, account: str, asking: T) -> T:
        """Who sees to an account."""
        usual = self.by_account.get(USUAL, asking)
        return self.by_account.get(account, usual)

    def of_case(self, tx: Connection, case_id: int | None, asking: T) -> T:
        """Who sees to a case; the usual one to what is of no case."""
        if not self:
            return asking
        return self.of_account(cases.account_of(tx, case_id) if case_id else USUAL, asking)

    def of_message(self, tx: Connection, message_id: int, asking: T) -> T:
        """Who sees to a mail."""
        return self.of_account(inbox.account_of(tx, message_id), asking) if self else asking

    def everyone(self, asking: T) -> Iterator[T]:
        """Each of them once, the usual one first."""
        seen: list[T] = []
        for each in (self.by_account.get(USUAL, asking), *self.by_account.values()):
            if not any(each is other for other in seen):
                seen.append(each)
                yield each


@dataclass(frozen=True, kw_only=True)
class Rewriters:
    """The rewriter of whatever case a brief is of, for the send step."""

    usual: Rewriter
    desks: Desks[Rewriter]

    def tell_of_failure(self, tx: Connection, row: OutboxRow, detail: str, now: float) -> None:
        """Somebody else must know what this notice could not tell."""
        self._of(tx, row).tell_of_failure(tx, row, detail, now)

    def refuses(self, tx: Connection, row: OutboxRow, recipient: str) -> str:
        """Why a notice must not go to its recipient; empty when it may."""
        return self._of(tx, row).guard(tx, row, recipient)

    def _of(self, tx: Connection, row: OutboxRow) -> Rewriter:
        return self.desks.of_case(tx, row.case_id, self.usual)


@dataclass(kw_only=True)
class FollowUps:
    """The follow-up step of several policies. Each sees to its own cases."""

    each: Collection[FollowUp]

    @property
    def folders(self) -> Collection[tuple[str, str]]:
        """The mail that is watched; a timer waits for all of it to be read."""
        return next(iter(self.each)).folders

    @folders.setter
    def folders(self, folders: Collection[tuple[str, str]]) -> None:
        for follow_up in self.each:
            follow_up.folders = folders

    def has_read(self, tx: Connection, up_to: float, now: float) -> bool:
        """Whether all mail up to a moment has been read; see `FollowUp.has_read`."""
        return next(iter(self.each)).has_read(tx, up_to, now)

    def begin(self, now: float) -> None:
        """See `FollowUp.begin`."""
        for follow_up in self.each:
            follow_up.begin(now)

    def release(self, now: float) -> int:
        """See `FollowUp.release`; what waits for digests is nobody's own."""
        return next(iter(self.each)).release(now)

    def look_at(self, timer_id: int, now: float) -> bool:
        """Look at one timer by the policy of its case; see `FollowUp.look_at`."""
        first = next(iter(self.each))
        with first.store.read() as tx:
            timer = timers.get(tx, timer_id)
            if timer is None:
                return True
            mine = [each for each in self.each if each.serves(tx, timer.case_id)]
        return all(each.look_at(timer_id, now) for each in mine)

    def run_due(self, now: float) -> int:
        """Look at every timer that fell due; see `FollowUp.run_due`."""
        return sum(follow_up.run_due(now) for follow_up in self.each)
