"""The list of cases: what presses first, narrowed and searched, page by page without a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, update

from tests.factories import make_raw, make_ref
from tests.steps import POLICY, make_bench
from tests.stores import open_store
from triage.messages import Urgency
from triage.store import case_list, cases, inbox, issues, search, timers
from triage.store.case_list import State, Wanted
from triage.store.case_places import place
from triage.store.tables import cases as rows
from triage.store.tables import messages

if TYPE_CHECKING:
    from pathlib import Path

    from triage.store.engine import Store

NOW = 1_000_000.0
BEN, NORA = POLICY.people["ben"], POLICY.people["nora"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def add(
    store: Store,
    *,
    due_at: float | None = None,
    status: str = "open",
    words: str = "",
    **changes: object,
) -> int:
    """A case with a mail; `words` are what a search finds."""
    given: dict[str, object] = {
        "tags": ["blocker"],
        "urgency": Urgency.NORMAL,
        "client": "dana@client.example",
        "subject": words,
        "subject_key": "portal",
        "recipients": ["ben"],
        "now": NOW - 5000,
    }
    with store.write() as tx:
        case = cases.begin(tx, **{**given, **changes})  # type: ignore[arg-type]
        number = inbox.receive(tx, make_raw(ref=make_ref(uid=case.id)), NOW)
        assert number is not None
        tx.execute(update(messages).where(messages.c.id == number).values(case_id=case.id))
        if due_at is not None:
            put_timer(tx, case.id, "remind", due_at)
        if status == "acknowledged":
            cases.acknowledge(tx, case.id, "nora@firm.example", NOW - 10)
            cases.take(tx, case.id, "nora@firm.example")
        if status == "resolved":
            cases.resolve(tx, case.id, "", NOW - 10)
        search.refresh(tx, [case.id])
    return case.id


def put_timer(tx: object, case_id: int, kind: str, due_at: float, **changes: object) -> None:
    given: dict[str, object] = {
        "case_id": case_id,
        "message_id": case_id,
        "kind": kind,
        "due_at": due_at,
        "began_at": NOW - 5000,
    }
    timers.put(tx, **{**given, **changes})  # type: ignore[arg-type]


def ids(store: Store, now: float = NOW, **wanted: Any) -> list[int]:
    with store.read() as tx:
        found = case_list.page(tx, Wanted(**wanted), now)
    return [line.case.id for line in found.lines]


def test_what_is_overdue_comes_first_then_what_waits_then_what_is_taken_up(store: Store) -> None:
    taken = add(store, status="acknowledged", urgency=Urgency.URGENT)
    waits = add(store, due_at=NOW + 50)
    urgent = add(store, due_at=NOW + 50, urgency=Urgency.HIGH)
    overdue = add(store, due_at=NOW - 50, urgency=Urgency.LOW)
    closed = add(store, status="resolved")
    assert ids(store) == [overdue, urgent, waits, taken]
    assert ids(store, state=State.ALL) == [overdue, urgent, waits, taken, closed]


def test_among_the_equally_pressing_the_readers_own_come_first(store: Store) -> None:
    other = add(store, recipients=["marshall"])
    own = add(store, recipients=["nora"])
    assert ids(store) == [other, own]
    assert ids(store, first=NORA) == [own, other]


def test_a_case_is_overdue_by_the_end_of_its_window_not_by_the_reminder(store: Store) -> None:
    number = add(store, due_at=NOW - 50)
    with store.write() as tx:
        put_timer(tx, number, "level", NOW + 50)
    assert ids(store, state=State.OVERDUE) == []
    assert ids(store, NOW + 60, state=State.OVERDUE) == [number]
    with store.write() as tx:  # the window was worked out anew, by another policy
        [late] = [timer for timer in timers.waiting(tx, number) if timer.kind == "level"]
        timers.finish(tx, late.id, NOW)
        timers.put_again(tx, late, due_at=NOW + 500)
    assert ids(store, NOW + 60, state=State.OVERDUE) == []


def test_who_has_taken_it_up_is_overdue_no_more_until_something_new_comes(store: Store) -> None:
    number = add(store, due_at=NOW - 50)
    with store.write() as tx:
        cases.acknowledge(tx, number, "ben@firm.example", NOW)
        changed = {"tags": ["blocker"], "urgency": Urgency.HIGH, "recipients": ["ben"]}
        assert ids(store, state=State.OVERDUE) == [number]  # not committed yet
    assert ids(store, state=State.OVERDUE) == []
    with store.write() as tx:
        cases.extend(tx, number, **changed, now=NOW + 1)  # type: ignore[arg-type]
        put_timer(tx, number, "remind", NOW + 100, began_at=NOW + 1)
    assert ids(store, NOW + 50, state=State.OVERDUE) == []
    assert ids(store, NOW + 100, state=State.OVERDUE) == [number]


NARROWED: list[tuple[dict[str, Any], set[int]]] = [
    ({}, {1, 2, 3}),
    ({"state": State.WAITING}, {1, 2}),
    ({"state": State.ACKNOWLEDGED}, {3}),
    ({"state": State.RESOLVED}, {4}),
    ({"state": State.ALL}, {1, 2, 3, 4}),
    ({"tag": "upsell"}, {2}),
    ({"tag": "up"}, set()),
    ({"kind": "delay"}, {1}),
    ({"client": "Eve@"}, {2}),
    ({"client": "client.example"}, {1, 2, 3}),
    ({"client": "%"}, set()),
    ({"person": NORA}, {2, 3}),
    ({"waits_for": NORA}, {2, 3}),
    ({"waits_for": BEN}, {1}),
    ({"since": NOW - 100}, {2}),
    ({"until": NOW - 100}, {1, 3}),
    ({"words": "wombat"}, {1}),
    ({"words": "wombat", "state": State.ALL}, {1, 4}),
    ({"words": "wombat quokka"}, set()),
    ({"words": "..."}, {1, 2, 3}),
    ({"words": "nora", "people": [BEN, NORA]}, {2, 3}),
    ({"words": "nora@firm.example", "people": [BEN, NORA]}, {2, 3}),
    ({"words": "ben wombat", "people": [BEN, NORA]}, {1}),
    ({"only": NORA}, {2}),
    ({"hidden": [1, 3]}, {2}),
]


def test_the_list_is_narrowed(store: Store) -> None:
    add(store, words="the wombat")
    add(
        store,
        tags=["upsell"],
        client="eve@client.example",
        recipients=["nora"],
        words="quokka",
        now=NOW - 50,
    )
    add(store, status="acknowledged")
    add(store, status="resolved", words="wombat too")
    with store.write() as tx:
        issues.put(tx, 1, issues.Issue(tag="blocker", kind="delay"), how="test", now=NOW)
        issues.put(tx, 3, issues.Issue(tag="blocker", kind="delay"), how="test", now=NOW)
        issues.put(tx, 3, issues.Issue(tag="blocker", kind=""), how="test", now=NOW)
    wrong = {
        str(wanted): ids(store, **wanted)
        for wanted, expected in NARROWED
        if set(ids(store, **wanted)) != expected
    }
    assert wrong == {}


def test_pages_follow_one_another_without_a_gap_whatever_happens_between(store: Store) -> None:
    for number in range(12):
        status = ("open", "acknowledged", "resolved")[number % 3]
        due_at = NOW + 20 if number % 2 else None
        add(store, status=status, due_at=due_at, now=NOW - number % 4)
    everything = ids(store, state=State.ALL)
    assert len(everything) == 12
    seen: list[int] = []
    following, now = None, NOW
    with store.read() as tx:
        while True:
            found = case_list.page(tx, Wanted(state=State.ALL), now, after=following, limit=2)
            seen += [line.case.id for line in found.lines]
            if found.following is None:
                break
            following, now = place(str(found.following)), now + 30  # some fall due meanwhile
            assert following == found.following
    assert seen == everything


@pytest.mark.parametrize("text", ["", "x", "1~2", "nan~1~2", "1~inf~2", "1~2~3~4", "1" * 9000])
def test_a_place_that_is_none_begins_the_list_anew(text: str) -> None:
    assert place(text) is None


def test_counts_are_of_what_the_reader_may_see(store: Store) -> None:
    add(store, due_at=NOW - 1, recipients=["nora"])
    kept = add(store)
    add(store, status="acknowledged")
    add(store, status="resolved")
    with store.read() as tx:
        whole = case_list.counts(tx, Wanted(first=NORA), NOW)
        part = case_list.counts(tx, Wanted(hidden=[kept], words="nothing"), NOW)
    assert whole == case_list.Counts(current=3, waiting=2, overdue=1, mine=2)
    assert part == case_list.Counts(current=2, waiting=1, overdue=1, mine=0)


def test_a_line_says_kinds_and_number_of_mails_and_merged_cases_are_left_out(store: Store) -> None:
    number = add(store, due_at=NOW - 1)
    merged = add(store)
    with store.write() as tx:
        issues.put(tx, number, issues.Issue(tag="blocker", kind="delay"), how="test", now=NOW)
        tx.execute(update(rows).where(rows.c.id == merged).values(merged_into=number))
        again = {"account": "a", "folder": "f", "uid_validity": 1, "uid": 1, "sha256": ""}
        again |= {"size": 0, "complete": True, "problem": "", "received_at": 0, "stored_at": 0}
        tx.execute(insert(messages).values(**again, state="decided", case_id=number))
    with store.read() as tx:
        [line] = case_list.page(tx, Wanted(state=State.ALL), NOW).lines
    assert (line.kinds, line.mails, line.overdue) == ({"blocker": "delay"}, 2, True)


def test_the_deciding_step_makes_cases_that_the_list_shows_in_order(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    late = bench.judge("We are stuck.").case_id
    bench.clock.now += 61
    fresh = bench.judge("We are stuck with the other thing.", subject="Other").case_id
    assert ids(bench.store, bench.clock(), state=State.OVERDUE) == [late]
    assert ids(bench.store, bench.clock()) == [late, fresh]
