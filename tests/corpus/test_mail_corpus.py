"""Real and test-suite mail that broke other parsers: every message gives an Email.

Needs the folder of hard messages beside the checkout, where `scoring.CORPUS` says.
"""

from __future__ import annotations

import pytest

from tests.corpus import scoring
from triage.messages import Email, MailKind
from triage.parsing import parse

MESSAGES = 2_593
NO_MAIL = "SpamScope__mail-parser/tests_mails_mail_outlook_1.eml"  # a binary file of Outlook's
LEAST = {"subjects": 0.975, "names": 0.98, "addresses": 0.985, "texts": 0.87}

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not scoring.CORPUS.is_dir(), reason=f"{scoring.CORPUS} is not there"),
]


@pytest.fixture(scope="module")
def raws() -> dict[str, bytes]:
    folder = scoring.CORPUS / "messages"
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def emails(raws: dict[str, bytes]) -> dict[str, Email]:
    return {name: parse(raw) for name, raw in raws.items()}


@pytest.fixture(scope="module")
def shares() -> dict[str, tuple[int, int]]:
    return scoring.shares(scoring.score(scoring.CORPUS))


def test_every_message_is_read_without_an_exception(emails: dict[str, Email]) -> None:
    assert len(emails) == MESSAGES
    unreadable = [name for name, mail in emails.items() if mail.kind is MailKind.UNREADABLE]
    assert unreadable == [NO_MAIL]


def test_no_message_leaves_control_characters_in_what_people_see(emails: dict[str, Email]) -> None:
    for name, email in emails.items():
        line = f"{email.subject}{email.sender.display}{[a.name for a in email.attachments]}"
        assert line.isascii() or not set(line) & set("\u202a\u202b\u202d\u202e\u2066\u2067"), name
        assert not any(ord(ch) < 32 for ch in line), name
        assert "\x00" not in email.text, name
        email.text.encode("utf-8")


def test_reports_of_failed_delivery_are_told_from_people(emails: dict[str, Email]) -> None:
    reports = [m for name, m in emails.items() if name.startswith("sisimai__set-of-emails/")]
    bounces = [m for m in reports if m.kind is MailKind.BOUNCE]
    assert len(bounces) >= 0.95 * len(reports)
    others = [m for name, m in emails.items() if not name.startswith("sisimai__")]
    assert sum(m.kind is MailKind.BOUNCE for m in others) <= 0.005 * len(others)


@pytest.mark.parametrize(("group", "least"), LEAST.items())
def test_agreement_with_the_suites_of_other_parsers(
    shares: dict[str, tuple[int, int]], group: str, least: float
) -> None:
    hits, cases = shares[group]
    assert hits / cases >= least, f"{hits} of {cases}; `python tests/corpus/scoring.py --misses`"


def test_header_cases_of_other_suites() -> None:
    hits, cases = scoring.shares(scoring.score_headers(scoring.CORPUS))["header cases"]
    assert hits / cases >= 0.95
