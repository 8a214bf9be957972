"""What the types of `triage.toml` cannot say: ranges, spellings, and settings that must agree.

Rules: every check reads the raw tables, so that a mistake in one place hides none in another, and
skips values of a wrong type, which the types report.
"""

from __future__ import annotations

import re
import zoneinfo
from typing import TYPE_CHECKING, Any

from triage.addresses import address_problem, domain_problem, host_problem, is_loopback
from triage.config import Outgoing
from triage.login_rules import SECRET_KEYS, check_login, check_logins, check_secret
from triage.page_rules import check_page
from triage.tables import did_you_mean, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from triage.toml_file import Mistakes, Place

Table = dict[str, Any]
_MAX_PORT = 65535
_HUNDRED = 100
_ACCOUNT_NAME = re.compile(r"[^\W_][\w.@+-]*")
# An atom of RFC 3501 without the characters that some servers stumble over.
_KEYWORD = re.compile(r"[A-Za-z0-9$_.:+&=/#@!-]{1,100}")
_NOT_EMPTY = ("name", "host", "username", "sender", "path", "store", "policy", "models",
              "templates", "key_file", "ca_file", "account", "folder", "timezone",
              "password_env", "password_file", "store_password_env", "store_password_file",
              "client_secret_env", "client_secret_file",
              "client_id", "tenant", "tokens", "service_account", "login")  # fmt: skip
_MAY_BE_0 = ("retrain_after", "text_days")


def check_rules(tables: Table, mistakes: Mistakes) -> None:
    """Note every broken rule of the whole file."""
    for place, table in _all_tables(tables, ()):
        _check_values(table, place, mistakes)
    _check_firm(_table(tables, "firm"), mistakes)
    logins = _table(tables, "logins")
    check_logins(logins, mistakes)
    accounts = tables.get("accounts")
    named: dict[str, Table] = {}
    for i, account in enumerate(accounts if isinstance(accounts, list) else ()):
        if isinstance(account, dict):
            _check_account(account, ("accounts", i), logins, mistakes)
            _check_name(account, ("accounts", i), named, mistakes)
    _check_outgoing(_table(tables, "outgoing"), named, logins, mistakes)
    _check_hosts(_table(tables, "hosts"), named, mistakes)
    check_page(_table(tables, "page"), mistakes)


def _check_hosts(hosts: Table, named: Mapping[str, Table], mistakes: Mistakes) -> None:
    """Limits of a server are for one that some account is on."""
    known = sorted({str(each["host"]) for each in named.values() if "host" in each})
    for host in hosts:
        if host not in known:
            says = f"no account is on this server; {did_you_mean(host, known)}"
            mistakes.add(("hosts", host), says)


def _table(tables: Table, key: str) -> Table:
    found = tables.get(key)
    return found if isinstance(found, dict) else {}


def _all_tables(node: object, place: Place) -> Iterator[tuple[Place, Table]]:
    """Every table in the file with its place."""
    if isinstance(node, dict):
        yield place, node
        for key, inner in node.items():
            yield from _all_tables(inner, (*place, key))
    elif isinstance(node, list):
        for i, inner in enumerate(node):
            yield from _all_tables(inner, (*place, i))


def _check_values(table: Table, place: Place, mistakes: Mistakes) -> None:
    """Rules that hold for a key wherever it stands."""
    for key, value in table.items():
        if says := _value_problem(key, value):
            mistakes.add((*place, key), says)


def _value_problem(key: str, value: object) -> str:
    if type(value) is int:  # a bool is an int too, and the types' business
        return _number_problem(key, value)
    if not isinstance(value, str):
        return ""
    if key in _NOT_EMPTY and not value.strip():
        return "is empty; write a value or take the line out"
    rule = _TEXT_RULES.get(key)
    return rule(value) if rule else ""


def _number_problem(key: str, value: int) -> str:
    if key == "port":
        return "" if 1 <= value <= _MAX_PORT else f"{value} is no port; ports are 1 to {_MAX_PORT}"
    if key == "budget":
        return "" if 1 <= value <= _HUNDRED else f"{value} is no share of 100 mails; write 1 to 100"
    if key in _MAY_BE_0:
        return "" if value >= 0 else f"{value} is too small; write 0 or a number above it"
    return "" if value > 0 else f"{value} is too small; write a number above 0"


