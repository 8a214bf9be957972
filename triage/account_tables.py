"""Many inboxes without writing each out: shared settings, and a table with one line an inbox.

`[account_defaults]` holds for every IMAP account that does not say otherwise; `{name}` and
`{username}` in it stand for the account's own. `accounts_file` names a CSV file, as spreadsheets
write it: the first line says which setting stands in which column, an empty cell takes the default.

Rule: a mistake is told where a person has to mend it, and one in the defaults once.
"""

from __future__ import annotations

import csv
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from triage.tables import unknown_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from triage.toml_file import Mistakes, Place

Table = dict[str, Any]

DEFAULTS = "account_defaults"
FILE = "accounts_file"
_TEXT = (
    *("name", "type", "host", "security", "username", "login", "ca_file", "policy", "model"),
    *("password_env", "password_file", "password_keyring"),
)
_NUMBERS = ("port", "poll_interval_s", "timeout_s", "connections")
_SWITCHES = ("everything", "idle")
COLUMNS = (*_TEXT, *_NUMBERS, *_SWITCHES, "folders", "since")
_YES, _NO = ("yes", "true", "1", "x"), ("no", "false", "0")
_NEVER_SHARED = ("name", "type")
_SECRETS = re.compile(r"password_\w+|login")


def gather(tables: Table, folder: Path, mistakes: Mistakes) -> Table:
    """The tables with every account written out in full, wherever its settings come from.

    `folder` is where `accounts_file` is looked for.
    """
    listed = tables.get("accounts", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        return _without_ours(tables)  # which is told elsewhere
    accounts = [*listed, *_from_file(tables, folder, len(listed), mistakes)]
    shared = tables.get(DEFAULTS, {})
    if not isinstance(shared, dict):
        mistakes.add((DEFAULTS,), f"must be a table: a line [{DEFAULTS}] with settings below it")
        shared = {}
    for key in _NEVER_SHARED:
        if key in shared:
            mistakes.add((DEFAULTS, key), "cannot be shared; write it for each account")
    shared = {key: value for key, value in shared.items() if key not in _NEVER_SHARED}
    full = [_with_defaults(one, shared, i, mistakes) for i, one in enumerate(accounts)]
    return _without_ours(tables) | ({"accounts": full} if full else {})


def _without_ours(tables: Table) -> Table:
    return {key: value for key, value in tables.items() if key not in (DEFAULTS, FILE)}


def _with_defaults(account: Table, shared: Table, number: int, mistakes: Mistakes) -> Table:
    """An account with what it leaves open; mistakes in that are told at the defaults."""
    if account.get("type", "imap") != "imap":
        return account
    own_secret = any(_SECRETS.fullmatch(key) for key in account)
    taken = {
        key: value
        for key, value in shared.items()
        if key not in account and not (own_secret and _SECRETS.fullmatch(key))
    }
    for key in taken:
        mistakes.stands_at(("accounts", number, key), (DEFAULTS, key))
    names = {"name": account.get("name", ""), "username": account.get("username", "")}
    if isinstance(taken.get("username"), str):
        taken["username"] = names["username"] = _filled(taken["username"], names)
    return {key: _filled(value, names) for key, value in taken.items()} | account


def _filled(value: Any, names: dict[str, Any]) -> Any:
    """The same with the account's own names in the place of `{name}` and `{username}`."""
    if isinstance(value, str):
        for key, name in names.items():
            value = value.replace(f"{{{key}}}", str(name))
    elif isinstance(value, list):
        return [_filled(each, names) for each in value]
    elif isinstance(value, dict):
        return {key: _filled(each, names) for key, each in value.items()}
    return value


def _from_file(tables: Table, folder: Path, first: int, mistakes: Mistakes) -> list[Table]:
    """The accounts of `accounts_file`, numbered from `first` on."""
    name = tables.get(FILE)
    if name is None:
        return []
    if not isinstance(name, str) or not name.strip():
        mistakes.add((FILE,), 'must be a path in quotes, such as accounts_file = "inboxes.csv"')
        return []
    path = folder / name
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        mistakes.add((FILE,), f"{path} is not UTF-8 text; save it as CSV with the encoding UTF-8")
        return []
    except OSError as error:
        mistakes.add((FILE,), f"{path} cannot be read ({error.strerror}); see that it is there")
        return []
    return list(_rows(lines, path.name, first, mistakes))


def _rows(lines: list[str], file: str, first: int, mistakes: Mistakes) -> Iterator[Table]:
    separator = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    reader = csv.reader(lines, delimiter=separator)
    heads = [head.strip().lower() for head in next(reader, [])]
    mistakes.stands_in((FILE, "columns"), file, 1)
    for head in heads:
        if head not in COLUMNS:
            mistakes.add((FILE, "columns", head), unknown_key(head, COLUMNS))
    if "name" not in heads:
        mistakes.add((FILE, "columns"), 'has no column "name"; the first line names the columns')
        return
    number = first
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        place: Place = ("accounts", number)
        mistakes.stands_in(place, file, reader.line_num)
        if len(cells) > len(heads):
            mistakes.add(place, f"has {len(cells)} cells, the first line names {len(heads)}")
        pairs = [(h, c.strip()) for h, c in zip(heads, cells, strict=False) if h in COLUMNS]
        yield {key: _value(key, cell) for key, cell in pairs if cell}
        number += 1


def _value(key: str, cell: str) -> Any:
    """What a cell says; text that is none of what the column wants stays text, and is refused."""
    if key in _SWITCHES:
        return cell.lower() in _YES if cell.lower() in (*_YES, *_NO) else cell
    if key == "folders":
        return [each.strip() for each in cell.split("|")]
    convert: Callable[[str], Any] | None = None
    if key in _NUMBERS:
        convert = int
    elif key == "since":
        convert = date.fromisoformat
    try:
        return convert(cell) if convert else cell
    except ValueError:
        return cell
