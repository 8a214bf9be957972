"""What `triage adapt` tells of a fitted model: shares, thresholds, mails to judge it by."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from classifiers.adaptation import Adaptation, MailChange, Shares, TagChange
from classifiers.api import Document
from classifiers.thresholds import Budget, Threshold
from triage.cli.adapt_report import change_lines, examples, reading_lines
from triage.past_mail import PastMail

if TYPE_CHECKING:
    from collections.abc import Sequence

MAIL = PastMail(
    documents=tuple(Document(text="t", subject=f"Mail {number}") for number in range(40)),
    read=44,
    skipped=Counter({"an automatic reply": 3, "a copy of another": 1}),
)


def change(
    index: int, before: Sequence[str] = (), after: Sequence[str] = (), unsure: Sequence[str] = ()
) -> MailChange:
    return MailChange(
        index=index,
        tags_before=tuple(before),
        unsure_before=(),
        tags=tuple(after),
        unsure=tuple(unsure),
    )


def fitted(*changes: MailChange) -> Adaptation:
    return Adaptation(
        version_before="old",
        version="new",
        mails=40,
        budget=Budget(forwards=15),
        before=Shares(forwarded=0.25, unsure=0.1),
        after=Shares(forwarded=0.15, unsure=0.125),
        tags=(
            TagChange(
                tag="blocker",
                threshold_before=Threshold(give=0.5, unsure=0.2),
                threshold=Threshold(give=0.625, unsure=0.25),
                before=Shares(forwarded=0.25, unsure=0.1),
                after=Shares(forwarded=0.15, unsure=0.125),
            ),
            TagChange(
                tag="praise",
                threshold_before=None,
                threshold=Threshold(give=0.75, unsure=0.5),
                before=None,
                after=Shares(forwarded=0.0, unsure=0.0),
            ),
        ),
        mails_changed=changes,
    )


def said(found: Adaptation, mail: PastMail = MAIL) -> str:
    return "\n".join(change_lines(found, mail))


def test_mails_read_and_passed_over_are_counted_with_the_reason() -> None:
    assert list(reading_lines(MAIL)) == [
        "44 mails read, 40 to learn from",
        "3 passed over: an automatic reply",
        "1 passed over: a copy of another",
    ]


def test_shares_and_thresholds_stand_before_and_after() -> None:
    lines = [" ".join(line.split()) for line in said(fitted()).splitlines()]
    assert "forwarded 25.0 -> 15.0 (at most 15 allowed)" in lines
    assert "for review 10.0 -> 12.5" in lines
    assert "blocker 0.50/0.20 -> 0.62/0.25 forwarded 25.0 -> 15.0" in lines
    assert "praise new -> 0.75/0.50 forwarded - -> 0.0" in lines
    assert lines[-1] == "0 mails would be treated differently"


def test_mails_that_would_be_forwarded_or_no_longer_are_shown_before_others() -> None:
    reviews = [change(number, unsure=["blocker"]) for number in range(20)]
    found = fitted(*reviews, change(30, after=["blocker"]), change(31, before=["upsell"]))
    assert [each.index for each in examples(found)][:2] == [30, 31]
    assert len(examples(found)) == 10
    text = said(found)
    assert "22 mails would be treated differently, such as:" in text
    assert "  Mail 30\n      left -> forwarded for blocker" in text
    assert "  Mail 31\n      forwarded for upsell -> left" in text
    assert "  Mail 0\n      left -> for review (blocker)" in text


def test_a_subject_cannot_write_to_the_terminal() -> None:
    hostile = PastMail(
        documents=(Document(text="t", subject="a\x1b[2J\nb" + "c" * 500), Document(text="t")),
        read=2,
        skipped=Counter(),
    )
    text = said(fitted(change(0, after=["blocker"]), change(1, after=["blocker"])), hostile)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 100
    assert "(no subject)" in text
