"""How messages are put together for one answer, and which are asked for alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.config import Limits
from triage.sources.imap_connection import copied_uids
from triage.sources.imap_fetch import Head, Suspects, batches

LIMITS = Limits(batch_messages=3, batch_bytes=100)


def heads(*sizes: int | None) -> dict[int, Head]:
    return {uid: Head(size=size, received_at=None) for uid, size in enumerate(sizes, start=1)}


def split(*sizes: int | None) -> list[list[int]]:
    return batches(range(1, len(sizes) + 1), heads(*sizes), LIMITS)


def test_a_batch_ends_at_its_count() -> None:
    assert split(1, 1, 1, 1) == [[1, 2, 3], [4]]


def test_a_batch_ends_at_its_bytes() -> None:
    assert split(60, 40, 1) == [[1, 2], [3]]


def test_a_message_over_the_bytes_of_a_batch_stands_alone() -> None:
    assert split(1, 500, 1) == [[1], [2], [3]]


def test_a_message_of_unknown_size_stands_alone() -> None:
    assert split(1, None, 1) == [[1], [2], [3]]
    assert batches([7, 8], {}, LIMITS) == [[7], [8]]


@given(st.lists(st.none() | st.integers(0, 300)))
def test_batches_keep_every_message_once_in_order_and_stay_in_bounds(
    sizes: list[int | None],
) -> None:
    known = heads(*sizes)
    runs = batches(list(known), known, LIMITS)
    assert [uid for run in runs for uid in run] == list(known)
    for run in runs:
        assert len(run) <= 3
        total = sum(known[uid].size or 0 for uid in run)
        assert len(run) == 1 or total <= 100


def test_a_message_is_given_up_only_after_it_broke_five_connections() -> None:
    suspects = Suspects()
    for _ in range(4):
        suspects.blame([1, 2])
    assert 1 in suspects
    assert not suspects.hopeless(1)
    suspects.clear([2])
    suspects.blame([1])
    assert suspects.hopeless(1)
    assert 2 not in suspects
    suspects.clear()
    assert 1 not in suspects


@pytest.mark.parametrize(
    ("words", "uids"),
    [
        (b"38505 304,319:320 3956:3958", [304, 319, 320]),
        (b"1 7 9", [7]),
        (b"1", []),
    ],
)
def test_the_copied_messages_are_read_from_the_servers_answer(
    words: bytes, uids: list[int]
) -> None:
    assert copied_uids(words) == uids
