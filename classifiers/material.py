"""The labelled mails of one training, read once, and what each of them may be used for.

Rule: mails whose labels the encoder was tuned on are not `fresh`: whatever is said of them with
its help proves nothing, so that nothing is chosen or reported there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from classifiers.api import DataError
from classifiers.dataset import deduplicate, folds
from classifiers.model import feature_matrix, unfitted_features
from classifiers.opinion import Opinion, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sklearn.pipeline import FeatureUnion

    from classifiers.api import Document
    from classifiers.dataset import Example
    from classifiers.encoder import Encoder
    from classifiers.settings import Settings
    from classifiers.tags import TagInfo

_THREADS = 2  # of a tag, without which none can be held out


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Labelled mails, deduplicated, with what is known of each; every array has one row a mail.

    Attributes:
        truth: (n, n_tags) of 0 and 1.
        fitted: the features, which know the words of all these mails.
        features: (n, n_features) sparse.
        fold_of: (n,) fold number; mails that belong together share one.
        local: (n,) True for the firm's own labels, unless the encoder was tuned on them.
        fresh: (n,) False where the encoder was tuned on the mail's label.
        encoder: None when there is none.
        opinion: what the encoder says, in rows of zeros where the mail is not fresh; None without
            an encoder.
    """

    examples: Sequence[Example]
    tags: tuple[str, ...]
    truth: Any
    fitted: FeatureUnion
    features: Any
    fold_of: Any
    local: Any
    fresh: Any
    encoder: Encoder | None
    opinion: Opinion | None

    @property
    def documents(self) -> list[Document]:
        """The mails without their labels."""
        return [example.document for example in self.examples]

    @property
    def untagged(self) -> Any:
        """(n,) True for mails without any tag."""
        return ~self.truth.any(axis=1)

    def has_general(self, column: int, least: int) -> bool:
        """Whether `least` mails that are not local carry the tag."""
        return int(self.truth[~self.local, column].sum()) >= least

    def encoder_knows(self, column: int) -> bool:
        """Whether the encoder was tuned on the tag."""
        return self.encoder is not None and self.tags[column] in self.encoder.tags

    def only(self, chosen: Any, tags: tuple[str, ...]) -> Material:
        """Return the mails whose row of `chosen`, (n,), is True, with the truth for `tags`."""
        some = self.where(chosen)
        opinion = self.opinion
        if opinion is not None:
            logits = np.zeros((len(some), len(tags)))
            logits[:, [tags.index(tag) for tag in self.tags]] = opinion.logits[chosen]
            opinion = Opinion(logits=logits, vectors=opinion.vectors[chosen])
        return replace(
            self,
            examples=some,
            tags=tags,
            truth=truth_matrix(some, tags),
            features=self.features[np.flatnonzero(chosen)],
            fold_of=self.fold_of[chosen],
            local=self.local[chosen],
            fresh=self.fresh[chosen],
            opinion=opinion,
        )

    def where(self, chosen: Any) -> list[Example]:
        """Return the examples whose row of `chosen`, (n,), is True."""
        return list(compress(self.examples, chosen))


def prepare(
    examples: Sequence[Example],
    infos: Mapping[str, TagInfo],
    settings: Settings,
    encoder: Encoder | None,
    say: Callable[[str], None],
) -> Material:
    """Deduplicate labelled mails and read their features.

    Raises:
        DataError: a tag has too few mails to learn from, or there is none at all.
        ModelError: the encoder's files are missing, damaged or exchanged.
    """
    kept = deduplicate(examples)
    tags = tags_to_learn(kept, infos, settings)
    return read(kept, tags, settings, encoder, say)


def read(
    kept: Sequence[Example],
    tags: tuple[str, ...],
    settings: Settings,
    encoder: Encoder | None,
    say: Callable[[str], None],
    *,
    fitted: FeatureUnion | None = None,
) -> Material:
    """Read the features of mails that are deduplicated, and learn their words unless `fitted`."""
    say("reading the features of all mails")
    documents = [example.document for example in kept]
    if fitted is None:
        fitted = unfitted_features()
        features = sparse.csr_matrix(fitted.fit_transform(documents))
    else:
        features = feature_matrix(fitted, documents)
    fold_of = np.array(folds(kept, settings.folds, settings.seed))
    return gathered(kept, tags, fitted=fitted, features=features, fold_of=fold_of, encoder=encoder)


def gathered(
    kept: Sequence[Example],
    tags: tuple[str, ...],
    *,
    fitted: FeatureUnion,
    features: Any,
    fold_of: Any,
    encoder: Encoder | None,
) -> Material:
    """Put mails and their features together, and ask the encoder about them."""
    fresh = np.array([encoder is None or example.digest not in encoder.seen for example in kept])
    documents = [example.document for example in kept]
    return Material(
        examples=kept,
        tags=tags,
        truth=truth_matrix(kept, tags),
        fitted=fitted,
        features=features,
        fold_of=fold_of,
        local=np.array([example.local for example in kept]) & fresh,
        fresh=fresh,
        encoder=encoder,
        opinion=_opinion_of_fresh(encoder, documents, tags, fresh) if encoder else None,
    )


def tags_to_learn(
    examples: Sequence[Example], infos: Mapping[str, TagInfo], settings: Settings
) -> tuple[str, ...]:
    """Return the tags in the order of `infos`, those without a description behind, by name.

    Raises:
        DataError: a tag has too few mails, or they are all of one thread.
    """
    used = {tag for example in examples for tag in example.tags}
    tags = [*(tag for tag in infos if tag in used), *sorted(used - set(infos))]
    problems = []
    for tag in tags:
        mails = [example for example in examples if tag in example.tags]
        missing = settings.fewest - len(mails)
        if missing > 0:
            problems.append(
                f"tag {tag!r} has {len(mails)} {'mail' if len(mails) == 1 else 'mails'}, "
                f"{missing} more {'is' if missing == 1 else 'are'} needed (first at "
                f"{mails[0].place}); label more, or mend the spelling"
            )
        elif len({example.group for example in mails}) < _THREADS:
            problems.append(
                f"all {len(mails)} mails with tag {tag!r} are of one thread, or nearly the same; "
                "label mails of other threads"
            )
    if problems or not tags:
        raise DataError("There is not enough to learn from:", problems or ["no mail has a tag"])
    return tuple(tags)


def truth_matrix(examples: Sequence[Example], tags: Sequence[str]) -> Any:
    """Return (n_examples, n_tags) of 0 and 1."""
    return np.array([[int(tag in example.tags) for tag in tags] for example in examples])


def _opinion_of_fresh(
    encoder: Encoder, documents: Sequence[Document], tags: Sequence[str], fresh: Any
) -> Opinion:
    said = ask(encoder, list(compress(documents, fresh)), tags)
    logits = np.zeros((len(documents), len(tags)))
    vectors = np.zeros((len(documents), said.vectors.shape[1]))
    logits[fresh], vectors[fresh] = said.logits, said.vectors
    return Opinion(logits=logits, vectors=vectors)
