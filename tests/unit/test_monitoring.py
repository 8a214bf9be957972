"""Figures and health over HTTP: what the store says, and nothing out of a mail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests

from tests.steps import make_bench
from triage.monitoring import Monitor
from triage.store import alarms, mailboxes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.steps import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def silent() -> list[str]:
    return []


@pytest.fixture
def monitor(bench: Bench, silent: list[str]) -> Iterator[Monitor]:
    started = Monitor(bench.store, lambda: silent, host="127.0.0.1", port=0)
    yield started
    started.close()


def get(monitor: Monitor, path: str) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{monitor.port}{path}", timeout=10)


def figures(monitor: Monitor) -> dict[str, float]:
    lines = get(monitor, "/metrics").text.splitlines()
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in pairs}


def test_figures_say_what_became_of_mail_and_of_briefs(bench: Bench, monitor: Monitor) -> None:
    bench.judge("We are stuck with the SECRET portal.", subject="SECRET subject")
    bench.judge("Thanks.")
    bench.receive("Not judged yet.")
    found = figures(monitor)
    assert found['triage_messages_total{outcome="escalated"}'] == 1
    assert found['triage_messages_total{outcome="left"}'] == 1
    assert found['triage_messages_total{outcome="waiting"}'] == 1
    assert found['triage_outbox{state="queued"}'] == 2
    assert found['triage_mailbox_messages_total{account="inbox",folder="INBOX"}'] == 3
    assert found['triage_mailbox_waiting{account="inbox",folder="INBOX"}'] == 1
    assert found["triage_open_cases"] == 1
    assert "SECRET" not in get(monitor, "/metrics").text


def test_the_mailboxes_that_cannot_be_read_are_named(bench: Bench, monitor: Monitor) -> None:
    with bench.store.write() as tx:
        for folder in ("INBOX", "Clients"):
            mailboxes.begin(
                tx,
                account="inbox",
                folder=folder,
                uid_validity=1,
                last_uid=0,
                started_at=1.0,
                whole_history=False,
            )
        mailboxes.troubled(tx, "inbox", "Clients", "no", 2.0)
    found = figures(monitor)
    assert found['triage_mailbox_trouble{account="inbox",folder="INBOX"}'] == 0
    assert found['triage_mailbox_trouble{account="inbox",folder="Clients"}'] == 1


def test_health_turns_with_alarms_and_with_loops_that_hang(
    bench: Bench, monitor: Monitor, silent: list[str]
) -> None:
    assert get(monitor, "/healthz").status_code == 200
    silent.append("send")
    assert get(monitor, "/healthz").status_code == 503
    assert get(monitor, "/healthz").json() == {"trouble": ["loop send"]}
    silent.clear()
    with bench.store.write() as tx:
        number = alarms.begin(tx, key="mailbox inbox/INBOX", says="no", since=1.0, now=2.0)
    assert get(monitor, "/healthz").json() == {"trouble": ["mailbox inbox/INBOX"]}
    with bench.store.write() as tx:
        alarms.end(tx, [number], 3.0)
    assert get(monitor, "/healthz").json() == {"trouble": []}


def test_other_pages_do_not_exist(monitor: Monitor) -> None:
    answer = get(monitor, "/../etc/passwd")
    assert answer.status_code == 404
    assert json.loads(answer.text) == {"there is": ["/metrics", "/healthz"]}
