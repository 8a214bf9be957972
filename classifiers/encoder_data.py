"""Which mails the encoder is tuned on, in which form, and which are kept for calibration."""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from classifiers.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.api import Document
    from classifiers.dataset import Example

HELD_OUT = 5  # every fifth group is kept
LENGTHENED = 0.4  # of the mails that leave room
PARTS, PAIRS = 0.25, 0.15  # of what a teacher's pupil reads
_ROOM = 70  # words; a longer mail fills the encoder's window by itself
_MATTER = 90  # words that are put beside it at most


def held_out(group: str) -> bool:
    """Whether a group of mails is kept out of tuning; the same on every machine and run."""
    return int(sha256(group.encode()).hexdigest()[:8], 16) % HELD_OUT == 0


def to_tune_on(
    examples: Sequence[Example], before: Sequence[Example], replay: int
) -> list[Example]:
    """Return new mails that are not kept out, and every `replay`-th of those seen before."""
    known = {example.digest for example in before}
    old = [example for example in examples if example.digest in known]
    fresh = [example for example in examples if example.digest not in known]
    return [*old[::replay], *(example for example in fresh if not held_out(example.group))]


def lengthened(examples: Sequence[Example], seed: int) -> list[Document]:
    """Return the mails, every so many-th with another matter beside what it says.

    Real mail treats two things at once, and the sentence that counts is one of ten; mails that are
    written to be learned from are short and to the point. What is put before or after comes from
    a mail without a tag by the same kind of sender, so the labels stay true.
    """
    chance = random.Random(seed)  # noqa: S311  # nothing secret hangs on it
    plain: dict[str, list[str]] = {}
    for example in examples:
        if not example.tags and _words(example.document) <= _MATTER:
            plain.setdefault(example.document.from_role, []).append(example.document.text)
    return [
        _with_another_matter(example.document, plain.get(example.document.from_role, []), chance)
        for example in examples
    ]


def retold(examples: Sequence[Example], seed: int) -> tuple[list[Document], list[bool]]:
    """Return a text for each mail, and whether the labels of the mail hold for it.

    A teacher can judge any text, so its pupil reads more than what people labelled: a run of
    sentences out of a mail, and two mails in one. The others are whole, or `lengthened`.
    """
    chance = random.Random(seed)  # noqa: S311  # nothing secret hangs on it
    texts, labelled = lengthened(examples, seed), [True] * len(examples)
    for place, example in enumerate(examples):
        kind = chance.random()
        if kind < PARTS:
            text = _part(example.document.text, chance)
        elif kind < PARTS + PAIRS:
            both = [example.document.text, chance.choice(examples).document.text]
            chance.shuffle(both)
            text = "\n\n".join(both)
        else:
            continue
        texts[place], labelled[place] = replace(example.document, text=text), False
    return texts, labelled


def _part(text: str, chance: random.Random) -> str:
    sentences = split_sentences(text)
    length = chance.randint(1, max(1, len(sentences) - 1))
    start = chance.randint(0, max(0, len(sentences) - length))
    return " ".join(sentences[start : start + length]) or text


def _with_another_matter(
    document: Document, others: Sequence[str], chance: random.Random
) -> Document:
    if not others or _words(document) > _ROOM or chance.random() >= LENGTHENED:
        return document
    both = [document.text, chance.choice(others)]
    chance.shuffle(both)
    return document if both[0] == both[1] else replace(document, text="\n\n".join(both))


def _words(document: Document) -> int:
    return len(document.text.split())
