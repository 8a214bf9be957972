"""What is new in a mail: no history, no signature, but never less than what was written."""

from __future__ import annotations

import pytest

from triage.parsing import quotes

NEW = "The export has failed again since this morning."
OLD = "We have deployed the new version last night."

HISTORIES = {
    "English": f"On Mon, 3 Mar 2025 at 10:00, Jane Roe <jane@x.example> wrote:\n> {OLD}",
    "wrapped": f"On Mon, 3 Mar 2025 at 10:00, Jane Roe\n<jane@x.example> wrote:\n\n> {OLD}",
    "wrapped thrice": f"On Mon, 3 Mar 2025 at 10:00,\nJane Roe <\njane@x.example> wrote:\n> {OLD}",
    "unquoted": f"On Mon, 3 Mar 2025 at 10:00, Jane Roe <jane@x.example> wrote:\n\n{OLD}",
    "German": f"Am 03.03.2025 um 10:00 schrieb Jane Roe <jane@x.example>:\n> {OLD}",
    "Gmail German": f"Jane <j@x.example> schrieb am Mo., 3. März 2025\num 10:00 Uhr:\n> {OLD}",
    "French": f"Le lun. 3 mars 2025 à 10:00, Jane Roe <jane@x.example> a écrit :\n> {OLD}",
    "Spanish": f"El lun, 3 mar 2025 a las 10:00, Jane Roe (<jane@x.example>) escribió:\n> {OLD}",
    "Italian": f"Il giorno lun 3 mar 2025 alle 10:00 Jane <j@x.example> ha scritto:\n> {OLD}",
    "Portuguese": f"Em seg., 3 de mar. de 2025 às 10:00, Jane <j@x.example> escreveu:\n> {OLD}",
    "Dutch": f"Op ma 3 mrt 2025 om 10:00 schreef Jane Roe <jane@x.example>:\n> {OLD}",
    "Swedish": f"Den mån 3 mars 2025 kl 10:00 skrev Jane Roe <jane@x.example>:\n> {OLD}",
    "Gmail dated": f"2025-03-03 10:00 GMT+01:00 Jane Roe <jane@x.example>:\n\n> {OLD}",
    "Outlook": (
        "From: Jane Roe <jane@x.example>\nSent: Monday, 3 March 2025 10:00\n"
        f"To: Help <help@y.example>\nSubject: Release\n\n{OLD}"
    ),
    "Outlook with rule": (
        "________________________________\nFrom: Jane Roe <jane@x.example>\n"
        f"Sent: Monday, 3 March 2025 10:00\nTo: Help\nSubject: Release\n\n{OLD}"
    ),
    "Outlook spaced": (
        f"From: Jane <j@x.example>\n\nSent: Monday\n\nTo: Help\n\nSubject: Release\n\n{OLD}"
    ),
    "Outlook bold": f"*From:* Jane\n*Sent:* Monday\n*To:* Help\n*Subject:* Release\n\n{OLD}",
    "Outlook German": f"Von: Jane\nGesendet: Montag\nAn: Help\nBetreff: Release\n\n{OLD}",
    "Outlook French": f"De : Jane\nEnvoyé : lundi\nÀ : Help\nObjet : Release\n\n{OLD}",
    "original message": f"-----Original Message-----\nFrom: Jane\n\n{OLD}",
    "original German": f"-----Ursprüngliche Nachricht-----\n{OLD}",
    "helpdesk": f"##- Please type your reply above this line -##\n\n{OLD}",
    "plain quote": f"> {OLD}\n> And one more line.",
}
SIGNATURES = {
    "delimiter": "-- \nJane Roe\nDirector",
    "bare delimiter": "--\nJane Roe",
    "iPhone": "Sent from my iPhone",
    "German phone": "Von meinem iPhone gesendet",
    "French phone": "Envoyé de mon iPhone",
    "Outlook app": "Get Outlook for Android<https://aka.ms/x>",
    "disclaimer": (
        "This e-mail and any attachments are confidential and intended solely for the addressee.\n"
        "If you are not the intended recipient, delete it."
    ),
    "German disclaimer": (
        "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Empfänger\n"
        "sind, informieren Sie den Absender."
    ),
    "notice": "CONFIDENTIALITY NOTICE: for the intended recipient only.",
    "list": "_______________________________________________\nTeam mailing list\nteam@x.example",
}


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_history_below_is_cut(history: str) -> None:
    assert quotes.new_text(f"{NEW}\n\n{history}\n") == NEW


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_signatures_and_disclaimers_are_cut(signature: str) -> None:
    assert quotes.new_text(f"{NEW}\n\n{signature}\n") == NEW


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
def test_signature_above_history(signature: str, history: str) -> None:
    assert quotes.new_text(f"{NEW}\n\n{signature}\n\n{history}\n") == NEW


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize(
    "last",
    [
        "On 12 May we cancel the contract.",
        "Slide 9 is wrong, and we cancel the contract.",
        "Online at 9, still down at 11.",
        "Leopold",
    ],
)
def test_a_last_sentence_that_looks_like_an_attribution_stays(last: str, history: str) -> None:
    assert quotes.new_text(f"{NEW}\n{last}\n\n{history}") == f"{NEW}\n{last}"


