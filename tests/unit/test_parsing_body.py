"""The text a person reads, and what is attached."""

from __future__ import annotations

import hashlib

import pytest

from triage.parsing import charsets, filenames, html, parse

HEAD = b"From: a@x.example\nSubject: x\nMIME-Version: 1.0\n"


def multipart(kind: str, *parts: bytes, boundary: str = "b") -> bytes:
    lines = b"".join(b"--" + boundary.encode() + b"\n" + part + b"\n" for part in parts)
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n'.encode()
    return head + lines + b"--" + boundary.encode() + b"--\n"


PLAIN = b"Content-Type: text/plain\n\nplain words"
HTML = b"Content-Type: text/html\n\n<p>rich words"
NOTES = b'Content-Type: text/plain; name="notes.txt"\n\nattached words'
DETACHED = b"Content-Type: text/plain\nContent-Disposition: attachment\n\nattached words"
MAIL = b"Content-Type: message/rfc822\n\nFrom: b@x.example\nSubject: old\n\nforwarded words"
EMPTY = b"Content-Type: text/plain\n\n \n"
PLACEHOLDER = b"Content-Type: text/plain\n\nThis is an HTML message. Use an HTML mail client."
STATUS = b"Content-Type: message/delivery-status\n\nAction: failed\n"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (PLAIN, "plain words"),
        (HTML, "rich words"),
        (multipart("alternative", PLAIN, HTML), "plain words"),
        (multipart("alternative", HTML, PLAIN), "plain words"),
        (multipart("alternative", EMPTY, HTML), "rich words"),
        (multipart("alternative", PLACEHOLDER, HTML + b" and many more words" * 5), "rich words"),
        (multipart("alternative", PLACEHOLDER), "This is an HTML message"),
        (multipart("mixed", PLAIN, NOTES), "plain words"),
        (multipart("mixed", PLAIN, DETACHED), "plain words"),
        (multipart("mixed", PLAIN, MAIL), "plain words"),
        (multipart("mixed", PLAIN, PLAIN), "plain words\nplain words"),
        (multipart("mixed", NOTES), "attached words"),  # nothing else to read
        (multipart("related", HTML, PLAIN), "rich words"),
        (multipart("report", PLAIN, STATUS, MAIL), "plain words"),
        (multipart("mixed", multipart("alternative", PLAIN, HTML, boundary="c")), "plain words"),
        (multipart("alternative", PLAIN, multipart("related", HTML, boundary="c")), "plain words"),
        (
            multipart("signed", PLAIN, b"Content-Type: application/pgp-signature\n\nx"),
            "plain words",
        ),
        (b"Content-Type: text/plain\nContent-Transfer-Encoding: base64 \n\naGk=\n", "hi"),
        (b"Content-Type: text/plain; charset=klingon\n\nhi", "hi"),
    ],
)
def test_the_text_that_counts(raw: bytes, text: str) -> None:
    found = parse(HEAD + raw).text.strip()
    assert found == text or (len(found) > 40 and found.startswith(text))


def test_the_text_of_an_attached_mail_decides_nothing() -> None:
    email = parse(HEAD + multipart("mixed", PLAIN, MAIL))
    assert "forwarded words" not in email.text + email.new_text


