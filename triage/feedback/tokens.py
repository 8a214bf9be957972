"""Text to words: lower case, contractions undone, marks that matter kept as tokens of their own."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = frozenset({"Cf", "Mn"})  # zero-width characters, variation selectors
_NODS = {
    "\U0001f44d": " ok ",  # thumbs up
    "\U0001f44c": " ok ",  # ok hand
    "\U0001f64f": " thanks ",  # folded hands
    "\u2705": " ok ",
    "\u2714": " ok ",
    "\u2713": " ok ",
}
_DECORATION = str.maketrans(dict.fromkeys('*`"\u201c\u201d\u201e\u00ab\u00bb_[]', " "))
_TOKEN = re.compile(
    r"(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*|\d+)"
    r"|(?P<mark>[?!.,:;()+&/])"
    r"|(?P<clinging>(?<!\S)-(?=[^\W\d_]))"  # "-upsell"
    r"|(?P<dash>(?<=\s)[-\u2013\u2014]+(?=\s))"  # "mine - I will call"
)
_CONTRACTIONS = {
    "i'll": "i will",
    "we'll": "we will",
    "i'm": "i am",
    "im": "i am",
    "i've": "i have",
    "ive": "i have",
    "i'd": "i would",
    "it's": "it is",
    "its": "it is",
    "that's": "that is",
    "thats": "that is",
    "what's": "what is",
    "whats": "what is",
    "who's": "who is",
    "isn't": "is not",
    "isnt": "is not",
    "aren't": "are not",
    "wasn't": "was not",
    "wasnt": "was not",
    "ain't": "is not",
    "don't": "do not",
    "dont": "do not",
    "doesn't": "does not",
    "doesnt": "does not",
    "didn't": "did not",
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "shouldn't": "should not",
    "wouldn't": "would not",
}
DASH = "-"  # any dash between words
CLINGING = "-x"  # a dash that clings to the word behind it, which may mean "without"


def words_of(text: str) -> list[str]:
    """The tokens of a line, in order."""
    found: list[str] = []
    for match in _TOKEN.finditer(_plain(text)):
        if match.lastgroup == "word":
            found += _CONTRACTIONS.get(match[0], match[0]).split()
        else:
            found.append({"dash": DASH, "clinging": CLINGING}.get(str(match.lastgroup), match[0]))
    return found


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFC", text).lower().replace("\u2019", "'").replace("\u00a0", " ")
    for sign, word in _NODS.items():
        text = text.replace(sign, word)
    kept = "".join(char for char in text if unicodedata.category(char) not in _INVISIBLE)
    return kept.translate(_DECORATION)
