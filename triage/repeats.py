"""Matters that come up again and again, and are worth a change in how we work. Pure.

Rules: cases of one client, or of one kind over all clients, so many within a time, as the policy
says; one of which somebody says that it could happen again counts double. What the policy calls
welcome, such as sales, is no matter of that sort.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from triage.policy import DAY_S
from triage.summary.people import organisation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from triage.policy import Policy
    from triage.store.repeats import OpenedCase

FEWEST = 2  # one case is never a repetition, whatever is said of it
DOUBLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """Cases that are one matter coming up again.

    Attributes:
        key: names the group: `client:northwind.example`, `kind:hr` or `tag:blocker`.
        client: the organisation or address they are all of; empty: several.
        about: what they are all about, in the policy's words; empty: different things.
        cases: their numbers, oldest first.
        could_recur: of how many somebody says that it could happen again.
        clients: how many clients there are.
        days: within how many days.
        suggested_at: when a brief said so last; None: none within that time.
    """

    key: str
    client: str
    about: str
    cases: tuple[int, ...]
    could_recur: int
    clients: int
    days: int
    suggested_at: float | None = None

    @property
    def line(self) -> str:
        """The finding as a line of a report."""
        return f"{self._counted(self.client and f'from {self.client}')}"

    @property
    def report(self) -> str:
        """The same with the cases that are meant."""
        return f"{self.line}: cases {', '.join(map(str, self.cases))}."

    @property
    def suggestion(self) -> str:
        """The finding as a brief of the newest case says it."""
        said = self._counted(self.client and "from this client")
        return f"{said}, with this one: worth a change in how we work?"

    def _counted(self, whose: str) -> str:
        about = f" about {self.about}" if self.about else ""
        whose = (
            f" {whose}" if whose else f" from {self.clients} clients" if self.clients > 1 else ""
        )
        again = f", {self.could_recur} of which could happen again" if self.could_recur else ""
        return f"{len(self.cases)} cases{about}{whose} in {self.days} days{again}"


def repeated(found: Sequence[OpenedCase], policy: Policy) -> list[Repeated]:
    """The groups of cases that are as many as the policy says: of one client first, then of a kind.

    `found` are the cases of the policy's time, oldest first.
    """
    rules = policy.repeats
    days = max(1, round(rules.within_s / DAY_S))
    counted = [(each, topics(each, policy)) for each in found]
    counted = [(each, about) for each, about in counted if about]
    groups: dict[str, list[tuple[OpenedCase, frozenset[str]]]] = {}
    ours = _our_domains(policy)
    for each, about in counted:
        for key in (*_client_keys(each, ours), *sorted(about)):
            groups.setdefault(key, []).append((each, about))
    enough = [
        _group(key, members, policy, days)
        for key, members in groups.items()
        if _is_enough([each for each, _ in members], _needed(key, policy))
    ]
    return sorted(enough, key=lambda group: (not group.client, -len(group.cases), group.key))


def keys_of(case: OpenedCase, policy: Policy) -> tuple[str, ...]:
    """The groups that a case may count in, as far as the policy wants them counted."""
    about = topics(case, policy)
    if not about:
        return ()
    found = (*_client_keys(case, _our_domains(policy)), *sorted(about))
    return tuple(key for key in found if _needed(key, policy))


def topics(matter: OpenedCase, policy: Policy) -> frozenset[str]:
    """What a case is about: its kinds of issue, and its tags without one; nothing welcome."""
    kinds = {tag: kind for tag, kind in matter.kinds.items() if kind in policy.kinds}
    tags = [tag for tag in matter.tags if tag not in _welcome(policy)]
    return frozenset(
        f"kind:{kinds[tag]}" if tag in kinds else f"tag:{tag}"
        for tag in tags
        if kinds.get(tag, "") not in _welcome(policy)
    )


def _welcome(policy: Policy) -> tuple[str, ...]:
    return policy.repeats.welcome or ()


def _our_domains(policy: Policy) -> frozenset[str]:
    people = policy.people.values()
    return frozenset(person.address.rpartition("@")[2].lower() for person in people)


def _client_keys(matter: OpenedCase, ours: Collection[str]) -> tuple[str, ...]:
    """The client's key; none for a matter of our own people."""
    domain = matter.client.rpartition("@")[2]
    if not matter.client or domain in ours:
        return ()
    return (f"client:{domain if _is_organisation(domain) else matter.client}",)


@lru_cache(maxsize=10_000)
def _is_organisation(domain: str) -> bool:
    """Whether a domain is one client's own. Kept, since reports ask it of every case."""
    return bool(organisation(domain))


def _needed(key: str, policy: Policy) -> int:
    rules = policy.repeats
    return rules.client if key.startswith("client:") else rules.kind


def _is_enough(members: Sequence[OpenedCase], needed: int) -> bool:
    weight = sum(DOUBLE if each.recurs else 1 for each in members)
    return bool(needed) and len(members) >= FEWEST and weight >= needed


def _group(
    key: str, members: Sequence[tuple[OpenedCase, frozenset[str]]], policy: Policy, days: int
) -> Repeated:
    of_client = key.startswith("client:")
    common = frozenset.intersection(*(about for _, about in members)) if of_client else {key}
    domain = key.partition(":")[2]
    found = [each for each, _ in members]
    ours = _our_domains(policy)
    return Repeated(
        key=key,
        client=(organisation(domain) or domain) if of_client else "",
        about=" and ".join(_titles(common, policy)),
        cases=tuple(each.id for each in found),
        could_recur=sum(bool(each.recurs) for each in found),
        clients=len({client for each in found for client in _client_keys(each, ours)}),
        days=days,
    )


def _titles(keys: Iterable[str], policy: Policy) -> list[str]:
    found = []
    for key in sorted(keys):
        sort, _, name = key.partition(":")
        known = policy.kinds.get(name) if sort == "kind" else policy.routes.get(name)
        found.append(f'"{known.title if known else name}"')
    return found
