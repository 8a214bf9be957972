"""The policy's answer to one verdict: who hears, how fast, by which clause. Pure.

Rules: recipients come from the policy only, never from the mail; a mail that brings nothing new
to an open case is not forwarded again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from triage.followup import routes_of
from triage.hearers import Hearers, as_recipient, fallback_person
from triage.messages import Escalation, Occasion, Reason, Urgency

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from triage.policy import Kind, Policy, Raise, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase:
    """What routing must know of the open case that a mail belongs to."""

    tags: tuple[str, ...]
    urgency: Urgency
    recipients: tuple[str, ...]


def route(
    tags: Sequence[str],
    *,
    text: str,
    policy: Policy,
    turn: int = 0,
    turns: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
    case: KnownCase | None = None,
    excluded: Collection[str] = (),
    kind: str = "",
    day: date | None = None,
) -> Escalation | None:
    """Decide who must hear of a mail with these tags.

    Args:
        tags: what the classifier found; tags without a route are passed over.
        text: subject and new text, searched for words that make it more urgent.
        policy: people, routes and clauses.
        turn: a number that grows by one a case, so that any-of routes take turns.
        turns: when whose turn it was last, see `Hearers`; comes before `turn`.
        case: the open case of the thread, if there is one.
        excluded: mailboxes (see `mailbox_key`) that must not hear: the outside people of the mail,
            and people whom it is about.
        kind: of issue, which may refine the routes of its tags; see `policy.kinds_key`.
        day: today for the firm, for who is away; None: everybody is there.

    Returns:
        None when there is no tag, or the open case knows it all already.
    """
    routes = routes_of(policy, tags, kind)
    if not routes:
        return None
    reasons = [_reason(each, text, policy.kind_of(each.tag, kind)) for each in routes]
    reasons.sort(key=lambda reason: -reason.urgency)
    urgency = max(reason.urgency for reason in reasons)
    occasion = _occasion([each.tag for each in routes], urgency, case)
    if occasion is None:
        return None
    windows = [r.acknowledge_within_s for r in routes if r.acknowledge_within_s is not None]
    told = case.recipients if case else ()
    hearers = Hearers(
        policy=policy, told=told, turn=turn, turns=turns, excluded=frozenset(excluded), day=day
    )
    hearers.add_told()
    for each in routes:
        hearers.add_route(each)
    known = routes_of(policy, [*(case.tags if case else ()), *tags], kind)
    hearers.add_level(list({each.tag: each for each in known}.values()), urgency, kind)
    return Escalation(
        occasion=occasion,
        tags=tuple(reason.tag for reason in reasons),
        reasons=tuple(reasons),
        recipients=hearers.recipients([each.tag for each in routes]),
        urgency=urgency,
        acknowledge_within_s=min(windows, default=None),
        level=hearers.level,
    )


def to_fallback(policy: Policy, reason: str, day: date | None = None) -> Escalation:
    """A mail that could not be read goes to the fallback person, with the reason why."""
    there = fallback_person(policy, day)
    why = "Mail that cannot be read goes to the fallback person."
    return Escalation(
        occasion=Occasion.UNREADABLE,
        tags=(),
        reasons=(
            Reason(
                tag="",
                title="Could not be read",
                clause=reason,
                next_step="Open the attached original, and decide yourself who must know.",
                urgency=Urgency.NORMAL,
            ),
        ),
        recipients=(as_recipient(there, why=(why,)),),
        urgency=Urgency.NORMAL,
    )


def _occasion(tags: Sequence[str], urgency: Urgency, case: KnownCase | None) -> Occasion | None:
    if case is None:
        return Occasion.FIRST
    if set(tags) - set(case.tags):
        return Occasion.NEW_TAG
    return Occasion.WORSE if urgency > case.urgency else None


def _reason(route_: Route, text: str, kind: Kind | None) -> Reason:
    raised = [rule for rule in route_.raises if rule.to > route_.urgency and _speaks(rule, text)]
    raised.sort(key=lambda rule: -rule.to)
    return Reason(
        tag=route_.tag,
        title=route_.title,
        clause=route_.clause,
        because=" ".join(dict.fromkeys(rule.because for rule in raised if rule.because)),
        next_step=route_.next_step,
        urgency=raised[0].to if raised else route_.urgency,
        kind=kind.id if kind else "",
        resolution="" if route_.no_resolution else route_.resolution,
        no_resolution=route_.no_resolution,
    )


def _speaks(rule: Raise, text: str) -> bool:
    folded = _folded(text)
    return any(
        re.search(rf"(?<!\w){re.escape(_folded(words))}(?!\w)", folded) for words in rule.when
    )


def _folded(text: str) -> str:
    """Case, white space and curly apostrophes make no difference."""
    return " ".join(text.lower().replace("\u2019", "'").split())
