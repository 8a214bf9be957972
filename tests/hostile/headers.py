"""Kinds 1 to 46: headers that break parsers, headers, screens and searches."""

from __future__ import annotations

import random

from tests.hostile.shape import SENDER, SUBJECT, TO, WORDS, Kind, mail

READ = ("escalated",)
UNREAD = ("unreadable",)


def subject(value: bytes) -> bytes:
    return mail(subject=b"Subject: " + value + b"\r\n")


def sender(value: bytes) -> bytes:
    return mail(sender=b"From: " + value + b"\r\n")


def _many(line: bytes, count: int) -> bytes:
    return mail(more=line * count)


KINDS = tuple(
    Kind(number=number, name=name, build=build, ends=ends)
    for number, (name, build, ends) in enumerate(
        [
            (
                "line end and Bcc in an encoded subject",
                lambda: subject(b"=?utf-8?q?Hello=0D=0ABcc:_victim@evil.example=0D=0A=0D=0Ax?="),
                READ,
            ),
            (
                "header in a folded subject",
                lambda: subject(b"Hello\r\n Bcc: victim@evil.example"),
                READ,
            ),
            (
                "repeated subject",
                lambda: mail(subject=SUBJECT + b"Subject: =?utf-8?q?=0A?=\r\n" * 50),
                READ,
            ),
            ("raw 8-bit subject", lambda: subject(bytes(range(128, 256))), READ),
            ("subject of 60 KB", lambda: subject(b"word " * 12_000), READ),
            (
                "bidi override in the subject",
                lambda: subject("\u202egnp.exe\u202c \u2067x\u2069".encode()),
                READ,
            ),
            (
                "terminal commands in the subject",
                lambda: subject(b"\x1b]0;owned\x07\x1b[2J\x1b[31m\x00\x08\x7f"),
                READ,
            ),
            (
                "surrogates in the subject",
                lambda: subject(b"\xed\xa0\x80 =?utf-8?b?7aCA?= =?utf-16?b?2AA=?="),
                READ,
            ),
            (
                "line separators in the subject",
                lambda: subject("a\u2028b\u2029c\u0085d\u000be\u000cf".encode()),
                READ,
            ),
            (
                "line end in a display name",
                lambda: sender(b"=?utf-8?q?Dana=0D=0ABcc:_v@evil.example?= <dana@client.example>"),
                READ,
            ),
            (
                "display name that looks like an address",
                lambda: sender(b'"ben@firm.example" <x@evil.example>'),
                READ,
            ),
            (
                "bidi in a display name",
                lambda: sender("\u202eelpmaxe.mrif@neb\u202c <x@evil.example>".encode()),
                READ,
            ),
            (
                "look-alike letters in name and domain",
                lambda: sender("Веn Wеst <ben@firm.еxample>".encode()),  # noqa: RUF001 - the point
                READ,
            ),
            (
                "several senders",
                lambda: sender(b"ben@firm.example, x@evil.example, Dana <dana@client.example>"),
                READ,
            ),
            ("repeated From", lambda: mail(sender=SENDER + b"From: ben@firm.example\r\n"), READ),
            ("no From", lambda: mail(sender=b""), READ),
            ("empty From", lambda: sender(b""), READ),
            (
                "quoted local part with a line end",
                lambda: sender(b'"a\r\n\tBcc: v@evil.example"@client.example'),
                READ,
            ),
            ("address of 5,000 letters", lambda: sender(b"x" * 5_000 + b"@client.example"), READ),
            (
                "international domain",
                lambda: sender("Dana <dana@fírm.example>, x@xn--frm-qla.example".encode()),
                READ,
            ),
            (
                "Reply-To and Sender of ours",
                lambda: mail(more=b"Reply-To: ben@firm.example\r\nSender: priya@firm.example\r\n"),
                READ,
            ),
            (
                "6,000 recipients",
                lambda: mail(to=b"To: " + b"a@b.example, " * 4_500 + b"c@d.example\r\n"),
                READ,
            ),
            (
                "comments without end",
                lambda: mail(to=b"To: " + b"(()" * 15_000 + b"\r\nCc: g:(a,(b;:<@\r\n"),
                READ,
            ),
            (
                "Message-ID with a line end",
                lambda: mail(message_id=b"Message-ID: <a\r\n\tBcc: v@evil.example>\r\n"),
                READ,
            ),
            (
                "Message-ID with IMAP words",
                lambda: mail(message_id=b'Message-ID: <a" {3}\\ LOGOUT@x>\r\n'),
                READ,
            ),
            ("no Message-ID", lambda: mail(message_id=b""), READ),
            (
                "1,000 references",
                lambda: mail(more=b"References: " + b"<a%b@c.example> " * 1_000 + b"\r\n"),
                READ,
            ),
            (
                "references with odd signs",
                lambda: mail(more="References: <a\u202eb@c> <é@x> <\x00@y>\r\n".encode()),
                READ,
            ),
            (
                "Date of 32 KB",
                lambda: mail(more=b"Date: " + b"1 Jan 2024 " * 3_000 + b"\r\n"),
                READ,
            ),
            ("Date before time", lambda: mail(more=b"Date: 1 Jan 0001 00:00 +2359\r\n"), READ),
            ("Date after time", lambda: mail(more=b"Date: 31 Dec 9999 23:59 -2359\r\n"), READ),
            (
                "Date of huge numbers",
                lambda: mail(more=b"Date: 99999999999 Jan 99999999999 99:99:99 +99999999\r\n"),
                READ,
            ),
            ("headers of 200 KB", lambda: _many(b"X-A: yyyyyyyyyyyyyyyy\r\n", 9_000), UNREAD),
            ("one header of 70 KB", lambda: mail(more=b"X-A: " + b"y" * 70_000 + b"\r\n"), UNREAD),
            ("10,000 short headers", lambda: _many(b"X: y\r\n", 10_000), READ),
            ("damaged first line", lambda: b"\x00\xffgarbage\r\n" + mail(), READ),
            ("lone CR as line ends", lambda: mail().replace(b"\r\n", b"\r"), READ),
            ("NUL between all bytes", lambda: mail().replace(b"e", b"e\x00"), READ),
            ("headers only", lambda: SENDER + TO + SUBJECT, READ),
            ("empty", lambda: b"", UNREAD),
            ("noise", lambda: random.Random(40).randbytes(40_000), UNREAD),
            ("byte order mark and UTF-16", lambda: mail().decode().encode("utf-16"), UNREAD),
            (
                "more hops than honest mail",
                lambda: _many(b"Received: from a by b\r\n", 51),
                ("not-triaged",),
            ),
            ("header name of 30 KB", lambda: mail(more=b"X" * 30_000 + b": y\r\n"), READ),
            (
                "encoded words in codecs that are no charsets",
                lambda: subject(
                    b"".join(
                        b"=?%b?q?a=FF=00b?= " % name
                        for name in (b"idna", b"rot13", b"undefined", b"unicode_escape", b"zlib")
                    )
                ),
                READ,
            ),
            ("unfinished encoded words", lambda: subject(b"=?a?q?" * 9_000), READ),
            (
                "open quotes and backslashes",
                lambda: mail(WORDS, to=b"To: " + b'\\"' * 15_000 + b"\r\n"),
                READ,
            ),
        ],
        start=1,
    )
)
