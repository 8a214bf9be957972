"""What a digest says, as plain values: ids, moments (epoch seconds) and counts, no sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triage.messages import Urgency
    from triage.repeats import Repeated

WEEKS = 8  # of which trends are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """A case that is not resolved, as it stands.

    Attributes:
        titles: of its tags, or of the kinds beneath them.
        client: address of the outside person.
        holder: who has it; empty: nobody yet.
        seen: somebody has answered its brief, though nobody took it.
        told: names of those who were told.
        due_at: until when somebody was to answer; None: no window, or somebody has answered.
        overdue: that moment has passed.
        answered_at: when one of our people last answered the client.
    """

    id: int
    titles: tuple[str, ...]
    client: str
    subject: str
    urgency: Urgency
    opened_at: float
    told: tuple[str, ...]
    holder: str = ""
    seen: bool = False
    due_at: float | None = None
    overdue: bool = False
    answered_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """A case of which people were told in the period; `new` when it was opened in it."""

    id: int
    titles: tuple[str, ...]
    client: str
    subject: str
    urgency: Urgency
    at: float
    new: bool
    told: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A brief that waited for this digest instead of being sent.

    Attributes:
        outbox_id: number of the brief; `reference` names it in an answer.
        because: why it waited, in words.
    """

    outbox_id: int
    case_id: int
    titles: tuple[str, ...]
    client: str
    subject: str
    urgency: Urgency
    at: float
    because: str
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewMail:
    """A mail that a person should judge."""

    id: int
    sender: str
    subject: str
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The review list: how many wait, since when, and some of them, newest first."""

    count: int = 0
    oldest_at: float | None = None
    first: tuple[ReviewMail, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTimes:
    """How long cases waited for their first answer, in seconds of working time."""

    count: int = 0
    median_s: float = 0.0
    slowest_s: float = 0.0
    slowest_case: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Cases opened week by week, the latest last."""

    label: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All weeks together."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailCount:
    """How the mails of the period ended; each is counted once.

    Attributes:
        not_triaged: robots, answers to briefs, copies, and what the reader may not see.
        other: outcomes by a name that this part of the program does not know.
        parts: what `not_triaged` is made of; only for who sees everything.
    """

    escalated: int = 0
    joined: int = 0
    unsure: int = 0
    left: int = 0
    not_triaged: int = 0
    waiting: int = 0
    other: int = 0
    parts: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All mails that came in."""
        decided = self.escalated + self.joined + self.unsure + self.left + self.not_triaged
        return decided + self.waiting + self.other


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderCheck:
    """What the server said of a folder, held against the store.

    Attributes:
        asked_at: when; None: it was never asked.
        fresh: that was late enough to speak for the period.
        problem: why the folder cannot be read now; empty when it can.
        came: mails of the period that were in the store when it was asked.
        still_there: of these, how many the server still had.
        unaccounted: mails on the server that should have been read and were not.
    """

    name: str
    asked_at: float | None = None
    fresh: bool = False
    problem: str = ""
    on_server: int = 0
    came: int = 0
    still_there: int = 0
    unaccounted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Everything that one person is told. `person` is an id; empty: who runs triage, who sees all.

    Attributes:
        period: `day` or `week`.
        whole: whether they see more than their own matters.
        held: briefs that waited for it.
        drift: sentences on shares that have moved.
        repeated: matters that came up again and again, of which a brief first said so in the time.
    """

    person: str
    name: str
    period: str
    since: float
    until: float
    whole: bool = True
    held: tuple[HeldBack, ...] = ()
    open_cases: tuple[OpenCase, ...] = ()
    escalated: tuple[Escalated, ...] = ()
    review: Review = field(default_factory=Review)
    answers: AnswerTimes = field(default_factory=AnswerTimes)
    by_client: tuple[Trend, ...] = ()
    by_kind: tuple[Trend, ...] = ()
    drift: tuple[str, ...] = ()
    repeated: tuple[Repeated, ...] = ()
    mail: MailCount = field(default_factory=MailCount)
    folders: tuple[FolderCheck, ...] = ()

    @property
    def unaccounted(self) -> int:
        """Mails on the server of which the store knows nothing."""
        return sum(folder.unaccounted for folder in self.folders)

    @property
    def overdue(self) -> int:
        """Open cases that nobody has answered in time."""
        return sum(case.overdue for case in self.open_cases)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that a person must know today."""
        told = self.held or self.open_cases or self.escalated or self.review.count or self.drift
        trouble = self.unaccounted or any(not folder.fresh for folder in self.folders)
        return not (told or trouble or self.mail.waiting or self.mail.other)
