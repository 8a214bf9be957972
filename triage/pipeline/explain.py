"""Why people heard of a case, by which rules, and what happens next and when. Reads only.

Rule: what happened is told from the book, as it was written down then; what is to come is worked
out by today's policy, as the follow-up step will do.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from triage.errors import NotFoundError
from triage.parsing import parse
from triage.pipeline.people import people_outside
from triage.pipeline.timing import basis_of, in_words
from triage.policy import kinds_key
from triage.routing import route
from triage.store import cases, inbox, issues, labels, outbox, storms, timers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

    from triage.config import Firm
    from triage.messages import Email, Reason
    from triage.pipeline.timing import CaseClock
    from triage.policy import Policy, Route
    from triage.store.inbox import Decided
    from triage.store.outbox import OutboxRow
    from triage.store.storms import Storm
    from triage.store.timers import Timer

UPDATE = "one brief about the mails that joined, unless more of them come"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A route that a mail took: its place in the policy, and what it says of the mail."""

    place: str
    reason: Reason
    route: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that will happen unless somebody answers; `at` in epoch seconds.

    `who` is in words; empty for a reminder to those who were told. `what` says what else it is.
    """

    at: float
    who: str = ""
    level: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One case, explained.

    Attributes:
        mail: the newest mail that somebody was told of.
        evidence: (tag, sentence) that decided.
        kinds: why the mail counts as a kind of issue, by tag.
        rules: the routes it took, most urgent first.
        briefs: what was sent, oldest first; each says why.
        steps: what happens next.
        storms: mails that joined it instead of being told one by one.
        update_by: when whoever has the case is reminded, unless the client has heard from us.
        trial: it was decided only to see what would happen, and nothing was sent.
    """

    case: cases.Case
    mail: Decided
    evidence: tuple[tuple[str, str], ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    briefs: tuple[OutboxRow, ...] = ()
    steps: tuple[Step, ...] = ()
    storms: tuple[Storm, ...] = ()
    update_by: float | None = None
    trial: bool = False


def explain(tx: Connection, case_id: int, clock: CaseClock, firm: Firm) -> Explanation:
    """Explain a case. Raises NotFoundError."""
    case = cases.get(tx, case_id)
    briefs = tuple(outbox.briefs_of_case(tx, case_id))
    mail = inbox.decided(tx, newest_told(tx, case_id))
    email = parse(inbox.load(tx, mail.id).raw.content)
    found = issues.of_message(tx, mail.id)
    kind = kinds_key({tag: issue.kind for tag, issue in found.items()})
    verdict = inbox.verdict_row(tx, mail.id)
    spared = issues.spared_people(tx, case_id)
    people = clock.policy.people
    excluded = people_outside(email, firm) | {
        people[each].mailbox for each in spared if each in people
    }
    return Explanation(
        case=case,
        mail=mail,
        evidence=tuple((e["tag"], e["sentence"]) for e in (verdict["evidence"] if verdict else ())),
        kinds={tag: issue.because for tag, issue in found.items() if issue.kind},
        rules=_rules(clock.policy, labels.tags_of(tx, mail.id), email, kind),
        briefs=briefs,
        steps=tuple(_steps(clock, case, timers.waiting(tx, case_id), excluded)),
        storms=tuple(storms.of_case(tx, case_id)),
        update_by=_update_by(tx, case),
    )


def newest_told(tx: Connection, case_id: int) -> int:
    """Number of the newest mail of a case that somebody was told of, else of its newest."""
    told = [row.message_id for row in outbox.briefs_of_case(tx, case_id)]
    found = told or [mail.id for mail in inbox.of_case(tx, case_id)]
    if not found:
        msg = f"case {case_id} has no mail"
        raise NotFoundError(msg)
    return max(found)


def _rules(policy: Policy, tags: Collection[str], email: Email, kind: str) -> tuple[Rule, ...]:
    text = f"{email.subject}\n{email.new_text}"
    found = route(tuple(tags), text=text, policy=policy, kind=kind)
    rules = []
    for reason in found.reasons if found else ():
        taken = policy.route_of(reason.tag, kind)
        refined = policy.kind_of(reason.tag, kind)
        assert taken is not None
        place = f"kinds.{refined.id}" if refined else f"routes.{reason.tag}"
        rules.append(Rule(place=place, reason=reason, route=taken))
    return tuple(rules)


def _update_by(tx: Connection, case: cases.Case) -> float | None:
    waiting = [timer.due_at for timer in timers.pending(tx, case.id, "update")]
    return min(waiting, default=None) if case.open else None


def _steps(
    clock: CaseClock, case: cases.Case, waiting: list[Timer], excluded: Collection[str]
) -> list[Step]:
    """Reminders that are set, and level by level whoever hears when nobody answers."""
    steps = [
        Step(at=timer.due_at)
        for timer in waiting
        if timer.kind == "remind" and timer.step >= case.level
    ]
    steps += [Step(at=timer.due_at, what=UPDATE) for timer in waiting if timer.kind == "storm"]
    level = next((t for t in waiting if t.kind == "level" and t.step >= case.level), None)
    if level:
        steps += _levels_from(clock, case, level, excluded)
    return sorted(steps, key=lambda step: step.at)


def _levels_from(
    clock: CaseClock, case: cases.Case, timer: Timer, excluded: Collection[str]
) -> list[Step]:
    basis = replace(basis_of(timer), tags=case.tags)
    told, at, steps = list(case.recipients), timer.due_at, []
    while following := clock.following(basis, told, at, excluded):
        steps.append(Step(at=at, who=in_words(following), level=following.level.title))
        told += [there.person.id for there in following.people]
        basis = replace(basis, step=following.step, opening=False)
        due_at = clock.due_at("level", basis, at)
        if following.is_last or due_at is None:
            break
        at = due_at
    return steps
