"""The values that flow from mailbox to forwarded brief. All frozen; all valid once they exist.

RawMessage -> Email -> Verdict (classifiers.api) -> Escalation -> Notice -> Delivery

Rules: times are timezone-aware, text is str without NUL or lone surrogates, and nothing here does
input or output.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


LOOP_HEADER = "X-Triage-Loop"  # in every mail we send; a mail that carries it is never triaged


class MailKind(StrEnum):
    """What sort of mail this is. Only ORDINARY mail is classified."""

    ORDINARY = "ordinary"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    LIST = "list"
    OURS = "ours"
    UNREADABLE = "unreadable"


class Urgency(IntEnum):
    """How fast somebody must hear; comparable, so that "worse" is a larger number."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3

    @property
    def label(self) -> str:
        """The word people read and write in `policy.toml`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRef:
    """Where a message lies. The only safe key: Message-ID is reused by real senders.

    For sources without UIDs (Maildir, mbox, .eml) `uid` is a stable positive number derived from
    the file and `uid_validity` is 1.
    """

    account: str
    folder: str
    uid_validity: int
    uid: int

    def __str__(self) -> str:
        """A short form for logs: account/folder;validity/uid."""
        return f"{self.account}/{self.folder};{self.uid_validity}/{self.uid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """The bytes as the server holds them.

    Attributes:
        content: the whole message, or its first part when `complete` is false.
        received_at: when the server received it (IMAP INTERNALDATE, file time).
        size: bytes on the server; larger than `len(content)` when incomplete.
        complete: false when the message was too large to fetch, or the server would not hand
            over its body; `problem` then says why.
    """

    ref: MessageRef
    content: bytes
    received_at: datetime
    size: int
    complete: bool = True
    problem: str = ""

    @property
    def sha256(self) -> str:
        """Hex digest of the content; equal for the same message under another UID."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A mailbox: display name (may be empty) and address (`local@domain`, may be empty)."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        """Lower-case part behind the last @; empty when there is none."""
        return self.address.rpartition("@")[2].lower() if "@" in self.address else ""

    @property
    def display(self) -> str:
        """The name with the address beside it, since a name can be made to look like one."""
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is not the message text. `size` in bytes after decoding."""

    name: str
    type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """What a person reads in a message.

    Attributes:
        sender: the From header's first mailbox.
        original_sender: who wrote the forwarded mail, when this is a forward; else None.
        text: the whole readable text, quotes included.
        new_text: what the sender newly wrote, without quoted history and signature. In a forward
            it is the sender's note, a blank line, and the forwarded mail's own new text.
        forward_note: in a forward, the sender's own words alone; else empty.
        forwarded_text: in a forward, the forwarded mail's own new text; else empty.
        original_id: Message-ID of a mail that is attached, as in a forward; empty when unknown.
        original_written: in a forward, when the mail in it was written, as its header says.
        date: the Date header in UTC, None when absent or unreadable.
        utc_offset_s: how far the Date header's clock is ahead of UTC; None when it does not say.
        message_id, in_reply_to, references: ids with angle brackets, only such as are valid.
        others: further people of its headers: Reply-To, Sender, Bcc, more in From than the first.
        kind: see MailKind; UNREADABLE when nothing but headers could be had.
        loop: true when our own loop header is in it, or it passed too many hops (> 50 Received).
        problems: what was wrong with the message, in words; empty for a sound one.
    """

    subject: str
    sender: Address
    text: str
    new_text: str
    kind: MailKind
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    original_sender: Address | None = None
    original_subject: str = ""
    forward_note: str = ""
    forwarded_text: str = ""
    date: datetime | None = None
    utc_offset_s: int | None = None
    original_id: str = ""
    original_written: str = ""
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    loop: bool = False
    problems: tuple[str, ...] = ()
    others: tuple[Address, ...] = ()

    @property
    def thread_ids(self) -> tuple[str, ...]:
        """Every Message-ID that ties this mail to its thread, oldest first, its own last."""
        ids = [*self.references, *self.in_reply_to, self.message_id]
        return tuple(dict.fromkeys(i for i in ids if i))

    @property
    def text_digest(self) -> str:
        """Names the words alone, see `words_digest`."""
        return words_digest(self.subject, self.new_text)


def words_digest(subject: str, text: str) -> str:
    """Hex digest of a mail's words: the same however lines are wrapped, whatever headers say."""
    words = f"{' '.join(subject.split())}\0{' '.join(text.split())}"
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one tag makes this mail somebody's business: the clause of the written policy.

    `because` says what made it more urgent than usual; it is not the policy's own words. `kind` is
    the kind of issue beneath the tag, where it is known, and `kind_because` why it seems to be one.
    `resolution` is what the policy recommends to make it good, `no_resolution` why it does not.
    """

    tag: str
    title: str
    clause: str
    next_step: str
    urgency: Urgency
    because: str = ""
    kind: str = ""
    kind_because: str = ""
    resolution: str = ""
    no_resolution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A person who must hear, and the tags for which they do.

    Attributes:
        why: the rules that lead to them, a sentence each, for whoever asks.
        standing_in: a sentence for their brief, when they hear in place of somebody else.
    """

    id: str
    name: str
    address: str
    tags: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    standing_in: str = ""


