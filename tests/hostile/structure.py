"""Kinds 48 to 88: MIME that takes time or memory, lies about itself, or carries dangerous files."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib

from tests.hostile.headers import READ, UNREAD
from tests.hostile.shape import TEXT, WORDS, Kind, attached, html, mail, mixed, part, typed


def nested(depth: int, payload: bytes = b"") -> bytes:
    """Parts inside one another, each with `payload` beside the next."""
    inner = TEXT
    for level in range(depth):
        name = f"b{level}"
        fence = f"--{name}\r\n".encode()
        beside = fence + part("Content-Type: application/pdf", payload) if payload else b""
        head = f"Content-Type: multipart/mixed; boundary={name}"
        inner = part(head, beside + fence + inner + f"--{name}--".encode())
    return mail(b"", more=inner)[:-2]


def attached_mails(depth: int) -> bytes:
    inner = mail()
    for _ in range(depth):
        inner = b"Subject: Fwd: x\r\nContent-Type: message/rfc822\r\n\r\n" + inner
    return b"From: dana@client.example\r\n" + inner


def zip_bomb() -> bytes:
    """A few hundred KB that unpack to 300 MB, itself packed twice."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", bytes(300 << 20))
    return base64.encodebytes(zlib.compress(out.getvalue())).replace(b"\n", b"\r\n")


