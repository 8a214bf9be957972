"""What holds for any bytes: no exception, clean values, the same answer twice, linear time."""

from __future__ import annotations

import re
import time
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from triage.messages import Email, MailKind
from triage.parsing import normalise_subject, parse

if TYPE_CHECKING:
    from collections.abc import Callable

CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
CONTROL_IN_TEXT = re.compile(CONTROL.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))

PLAIN = (
    b"From: Jane Roe <jane@client.example>\nTo: help@firm.example\n"
    b"Subject: =?utf-8?q?a=E2=82=AC?=\n"
    b"Date: Mon, 3 Mar 2025 10:00:00 +0100\nMessage-ID: <1@client.example>\n"
    b"Content-Type: text/plain; charset=utf-8\n\nThe export fails.\n\n-- \nJane\n"
    b"On Mon, 3 Mar 2025, PM <pm@firm.example> wrote:\n> Hello\n"
)
MIXED = (
    b'Subject: Fwd: x\nFrom: "a, b" <a@b.example>\nMIME-Version: 1.0\n'
    b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n'
    b"Content-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/plain\n\n"
    b"note\n--c\nContent-Type: text/html; charset=latin1\n\n"
    b"<p style='display:none'>x<p>\xe4 y\n--c--\n"
    b"--b\nContent-Type: message/rfc822\n\nFrom: c@d.example\nSubject: y\n\ninner words\n--b\n"
    b'Content-Type: image/png; name="=?utf-8?q?a?=.png"\nContent-Transfer-Encoding: base64\n\n'
    b"AAECAw==\n--b--\n"
)
FORWARD = (
    b"Subject: WG: x\r\nFrom: a@b.example\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Bitte=20=\r\nansehen\r\n\r\nVon: Jane <j@c.example>\r\nGesendet: Montag\r\n"
    b"An: PM\r\nBetreff: y\r\n\r\nEs geht nicht.\r\n"
)


@st.composite
def damaged_mails(draw: st.DrawFn) -> bytes:
    """A valid mail with bytes cut out, replaced, repeated or put in."""
    raw = draw(st.sampled_from([PLAIN, MIXED, FORWARD]))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 40)))
        piece = draw(st.one_of(st.binary(max_size=12), st.just(raw[start:end] * 2)))
        raw = raw[:start] + piece + raw[end:]
    return raw


def assert_clean(email: Email) -> None:
    people = [email.sender, *email.to, *email.cc]
    people += [email.original_sender] if email.original_sender else []
    lines = [email.subject, email.original_subject, email.message_id, *email.problems]
    lines += [part for person in people for part in (person.name, person.address)]
    lines += [part for a in email.attachments for part in (a.name, a.type)]
    lines += [*email.references, *email.in_reply_to]
    for line in lines:
        assert not CONTROL.search(line), line
    for text in (email.text, email.new_text, email.forward_note, email.forwarded_text):
        assert not CONTROL_IN_TEXT.search(text), text
    assert not any("/" in a.name or "\\" in a.name for a in email.attachments)
    assert email.date is None or email.date.utcoffset() is not None
    for field in fields(email):
        repr(getattr(email, field.name)).encode("utf-8")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2_000))
@example(b"\xff\xfe" * 100)
@example(b"Content-Type: multipart/mixed; boundary=\n\n--\n\n----\n")
@example(b"From: \xed\xa0\x80 <a\x00@b>\nSubject: =?utf-8?b?7aCA?=\n\n\xed\xa0\x80")
@example(b"Content-Type: text/plain; charset=utf-16\n\n\xd8\x00\xd8\x00")
@example(b"Content-Type: text/plain; charset=utf-7\n\n+2AA-")
@example(b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nAAAA")
@example(b"Content-Type: message/rfc\x01822\n\n")
@example(b"Content-Type: text/html\n\n&#x202e;&#1;&#xd800;")
@example(b"Date: Mon, 1 Jan 0001 00:00:00 +2359\n\n")
def test_any_bytes_give_a_clean_email(raw: bytes) -> None:
    email = parse(raw)
    assert_clean(email)
    assert email == parse(raw)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged_mails())
