"""The sample mailbox: whole, safe to publish, and varied enough to show what the program does."""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections import Counter
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from classifiers.api import ROLES
from triage.messages import LOOP_HEADER, Email, MailKind
from triage.parsing import parse

if TYPE_CHECKING:
    from email.message import EmailMessage

DEMO = Path(__file__).parents[2] / "data" / "demo"
MAILS = sorted((DEMO / "mailbox").glob("*.eml"))
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (DEMO / "expected.jsonl").read_text("utf-8").splitlines()
]
TAGS = {"upsell", "dissatisfaction", "scope_mismatch", "blocker"}
UNREADABLE = "31-broken-scan.eml"

# RFC 2606 sets these aside; nobody can ever receive mail there.
RESERVED_DOMAIN = re.compile(r"(?:^|\.)(?:example|example\.(?:com|net|org))$")
# RFC 5737 address blocks for documentation.
DOCUMENTATION_NETS = ("192.0.2.", "198.51.100.", "203.0.113.")
# Ofcom's and the NANP's numbers for fiction.
FICTION_PHONE = re.compile(
    r"01632960\d{3}|07700900\d{3}|02079460\d{3}|01[1-6]1?\d?4960\d{3}|01914980\d{3}|\d{0,4}55501\d\d"
)


def read(name: str) -> bytes:
    return (DEMO / "mailbox" / name).read_bytes()


def message(name: str) -> EmailMessage:
    return message_from_bytes(read(name), policy=policy.default)


def parsed(name: str) -> Email:
    return parse(read(name))


def readable_text(raw: bytes) -> str:
    """Headers as they stand and every text part decoded, nested messages included."""
    unfolded = raw.replace(b"=\r\n", b"")  # soft line breaks of quoted-printable
    found = [unfolded.decode("latin-1")]
    for part in message_from_bytes(raw, policy=policy.compat32).walk():
        payload = part.get_payload(decode=True)
        if part.get_content_maintype() == "text" and isinstance(payload, bytes):
            found.append(payload.decode("utf-8", "replace"))
    return "\n".join(found)


def expected(file: str) -> dict[str, Any]:
    return next(row for row in ROWS if row["file"] == file)


def test_each_mail_has_one_expected_row_and_each_row_a_mail() -> None:
    assert [row["file"] for row in ROWS] == [path.name for path in MAILS]
    assert 42 <= len(MAILS) <= 45


def test_rows_use_known_kinds_tags_and_roles_and_say_why() -> None:
    for row in ROWS:
        assert set(row["tags"]) <= TAGS, row
        assert row["kind"] in set(MailKind), row
        assert row["from_role"] in ROLES, row
        assert row["why"], row
        assert not row["tags"] or row["kind"] == "ordinary", row


def test_the_mix_has_every_tag_near_misses_and_mails_with_two_tags() -> None:
    counts = Counter(tag for row in ROWS for tag in row["tags"])
    assert min(counts[tag] for tag in TAGS) >= 4
    assert sum(len(row["tags"]) == 2 for row in ROWS) >= 3
    assert sum(row["kind"] == "ordinary" and not row["tags"] for row in ROWS) >= 20
    assert sum(row["from_role"] == "staff" and bool(row["tags"]) for row in ROWS) >= 4


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_lines_end_with_crlf_and_fit_the_limit_of_rfc_5322(path: Path) -> None:
    raw = path.read_bytes()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_no_mail_names_an_address_host_or_number_that_could_be_real(path: Path) -> None:
    text = readable_text(path.read_bytes())
    for domain in re.findall(r"[\w.+-]@([\w.-]+\.[a-z]{2,})", text):
        assert RESERVED_DOMAIN.search(domain), domain
    for host in re.findall(r"https?://([\w.-]+)", text):
        assert RESERVED_DOMAIN.search(host), host
    for address in re.findall(r"\[(\d+\.\d+\.\d+\.\d+)\]", text):
        assert address.startswith(DOCUMENTATION_NETS), address
    for number in re.findall(r"(?<![\w/.+-])0\d{2,4} \d{3,4} ?\d{3,4}\b", text):
        assert FICTION_PHONE.fullmatch(number.replace(" ", "")), number


def test_file_names_sort_as_the_mails_arrived() -> None:
    arrived = [parsedate_to_datetime(str(message(p.name)["Date"])) for p in MAILS]
    assert arrived == sorted(arrived)
    assert (arrived[-1] - arrived[0]).days < 7


def test_message_ids_are_unique_so_that_threads_are_what_they_seem() -> None:
    ids = [str(message(path.name)["Message-ID"]) for path in MAILS]
    assert len(set(ids)) == len(MAILS)


