"""Who is named in a mail, so that a matter about somebody is not copied to them. Pure.

Rule: whom a mail speaks of is named in it; whom it speaks to is not. Names in greetings, in
address ("Ben, could you ...") and in thanks do not count. In doubt somebody counts as named:
a manager who is not told can be told by a word, one who was told cannot forget it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from triage.summary.greeting import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.policy import Person

TEXT_CHARS = 40_000  # of a mail that are looked at


def _lower_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# First names that are everyday words too: at the start of a sentence they may be just that.
_EVERYDAY = _lower_words(
    "art bill chase dawn drew faith frank grace guy hope jack joy june april may mark max pat rich"
    " rob rose ruby sue will"
)
_TITLE = r"(?:mr|mrs|ms|miss|mx|dr|prof|herr|frau|mme|sr|sra)\.?\s+"
_HELLO = re.compile(
    r"\W*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|morning|greetings|hallo|lieber?|"
    r"bonjour|hola|ciao)\b",
    re.IGNORECASE,
)
_GREETING_WORDS = 6
_LINE_ENDS = (",", ":", "!", "-", "\u2013")
_CUT = re.compile(r"[,:!.;\u2013]")
_THANKS = re.compile(
    r"\b(?i:thanks|thank you|cheers|many thanks|merci|danke)[ ,]+[A-Z][\w'-]+(?=[,.!\n]|\Z)"
)


def named_in(text: str, people: Iterable[Person], *, writer: str = "") -> frozenset[str]:
    """Ids of the people a mail speaks of.

    Args:
        text: subject and new text.
        people: of the policy.
        writer: the sender's address; nobody is kept from what they wrote themselves.
    """
    everybody = tuple(people)
    spoken = _without_address(text[:TEXT_CHARS], everybody)
    firsts = Counter(_words(person)[0] for person in everybody if _words(person))
    return frozenset(
        person.id
        for person in everybody
        if person.address.lower() != writer.lower() and _is_named(person, spoken, firsts)
    )


def _words(person: Person) -> list[str]:
    titles = {*ENGLISH, "herr", "frau"}
    return [word for word in person.name.split() if word.strip(".").lower() not in titles]


def _is_named(person: Person, text: str, firsts: Counter[str]) -> bool:
    if person.address and person.address.lower() in text.lower():
        return True
    words = _words(person)
    if not words:
        return False
    first, last = words[0], words[-1]
    patterns = [rf"{re.escape(first)}\s+(?:\S+\s+)?{re.escape(last)}"] if len(words) > 1 else []
    patterns += [rf"(?i:{_TITLE}){re.escape(last)}"]
    if firsts[first] == 1:
        everyday = first.lower() in _EVERYDAY
        patterns += [
            rf"(?<![.!?\n] )(?<!\n)(?<!\A){re.escape(first)}" if everyday else re.escape(first)
        ]
    return any(re.search(rf"(?<![\w@.-]){pattern}(?![\w-]|\.\w|@)", text) for pattern in patterns)


def _without_address(text: str, people: tuple[Person, ...]) -> str:
    """The text without the places where somebody is spoken to."""
    subject, _, body = text.partition("\n")
    body = _without_greeting(body.lstrip())
    names = "|".join(re.escape(words[0]) for person in people if (words := _words(person)))
    if names:
        vocative = rf"(?:(?<=[.!?] )|(?<=\n)|\A)(?:{names}),(?= )"
        body = re.sub(vocative, " ", body)
        body = re.sub(rf",\s(?:{names})(?=[.!?])", "", body)
    return f"{subject}\n{_THANKS.sub(' ', body)}"


def _without_greeting(body: str) -> str:
    """The text behind its greeting, which may be a line of its own or begin the first line."""
    line, _, rest = body.partition("\n")
    bare = line.strip()
    ends = bare.endswith(_LINE_ENDS)
    if ends and (_HELLO.match(bare) or _is_names_alone(bare)):
        return f"\n{rest}"
    cut = _CUT.search(line) if _HELLO.match(line) else None
    return f"\n{line[cut.end() :]}\n{rest}" if cut else f"\n{body}"


def _is_names_alone(line: str) -> bool:
    """Whether a line greets by nothing but names: "Ben, Marshall,"."""
    words = [word for word in re.split(r"[\s,&:!\u2013-]+", line) if word]
    names = all(word[0].isupper() or word == "and" for word in words)
    return 0 < len(words) <= _GREETING_WORDS and names
