"""`triage store move`, `triage watch` and `triage worker` at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from typer.testing import CliRunner

from tests.postgresql import PASSWORD, Cluster, opened
from tests.steps import make_bench
from triage import app as wiring
from triage.cli import app
from triage.monitoring import Figures
from triage.resources import resource
from triage.store import leases, moving
from triage.store.engine import Store

if TYPE_CHECKING:
    from triage.config import Database

SETTINGS = """
policy = "{policy}"
store = "{store}"
{password}
[firm]
name = "Radial"
domains = ["radial.example"]
[[accounts]]
name = "disk"
type = "eml"
path = "mail"
[outgoing]
host = "127.0.0.1"
security = "none"
sender = "triage@radial.example"
"""


def configure(folder: Path, store: str, *, password: bool = True) -> str:
    policy = resource("data") / "demo" / "policy.toml"
    secret = f'store_password_command = ["printf", "%s", "{PASSWORD}"]' if password else ""
    path = folder / "triage.toml"
    path.write_text(SETTINGS.format(policy=policy, store=store, password=secret))
    return str(path)


def invoke(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output + str(done.exception or "")


def filled(folder: Path) -> Path:
    bench = make_bench(folder)
    bench.judge("We are stuck.")
    bench.store.close()
    return folder / "triage.db"


def test_a_store_is_moved_by_one_command_and_the_old_file_stays(
    tmp_path: Path, cluster: Cluster
) -> None:
    database = cluster.database(empty=True)
    config = configure(tmp_path, database.url)
    old = filled(tmp_path)
    before = old.read_bytes()
    code, says = invoke("store", "move", str(old), "--config", config)
    assert code == 0, says
    assert "each compared" in says
    assert old.read_bytes() == before
    source = Store.open(old)
    with opened(database) as target:
        assert moving.sums(source) == moving.sums(target)
    source.close()
    code, says = invoke("store", "move", str(old), "--config", config)
    assert code == 1
    assert "is not empty" in says
    assert PASSWORD not in says


def test_nothing_is_moved_while_triage_runs_on_the_file(tmp_path: Path, cluster: Cluster) -> None:
    database = cluster.database()
    config, old = configure(tmp_path, database.url), filled(tmp_path)
    with wiring.only_instance(old):
        code, says = invoke("store", "move", str(old), "--config", config)
    assert code == 1
    assert "already running" in says
    assert is_empty(database)


def is_empty(database: Database) -> bool:
    with opened(database) as store:
        return not any(each.rows for each in moving.sums(store))


def test_the_status_says_who_holds_what(tmp_path: Path, cluster: Cluster) -> None:
    database = cluster.database()
    config = configure(tmp_path, database.url)
    with opened(database) as store, store.write() as tx:
        now = leases.server_clock(tx)
        leases.alive(tx, "office/12/ab", "watch", now)
        leases.take(tx, "box1/INBOX", "office/12/ab", now, 60.0)
        leases.take(tx, "box2/INBOX", "attic/13/cd", now - 100, 60.0)
    code, says = invoke("status", "--config", config)
    assert code == 0, says
    assert "Program office/12/ab: reads (heard of" in says
    assert "box1/INBOX: office/12/ab" in says
    assert "box2/INBOX: held by nobody" in says
    with opened(database) as store:
        figures = generate_latest(registry_of(store)).decode()
    assert 'triage_lease{holder="office/12/ab",lease="box1/INBOX"} 1.0' in figures
    assert 'triage_lease{holder="",lease="box2/INBOX"} 0.0' in figures
    found = json.loads(invoke("status", "--json", "--config", config)[1])["sharing"]
    assert [each["holder"] for each in found["leases"]] == ["office/12/ab", ""]


def registry_of(store: Store) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(store=store))
    return registry


def test_a_file_is_for_one_program_and_the_commands_say_so(tmp_path: Path) -> None:
    config = configure(tmp_path, "triage.db", password=False)
    for words in (("watch",), ("worker",)):
        code, says = invoke(*words, "--config", config)
        assert code == 2
        assert "`triage run` does it all" in says
    code, says = invoke("store", "move", "old.db", "--config", config)
    assert code == 2
    assert 'write store = "postgresql://..."' in says
