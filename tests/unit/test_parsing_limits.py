"""Bounds on raw bytes: a mail beyond one is read by its headers and never lost."""

from __future__ import annotations

import random

import pytest

from triage.messages import MailKind
from triage.parsing import limits, parse

HEADERS = b"From: Jane Roe <jane@client.example>\nTo: help@firm.example\nSubject: Invoice\n"


def nested(depth: int) -> bytes:
    parts = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (i, i) for i in range(depth)
    )
    return HEADERS + parts + b"Content-Type: text/plain\n\nhi\n"


BOUNDARY = b"Content-Type: multipart/mixed; boundary=b\n\n"
TOO_MUCH = {
    "size": (HEADERS + b"\n" + b"x" * limits.MAX_MESSAGE_BYTES, "larger than 25 MB"),
    "headers": (HEADERS + b"X-A: y\n" * 20_000 + b"\nhi", "headers larger than 128 KB"),
    "one header": (HEADERS + b"X-A: " + b"y" * 70_000 + b"\n\nhi", "header larger than 64 KB"),
    "part header": (
        HEADERS + BOUNDARY + b"--b\nContent-Type: text/plain" + b";" * 70_000 + b"\n\nhi",
        "one header of a part larger than 64 KB",
    ),
    "parameters": (
        HEADERS + BOUNDARY + (b"--b\nContent-Type: text/plain" + b";" * 3_000 + b"\n\nhi\n") * 30,
        "parameters",
    ),
    "boundaries": (HEADERS + b"\n" + b"--b\n" * 2_001, "look like part boundaries"),
    "nesting": (nested(101), "more than 100 parts inside one another"),
    "nesting by CR": (nested(101).replace(b"\n", b"\r"), "more than 100 parts inside one another"),
    "lines": (HEADERS + b"\n" + b"\n" * 600_001, "too many lines"),
    "lines in nested parts": (nested(90) + b"x\n" * 70_000, "too many lines"),
}
WITHIN = {
    "boundaries": HEADERS + b"\n" + b"--b\n" * 1_900,
    "nesting": nested(99),
    "one header": HEADERS + b"X-A: " + b"y" * 60_000 + b"\n\nhi",
    "lines": HEADERS + b"\n" + (b"x" * 76 + b"\n") * 100_000,
}


@pytest.mark.parametrize(("raw", "problem"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_mail_beyond_a_limit_comes_back_with_its_headers(raw: bytes, problem: str) -> None:
    email = parse(raw)
    assert email.kind is MailKind.UNREADABLE
    assert any(problem in p for p in email.problems), email.problems
    assert (email.subject, email.sender.address) == ("Invoice", "jane@client.example")
    assert (email.text, email.new_text) == ("", "")


@pytest.mark.parametrize("raw", WITHIN.values(), ids=WITHIN)
def test_a_mail_within_the_limits_is_read(raw: bytes) -> None:
    assert parse(raw).kind is MailKind.ORDINARY


@pytest.mark.parametrize("raw", [b"", b"\n\n", b" \r\n"], ids=["empty", "lines", "blank"])
def test_nothing_at_all_is_unreadable_and_says_so(raw: bytes) -> None:
    email = parse(raw)
    assert email.kind is MailKind.UNREADABLE
    assert email.problems


def test_a_long_text_is_cut_and_the_cut_is_told() -> None:
    email = parse(HEADERS + b"\n" + b"word and word\n" * 20_000)
    assert len(email.text) == limits.MAX_TEXT_CHARS
    assert any("cut" in problem for problem in email.problems)


def test_many_html_parts_share_one_allowance() -> None:
    part = b"--b\nContent-Type: text/html\n\n" + b"<p>word" * 20_000 + b"\n"
    email = parse(HEADERS + b"Content-Type: multipart/mixed; boundary=b\n\n" + part * 5)
    assert any("HTML cut" in problem for problem in email.problems)
    assert len(email.text) <= limits.MAX_TEXT_CHARS


def test_bytes_that_are_neither_headers_nor_text_are_no_mail() -> None:
    noise = random.Random(5).randbytes(3_000)
    assert parse(noise).kind is MailKind.UNREADABLE
    assert parse("Só um texto, sem cabeçalho.\r\n".encode()).kind is MailKind.ORDINARY
    assert parse(b"Subject: x\r\n\r\n" + noise).kind is MailKind.ORDINARY
