"""Who stays connected and who takes turns, under limits by account and by server."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.sources.seats import Allowed, Turns, Wanted, seats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.sources.seats import Seat


def allowed(wanted: Sequence[Wanted], *, account: int = 10, host: int = 100) -> Allowed:
    return Allowed(
        per_account={one.account: account for one in wanted if one.host},
        per_host={one.host: host for one in wanted if one.host},
        logins={one.host: 2 for one in wanted if one.host},
        beside={},
    )


def folders(*accounts: tuple[str, str, int]) -> list[Wanted]:
    return [Wanted(account=a, host=h) for a, h, number in accounts for _ in range(number)]


def staying(found: Sequence[Seat]) -> int:
    return sum(seat.stays for seat in found)


def test_all_stay_connected_where_the_connections_suffice() -> None:
    wanted = folders(("a", "one", 10), ("b", "one", 10), ("c", "two", 1))
    assert all(seat.stays for seat in seats(wanted, allowed(wanted, host=20)))


def test_folders_beyond_what_an_account_allows_share_a_quarter_of_it() -> None:
    wanted = folders(("a", "one", 30), ("b", "one", 3))
    found = seats(wanted, allowed(wanted, account=12))
    assert [staying(found[:30]), staying(found[30:])] == [9, 3]
    assert [seat.stays for seat in found[:9]] == [True] * 9


def test_a_single_connection_goes_round() -> None:
    wanted = folders(("a", "one", 3))
    assert staying(seats(wanted, allowed(wanted, account=1))) == 0


def test_a_connection_that_something_else_holds_is_not_given_twice() -> None:
    wanted = folders(("a", "one", 10))
    bounds = Allowed(per_account={"a": 10}, per_host={"one": 99}, logins={"one": 1},
                     beside={"a": 1})  # fmt: skip
    assert staying(seats(wanted, bounds)) == 7


def test_mail_on_this_machine_has_no_limit() -> None:
    wanted = [Wanted(account="disk", host="")] * 3
    assert all(seat.stays and seat.logins is None for seat in seats(wanted, allowed(wanted)))


@given(
    numbers=st.lists(st.integers(1, 12), min_size=1, max_size=8),
    account=st.integers(1, 9),
    host=st.integers(1, 30),
)
def test_no_limit_is_ever_passed_and_everybody_gets_a_turn(
    numbers: list[int], account: int, host: int
) -> None:
    wanted = folders(*((f"a{n}", f"h{n % 2}", number) for n, number in enumerate(numbers)))
    found = seats(wanted, allowed(wanted, account=account, host=host))
    open_now: Counter[str] = Counter()
    with ExitStack() as held:
        for one, seat in zip(wanted, found, strict=True):
            if all(_free(turns) for turns in seat.shared):
                assert held.enter_context(seat.taken(lambda: True))
                open_now.update([f"account {one.account}", f"host {one.host}"])
    for name, number in open_now.items():
        assert number <= (account if name.startswith("account") else max(host, 1))
    for name in {one.host for one in wanted}:
        assert open_now[f"host {name}"] >= 1


def _free(turns: Turns) -> bool:
    free = turns._free.acquire(blocking=False)
    if free:
        turns._free.release()
    return free


def test_whoever_waits_for_a_turn_gets_it_when_another_goes() -> None:
    turns, order = Turns(1), []

    def second() -> None:
        with turns.taken(lambda: True) as ours:
            order.append(("second", ours))

    with turns.taken(lambda: True):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.05)
        order.append(("first leaves", True))
    waiting.join(5)
    assert order == [("first leaves", True), ("second", True)]


def test_whoever_is_told_to_stop_waits_for_no_turn() -> None:
    turns = Turns(1)
    with turns.taken(lambda: True), turns.taken(lambda: False) as ours:
        assert not ours
    with turns.taken(lambda: True) as again:
        assert again


def test_a_turn_is_given_back_after_trouble() -> None:
    turns = Turns(1)
    with pytest.raises(OSError, match="gone"), turns.taken(lambda: True):
        raise OSError("gone")
    with turns.taken(lambda: True) as ours:
        assert ours
