"""Logistic regression that starts from what is known already instead of from nothing.

Rule: with no rows to learn from, or rows that agree with what is known, nothing changes; the more
rows disagree, the more the answer moves. The same rows give the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

_STEPS = 300  # about ten times as many as it takes
_SPREAD = 2.0  # log-odds by which a tag may well be rarer or commoner than is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What is added to the log-odds: `coef` (n_features,) times the features, and `intercept`."""

    coef: Any
    intercept: float

    def __call__(self, X: Any) -> Any:
        """Return what is added to each row, (n,)."""
        return np.asarray(X @ self.coef).ravel() + self.intercept


def fit(X: Any, y: Any, offset: Any, weight: Any, *, penalty: float = 1.0) -> Fitted:
    """Fit y by `offset` plus a linear function of X.

    Args:
        X: (n, n_features), sparse.
        y: (n,) of 0 and 1.
        offset: (n,) log-odds that are known already.
        weight: (n,) what each row counts.
        penalty: what half a squared coefficient costs, in rows' losses.
    """
    used = np.flatnonzero(np.diff(sparse.csc_matrix(X).indptr))  # the others stay 0: saves time
    few = sparse.csr_matrix(X[:, used], dtype=float)
    across = sparse.csr_matrix(few.T)

    def loss(theta: Any) -> tuple[float, Any]:
        margin = offset + few @ theta[:-1] + theta[-1]
        wrong = weight * (1 / (1 + np.exp(-np.clip(margin, -35, 35))) - y)
        pull = np.append(penalty * theta[:-1], theta[-1] / _SPREAD**2)
        value = (weight * (np.logaddexp(0, margin) - y * margin)).sum() + pull @ theta / 2
        return float(value), np.append(across @ wrong, wrong.sum()) + pull

    start = np.zeros(len(used) + 1)
    from scipy.optimize import minimize  # noqa: PLC0415 - only for learning

    with threadpool_limits(
        1
    ):  # vectors this short are slower on several cores, by far on busy ones
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    coef = np.zeros(X.shape[1])
    coef[used] = found.x[:-1]
    return Fitted(coef=coef, intercept=float(found.x[-1]))
