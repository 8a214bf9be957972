"""Reads `triage.toml` into the values of `triage.config`, and prints them with secrets masked.

Rules: every mistake is reported at once; a relative path means relative to the file's folder; a
password never stands in the file, so `password_env`, `password_file`, `password_command` or
`password_keyring` says where it is.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from triage.account_tables import gather
from triage.config import Account, Config, FolderAccount, ImapAccount, Secret
from triage.config_rules import check_rules
from triage.database_rules import STORE_PASSWORD_KEYS, check_database, database_of
from triage.tables import build, file_keys, one_of, refuse_control_characters, unknown_key
from triage.toml_file import Mistakes, Place, parse_toml, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

ACCOUNT_TYPES = ("imap", "maildir", "mbox", "eml")
_KNOWN = {
    name: tuple(f"{name}_{where}" for where in ("env", "file", "command", "keyring"))
    for name in ("password", "client_secret", "secret")
}
_KNOWN_AT_TOP = _KNOWN | {"path": (), "store": ("store", *STORE_PASSWORD_KEYS)}


def load_config(path: Path) -> Config:
    """Everything `triage.toml` says, validated, with absolute paths.

    Raises:
        ConfigError: with one sentence for every mistake in the file.
    """
    path = path.expanduser().absolute()
    hint = "write one with `triage init`, or name another with --config"
    return parse_config(read_text(path, if_missing=hint), path)


def parse_config(text: str, path: Path) -> Config:
    """As `load_config`, with the text of the file at hand; `path` is where it belongs."""
    tables = parse_toml(text, path)
    mistakes = Mistakes(path.name, text)
    refuse_control_characters(tables, place=(), mistakes=mistakes)
    tables = gather(tables, path.parent, mistakes)
    check_rules(tables, mistakes)
    check_database(tables, mistakes)
    accounts = _accounts(tables, mistakes)
    config = _config(tables, path, mistakes)
    mistakes.raise_any()
    if config is None:  # pragma: no cover - build() notes a mistake whenever it answers None
        raise AssertionError
    store = database_of(tables) or config.store
    return rebased(replace(config, accounts=accounts, store=store), path.parent)


def _config(tables: dict[str, Any], path: Path, mistakes: Mistakes) -> Config | None:
    """Everything but the accounts."""
    if "path" in tables:
        mistakes.add(("path",), unknown_key("path", file_keys(Config, _KNOWN_AT_TOP)))
    elsewhere = {*STORE_PASSWORD_KEYS, "store_password"}
    if database_of(tables):
        elsewhere.add("store")
    table = {key: value for key, value in tables.items() if key not in elsewhere}
    if "store" in table and not isinstance(table["store"], str):
        mistakes.add(("store",), 'must be a path in quotes, such as store = "folder/file"')
        del table["store"]
    table |= {"path": str(path), "accounts": []}
    if isinstance(outgoing := tables.get("outgoing"), dict):
        table["outgoing"] = _with_secret(outgoing, ("outgoing",), mistakes)
    if isinstance(page := tables.get("page"), dict) and isinstance(page.get("proxy"), dict):
        proxy = _with_secret(page["proxy"], ("page", "proxy"), mistakes, "secret")
        table["page"] = page | {"proxy": proxy}
    if isinstance(logins := tables.get("logins"), dict):
        table["logins"] = {
            name: _with_secret(each, ("logins", name), mistakes, "client_secret")
            if isinstance(each, dict)
            else each
            for name, each in logins.items()
        }
    return build(Config, table, place=(), mistakes=mistakes, known=_KNOWN_AT_TOP)


def _accounts(tables: dict[str, Any], mistakes: Mistakes) -> tuple[Account, ...]:
    """Each account by its own type."""
    found = tables.get("accounts", [])
    if not isinstance(found, list) or not all(isinstance(a, dict) for a in found):
        mistakes.add(("accounts",), "must be written [[accounts]], with two brackets")
        return ()
    if not found:
        mistakes.add(("accounts",), "is missing; add a table [[accounts]] for each mailbox")
    built = [_account(table, ("accounts", i), mistakes) for i, table in enumerate(found)]
    return tuple(account for account in built if account is not None)


def _account(table: dict[str, Any], place: Place, mistakes: Mistakes) -> Account | None:
    """One account; without a `type` it is an IMAP one."""
    kind = table.get("type", "imap")
    if kind not in ACCOUNT_TYPES:
        mistakes.add((*place, "type"), one_of(kind, ACCOUNT_TYPES))
        return None
    if kind == "imap":
        table = _with_secret(table, place, mistakes)
        return build(ImapAccount, table, place=place, mistakes=mistakes, known=_KNOWN)
    return build(FolderAccount, table, place=place, mistakes=mistakes)


def _with_secret(
    table: dict[str, Any], place: Place, mistakes: Mistakes, name: str = "password"
) -> dict[str, Any]:
    """The flat `password_*` keys gathered as the `password` of the contract."""
    if name in table:
        says = (
            f"a {name.replace('_', ' ')} never stands in this file; put it into a file that only "
            f'you can read (chmod 600) and write {name}_file = "secrets/inbox"'
        )
        mistakes.add((*place, name), says)
    given = {k.removeprefix(f"{name}_"): v for k, v in table.items() if k in _KNOWN[name]}
    rest = {k: v for k, v in table.items() if k not in _KNOWN[name] and k != name}
    return rest | {name: given} if given else rest


def rebased(value: T, folder: Path) -> T:
    """The same value with every path in it absolute: `~` expanded, relative ones below `folder`."""
    if isinstance(value, Path):
        return folder / _expanded(value)  # type: ignore[return-value]  # a Path is a Path
    if isinstance(value, tuple):
        return tuple(rebased(v, folder) for v in value)  # type: ignore[return-value]  # same
    if isinstance(value, dict):
        return {k: rebased(v, folder) for k, v in value.items()}  # type: ignore[return-value]  # same
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{f.name: rebased(getattr(value, f.name), folder) for f in fields(value)}
        )
    return value


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # `~nobody`: no such user; the file will be found missing under this name
        return path


def mask(config: Config) -> str:
    """The effective configuration, one `place = value` a line, with nothing secret in it."""
    return "\n".join(f"{name} = {value}" for name, value in _lines(config, ""))


def _lines(value: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Secret):
        yield name, _masked(value)
    elif is_dataclass(value) and not isinstance(value, type):
        for f in fields(value):
            yield from _lines(getattr(value, f.name), f"{name}.{f.name}" if name else f.name)
    elif isinstance(value, tuple) and any(is_dataclass(v) for v in value):
        for number, item in enumerate(value, start=1):
            yield from _lines(item, f"{name}[{number}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _lines(item, f"{name}.{key}")
    elif isinstance(value, tuple):
        yield name, "[" + ", ".join(f'"{v}"' for v in value) + "]"
    elif value is not None:
        yield name, f'"{value}"' if isinstance(value, (str, Path)) else str(value)


def _masked(secret: Secret) -> str:
    """Where a secret lies, without the arguments of a command (they may hold a token)."""
    if secret.env:
        return f"*** (environment variable {secret.env})"
    if secret.file:
        return f"*** (file {secret.file})"
    if secret.keyring:
        return f"*** (keyring {secret.keyring})"
    return f"*** (command {secret.command[0]})" if secret.command else "***"
