"""Thresholds for all tags from held-out scores, and what is to be expected of them.

Rule: the noise budgets must hold for mail of every role by itself where there is enough of it, as
an inbox may well be all staff; the more labels of the firm's own there are, the more they say how
much noise there is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers.api import ROLES
from classifiers.thresholds import Pool, Threshold, choose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classifiers.evaluation import Report
    from classifiers.local import Scored
    from classifiers.material import Material
    from classifiers.settings import Settings

_FEWEST_OWN = 50  # own mails without a tag, on which a budget can be measured
_SLACK = 1.0  # see `Pool`, for own mail
_HALVED_AT = 200  # own mails without a tag, at which starter mails may be twice as loud as before
_FEWEST_OF_ROLE = 100  # the same for starter mails of a role


def probabilities(scored: Scored, tags: tuple[str, ...], rows: Any) -> dict[str, list[float]]:
    """Return per tag the probability of every mail whose row is True, (n,)."""
    return {
        tag: [scored.calibration[tag](float(raw)) for raw in scored.linear.scores[rows, column]]
        for column, tag in enumerate(tags)
    }


def thresholds(
    material: Material,
    scored: Scored,
    settings: Settings,
    inbox: Mapping[str, Sequence[float]] | None = None,
) -> dict[str, Threshold]:
    """Choose the thresholds of all tags.

    Args:
        material: the labelled mails.
        scored: their held-out scores.
        settings: costs and budgets.
        inbox: per tag, the probabilities of unlabelled mails of the inbox, in which case a share
            of these is what the budget allows. Else it is measured on labelled mail without a tag.
    """
    quiet = quiet_pools(material, scored, settings, measured=inbox is not None)
    if inbox is not None:
        budget = settings.budget
        quiet.append(Pool(probabilities=inbox, forwards=budget.forwards, reviews=budget.reviews))
    few = {
        tag
        for column, tag in enumerate(material.tags)
        if material.truth[:, column].sum() < settings.min_positives
    }
    return choose(
        inbox or _at_home(material, scored),
        quiet,
        settings.costs_by_tag(material.tags),
        recall=settings.budget.recall,
        cautious=few,
    )


def _at_home(material: Material, scored: Scored) -> dict[str, list[float]]:
    """Return per tag the probabilities of the mails that its calibration rests on."""
    return {
        tag: probabilities(scored, material.tags, scored.home[tag])[tag] for tag in material.tags
    }


def quiet_pools(
    material: Material, scored: Scored, settings: Settings, *, measured: bool = False
) -> list[Pool]:
    """Return the untagged labelled mails on which the noise budgets are measured.

    Tags whose calibration rests on own labels are measured on own mail, if that is enough. How
    loud it is says little as long as it is little; so starter mails are listened to beside, the
    less the more own ones there are. If noise is `measured` on the inbox itself, they are not
    needed at all.
    """
    usable = scored.linear.honest.all(axis=1) & material.untagged
    own, general = usable & material.local, usable & ~material.local
    count = int(own.sum())
    if count < _FEWEST_OWN:
        mine = []
    else:
        mine = [replace(_pool(material, scored, own, settings), slack=_SLACK)]
    if measured:
        return mine
    pools = [_pool(material, scored, rows, settings) for rows in _by_role(material, general)]
    if not mine:
        return pools
    lax = [_louder(pool, 1 + count / _HALVED_AT) for pool in pools[:1]]
    return [*mine, *lax, *(_without(pool, scored.own) for pool in pools)]


def _by_role(material: Material, rows: Any) -> list[Any]:
    """Return the rows, and those of each role that has enough of them."""
    roles = np.array([example.document.from_role for example in material.examples])
    parts = [rows & (roles == role) for role in ROLES]
    return [
        *([rows] if rows.any() else []),
        *(part for part in parts if int(part.sum()) >= _FEWEST_OF_ROLE),
    ]


def _pool(material: Material, scored: Scored, rows: Any, settings: Settings) -> Pool:
    return Pool(
        probabilities=probabilities(scored, material.tags, rows),
        forwards=settings.budget.false_forwards,
        reviews=settings.budget.false_reviews,
    )


def _louder(pool: Pool, times: float) -> Pool:
    """Return a pool in which so many times more mails may be forwarded and reviewed."""
    return replace(
        pool, forwards=min(100, pool.forwards * times), reviews=min(100, pool.reviews * times)
    )


def _without(pool: Pool, tags: frozenset[str]) -> Pool:
    """Return a pool in which these tags are never given."""
    return replace(
        pool,
        probabilities={
            tag: [0.0] * len(found) if tag in tags else found
            for tag, found in pool.probabilities.items()
        },
    )


def expected(report: Report, settings: Settings) -> dict[str, object]:
    """Return what to expect of an inbox in which `settings.tagged_share` of the mails carry a tag.

    Rests on mails that were held out. An inbox of another kind will differ; `triage adapt` and own
    labels measure instead of expecting.
    """
    alarms, right = report.false_alarms_per_100_untagged, report.recall_of_tagged
    share = settings.tagged_share
    return {
        "tagged_share": share,
        "forwarded_per_100": 100 * share * (right or 0) + (1 - share) * (alarms or 0),
        "false_forwards_per_100_untagged": alarms,
        "recall": {tag: one.recall for tag, one in report.tags.items()},
    }
