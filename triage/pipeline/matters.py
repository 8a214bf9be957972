"""Find the mail that has come before: as a copy, as a forward, or sent once more by its writer.

Rules: a copy brings nothing new, so nobody hears of it again. A forward or a repeat belongs to the
case of the mail that it repeats; what somebody adds to it is judged like any mail in that case. In
doubt it is a matter of its own: a wrong "the same" hides one, a wrong "new" tells somebody twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from triage.messages import Address
from triage.parsing import parse
from triage.pipeline.people import client_address, is_same_client
from triage.pipeline.same_matter import Pair, copied, how_same
from triage.pipeline.same_words import is_same_person, said
from triage.store import cases, inbox, matters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.messages import Email
    from triage.pipeline.same_matter import How
    from triage.pipeline.same_words import Said
    from triage.store.inbox import Stored
    from triage.store.matters import Earlier

COPY_WITHIN_S = 30 * 86400
LOOKED_AT = 400  # mails of recent cases, by their sender alone
COMPARED = 12  # of them, word by word
_KEPT_MAILS, _KEPT_BYTES = 256, 64 * 1024  # as read, so that they are not read for each new one


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """The earlier mail that this one says again.

    Attributes:
        how: `copy`; `forward` of it; `original`: it was the forward; `repeat` by its writer.
        message_id: number of the earlier mail.
        case: its case; None: nobody was told of it.
        tags: what the classifier found in the earlier mail, whatever people said of it since.
        comment: whether somebody has added words of their own.
        by: who forwards it.
    """

    how: How
    message_id: int
    case: cases.Case | None
    tags: tuple[str, ...]
    comment: bool = False
    by: str = ""

    @property
    def brings_nothing(self) -> bool:
        """Whether nobody needs to judge it: each word of it has been judged."""
        return not self.comment

    @property
    def action(self) -> str:
        """How a mail ends that brings nothing."""
        return "joined" if self.case else "duplicate"

    @property
    def why(self) -> str:
        """The reason, in words."""
        what = {
            "copy": f"a copy of mail {self.message_id}",
            "forward": f"a forward of mail {self.message_id}, by {self.by}",
            "original": f"the original of mail {self.message_id}, which was a forward",
            "repeat": f"mail {self.message_id} sent once more",
        }[self.how]
        return f"joined case {self.case.id}: {what}" if self.case else what


@dataclass(frozen=True, kw_only=True)
class Matters:
    """Looks for the earlier mail. `within_s`: so long a repeat is taken for the same matter."""

    firm: Firm
    within_s: float

    def of(self, tx: Connection, stored: Stored, email: Email, *, telling: bool) -> Same | None:
        """The earlier mail that this one says again, if there is one.

        `telling`: whether the mail would tell or ask somebody something; if not, only copies count.
        """
        return self._copy(tx, stored, email) or (
            self._told_again(tx, stored, email) if telling else None
        )

    def _copy(self, tx: Connection, stored: Stored, email: Email) -> Same | None:
        received_at = stored.raw.received_at.timestamp()
        digest = email.text_digest if email.new_text.strip() else ""
        found = matters.perhaps_copies(
            tx,
            email.message_id,
            digest,
            before=stored.id,
            since=received_at - COPY_WITHIN_S,
            most=COMPARED // 2,
        )
        for pair, earlier in self._pairs(tx, stored, email, found):
            added = copied(pair)
            if added is None:
                continue
            same = self._same(tx, "copy", earlier, comment=added)
            if same.brings_nothing or (same.case and same.case.open):
                return same
        return None

    def _told_again(self, tx: Connection, stored: Stored, email: Email) -> Same | None:
        since = stored.raw.received_at.timestamp() - self.within_s
        recent = matters.in_recent_cases(tx, before=stored.id, since=since, most=LOOKED_AT)
        client = client_address(email, self.firm)
        author = said(email, self.firm).author
        near = [each for each in recent if _may_be_of(each, author, client)]
        near[:0] = self._attached(tx, stored, email, since)
        for pair, earlier in self._pairs(tx, stored, email, near[:COMPARED]):
            how = how_same(pair)
            same = self._same(tx, how[0], earlier, by=email, comment=how[1]) if how else None
            if same and same.case and (same.case.open or _is_settled(same)):
                return same
        return None

    @staticmethod
    def _attached(tx: Connection, stored: Stored, email: Email, since: float) -> list[Earlier]:
        """Mails that may be the one that is attached."""
        if not email.original_id:
            return []
        return matters.perhaps_copies(
            tx, email.original_id, "", before=stored.id, since=since, most=COMPARED // 2
        )

    def _pairs(
        self, tx: Connection, stored: Stored, email: Email, found: list[Earlier]
    ) -> Iterator[tuple[Pair, Earlier]]:
        mine = said(email, self.firm)
        sender = email.sender.address.lower()
        ours = self.firm.role_of(sender) == "staff"
        for earlier in found:
            before, theirs = self._read(inbox.load(tx, earlier.id).raw.content)
            yield (
                Pair(
                    email=email,
                    mine=mine,
                    received_at=stored.raw.received_at.timestamp(),
                    before=before,
                    theirs=theirs,
                    before_at=earlier.received_at,
                    trusted=ours or is_same_client(sender, earlier.client),
                ),
                earlier,
            )

    def _read(self, content: bytes) -> tuple[Email, Said]:
        """What an earlier mail says. A client's last mails are asked for with each new one."""
        return self._kept(content) if len(content) <= _KEPT_BYTES else self._read_anew(content)

    def _read_anew(self, content: bytes) -> tuple[Email, Said]:
        email = parse(content)
        return email, said(email, self.firm)

    @cached_property
    def _kept(self) -> Callable[[bytes], tuple[Email, Said]]:
        return lru_cache(maxsize=_KEPT_MAILS)(self._read_anew)

    @staticmethod
    def _same(
        tx: Connection,
        how: How,
        earlier: Earlier,
        *,
        by: Email | None = None,
        comment: bool = False,
    ) -> Same:
        case = cases.get(tx, earlier.case_id) if earlier.case_id else None
        return Same(
            how=how,
            message_id=earlier.id,
            case=case,
            tags=_found_in(tx, earlier.id),
            comment=comment,
            by=(by.sender.name or by.sender.address) if by else "",
        )


def _found_in(tx: Connection, message_id: int) -> tuple[str, ...]:
    row = inbox.verdict_row(tx, message_id)
    return tuple(row["tags"]) if row else ()


def _is_settled(same: Same) -> bool:
    """A colleague passes on, without a word, what the case was closed over."""
    return same.how in ("forward", "original") and same.brings_nothing


def _may_be_of(earlier: Earlier, author: Address, client: str) -> bool:
    """Whether the earlier mail may be of this person; a forward by our own people may be."""
    name, _, address = earlier.sender.rpartition("<")
    writer = Address(address=address.strip("<> "), name=name.strip())
    return client == earlier.client or earlier.role == "staff" or is_same_person(writer, author)
