"""Bounds on raw bytes, checked before any parser sees them.

The parsers are slower than linear on hostile input (1 MB of ";" in one header costs seconds, as do
thousands of boundary lines), so a mail beyond a bound is read by its headers only. Every check
here is a single pass over the bytes.
"""

from __future__ import annotations

import re

MAX_MESSAGE_BYTES = 25 * 1024 * 1024
MAX_HEADER_BLOCK_BYTES = 128 * 1024
MAX_HEADER_BYTES = 64 * 1024
MAX_PARAMETERS = 20_000  # all ";" of all MIME headers; one costs the parser microseconds
MAX_DASH_LINES = 2_000
MAX_NESTING = 100
MAX_LINES = 600_000  # 25 MB of base64 has 350,000
MAX_LINES_TIMES_NESTING = 6_000_000  # the parser compares each line with each open boundary
MAX_TEXT_CHARS = 200_000
MAX_HTML_BYTES = 200_000

_HEADER_END = re.compile(rb"\r?\n\r?\n|\r\r(?!\n)")
_CONTAINER = re.compile(
    rb"^content-type[ \t]*:[ \t\r\n]*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE
)
_MIME_HEADER = re.compile(
    rb"^content-[a-z-]{1,40}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE
)
_HEADER_START = re.compile(rb"\r\n(?![ \t])|\n(?![ \t])|\r(?![\n \t])")


def header_block(raw: bytes) -> bytes:
    """The bytes before the first empty line, at most MAX_HEADER_BLOCK_BYTES + 1 of them."""
    window = raw[: MAX_HEADER_BLOCK_BYTES + 4]
    end = _HEADER_END.search(window)
    return window[: end.start()] if end else window[: MAX_HEADER_BLOCK_BYTES + 1]


def exceeded(raw: bytes) -> tuple[str, ...]:
    """Every bound that `raw` breaks, in words; empty when it is safe to parse."""
    if len(raw) > MAX_MESSAGE_BYTES:
        return (f"larger than {MAX_MESSAGE_BYTES // 2**20} MB",)
    if raw.count(b"\r") != raw.count(b"\r\n"):  # the parser ends lines at a lone CR too
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return tuple(problem for check in _CHECKS if (problem := check(raw)))


def _header_problem(raw: bytes) -> str:
    block = header_block(raw)
    if len(block) > MAX_HEADER_BLOCK_BYTES:
        return f"headers larger than {MAX_HEADER_BLOCK_BYTES // 1024} KB"
    if len(block) > MAX_HEADER_BYTES and _longest(_HEADER_START.split(block)) > MAX_HEADER_BYTES:
        return f"one header larger than {MAX_HEADER_BYTES // 1024} KB"
    return ""


def _part_header_problem(raw: bytes) -> str:
    if len(raw) <= MAX_HEADER_BYTES:
        return ""
    found = _MIME_HEADER.findall(raw)
    if _longest(found) > MAX_HEADER_BYTES:
        return f"one header of a part larger than {MAX_HEADER_BYTES // 1024} KB"
    if sum(header.count(b";") for header in found) > MAX_PARAMETERS:
        return f"more than {MAX_PARAMETERS:,} parameters in the headers of its parts"
    return ""


def _dash_problem(raw: bytes) -> str:
    if raw.count(b"\n--") > MAX_DASH_LINES:
        return f"more than {MAX_DASH_LINES:,} lines that look like part boundaries"
    return ""


def _nesting_problem(raw: bytes) -> str:
    depth = sum(1 for _ in _CONTAINER.finditer(raw))
    if depth > MAX_NESTING:
        return f"more than {MAX_NESTING} parts inside one another"
    lines = raw.count(b"\n")
    if lines > MAX_LINES or lines * depth > MAX_LINES_TIMES_NESTING:
        return f"too many lines ({lines:,}, in {depth} nested parts)"
    return ""


def _longest(pieces: list[bytes]) -> int:
    return max(map(len, pieces), default=0)


_CHECKS = (_header_problem, _part_header_problem, _dash_problem, _nesting_problem)
