"""One small transformer a feature: list[Document] -> (n_documents, k).

Rules: the constructor only stores; learned state ends in an underscore and appears in `fit`; no
tag is named here. A new feature is one class in this file and one line in `model.py`.
"""
# ruff: noqa: ARG002  # scikit-learn calls fit(X, y); a feature needs no labels, some not even X

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer

from classifiers.api import ROLES, Document

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CHARS = 20_000  # of a mail's text; beyond it a mail is a log file, and time is bounded
WORD_PATTERN = r"(?u)\b\w[\w']*\b|[!?]+"

# Cues of tone and topic in plain English; what they mean for a tag is learned.
CUES = {
    "displeasure": r"disappoint\w*|unhappy|unacceptable|frustrat\w*|annoy\w*|terrible|awful|worst"
    r"|poor(?:ly)?|useless|rubbish|ridiculous|joke|fed up|angry|upset|complain\w*|refund|cancel\w*"
    r"|still (?:not|no|waiting)|never|again|let down|not (?:happy|good enough)|sucks?|horrible"
    r"|pathetic|disgrac\w*|waste\w*|ignored|fail(?:ed|ure|s)?|wrong|mess|sick of|hate|crap|damn"
    r"|lost (?:patience|confidence|trust)|shit\w*|fuck\w*|wtf",
    "thanks": r"thanks?|thank you|great|perfect|good|lovely|happy|pleased|excellent|appreciate\w*"
    r"|well done|nice|fine|glad|love|awesome",
    "money": r"quote|quotation|price|pricing|costs?|budget|estimate|rate|fee|invoice\w*|charged?"
    r"|charges|paid|pay|proposal|offer|discount|expensive|free",
    "agreement": r"includ\w*|agreed|contract|scope|sow|assum\w*|part of|extra|additional"
    r"|change order|originally|supposed to|expected|as discussed|covered|revision|round",
    "addition": r"also|while (?:you|ur)|one more|as well|in addition|another",
    "obstacle": r"can ?not|can'?t|unable|blocked|stuck|waiting|wait|access|down|outage|error"
    r"|locked|credential\w*|password|login|log in|until|without|hold(?:ing)? up|urgent\w*|asap"
    r"|stand(?:ing)? still|approv\w*|permission|broken|not work\w*|doesn'?t work|won'?t",
    "request": r"can you|could you|would you|can we|could we|do you|please",
    "sales pitch": r"we offer|our (?:platform|solution|services)|unsubscribe|15 minutes|demo"
    r"|free trial|i came across|reaching out|your (?:website|company|business)",
}
_CUE_PATTERNS = [re.compile(rf"\b(?:{cue})\b", re.IGNORECASE) for cue in CUES.values()]
_MOST = 4  # of a cue or mark; more says nothing new


class WordGrams(TransformerMixin, BaseEstimator):
    """Words and pairs of words by TF-IDF; a run of ! or ? counts as a word."""

    def __init__(self, max_features: int = 30_000, min_df: int = 2) -> None:
        self.max_features = max_features
        self.min_df = min_df

    def fit(self, X: Sequence[Document], y: Any = None) -> Self:
        """Learn the vocabulary, at most `max_features` entries seen in `min_df` documents."""
        self.vectorizer_ = self.vectorizer(self.min_df).fit(_texts(X))
        return self

    def fit_transform(self, X: Sequence[Document], y: Any = None) -> Any:
        """Do both in half the time, as every text is counted once."""
        self.vectorizer_ = self.vectorizer(self.min_df)
        return self.vectorizer_.fit_transform(_texts(X))

    def transform(self, X: Sequence[Document]) -> Any:
        """Return (n_documents, n_features) sparse, rows of length 1."""
        return _counted(self.vectorizer_, X)

    def vectorizer(self, min_df: int, vocabulary: Sequence[str] | None = None) -> TfidfVectorizer:
        """Return what counts words, those of `vocabulary` where one is given."""
        return TfidfVectorizer(
            ngram_range=(1, 2),
            sublinear_tf=True,
            min_df=min_df,
            max_features=self.max_features,
            token_pattern=WORD_PATTERN,
            vocabulary=vocabulary,
            dtype=np.float32,
        )


