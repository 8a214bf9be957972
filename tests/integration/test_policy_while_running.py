"""`triage run` follows a policy that is edited under it, and keeps the one before if it is bad."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from triage.resources import resource
from triage.store import audit
from triage.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAIL = """From: Dana Reyes <dana@northwind.example>
To: hello@radial.example
Message-ID: <{number}@northwind.example>
Subject: Nobody can log in ({number})

We are stuck. Nobody on our side can log in since this morning, and all work has stopped.
"""


def until(true: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def triage(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "triage", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def told(folder: Path) -> set[str]:
    """Everybody who has got a brief, by the folder of the dry run."""
    return {path.name.split("-")[1] for path in (folder / "dry-run").glob("*.eml")}


def last(folder: Path, action: audit.Action) -> audit.Entry | None:
    store = Store.open(folder / "triage.dry-run.db", create=False)
    try:
        with store.read() as tx:
            return audit.last(tx, action)
    finally:
        store.close()


def test_a_policy_edited_under_the_running_program_decides_the_next_mail(tmp_path: Path) -> None:
    for name in ("triage.toml", "policy.toml"):
        shutil.copy(resource("data") / "demo" / name, tmp_path / name)
    mailbox = tmp_path / "mailbox"
    mailbox.mkdir()
    settings = (tmp_path / "triage.toml").read_text()
    quick = settings.replace('path = "mailbox"', 'path = "mailbox"\npoll_interval_s = 1')
    (tmp_path / "triage.toml").write_text(quick)
    (mailbox / "1.eml").write_text(MAIL.format(number=1))
    command = [sys.executable, "-m", "triage", "run", "--dry-run"]
    with (tmp_path / "talk").open("w") as talk:
        program = subprocess.Popen(command, cwd=tmp_path, stderr=talk)
    try:
        until(lambda: told(tmp_path) == {"ben@radial.example", "marshall@radial.example"})
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        said = triage(tmp_path, "policy", "away", "ben", today, "2099-12-31", "--deputy", "priya")
        assert said.returncode == 0, said.stderr
        until(lambda: last(tmp_path, "policy-taken"))
        (mailbox / "2.eml").write_text(MAIL.format(number=2).replace("northwind", "acme"))
        until(lambda: "priya@radial.example" in told(tmp_path))

        (tmp_path / "policy.toml").write_text("nonsense = [")
        until(lambda: last(tmp_path, "policy-refused"))
        assert program.poll() is None
        program.send_signal(signal.SIGTERM)
        assert program.wait(30) == 0
    finally:
        program.kill()
        program.wait()
    assert (tmp_path / "talk").read_text().count("nothing is half done") == 1
