"""`triage doctor` on installations that ail in one way each: what it says, and what to do."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from tests.steps import Bench, begin_inbox, make_bench
from triage.app import only_instance
from triage.backup import note_backup
from triage.cli import app
from triage.doctor import Report, examine
from triage.monitoring import Monitor
from triage.processes import holder, started_at
from triage.resources import resource
from triage.store import alarms, audit, mailboxes, outbox, timers
from triage.store.tables import messages
from triage.store.tables import timers as timer_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.check.problem import Problem

TAGS = ("upsell", "dissatisfaction", "scope_mismatch", "blocker")
SETTINGS = """
[firm]
name = "Radial"
domains = ["radial.example"]

[[accounts]]
name = "inbox"
host = "imap.radial.example"
username = "inbox@radial.example"
password_file = "password"

[outgoing]
host = "smtp.radial.example"
sender = "inbox@radial.example"
"""
DAY = 86400.0


@dataclass
class Ward:
    """A sound installation, with the steps over its store."""

    folder: Path
    bench: Bench

    @property
    def now(self) -> float:
        return self.bench.clock.now

    def examine(self) -> Report:
        return examine(
            self.folder / "triage.toml", now=self.now, offline=True, read_tags=lambda _: TAGS
        )

    def problems(self) -> list[tuple[str, str]]:
        return [(p.severity, p.where) for p in self.examine().problems]

    def only(self) -> Problem:
        [problem] = self.examine().problems
        return problem

    def looked(self) -> None:
        with self.bench.store.write() as tx:
            mailboxes.looked(tx, "inbox", "INBOX", self.now)

    def settings(self, more: str) -> None:
        path = self.folder / "triage.toml"
        path.write_text(path.read_text() + more)
        os.utime(path, (self.now - DAY,) * 2)  # else it would have changed since the start


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    (tmp_path / "triage.toml").write_text(SETTINGS)
    (tmp_path / "policy.toml").write_text((resource("data") / "demo" / "policy.toml").read_text())
    for name, content in (("password", "hunter2"), ("triage.key", "ab" * 32)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o600)
    bench = make_bench(tmp_path)
    bench.clock.now = time.time() + 60  # the program below began before
    begin_inbox(bench.store, bench.clock.now)
    with bench.store.write() as tx:
        audit.note(tx, "backed-up", now=bench.clock.now - DAY, detail="/elsewhere/monday.tar.gz")
    made = Ward(folder=tmp_path, bench=bench)
    for name in ("triage.toml", "policy.toml"):
        os.utime(tmp_path / name, (made.now - DAY,) * 2)
    made.looked()
    with only_instance(tmp_path / "triage.db"):
        yield made
    bench.store.close()


def test_a_sound_installation_has_no_problem_and_says_what_was_looked_at(ward: Ward) -> None:
    report = ward.examine()
    assert report.problems == ()
    seen = {sound.where for sound in report.sound}
    assert {"triage run", "inbox/INBOX", "mail", "briefs", "reminders", "clock"} <= seen
    assert {"store", "disk", "model", "backup"} <= seen


def test_looking_changes_nothing(ward: Ward) -> None:
    ward.bench.judge("We are stuck.")

    def state() -> dict[str, str]:
        files = (p for p in ward.folder.rglob("*") if p.is_file() and p.suffix != ".db-shm")
        return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    before = state()
    ward.examine()
    assert state() == before


def test_without_a_running_program_it_says_how_to_start_it(tmp_path: Path, ward: Ward) -> None:
    (tmp_path / "triage.db.lock").unlink()  # its holder keeps a lock on a file that is no more
    problem = ward.only()
    assert (problem.severity, problem.where) == ("error", "triage run")
    assert "`triage run`" in problem.advice


def test_the_holder_of_a_lock_is_told_with_when_it_began(tmp_path: Path) -> None:
    lock = tmp_path / "triage.db.lock"
    assert holder(lock) is None
    with only_instance(tmp_path / "triage.db"):
        found = holder(lock)
        assert found is not None
        assert found.pid == os.getpid()
        assert found.started_at is not None
        assert time.time() - 7200 < found.started_at <= time.time() + 1
    assert holder(lock) is None
    assert started_at(2**22 + 1) is None


def test_settings_changed_since_the_start_ask_for_a_restart(ward: Ward) -> None:
    os.utime(ward.folder / "triage.toml", (ward.now, ward.now))
    problem = ward.only()
    assert problem.where.endswith("triage.toml")
    assert "restart" in problem.advice


def test_mistakes_in_the_settings_are_told_as_the_check_tells_them(ward: Ward) -> None:
    ward.settings("\n[limits]\nbatch_mails = 3\n")
    assert "limits.batch_mails" in ward.only().where


def test_a_folder_that_is_not_read_is_told_with_why(ward: Ward) -> None:
    ward.bench.clock.now += 3600
    assert "1 hour ago" in ward.only().what
    with ward.bench.store.write() as tx:
        mailboxes.troubled(tx, "inbox", "INBOX", "the login was refused", ward.now)
    assert "the login was refused" in ward.only().what
    assert "triage check" in ward.only().advice


def test_mail_that_waits_too_long_and_mail_that_fails_are_told(ward: Ward) -> None:
    number = ward.bench.receive("Hello")
    assert ward.problems() == []
    ward.bench.clock.now += 1900
    ward.looked()
    with ward.bench.store.write() as tx:
        tx.execute(update(messages).values(attempts=2, error="KeyError in decide"))
    found = {p.where: p for p in ward.examine().problems}
    assert found["mail"].severity == "error"
    assert "for 32 minutes: 1 mail" in found["mail"].what
    assert "KeyError in decide" in found[f"mail {number}"].what


def test_briefs_that_failed_are_held_or_late_each_have_the_command_that_mends_them(
    ward: Ward,
) -> None:
    ward.bench.judge("We are stuck.")
    with ward.bench.store.write() as tx:
        first, second = outbox.unfinished(tx)
        outbox.claim(tx, first.id, ward.now)
        outbox.settle(tx, first.id, "held", "answer lost", ward.now)
        outbox.fail(tx, second.id, "550 no such user", ward.now)
    held, failed = ward.examine().problems
    assert (held.severity, failed.severity) == ("error", "error")
    assert f"triage retry {first.id}" in held.advice
    assert first.rfc_id in held.advice
    assert "550 no such user" in failed.what
    assert f"triage retry {second.id}" in failed.advice


def test_briefs_that_should_have_left_and_reminders_that_should_have_come_are_told(
    ward: Ward,
) -> None:
    ward.bench.judge("We are stuck.")
    ward.bench.clock.now += 7200
    ward.looked()
    found = {(p.severity, p.where) for p in ward.examine().problems}
    assert found == {("error", "briefs"), ("error", "reminders")}


def test_timers_of_resolved_cases_wait_for_nobody(ward: Ward) -> None:
    outcome = ward.bench.judge("We are stuck.")
    with ward.bench.store.write() as tx:
        from triage.store import cases  # noqa: PLC0415

        assert outcome.case_id
        cases.resolve(tx, outcome.case_id, "done", ward.now)
        assert timers.next_due_at(tx) is not None
        tx.execute(update(timer_rows).values(due_at=ward.now - DAY))
    assert ("error", "reminders") not in ward.problems()


def test_a_clock_that_went_back_or_is_behind_the_server_is_told(ward: Ward) -> None:
    ward.bench.judge("Thanks.")
    with ward.bench.store.write() as tx:
        tx.execute(update(messages).values(received_at=ward.now + 600))
    assert ward.only().where == "clock"
    assert "10 minutes later" in ward.only().what
    ward.bench.clock.now -= 3 * DAY
    assert any("went back" in p.what for p in ward.examine().problems)


def test_a_damaged_store_is_told_without_opening_it(ward: Ward) -> None:
    ward.bench.store.close()
    path = ward.folder / "triage.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(3 * 4096))
    found = [p for p in ward.examine().problems if p.area == "store"]
    assert "is damaged" in found[0].what
    assert "triage restore" in found[0].advice


def test_an_older_store_is_told_and_not_brought_up_to_date(ward: Ward) -> None:
    ward.bench.store.close()
    path = ward.folder / "triage.db"
    with closing(sqlite3.connect(path)) as store:
        store.execute("update alembic_version set version_num = '0009'")
        store.commit()
    assert "older version (0009)" in ward.only().what
    assert "triage backup" in ward.only().advice
    with closing(sqlite3.connect(path)) as store:
        assert store.execute("select version_num from alembic_version").fetchone() == ("0009",)


def test_files_that_others_may_read_and_files_of_another_user_are_told(ward: Ward) -> None:
    (ward.folder / "triage.db").chmod(0o644)
    problem = ward.only()
    assert problem.advice == f"chmod 600 {ward.folder / 'triage.db'}"
    (ward.folder / "triage.db").chmod(0o600)
    if os.geteuid() == 0:  # only root can give a file away
        os.chown(ward.folder / "triage.key", 65534, 65534)
        assert any("chown" in p.advice for p in ward.examine().problems)


def test_no_backup_an_old_one_and_one_that_others_may_read_are_told(ward: Ward) -> None:
    made = ward.folder / "monday.tar.gz"
    made.write_text("mail")
    made.chmod(0o644)
    note_backup(ward.folder / "triage.db", made, ward.now - 20 * DAY)
    old, readable = ward.examine().problems
    assert "20 days ago" in old.what
    assert readable.advice == f"chmod 600 {made}"


def test_a_login_that_nobody_made_and_a_token_that_ended_are_told(ward: Ward) -> None:
    path = ward.folder / "triage.toml"
    path.write_text(
        SETTINGS.replace('password_file = "password"', 'login = "office"')
        + '[logins.office]\ntype = "microsoft"\nclient_id = "id"\ntenant = "radial.example"\n'
    )
    os.utime(path, (ward.now - DAY,) * 2)
    assert ward.only().advice == "triage login office"
    tokens = ward.folder / "tokens"
    tokens.mkdir(mode=0o700)
    kept = tokens / "office.json"
    kept.write_text(json.dumps({"issuer": "canary", "expires_at": ward.now - 2 * DAY}))
    kept.chmod(0o600)
    assert "2 days ago" in ward.only().what
    kept.write_text(json.dumps({"issuer": "canary", "expires_at": ward.now + 3000}))
    assert ward.problems() == []
    assert any(s.where == "login office" for s in ward.examine().sound)


def test_what_the_running_program_says_of_itself_is_told(ward: Ward) -> None:
    silent: list[str] = []
    monitor = Monitor(ward.bench.store, lambda: silent, host="127.0.0.1", port=0)
    ward.settings(f"\n[monitoring]\nport = {monitor.port}\n")
    assert ward.problems() == []
    silent.append("watch inbox/INBOX")
    with ward.bench.store.write() as tx:
        alarms.begin(tx, key="judging", says="slow", since=0, now=1)
    assert "watch inbox/INBOX" in ward.only().what
    monitor.close()
    assert "does not answer" in ward.only().what


def test_the_command_says_it_for_people_and_for_programs(ward: Ward) -> None:
    (ward.folder / "triage.db").chmod(0o644)
    arguments = ["doctor", "--offline", "--config", str(ward.folder / "triage.toml")]
    said = CliRunner().invoke(app, [*arguments, "--strict"])
    assert "ok  triage run: running since" in said.stdout
    assert "To do: chmod 600" in said.stdout
    assert said.exit_code == 1
    warned = CliRunner().invoke(app, [*arguments, "--json"])
    known = json.loads(warned.stdout)
    assert (warned.exit_code, known["errors"]) == (0, 0)
    assert known["warnings"] >= 1
    assert {"where", "what"} <= known["sound"][0].keys()
    (ward.folder / "triage.db.lock").unlink()
    assert CliRunner().invoke(app, arguments).exit_code == 1
