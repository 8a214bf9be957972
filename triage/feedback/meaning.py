"""The values: what one answer asks for, and what it makes of the tags a mail has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["acknowledge", "take", "done", "tell", "merge", "correct", "unclear"]
# Why an answer is unclear: it asks, hedges, wants several things, contradicts itself, or says
# something about tags that no rule here can read.
# `briefs` and `late` are for those who know more than the words: it answers one brief and quotes
# another, or was written before an answer that was followed already.
Doubt = Literal["", "question", "hedge", "several", "contradiction", "unread", "briefs", "late"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What an answer asks for.

    Attributes:
        kind: `acknowledge` (seen), `take` (mine), `done` (close the case), `tell` (somebody else
            too), `merge` (the same matter as another case), `correct` (tags or kind of issue), or
            `unclear`.
        explicit: false for free text without a command, which only says that somebody has it.
        outcome: for `done`, how it ended, in the writer's words; may be empty.
        recurs: for `done`, whether it could happen again; None: not said.
        exactly: for `correct`, the tags from now on (none of them: an empty tuple); None when the
            answer only adds and removes.
        add: for `correct`, tags to add.
        remove: for `correct`, tags to take away.
        issues: for `correct`, the kinds of issue that it is; the tags they belong to are on the
            mail, or take the place of those that are.
        not_issues: for `correct`, kinds that it is not; its tags stay.
        on_top: for `issues`, that their tags come on top of those that are there.
        people: for `tell`, ids of people of the policy.
        cases: for `merge`, numbers of cases; the one that is answered may be among them.
        doubt: for `unclear`, why.
    """

    kind: Kind
    explicit: bool = True
    outcome: str = ""
    recurs: bool | None = None
    exactly: tuple[str, ...] | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    not_issues: tuple[str, ...] = ()
    on_top: bool = False
    people: tuple[str, ...] = ()
    cases: tuple[int, ...] = ()
    doubt: Doubt = ""


def apply(meaning: Meaning, tags: Sequence[str], order: Sequence[str]) -> tuple[str, ...]:
    """The tags after a correction, in the given order; those not in it come last."""
    before = set(tags) if meaning.exactly is None else set(meaning.exactly)
    after = (before - set(meaning.remove)) | set(meaning.add)
    known = [tag for tag in order if tag in after]
    return (*known, *sorted(after - set(known)))
