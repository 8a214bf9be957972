"""How people answer briefs: whether, when, and in which words."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tests.month.world import PEOPLE, ROUTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.month.cards import Sent

What = Literal["seen", "mine", "done", "free", "asks", "tell", "tags"]
HOW_OFTEN = {"first": 0.4, "new-tag": 0.4, "worse": 0.6, "reminder": 0.35, "level": 0.5}
DELAYS = (1, 4, 18, 55, 130, 300, 700, 1600)
WORDS = {
    "dissatisfaction": "unhappy",
    "scope_mismatch": "scope",
    "blocker": "blocker",
    "upsell": "sales",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody says, and what it means."""

    what: What
    words: str
    tags: tuple[str, ...] = ()
    person: str = ""


@dataclass(kw_only=True)
class Reply:
    """An answer to a brief; what it says is decided when it is written."""

    at: int
    person: str
    to: Sent
    case: int
    answer: Answer = field(default_factory=lambda: Answer(what="seen", words="ok"))

    @property
    def key(self) -> str:
        """Names it among all arrivals."""
        return f"{self.person} on {self.to.mail} {self.to.occasion} {self.to.at}"

    def decide(self, answer: Answer) -> None:
        """Write it."""
        self.answer = answer


def draw_reply(seed: int, case: int, sent: Sent) -> Reply | None:
    """Whether and when somebody answers what they got."""
    rng = random.Random(f"reply {seed} {sent.person} {sent.mail} {sent.occasion} {sent.at}")
    if rng.random() > HOW_OFTEN.get(sent.occasion, 0.3):
        return None
    return Reply(at=sent.at + rng.choice(DELAYS), person=sent.person, to=sent, case=case)


def draw_answer(rng: random.Random, status: str, tags: Sequence[str]) -> Answer:
    """What they say, of a case in this state and a mail with these tags."""
    plain = [
        Answer(what="seen", words=rng.choice(["ok", "Got it, thanks", "seen"])),
        Answer(what="mine", words=rng.choice(["mine", "I'll take it"])),
        Answer(what="free", words="I will call them this afternoon and write it down."),
    ]
    if status == "closed" or not tags:
        return rng.choice(plain)
    person = rng.choice(PEOPLE)
    return rng.choices(
        [
            *plain,
            Answer(what="done", words="done: credit agreed"),
            Answer(what="asks", words="Why did I get this?"),
            Answer(what="tell", words=f"tell {person.title()}", person=person),
            _correction(rng, tags),
        ],
        [20, 20, 10, 20, 8, 5, 17],
    )[0]


def _correction(rng: random.Random, tags: Sequence[str]) -> Answer:
    """None, one less, one more, or another one."""
    others = [tag for tag in ROUTES if tag not in tags]
    draw = rng.choice(["none", "less", "more", "other"])
    if draw == "less":
        gone = rng.choice(tags)
        left = tuple(tag for tag in ROUTES if tag in tags and tag != gone)
        return Answer(what="tags", words=f"not {WORDS[gone]}", tags=left)
    if draw == "none" or not others:
        return Answer(what="tags", words="none")
    other = rng.choice(others)
    if draw == "more":
        both = tuple(tag for tag in ROUTES if tag in {*tags, other})
        return Answer(what="tags", words=f"also {WORDS[other]}", tags=both)
    return Answer(what="tags", words=WORDS[other], tags=(other,))
