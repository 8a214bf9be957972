"""What a brief says of a mail's days, money, requests, promises and files stands in the mail.

Precision comes first: each table has as many sentences that must give nothing as such that must
give something. The mail is written on Tuesday 3 March 2026 at 10:20 in Berlin.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.messages import Attachment
from triage.summary.facts import Facts, Told, gather
from triage.summary.facts.amounts import find_amounts
from triage.summary.facts.dates import find_dates
from triage.summary.facts.days import Written, written_at
from triage.summary.facts.enclosures import find_missing
from triage.summary.facts.requests import find_requests, find_wishes
from triage.summary.facts.undertakings import (
    find_promises,
    find_reported_promises,
    find_tries,
)
from triage.summary.facts.values import sentences_of
from triage.summary.wording import clean_line

TUESDAY = written_at(datetime(2026, 3, 3, 9, 20, tzinfo=UTC), 3600)

# (sentence, what is found, the day it means; None: left as it is written)
DEADLINES: list[tuple[str, str, str | None]] = [
    ("The deadline is 2026-03-06.", "The deadline is 2026-03-06", "2026-03-06"),
    ("Please send it by Friday.", "by Friday", "2026-03-06"),
    ("please send it by friday", "by friday", "2026-03-06"),
    ("We need it by 3pm tomorrow.", "by 3pm tomorrow", "2026-03-04"),
    ("Could you fix it by tomorrow at 3 pm?", "by tomorrow at 3 pm", "2026-03-04"),
    ("Please reply by 5pm.", "by 5pm", "2026-03-03"),
    ("Please reply by 9am.", "by 9am", None),
    ("Please answer by EOD.", "by EOD", "2026-03-03"),
    ("We need an answer by EOD Friday.", "by EOD Friday", "2026-03-06"),
    ("Please send it by close of business on Thursday.",
     "by close of business on Thursday", "2026-03-05"),
    ("Please answer by the end of the month.", "by the end of the month", "2026-03-31"),
    ("Please answer by the end of next month.", "by the end of next month", "2026-04-30"),
    ("It must be ready before the end of April.", "before the end of April", "2026-04-30"),
    ("It has to be done by the end of the week.", "by the end of the week", None),
    ("It is due on 6 March 2026.", "due on 6 March 2026", "2026-03-06"),
    ("It was due on 2 March 2026.", "due on 2 March 2026", "2026-03-02"),
    ("We need it no later than March 6th.", "no later than March 6th", "2026-03-06"),
    ("We need the file by Friday, 6 March.", "by Friday, 6 March", "2026-03-06"),
    ("We need the file by Friday, March 7.", "by Friday, March 7", None),
    ("We need it Friday at the latest, please.", "Friday at the latest", "2026-03-06"),
    ("Please pay by 31/03/2026.", "by 31/03/2026", "2026-03-31"),
    ("Please pay by 06/03/2026.", "by 06/03/2026", None),
    ("We need it by 3/14.", "by 3/14", "2026-03-14"),
    ("We need it by 3/4.", "by 3/4", None),
    ("Please send it by next Friday.", "by next Friday", None),
    ("Please send it by Friday next week.", "by Friday next week", "2026-03-13"),
    ("Please send it by Tuesday.", "by Tuesday", None),
    ("Please send it by Thursday or Friday.", "by Thursday or Friday", None),
    ("Please resolve this within 48 hours.", "within 48 hours", "2026-03-05"),
    ("Please resolve this within two weeks.", "within two weeks", "2026-03-17"),
    ("Please resolve this within 5 working days.", "within 5 working days", None),
    ("You have until Thursday.", "until Thursday", "2026-03-05"),
    ("We have been waiting for two weeks, please fix it by Friday.", "by Friday", "2026-03-06"),
    ("Please send it by the 15th.", "by the 15th", "2026-03-15"),
    ("We need it by mid-April.", "by mid-April", None),
    ("Please have it ready before Monday's call.", "before Monday", "2026-03-09"),
    ("Bitte bis Freitag erledigen.", "bis Freitag", "2026-03-06"),
    ("Bitte bis spätestens Freitag, den 6. März 2026, erledigen.",
     "bis spätestens Freitag, den 6. März 2026", "2026-03-06"),
    ("Bitte bis 06.03.2026 erledigen.", "bis 06.03.2026", "2026-03-06"),
    ("Das muss bis Ende des Monats fertig sein.", "bis Ende des Monats", "2026-03-31"),
    ("Guten Morgen, bitte bis morgen erledigen.", "bis morgen", "2026-03-04"),
    ("Merci de répondre avant vendredi.", "avant vendredi", "2026-03-06"),
    ("Merci de répondre d'ici le 6 mars.", "d'ici le 6 mars", "2026-03-06"),
    ("Merci de l'envoyer d'ici la fin du mois.", "d'ici la fin du mois", "2026-03-31"),
    ("Lo necesitamos antes del viernes.", "antes del viernes", "2026-03-06"),
    ("Lo necesitamos antes del 6 de marzo de 2026.", "antes del 6 de marzo de 2026", "2026-03-06"),
    ("Lo necesitamos para mañana a las 15:00.", "para mañana a las 15:00", "2026-03-04"),
]  # fmt: skip

DAYS: list[tuple[str, str, str | None]] = [
    ("We go live on 14 March.", "on 14 March", "2026-03-14"),
    ("Can we meet on Friday at 3pm?", "on Friday at 3pm", "2026-03-06"),
    ("Could you call me today?", "today", "2026-03-03"),
    ("We could do 6 or 7 March.", "6 or 7 March", None),
    ("Können wir morgen um 15 Uhr sprechen?", "morgen um 15 Uhr", "2026-03-04"),
]

NO_DAY = [
    "You promised it by Friday.",
    "The board meets on 12 January.",
    "You told us it would be ready by Friday.",
    "It was supposed to arrive by Monday.",
    "Nobody can log in since Monday.",
    "We met on Friday and spoke about it.",
    "Our invoice of 2 March is still open.",
    "The site went down on 2026-03-02.",
    "2026-03-03 10:22:31 ERROR connection refused",
    "See report-2026-03-06.pdf for all of it.",
    "Please update to version 12.03.2026.",
    "We offer 24/7 support.",
    "I am out of office until Friday.",
    "The Black Friday sale must not fail again.",
    "We may 5 of us come along.",
    "The task by the 3rd party vendor is not done.",
    "We march on by ourselves.",
    "We answer every Friday.",
    "Good morning, thanks for the update.",
    "It happened last Friday.",
    "The first of May falls on a Saturday.",
    "I rang him today and he will think about it.",
    "The sun sat on the table by the window.",
    "Our plan runs by the book.",
    "The sprint from Monday to Friday was fine.",
]

AMOUNTS = [
    ("We paid $4,500 for it.", ["$4,500"]),
    ("The offer says $4,500.00 plus tax.", ["$4,500.00"]),
    ("Our budget is $4.5k for the year.", ["$4.5k"]),
    ("Our budget is about £12k.", ["£12k"]),
    ("We set aside $1.2M.", ["$1.2M"]),
    ("It costs EUR 1.200,00 a month.", ["EUR 1.200,00"]),
    ("Das kostet 1.200,00 € im Monat.", ["1.200,00 €"]),
    ("Cela coûte 1 200 € par mois.", ["1 200 €"]),
    ("It costs €1,200 or USD 1,300.", ["€1,200", "USD 1,300"]),
    ("That is 4500 dollars too much.", ["4500 dollars"]),
    ("Wir haben 500 Euro bezahlt.", ["500 Euro"]),
    ("The rate is CHF 150.- an hour.", ["CHF 150.-"]),
    ("It is 2 million dollars.", ["2 million dollars"]),
    ("We want the $500 back, all of the $500.", ["$500"]),
    ("Ticket 4500 is still open.", []),
    ("Call us at 555 0199 2341.", []),
    ("Run deploy.sh $1 $2 again.", []),
    ("The variable ${HOME} is empty and $PATH too.", []),
    ("Sales rose by 15%.", []),
    ("Order EUR-1200 did not arrive.", []),
    ("It weighs five pounds.", []),
    ("The US office is open.", []),
]

PROMISES = [
    ("We will send it on Monday.", "We will send it on Monday."),
    ("Sorry for that, I'll call you tomorrow.", "I'll call you tomorrow."),
    ("I\u2019ll look into it today.", "I\u2019ll look into it today."),
    ("We are going to fix this in the next release.",
     "We are going to fix this in the next release."),
    ("You will have the report by Friday.", "You will have the report by Friday."),
    ("It will be ready on Thursday.", "It will be ready on Thursday."),
    ("The export will be fixed this week.", "The export will be fixed this week."),
    ("We will definitely get back to you.", "We will definitely get back to you."),
    ("If you send the file, we will fix it.", ""),
    ("If this is not solved we will look for somebody else.", ""),
    ("We will not work on it before May.", ""),
    ("We will have to see.", ""),
    ("Will you send it on Monday?", ""),
    ("I will be out of the office until Monday.", ""),
    ("We will see.", ""),
    ("I hope we will fix it.", ""),
    ("When will you send it?", ""),
    ("We will take our business elsewhere.", ""),
    ("You should send it on Monday.", ""),
    ("We never said we will pay for it.", ""),
]  # fmt: skip

REPORTED = [
    ("You promised it by Friday.", "You promised it by Friday."),
    ("Ben told us it would be ready by Friday.", "Ben told us it would be ready by Friday."),
    ("We were promised a fix.", "We were promised a fix."),
    ("You said that you would call.", "You said that you would call."),
    ("Who promised it?", ""),
    ("We promised our users a new portal.", ""),
    ("You said hello to Nora.", ""),
    ("It is a promising idea.", ""),
    ("He said he would like a new contract.", ""),
]

TRIES = [
    ("I restarted it twice.", "I restarted it twice."),
    ("We have already tried another browser.", "We have already tried another browser."),
    ("I cleared the cache and it did not help.", "I cleared the cache and it did not help."),
    ("We wrote to you twice about it.", "We wrote to you twice about it."),
    ("I called support three times.", "I called support three times."),
    ("Have you tried another browser?", ""),
    ("Could you restart it?", ""),
    ("If I restarted it, would that help?", ""),
    ("I have not tried it yet.", ""),
    ("We wrote a new proposal.", ""),
    ("I asked my boss.", ""),
    ("I sent the renewal notice last month.", ""),
]

ATTACHED = [
    "The contract is attached.",
    "Please find attached the signed contract.",
    "Please see the attached log.",
    "I have attached the log.",
    "I've attached two screenshots.",
    "See enclosed.",
    "Attached is the list of users.",
    "See attached.",
    "The details are in the attachment.",
    "Anbei die Rechnung.",
    "Die Liste ist angehängt.",
    "Im Anhang finden Sie den Vertrag.",
    "Veuillez trouver ci-joint le contrat.",
    "Adjunto el contrato firmado.",
]

NOT_ATTACHED = [
    "I have not attached the contract.",
    "Nothing is attached.",
    "I forgot to attach the log.",
    "Could you please attach the contract?",
    "I will send the contract tomorrow.",
    "I attached the log to the ticket.",
    "The logs are attached to the Jira issue.",
    "The volume is attached to the server.",
    "I attached it to my last mail.",
    "I have attached the file yesterday.",
    "There are no strings attached.",
    "See the attached link.",
    "The terrace is enclosed by a wall.",
    "If it is attached, open it.",
    "We are quite attached to the old design.",
    "The case is closed.",
    "Did you see the attached file?",
]

ASKED = [
    ("Could you tell me who can reset them?", "Could you tell me who can reset them?"),
    ("Sorry to bother you, but can you send the invoice by Friday?",
     "can you send the invoice by Friday?"),
    ("Please fix the export.", "Please fix the export."),
    ("Please also send us an estimate.", "Please also send us an estimate."),
    ("We need you to finish the import.", "We need you to finish the import."),
    ("Would it be possible to talk on Thursday?", "Would it be possible to talk on Thursday?"),
    ("When can we expect an answer?", "When can we expect an answer?"),
    ("We would be grateful if you called.", "We would be grateful if you called."),
    ("Please let me know if you have any questions.", ""),
    ("Please find attached the contract.", ""),
    ("Please do not hesitate to call.", ""),
    ("How are you?", ""),
    ("Can you believe it?", ""),
    ("Please accept my apologies.", ""),
    ("Please consider the environment before printing.", ""),
    ("The portal is down.", ""),
]  # fmt: skip

WANTED = [
    ("We want a refund of the March invoice.", "We want a refund of the March invoice."),
    ("I'd like our money back.", "I'd like our money back."),
    ("All we want is a working export.", "All we want is a working export."),
    ("We expect the export to work by Friday.", "We expect the export to work by Friday."),
    ("We are looking for a partner who answers.", "We are looking for a partner who answers."),
    ("I want to thank you for your patience.", ""),
    ("I hope you are well.", ""),
    ("We like the new design.", ""),
    ("I would like to point out the delay.", ""),
    ("If you want the file, tell me.", ""),
    ("I don't want to argue.", ""),
    ("I wanted to ask.", ""),
    ("This is the report that we need for the audit.", ""),
    ("Do we want to fight over this?", ""),
]


def found_dates(text: str, written: Written = TUESDAY) -> list[tuple[str, str | None, bool]]:
    facts = find_dates(sentences_of(text), written)
    return [
        (fact.text, fact.day.isoformat() if fact.day else None, fact.deadline) for fact in facts
    ]


@pytest.mark.parametrize(("text", "words", "day"), DEADLINES)
def test_a_deadline_is_found_and_dated_only_where_it_can_be_but_one_day(
    text: str, words: str, day: str | None
) -> None:
    assert found_dates(text) == [(words, day, True)]


@pytest.mark.parametrize(("text", "words", "day"), DAYS)
def test_a_day_to_come_is_found_and_is_no_deadline(text: str, words: str, day: str | None) -> None:
    assert found_dates(text) == [(words, day, False)]


@pytest.mark.parametrize("text", NO_DAY)
def test_what_names_no_day_to_come_gives_none(text: str) -> None:
    assert found_dates(text) == []


def test_a_relative_day_is_counted_from_where_the_writer_is() -> None:
    in_sydney = written_at(datetime(2026, 3, 2, 22, 0, tzinfo=UTC), 11 * 3600)
    assert found_dates("We need it by tomorrow.", in_sydney) == [
        ("by tomorrow", "2026-03-04", True)
    ]
    in_boston = written_at(datetime(2026, 3, 3, 1, 0, tzinfo=UTC), -5 * 3600)
    assert found_dates("We need it by tomorrow.", in_boston) == [
        ("by tomorrow", "2026-03-03", True)
    ]


@pytest.mark.parametrize(
    ("hour", "offset_s"),
    [(1, 0), (7, 0), (21, 0), (23, 3600)],
    ids=["UTC at night", "UTC early", "UTC late", "past midnight"],
)
def test_near_midnight_a_relative_day_stays_as_written(hour: int, offset_s: int) -> None:
    written = written_at(datetime(2026, 3, 3, hour, 30, tzinfo=UTC), offset_s)
    assert found_dates("We need it by tomorrow.", written) == [("by tomorrow", None, True)]
    # The days on which the two agree are told all the same.
    friday = found_dates("We need it by Saturday.", written)
    assert friday == [("by Saturday", "2026-03-07", True)]


def test_without_a_date_only_what_names_a_whole_date_is_dated() -> None:
    assert found_dates("By Friday.", Written()) == [("By Friday", None, True)]
    assert found_dates("By 6 March.", Written()) == [("By 6 March", None, True)]
    assert found_dates("By 6 March 2026.", Written()) == [("By 6 March 2026", "2026-03-06", True)]


@pytest.mark.parametrize(("text", "amounts"), AMOUNTS)
def test_sums_of_money_are_found_as_they_are_written(text: str, amounts: list[str]) -> None:
    assert [fact.text for fact in find_amounts(sentences_of(text))] == amounts


def told(text: str) -> Told:
    return Told(
        text=text, by="Ben West", said="27 February", where="mail of 27 February", ours=True
    )


@pytest.mark.parametrize(("text", "words"), PROMISES)
def test_a_promise_is_what_somebody_says_they_will_do(text: str, words: str) -> None:
    found = find_promises([told(text)])
    assert [fact.text for fact in found] == ([words] if words else [])
    assert all((fact.by, fact.said) == ("Ben West", "27 February") for fact in found)


@pytest.mark.parametrize(("text", "words"), REPORTED)
def test_a_promise_that_the_writer_recalls_is_theirs_to_tell(text: str, words: str) -> None:
    found = find_reported_promises(sentences_of(text))
    assert [fact.text for fact in found] == ([words] if words else [])


@pytest.mark.parametrize(("text", "words"), TRIES)
def test_what_was_tried_is_found(text: str, words: str) -> None:
    found = find_tries(sentences_of(text))
    assert [fact.text for fact in found] == ([words] if words else [])


@pytest.mark.parametrize("text", ATTACHED)
def test_a_file_that_is_spoken_of_and_is_not_there_is_missing(text: str) -> None:
    assert [fact.text for fact in find_missing(sentences_of(text), ())] == [text]
    assert find_missing(sentences_of(text), [a_file("contract.pdf")]) == []


@pytest.mark.parametrize("text", NOT_ATTACHED)
def test_what_is_attached_elsewhere_or_not_at_all_is_not_missing(text: str) -> None:
    assert find_missing(sentences_of(text), ()) == []


def a_file(name: str, kind: str = "application/pdf") -> Attachment:
    return Attachment(name=name, type=kind, size=9, sha256="0" * 64)


def test_the_logo_of_a_signature_is_no_attached_file_but_may_be_the_screenshot() -> None:
    logo = [a_file("image001.png", "image/png")]
    assert find_missing(sentences_of("The contract is attached."), logo)
    assert not find_missing(sentences_of("A screenshot is attached."), logo)


@pytest.mark.parametrize(("text", "words"), ASKED)
def test_a_request_is_given_from_its_first_word_on(text: str, words: str) -> None:
    found = find_requests(sentences_of(text))
    assert [fact.text for fact in found] == ([words] if words else [])


@pytest.mark.parametrize(("text", "words"), WANTED)
def test_the_outcome_that_the_writer_wants_is_in_their_words(text: str, words: str) -> None:
    found = find_wishes(sentences_of(text))
    assert [fact.text for fact in found] == ([words] if words else [])


# ---- Where a fact stands -------------------------------------------------------------------------

MAIL = """Hi Ben,

