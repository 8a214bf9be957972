"""Whether a mail is unlike all that a model learned from, so that its scores mean little.

Another language is what matters: whatever is scored there comes from chance resemblance. Rules:
only words tell, since names, numbers, addresses, paths, code and encoded data are alike in any
language; no tag is named here; only labelled mails make a word known, for a model does not
understand what it has merely seen.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classifiers.api import Document
from classifiers.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 0.5  # share of known words from which on a mail is never novel
QUANTILE = 0.005  # of mails learned from that may lie below the threshold
KNOWN_IN_SHARE = 0.001  # of the mails learned from, and in two at least: a word is known
SPARE = 1  # word that every mail gets as known, so that a single odd one is no language
FIRST_WORDS = 40  # tell the language; below may stand a disclaimer or a quotation in another one
MAX_CHARS = 4_000  # of subject and text are read at most, so that time is bounded

_GAP = re.compile(r"[\s\u2013\u2014\u2026\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]+")
_WORD = re.compile(r"\W*([^\W\d_]+(?:['\u2019-][^\W\d_]+)*)\W*")
_SHOUTED = 5  # letters; a word in capitals that is shorter is an abbreviation
# Thai, Lao, Burmese, Khmer, Japanese and Chinese have no space between words.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty:
    """What a model knows of the language of its mails.

    Attributes:
        known: words, as `words` gives them, that enough of the mails it learned from hold.
        threshold: share of known words, in [0, 1], below which a mail is novel.
    """

    known: frozenset[str]
    threshold: float

    def familiarity(self, document: Document) -> float:
        """Return the share of known words where the mail begins, in (0, 1]; 1 without words."""
        return _familiarity(_words_of(document), self.known)

    def is_novel(self, document: Document) -> bool:
        """Whether too few of its words are known."""
        return self.familiarity(document) < self.threshold

    def familiar_part(self, document: Document) -> Document:
        """Return only the sentences whose words are known well enough, to be judged alone.

        A subject counts beside such a sentence only: its few words tell no language.
        """
        text = "\n".join(s for s in split_sentences(document.text[:MAX_CHARS]) if self._reads(s))
        subject = document.subject if text and self._reads(document.subject) else ""
        return Document(id=document.id, subject=subject, text=text, from_role=document.from_role)

    def _reads(self, sentence: str) -> bool:
        found = words(sentence)
        known = sum(word in self.known for word in found)
        return known > 0 and known >= self.threshold * len(found)


def fit(documents: Sequence[Document], fold_of: Sequence[int]) -> Novelty:
    """Learn which words are known, and how few of them a mail of the usual kind can have.

    Args:
        documents: the labelled mails a model learns from. Mails without a label do not belong
            here: a language would seem known in which no tag was ever learned.
        fold_of: a fold number for each; mails that belong together share one. A mail is measured
            by the words of the other folds.
    """
    found = [_words_of(document) for document in documents]
    inside: dict[int, Counter[str]] = {fold: Counter() for fold in fold_of}
    for own, fold in zip(found, fold_of, strict=True):
        inside[fold].update(set(own))
    total = sum(inside.values(), Counter[str]())
    known_to = {
        fold: _known(total - counts, len(found) - sum(1 for each in fold_of if each == fold))
        for fold, counts in inside.items()
    }
    held_out = [_familiarity(own, known_to[fold]) for own, fold in zip(found, fold_of, strict=True)]
    lowest = float(np.quantile(held_out, QUANTILE)) if held_out else MOST
    return Novelty(known=_known(total, len(found)), threshold=min(MOST, lowest))


def words(text: str) -> list[str]:
    """Return the words of a text in small letters: what consists of letters alone and is no name.

    A piece between two spaces that holds anything else inside, such as a digit, a dot or `@`, is
    no word. What begins with a capital may be a name, unless all of it is in capitals. Where a
    script sets no space between words, each letter counts as one. Marks that no letter can be
    composed with, such as vowels of Indian scripts, are left out.
    """
    plain = text.replace("\u2019", "'")
    if not plain.isascii():
        whole = unicodedata.normalize("NFC", _UNSPACED.sub(r" \g<0> ", plain))
        plain = "".join(char for char in whole if not unicodedata.category(char).startswith("M"))
    found = [match[1] for piece in _GAP.split(plain) if (match := _WORD.fullmatch(piece))]
    return [word.lower() for word in found if not _is_name(word)]


def _is_name(word: str) -> bool:
    return word[0].isupper() and not (word.isupper() and len(word) >= _SHOUTED)


def _words_of(document: Document) -> list[str]:
    return words(f"{document.subject[:MAX_CHARS]}\n{document.text[:MAX_CHARS]}")


def _familiarity(found: Sequence[str], known: frozenset[str]) -> float:
    first = found[:FIRST_WORDS]
    return (sum(word in known for word in first) + SPARE) / (len(first) + SPARE)


def _known(counts: Counter[str], mails: int) -> frozenset[str]:
    least = max(2, mails * KNOWN_IN_SHARE)
    return frozenset(word for word, count in counts.items() if count >= least)