def test_attachments_are_described_by_their_decoded_content() -> None:
    image = b"Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\nAAEC\n"
    email = parse(HEAD + multipart("mixed", PLAIN, image, MAIL, NOTES))
    first = email.attachments[0]
    assert (first.name, first.type, first.size) == ("a.png", "image/png", 3)
    assert first.sha256 == hashlib.sha256(b"\x00\x01\x02").hexdigest()
    assert [a.type for a in email.attachments] == ["image/png", "message/rfc822", "text/plain"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\plan.doc", "plan.doc"),
        ("=?utf-8?q?=C3=9Cbersicht.pdf?=", "Übersicht.pdf"),
        ("cod\u202efdp.exe", "cod fdp.exe"),
        ("a\r\nb\x00.txt", "a b .txt"),
        ("...hidden", "hidden"),
        ('a<b>:"c|?*.txt', "a_b___c___.txt"),
        ("/", ""),
        ("", ""),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_file_names_are_safe_to_show_and_to_store(raw: str, expected: str) -> None:
    assert filenames.clean(raw) == expected


@pytest.mark.parametrize(
    ("payload", "declared", "expected"),
    [
        ("Grüße".encode(), "iso-8859-1", "Grüße"),  # valid UTF-8 wins over a wrong label
        ("Grüße".encode("latin-1"), "us-ascii", "Grüße"),
        ("Grüße".encode("latin-1"), "", "Grüße"),
        ("“quoted”".encode("cp1252"), "iso-8859-1", "“quoted”"),
        ("①".encode("cp932"), "shift_jis", "①"),
        ("㎡".encode("gb18030"), "gb2312", "㎡"),
        ("똠".encode("cp949"), "ks_c_5601-1987", "똠"),
        ("日本".encode("iso2022_jp"), "", "日本"),
        (b"caf\xc3", "utf-8", "caf\ufffd"),
        (b"xn--a", "idna", "xn--a"),
        (b"\\u0041", "unicode_escape", "\\u0041"),
        (b"uryyb", "rot13", "uryyb"),
        (b"a", "x" * 500, "a"),
    ],
)
def test_charsets(payload: bytes, declared: str, expected: str) -> None:
    assert charsets.decode(payload, declared) == expected


def test_text_is_free_of_what_nobody_can_read() -> None:
    raw = HEAD + b"Content-Type: text/plain; charset=utf-8\n\n"
    text = parse(raw + "a\x00b\u202ec\r\nd\x1b[31me\u2028f\tg\ufeff".encode()).text
    assert text == "abc\nd[31me\nf\tg"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two", "one\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<ul><li>one<li>two</ul>", "- one\n- two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("a  \n b&nbsp;&amp; c", "a b & c"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<style>p{}</style><script>x()</script><title>t</title>seen", "seen"),
        ("<blockquote type=cite>old<br>er</blockquote>new", "> old\n> er\n\nnew"),
        ("<blockquote style='margin:0 0 0 40px'>indented</blockquote>", "indented"),
        ('<div style="display: none">x</div>seen', "seen"),
        ('<div style="DISPLAY:NONE !important">x</div>seen', "seen"),
        ('<span style="visibility:hidden">x</span>seen', "seen"),
        ('<span style="font-size:0px">x</span>seen', "seen"),
        ('<span style="font-size:0.9em">small</span>', "small"),
        ("<p hidden>x</p>seen", "seen"),
        ('<p style="color:#FFFFFF">x</p>seen', "seen"),
        ("<font color=white>x</font>seen", "seen"),
        ('<table><td bgcolor="#036"><font color="white">button</font></table>', "button"),
        ('<p style="color:#fff;background:#036">button</p>', "button"),
        ('<div style="display:none">a<p style="display:block">b</p></div>seen', "seen"),
        ("", ""),
        ("<", "<"),
    ],
)
def test_html_reads_as_people_see_it(markup: str, expected: str) -> None:
    assert html.to_text(markup) == expected


def test_hidden_words_do_not_reach_the_text() -> None:
    raw = HEAD + b'Content-Type: text/html\n\n<p>Hello</p><p style="display:none">refund'
    assert parse(raw).text == "Hello"


def test_entities_cannot_bring_back_what_was_cleaned_away() -> None:
    raw = HEAD + b"Content-Type: text/html\n\na&#x202e;b&#1;c&#x80;d"
    assert parse(raw).text == "abc€d"


def test_a_damaged_type_of_an_attached_mail_is_shown_clean() -> None:
    email = parse(HEAD + b"Content-Type: message/rfc\xff\x01822\n\nx")
    assert "\x01" not in email.attachments[0].type
    email.attachments[0].type.encode()


def test_html_that_nests_without_end_still_gives_its_words() -> None:
    assert "words" in html.to_text("<div>" * 20_000 + "words")
