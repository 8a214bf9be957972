"""How much each starter mail is like the firm's own mail, labelled or not.

A model that learns more from mails that read like the inbox ranks the inbox better, without any
label of it: see the figures in docs/learning.md. Rule: no starter mail counts for nothing, since
an inbox that was seen for a week is not known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

FEWEST = 20  # mails of the firm's own, below which they are no picture of its inbox
_MOST = 10.0  # that a mail counts, and one divided by it the least, before all are scaled


def weights(starter: Any, own: Any) -> Any | None:
    """Return what each starter mail should count, (n_starter,) with mean 1; None with few `own`.

    The odds that a mail is one of the firm's own, as far as a linear model can tell them apart,
    are how much too rare its kind is in the starter set.

    Args:
        starter: (n_starter, n_features) sparse.
        own: (n_own, n_features) sparse.
    """
    if own.shape[0] < FEWEST:
        return None
    both = sparse.vstack([starter, own], format="csr")
    truth = np.repeat([0, 1], [starter.shape[0], own.shape[0]])
    judge = LogisticRegression(solver="liblinear", class_weight="balanced", random_state=0)
    odds = judge.fit(both, truth).decision_function(starter)
    ratios = np.clip(np.exp(odds - np.median(odds)), 1 / _MOST, _MOST)
    return ratios / ratios.mean()
