"""Fitting a model to an inbox by mail that nobody has labelled.

Unlabelled mail says two things: which of the labelled mails are like the inbox, so that these count
more, and what share of the inbox a threshold would forward. Rule: it teaches no tag. Counted as
weak examples without a tag, as is often advised, it made ranking and probabilities worse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from classifiers import training
from classifiers.api import DataError
from classifiers.comparison import fair_probabilities
from classifiers.dataset import Example
from classifiers.settings import Settings
from classifiers.thresholds import Budget, Threshold, decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from classifiers.api import Document
    from classifiers.encoder import Encoder
    from classifiers.model import Model
    from classifiers.tags import TagInfo

FEWEST = 50  # mails; of fewer no share can be told
MOST = 2_000  # mails; more tell nothing new and take their time


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of the inbox's mail, in [0, 1].

    Attributes:
        forwarded: that would be given the tag, or any.
        unsure: that somebody should look at for the tag, or for any and none is given.
    """

    forwarded: float
    unsure: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChange:
    """What became of one tag; `before` is None where the model before did not know it."""

    tag: str
    threshold_before: Threshold | None
    threshold: Threshold
    before: Shares | None
    after: Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class MailChange:
    """A mail that is treated differently; `index` is its place in the background."""

    index: int
    tags_before: tuple[str, ...]
    unsure_before: tuple[str, ...]
    tags: tuple[str, ...]
    unsure: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """What fitting changed, counted on the unlabelled mails.

    Attributes:
        mails: how many there were.
        mails_changed: those whose fate is another one, in the order of the background.
    """

    version_before: str
    version: str
    mails: int
    budget: Budget
    before: Shares
    after: Shares
    tags: tuple[TagChange, ...]
    mails_changed: tuple[MailChange, ...]


def adapt(
    present: Model,
    examples: Sequence[Example],
    infos: Mapping[str, TagInfo],
    background: Sequence[Document],
    *,
    budget: Budget,
    version: str,
    now: datetime,
    settings: Settings | None = None,
    encoder: Encoder | None = None,
    roots: Iterable[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Model, Adaptation]:
    """Train a model that fits the inbox, and say what it would do differently there.

    Args:
        present: the model in use, to compare with.
        examples: starter mails and the firm's own labels, as for `training.train`.
        infos: what the tags mean.
        background: mails of the inbox as they come, newest first; `MOST` of them are used.
        budget: `forwards` and `reviews` of a hundred of them.
        version: of the new model.
        now: when.
        settings: how to train; `budget` replaces theirs.
        encoder: usually that of the present model.
        roots: folders of models, as for `training.train`.
        progress: is told how it goes.

    Raises:
        DataError: there are fewer than `FEWEST` mails, or the examples cannot be learned from.
        ModelError: the encoder's files are missing, damaged or exchanged.
    """
    if len(background) < FEWEST:
        msg = (
            f"{len(background)} mails say too little about an inbox; at least {FEWEST} are needed: "
            "take older ones too, or more folders"
        )
        raise DataError(msg)
    used = background[:MOST]
    model = training.train(
        examples,
        infos,
        version=version,
        now=now,
        settings=replace(settings or Settings(), budget=budget),
        encoder=encoder,
        background=used,
        roots=roots,
        progress=progress,
    )
    return model, compare(present, model, used, budget)


def compare(present: Model, model: Model, mails: Sequence[Document], budget: Budget) -> Adaptation:
    """Say what two models would do with the mails; ones they were trained on count held out."""
    asked = [Example(document=mail, tags=frozenset(), group="") for mail in mails]
    old, new = (
        [decide(p, one.card.thresholds) for p in fair_probabilities(one, asked)]
        for one in (present, model)
    )
    known = present.card.thresholds
    return Adaptation(
        version_before=present.version,
        version=model.version,
        mails=len(mails),
        budget=budget,
        before=_shares(old),
        after=_shares(new),
        tags=tuple(
            TagChange(
                tag=tag,
                threshold_before=known.get(tag),
                threshold=threshold,
                before=_shares(old, tag) if tag in known else None,
                after=_shares(new, tag),
            )
            for tag, threshold in model.card.thresholds.items()
        ),
        mails_changed=tuple(
            MailChange(
                index=index,
                tags_before=before[0],
                unsure_before=before[1],
                tags=after[0],
                unsure=after[1],
            )
            for index, (before, after) in enumerate(zip(old, new, strict=True))
            if before != after
        ),
    )


def _shares(decisions: Sequence[tuple[tuple[str, ...], tuple[str, ...]]], tag: str = "") -> Shares:
    """Count mails that are given the tag, or any; and of the others those that are unsure."""
    given = [tag in tags if tag else bool(tags) for tags, _ in decisions]
    doubted = [tag in unsure if tag else bool(unsure) for _, unsure in decisions]
    unsure = sum(doubt and not gift for gift, doubt in zip(given, doubted, strict=True))
    count = len(decisions) or 1
    return Shares(forwarded=sum(given) / count, unsure=unsure / count)
