"""Staff forwards: the original sender and text, and nothing mistaken for a forward."""

from __future__ import annotations

import pytest

from triage.messages import Address, Email
from triage.parsing import parse

NOTE = "Can somebody take this, please?"
WORDS = "We are not happy with the last release at all."
JANE = Address(address="jane@client.example", name="Jane Roe")
PERSON = "Jane Roe <jane@client.example>"

INLINE = {
    "Gmail": (
        f"---------- Forwarded message ---------\nFrom: {PERSON}\nDate: Mon, 3 Mar 2025 at 10:00\n"
        f"Subject: Release\nTo: <pm@firm.example>\n\n\n{WORDS}"
    ),
    "Gmail German": (
        f"---------- Forwarded message ---------\nVon: {PERSON}\nDate: Mo., 3. März 2025\n"
        f"Subject: Release\nTo: <pm@firm.example>\n\n\n{WORDS}"
    ),
    "Outlook": (
        f"________________________________\nFrom: {PERSON}\nSent: Monday, 3 March 2025 10:00\n"
        f"To: PM <pm@firm.example>\nSubject: Release\n\n{WORDS}"
    ),
    "Outlook mailto": (
        "From: Jane Roe [mailto:jane@client.example]\nSent: Monday\nTo: PM\nSubject: Release\n\n"
        f"{WORDS}"
    ),
    "Outlook German": f"Von: {PERSON}\nGesendet: Montag\nAn: PM\nBetreff: Release\n\n{WORDS}",
    "Outlook French": f"De : {PERSON}\nEnvoyé : lundi\nÀ : PM\nObjet : Release\n\n{WORDS}",
    "Outlook Spanish": f"De: {PERSON}\nEnviado: lunes\nPara: PM\nAsunto: Release\n\n{WORDS}",
    "Apple": (
        f"Begin forwarded message:\n\nFrom: {PERSON}\nSubject: Release\nDate: 3 March 2025\n"
        f"To: pm@firm.example\n\n{WORDS}"
    ),
    "Apple quoted": (
        f"> Begin forwarded message:\n>\n> From: {PERSON}\n> Subject: Release\n"
        f"> Date: 3 March 2025\n> To: pm@firm.example\n>\n> {WORDS}"
    ),
    "Apple German": (
        f"Anfang der weitergeleiteten Nachricht:\n\nVon: {PERSON}\nBetreff: Release\n"
        f"Datum: 3. März 2025\nAn: pm@firm.example\n\n{WORDS}"
    ),
    "Thunderbird": (
        "-------- Forwarded Message --------\nSubject: Release\nDate: Mon, 3 Mar 2025\n"
        f"From: {PERSON}\nTo: pm@firm.example\n\n{WORDS}"
    ),
    "Thunderbird German": (
        "-------- Weitergeleitete Nachricht --------\nBetreff: Release\nDatum: Montag\n"
        f"Von: {PERSON}\nAn: pm@firm.example\n\n{WORDS}"
    ),
}


def read(subject: str, body: str, extra: str = "") -> Email:
    head = f"From: PM <pm@firm.example>\nSubject: {subject}\n{extra}"
    return parse(f"{head}Content-Type: text/plain; charset=utf-8\n\n{body}\n".encode())


@pytest.mark.parametrize("body", INLINE.values(), ids=INLINE)
def test_inline_forwards_give_the_original_sender_and_text(body: str) -> None:
    email = read("FW: Release", f"{NOTE}\n\n{body}")
    assert email.original_sender == JANE
    assert email.original_subject == "Release"
    assert email.forward_note == NOTE
    assert email.forwarded_text == WORDS
    assert email.new_text == f"{NOTE}\n\n{WORDS}"
    assert email.sender.address == "pm@firm.example"


@pytest.mark.parametrize("body", INLINE.values(), ids=INLINE)
def test_a_forward_without_a_note(body: str) -> None:
    email = read("Fwd: Release", body)
    assert (email.original_sender, email.forward_note) == (JANE, "")
    assert email.new_text == WORDS


def test_the_history_below_the_forwarded_words_is_cut() -> None:
    history = "On 2 Mar 2025, PM <pm@firm.example> wrote:\n> Here is the release."
    email = read("WG: Release", f"{NOTE}\n\n{INLINE['Outlook German']}\n\n{history}")
    assert email.forwarded_text == WORDS


def test_a_forward_of_a_forward_leads_to_the_client() -> None:
    inner = f"Is this yours?\n\n{INLINE['Gmail']}"
    outer = (
        "---------- Forwarded message ---------\nFrom: Dev <dev@firm.example>\n"
        f"Date: Mon, 3 Mar 2025\nSubject: Fwd: Release\nTo: <pm@firm.example>\n\n{inner}"
    )
    email = read("Fwd: Fwd: Release", f"{NOTE}\n\n{outer}")
    assert email.original_sender == JANE
    assert email.forward_note == NOTE
    assert email.forwarded_text == f"Is this yours?\n\n{WORDS}"


@pytest.mark.parametrize("subject", ["Re: Release", "AW: Release", "Release"])
def test_a_reply_with_a_quoted_outlook_header_is_no_forward(subject: str) -> None:
    email = read(subject, f"Thank you, we will look at it today.\n\n{INLINE['Outlook']}")
    assert email.original_sender is None
    assert email.new_text == "Thank you, we will look at it today."


def test_a_reply_to_a_forward_is_no_forward() -> None:
    body = (
        "I will take it, thank you for telling me.\n\n"
        "On Mon, 3 Mar 2025 at 11:00, PM <pm@firm.example> wrote:\n"
        + "\n".join(f"> {line}" for line in INLINE["Gmail"].split("\n"))
    )
    email = read("Re: Fwd: Release", body)
    assert email.original_sender is None
    assert email.new_text == "I will take it, thank you for telling me."


def attached(subject: str, note: str) -> Email:
    inner = (
        f"From: {PERSON}\nSubject: Release\nDate: Mon, 3 Mar 2025 10:00:00 +0100\n"
        f"Message-ID: <r1@client.example>\n\n{WORDS}\n\n-- \nJane\n"
    )
    return read(
        subject,
        f"--b\nContent-Type: text/plain\n\n{note}\n--b\nContent-Type: message/rfc822\n\n{inner}\n"
        "--b--",
        "Content-Type: multipart/mixed; boundary=b\n",
    )


def test_a_mail_forwarded_as_attachment() -> None:
    email = attached("Fwd: Release", NOTE)
    assert (email.original_sender, email.original_subject) == (JANE, "Release")
    assert (email.forward_note, email.forwarded_text) == (NOTE, WORDS)
    assert [a.type for a in email.attachments] == ["message/rfc822"]
    assert email.original_id == "<r1@client.example>"
    assert email.original_written == "Mon, 3 Mar 2025 10:00:00 +0100"


def test_a_forward_says_when_the_mail_in_it_was_written() -> None:
    assert read("Fwd: Release", INLINE["Gmail"]).original_written == "Mon, 3 Mar 2025 at 10:00"
    assert read("Release", WORDS).original_written == ""


def test_an_attached_mail_in_an_empty_one_is_the_content() -> None:
    email = attached("see this", "")
    assert email.original_sender == JANE
    assert email.new_text == WORDS
    assert WORDS in email.text


def test_a_mail_attached_as_evidence_is_no_forward() -> None:
    email = attached("Our complaint", "Please see the attached mail: nobody answered it.")
    assert email.original_sender is None
    assert WORDS not in email.new_text
