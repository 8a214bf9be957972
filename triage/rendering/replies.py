"""The words that answer a brief, as links that open the answer in a mail program.

Rule: a mailto link can set no In-Reply-To, so the answer carries the brief's reference in its
text; that is what makes it as good as a reply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from triage.rendering.ids import reference_of
from triage.summary.people import is_mailable

if TYPE_CHECKING:
    from triage.summary import Brief

REFERENCE_LABEL = "Ref:"
# The line that a link puts into an answer; whoever reads answers must pass over it.
REFERENCE_LINE = re.compile(
    r"^\W*(?:ref|reference)\W{1,4}[0-9a-f]{12}[a-z2-7]{16}\b", re.IGNORECASE
)
SEEN, MINE, DONE, NONE = "ok", "mine", "done", "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gesture:
    """A word to answer with. `mailto` is empty where no link can be made."""

    word: str
    mailto: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """The words of one brief. `wrong` takes away one of its tags each; `none` all of them.

    `issues` say of which kind it is, other than it seems; `telling` has somebody told whom it is
    about. `known` are the words for all tags, each with the tag in brackets where that is another
    word.
    """

    seen: Gesture
    mine: Gesture
    done: Gesture
    wrong: tuple[Gesture, ...]
    none: Gesture
    issues: tuple[Gesture, ...] = ()
    telling: tuple[Gesture, ...] = ()
    known: tuple[str, ...] = ()
    reference: str = ""

    @property
    def taking(self) -> tuple[Gesture, ...]:
        """What takes the case, in the order in which it is shown."""
        return (self.seen, self.mine, self.done)

    @property
    def correcting(self) -> tuple[Gesture, ...]:
        """What corrects the tags."""
        return (*self.wrong, self.none)


def replies(brief: Brief, message_id: str, sender: str) -> Replies:
    """The words of a brief; with links when its id is signed and `sender` can be written to."""
    reference = reference_of(message_id)
    may_link = bool(reference) and is_mailable(sender)

    def gesture(word: str, body: str = "") -> Gesture:
        link = _mailto(sender, brief.subject_line, body or word, reference) if may_link else ""
        return Gesture(word=word, mailto=link)

    return Replies(
        seen=gesture(SEEN),
        mine=gesture(MINE),
        done=gesture(DONE, f"{DONE}: "),
        wrong=tuple(gesture(f"not {word_for(brief, tag)}") for tag in brief.tags),
        none=gesture(NONE),
        issues=tuple(gesture(word) for word in other_issues(brief)),
        telling=tuple(gesture(f"tell {name}") for name in brief.spared),
        known=tuple(_known(brief, tag) for tag in brief.known_tags),
        reference=reference,
    )


def other_issues(brief: Brief) -> tuple[str, ...]:
    """The words for kinds of issue that the mail could be of, other than those it seems to be."""
    given = {reason.kind for reason in brief.reasons}
    return tuple(word for kind, word in brief.issue_words.items() if kind not in given and word)


def word_for(brief: Brief, tag: str) -> str:
    """The word that stands for a tag in answers."""
    return brief.words.get(tag) or tag.replace("_", " ")


def _known(brief: Brief, tag: str) -> str:
    word = word_for(brief, tag)
    return word if word == tag.replace("_", " ") else f"{word} ({tag})"


def _mailto(to: str, subject: str, body: str, reference: str) -> str:
    text = f"{body}\r\n\r\n{REFERENCE_LABEL} {reference}"
    title = quote(f"Re: {subject}", safe="")
    return f"mailto:{quote(to, safe='@+')}?subject={title}&body={quote(text, safe='')}"
