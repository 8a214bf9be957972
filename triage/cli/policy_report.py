"""What `triage policy explain` says, for people as lines and for programs as a record.

Rule: text of a mail is made harmless first; each sentence of the policy is quoted as it stands.
"""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from triage.cli import case_json
from triage.cli.tables import plain
from triage.summary.wording import duration, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.pipeline.explain import Explanation, Rule, Step
    from triage.policy import Policy
    from triage.store.outbox import OutboxRow
    from triage.store.storms import Storm

_INDENT = "    "
_WIDTH = 96
_SENTENCE_LIMIT = 300


def lines(found: Explanation, policy: Policy, zone: str) -> Iterator[str]:
    """The explanation as lines."""
    case, mail = found.case, found.mail
    yield f"{plain(mail.subject or '(no subject)', 80)}, from {plain(mail.sender, 80)}"
    yield f'{_INDENT}about {plain(case.client)}; "{case.urgency.label}"; {_state(found, zone)}'
    yield ""
    yield "Why it is somebody's business"
    for rule in found.rules:
        yield from _rule_lines(rule, found, policy)
    if not found.rules:
        yield from _wrapped(mail.why or "it could not be read")
    yield ""
    yield "Who hears, and why"
    for row in found.briefs:
        yield from _brief_lines(row, policy, zone, trial=found.trial)
    for storm in found.storms:
        yield from _wrapped(storm_line(storm, zone))
    yield ""
    yield "What happens next, unless somebody answers"
    if not found.steps:
        yield f"{_INDENT}Nothing: {_why_nothing(found)}"
    for step in found.steps:
        yield f"{_INDENT}{_at(step.at, zone)}  {_step(step)}"
    if found.steps:
        resolve = "`triage resolve`" if found.trial else f"`triage resolve {case.id}`"
        yield from _wrapped(
            "An answer to any of the briefs ends it for all, and so does an answer to the client "
            f"in the thread, or {resolve}."
        )
    if found.update_by:
        yield from _wrapped(
            f"The client is to hear from us by {_at(found.update_by, zone)}; else whoever has the "
            "case is reminded."
        )
    yield ""
    versions = dict.fromkeys(row.policy for row in found.briefs if row.policy)
    model = f"model {mail.model}, " if mail.model else ""
    yield f"Decided by {model}policy {' and '.join(versions) or policy.stamp}"


def _state(found: Explanation, zone: str) -> str:
    case = found.case
    if found.trial:
        return "as if it came now; nothing is sent"
    if case.status == "open":
        return f"waits for an answer since {_at(case.updated_at, zone)}"
    if case.status == "resolved":
        return f"resolved {_at(case.resolved_at or 0, zone)}"
    return f"taken up by {plain(case.acknowledged_by)} {_at(case.acknowledged_at or 0, zone)}"


def _rule_lines(rule: Rule, found: Explanation, policy: Policy) -> Iterator[str]:
    reason, route = rule.reason, rule.route
    score = (found.mail.scores or {}).get(reason.tag)
    share = f" ({100 * score:.0f} %)" if score is not None else ""
    yield f"{_INDENT}{reason.title}: tag {reason.tag}{share}, by [{rule.place}]"
    for tag, sentence in found.evidence:
        if tag == reason.tag:
            yield from _wrapped(f'it says: "{plain(sentence, _SENTENCE_LIMIT)}"', 2)
    if because := found.kinds.get(reason.tag):
        yield from _wrapped(f"its kind: {plain(because, _SENTENCE_LIMIT)}", 2)
    yield from _wrapped(f'the clause: "{reason.clause}"', 2)
    raised = f", since: {reason.because}" if reason.because else ""
    yield from _wrapped(f'urgency "{reason.urgency.label}"{raised}', 2)
    if route.acknowledge_within_s is None:
        yield from _wrapped("nobody is waited for", 2)
    else:
        of = " of working time" if policy.hours else ""
        yield from _wrapped(
            f"an answer is due within {duration(route.acknowledge_within_s)}{of}", 2
        )


