"""What the sentence encoder says of mails, paired with the tags of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers.encoder import encoder_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classifiers.api import Document
    from classifiers.encoder import Encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What the encoder says of n mails.

    Attributes:
        logits: (n, n_tags) in the order of the model's tags; 0 for a tag it was not tuned on.
        vectors: (n, dimensions), each of length 1.
    """

    logits: Any
    vectors: Any


def ask(encoder: Encoder, documents: Sequence[Document], tags: Sequence[str]) -> Opinion:
    """Let the encoder read the documents.

    Raises:
        ModelError: a file of the encoder is missing, damaged or exchanged.
    """
    encoded = encoder.encode([encoder_text(document) for document in documents])
    logits = np.zeros((len(documents), len(tags)))
    for column, tag in enumerate(tags):
        if tag in encoder.tags:
            logits[:, column] = encoded.logits[:, encoder.tags.index(tag)]
    lengths = np.linalg.norm(encoded.vectors, axis=1, keepdims=True)
    return Opinion(logits=logits, vectors=encoded.vectors / np.maximum(lengths, 1e-9))


def added(opinion: Opinion, weights: Mapping[str, float], tags: Sequence[str], vectors: Any) -> Any:
    """Return what an opinion adds to raw scores, (n, n_tags).

    Args:
        opinion: of n mails.
        weights: per tag, what one unit of its logit counts; a tag may be missing.
        tags: in the order of the columns.
        vectors: (n_tags, dimensions) what each dimension counts for each tag, or None.
    """
    scores = opinion.logits * np.array([weights.get(tag, 0.0) for tag in tags])
    return scores if vectors is None else scores + opinion.vectors @ vectors.T
