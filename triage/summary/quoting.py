"""Which sentences of a mail a brief quotes, and whose words they are.

Rule: extractive. Every quoted word stands in the mail; what was cut is marked with dots.
"""

from __future__ import annotations

import re
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from triage.summary.brief import Quote
from triage.summary.people import name_of
from triage.summary.wording import clean_line, sentences, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from classifiers.api import Verdict
    from triage.messages import Address, Email

QUOTE_LIMIT = 240
QUOTES = 3
WORDS = 3  # fewer are a name or a scrap, not a sentence
CONTEXT_WORDS = 6  # fewer seldom explain the sentence beside them
TEXT_LIMIT = 20_000  # characters of a mail that a brief looks at
GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|morning|afternoon|greetings)\b",
    re.IGNORECASE,
)
GREETING_LIMIT = 45


def decisive(
    verdict: Verdict | None, tags: Sequence[str], titles: Mapping[str, str], email: Email
) -> tuple[Quote, ...]:
    """Return up to three deciding sentences: the best of each tag first, then the next best."""
    per_tag = [_telling(_sentences_for(tag, verdict)) for tag in tags]
    turn_by_turn = chain.from_iterable(zip_longest(*per_tag))
    chosen = list(dict.fromkeys(text for text in turn_by_turn if text))[:QUOTES]
    return tuple(
        Quote(
            text=shorten(text, QUOTE_LIMIT),
            titles=tuple(titles[t] for t, own in zip(tags, per_tag, strict=True) if text in own),
            by=_other_author(text, email),
        )
        for text in chosen
    )


def _telling(found: list[str]) -> list[str]:
    """Leave out names and other scraps, unless there is nothing else."""
    return [text for text in found if len(text.split()) >= WORDS] or found


def with_context(quotes: tuple[Quote, ...], text: str) -> tuple[Quote, ...]:
    """Add the sentence before a lone deciding one, else the one after it, as context."""
    if len(quotes) != 1 or quotes[0].by:
        return quotes
    lines = [s for s in _without_greeting(text[:TEXT_LIMIT]) if len(s.split()) >= WORDS]
    start = quotes[0].text.removesuffix("...")
    place = next((n for n, line in enumerate(lines) if start in line or line in start), None)
    if place is None or len(lines) == 1:
        return quotes
    beside = [*lines[max(0, place - 1) : place], *lines[place + 1 : place + 2]]
    full = [line for line in beside if len(line.split()) >= CONTEXT_WORDS] or beside
    return (*quotes, Quote(text=shorten(full[0], QUOTE_LIMIT)))


def deciding_text(verdict: Verdict | None, tags: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return (tag, all its deciding sentences) for the tags that have any."""
    found = ((tag, " ".join(_sentences_for(tag, verdict))) for tag in tags)
    return tuple(pair for pair in found if pair[1])


def _sentences_for(tag: str, verdict: Verdict | None) -> list[str]:
    evidence = verdict.evidence if verdict else ()
    return [clean_line(item.sentence) for item in evidence if item.tag == tag]


def _other_author(sentence: str, email: Email) -> str:
    """Name the forwarder where the sentence is from the forwarder's own note."""
    if email.original_sender is None or not email.forward_note:
        return ""
    in_note = sentence in clean_line(email.forward_note[:TEXT_LIMIT])
    in_mail = sentence in clean_line(email.forwarded_text[:TEXT_LIMIT])
    return name_of(email.sender) if in_note and not in_mail else ""


def opening(text: str) -> tuple[Quote, ...]:
    """Return how a mail begins, without its greeting: one or two sentences."""
    first = list(_without_greeting(text[:TEXT_LIMIT]))[:2]
    return tuple(Quote(text=shorten(sentence, QUOTE_LIMIT)) for sentence in first)


def _without_greeting(text: str) -> Iterator[str]:
    for sentence in sentences(text):
        if not (len(sentence) <= GREETING_LIMIT and GREETING.match(sentence)):
            yield sentence


def lead(who: str, quotes: Sequence[Quote], *, role: str, forwarder: Address | None) -> str:
    """Return the words before the first quote, such as `Dana Reyes of Northwind asks`."""
    if quotes and quotes[0].by and forwarder:
        return f"{quotes[0].by}, forwarding {who}, writes"
    if quotes and quotes[0].text.endswith("?"):
        return f"{who} asks"
    return f"{who} {'reports' if role == 'staff' else 'writes'}"
