"""`triage` with a classifier that knows the answers: what everything but the model costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.mails import rows
from classifiers.api import Document, Evidence, Verdict
from triage import app, cli

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.api import Classifier
    from triage.app import Settings

_KEY_CHARS = 60


class KnownAnswers:
    """Recognises the rows that the mails were made from by how they begin."""

    tags = ("upsell", "dissatisfaction", "scope_mismatch", "blocker")
    version = "known-answers"

    def __init__(self) -> None:
        self._tags = {_key(row["body"]): tuple(row["tags"]) for row in rows()}

    def classify(self, documents: Sequence[Document]) -> list[Verdict]:
        """The labels of each document's row; its first line as evidence."""
        return [self._verdict(document) for document in documents]

    def _verdict(self, document: Document) -> Verdict:
        tags = self._tags.get(_key(document.text), ())
        first = document.text.partition("\n")[0]
        return Verdict(
            tags=tags,
            scores={tag: float(tag in tags) for tag in self.tags},
            evidence=tuple(Evidence(tag=tag, sentence=first, score=1.0) for tag in tags),
            model=self.version,
        )


def _key(text: str) -> str:
    return "".join(text.split())[:_KEY_CHARS]


def _known_answers(settings: Settings) -> Classifier:  # noqa: ARG001 - takes another's place
    return KnownAnswers()


if __name__ == "__main__":
    app.load_classifier = _known_answers
    cli.main()
