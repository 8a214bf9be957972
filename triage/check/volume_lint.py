"""What a policy says of waiting for a digest that can never happen, and for whom. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.check.problem import Problem
from triage.messages import Urgency
from triage.policy import DAY_S
from triage.summary.wording import listed
from triage.volume import budget_of, gets_daily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.policy import Policy, Route

PROCESS = "process"  # the kind of trouble with escalating itself, as it ships


def volume_findings(policy: Policy) -> Iterator[Problem]:
    """Rules for what waits, of which nothing comes."""
    yield from _without_digest(policy)
    below = policy.volume.digest_below
    if below is not None and not any(_can_wait(policy, r, below) for r in _routes(policy)):
        yield _finding(
            "volume.digest_below",
            f'nothing ever waits for it: what is less than "{below.label}" wants an answer within '
            "a working day, or there is none",
            "take it out, or give such routes more time",
        )
    yield from _process(policy)


def _without_digest(policy: Policy) -> Iterator[Problem]:
    """People for whom something is to wait, and who get no digest in which it would be told."""
    for where, people in _meant(policy).items():
        missing = [policy.people[each].name for each in people if not gets_daily(policy, each)]
        if missing:
            get = "gets" if len(missing) == 1 else "get"
            yield _finding(
                where,
                f"nothing is held back for {listed(missing)}, who {get} no daily digest: their "
                "briefs go out at once",
                'write digest = "daily" in their tables, or under [digest] for all',
            )


def _meant(policy: Policy) -> dict[str, list[str]]:
    """By the place of a rule, the people whose briefs it is to hold back."""
    told = dict.fromkeys(person for route in _routes(policy) for person in route.to)
    own = {key: person for key, person in policy.people.items() if person.daily}
    general = [key for key in told if key not in own and budget_of(policy, key)]
    found = {"volume.daily": general} | {f"people.{key}.daily": [key] for key in own}
    if policy.volume.digest_below is not None:
        found["volume.digest_below"] = list(told)
    for tag, route in policy.routes.items():
        if route.deliver == "digest":
            found[f"routes.{tag}.deliver"] = list(route.to)
    return found


def _routes(policy: Policy) -> list[Route]:
    kinds = [route for kind in policy.kinds.values() for route in kind.routes.values()]
    return [*policy.routes.values(), *kinds]


def _can_wait(policy: Policy, route: Route, below: Urgency) -> bool:
    day_s = policy.hours.day_s if policy.hours else DAY_S
    window = route.acknowledge_within_s
    return route.urgency < min(below, Urgency.HIGH) and (window is None or window >= day_s)


def _process(policy: Policy) -> Iterator[Problem]:
    """Trouble with the process is for all of management."""
    kind = policy.kinds.get(PROCESS)
    for route in list(kind.routes.values())[:1] if kind else ():
        missing = [policy.people[p].name for p in policy.management if p not in route.to]
        if missing or (route.need == "any" and policy.management[1:]):
            who = listed(missing) if missing else "all but one of them"
            yield _finding(
                f"kinds.{PROCESS}.to",
                f"trouble with the process leaves out {who}, although all of management should "
                "hear of it",
                'write to = ["management"] and need = "all"',
            )


def _finding(where: str, what: str, advice: str) -> Problem:
    return Problem(severity="warning", area="policy", where=where, what=what, advice=advice)
