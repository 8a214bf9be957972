"""From raw scores to probabilities.

Rule: a calibration is fitted on honest scores only; with few mails it stays near what is known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from classifiers import offset_logistic
from classifiers.thresholds import Sigmoid

AS_IT_IS = Sigmoid(slope=1.0, intercept=0.0)  # for scores that are log-odds already
_UNREGULARISED = 1e6  # calibration fits two numbers; with many mails there is nothing to hold back
_SPREAD = 0.25  # penalty of a squared change of the slope: it may well be 3 or 0, hardly 10


def fit_sigmoid(scores: Any, truth: Any, weight: Any = None) -> Sigmoid:
    """Fit the probability that a raw score means the tag, over (n,) scores and truths."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only for learning

    one = LogisticRegression(C=_UNREGULARISED).fit(
        scores.reshape(-1, 1), truth, sample_weight=weight
    )
    return Sigmoid(slope=float(one.coef_[0, 0]), intercept=float(one.intercept_[0]))


def adjusted(scores: Any, truth: Any) -> Sigmoid:
    """Fit the same for (n,) scores that are log-odds already, and may be few."""
    found = offset_logistic.fit(
        sparse.csr_matrix(scores.reshape(-1, 1)),
        truth,
        scores,
        np.ones(len(scores)),
        penalty=_SPREAD,
    )
    return Sigmoid(slope=max(1 + float(found.coef[0]), 0.0), intercept=found.intercept)
