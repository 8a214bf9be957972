"""Many inboxes: shared settings and the table with one line an inbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from triage.config import Config, ImapAccount
from triage.config_file import parse_config
from triage.errors import ConfigError

HEAD = """
accounts_file = "inboxes.csv"

[firm]
name = "Radial"

[outgoing]
host = "smtp.radial.example"
sender = "triage@radial.example"

[account_defaults]
host = "imap.radial.example"
username = "{name}@radial.example"
password_file = "secrets/{username}"
poll_interval_s = 60
"""


def parse(folder: Path, table: str, more: str = "", head: str = HEAD) -> Config:
    (folder / "inboxes.csv").write_text(table, encoding="utf-8")
    return parse_config(head + more, folder / "triage.toml")


def accounts(config: Config) -> list[ImapAccount]:
    return [each for each in config.accounts if isinstance(each, ImapAccount)]


def problems(folder: Path, table: str, more: str = "", head: str = HEAD) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(folder, table, more, head)
    return list(caught.value.problems)


def test_a_line_of_the_table_is_an_account_with_everything_that_is_shared(tmp_path: Path) -> None:
    table = "name,folders,everything,port\nsupport,INBOX|Old,yes,\n\nnorth,,,1993\n"
    support, north = accounts(parse(tmp_path, table))
    assert (support.name, support.username) == ("support", "support@radial.example")
    assert support.folders == ("INBOX", "Old")
    assert support.everything
    assert (support.port, north.port) == (993, 1993)
    assert support.password is not None
    assert support.password.file == tmp_path / "secrets/support@radial.example"
    assert north.poll_interval_s == 60


def test_a_table_as_a_spreadsheet_saves_it_is_read(tmp_path: Path) -> None:
    found = accounts(parse(tmp_path, "\ufeffName;Username\r\nsupport;desk@radial.example\r\n"))
    assert [each.username for each in found] == ["desk@radial.example"]


def test_accounts_of_the_file_stand_beside_those_of_the_settings(tmp_path: Path) -> None:
    own = '\n[[accounts]]\nname = "inbox"\npassword_env = "INBOX"\nport = 143\n'
    inbox, support = accounts(parse(tmp_path, "name\nsupport\n", own))
    assert (inbox.name, inbox.port, inbox.host) == ("inbox", 143, "imap.radial.example")
    assert inbox.password is not None
    assert inbox.password.env == "INBOX"
    assert inbox.password.file is None
    assert support.name == "support"


def test_two_hundred_mistakes_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    table = "name,port\n" + "".join(f"box{n},none\n" for n in range(200))
    found = problems(tmp_path, table)
    assert len(found) == 200
    assert found[0].startswith("port: must be a whole number")
    assert "(inboxes.csv, line 2)" in found[0]
    assert any("(inboxes.csv, line 201)" in each for each in found)


def test_a_mistake_that_is_shared_is_told_once_and_where_it_stands(tmp_path: Path) -> None:
    head = HEAD.replace("poll_interval_s = 60", "poll_interval_s = 0")
    found = problems(tmp_path, "name\nsupport\nnorth\n", head=head)
    told = "account_defaults.poll_interval_s: 0 is too small; write a number above 0"
    assert found == [f"{told} (triage.toml, line 15)"]


def test_an_unknown_column_and_a_name_twice_are_mistakes(tmp_path: Path) -> None:
    found = problems(tmp_path, "name,folder\nsupport,INBOX\nsupport,\n")
    assert any('did you mean "folders"?' in each and "line 1" in each for each in found)
    assert any("earlier account" in each and "line 3" in each for each in found)


def test_a_table_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"accounts_file: .*inboxes.csv cannot be read"):
        parse_config(HEAD, tmp_path / "triage.toml")


def test_names_cannot_be_shared(tmp_path: Path) -> None:
    found = problems(tmp_path, "name\nsupport\n", head=HEAD + 'name = "all"\n')
    assert any("account_defaults.name: cannot be shared" in each for each in found)


def test_limits_for_a_server_that_nobody_is_on_are_a_mistake(tmp_path: Path) -> None:
    more = '\n[hosts."imap.radail.example"]\nconnections = 5\n'
    found = problems(tmp_path, "name\nsupport\n", more)
    assert any('did you mean "imap.radial.example"?' in each for each in found)
