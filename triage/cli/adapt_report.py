"""What `triage adapt` tells: which mails were read, and what a fitted model would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.cli.tables import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from classifiers.adaptation import Adaptation, MailChange, Shares
    from classifiers.gate_report import Judgement
    from classifiers.thresholds import Threshold
    from triage.past_mail import PastMail

_SUBJECTS = 10  # of mails whose fate would be another one
_SUBJECT_CHARS = 70


def reading_lines(mail: PastMail) -> Iterator[str]:
    """How many mails there were, and which of them say nothing."""
    yield f"{mail.read} mails read, {len(mail.documents)} to learn from"
    for reason, count in mail.skipped.most_common():
        yield f"{count} passed over: {reason}"


def change_lines(found: Adaptation, mail: PastMail) -> Iterator[str]:
    """What would change, in plain words, with up to ten mails for which it does."""
    yield from reading_lines(mail)
    yield (
        f"Of 100 of the {found.mails} mails, with {found.version_before} and then with "
        f"{found.version}:"
    )
    before, after = found.before, found.after
    allowed = f"   (at most {found.budget.forwards:g} allowed)"
    yield f"  forwarded   {_share(before.forwarded)} -> {_share(after.forwarded)}{allowed}"
    yield f"  for review  {_share(before.unsure)} -> {_share(after.unsure)}"
    yield "Probability from which a mail gets the tag, and from which somebody should look:"
    for tag in found.tags:
        yield (
            f"  {tag.tag:<18}{_threshold(tag.threshold_before)} -> {_threshold(tag.threshold)}"
            f"   forwarded {_share(tag.before.forwarded) if tag.before else '    -'} -> "
            f"{_share(tag.after.forwarded)}"
        )
    yield from _mail_lines(found, mail)


def _mail_lines(found: Adaptation, mail: PastMail) -> Iterator[str]:
    shown = examples(found)
    yield f"{len(found.mails_changed)} mails would be treated differently" + (
        ", such as:" if shown else ""
    )
    for change in shown:
        subject = str(plain(mail.documents[change.index].subject or "(no subject)", _SUBJECT_CHARS))
        yield f"  {subject}"
        yield (
            f"      {_fate(change.tags_before, change.unsure_before)} -> "
            f"{_fate(change.tags, change.unsure)}"
        )


def examples(found: Adaptation) -> list[MailChange]:
    """Up to ten mails that would be treated differently; first those forwarded now or then."""
    ranked = sorted(
        found.mails_changed,
        key=lambda c: (bool(c.tags) == bool(c.tags_before), c.tags == c.tags_before),
    )
    return ranked[:_SUBJECTS]


def to_json(
    found: Adaptation, mail: PastMail, judgement: Judgement, *, promoted: bool
) -> dict[str, Any]:
    """The same for programs; the keys are promised to scripts."""
    return {
        "model_before": found.version_before,
        "model": found.version,
        "promoted": promoted,
        "objections": list(judgement.objections),
        "mails_read": mail.read,
        "mails": found.mails,
        "passed_over": dict(mail.skipped),
        "budget": found.budget.forwards,
        "before": _shares_json(found.before),
        "after": _shares_json(found.after),
        "thresholds": {
            tag.tag: {
                "before": _threshold_json(tag.threshold_before),
                "after": _threshold_json(tag.threshold),
            }
            for tag in found.tags
        },
        "mails_changed": len(found.mails_changed),
        "examples": [
            {
                "subject": mail.documents[change.index].subject,
                "tags_before": list(change.tags_before),
                "unsure_before": list(change.unsure_before),
                "tags": list(change.tags),
                "unsure": list(change.unsure),
            }
            for change in examples(found)
        ],
    }


def _shares_json(shares: Shares) -> dict[str, float]:
    return {
        "forwarded_per_100": round(100 * shares.forwarded, 1),
        "unsure_per_100": round(100 * shares.unsure, 1),
    }


def _threshold_json(threshold: Threshold | None) -> dict[str, float] | None:
    if threshold is None:
        return None
    return {"give": round(threshold.give, 4), "unsure": round(threshold.unsure, 4)}


def _share(share: float) -> str:
    return f"{100 * share:5.1f}"


def _threshold(threshold: Threshold | None) -> str:
    return "   new   " if threshold is None else f"{threshold.give:.2f}/{threshold.unsure:.2f}"


def _fate(tags: Sequence[str], unsure: Sequence[str]) -> str:
    if tags:
        return f"forwarded for {', '.join(tags)}"
    return f"for review ({', '.join(unsure)})" if unsure else "left"
