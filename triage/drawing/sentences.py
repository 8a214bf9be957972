"""Sentences about a policy that both its picture and its table say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.messages import Urgency
from triage.summary.wording import listed

if TYPE_CHECKING:
    from triage.policy import Policy, Skip, Span

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def hours_in_words(policy: Policy) -> str:
    """When windows count."""
    hours = policy.hours
    if hours is None:
        return "Times are counted by the clock, day and night."
    lunch = f" without {_span(hours.lunch)}" if hours.lunch else ""
    zone = f" ({hours.timezone})" if hours.timezone else ""
    free = f"; holidays of {listed(hours.holidays)}" if hours.holidays else ""
    return f"Times are working time: {_days(hours.days)}, {_span(hours.work)}{lunch}{zone}{free}."


def skips_in_words(policy: Policy) -> list[str]:
    """When a level hears at once, a sentence for each rule."""
    return [_skip(policy, rule) for rule in policy.skips]


def _skip(policy: Policy, rule: Skip) -> str:
    conditions = []
    if rule.urgency:
        more = "" if rule.urgency is max(Urgency) else " or more"
        conditions.append(f"{rule.urgency.label}{more}")
    if rule.tags > 1:
        conditions.append(f"of {rule.tags} tags or more")
    if rule.of:
        titles = {name: kind.title for name, kind in policy.kinds.items()}
        titles |= {tag: route.title for tag, route in policy.routes.items()}
        conditions.append(f"about {' or '.join(titles.get(name, name) for name in rule.of)}")
    return f"{policy.levels[rule.to].title} at once, where a case is {', '.join(conditions)}."


def _days(days: tuple[int, ...]) -> str:
    if len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1)):  # noqa: PLR2004 - a run
        return f"{_DAYS[days[0]]} to {_DAYS[days[-1]]}"
    return listed([_DAYS[day] for day in days])


def _span(span: Span) -> str:
    return "-".join(f"{at // 3600:02}:{at % 3600 // 60:02}" for at in span)
