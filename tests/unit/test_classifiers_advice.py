"""Warnings about labels: thin, one-sided, contradictory, unexplained; else silence."""

from __future__ import annotations

from dataclasses import replace

from classifiers.advice import warnings
from classifiers.api import Document
from classifiers.dataset import Example
from classifiers.tags import TagInfo

INFOS = {tag: TagInfo(name=tag, means="It is so.") for tag in ("late", "upsell")}


def mails(count: int, *tags: str, sender: str | None = None) -> list[Example]:
    name = "-".join(tags) or "none"
    return [
        Example(
            document=Document(text=f"{name} {n}", id=f"{name}{n}"),
            tags=frozenset(tags),
            group=f"{name}{n}",
            local=True,
            sender=sender or f"{name}{n}@client.example",
            place=f"mine.csv:{n}",
        )
        for n in range(count)
    ]


def said(own: list[Example], general: list[Example] | None = None) -> str:
    return "\n".join(warnings(own, general or [], INFOS))


GENERAL = [*mails(30, "upsell"), *mails(30)]


def test_good_labels_are_not_commented() -> None:
    assert said([*mails(25, "late"), *mails(40, "upsell"), *mails(40)], GENERAL) == ""
    assert said([], GENERAL) == ""


def test_a_tag_with_few_mails_is_named() -> None:
    assert "'late' has 9 mails; below 20" in said([*mails(9, "late"), *mails(30)])
    assert "below 20" not in said([*mails(9, "upsell"), *mails(30)], GENERAL)


def test_labels_of_one_kind_only_are_named() -> None:
    only = mails(25, "late")
    assert "all of your mails have 'late'" in said(only)
    assert "all of your mails have a tag: label ordinary mail too" in said(only, GENERAL)
    assert "stays as the starter mails taught it" in said([*only, *mails(30)], GENERAL)


def test_labels_from_one_sender_or_thread_are_named() -> None:
    one = mails(25, "late", sender="ann@client.example")
    assert "from ann@client.example" in said([*one, *mails(30)])
    thread = [replace(mail, group=f"g{n % 2}") for n, mail in enumerate(mails(25, "late"))]
    assert "all 25 mails with 'late' are of 2 threads" in said([*thread, *mails(30)])
    unknown = [replace(mail, sender="") for mail in one]
    assert "from" not in said([*unknown, *mails(30)])


def test_contradictions_are_named_with_their_places() -> None:
    own = [*mails(25, "late"), *mails(30)]
    again = replace(own[3], tags=frozenset(), place="mine.csv:99")
    assert "mine.csv:3 and mine.csv:99" in said([*own, again])


def test_a_tag_without_a_description_is_named() -> None:
    assert "nothing says what 'odd' means" in said([*mails(25, "odd"), *mails(30)])
