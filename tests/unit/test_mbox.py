"""The mbox reader: nothing lost, nothing invented, whatever stands in the text."""

from __future__ import annotations

import io
import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.sources import mbox

SEPARATOR = b"From a@example.org Mon May  4 12:00:00 2020 +0000\n"

bodies = st.lists(
    st.sampled_from(
        [b"", b"From here", b">From there", b"text", b"From ", b"Status: RO", b"a: b", b"\xff\x00"]
    ),
    min_size=1,
    max_size=8,
).map(lambda lines: b"\n".join(lines) + b"\n")


def stored(message: bytes) -> bytes:
    """A message as an mboxrd writer puts it into the file."""
    return SEPARATOR + re.sub(rb"^(>*From )", rb">\1", message, flags=re.MULTILINE) + b"\n"


@given(st.lists(bodies, max_size=4))
def test_what_was_written_comes_back_byte_for_byte(messages: list[bytes]) -> None:
    data = b"".join(map(stored, messages))
    spans = list(mbox.spans(io.BytesIO(data)))
    found = [mbox.content(data[span.start : span.end]) for span in spans]
    assert found == messages
    assert [span.digest for span in spans] == [mbox.digest(m) for m in messages]


@given(st.binary(max_size=300))
def test_any_bytes_are_taken_without_an_error(data: bytes) -> None:
    for span in mbox.spans(io.BytesIO(data)):
        content = mbox.content(data[span.start : span.end])
        assert mbox.digest(content) == span.digest


def test_a_file_of_blank_lines_is_read_in_linear_time() -> None:
    data = SEPARATOR + b"\n" * 2_000_000
    start = time.monotonic()
    assert len(list(mbox.spans(io.BytesIO(data)))) == 1
    assert time.monotonic() - start < 10


def test_a_line_longer_than_a_piece_does_not_hide_or_invent_a_message() -> None:
    long = b"x" * 3_000_000 + b"\n"
    data = stored(b"a: b\n\n" + long + b"\n" + b"y\n") + stored(b"c: d\n")
    spans = list(mbox.spans(io.BytesIO(data)))
    assert len(spans) == 2
    assert mbox.digest(mbox.content(data[spans[0].start : spans[0].end])) == spans[0].digest


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"From a@b Mon May  4 12:00:00 2020 +0200", datetime(2020, 5, 4, 10, tzinfo=UTC)),
        (b"From 123@xxx Mon May 04 12:00:00 +0000 2020", datetime(2020, 5, 4, 12, tzinfo=UTC)),
        (b"From a@b Mon May  4 12:00:00 UTC 2020", datetime(2020, 5, 4, 12, tzinfo=UTC)),
        (b"From a@b Mon May  4 12:00 2020 -0100", datetime(2020, 5, 4, 13, tzinfo=UTC)),
        (b"From a@b Mon May 44 12:00:00 2020 +0000", None),
        (b"From a@b Mon Foo  4 12:00:00 2020 +0000", None),
        (b"From a@b Mon May  4 12:00:00 2020 +9999", datetime(2020, 5, 4, 12, tzinfo=UTC)),
        (b"From ", None),
    ],
)
def test_the_date_of_a_separator_is_read_in_the_shapes_in_use(
    line: bytes, expected: datetime | None
) -> None:
    found = mbox.separator_date(line)
    if line.endswith(b"+9999"):  # a zone that does not exist counts as none
        assert found is not None
        assert found >= datetime(2020, 5, 4, 12, tzinfo=UTC)
    else:
        assert found == expected


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_date_without_zone_is_never_taken_for_too_early(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        naive = datetime(2020, 5, 4, 12)  # noqa: DTZ001  # the writer's local time is the point
        found = mbox.separator_date(b"From a@b Mon May  4 12:00:00 2020")
        assert found is not None
        assert found >= naive.replace(tzinfo=UTC)
        assert found >= naive.astimezone(UTC)
    finally:
        monkeypatch.undo()
        time.tzset()