def big(megabytes: int) -> bytes:
    line = base64.b64encode(bytes(57)) + b"\r\n"
    return attached("a.bin", line * ((megabytes << 20) // len(line)))


def named(header: str) -> bytes:
    return mixed(TEXT, part(f"Content-Type: application/pdf\r\n{header}", b"x"))


def charset(name: str, body: bytes = WORDS) -> bytes:
    return typed(f"text/plain; charset={name}", body)


DISPOSITION = "Content-Disposition: attachment; filename"
NOBODY = ("escalated", "unreadable")

KINDS = tuple(
    Kind(number=number, name=name, build=build, ends=ends)
    for number, (name, build, ends) in enumerate(
        [
            ("1 MB of semicolons", lambda: typed("text/plain" + ";" * (1 << 20), WORDS), UNREAD),
            (
                "semicolons in the headers of parts",
                lambda: mixed(TEXT, *[part("Content-Type: text/plain" + ";" * 60_000, b"")] * 20),
                UNREAD,
            ),
            (
                "semicolons just within the bounds",
                lambda: mixed(TEXT, part("Content-Type: text/x-a" + ";" * 19_000, b"x")),
                READ,
            ),
            (
                "parameter in 4,000 pieces",
                lambda: mixed(
                    TEXT,
                    part(
                        DISPOSITION.replace("filename", "")
                        + ";".join(f"filename*{i}*=a%0A" for i in range(3_000)),
                        b"x",
                    ),
                ),
                READ,
            ),
            ("empty boundary", lambda: mixed(TEXT, boundary=""), NOBODY),
            ("boundary of 5,000 signs", lambda: mixed(TEXT, boundary="b" * 5_000), READ),
            (
                "boundary that begins another",
                lambda: typed(
                    "multipart/mixed; boundary=b",
                    b"--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n" + TEXT,
                ),
                READ,
            ),
            ("boundary without parts", lambda: typed("multipart/mixed; boundary=b", WORDS), READ),
            ("2,001 boundary lines", lambda: mail(WORDS + b"--b\r\n" * 2_002), UNREAD),
            ("1,900 empty parts", lambda: mixed(TEXT, *[b"\r\n"] * 1_900), READ),
            (
                "1,900 alternatives",
                lambda: mixed(
                    TEXT, *[part("Content-Type: text/html", b"")] * 1_900, subtype="alternative"
                ),
                READ,
            ),
            (
                "1,900 files",
                lambda: mixed(TEXT, *[part(f'{DISPOSITION}="a"', b"x")] * 1_900),
                READ,
            ),
            ("nested 99 deep", lambda: nested(99), READ),
            ("nested 101 deep", lambda: nested(101), UNREAD),
            ("nested 1,000 deep", lambda: nested(1_000), UNREAD),
            ("90 mails in one another", lambda: attached_mails(90), ("unsure", *NOBODY)),
            ("80 nested files of 250 KB", lambda: nested(80, b"x" * 76 + b"\r\n" * 1), READ),
            (
                "files of 20 MB in 80 nested parts",
                lambda: nested(80, (b"x" * 998 + b"\r\n") * 250),
                READ,
            ),
            ("part without end", lambda: mixed(TEXT)[:-6], READ),
            ("24 MB of base64", lambda: big(24), READ),
            ("26 MB", lambda: big(26), UNREAD),
            ("700,000 empty lines", lambda: mail(WORDS + b"\r\n" * 700_000), UNREAD),
            ("500,000 lines", lambda: mail(WORDS + b"a\r\n" * 500_000), READ),
            ("one line of 5 MB", lambda: mail(WORDS + b"word " * 1_000_000), READ),
            (
                "quoted-printable of soft ends",
                lambda: mail(
                    WORDS + b"=\r\n" * 400_000,
                    more=b"Content-Transfer-Encoding: quoted-printable\r\n",
                ),
                READ,
            ),
            (
                "base64 that is none",
                lambda: mail(b"%%==A" * 9, more=b"Content-Transfer-Encoding: base64\r\n"),
                ("unsure", *NOBODY),
            ),
            (
                "uuencode without end",
                lambda: mail(
                    WORDS + b"begin 644 x\r\n" + b"M" * 60 + b"\r\n",
                    more=b"Content-Transfer-Encoding: x-uuencode\r\n",
                ),
                ("unsure", *NOBODY),
            ),
            ("UTF-7", lambda: charset("utf-7", WORDS + b"+2AA- +ADw-script+AD4-"), READ),
            ("surrogates in UTF-16", lambda: charset("utf-16-le", b"\x00\xd8" * 50), NOBODY),
            ("codec that is no charset", lambda: charset("unicode_escape", WORDS), READ),
            ("charset of 10 KB", lambda: charset("x" * 10_000), READ),
            ("zip bomb", lambda: attached("a.zip", zip_bomb(), "application/zip"), READ),
            ("file name that climbs", lambda: attached("../../etc/passwd", b"x"), READ),
            (
                "file name with line ends and bidi",
                lambda: named(f"{DISPOSITION}*=utf-8''a%0D%0ABcc%3A%20v%40x%E2%80%AEfdp.exe%00"),
                READ,
            ),
            ("file name of 10,000 signs", lambda: named(f"{DISPOSITION}={'a' * 10_000}.pdf"), READ),
            (
                "file name in a codec that is none",
                lambda: named(f"{DISPOSITION}*=rot13''%FF%00abc"),
                READ,
            ),
            ("file named as a device", lambda: attached("CON", b"x"), READ),
            (
                "part that lies elsewhere",
                lambda: mixed(
                    TEXT,
                    part(
                        "Content-Type: message/external-body; access-type=URL;"
                        ' URL="http://evil.example/x"',
                        b"Content-Type: text/html\r\n\r\n",
                    ),
                ),
                READ,
            ),
            (
                "one piece of a mail",
                lambda: typed('message/partial; id="x"; number=1; total=9', WORDS),
                ("unsure", *NOBODY),
            ),
            (
                "20,000 nested elements",
                lambda: html(f"<p>{WORDS.decode()}</p>" + "<div>" * 20_000),
                READ,
            ),
            (
                "500 nested tables and open quotes",
                lambda: html(
                    f"<p>{WORDS.decode()}</p>"
                    + "<table><tr><td>" * 500
                    + "<blockquote type=cite>" * 400
                    + '<a href="' * 3_000
                ),
                READ,
            ),
            (
                "comments and angles without end",
                lambda: html(f"<p>{WORDS.decode()}</p>" + "<" * 60_000 + "<!--" * 20_000),
                READ,
            ),
            (
                "100,000 attributes",
                lambda: html(f"<p {'a=b ' * 40_000}style='color:red'>{WORDS.decode()}"),
                READ,
            ),
        ],
        start=48,
    )
)