def _timezone_problem(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = did_you_mean(name, sorted(zoneinfo.available_timezones()))
        hint = near if near.startswith("did") else 'write one such as "Europe/Berlin"'
        return f'there is no time zone "{name}"; {hint}'
    return ""


def _keyword_problem(word: str) -> str:
    if not word or _KEYWORD.fullmatch(word):
        return ""
    return f'"{word}" is no IMAP keyword; use letters, digits and $ without spaces: "$Escalated"'


_TEXT_RULES: Mapping[str, Callable[[str], str]] = {
    "host": host_problem,
    "sender": address_problem,
    "timezone": _timezone_problem,
    "keyword": _keyword_problem,
}


def _check_firm(firm: Table, mistakes: Mistakes) -> None:
    for key, rule in (("domains", domain_problem), ("staff", address_problem)):
        values = firm.get(key)
        for i, value in enumerate(values if isinstance(values, list) else ()):
            if isinstance(value, str) and (says := rule(value)):
                mistakes.add(("firm", key, i), says)


def _check_name(account: Table, place: Place, named: dict[str, Table], mistakes: Mistakes) -> None:
    """Names must differ and be usable in a reference such as `inbox/INBOX;1/42`."""
    name = account.get("name")
    if not isinstance(name, str) or not name:
        return
    if not _ACCOUNT_NAME.fullmatch(name):
        says = f'"{name}" cannot be a name; use letters, digits and . _ @ + - without spaces'
        mistakes.add((*place, "name"), says)
    if name in named:
        says = f'"{name}" is the name of an earlier account too; each needs its own'
        mistakes.add((*place, "name"), says)
    named[name] = account


def _check_account(account: Table, place: Place, logins: Table, mistakes: Mistakes) -> None:
    if "since" in account and account.get("everything"):
        says = 'stands beside everything = true; keep "since" for a date or "everything" for all'
        mistakes.add((*place, "since"), says)
    check_secret(account, place, mistakes)
    if account.get("type", "imap") == "imap":
        check_login(account, place, logins, mistakes, needed=True)
    _check_security(account, place, mistakes)
    _check_folders(account, place, mistakes)
    _check_tag_folders(account, place, mistakes)


def _check_security(table: Table, place: Place, mistakes: Mistakes) -> None:
    """A password may only cross a network encrypted."""
    host = table.get("host")
    if table.get("security") == "none" and isinstance(host, str) and not is_loopback(host):
        says = (
            'cannot be "none" for a server on the network, or the password could be read on the '
            'way; write "tls" or "starttls"'
        )
        mistakes.add((*place, "security"), says)


def _check_folders(account: Table, place: Place, mistakes: Mistakes) -> None:
    folders = account.get("folders")
    if folders == []:
        mistakes.add((*place, "folders"), 'is empty; write at least ["INBOX"]')
    names = [f for f in folders if isinstance(f, str)] if isinstance(folders, list) else ["INBOX"]
    for i, name in enumerate(names):
        if not name.strip():
            mistakes.add((*place, "folders", i), "is empty; write a folder's name")
        elif name in names[:i]:
            mistakes.add((*place, "folders", i), f'"{name}" stands there twice; take one out')
    target = _table(account, "after").get("move_to")
    if target in names:
        says = f'"{target}" is itself watched, so mail would come back for ever; name another'
        mistakes.add((*place, "after", "move_to"), says)


def _check_tag_folders(account: Table, place: Place, mistakes: Mistakes) -> None:
    """Names that are usable below each other; whether they fit the policy is told elsewhere."""
    if "tag_folders" not in account:
        return
    place = (*place, "tag_folders")
    if account.get("type") == "mbox":
        mistakes.add(place, "cannot work here: an mbox file has no folders; take the table out")
    settings = _table(account, "tag_folders")
    names = _table(settings, "names")
    places = [((*place, "root"), settings.get("root"))]
    places += [((*place, "names", tag), name) for tag, name in names.items()]
    for at, name in places:
        if isinstance(name, str) and (says := _levels_problem(name)):
            mistakes.add(at, says)


def _levels_problem(name: str) -> str:
    levels = [level.strip() for level in name.split("/")]
    if {"", ".", ".."} & set(levels):
        return f'"{name}" is no name of a folder; write one such as "Triage" or "Office/Triage"'
    return ""


def _check_outgoing(
    outgoing: Table, named: Mapping[str, Table], logins: Table, mistakes: Mistakes
) -> None:
    place: Place = ("outgoing",)
    check_secret(outgoing, place, mistakes)
    check_login(outgoing, place, logins, mistakes, needed=False)
    _check_security(outgoing, place, mistakes)
    has_password = any(key in outgoing for key in SECRET_KEYS)
    has_login = has_password or "login" in outgoing
    if outgoing.get("username") and not has_login:
        says = f'has no password; add one of {quoted(SECRET_KEYS)}, or "login"'
        mistakes.add((*place, "username"), says)
    if has_login and not outgoing.get("username"):
        what = "password" if has_password else "login"
        mistakes.add(place, f'has a {what} but no "username" to log in with; add it')
    _check_times(outgoing, mistakes)
    _check_probe(outgoing, named, mistakes)


def _check_times(outgoing: Table, mistakes: Mistakes) -> None:
    """Waiting times must be in an order that can work."""
    for smaller, larger, why in (
        ("retry_first_s", "retry_max_s", "the first wait is the shortest"),
        ("retry_max_s", "give_up_after_s", "else nothing is ever tried again"),
        ("answer_timeout_s", "uncertain_after_s", "else an answer still awaited counts as lost"),
    ):
        low = outgoing.get(smaller, _DEFAULT_TIMES[smaller])
        high = outgoing.get(larger, _DEFAULT_TIMES[larger])
        if type(low) is int and type(high) is int and low > high:
            says = f'is {high}, less than "{smaller}" ({low}); make it at least that: {why}'
            mistakes.add(("outgoing", larger), says)


_DEFAULT_TIMES = {
    key: getattr(Outgoing(host="", sender=""), key)
    for key in (
        "retry_first_s",
        "retry_max_s",
        "give_up_after_s",
        "answer_timeout_s",
        "uncertain_after_s",
    )
}


def _check_probe(outgoing: Table, named: Mapping[str, Table], mistakes: Mistakes) -> None:
    """The probe needs a mailbox to look into, and must be asked for."""
    wanted = outgoing.get("uncertain") == "probe"
    probe = _table(outgoing, "probe")
    if wanted and not probe:
        says = 'is "probe", but no table [outgoing.probe] says where to look; add its "account"'
        mistakes.add(("outgoing", "uncertain"), says)
    if probe and not wanted:
        says = 'is never used; write uncertain = "probe" under [outgoing], or take this table out'
        mistakes.add(("outgoing", "probe"), says)
    name = probe.get("account")
    if not isinstance(name, str) or not name:
        return
    if name not in named:
        says = f'there is no account "{name}"; {did_you_mean(name, named)}'
        mistakes.add(("outgoing", "probe", "account"), says)
    elif named[name].get("type", "imap") != "imap":
        says = f'"{name}" is no IMAP account, so nothing can be looked up there'
        mistakes.add(("outgoing", "probe", "account"), says)
