"""The values a classifier takes and returns, and the protocol it fulfils.

Rule: no scikit-learn, numpy or joblib here. Everything that routes or renders a verdict imports
this module and must stay quick to load.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROLES = ("client", "staff", "other")


class ClassifierError(Exception):
    """Root of this package's errors. The message says how to get out."""


class ModelError(ClassifierError):
    """A model is missing, damaged, tampered with, or made by other library versions."""


class DataError(ClassifierError):
    """Labelled examples cannot be used as they are. `problems` lists every one, with its place."""

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        """Keep the list beside the sentence, so a caller can print all of it."""
        super().__init__("\n".join([message, *problems]))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One mail as a classifier sees it: what the sender newly wrote, and who they are to us."""

    text: str
    subject: str = ""
    from_role: str = "other"
    id: str = ""

    def __post_init__(self) -> None:
        """Refuse a role that no feature knows."""
        if self.from_role not in ROLES:
            msg = f"from_role is {self.from_role!r}; it must be one of {', '.join(ROLES)}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A sentence of the mail that speaks for a tag. `score` is its own probability in [0, 1]."""

    tag: str
    sentence: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the classifier decided about one document, with its grounds.

    Attributes:
        tags: tags whose probability reached their threshold, in the model's tag order.
        scores: calibrated probability in [0, 1] for every tag of the model.
        evidence: the sentences that decided, best first within a tag; tags in `tags` and
            `unsure_tags` only.
        unsure_tags: tags too likely to drop and too unlikely to act on; a person should look.
        model: version of the model that made this decision.
        novel: the document is unlike all that the model learned from, such as another language,
            so its scores mean little. A tag in `tags` stands all the same: sentences that the
            model can read suffice for it.
    """

    tags: tuple[str, ...]
    scores: Mapping[str, float]
    evidence: tuple[Evidence, ...] = ()
    unsure_tags: tuple[str, ...] = ()
    model: str = ""
    id: str = field(default="")
    novel: bool = False

    @property
    def unsure(self) -> bool:
        """Whether a person should look, for tags that were not given for sure or for novelty."""
        return self.novel or bool(self.unsure_tags)


class Classifier(Protocol):
    """Anything that turns documents into verdicts. Safe to call from one thread at a time."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags this classifier can give, in a fixed order."""

    @property
    def version(self) -> str:
        """Name of the model, recorded with every decision."""

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """Judge each document; the answer has the same length and order as `documents`."""
