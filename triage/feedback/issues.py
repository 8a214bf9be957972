"""What an answer about kinds of issue makes of a mail: which tags, and which kind beneath each.

Rules: a kind whose tag the mail has leaves the tags alone; else its tag takes the place of those
that are there, as the tag's own word would, or comes on top where the answer says "also". Two
kinds beneath one tag contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triage.feedback.meaning import apply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from triage.feedback.meaning import Meaning
    from triage.policy import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A correction with its kinds put beneath tags.

    Attributes:
        meaning: the same, with the tags that its kinds bring.
        issues: by tag, the kind that it is said to be; empty: none of those there are.
        contradicts: whether two kinds are named for one tag.
    """

    meaning: Meaning
    issues: Mapping[str, str]
    contradicts: bool = False


def resolve(
    meaning: Meaning,
    before: Sequence[str],
    *,
    kinds: Mapping[str, Kind],
    known: Mapping[str, str],
    order: Sequence[str],
) -> Resolved:
    """Work out the tags and kinds that a correction asks for.

    Args:
        meaning: of the answer.
        before: the tags of the mail until now.
        kinds: of the policy.
        known: by tag, the kind the mail was taken for until now.
        order: the policy's tags.
    """
    tags = apply(meaning, before, order)
    issues: dict[str, str] = {}
    contradicts = False
    for name in (each for each in meaning.issues if each in kinds):
        tag = next((each for each in tags if each in kinds[name].routes), "")
        if not tag:
            tag = next(iter(kinds[name].routes))
            meaning = _with_tag(meaning, tag)
            tags = apply(meaning, before, order)
        contradicts = contradicts or issues.get(tag, name) != name
        issues[tag] = name
    denied = {tag for tag, kind in known.items() if kind in meaning.not_issues}
    cleared = {tag: "" for tag in denied if tag in tags and tag not in issues}
    return Resolved(meaning=meaning, issues={**cleared, **issues}, contradicts=contradicts)


def _with_tag(meaning: Meaning, tag: str) -> Meaning:
    """The meaning with a tag that a kind brings along."""
    if meaning.exactly is not None:
        return replace(meaning, exactly=(*meaning.exactly, tag))
    if meaning.on_top or meaning.add or meaning.remove or meaning.not_issues:
        return replace(meaning, add=(*meaning.add, tag))
    return replace(meaning, exactly=(tag,))
