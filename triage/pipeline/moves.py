"""A person moved a mail into a folder that means a tag: learn it, and act as on any label.

Rules: a move is a gesture once, however often its folder is read or numbered anew; what we moved
ourselves says nothing; a mail is the same when its bytes are, else when Message-ID and words are.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from triage.messages import MailKind
from triage.parsing import parse
from triage.pipeline.people import client_address
from triage.store import inbox, labels, moves

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.messages import Email, RawMessage
    from triage.pipeline.labelling import Labeller

log = logging.getLogger(__name__)

HOW = "move"  # as the label store calls this gesture
WHY = "met only in a tag folder"
_ANSWERS = ("acknowledged", "asked")  # of a manager to a brief; the classifier never reads them

Result = Literal["labelled", "same", "ours", "ignored", "failed", "later"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTaker:
    """Takes mail that lies in tag folders."""

    labeller: Labeller
    firm: Firm

    def take(
        self, tx: Connection, raw: RawMessage, tag: str, *, now: float, acts: bool = True
    ) -> Result:
        """Learn from a mail that was seen in the folder of `tag`; the empty tag means none.

        `acts`: whether cases follow. "later" means that the mail is not decided yet, and that
        nothing was written down.
        """
        email = parse(raw.content)
        known = self._known(tx, raw, email)
        if known and known.state != "decided":
            return "later"
        reason = self._reason_against(tx, raw, tag, known, email)
        if reason:
            return self._note(tx, raw, tag, known.id if known else None, outcome=reason, now=now)
        message_id = known.id if known else self._receive(tx, raw, email, now)
        self.labeller.label(
            tx,
            message_id,
            (tag,) if tag else (),
            by=f"mailbox {raw.ref.account}",
            how=HOW,
            who=f"Somebody, by moving this mail to {raw.ref.folder},",
            now=now,
            acts=acts,
        )
        return self._note(tx, raw, tag, message_id, outcome="labelled", now=now)

    @staticmethod
    def _reason_against(
        tx: Connection, raw: RawMessage, tag: str, known: moves.Known | None, email: Email
    ) -> moves.Outcome | None:
        """Why this mail in this folder is no lesson; None when it is one."""
        if known is None:  # a brief quotes; it is nobody's mail
            return "ignored" if email.kind is MailKind.OURS or email.loop else None
        if inbox.decided(tx, known.id).action in _ANSWERS:
            return "ignored"
        if moves.is_our_move(tx, raw.ref, known.id):
            return "ours"
        said = _says_nothing_new(tag, labels.in_force(tx, known.id))
        return "same" if said or moves.is_read_again(tx, raw.ref, known.id, tag) else None

    def _known(self, tx: Connection, raw: RawMessage, email: Email) -> moves.Known | None:
        """The mail as it was read first: the same bytes, else the same Message-ID and words."""
        if raw.content:
            same = moves.by_bytes(tx, raw.ref.account, raw.sha256)
            if same:
                return same
        for each in moves.by_message_id(tx, email.message_id, email.text_digest):
            if each.text_digest or self._digest(tx, each.id) == email.text_digest:
                return each
        return None

    @staticmethod
    def _digest(tx: Connection, message_id: int) -> str:
        return parse(inbox.load(tx, message_id).raw.content).text_digest

    def _receive(self, tx: Connection, raw: RawMessage, email: Email, now: float) -> int:
        """Keep a mail that was in no watched folder when that was read."""
        message_id = inbox.receive(tx, raw, now) or inbox.id_of(tx, raw.ref)
        inbox.link_thread(tx, message_id, email.thread_ids)
        inbox.decide(
            tx,
            message_id,
            action="learnt",
            why=WHY,
            kind=email.kind.value,
            role=self.firm.role_of(email.sender.address),
            subject=email.subject,
            sender=email.sender.display,
            client=client_address(email, self.firm),
            case_id=None,
            mark="",
            text_digest=email.text_digest,
        )
        return message_id

    @staticmethod
    def _note(
        tx: Connection,
        raw: RawMessage,
        tag: str,
        message_id: int | None,
        *,
        outcome: moves.Outcome,
        now: float,
    ) -> Result:
        moves.put(tx, raw.ref, tag=tag, message_id=message_id, outcome=outcome, now=now)
        log.info(
            "mail in a tag folder",
            extra={
                "action": f"move-{outcome}",
                "ref": str(raw.ref),
                "tags": tag or "none",
                "mail": message_id,
            },
        )
        return outcome


def _says_nothing_new(tag: str, labelled: tuple[str, ...] | None) -> bool:
    """Whether a person has said as much, or more: a folder cannot hold the tags beside its own."""
    if labelled is None:
        return False
    return tag in labelled if tag else not labelled