def _brief_lines(row: OutboxRow, policy: Policy, zone: str, *, trial: bool) -> Iterator[str]:
    people = {person.address.lower(): person.name for person in policy.people.values()}
    name = people.get(row.recipient.lower(), "somebody who is no longer in the policy")
    occasion = _OCCASIONS.get(row.occasion, row.occasion)
    yield f"{_INDENT}{_at(row.created_at, zone)}  {name} <{row.recipient}>"
    yield from _wrapped(f"{occasion}{_became(row, trial=trial)}", 2)
    if row.why:
        yield from _wrapped(row.why, 2)


def _became(row: OutboxRow, *, trial: bool) -> str:
    """What became of a brief, behind its occasion."""
    if row.state == "digest":
        return f", waits for their digest: {plain(row.detail, _SENTENCE_LIMIT)}"
    if row.held_for:
        return f", {row.state}; it waited: {plain(row.detail, _SENTENCE_LIMIT)}"
    return "" if trial else f", {row.state}"


_OCCASIONS = {
    "first": "first brief",
    "new-tag": "something new",
    "worse": "more urgent than before",
    "reminder": "reminder",
    "storm": "about mails that joined",
    "level": "the next level",
    "update": "the client has not heard from us",
    "corrected": "a person tagged it",
    "undelivered": "in place of a brief that could not be delivered",
    "unreadable": "it could not be read",
}


def storm_line(storm: Storm, zone: str) -> str:
    """What joined a case instead of being told one by one, and whether it has been told since."""
    mails = f"{storm.mails} mail{'' if storm.mails == 1 else 's'}"
    last = f"the last of them {_at(storm.last_at, zone)}"
    waits = storm.mails - storm.told
    told = f"{waits} of them are to be told" if waits else "all of them were told in one brief"
    return f"Not told one by one: {mails}, {last}, since {plain(storm.because, 400)}; {told}."


def _step(step: Step) -> str:
    if step.what:
        return step.what
    if not step.who:
        return "a reminder to those who were told and have not answered"
    return f"{step.who} ({step.level})"


def _why_nothing(found: Explanation) -> str:
    if found.case.status != "open":
        return "somebody has it, or it is closed"
    if any(rule.route.acknowledge_within_s is not None for rule in found.rules):
        return "everybody whom the policy names has heard"
    return "its route waits for nobody"


def _wrapped(text: str, depth: int = 1) -> Iterator[str]:
    prefix = _INDENT * depth
    yield from textwrap.wrap(
        str(text), _WIDTH, initial_indent=prefix, subsequent_indent=prefix, break_on_hyphens=False
    )


def _at(epoch_s: float, zone: str) -> str:
    return moment(datetime.fromtimestamp(epoch_s, UTC), zone)


def as_record(found: Explanation) -> dict[str, Any]:
    """The same for programs; times in epoch seconds."""
    case = found.case
    return {
        "case": {
            "id": case.id,
            "status": case.status,
            "tags": list(case.tags),
            "urgency": case.urgency.label,
            "level": case.level,
            "update_by": found.update_by,
        },
        "rules": [
            {
                "place": rule.place,
                "tag": rule.reason.tag,
                "clause": rule.reason.clause,
                "urgency": rule.reason.urgency.label,
                "because": rule.reason.because,
                "acknowledge_within_s": rule.route.acknowledge_within_s,
            }
            for rule in found.rules
        ],
        "people": [
            {
                "address": row.recipient,
                "occasion": row.occasion,
                "at": row.created_at,
                "state": row.state,
                "held_for": row.held_for,
                "detail": row.detail,
                "why": row.why,
                "policy": row.policy,
            }
            for row in found.briefs
        ],
        "next": [
            {
                "at": step.at,
                "who": step.who,
                "level": step.level,
                "reminder": not (step.who or step.what),
                "what": step.what,
            }
            for step in found.steps
        ],
        "storms": [case_json.storm(storm) for storm in found.storms],
    }
