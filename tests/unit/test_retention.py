"""Old words go and counts stay; a person's mail goes altogether; nothing at work is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import JSON, LargeBinary, String, Text, func, select

from tests.steps import make_bench
from triage.config import Retention
from triage.errors import NotFoundError
from triage.runners.retention import Purger
from triage.store import cases, inbox, labels, outbox, retention
from triage.store.tables import examples, metadata, raw_messages, verdicts

if TYPE_CHECKING:
    from pathlib import Path

    from tests.steps import Bench

DAY_S = 86400.0
STUCK = "We are stuck since the CANARY broke."


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def escalate(bench: Bench, text: str = STUCK, **more: object) -> int:
    """A mail that became a case, its briefs sent; the case's number."""
    outcome = bench.judge(text, **more)
    assert outcome.case_id is not None
    bench.sender.send_due()
    return outcome.case_id


def close(bench: Bench, case_id: int) -> None:
    with bench.store.write() as tx:
        cases.resolve(tx, case_id, "credit agreed", bench.clock.now)


def purge(bench: Bench, days: int = 30, *, labelled_too: bool = False) -> None:
    settings = Retention(text_days=days, labelled_too=labelled_too)
    purger = Purger(store=bench.store, settings=settings)
    for _ in range(3):
        purger.look(bench.clock.now)


def texts(bench: Bench) -> int:
    with bench.store.read() as tx:
        number: int = tx.execute(select(func.count()).select_from(raw_messages)).scalar_one()
        return number


def on_disk(bench: Bench, folder: Path) -> bytes:
    bench.store.tidy()
    return b"".join(path.read_bytes() for path in folder.glob("triage.db*"))


@pytest.mark.sqlite
def test_words_of_settled_mail_go_from_the_disk_and_what_was_decided_stays(
    bench: Bench, tmp_path: Path
) -> None:
    case_id = escalate(bench)
    bench.judge("Thanks, a plain CANARY.")
    close(bench, case_id)
    assert b"CANARY" in on_disk(bench, tmp_path)
    bench.clock.now += 31 * DAY_S
    purge(bench)
    assert texts(bench) == 0
    assert b"CANARY" not in on_disk(bench, tmp_path)
    with bench.store.read() as tx:
        assert inbox.outcomes(tx) == {"escalated": 1, "left": 1}
        assert cases.get(tx, case_id).tags == ("blocker",)
        assert {row.state for row in outbox.of_case(tx, case_id)} == {"sent"}
        assert tx.execute(select(verdicts.c.scores)).scalars().first()


@pytest.mark.sqlite
def test_deleted_words_are_overwritten_whatever_the_library_does_by_itself(bench: Bench) -> None:
    bench.judge("Thanks for all.")
    with bench.store.write() as tx:
        tx.exec_driver_sql("PRAGMA secure_delete=OFF")
        assert retention.purge(tx, before=bench.clock.now + 1, labelled_too=False) == 1
        assert tx.exec_driver_sql("PRAGMA secure_delete").scalar() == 1


def test_nothing_that_is_still_at_work_is_touched(bench: Bench) -> None:
    escalate(bench)  # its case is open
    waiting = bench.judge("We are stuck again, with another thing.", subject="Other")
    assert waiting.case_id
    close(bench, waiting.case_id)  # but its brief has not left
    bench.receive("not decided yet")
    bench.clock.now += 400 * DAY_S
    purge(bench)
    assert texts(bench) == 3


def test_a_case_that_was_closed_lately_keeps_its_words(bench: Bench) -> None:
    case_id = escalate(bench)
    bench.clock.now += 40 * DAY_S
    close(bench, case_id)
    purge(bench)
    assert texts(bench) == 1


def test_labelled_mail_stays_to_learn_from_unless_the_settings_say_otherwise(bench: Bench) -> None:
    bench.judge("Thanks for all.")
    with bench.store.write() as tx:
        [mail] = inbox.latest(tx, 1)
        labels.put(
            tx,
            mail.id,
            tags=["upsell"],
            previous=[],
            by="ben",
            how="test",
            now=bench.clock.now,
            sentence="Thanks for all.",
        )
    bench.clock.now += 40 * DAY_S
    purge(bench)
    assert texts(bench) == 1
    purge(bench, labelled_too=True)
    assert texts(bench) == 0
    with bench.store.read() as tx:
        assert [label.sentence for label in labels.everything(tx)] == [""]


def test_nothing_goes_unless_the_settings_say_so(bench: Bench) -> None:
    bench.judge("Thanks for all.")
    bench.clock.now += 4000 * DAY_S
    purge(bench, days=0)
    assert texts(bench) == 1


