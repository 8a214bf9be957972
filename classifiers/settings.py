"""How to train, as values with their defaults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from classifiers.thresholds import Budget, Costs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to train.

    Attributes:
        min_positives: mails of a tag from which on it is learned like the tags of the starter
            set, and with the encoder's opinion; a tag with fewer is learned with more caution.
        fewest: mails of a tag below which it cannot be learned at all.
        encoder_weight: what one unit of the encoder's logit counts beside the linear score.
            Measured on strangers' mail: anything from .2 to .7 is within noise of the best.
        half_weight_at: labels of the firm's own at which what the starter mails taught, and they
            themselves, count half as much as with hardly any.
        starter_weight: what a starter mail counts beside one of the firm's own.
        background_weight: what a starter mail counts where a tag of the firm's own is learned,
            which nobody looked for in it.
        costs: of mistakes about a tag.
        costs_of: the same for single tags, by name.
        tagged_share: of an unknown inbox's mail that carries a tag; only for what is expected.
    """

    seed: int = 7
    folds: int = 5
    min_positives: int = 20
    fewest: int = 8
    encoder_weight: float = 2.0
    half_weight_at: int = 600
    starter_weight: float = 0.1
    background_weight: float = 0.2
    budget: Budget = field(default_factory=Budget)
    costs: Costs = field(default_factory=Costs)
    costs_of: Mapping[str, Costs] = field(default_factory=dict)
    tagged_share: float = 0.1

    def costs_by_tag(self, tags: Iterable[str]) -> dict[str, Costs]:
        """Return the costs of each tag."""
        return {tag: self.costs_of.get(tag, self.costs) for tag in tags}
