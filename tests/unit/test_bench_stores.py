"""Parts of the larger benchmarks, with small sizes: a wrong figure is worse than none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench import classifying, size
from bench.mailboxes import Result as Mailboxes
from bench.mailboxes import Size as Boxes
from triage.app import open_store
from triage.store import cases, inbox

if TYPE_CHECKING:
    from pathlib import Path


def test_a_filled_store_holds_what_a_store_of_that_size_would(tmp_path: Path) -> None:
    path = tmp_path / "triage.db"
    store = open_store(path)
    size.fill(path, 500)
    with store.read() as tx:
        assert sum(inbox.outcomes(tx).values()) == 500
        assert inbox.outcomes(tx)["escalated"] == 50
        assert len(cases.unresolved(tx)) == 50
        assert inbox.load(tx, 7).raw.content.startswith(b"Received:")
    store.close()


def test_the_cost_of_a_mail_is_measured_in_each_size() -> None:
    found = size.measure((20, 200), new=4)
    assert [each.mails for each in found.sizes] == [20, 200]
    assert all(each.cpu_ms > 0 for each in found.sizes)
    assert found.growth == found.sizes[1].cpu_ms / found.sizes[0].cpu_ms
    assert found.as_svg().startswith("<svg")


def test_rows_on_which_readers_disagree_are_left_out(tmp_path: Path) -> None:
    row = {"subject": "s", "body": "b", "tags": ["blocker"], "from_role": "client"}
    rows = [row | {"agree": True}, row | {"agree": False}, row | {"tags": []}]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    assert [mail.tagged for mail in classifying._rows(file)] == [True, False]


def test_a_table_of_mailboxes_tells_the_slowest_mail() -> None:
    one = Boxes(mailboxes=2, ready_s=1, rss_mib=200, peak_mib=300, threads=9, idle_cpu_s=0.1,
                decided_s=(0.6, 0.7, 2.0))  # fmt: skip
    text = Mailboxes(sizes=(one,), load=0.5).as_text()
    assert text.splitlines()[3].split()[-3:] == ["0.70", "2.00", "2.00"]
