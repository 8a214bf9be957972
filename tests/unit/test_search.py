"""A search finds a case by any of its words, and nothing of what was deleted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from tests.steps import FIRM, POLICY, make_bench
from triage.pipeline.again import Rewriter
from triage.pipeline.corrections import Corrector
from triage.pipeline.labelling import Labeller
from triage.runners.searching import SearchReader, reading
from triage.store import cases, retention, search
from triage.store.engine import Store
from triage.store.search_index import MOST_CHUNKS, cases_with, chunks
from triage.store.tables import case_words
from triage.store.uniting import unite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.steps import Bench

STUCK = "We are stuck since the staging key expired."


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store.open(tmp_path_factory.mktemp("search") / "triage.db")
    yield store
    store.close()


def find(bench: Bench, typed: str) -> set[int]:
    with bench.store.read() as tx:
        return set(tx.execute(cases_with(tx, chunks(typed))).scalars())


def open_case(bench: Bench, text: str = STUCK, **more: object) -> int:
    case_id = bench.judge(text, **more).case_id
    assert case_id is not None
    return case_id


FOUND = (
    "staging",
    "STAG",
    "key staging",
    '"staging key"',
    "Müller",
    "muller",
    "Mu\u0308ller",
    "dana@client.example",
    "client.example",
    "portal",
)
NOT_FOUND = ("staging other", '"key staging"', "taging", "eve@client")


def test_a_case_is_found_by_text_subject_client_and_people(bench: Bench) -> None:
    case_id = open_case(bench, sender="Dana Müller <dana@client.example>")
    assert [typed for typed in FOUND if find(bench, typed) != {case_id}] == []


def test_every_word_must_stand_there_and_in_order_where_quoted(bench: Bench) -> None:
    open_case(bench)
    assert [typed for typed in NOT_FOUND if find(bench, typed)] == []


def test_words_of_a_further_mail_count_from_its_decision_on(bench: Bench) -> None:
    case_id = open_case(bench)
    headers = "In-Reply-To: <m1@client.example>\r\n"
    bench.judge("Thanks, the wombat arrived.", subject="Re: Portal", headers=headers)
    assert find(bench, "wombat staging") == {case_id}


def test_what_a_case_was_merged_into_is_found_by_the_words_of_both(bench: Bench) -> None:
    first = open_case(bench)
    second = open_case(bench, "We are stuck with the quokka.", subject="Other")
    with bench.store.write() as tx:
        assert unite(tx, first, second, by="ben", now=bench.clock())
    assert find(bench, "quokka staging") == {first}
    assert find(bench, "quokka") == {first}


def test_a_label_that_opens_a_case_makes_it_found_until_it_is_taken_back(bench: Bench) -> None:
    bench.judge("A plain wombat.", subject="Other")
    rewriter = Rewriter(policy=POLICY, writer=bench.decider.writer)
    corrector = Corrector(policy=POLICY, rewriter=rewriter)
    labeller = Labeller(policy=POLICY, firm=FIRM, rewriter=rewriter, corrector=corrector)
    now = bench.clock()
    with bench.store.write() as tx:
        effect = labeller.label(tx, 1, ["blocker"], by="b", how="test", who="Ben", now=now)
    assert find(bench, "wombat") == {effect.case_id}
    with bench.store.write() as tx:
        labeller.take_back(tx, effect, by="b", now=now)
    assert find(bench, "wombat") == set()


@pytest.mark.sqlite
def test_forgotten_words_leave_search_and_disk_and_other_cases_stay(
    bench: Bench, tmp_path: Path
) -> None:
    gone = open_case(bench, "We are stuck with zyzzyva things.", sender="Zyx <z@zyx.example>")
    stays = open_case(bench, subject="Other", sender="Eve <eve@other.example>")
    bench.sender.send_due()
    with bench.store.write() as tx:
        cases.resolve(tx, gone, "", bench.clock())
        retention.forget(tx, "z@zyx.example")
    assert find(bench, "zyzzyva") == set()
    assert find(bench, "zyx") == set()
    assert find(bench, "staging") == {stays}
    bench.store.tidy()
    left = b"".join(path.read_bytes() for path in tmp_path.glob("triage.db*"))
    assert b"zyzzyva" not in left
    assert b"zyx" not in left


def test_cases_from_before_there_was_a_search_are_read_on_first_use(bench: Bench) -> None:
    case_id = open_case(bench)
    with bench.store.write() as tx:
        tx.execute(delete(case_words))
        assert search.unread(tx) == 1
    assert find(bench, "staging") == set()
    reader = SearchReader(store=bench.store)
    reader.look(0.0)
    assert not reader.done
    reader.look(0.0)
    assert reader.done
    assert find(bench, "staging") == {case_id}


def test_they_are_read_in_the_background_while_the_page_is_served(bench: Bench) -> None:
    case_id = open_case(bench)
    with bench.store.write() as tx:
        tx.execute(delete(case_words))
    with reading(bench.store):
        deadline = time.monotonic() + 10
        while find(bench, "staging") != {case_id}:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_further_mail_of_an_unread_case_brings_the_earlier_ones_too(bench: Bench) -> None:
    case_id = open_case(bench)
    with bench.store.write() as tx:
        tx.execute(delete(case_words))
    headers = "In-Reply-To: <m1@client.example>\r\n"
    bench.judge("Thanks, the wombat arrived.", subject="Re: Portal", headers=headers)
    assert find(bench, "wombat staging") == {case_id}


HOSTILE = [
    '"',
    '""""',
    "a*b",
    "NEAR(a b)",
    "subject:x",
    "a AND",
    "OR",
    "NOT NOT",
    "^a",
    "-a +b",
    "{subject body}: a",
    "') OR 1=1 --",
    "a\0b",
    "\ud800",
    "*",
    "()",
    "'' : & | ! <->",
    "💥",
    "x" * 5000,
    "a " * 5000,
]


def test_nothing_that_is_typed_is_query_syntax(bench: Bench) -> None:
    with bench.store.read() as tx:
        for wanted in filter(None, map(chunks, HOSTILE)):
            assert len(wanted) <= MOST_CHUNKS
            assert tx.execute(cases_with(tx, wanted)).scalars().all() == []


@settings(max_examples=150, deadline=None)
@given(st.text())
def test_no_text_at_all_is_a_mistake(empty: Store, typed: str) -> None:
    wanted = chunks(typed)
    if wanted:
        with empty.read() as tx:
            tx.execute(cases_with(tx, wanted)).all()
