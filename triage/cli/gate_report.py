"""The gate's report, a model's history and the difference between two models, as lines.

Rule: a report is read from its JSON, so that a fresh one and one kept beside a model look alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.cli.tables import plain, when

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from triage.differences import Change, Differences, Opinion

_DOUBTS = 10
_CHANGES = 40
_KINDS = {
    "forwarded": "would be forwarded, and was not",
    "held-back": "would no longer be forwarded",
    "retagged": "would be forwarded under other tags",
    "review": "would come to, or leave, the review list",
}


def gate_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Everything the gate looked at, and its answer."""
    yield f"{report['candidate']} held against {report['in_use']}, the model in use"
    for part in report["parts"]:
        left = f"; {part['left_out']} left out, as one of them knows them" * bool(part["left_out"])
        yield f"  {part['name']}: {part['mails']} mails in {part['threads']} threads{left}"
    yield from _figure_lines(report["figures"])
    yield from _pinned_lines(report)
    yield from _doubt_lines(report["doubts"])
    for tag in report["gained"]:
        yield f"  {tag} is new: there is nothing to hold it against"
    yield ""
    if report["passed"]:
        yield f"passed: {report['candidate']} is not worse"
    for objection in report["objections"]:
        yield f"against it: {objection}"


def _figure_lines(figures: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not figures:
        return
    yield ""
    yield (
        f"  {'on':<17}{'figure':<31}{'tag':<17}{'mails':>6}{'in use':>8}{'new':>8}"
        f"{'95 % of the change':>22}"
    )
    for each in figures:
        verdict = _verdict(each)
        yield (
            f"  {each['set']:<17}{each['kind']:<31}{each['tag']:<17}{each['mails']:>6}"
            f"{_number(each['before']):>8}{_number(each['after']):>8}"
            f"{_span(each['change_interval']):>22}  {verdict}"
        ).rstrip()
    yield ""


def _verdict(figure: Mapping[str, Any]) -> str:
    if figure["worse"]:
        return "WORSE"
    if not figure["judged"]:
        return "too few to judge"
    return "others got its share of noise" if figure.get("shared") else ""


def _pinned_lines(report: Mapping[str, Any]) -> Iterator[str]:
    cases, open_ones = report["pinned_cases"], report["pinned"]
    broken = [case for case in open_ones if case["held"] and not case["holds"]]
    both = [case for case in open_ones if not case["held"] and not case["holds"]]
    mended = [case for case in open_ones if case["holds"]]
    yield f"  pinned cases: {cases - len(broken) - len(both)} of {cases} hold"
    for said, some in (("broken", broken), ("broken before too", both), ("mended", mended)):
        for case in some:
            wanted, given = _tags(case["tags"]), _tags(case["after"])
            yield f"    {said}: {case['id']} must get {wanted}, and gets {given}"


def _doubt_lines(doubts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not doubts:
        return
    yield f"  labels that the new model finds hard to believe: {len(doubts)}; look again at"
    for doubt in doubts[:_DOUBTS]:
        said = "has" if doubt["labelled"] else "has not"
        yield f"    {doubt['id']}: {said} {doubt['tag']}, probability {doubt['probability']:.2f}"


def history_lines(version: str, history: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """When a model was taken into use or not, and why."""
    words = {"promote": "taken into use", "rollback": "returned to", "keep": "not taken into use"}
    for event in history:
        if event["version"] == version:
            note = f": {event['note']}" if event.get("note") else ""
            yield f"  {event.get('at', '')}  {words.get(event['action'], event['action'])}{note}"


def difference_lines(found: Differences, zone: str) -> Iterator[str]:
    """What would have been different, counted, then mail by mail with the way to each."""
    yield (
        f"The last {found.days} days, {found.mails} mails: what {found.after_version} would have "
        f"done differently from {found.before_version}"
    )
    if found.left_out:
        yield f"  only the newest {found.mails + found.without_text} mails were compared"
    if found.without_text:
        yield f"  {found.without_text} more could not be: their text is no longer in the store"
    for fate, name in (("forwarded", "forwarded"), ("review", "for review"), ("left", "left")):
        yield f"  {name:<12}{found.before[fate]:>6} -> {found.after[fate]}"
    shown = 0
    for kind, words in _KINDS.items():
        some = [change for change in found.changes if change.kind == kind]
        if some:
            yield f"{len(some)} {words}"
        room = max(0, _CHANGES - shown) if kind != "review" else 0
        for change in some[:room]:
            yield from _change_lines(change, zone)
        if 0 < room < len(some):
            yield f"  and {len(some) - room} more; `triage models compare --json` lists all"
        shown += min(len(some), room)
    if not found.changes:
        yield "  nothing"


def _change_lines(change: Change, zone: str) -> Iterator[str]:
    mail = change.mail
    case = f"case {mail.case_id}: `triage show {mail.case_id}`, " if mail.case_id else ""
    label = "" if mail.label is None else f"; people say {_tags(mail.label)}"
    yield (
        f"  {mail.message_id}  {when(mail.decided_at, zone)}  {plain(mail.sender, 40)}  "
        f"{plain(mail.subject, 60)}"
    )
    fates = " -> ".join(_opinion(each) for each in (change.before, change.after))
    yield f"      {fates}{label}  ({case}`triage show --mail {mail.message_id}`)"


def difference_json(found: Differences) -> dict[str, object]:
    """The same for programs; the keys are promised to scripts."""
    return {
        "before": found.before_version,
        "after": found.after_version,
        "days": found.days,
        "mails": found.mails,
        "without_text": found.without_text,
        "left_out": found.left_out,
        "counts": {"before": dict(found.before), "after": dict(found.after)},
        "changes": [
            {
                "kind": change.kind,
                "mail": change.mail.message_id,
                "case": change.mail.case_id,
                "decided_at": change.mail.decided_at,
                "sender": change.mail.sender,
                "subject": change.mail.subject,
                "before": list(change.before.tags),
                "after": list(change.after.tags),
                "fate_before": change.before.fate,
                "fate_after": change.after.fate,
                "label": None if change.mail.label is None else list(change.mail.label),
            }
            for change in found.changes
        ],
    }


def _opinion(one: Opinion) -> str:
    return "unsure" if one.fate == "review" else _tags(one.tags)


def _tags(tags: Sequence[str]) -> str:
    return ", ".join(tags) or "no tag"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _span(interval: Sequence[float] | None) -> str:
    return "-" if interval is None else f"{interval[0]:+.3f} to {interval[1]:+.3f}"
