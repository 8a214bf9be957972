"""Damage to real mails, drawn from a seed: bytes lost, doubled, swapped and put in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    Damage = Callable[[random.Random, bytes, Sequence[bytes]], bytes]

PIECES = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\r\n\r\n",
    b"\r\n ",
    b"--",
    b"\r\n--",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xe2\x80\xae",
    b"\xe2\x80\xa8",
    b"\xcc\xb5" * 60,
    b"=?utf-8?q?=0D=0ABcc:_x@y.example?=",
    b"=?utf-8?b?",
    b"?=",
    b"=?rot13?q?x?=",
    b'"',
    b"\\",
    b"(",
    b"<",
    b">",
    b";" * 300,
    b"\r\nContent-Type: multipart/mixed; boundary=b\r\n",
    b"\r\nContent-Type: message/rfc822\r\n\r\n",
    b"\r\nContent-Type: text/html; charset=utf-16\r\n",
    b"\r\nContent-Transfer-Encoding: base64\r\n",
    b"\r\nContent-Disposition: attachment; filename*0*=utf-8''%0A%E2%80%AE; filename*1=../x\r\n",
    b"\r\nFrom: ben@firm.example, x <y@z.example>\r\n",
    b"\r\nSubject: \r\n",
    b"\r\nDate: 99 Foo 99999 99:99:99 +9999\r\n",
    b"\r\nIn-Reply-To: <0@firm.example>\r\n",
    b"{{ 7 * 7 }}{% raw %}",
    b"=HYPERLINK(1)",
    b"<script>x</script><img src=http://x.example>",
    b"<div style='display:none'>",
    b"<blockquote type=cite>" * 30,
    b"On Mon, 1 Jan 2024 a@b wrote:\r\n",
    b"> " * 50,
    b"\r\n-- \r\n",
    b"\x1b[2J\x1b]0;x\x07",
)
_LONGEST_PIECE = 4_000


def _span(rng: random.Random, raw: bytes, longest: int = _LONGEST_PIECE) -> tuple[int, int]:
    start = rng.randrange(len(raw) + 1)
    return start, min(len(raw), start + rng.randint(0, longest))


def _flip(rng: random.Random, raw: bytes, _others: Sequence[bytes]) -> bytes:
    changed = bytearray(raw)
    for _ in range(rng.randint(1, 12)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _insert(rng: random.Random, raw: bytes, _others: Sequence[bytes]) -> bytes:
    start, _ = _span(rng, raw)
    return raw[:start] + rng.choice(PIECES) * rng.choice((1, 1, 1, 40)) + raw[start:]


def _insert_in_headers(rng: random.Random, raw: bytes, _others: Sequence[bytes]) -> bytes:
    end = raw.find(b"\n\n") if b"\n\n" in raw else raw.find(b"\r\n\r\n")
    start = rng.randrange(max(end, 0) + 1)
    return raw[:start] + rng.choice(PIECES) + raw[start:]


def _cut(rng: random.Random, raw: bytes, _others: Sequence[bytes]) -> bytes:
    start, end = _span(rng, raw)
    return raw[:start] + raw[end:]


def _double(rng: random.Random, raw: bytes, _others: Sequence[bytes]) -> bytes:
    start, end = _span(rng, raw, 400)
    return raw[:start] + raw[start:end] * rng.randint(2, 60) + raw[end:]


def _truncate(rng: random.Random, raw: bytes, _others: Sequence[bytes]) -> bytes:
    return raw[: rng.randrange(len(raw) + 1)]


def _graft(rng: random.Random, raw: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others)
    begin, end = _span(rng, other)
    start, _ = _span(rng, raw)
    return raw[:start] + other[begin:end] + raw[start:]


def _shuffle(rng: random.Random, raw: bytes, _others: Sequence[bytes]) -> bytes:
    lines = raw.split(b"\n")
    start, count = rng.randrange(len(lines)), rng.randint(2, 30)
    some = lines[start : start + count]
    rng.shuffle(some)
    return b"\n".join([*lines[:start], *some, *lines[start + count :]])


def _line_ends(rng: random.Random, raw: bytes, _others: Sequence[bytes]) -> bytes:
    return raw.replace(rng.choice((b"\r\n", b"\n")), rng.choice((b"\n", b"\r", b"\r\n", b"\n\r")))


DAMAGES: tuple[Damage, ...] = (
    _flip,
    _insert,
    _insert,
    _insert_in_headers,
    _insert_in_headers,
    _cut,
    _double,
    _truncate,
    _graft,
    _shuffle,
    _line_ends,
)


def damaged(rng: random.Random, others: Sequence[bytes]) -> bytes:
    """One of the mails with one to six damages."""
    raw = rng.choice(others)
    for _ in range(rng.randint(1, 6)):
        raw = rng.choice(DAMAGES)(rng, raw, others)
    return raw
