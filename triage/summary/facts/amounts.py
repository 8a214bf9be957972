"""Sums of money in the sentences of a mail, as they are written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.summary.facts.values import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from triage.summary.facts.values import Sentence

_CODE = r"(?:USD|EUR|GBP|CHF|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|JPY|INR|SGD|HKD)"
_SIGN = rf"(?:(?:US|CA?|AU?|NZ|HK|S)?\$|\u20ac|\u00a3|\u00a5|{_CODE}\b|Fr\.)"
# 4500, 4,500.00, 1.200,00, 12'000, and with blanks as French and Nordic writers have it.
_NUMBER = (
    r"(?:\d{1,3}(?:[.,'\u2019 \u00a0\u202f]\d{3})+(?:[.,](?:\d{2}|[-\u2013]{1,2}))?"
    r"|\d{1,9}(?:[.,](?:\d{1,2}|[-\u2013]{1,2}))?)"
)
_SCALE = (
    r"(?:\s?(?:k|K|m|M|mn|bn|Mio\.?|Tsd\.?)(?![\w/])|\s(?:thousand|million|billion|grand|"
    r"Millionen|Tausend)\b)?"
)
_WORD = (
    r"(?:(?i:US )?(?i:dollars?|euros?)|(?i:pounds sterling)|Swiss francs?|Franken|d\u00f3lares)\b"
)
_END = r"(?![\w%]|[.,]\d)"
_AMOUNT = re.compile(
    rf"(?<![\w$.,/={{`]){_SIGN}\s?{_NUMBER}{_SCALE}{_END}"
    rf"|(?<![\w.,/$#-]){_NUMBER}{_SCALE}\s?(?:\u20ac|\u00a3|{_CODE}\b|{_WORD})(?![\w/])"
)


def find_amounts(sentences: Sequence[Sentence]) -> list[Fact]:
    """Sums of money in the order of the mail, each once."""
    found = [fact for sentence in sentences for fact in _of_sentence(sentence)]
    return list({fact.text: fact for fact in reversed(found)}.values())[::-1]


def _of_sentence(sentence: Sentence) -> Iterator[Fact]:
    for match in _AMOUNT.finditer(sentence.text):
        text = match[0].strip()
        if not _is_of_script(text):
            yield Fact(text=text, where=sentence.where)


def _is_of_script(text: str) -> bool:
    """`$1` and `$2` are mostly places in a script, and no sum to speak of."""
    return bool(re.fullmatch(r"\$\d", text))
