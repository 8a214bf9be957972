"""What another model would have done with stored mail."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner

from classifiers import registry
from classifiers.comparison import fair_probabilities
from classifiers.dataset import Example
from classifiers.model import Model
from classifiers.thresholds import Threshold
from tests.office import settle
from tests.steps import Bench, make_bench
from tests.trained import NOW, saved, small_model
from triage import differences
from triage.cli import app, gate_report
from triage.store import audit, labels
from triage.store.tables import raw_messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typer.testing import Result

    from classifiers.api import Document
    from triage.differences import Differences


class Hearing(Model):
    """Gives a tag when its word stands in the mail, and is unsure at `perhaps`."""

    def __init__(self, version: str, **words: str) -> None:
        card = replace(
            small_model().card,
            version=version,
            thresholds={tag: Threshold(give=0.8, unsure=0.4) for tag in small_model().tags},
        )
        parts = replace(small_model().parts, held_out={}, flattered=frozenset())
        super().__init__(parts, card)
        self.words = words
        self.asked: list[str] = []

    def probabilities(self, documents: Sequence[Document]) -> list[dict[str, float]]:
        self.asked += [document.text for document in documents]
        return [{tag: self._score(tag, d.text.lower()) for tag in self.tags} for d in documents]

    def _score(self, tag: str, text: str) -> float:
        if self.words.get(tag, "\0") not in text:
            return 0.0
        return 0.5 if "perhaps" in text else 0.9


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    settle(tmp_path)
    bench = make_bench(tmp_path)
    bench.clock.now = time.time() - 3 * 86400
    return bench


def found(bench: Bench, before: Model, after: Model, **more: int) -> Differences:
    return differences.find(
        bench.store, bench.decider.firm, before, after, now=bench.clock.now + 60, **more
    )


def test_each_kind_of_change_is_told_with_its_mail_case_and_label(bench: Bench) -> None:
    bench.judge("We are stuck.")
    bench.judge("A quote please.", sender="Z <z@zeta.example>")
    bench.judge("Perhaps quote this?", sender="Y <y@ypsilon.example>")
    bench.judge("We are disappointed.", sender="X <x@xi.example>")
    bench.judge("Hello there.", sender="W <w@omega.example>")
    with bench.store.write() as tx:
        labels.put(tx, 1, tags=[], previous=["blocker"], by="b", how="h", now=0)
    old = Hearing("words-1")
    new = Hearing("new", upsell="hello", blocker="quote", dissatisfaction="disappointed")
    result = found(bench, old, new)
    assert {change.mail.message_id: change.kind for change in result.changes} == {
        1: "held-back",
        2: "retagged",
        5: "forwarded",
    }
    assert old.asked == []  # what it said at the time is in the store
    assert result.before == {"forwarded": 3, "review": 1, "left": 1}
    assert result.after == {"forwarded": 3, "review": 1, "left": 1}
    text = "\n".join(gate_report.difference_lines(result, "UTC"))
    assert "blocker -> no tag; people say no tag  (case 1: `triage show 1`, " in text
    assert "`triage show --mail 5`" in text
    assert "1 would be forwarded, and was not" in text
    record = gate_report.difference_json(result)
    assert json.loads(json.dumps(record))["changes"][0]["mail"] == 5


def test_only_the_days_asked_for_and_the_newest_mails_are_compared(bench: Bench) -> None:
    for day in range(5):
        bench.clock.now += 86400
        bench.judge(f"A quote please, {day}.")
    deaf, words = Hearing("deaf"), Hearing("words-1")
    assert found(bench, words, deaf, days=30).mails == 5
    assert found(bench, words, deaf, days=2).mails == 2
    some = found(bench, words, deaf, most=3)
    assert (some.mails, some.left_out) == (3, True)
    assert "only the newest 3 mails" in "\n".join(gate_report.difference_lines(some, "UTC"))
    assert not found(bench, words, deaf, most=5).left_out


def test_mails_whose_text_is_gone_are_counted(bench: Bench) -> None:
    bench.judge("A quote please.")
    bench.judge("We are stuck.")
    with bench.store.write() as tx:
        tx.execute(delete(raw_messages).where(raw_messages.c.message_id == 1))
    result = found(bench, Hearing("words-1"), Hearing("deaf"))
    assert (result.mails, result.without_text) == (1, 1)
    said = "\n".join(gate_report.difference_lines(result, "UTC"))
    assert "1 more could not be: their text is no longer in the store" in said


def test_a_mail_that_a_model_learnt_is_judged_as_if_it_had_not(bench: Bench) -> None:
    bench.judge("Hello there.")
    plain = Hearing("new", upsell="hello")
    [text] = [d.text for d in bench.classifier.seen]
    [known] = [Example(document=d, tags=frozenset(), group="g") for d in bench.classifier.seen]
    assert text == "Hello there."
    held_out = {known.digest: (-20.0,) * 4}
    learnt = Hearing("new", upsell="hello")
    learnt.parts = replace(learnt.parts, held_out=held_out)
    assert fair_probabilities(learnt, [known])[0]["upsell"] < 0.1
    assert len(found(bench, Hearing("words-1"), plain).changes) == 1
    assert found(bench, Hearing("words-1"), learnt).changes == ()


def run(folder: Path, *arguments: str) -> Result:
    config = str(folder / "triage.toml")
    return CliRunner().invoke(app, [*arguments, "--config", config], catch_exceptions=False)


def test_two_models_are_compared_from_the_command_line(bench: Bench, tmp_path: Path) -> None:
    bench.judge("We are stuck.")
    saved(tmp_path / "models", "one", "two")
    done = run(tmp_path, "models", "compare", "one", "two")
    assert done.exit_code == 0, done.stderr
    assert "The last 30 days, 1 mails: what two would have done differently" in done.stdout
    assert "  nothing" in done.stdout
    record = json.loads(run(tmp_path, "models", "compare", "one", "two", "--json").stdout)
    assert (record["mails"], record["changes"]) == (1, [])
    missing = run(tmp_path, "models", "compare", "one", "three")
    assert missing.exit_code == 1
    assert "has no pin for 'three'" in missing.stderr


def test_a_promotion_by_hand_is_in_the_trail_and_works_without_a_store(
    bench: Bench, tmp_path: Path
) -> None:
    saved(tmp_path / "models", "one", "two")
    assert run(tmp_path, "models", "rollback").exit_code == 0
    shown = run(tmp_path, "status").stdout
    assert "Model one, in use since" in shown
    with bench.store.read() as tx:
        event = audit.last(tx, "rolled-back")
    assert event
    assert event.detail.startswith("one, by ")
    bench.store.close()
    for file in tmp_path.glob("triage.db*"):
        file.unlink()
    (tmp_path / "triage.db").write_bytes(b"no store at all, but long enough to look at" * 40)
    done = run(tmp_path, "models", "promote", "two")
    assert done.exit_code == 0
    assert "not in the audit trail" in done.stderr
    assert registry.load(tmp_path / "models").version == "two"


def test_pinning_by_number_by_file_and_by_rows(bench: Bench, tmp_path: Path) -> None:
    saved(tmp_path / "models", "one")
    bench.judge("We are stuck without the password.")
    bench.judge("Thanks a lot.")
    refused = run(tmp_path, "models", "pin", "1")
    assert refused.exit_code == 2
    assert "mail 1 has no label" in refused.stderr
    with bench.store.write() as tx:
        labels.put(tx, 1, tags=["blocker"], previous=[], by="b", how="h", now=0)
    assert "1 pinned" in run(tmp_path, "models", "pin", "1").stdout
    assert "1 pinned" in run(tmp_path, "models", "pin", "2", "--tag", "none").stdout
    mail = tmp_path / "angry.eml"
    mail.write_text("From: a@b.example\nSubject: x\n\nThis is useless.\n")
    assert run(tmp_path, "models", "pin", str(mail)).exit_code == 2
    done = run(tmp_path, "models", "pin", str(mail), "--tag", "dissatisfaction")
    assert done.exit_code == 0, done.stderr
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"id": "r1", "body": "A quote?", "tags": ["upsell"]}) + "\n")
    assert run(tmp_path, "models", "pin", str(rows)).exit_code == 0
    records = json.loads(run(tmp_path, "models", "pins", "--json").stdout)
    own = {r["id"]: r["tags"] for r in records[60:]}
    assert own == {
        "mail-1": ["blocker"],
        "mail-2": [],
        "angry.eml": ["dissatisfaction"],
        "r1": ["upsell"],
    }
    again = run(tmp_path, "models", "pin", "1", "--tag", "upsell")
    assert "0 pinned" in again.stdout
    assert "1 were there before" in again.stdout
    assert run(tmp_path, "models", "unpin", "mail-1", "r1").exit_code == 0
    gone = run(tmp_path, "models", "unpin", "mail-1")
    assert gone.exit_code == 1
    assert "has no case mail-1" in gone.stderr


def test_a_model_that_was_kept_tells_why(tmp_path: Path, bench: Bench) -> None:
    root = saved(tmp_path / "models", "one")
    registry.save(root, small_model("two"))
    objections = ["it no longer knows x", "it is worse"]
    report = {
        "candidate": "two",
        "in_use": "one",
        "passed": False,
        "objections": objections,
        "parts": [{"name": "labels of people", "mails": 7, "threads": 5, "left_out": 1}],
        "figures": [],
        "pinned": [],
        "pinned_cases": 60,
        "gained": [],
        "doubts": [{"id": "mail 7", "tag": "blocker", "labelled": False, "probability": 0.99}],
    }
    registry.write_report(root, "two", report)
    registry.keep(root, "two", now=NOW, note="it is worse")
    listed = run(tmp_path, "models", "list").stdout
    assert "not taken into use: it no longer knows x; and 1 more" in listed
    shown = run(tmp_path, "models", "show", "two").stdout
    assert "against it: it is worse" in shown
    assert "mail 7: has not blocker, probability 0.99" in shown
    assert "not taken into use: it is worse" in shown
    assert "The gate has not judged it" in run(tmp_path, "models", "show", "one").stdout
    assert json.loads(run(tmp_path, "models", "show", "two", "--json").stdout)["gate"] == report
    assert run(tmp_path, "models", "show", "nine").exit_code == 1
    (root / "two" / "gate.json").write_text("{")
    assert run(tmp_path, "models", "show", "two").exit_code == 0