def further_words(
    fitted: WordGrams, documents: Sequence[Document], max_features: int = 5_000
) -> WordGrams | None:
    """Return the words and pairs of words of documents that `fitted` does not know, if any."""
    known = fitted.vectorizer_.vocabulary_
    found = WordGrams(max_features=max_features)
    counted = found.vectorizer(found.min_df)
    try:
        counted.fit(_texts(documents))
    except ValueError:  # scikit-learn refuses to learn from nothing: no word occurs twice
        return None
    new = sorted(counted.vocabulary_.keys() - known.keys())
    if not new:
        return None
    found.vectorizer_ = found.vectorizer(1, new).fit(_texts(documents))
    return found


class CharGrams(TransformerMixin, BaseEstimator):
    """Pieces of words, 2 to 5 characters, by TF-IDF: robust to typing errors and endings."""

    def __init__(self, max_features: int = 60_000, min_df: int = 2) -> None:
        self.max_features = max_features
        self.min_df = min_df

    def fit(self, X: Sequence[Document], y: Any = None) -> Self:
        """Learn the vocabulary, at most `max_features` entries seen in `min_df` documents."""
        self.vectorizer_ = self._vectorizer().fit(_texts(X))
        return self

    def fit_transform(self, X: Sequence[Document], y: Any = None) -> Any:
        """Do both in half the time, as every text is counted once."""
        self.vectorizer_ = self._vectorizer()
        return self.vectorizer_.fit_transform(_texts(X))

    def transform(self, X: Sequence[Document]) -> Any:
        """Return (n_documents, n_features) sparse, rows of length 1."""
        return _counted(self.vectorizer_, X)

    def _vectorizer(self) -> TfidfVectorizer:
        return TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=(2, 5),
            sublinear_tf=True,
            min_df=self.min_df,
            max_features=self.max_features,
            dtype=np.float32,
        )


class Fixed(TransformerMixin, BaseEstimator):
    """Base of features that learn nothing: one row of numbers for each document."""

    def fit(self, X: Sequence[Document], y: Any = None) -> Self:
        """Learn how wide a row is."""
        self.n_features_ = len(self.row(Document(text="")))
        return self

    def transform(self, X: Sequence[Document]) -> Any:
        """Return (n_documents, n_features) sparse."""
        rows = np.asarray([self.row(doc) for doc in X], dtype=np.float32)
        return sparse.csr_matrix(rows.reshape(len(X), self.n_features_))

    def row(self, document: Document) -> list[float]:
        """Return the numbers of one document, each about 0 to 1."""
        raise NotImplementedError


class Role(Fixed):
    """Who wrote: one column for each of `ROLES`, one of them 1."""

    def row(self, document: Document) -> list[float]:
        """Return 3 numbers."""
        return [float(document.from_role == role) for role in ROLES]


class Surface(Fixed):
    """Length, punctuation and capitals."""

    def row(self, document: Document) -> list[float]:
        """Return 6 numbers."""
        text = _text(document)
        words = text.split()
        letters = sum(char.isalpha() for char in text) or 1
        shouted = sum(len(word) > 2 and word.isupper() for word in words)  # noqa: PLR2004  # not UK
        return [
            math.log1p(len(words)) / 5,
            min(text.count("!"), _MOST) / _MOST,
            min(text.count("?"), _MOST) / _MOST,
            sum(char.isupper() for char in text) / letters,
            shouted / (len(words) + 5),
            float(any(char.isdigit() for char in text)),
        ]


class Cues(Fixed):
    """How often each of `CUES` occurs: its count, and its share of the words."""

    def row(self, document: Document) -> list[float]:
        """Return two numbers for each cue."""
        text = _text(document)
        counts = [sum(1 for _ in pattern.finditer(text)) for pattern in _CUE_PATTERNS]
        words = len(text.split()) + 10  # so that one cue in three words is no certainty
        return [min(n, _MOST) / _MOST for n in counts] + [5 * n / words for n in counts]


def _counted(vectorizer: TfidfVectorizer, documents: Sequence[Document]) -> Any:
    if not documents:  # scikit-learn refuses to transform nothing
        return sparse.csr_matrix((0, len(vectorizer.vocabulary_)), dtype=np.float32)
    return vectorizer.transform(_texts(documents))


def _text(document: Document) -> str:
    return f"{document.subject}\n{document.text[:MAX_CHARS]}"


def _texts(documents: Sequence[Document]) -> list[str]:
    return [_text(document) for document in documents]