class Occasion(StrEnum):
    """Why a brief is written now."""

    FIRST = "first"
    NEW_TAG = "new-tag"
    WORSE = "worse"
    UNREADABLE = "unreadable"
    REMINDER = "reminder"
    UNDELIVERED = "undelivered"
    LEVEL = "level"  # those who were told before have not answered
    UPDATE = "update"  # the client has not heard from us for as long as the policy allows
    CORRECTED = "corrected"  # a reader added a tag, and this person must know of it
    ALARM = "alarm"  # no brief: the program itself is in trouble, or out of it
    CONFIRMATION = "confirmation"  # no brief: what we understood of somebody's answer to one
    STORM = "storm"  # mails that joined the case one after another, told together
    DIGEST = "digest"  # no brief: what a person should know of a day or a week


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """The policy's answer to one message: who, how fast, by which clause.

    Attributes:
        acknowledge_within_s: in seconds of working time; None when nobody is reminded.
        note: a sentence for the top of the brief, such as to whom it could not be delivered.
        level: how many levels of the policy hear with this brief already.
        answer_by: when the window for an answer ends, where the brief is to say so.
        next_heard: who hears when nobody has answered by then, in words; empty for nobody.
        spared: names of people whom the mail is about, and who are not told for that reason.
        suggestion: a sentence on a matter that comes up again and again; empty for none.
    """

    occasion: Occasion
    tags: tuple[str, ...]
    reasons: tuple[Reason, ...]
    recipients: tuple[Recipient, ...]
    urgency: Urgency
    acknowledge_within_s: int | None = None
    note: str = ""
    level: int = 0
    answer_by: datetime | None = None
    next_heard: str = ""
    spared: tuple[str, ...] = ()
    suggestion: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A finished mail to one recipient. The bytes are frozen: a repeat is byte-identical."""

    message_id: str
    sender: str
    recipient: str
    subject: str
    content: bytes


class DeliveryStatus(StrEnum):
    """What became of one attempt to deliver a notice.

    DEFERRED and REFUSED are certain: the notice was not accepted. UNCERTAIN means the last dot
    was sent and no answer came. NOT_CLAIMED means another worker has it.
    """

    SENT = "sent"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    NOT_CLAIMED = "not-claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The outcome of one attempt, with the server's words.

    `login_refused` says that our credentials were the reason: no notice is to blame, and none
    will leave until a person mends them.
    """

    status: DeliveryStatus
    detail: str = ""
    login_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientView:
    """What a brief may say of a client, and of what they have heard from us in this thread.

    Attributes:
        opened: when their earlier cases were opened, oldest first.
        unresolved: how many of those are.
        answered_at, answered_by: the last answer to them, and by whom in words.
        waiting_since: their oldest mail that came after it.
        update_by: until when the policy wants them to hear from us.
        last_outcome: how the last of their cases ended of which a person has said it; may be empty.
    """

    opened: tuple[datetime, ...] = ()
    unresolved: int = 0
    answered_at: datetime | None = None
    answered_by: str = ""
    waiting_since: datetime | None = None
    update_by: datetime | None = None
    last_outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """What a brief may say about the case it belongs to. `client`: None for our own people."""

    id: int
    opened_at: datetime
    earlier_mails: int = 0
    earlier_tags: tuple[str, ...] = ()
    earlier_subjects: tuple[str, ...] = ()
    owner: str = ""
    client: ClientView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one message ended, for tables and logs. `action` is one of OUTCOMES."""

    ref: MessageRef
    action: str
    subject: str = ""
    sender: str = ""
    tags: tuple[str, ...] = ()
    case_id: int | None = None
    recipients: tuple[str, ...] = ()
    why: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


OUTCOMES = (
    "escalated",  # a brief was written
    "joined",  # belongs to an open case and brings nothing new
    "unsure",  # waits for a person in the review queue
    "left",  # ordinary mail without a tag
    "not-triaged",  # auto-reply, bounce, list, our own
    "acknowledged",  # a recipient answered our brief
    "asked",  # a recipient's answer was unclear, and they were asked what they mean
    "unreadable",  # kept, and forwarded to the fallback person
    "duplicate",  # the same mail was handled under another UID, or by another way
    "vanished",  # gone from the server before it could be read
    "learnt",  # met only where a person had put it to say what it is
)
