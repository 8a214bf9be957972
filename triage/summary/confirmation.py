"""What we tell somebody who answered a brief: the values that one short mail is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.summary.wording import clean_line, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SUBJECT_LIMIT = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What was understood of an answer, and what came of it. All text is cleaned.

    Attributes:
        kind: `acknowledge`, `take`, `done`, `tell`, `merge`, `correct` or `unclear`, as in
            `triage.feedback`; `digest` for an answer to a digest, which is of no case.
        doubt: why it was unclear.
        subject: of the mail that the brief was about.
        removed: titles of tags that it no longer has; each with the tag in brackets.
        added: titles of tags that are new to it.
        tags: titles of all it has now.
        case_tags: titles of all that its case has now.
        issues, not_issues: titles of the kinds of issue that it is, and is not.
        told: names of those who get a brief because of it.
        heard: names of those who were to be told and have had a brief before.
        barred: names of those who were to be told and take part in the mail from outside.
        closed: the case was closed by this answer.
        settled: it had been closed before.
        outcome: how it ended, in the writer's words.
        recurs: whether it could happen again, as they say; None: they do not say.
        noted: how it ended was said of a case that had been closed before.
        asks_outcome, asks_recurs: what they are asked to say of a case that they have closed.
        owner: who had the case until now.
        other_id: the case that it is said to be one with; `other_subject`: of that one.
        stands_id: which of the two stands; 0: this person has no brief of the other one.
        words: words to answer with.
    """

    kind: str
    case_id: int
    subject: str
    doubt: str = ""
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    case_tags: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    not_issues: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    closed: bool = False
    settled: bool = False
    outcome: str = ""
    recurs: bool | None = None
    noted: bool = False
    asks_outcome: bool = False
    asks_recurs: bool = False
    owner: str = ""
    other_id: int = 0
    other_subject: str = ""
    stands_id: int = 0
    words: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether it asks how the case ended."""
        return self.asks_outcome or self.asks_recurs


def short_subject(subject: str) -> str:
    """A mail's subject as it is spoken of in a sentence."""
    return shorten(clean_line(subject), SUBJECT_LIMIT) or "a mail without a subject"


def titled(tags: Iterable[str], titles: Mapping[str, str]) -> tuple[str, ...]:
    """The tags in words, each with its own name beside it where that is another."""
    return tuple(_titled(tag, clean_line(titles.get(tag, ""))) for tag in tags)


def _titled(tag: str, title: str) -> str:
    plain = tag.replace("_", " ")
    return f"{title} ({tag})" if title and title.lower() != plain else plain
