"""The values: what one answer asks for, and what it makes of the tags a mail has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["acknowledge", "take", "done", "correct", "unclear"]
# Why an answer is unclear: it asks, hedges, wants several things, contradicts itself, or says
# something about tags that no rule here can read.
# `briefs` and `late` are for those who know more than the words: it answers one brief and quotes
# another, or was written before an answer that was followed already.
Doubt = Literal["", "question", "hedge", "several", "contradiction", "unread", "briefs", "late"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What an answer asks for.

    Attributes:
        kind: `acknowledge` (seen), `take` (mine), `done` (close the case), `correct` (the tags),
            or `unclear`.
        explicit: false for free text without a command, which only says that somebody has it.
        outcome: for `done`, how it ended, in the writer's words; may be empty.
        exactly: for `correct`, the tags from now on (none of them: an empty tuple); None when the
            answer only adds and removes.
        add: for `correct`, tags to add.
        remove: for `correct`, tags to take away.
        doubt: for `unclear`, why.
    """

    kind: Kind
    explicit: bool = True
    outcome: str = ""
    exactly: tuple[str, ...] | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    doubt: Doubt = ""


def apply(meaning: Meaning, tags: Sequence[str], order: Sequence[str]) -> tuple[str, ...]:
    """The tags after a correction, in the given order; those not in it come last."""
    before = set(tags) if meaning.exactly is None else set(meaning.exactly)
    after = (before - set(meaning.remove)) | set(meaning.add)
    known = [tag for tag in order if tag in after]
    return (*known, *sorted(after - set(known)))