@pytest.mark.parametrize(
    "thread",
    [
        [
            "03-castellan-drivers-cannot-log-in.eml",
            "05-castellan-screenshot.eml",
            "17-castellan-all-running.eml",
        ],
        [
            "15-harlow-branch-training.eml",
            "34-harlow-will-wait.eml",
            "39-harlow-not-what-was-sold.eml",
        ],
    ],
)
def test_both_threads_hang_together_by_their_ids(thread: list[str]) -> None:
    first, second, third = (parsed(name) for name in thread)
    assert first.message_id in second.thread_ids
    assert {first.message_id, second.message_id} <= set(third.thread_ids)


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_parsing_finds_the_kind_a_person_expects(path: Path) -> None:
    assert parsed(path.name).kind == expected(path.name)["kind"]


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_names_and_subjects_are_decoded(path: Path) -> None:
    email = parsed(path.name)
    assert "=?" not in email.subject + email.sender.display


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_ordinary_mail_has_a_subject_a_sender_and_something_to_read(path: Path) -> None:
    email = parsed(path.name)
    assert email.subject
    assert email.sender.address
    assert bool(email.new_text) == (path.name != UNREADABLE)


@pytest.mark.parametrize(
    ("file", "address"),
    [
        ("07-fwd-oakhurst-two-more-schools.eml", "h.marsh@oakhurst-trust.example"),
        ("30-fw-summit-booking-form.eml", "claire@summitphysio.example"),
        ("38-fwd-delacourt-italy.eml", "f.beranger@maison-delacourt.example"),
    ],
)
def test_what_staff_forward_is_about_the_client_who_wrote_it(file: str, address: str) -> None:
    email = parsed(file)
    assert email.original_sender is not None
    assert email.original_sender.address == address
    assert email.forward_note
    assert email.forwarded_text


@pytest.mark.parametrize(
    ("file", "hidden"),
    [
        ("06-vendor-pitch-developers.eml", "Project blocked"),
        ("13-pell-sftp-works-now.eml", "cannot connect"),
        ("17-castellan-all-running.eml", "wont let anyone in"),
    ],
)
def test_hidden_and_quoted_words_are_in_the_mail_but_not_in_its_new_text(
    file: str, hidden: str
) -> None:
    assert hidden in readable_text(read(file))
    assert hidden not in parsed(file).new_text


def test_our_own_brief_carries_the_loop_header() -> None:
    assert message("37-our-own-brief.eml")[LOOP_HEADER]
    assert parsed("37-our-own-brief.eml").loop


def test_the_hostile_mail_reaches_readers_as_plain_words() -> None:
    email = parsed("24-hostile-payment-details.eml")
    shown = email.subject + email.sender.name
    assert "marshall@radial.example" in email.sender.name
    assert not re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", shown)
    assert "{{7*7}}" in email.new_text
    assert "fetch(" not in email.text


def attached(file: str, content_type: str) -> bytes:
    parts = [p for p in message(file).walk() if p.get_content_type() == content_type]
    payload = parts[0].get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


@pytest.mark.parametrize("file", ["09-quintrell-invoice-2041.eml", "20-hosting-invoice.eml"])
def test_pdf_attachments_are_whole(file: str) -> None:
    pdf = attached(file, "application/pdf")
    start = int(pdf.split(b"startxref\n")[1].split(b"\n")[0])
    offsets = re.findall(rb"(\d{10}) 00000 n", pdf[start:])
    assert pdf[start:].startswith(b"xref")
    for number, offset in enumerate(offsets, start=1):
        assert pdf[int(offset) :].startswith(b"%d 0 obj" % number)


def test_the_screenshot_is_a_whole_png() -> None:
    png = attached("05-castellan-screenshot.eml", "image/png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    position, seen = 8, []
    while position < len(png):
        length = int.from_bytes(png[position : position + 4], "big")
        chunk = png[position + 4 : position + 8 + length]
        seen.append(chunk[:4])
        assert zlib.crc32(chunk) == int.from_bytes(
            png[position + 8 + length : position + 12 + length], "big"
        )
        position += 12 + length
    assert seen[0] == b"IHDR"
    assert seen[-1] == b"IEND"


def test_the_vehicle_list_is_a_table() -> None:
    text = attached("27-vantage-vehicle-list.eml", "text/csv").decode()
    assert {len(row) for row in csv.reader(io.StringIO(text))} == {4}


def test_the_invitation_is_a_calendar_request() -> None:
    ics = attached("12-larkfield-invitation.eml", "text/calendar")
    assert ics.startswith(b"BEGIN:VCALENDAR\r\n")
    assert b"METHOD:REQUEST\r\n" in ics
    assert ics.endswith(b"END:VCALENDAR\r\n")


def test_the_promised_photos_are_missing() -> None:
    email = parsed("23-medlar-team-photos.eml")
    assert "attached" in email.new_text
    assert email.attachments == ()
