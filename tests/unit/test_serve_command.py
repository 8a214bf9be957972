"""`triage serve` before it serves: where it listens, and the links it gives."""

from __future__ import annotations

import re
import socket
import time
from typing import TYPE_CHECKING, get_args

import pytest
from typer.testing import CliRunner

from tests.web_client import write_settings
from triage.app import open_store
from triage.cli import app
from triage.errors import TriageError
from triage.store.audit import Action, Entry
from triage.web.server import sessions_of
from triage.web.trail import events

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def serve(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["serve", "--config", str(folder / "triage.toml"), *arguments])


def test_other_machines_are_let_in_only_where_somebody_says_so(tmp_path: Path) -> None:
    write_settings(tmp_path)
    for host in ("0.0.0.0", "192.0.2.7", "::", "inbox.example"):
        done = serve(tmp_path, "--host", host)
        assert done.exit_code == 2
        assert "add --network" in done.stderr


def test_a_link_for_a_person_of_the_policy_logs_them_in_under_their_address(tmp_path: Path) -> None:
    settings = write_settings(tmp_path)
    done = serve(tmp_path, "--link", "correct", "--for", "ben", "--port", "9000")
    found = re.fullmatch(r"http://127\.0\.0\.1:9000/login\?key=([\w-]{43})\n", done.stdout)
    assert found, done.output
    visitor = sessions_of(settings).offered(found[1], time.time())
    assert visitor
    assert (visitor.name, visitor.by) == ("Ben West", "ben@firm.example")
    assert (visitor.person, visitor.role.word) == ("ben", "correct")


def test_a_link_leads_to_the_address_of_the_settings(tmp_path: Path) -> None:
    write_settings(tmp_path, '[page]\nurl = "https://triage.firm.example/"\n')
    done = serve(tmp_path, "--link", "read", "--for", "Somebody Else")
    assert done.stdout.startswith("https://triage.firm.example/login?key=")


def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path: Path) -> None:
    settings = write_settings(tmp_path)
    open_store(settings.config.store).close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = serve(tmp_path, "--port", str(taken.getsockname()[1]))
    assert isinstance(done.exception, TriageError)
    assert "choose another --host or --port" in str(done.exception)


def test_without_a_store_there_is_nothing_to_serve(tmp_path: Path) -> None:
    write_settings(tmp_path)
    done = serve(tmp_path)
    assert "triage run" in str(done.exception)


@pytest.mark.parametrize("action", sorted(get_args(Action)))
def test_whatever_happened_is_told_in_words_with_names_for_addresses(action: str) -> None:
    entry = Entry(at=0.0, action=action, detail="to BEN@firm.example by x@y.example")
    [event] = events([entry], {"ben@firm.example": "Ben West"})
    assert event.what[0].isupper()
    assert "-" not in event.what
    assert event.detail == "to Ben West by x@y.example"
