"""An answer to the mail that asks how a case ended. Pure.

Rules: what is a command anywhere else is one here too, but "none", which may be either; thanks are
no outcome; a question gets a question back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from triage.feedback.meaning import Meaning
from triage.feedback.reading import NEVER, read_answer, says_no_more

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from triage.feedback.vocabulary import Vocabulary

_COMMANDS = ("take", "done", "tell", "correct", "merge")


def in_answer_to_question(
    text: str,
    meaning: Meaning,
    vocabulary: Vocabulary,
    *,
    names: Sequence[str] = (),
    ours: re.Pattern[str] = NEVER,
) -> Meaning:
    """The meaning of an answer to the question; `meaning` is what it would mean to a brief.

    Arguments as for `reading.read`.
    """
    if meaning.kind in _COMMANDS:
        none = meaning.exactly == () and not meaning.issues
        return Meaning(kind="unclear", doubt="unread") if none else meaning
    ending = read_answer(text, names=names, ours=ours)
    outcome = ending.outcome
    if says_no_more(outcome, vocabulary, names=names):
        outcome = ""
    if "?" in outcome or (
        meaning.kind == "unclear" and ending.recurs is None and _is_short(outcome)
    ):
        return replace(meaning, kind="unclear", doubt=meaning.doubt or "question")
    if outcome or ending.recurs is not None:
        return Meaning(kind="done", outcome=outcome, recurs=ending.recurs)
    return replace(meaning, explicit=False)  # thanks alone: there is nothing to confirm


def _is_short(outcome: str) -> bool:
    """A word that means something to a brief, such as "wrong", says nothing of an outcome."""
    return len(outcome.split()) <= 1
