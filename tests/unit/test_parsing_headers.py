"""Subjects, people, ids and dates, as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from triage.messages import Address
from triage.parsing import addresses, headers, normalise_subject, parse, words


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Invoice 4711", "Invoice 4711"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?B?8J+S?= =?UTF-8?Q?=a9?=", "💩"),  # one character split between two words
        ("=?iso-8859-1?q?a?=  =?iso-8859-1?q?b?=", "ab"),
        ("A =?utf-8?q?B?= C", "A B C"),
        ("=?utf-8?q?a\r\n b?=", "a b"),
        ("[SPAM]=?utf-8?q?Hi?=", "[SPAM] Hi"),
        ("=?utf-8?B?R3J1w58?=", "Gruß"),  # padding missing
        ("=?nonsense?q?a?=", "=?nonsense?q?a?="),
        ("=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
        ("=?idna?q?a?=", "=?idna?q?a?="),
        ("one\r\n two\r\n\tthree", "one two three"),
        ("bidi \u202eevil", "bidi evil"),
        ("nul \x00 and \x07 bell", "nul and bell"),
        ("zero\u200bwidth", "zerowidth"),
        ("=?utf-8?q?injected=0D=0ABcc:_x=40y?=", "injected Bcc: x@y"),
        ("Stra\udcdfe", "Straße"),  # a raw Latin-1 byte
        ("Stra\udcc3\udc9fe", "Straße"),  # raw UTF-8 bytes
    ],
)
def test_a_header_reads_as_one_clean_line(raw: str, expected: str) -> None:
    assert words.decode(raw) == expected


def test_the_first_of_repeated_subjects_counts() -> None:
    assert parse(b"Subject: one\nSubject: two\n\nhi").subject == "one"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Jane Roe <jane@x.example>", [("Jane Roe", "jane@x.example")]),
        ('"Roe, Jane" <jane@x.example>', [("Roe, Jane", "jane@x.example")]),
        (r'"Jane \"JR\" Roe" <j@x.example>', [('Jane "JR" Roe', "j@x.example")]),
        ("jane@x.example (Jane Roe)", [("Jane Roe", "jane@x.example")]),
        ("=?utf-8?q?J=C3=BCrgen?= <j@x.example>", [("Jürgen", "j@x.example")]),
        ('"=?utf-8?q?J=C3=BCrgen?=" <j@x.example>', [("Jürgen", "j@x.example")]),
        ("a@x.example, b@x.example", [("", "a@x.example"), ("", "b@x.example")]),
        ("Team: a@x.example, b@x.example;", [("", "a@x.example"), ("", "b@x.example")]),
        ("undisclosed-recipients:;", []),
        ("ceo@firm.example <thief@x.example>", [("ceo@firm.example", "thief@x.example")]),
        ("Jane\r\n Roe <jane@x.example>", [("Jane Roe", "jane@x.example")]),
        ("Mailer", [("Mailer", "")]),
        ("", []),
    ],
)
def test_mailboxes_of_a_header(raw: str, expected: list[tuple[str, str]]) -> None:
    assert [(a.name, a.address) for a in addresses.parse(raw)] == expected


def test_names_come_from_the_own_scanner_and_addresses_from_the_trusted_parser() -> None:
    merged = addresses.merge(
        (("wrong\r\n name", "Jane@x.example"),), ("Jane Roe <jane@x.example>",)
    )
    assert merged == (Address(address="Jane@x.example", name="Jane Roe"),)


def test_recipients_of_repeated_headers_are_all_there() -> None:
    email = parse(b"To: a@x.example\nTo: b@x.example\nCc: c@x.example\n\nhi")
    assert [a.address for a in email.to] == ["a@x.example", "b@x.example"]
    assert [a.address for a in email.cc] == ["c@x.example"]


def test_a_sender_without_address_keeps_the_name() -> None:
    assert parse(b"From: Jane Roe\n\nhi").sender == Address(address="", name="Jane Roe")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<a@x.example> <b@x.example>", ("<a@x.example>", "<b@x.example>")),
        ("<a@x.example><a@x.example>", ("<a@x.example>",)),
        ("Your message of Monday <a@x.example>", ("<a@x.example>",)),
        ("<no-at-sign>", ()),
        ("<two words@x.example>", ()),
        ("<a@b@x.example>", ()),
        ("<ä@x.example>", ()),
        ("<@x.example> <a@>", ()),
        ("<a@x.example\r\nBcc: y@z>", ()),
        (f"<{'a' * 600}@x.example>", ()),
    ],
)
def test_only_valid_message_ids_are_kept(raw: str, expected: tuple[str, ...]) -> None:
    assert headers.message_ids(raw) == expected


def test_a_long_thread_keeps_its_first_id_and_the_last_ones() -> None:
    ids = headers.message_ids(" ".join(f"<{n}@x.example>" for n in range(500)))
    assert (len(ids), ids[0], ids[-1]) == (100, "<0@x.example>", "<499@x.example>")


def test_thread_ids_go_from_oldest_to_own() -> None:
    email = parse(
        b"Message-ID: <c@x.example>\nIn-Reply-To: <b@x.example>\n"
        b"References: <a@x.example>\r\n <b@x.example>\n\nhi"
    )
    assert email.thread_ids == ("<a@x.example>", "<b@x.example>", "<c@x.example>")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"Mon, 3 Mar 2025 10:00:00 +0100", datetime(2025, 3, 3, 9, tzinfo=UTC)),
        (b"3 Mar 2025 10:00 GMT", datetime(2025, 3, 3, 10, tzinfo=UTC)),
        (b"yesterday", None),
        (b"Mon, 99 Mar 2025 10:00:00 +0100", None),
        (b"", None),
    ],
)
def test_dates_are_utc_or_none(raw: bytes, expected: datetime | None) -> None:
    assert parse(b"Date: " + raw + b"\n\nhi").date == expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Re: Invoice", "invoice"),
        ("RE: Fwd: re[2]: Invoice", "invoice"),
        ("AW: WG: Antw: SV: Straße", "strasse"),
        ("[Support] Re: [Support] Invoice", "invoice"),
        ("Re: [#4711] Invoice", "[#4711] invoice"),  # a ticket number tells threads apart
        ("  Invoice \t 47 ", "invoice 47"),
        ("Invoice (fwd)", "invoice"),
        ("Re\uff1a Invoice", "invoice"),
        ("Report: all good", "report: all good"),
        ("Re:", ""),
        ("", ""),
    ],
)
def test_a_subject_as_thread_key(subject: str, expected: str) -> None:
    assert normalise_subject(subject) == expected


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfSubject: x\nFrom: a@x.example\n\nhi",
        b"\r\n\r\nSubject: x\nFrom: a@x.example\n\nhi",
        b"From someone Mon Mar  3 2025\nSubject: x\nFrom: a@x.example\n\nhi",
        b"Dama ged: line\nSubject: x\nFrom: a@x.example\n\nhi",
    ],
)
def test_rubbish_before_the_headers_hides_nothing(raw: bytes) -> None:
    email = parse(raw)
    assert (email.subject, email.sender.address, email.text.strip()) == ("x", "a@x.example", "hi")


@pytest.mark.parametrize(
    ("date", "offset_s"),
    [
        ("Tue, 3 Mar 2026 10:20:00 +0100", 3600),
        ("Tue, 3 Mar 2026 10:20:00 -0530", -19800),
        ("Tue, 3 Mar 2026 10:20:00 +0000", 0),
        ("Tue, 3 Mar 2026 10:20:00 GMT", 0),
        ("Tue, 3 Mar 2026 10:20:00 -0000", None),
        ("Tue, 3 Mar 2026 10:20:00", None),
        ("Tue, 3 Mar 2026 10:20:00 +9900", None),
        ("rubbish", None),
        ("", None),
    ],
)
def test_the_writers_clock_is_known_where_the_date_says_so(date: str, offset_s: int | None) -> None:
    raw = f"From: dana@x.example\r\nDate: {date}\r\n\r\nHi".encode()
    assert parse(raw).utc_offset_s == offset_s


def test_a_second_writer_whom_mail_parser_passes_over_is_known_all_the_same() -> None:
    raw = (
        b"From: A <a@b.example>, Nora <nora@client.example.>\r\nTo: x@firm.example\r\n\r\nHello\r\n"
    )
    assert "nora@client.example." in {person.address for person in parse(raw).others}