def test_answers_between_quotes_stay() -> None:
    text = (
        "On Mon, 3 Mar 2025, Jane <jane@x.example> wrote:\n> Is it live?\n"
        "No, it is not, and we are waiting.\n> Who fixes it?\nYou promised to do so."
    )
    text = text.replace("> Who", "\n\n\n> Who")
    expected = "No, it is not, and we are waiting.\n\nYou promised to do so."
    assert quotes.new_text(text) == expected


def test_an_answer_below_the_quote_stays() -> None:
    text = f"On Mon, 3 Mar 2025, Jane <jane@x.example> wrote:\n> {OLD}\n\n{NEW}\n\n-- \nJohn"
    assert quotes.new_text(text) == NEW


def test_an_unquoted_history_at_the_very_top_is_kept() -> None:
    text = f"On Mon, 3 Mar 2025 at 10:00, Jane <jane@x.example> wrote:\n\n{NEW}"
    assert quotes.new_text(text) == NEW


def test_a_banner_of_the_mail_server_is_no_text() -> None:
    banner = "CAUTION: This email originated from outside the organization. Do not click links."
    assert quotes.new_text(f"{banner}\n\n{NEW}") == NEW


@pytest.mark.parametrize(
    "text",
    [
        NEW,
        "On Monday we met.\nI wrote it down: the export fails.",
        "On 3 March I wrote:\nthe export fails every day.",
        "From: Berlin\nTo: Hamburg\nDate: 3 March\nPlease book the train for both of us.",
        "| a | b |\n| 1 | 2 |\nThis is the table you wanted to see.",
        "Please note:\n- the export fails\n- the import fails\n\nWhen is it fixed?",
        "Sent the phone back on Monday, and nobody has answered me since.",
        "It fails in this step:\n----------\nexport all\n----------\nCan you look?",
        "The message was forwarded to Ben, who has not answered.",
        "The outage again.\n\nThis message contains everything we know so far:\n1, 2, 3.",
        "Two things -- both urgent -- are open.\n--\nand this below is no signature:\n"
        + "a long list\n" * 30,
    ],
)
def test_real_text_is_never_cut(text: str) -> None:
    assert quotes.new_text(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"Yes.\n\nOn 3 Mar 2025, Jane <jane@x.example> wrote:\n> {OLD}", "under 20 characters"),
        (f"> {OLD}", "nothing at all"),
        ("Not at all, and you know why.\n\n> " + "word " * 2_000, "under 2 %"),
    ],
)
def test_when_hardly_anything_would_remain_all_is_kept(text: str, why: str) -> None:
    assert quotes.new_text(text) == text.strip(), why


def test_a_real_answer_above_a_very_long_thread_stands_alone() -> None:
    answer = (NEW + " ") * 5
    assert quotes.new_text(f"{answer}\n\n> " + "word " * 10_000) == answer.strip()
