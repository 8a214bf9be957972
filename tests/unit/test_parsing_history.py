"""The earlier mails that a mail quotes, with who wrote them and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.parsing.history import QuotedMail, quoted_mails

BEN = QuotedMail(text="We will call you.", by="Ben West", address="ben@radial.example")

HEADINGS = {
    "On Mon, 2 Mar 2026 at 09:14, Ben West <ben@radial.example> wrote:": "Mon, 2 Mar 2026 at 09:14",
    "On Mon, Mar 2, 2026 at 9:14 AM Ben West <ben@radial.example> wrote:": (
        "Mon, Mar 2, 2026 at 9:14 AM"
    ),
    "Am 02.03.2026 um 09:14 schrieb Ben West <ben@radial.example>:": "02.03.2026 um 09:14",
    "Le 2 mars 2026 à 09:14, Ben West <ben@radial.example> a écrit :": "2 mars 2026 à 09:14",
    "Ben West <ben@radial.example> wrote on 3/2/2026 9:14 AM:": "3/2/2026 9:14 AM",
}


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_quoted_mail_says_who_wrote_it_and_when(heading: str) -> None:
    [mail] = quoted_mails(f"Still nothing.\n\n{heading}\n> We will call you.\n")
    assert mail.text == BEN.text
    assert (mail.by, mail.address) == (BEN.by, BEN.address)
    assert mail.written == HEADINGS[heading]


def test_quotes_of_quotes_are_read_from_the_newest_to_the_oldest() -> None:
    text = (
        "Nothing.\n\n-----Original Message-----\nFrom: Ben West <ben@radial.example>\n"
        "Sent: Monday, 2 March 2026 09:14\nTo: Dana\nSubject: Re: Export\n\nWe will call you.\n\n"
        "From: Dana <dana@x.example>\nSent: Friday, 27 February 2026 16:02\nTo: Ben\n"
        "Subject: Export\n\nI restarted it twice.\n"
    )
    assert [(m.by, m.written, m.text) for m in quoted_mails(text)] == [
        ("Ben West", "Monday, 2 March 2026 09:14", "We will call you."),
        ("Dana", "Friday, 27 February 2026 16:02", "I restarted it twice."),
    ]


def test_what_the_sender_writes_between_the_quotes_is_not_the_quoted_persons() -> None:
    text = "On Mon, 2 Mar 2026 at 09:14, Ben West wrote:\n> We will call you.\nNo, you did not.\n"
    assert [mail.text for mail in quoted_mails(text)] == ["We will call you."]


def test_a_mail_without_a_quote_quotes_nothing() -> None:
    assert quoted_mails("Hi Ben,\n\nplease call me.\n\nDana") == ()


@given(st.text(alphabet="On wrote:<>@.\n >a1-", max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    for mail in quoted_mails(text):
        assert mail.text.strip()
