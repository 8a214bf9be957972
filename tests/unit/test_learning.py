from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.steps import FIRM, Bench, make_bench
from triage.learning import labelled_mails
from triage.store import labels

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def label(bench: Bench, message_id: int, *tags: str) -> None:
    with bench.store.write() as tx:
        labels.put(tx, message_id, tags=tags, previous=(), by="ben", how="command", now=1.0)


def test_the_newest_label_of_each_mail_is_learnt_with_the_mails_own_words(bench: Bench) -> None:
    bench.judge("Thanks for the quote.")
    bench.judge("We are stuck.\r\n\r\n> old words", sender="Nora <nora@firm.example>")
    label(bench, 1, "upsell")
    label(bench, 1)
    label(bench, 2, "blocker")
    first, second = labelled_mails(bench.store, FIRM)
    assert (first.tags, first.document.text) == ((), "Thanks for the quote.")
    assert (second.tags, second.document.from_role) == (("blocker",), "staff")


def test_mails_of_one_thread_stay_together(bench: Bench) -> None:
    bench.judge("We are stuck.", message_id="<a@client.example>")
    bench.judge("Still stuck.", headers="References: <a@client.example>\r\n")
    bench.judge("Another thing.")
    for message_id in (1, 2, 3):
        label(bench, message_id)
    groups = [each.group for each in labelled_mails(bench.store, FIRM)]
    assert groups[0] == groups[1] != groups[2]
