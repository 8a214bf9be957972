"""A store of any earlier version: nothing in it is lost by the upgrade, and the product goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.old_stores import (
    BEN,
    MARSHALL,
    contents,
    cut_down,
    make_today,
    reply_to_brief,
    versions,
)
from tests.steps import Bench, make_bench
from triage.store import cases, labels, outbox
from triage.store.files import damage_of, version_of
from triage.store.tables import HEAD, metadata


@dataclass(frozen=True)
class Today:
    """Today's store as a file, and the moment at which it was left."""

    path: Path
    now: float


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Today:
    folder = tmp_path_factory.mktemp("today")
    bench = make_today(folder)
    bench.store.tidy()
    bench.store.close()
    return Today(path=folder / "triage.db", now=bench.clock.now)


def frozen(bench: Bench, state: str) -> dict[str, bytes]:
    """The bytes of the briefs in a state, by Message-ID."""
    with bench.store.read() as tx:
        rows = [row for row in outbox.unfinished(tx) if row.state == state]
        return {row.rfc_id: outbox.notice(tx, row.id).content for row in rows}


def test_today_fills_every_table(today: Today) -> None:
    with closing(sqlite3.connect(today.path)) as store:
        empty = [
            table.name
            for table in metadata.sorted_tables
            if not store.execute(f'select 1 from "{table.name}" limit 1').fetchone()
        ]
    assert empty == []


def test_the_versions_are_all_there_are() -> None:
    assert versions()[0] == "0001"
    assert versions()[-1] == HEAD
    assert len(versions()) == int(HEAD)


@pytest.mark.parametrize("version", versions())
def test_a_store_of_any_version_loses_nothing_and_goes_on(
    version: str, today: Today, tmp_path: Path
) -> None:
    path = tmp_path / "triage.db"
    copied = cut_down(today.path, path, version)
    assert version_of(path) == version
    before = contents(path, copied)
    assert all(before.values())

    bench = make_bench(tmp_path)
    bench.clock.now, bench.uid = today.now + 1, 100  # after all mails that there are
    assert version_of(path) == HEAD
    assert contents(path, copied) == before
    assert damage_of(path) == ""

    queued = frozen(bench, "queued")
    assert len(queued) >= 2
    [outcome] = bench.decide()  # the mail that was waiting
    assert outcome.action == "escalated"
    bench.sender.send_due()
    sent = {notice.message_id: notice.content for notice in bench.channel.delivered}
    assert queued.items() <= sent.items()

    with bench.store.read() as tx:
        assert labels.in_force(tx, 3) == ("upsell",)
        assert {case.id for case in cases.unresolved(tx)} >= {1, 2}
        assert cases.get(tx, 1).status == "acknowledged"
    bench.clock.now += 90
    bench.follow_up.run_due(bench.clock())
    reminded = {(to, occasion) for to, occasion in bench.queued() if occasion == "reminder"}
    assert (BEN, "reminder") in reminded
    reply_to_brief(bench, MARSHALL, 2, "ok")
    with bench.store.read() as tx:
        assert cases.get(tx, 2).acknowledged_by == MARSHALL
    bench.store.close()
