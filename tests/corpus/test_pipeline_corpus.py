"""Hard mail through the whole pipeline: every message ends in one durable outcome."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

import pytest

from classifiers import registry
from tests.corpus import scoring
from tests.steps import POLICY, Bench, make_bench
from triage.messages import OUTCOMES
from triage.resources import resource
from triage.store import inbox, outbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not scoring.CORPUS.is_dir(), reason=f"{scoring.CORPUS} is not there"),
]


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The corpus, received and decided with the shipped model."""
    bench = make_bench(tmp_path_factory.mktemp("corpus"))
    classifier = registry.load(resource("models"))
    bench = replace(bench, decider=replace(bench.decider, classifier=classifier))
    for path in files():
        bench.receive("", content=path.read_bytes())
    while bench.decide():
        pass
    return bench


def files() -> list[Path]:
    return sorted(p for p in (scoring.CORPUS / "messages").rglob("*") if p.is_file())


def test_every_message_ends_in_one_outcome(decided: Bench) -> None:
    with decided.store.read() as tx:
        found = inbox.outcomes(tx)
        stumbled = [m.id for m in inbox.latest(tx, 9999) if m.error]
    assert sum(found.values()) == len(files()) == 2593
    assert set(found) <= set(OUTCOMES)
    assert stumbled == []


def test_every_escalation_has_a_brief_for_somebody_in_the_policy(decided: Bench) -> None:
    people = {person.address for person in POLICY.people.values()}
    with decided.store.read() as tx:
        wanted = [m for m in inbox.latest(tx, 9999) if m.action in {"escalated", "unreadable"}]
        rows = outbox.unfinished(tx, 9999)
    assert wanted
    assert {row.message_id for row in rows} == {mail.id for mail in wanted}
    assert {row.recipient for row in rows} <= people


def test_every_brief_carries_its_original_unchanged(decided: Bench) -> None:
    with decided.store.read() as tx:
        for row in outbox.unfinished(tx, 9999):
            notice = outbox.notice(tx, row.id)
            original = inbox.load(tx, row.message_id).raw.content
            message = message_from_bytes(notice.content, policy=policy.default)
            attached = [
                p for p in message.iter_attachments() if "original" in str(p.get_filename())
            ]
            crlf = original.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            carried = original in notice.content or crlf in notice.content
            assert carried or any(p.get_content() == original for p in attached), row.message_id