The export leaves out Canada. I restarted it
twice, e.g. on Monday.

Could you fix it by Friday? We paid $4,500 for it.
- The log is attached.
- Please call Dr. Reyes.

Dana"""


def test_each_fact_says_in_which_paragraph_it_stands_without_the_greeting() -> None:
    facts = gather(subject="Export due 6 March", text=MAIL, written=TUESDAY)
    assert [(f.text, f.where) for f in facts.due] == [
        ("due 6 March", "subject"),
    ]
    assert [(f.text, f.where) for f in facts.asked] == [
        ("Could you fix it by Friday?", "paragraph 2"),
        ("Please call Dr. Reyes.", "paragraph 2"),
    ]
    assert [(f.text, f.where) for f in facts.tried] == [
        ("I restarted it twice, e.g. on Monday.", "paragraph 1")
    ]
    assert [(f.text, f.where) for f in facts.amounts] == [("$4,500", "paragraph 2")]
    assert [(f.text, f.where) for f in facts.missing] == [("- The log is attached.", "paragraph 2")]


def test_a_mail_of_one_paragraph_is_counted_in_sentences() -> None:
    facts = gather(subject="", text="Nobody can log in. Please help us.", written=TUESDAY)
    assert [(f.text, f.where) for f in facts.asked] == [("Please help us.", "sentence 2")]


# ---- Properties ----------------------------------------------------------------------------------

SENTENCES = (
    [row[0] for row in (*DEADLINES, *DAYS)]
    + [row[0] for row in AMOUNTS]
    + [row[0] for row in (*PROMISES, *REPORTED, *TRIES, *ASKED, *WANTED)]
    + [*NO_DAY, *ATTACHED, *NOT_ATTACHED]
)
TEXTS = st.lists(st.sampled_from(SENTENCES) | st.text(max_size=40), max_size=12).flatmap(
    lambda parts: st.sampled_from(["\n\n", " ", "\n", "\n- "]).map(lambda gap: gap.join(parts))
)
MOMENTS = st.integers(946_684_800, 3_786_912_000).map(lambda s: datetime.fromtimestamp(s, UTC))


def everything(text: str, written: Written) -> Facts:
    return gather(subject="", text=text, written=written, earlier=[told(text)])


@given(TEXTS, MOMENTS, st.integers(-12, 14))
def test_every_fact_is_a_stretch_of_the_mail_word_for_word(
    text: str, when: datetime, hours: int
) -> None:
    whole = clean_line(text)
    for fact in everything(text, written_at(when, hours * 3600)).everything:
        assert fact.text
        assert fact.text in whole


@given(st.sampled_from(DEADLINES), MOMENTS, st.integers(-12, 14))
def test_a_deadline_of_a_relative_day_never_lies_before_the_mail(
    row: tuple[str, str, str | None], when: datetime, hours: int
) -> None:
    if any(char.isdigit() for char in row[1]):
        return
    written = written_at(when, hours * 3600)
    for fact in find_dates(sentences_of(row[0]), written):
        assert fact.day is None or (written.day is not None and fact.day >= written.day)


@given(st.text(max_size=300), st.none() | MOMENTS)
def test_any_text_can_be_looked_through(text: str, when: datetime | None) -> None:
    everything(text, written_at(when, 0))


@pytest.mark.parametrize(
    "piece",
    ["1 ", "1. ", "by ", "the a ", "$1,000", "Monday or ", "we will ", "attached ", "a", "5 March-",
     "1/1/", "please ", "who is ", "(", "end of ", "\n- "],
)  # fmt: skip
def test_a_hostile_mail_is_read_in_linear_time(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    start = time.perf_counter()
    everything(text, TUESDAY)
    assert time.perf_counter() - start < 2


def test_a_day_is_a_date() -> None:
    [fact] = find_dates(sentences_of("Please send it by Friday."), TUESDAY)
    assert fact.day == date(2026, 3, 6)
