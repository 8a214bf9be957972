"""Which mails the encoder is tuned on, and which are kept so that a model can be calibrated."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.dataset import Example

HELD_OUT = 5  # every fifth group is kept


def held_out(group: str) -> bool:
    """Whether a group of mails is kept out of tuning; the same on every machine and run."""
    return int(sha256(group.encode()).hexdigest()[:8], 16) % HELD_OUT == 0


def to_tune_on(
    examples: Sequence[Example], before: Sequence[Example], replay: int
) -> list[Example]:
    """Return new mails that are not kept out, and every `replay`-th of those seen before."""
    known = {example.digest for example in before}
    old = [example for example in examples if example.digest in known]
    fresh = [example for example in examples if example.digest not in known]
    return [*old[::replay], *(example for example in fresh if not held_out(example.group))]
