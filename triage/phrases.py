"""Words and phrases looked for in a text: whole words, any case, `*` for any ending."""

from __future__ import annotations

import re
from functools import cache


def normalise(text: str) -> str:
    """The text on one line, in lower case, with straight apostrophes: what phrases look for."""
    return " ".join(text.lower().replace("\u2019", "'").split())


def find(phrase: str, text: str) -> re.Match[str] | None:
    """Where a phrase stands in a normalised text; None where it does not."""
    start, pattern = _pattern(phrase)
    return pattern.search(text) if start in text else None


@cache
def _pattern(phrase: str) -> tuple[str, re.Pattern[str]]:
    """How a phrase begins, to look for first, and its pattern; `re` forgets so many of them."""
    words = r"\s".join(
        re.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "")
        for word in normalise(phrase).split()
    )
    start = next(iter(normalise(phrase).split()), "").removesuffix("*")
    return start, re.compile(rf"(?<!\w){words}(?!\w)")