def test_damaged_mails_give_a_clean_email(raw: bytes) -> None:
    email = parse(raw)
    assert_clean(email)
    assert email == parse(raw)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=500), st.text(max_size=100), st.text(max_size=100))
def test_any_text_in_headers_and_body_survives(text: str, subject: str, name: str) -> None:
    raw = f'Subject: {subject}\nFrom: "{name}" <a@b.example>\n\n{text}'
    assert_clean(parse(raw.encode("utf-8", "surrogatepass")))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_a_thread_key_is_the_same_for_a_reply(subject: str) -> None:
    key = normalise_subject(subject)
    assert normalise_subject(f"Re: {subject}") == key
    assert normalise_subject(f"AW: Fwd: {subject}") == key
    assert len(key.split("\n")) <= 1


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="abc \n>-:.OnwrteFm@<>19", max_size=400))
def test_new_text_is_never_longer_and_never_nothing(text: str) -> None:
    email = parse(b"Subject: x\nContent-Type: text/plain\n\n" + text.encode())
    assert len(email.new_text) <= len(email.text.strip())
    assert bool(email.new_text) == bool(email.text.strip())


HEAD = b"From: a@b.example\nSubject: x\nContent-Type: text/plain\n\n"
HTML = b"From: a@b.example\nSubject: x\nContent-Type: text/html\n\n"
HOSTILE: dict[str, Callable[[int], bytes]] = {
    "On lines": lambda n: HEAD + b"On Mon, 1 Jan 2024\n" * n * 100,
    "attributions": lambda n: HEAD + b"On Mon, 1 Jan 2024 a@b wrote:\n> x\n" * n * 60,
    "header blocks": lambda n: HEAD + b"From: a@b\nSent: x\nTo: y\nSubject: z\n" * n * 50,
    "forward markers": lambda n: b"Subject: Fwd: x\n\n" + b"Begin forwarded message:\n\n" * n * 60,
    "quote marks": lambda n: HEAD + b">" * n * 2_000,
    "one long line": lambda n: HEAD + b"a " * n * 1_000,
    "disclaimers": lambda n: HEAD + b"\n\nThis email is confidential\n" * n * 50,
    "encoded words": lambda n: b"Subject: " + b"=?a?q?" * n * 100 + b"\n\nx",
    "spaces": lambda n: b"Subject: a" + b" " * n * 600 + b"b\xff\n\nx",
    "open quotes": lambda n: b"To: " + b'\\"' * n * 300 + b"\n\nx",
    "open comments": lambda n: b"To: " + b"(()" * n * 200 + b"\n\nx",
    "file name": lambda n: b"Content-Type: image/png; name=" + b"/" * n * 600 + b"\n\nx",
    "nested divs": lambda n: HTML + b"<div>" * n * 400,
    "nested quotes": lambda n: HTML + b"<blockquote type=cite>x" * n * 80,
    "comments": lambda n: HTML + b"<!--" * n * 400,
    "angles": lambda n: HTML + b"<" * n * 2_000,
}


def cpu_s(raw: bytes) -> float:
    """The best of three, so that a busy machine does not decide."""
    times = []
    for _ in range(3):
        start = time.process_time()
        parse(raw)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("build", HOSTILE.values(), ids=HOSTILE)
def test_time_grows_with_the_size_and_not_with_its_square(build: Callable[[int], bytes]) -> None:
    small, large = cpu_s(build(10)), cpu_s(build(80))
    # Eight times the size: linear is 8, quadratic 64. The floor hides the clock's grain.
    assert large < 28 * max(small, 0.002)


def test_a_hostile_mail_is_still_read() -> None:
    assert parse(HOSTILE["On lines"](10)).kind is MailKind.ORDINARY