@pytest.mark.sqlite
def test_a_person_is_forgotten_on_the_disk_and_counts_stay(bench: Bench, tmp_path: Path) -> None:
    case_id = escalate(bench, sender="Dana Canary <dana@canary.example>")
    close(bench, case_id)
    bench.judge("Thanks from somebody else.", sender="Eve <eve@other.example>")
    with bench.store.write() as tx:
        values: dict[str, object] = {
            "digest": "d",
            "sha256": "",
            "from_role": "client",
            "thread": "",
            "subject": "",
        }
        values |= {"body": "Ask dana@canary.example", "redacted": False, "imported_at": 1.0}
        tx.execute(examples.insert().values(**values))
        done = retention.forget(tx, "Dana@Canary.example")
    assert (done.mails, done.cases, done.examples) == (1, 1, 1)
    left = on_disk(bench, tmp_path).lower()
    assert b"canary" not in left
    assert b"eve@other.example" in left
    with bench.store.read() as tx:
        assert inbox.outcomes(tx) == {"escalated": 1, "left": 1}


def test_a_person_with_an_open_case_is_not_forgotten_and_the_case_is_named(bench: Bench) -> None:
    case_id = escalate(bench, sender="dana@client.example")
    with bench.store.write() as tx:
        done = retention.forget(tx, "dana@client.example")
    assert done.open_cases == (case_id,)
    assert texts(bench) == 1


# What each column with text in it holds, so that a new one is not forgotten here.
WORDS_GO = {
    "messages": {"subject", "error", "sender", "client", "why", "text_digest"},
    "raw_messages": {"content"},
    "verdicts": {"evidence"},
    "cases": {"subject", "subject_key", "client", "outcome"},
    "outbox": {"content", "subject", "detail", "why"},
    "issues": {"because"},
    "storms": {"because"},
    "arrivals": {"client", "subject_key", "words", "tags"},
    "audit": {"detail"},
    "case_words": {"subject", "client", "people", "body"},
    "examples": {"subject", "body"},
    "labels": {"sentence"},
    "thread_ids": {"rfc_id"},
}
NO_WORDS = {
    "alarms": {"key", "says"},
    "audit": {"action"},
    "answers": {"by", "rfc_id", "fingerprint", "meaning"},
    "cases": {"status", "tags", "recipients", "acknowledged_by", "owner", "answered_by"}
    | {"outcome_by", "outcome_asked"},
    "digests": {"person", "period", "key"},
    "examples": {"digest", "sha256", "from_role", "thread"},
    "example_labels": {"tags", "previous", "by", "how"},
    "issues": {"tag", "kind", "by", "how"},
    "labels": {"tags", "previous", "by", "how"},
    "leases": {"name", "holder"},
    "listings": {"uids"},
    "mailboxes": {"account", "folder", "problem"},
    "messages": {"account", "folder", "sha256", "problem", "state", "action", "kind", "role"}
    | {"mark", "moved_to"},
    "moves": {"account", "folder", "tag", "outcome"},
    "outbox": {"rfc_id", "occasion", "sender", "recipient", "state", "policy", "held_for"},
    "programs": {"name", "role"},
    "spared": {"person", "told_by"},
    "suggestions": {"matter"},
    "tag_folders": {"account", "folder", "tag", "problem"},
    "timers": {"kind", "basis", "policy"},
    "trainings": {"by", "how", "outcome", "version", "detail"},
    "turns": {"people", "person"},
    "verdicts": {"model", "policy", "tags", "unsure_tags", "scores"},
}


def test_every_column_that_may_hold_words_was_thought_of() -> None:
    kinds = (String, Text, JSON, LargeBinary)
    for table in metadata.sorted_tables:
        found = {c.name for c in table.columns if isinstance(c.type, kinds)}
        known = WORDS_GO.get(table.name, set()) | NO_WORDS.get(table.name, set())
        assert found - known == set(), table.name


def test_a_brief_whose_words_are_gone_cannot_be_sent_again(bench: Bench) -> None:
    case_id = escalate(bench)
    close(bench, case_id)
    with bench.store.write() as tx:
        first, *_ = outbox.of_case(tx, case_id)
        assert outbox.bounced(tx, first.id, "no such user", bench.clock.now)
    bench.clock.now += 40 * DAY_S
    purge(bench)
    with bench.store.write() as tx, pytest.raises(NotFoundError, match="words were deleted"):
        outbox.retry(tx, first.id, bench.clock.now)
