"""What a person should know of their labels before trusting what is learned from them.

Rule: these are warnings. What makes learning impossible is an error, and raised elsewhere.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from classifiers.dataset import contradictions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from classifiers.dataset import Example
    from classifiers.tags import TagInfo

ENOUGH = 20  # mails of a tag; with fewer the threshold is set with caution
_THREADS = 5  # with fewer, what is held out is hardly different from what was learned
_SHOWN = 3  # places named in one warning


def warnings(
    own: Sequence[Example], general: Sequence[Example], infos: Mapping[str, TagInfo]
) -> list[str]:
    """Say what is thin, one-sided or contradictory.

    Args:
        own: the firm's own labels.
        general: mails that came with the program, empty if none are learned from.
        infos: descriptions of tags.
    """
    used = {tag for example in (*own, *general) for tag in example.tags}
    tags = [*(tag for tag in infos if tag in used), *sorted(used - set(infos))]
    found = [warning for tag in tags for warning in _about_tag(tag, own, general)]
    return [
        *found,
        *_one_sided(own, general),
        *_contradicting(own),
        *(
            f"nothing says what {tag!r} means; say it in tags.toml beside the rows"
            for tag in tags
            if tag not in infos or not infos[tag].means
        ),
    ]


def _about_tag(tag: str, own: Sequence[Example], general: Sequence[Example]) -> Iterator[str]:
    mails = [example for example in own if tag in example.tags]
    elsewhere = sum(tag in example.tags for example in general)
    if len(mails) + elsewhere < ENOUGH:
        yield (
            f"{tag!r} has {len(mails) + elsewhere} mails; below {ENOUGH} it is learned with "
            "caution and will often be missed: label more when you see some"
        )
    if not mails:
        if own and elsewhere:
            yield f"none of your mails has {tag!r}: it stays as the starter mails taught it"
        return
    if len(mails) == len(own) and not elsewhere:
        yield (
            f"all of your mails have {tag!r}: label some without it, above all such as look like it"
        )
    senders = {example.sender for example in mails}
    if len(mails) > 1 and len(senders) == 1 and "" not in senders:
        yield f"all mails with {tag!r} are from {senders.pop()}: the name may be learned instead"
    threads = len({example.group for example in mails})
    if threads < _THREADS and not elsewhere:
        yield f"all {len(mails)} mails with {tag!r} are of {threads} threads; label other ones"


def _one_sided(own: Sequence[Example], general: Sequence[Example]) -> Iterator[str]:
    if own and all(example.tags for example in own):
        yield (
            "all of your mails have a tag: label ordinary mail too (no tag), at least as many, so "
            "that false alarms can be counted" + ("" if general else "; without it none can")
        )


def _contradicting(own: Sequence[Example]) -> Iterator[str]:
    pairs = contradictions(own)
    if not pairs:
        return
    places = "; ".join(f"{first.place} and {second.place}" for first, second in pairs[:_SHOWN])
    more = f"; and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
    yield f"the same text has different tags, of which the later count: {places}{more}"


def counted(examples: Sequence[Example]) -> str:
    """Say how many mails have which tag."""
    tags = Counter(tag for example in examples for tag in example.tags)
    untagged = sum(not example.tags for example in examples)
    return ", ".join(
        [*(f"{n} {tag}" for tag, n in sorted(tags.items())), f"{untagged} without a tag"]
    )
