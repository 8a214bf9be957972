"""How to greet somebody in an answer.

Rules: a professional word (Dear, Hello, Hi) and the name with a comma behind it. The first name
only for a colleague, or for somebody who signs with it; else the title and the last name where
they use a title, and the name in full where they use none. A title is never guessed. Who gives no
name is greeted without one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.summary.people import TITLES, first_name, name_of
from triage.summary.wording import clean_line

if TYPE_CHECKING:
    from triage.messages import Address

NOBODY = "Hello,"
# Written as English does; a title of another language stays as its owner writes it.
ENGLISH = {"dr": "Dr.", "prof": "Prof.", "mr": "Mr.", "mrs": "Mrs.", "ms": "Ms.", "mx": "Mx."}
_LAST_LINES = 6  # where a signature begins
_SIGN_OFF = re.compile(
    r"(?:thanks|thank you|many thanks|cheers|best|regards|kind regards|best regards|best wishes|"
    r"all the best|warm regards|take care|yours|thx|ta|br)[,.!]*\s+",
    re.IGNORECASE,
)


def greeting(
    person: Address, text: str = "", *, colleague: bool = False, formal: bool = False
) -> str:
    """The greeting of a professional answer, such as `Dear Dr. Kegley,`.

    Args:
        person: whom to greet.
        text: their own words, to see how they sign.
        colleague: one of our own people.
        formal: keep to title or full name whatever terms we are on.
    """
    name = _name(person, text, colleague=colleague, formal=formal)
    if not name:
        return NOBODY
    return f"{'Hello' if colleague else 'Dear'} {name},"


def short_greeting(
    person: Address, text: str = "", *, colleague: bool = False, formal: bool = False
) -> str:
    """The same in a short answer: `Hi Dana,` to who is on first-name terms, else `Hello ...,`."""
    name = _name(person, text, colleague=colleague, formal=formal)
    if not name:
        return NOBODY
    on_first_name = name == first_name(person)
    return f"{'Hi' if on_first_name else 'Hello'} {name},"


def _name(person: Address, text: str, *, colleague: bool, formal: bool) -> str:
    first = first_name(person)
    if first and not formal and (colleague or signs_with(first, text)):
        return first
    full = name_of(person)
    if not first and not _titled(full):
        return ""
    return _titled(full) or (full if first else "")


def signs_with(first: str, text: str) -> bool:
    """Whether a mail ends with this first name alone, as one signs to people one knows."""
    lines = [clean_line(line) for line in text.splitlines()]
    last = [line for line in lines if line][-_LAST_LINES:]
    return any(_is_name_alone(first, line) for line in last)


def _is_name_alone(first: str, line: str) -> bool:
    bare = _SIGN_OFF.sub("", line, count=1).strip(" ,.!-\u2013\u2014")
    return bare.lower() == first.lower()


def _titled(full: str) -> str:
    """The title and the last name of a name that has a title; nothing where it has none."""
    words = full.split()
    titles = [word for word in words if word.strip(".").lower() in TITLES]
    names = [word for word in words if word not in titles]
    if not titles or not names or "@" in full:
        return ""
    title = ENGLISH.get(titles[0].strip(".").lower(), titles[0])
    return f"{title} {names[-1]}"
