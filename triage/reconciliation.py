"""Is every mail of a folder accounted for? What the server holds against what the store has. Pure.

Rule: each UID that the server names ends in exactly one of five ways, and so the sum always adds
up: decided, waiting, from before the start, still to be read, or unaccounted for. The last are a
fault: nobody will ever hear of them unless they are fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from triage.store.mailboxes import Mailbox

DECIDED, WAITING, BEFORE = "decided", "waiting", "before"
VANISHED = "vanished"  # the outcome of a mail that was gone when it was to be read
OLDER = "older than the first start"  # why a mail was passed over


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the store has of a mail. `action` is empty while it is undecided."""

    uid: int
    action: str
    why: str
    stored_at: float

    @property
    def stands_for(self) -> str:
        """How its mail is accounted for, when the server has it; empty: it is not."""
        if self.action == VANISHED:
            return ""
        if self.why == OLDER:
            return BEFORE
        return DECIDED if self.action else WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A folder's mails, each counted once.

    Attributes:
        gone: mails that were accounted for, and have left the folder since.
        coming: UIDs that the next look at the folder will read.
        unaccounted: UIDs that should have been read and have not.
    """

    decided: int = 0
    waiting: int = 0
    before: int = 0
    gone: int = 0
    coming: tuple[int, ...] = ()
    unaccounted: tuple[int, ...] = ()

    @property
    def on_server(self) -> int:
        """How many mails the server has named."""
        kept = self.decided + self.waiting + self.before
        return kept + len(self.coming) + len(self.unaccounted)


def balance(
    listed: Iterable[int],
    rows: Iterable[Row],
    mailbox: Mailbox,
    *,
    counting: Collection[int],
    ordered: bool = True,
) -> Balance:
    """Account for every mail.

    Args:
        listed: UIDs that the server names.
        rows: all that the store has of this folder under its present UIDVALIDITY.
        mailbox: how far it has been read.
        counting: those of `listed` that are new enough to count.
        ordered: UIDs only ever grow; without it, whatever has no row is read at the next look.
    """
    known: Mapping[int, Row] = {row.uid: row for row in rows}
    tally = {DECIDED: 0, WAITING: 0, BEFORE: 0}
    coming, unaccounted = [], []
    present = set(listed)
    for uid in sorted(present):
        row = known.get(uid)
        how = row.stands_for if row else ""
        if not how and row is None and (ordered and uid <= mailbox.first_uid):
            how = BEFORE
        if not how and row is None and uid not in counting:
            how = BEFORE
        if how:
            tally[how] += 1
        elif row is None and (uid > mailbox.last_uid or not ordered):
            coming.append(uid)
        else:
            unaccounted.append(uid)
    gone = sum(1 for uid, row in known.items() if uid not in present and row.why != OLDER)
    return Balance(
        decided=tally[DECIDED],
        waiting=tally[WAITING],
        before=tally[BEFORE],
        gone=gone,
        coming=tuple(coming),
        unaccounted=tuple(unaccounted),
    )
