"""The values a brief is made of: everything a template prints, and nothing it must work out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from triage.messages import Address, Occasion, Reason, Recipient, Urgency
    from triage.summary.points import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A sentence of the mail. `by` is set when somebody else than the person wrote it."""

    text: str
    titles: tuple[str, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the classifier gave one tag. `state` is `decided`, `unsure` or empty."""

    tag: str
    title: str
    percent: int
    state: str = ""

    @property
    def name(self) -> str:
        """The title, with the tag's own word beside it where the two differ."""
        same = self.title.lower() == self.tag.replace("_", " ").lower()
        return self.title if same else f"{self.title} ({self.tag})"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An attachment, in words."""

    name: str
    type: str
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """The case this mail belongs to, and what came before it.

    `owner` is an address, `owner_name` the same person in words; both empty while nobody has it.
    """

    case_id: int
    opened: str
    earlier_mails: int = 0
    earlier_titles: tuple[str, ...] = ()
    earlier_subjects: tuple[str, ...] = ()
    owner: str = ""
    owner_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One escalation in words, the same for all its recipients. All text is cleaned.

    Attributes:
        subject_line: subject of the brief, at most 90 characters.
        person: whom it is about: the sender, or the original sender of a staff forward.
        person_role: `client` or `staff`.
        forwarder: the member of staff who forwarded it.
        client: organisation, or the person where none is known; empty for our own staff.
        lead: who says it, such as `Dana Reyes of Northwind writes`.
        quotes: the deciding sentences, best first, at most three.
        decided: false when no sentence decided and `quotes` is how the mail begins.
        reasons: most urgent first.
        new_titles: titles of the tags that the case did not have before.
        text: the person's own words, from which an answer is chosen; not for printing.
        deciding: (tag, all its deciding sentences), for the same use.
        store_id: number of the message in the store, for `triage label`; 0: it will be in no
            store that lasts, so the number would mean nothing.
        known_tags: every tag that `triage label` may be given.
        words: what to call a tag in an answer, where that is not its own name.
        note: a sentence for the top, such as to whom it could not be delivered.
        answer_by: until when to answer, where that is a moment rather than a span.
        next_heard: who hears when nobody has answered by then.
        place: where the original lies on the server.
        spared: names of people whom the mail is about, and who are not told for that reason.
        suggestion: that a matter comes up again and again, in a sentence; empty for none.
        points: what the mail asks for, by when, and so on, word for word.
        history: what the client had with us before, as the rest of a sentence; empty for staff.
        informed: when the client last heard from us, and when they should next, likewise.
        update_by: until when they should hear from us, in full; empty where no time is set.
        issue_words: what to call a kind of issue in an answer, by its id, for the kinds beneath
            the brief's tags.
    """

    occasion: Occasion
    urgency: Urgency
    subject_line: str
    person: Address
    person_role: str
    lead: str
    written: str
    written_day: str
    received_at: datetime
    subject: str
    thread: Thread
    store_id: int
    policy_version: str
    place: str
    forwarder: Address | None = None
    forwards: Address | None = None
    client: str = ""
    quotes: tuple[Quote, ...] = ()
    decided: bool = True
    reasons: tuple[Reason, ...] = ()
    new_titles: tuple[str, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    acknowledge_within: str = ""
    answer_by: str = ""
    next_heard: str = ""
    text: str = ""
    deciding: tuple[tuple[str, str], ...] = ()
    files: tuple[File, ...] = ()
    attachment_missing: bool = False
    scores: tuple[Score, ...] = ()
    known_tags: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    problems: tuple[str, ...] = ()
    note: str = ""
    spared: tuple[str, ...] = ()
    suggestion: str = ""
    points: tuple[Point, ...] = ()
    history: str = ""
    informed: str = ""
    update_by: str = ""
    issue_words: Mapping[str, str] = field(default_factory=dict)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags, most urgent first."""
        return tuple(reason.tag for reason in self.reasons)

    @property
    def titles(self) -> tuple[str, ...]:
        """The tags in words, most urgent first."""
        return tuple(reason.title for reason in self.reasons)
