"""What users of `triage.toml` rely on: the values, and sentences for whatever is wrong."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from triage.config import Config, Database, FolderAccount, ImapAccount, OAuthLogin, Probe, Secret
from triage.config_file import load_config, mask, parse_config
from triage.errors import ConfigError
from triage.login_rules import SECRET_KEYS

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"

FULL = """
policy = "rules/policy.toml"
store = "var/triage.db"
models = "models"
templates = "/srv/templates"
key_file = "~/triage.key"

[firm]
name = "Radial"
domains = ["radial.example"]
staff = ["freelancer@elsewhere.example"]
timezone = "Europe/Berlin"

[[accounts]]
name = "inbox"
host = "imap.radial.example"
username = "inbox@radial.example"
password_file = "secrets/inbox"
folders = ["INBOX", "Kunden/Größe"]
since = 2026-01-31

[accounts.after]
keyword = "$Escalated"
move_to = "Escalated"

[[accounts]]
name = "archive"
type = "maildir"
path = "mail"
everything = true

[outgoing]
host = "smtp.radial.example"
username = "inbox@radial.example"
password_command = ["pass", "show", "token-in-arguments"]
sender = "triage@radial.example"
uncertain = "probe"

[outgoing.probe]
account = "inbox"
folder = "Sent Items"

[limits]
batch_messages = 10

[alerts]
budget = 12
"""

MINIMAL = """
[firm]
name = "Radial"
[[accounts]]
name = "inbox"
host = "imap.radial.example"
username = "inbox@radial.example"
password_env = "INBOX_PASSWORD"
[outgoing]
host = "smtp.radial.example"
sender = "triage@radial.example"
"""


def parse(text: str) -> Config:
    return parse_config(text, Path("/etc/triage/triage.toml"))


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return list(caught.value.problems)


def with_line(table: str, line: str) -> str:
    """The minimal file with one more line under a table header ("" for the top)."""
    return MINIMAL.replace(table, f"{table}\n{line}", 1) if table else f"{line}\n{MINIMAL}"


def test_every_setting_reaches_its_value() -> None:
    config = parse(FULL)
    inbox, archive = config.accounts
    assert isinstance(inbox, ImapAccount)
    assert isinstance(archive, FolderAccount)
    assert config.firm.timezone == "Europe/Berlin"
    assert config.firm.role_of("freelancer@elsewhere.example") == "staff"
    assert inbox.folders == ("INBOX", "Kunden/Größe")
    assert inbox.since == date(2026, 1, 31)
    assert (inbox.after.keyword, inbox.after.move_to) == ("$Escalated", "Escalated")
    assert archive.type == "maildir"
    assert archive.everything
    assert config.outgoing.password == Secret(command=("pass", "show", "token-in-arguments"))
    assert config.outgoing.probe == Probe(account="inbox", folder="Sent Items")
    assert config.limits.batch_messages == 10
    assert config.alerts.budget == 12


def test_a_minimal_file_has_the_defaults_of_the_contract() -> None:
    config = parse(MINIMAL)
    inbox = config.accounts[0]
    assert isinstance(inbox, ImapAccount)
    assert (inbox.port, inbox.security, inbox.folders) == (993, "tls", ("INBOX",))
    assert (config.outgoing.port, config.outgoing.security) == (587, "starttls")
    assert config.outgoing.uncertain == "hold"
    assert inbox.since is None
    assert config.models is None


def test_relative_paths_belong_to_the_folder_of_the_file() -> None:
    config = parse(FULL)
    inbox, archive = config.accounts
    assert isinstance(inbox, ImapAccount)
    assert isinstance(archive, FolderAccount)
    assert config.policy == Path("/etc/triage/rules/policy.toml")
    assert config.store == Path("/etc/triage/var/triage.db")
    assert config.templates == Path("/srv/templates")
    assert config.key_file == Path.home() / "triage.key"
    assert inbox.password
    assert inbox.password.file == Path("/etc/triage/secrets/inbox")
    assert archive.path == Path("/etc/triage/mail")
    assert parse(MINIMAL).policy == Path("/etc/triage/policy.toml")


def test_a_file_is_found_by_a_relative_path_and_may_begin_with_a_byte_order_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "triage.toml").write_text(MINIMAL, encoding="utf-8-sig")
    monkeypatch.chdir(tmp_path)
    config = load_config(Path("triage.toml"))
    assert config.path == tmp_path / "triage.toml"
    assert config.store == tmp_path / "triage.db"


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="triage init"):
        load_config(tmp_path / "triage.toml")


def test_a_folder_or_bytes_in_place_of_the_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)
    (tmp_path / "triage.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ConfigError, match="byte 9 is not UTF-8"):
        load_config(tmp_path / "triage.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[firm]\nname = Radial", "line 2, column 8"),
        ("[firm]\nname = Radial", "straight quotes"),
        ("name = \u201cRadial\u201d", "curly"),
        ("[firm]\na = 1\na = 2", "stands there twice"),
        ('store = "C:\\data"', "backslash"),
    ],
)
def test_bad_toml_is_told_with_its_place_and_likely_cause(text: str, says: str) -> None:
    (only,) = problems(text)
    assert says in only
    assert only.startswith("/etc/triage/triage.toml: ")


# Each line: the table it goes into, the line, and the whole beginning of the sentence expected.
WRONG = [
    ("", 'polcy = "x"', 'polcy: is not a setting here; did you mean "policy"?'),
    ("", 'path = "x"', "path: is not a setting here"),
    ("", 'store = ""', "store: is empty"),
    ("", "models = 3", "models: must be text in quotes"),
    ("[firm]", 'domains = ["@radial.example"]', 'firm.domains[1]: "@radial.example" is no domain'),
    ("[firm]", 'domains = "radial.example"', "firm.domains: must be a list"),
    ("[firm]", 'staff = ["Ben"]', 'firm.staff[1]: "Ben" is no email address'),
    ("[firm]", 'timezone = "Europe/Berln"', 'firm.timezone: there is no time zone "Europe/Berln"'),
    ("[firm]", 'timezone = "../etc"', 'firm.timezone: there is no time zone "../etc"'),
    ("[[accounts]]", 'type = "pop3"', 'accounts[1].type: cannot be "pop3"; it can be "imap"'),
    ("[[accounts]]", "port = 70000", "accounts[1].port: 70000 is no port"),
    ("[[accounts]]", "port = 0", "accounts[1].port: 0 is no port"),
    ("[[accounts]]", 'port = "993"', "accounts[1].port: must be a whole number"),
    ("[[accounts]]", "port = true", "accounts[1].port: must be a whole number"),
    ("[[accounts]]", 'security = "ssl"', 'accounts[1].security: cannot be "ssl"; it can be "tls"'),
    ("[[accounts]]", 'security = "non"', 'accounts[1].security: cannot be "non"; it can be "tls"'),
    ("[[accounts]]", 'security = "none"', 'accounts[1].security: cannot be "none" for a server'),
    ("[[accounts]]", 'idle = "yes"', "accounts[1].idle: must be true or false"),
    ("[[accounts]]", "poll_interval_s = 0", "accounts[1].poll_interval_s: 0 is too small"),
    ("[[accounts]]", "timeout_s = -1", "accounts[1].timeout_s: -1 is too small"),
    ("[[accounts]]", "timeout_s = 1.5", "accounts[1].timeout_s: must be a whole number"),
    ("[[accounts]]", 'since = "last week"', "accounts[1].since: must be a date"),
    ("[[accounts]]", "folders = []", "accounts[1].folders: is empty"),
    ("[[accounts]]", 'folders = ["A", "A"]', 'accounts[1].folders[2]: "A" stands there twice'),
    ("[[accounts]]", 'folders = ["A\\r\\nB"]', "accounts[1].folders[1]: contains the control"),
    ("[[accounts]]", 'password = "hunter2"', "accounts[1].password: a password never stands"),
    ("[[accounts]]", 'password_file = "x"', 'accounts[1].password_file: stands beside "password_'),
    ("[[accounts]]", 'password_keyring = "inbox"', 'accounts[1].password_keyring: "inbox" is no'),
    ("[[accounts]]", "password_command = []", "accounts[1].password_command: is empty"),
    ("[[accounts]]", 'password_command = "pass x"', "accounts[1].password_command: must be a list"),
    ("[[accounts]]", 'after.keyword = "two words"', 'accounts[1].after.keyword: "two words" is no'),
    ("[[accounts]]", 'after.move_to = "INBOX"', 'accounts[1].after.move_to: "INBOX" is itself'),
    ("[[accounts]]", "after.move = 1", "accounts[1].after.move: is not a setting here; did you"),
    ("[outgoing]", 'username = "x"', "outgoing.username: has no password"),
    ("[outgoing]", 'password_env = "X"', 'outgoing: has a password but no "username"'),
    ("[outgoing]", "retry_first_s = 9999", 'outgoing.retry_max_s: is 3600, less than "retry_first'),
    ("[outgoing]", "answer_timeout_s = 901", "outgoing.uncertain_after_s: is 900, less than"),
    ("[outgoing]", 'uncertain = "probe"', 'outgoing.uncertain: is "probe", but no table'),
    ("[outgoing]", 'probe.account = "inbox"', "outgoing.probe: is never used"),
    ("[outgoing]", 'sender_name = "A\\nB"', "outgoing.sender_name: contains the control character"),
    ("[outgoing]", "limits.max_message_bytes = 1", "outgoing.limits: is not a setting here"),
    ("", "alerts.budget = 0", "alerts.budget: 0 is no share of 100 mails"),
    ("", "alerts.budget = 101", "alerts.budget: 101 is no share of 100 mails"),
    ("", "alerts.budget = 2.5", "alerts.budget: "),
]  # fmt: skip


@pytest.mark.parametrize(("table", "line", "says"), WRONG)
def test_each_mistake_is_told_with_place_and_line(table: str, line: str, says: str) -> None:
    text = with_line(table, line)
    found = problems(text)
    assert any(problem.startswith(says) for problem in found), found
    assert all("(triage.toml" in problem for problem in found)


def test_the_line_number_is_that_of_the_setting() -> None:
    found = problems(FULL.replace('timezone = "Europe/Berlin"', 'timezone = "Nowhere"'))
    line = FULL.splitlines().index('timezone = "Europe/Berlin"') + 1
    assert found[0].endswith(f"(triage.toml, line {line})")
    assert len(found) == 1


def test_lines_inside_long_texts_are_not_taken_for_settings() -> None:
    text = 'x = """\n[outgoing]\nport = 1\n"""\n' + MINIMAL + "port = 0\n"
    last = len(text.splitlines())
    assert any(f"(triage.toml, line {last})" in problem for problem in problems(text))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('host = "imap.radial.example"', 'host = "imaps://x"', "accounts[1].host: "),
        ('host = "imap.radial.example"', 'host = "x.example:993"', "accounts[1].host: "),
        ('host = "imap.radial.example"', 'host = "a b"', "accounts[1].host: "),
        ('host = "imap.radial.example"', "", 'accounts[1].host: is missing; write host = "..."'),
        ('sender = "triage@radial.example"', 'sender = "T <t@x.example>"', "outgoing.sender: "),
        ('sender = "triage@radial.example"', 'sender = "t@radial"', "outgoing.sender: "),
        ('sender = "triage@radial.example"', 'sender = "a..b@x.example"', "outgoing.sender: "),
        ('password_env = "INBOX_PASSWORD"', "", "accounts[1].password: is missing; write one of"),
        ('name = "inbox"', 'name = "shared inbox"', "accounts[1].name: "),
        ('name = "Radial"', 'name = " "', "firm.name: is empty"),
        ("[[accounts]]", "[accounts]", "accounts: must be written [[accounts]]"),
        ("[firm]", "[frim]", "firm: is missing; write a line [firm]"),
        ("[outgoing]", "[outgoings]", "outgoing: is missing; write a line [outgoing]"),
    ],
)
def test_required_settings_are_held_to_their_form(old: str, new: str, says: str) -> None:
    found = problems(MINIMAL.replace(old, new, 1))
    assert any(problem.startswith(says) for problem in found), found


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = """
polcy = "x"
[firm]
timezone = "Nowhere"
[[accounts]]
name = "inbox"
port = 70000
[[accounts]]
name = "inbox"
type = "eml"
host = "x.example"
[outgoing]
sender = "nobody"
"""
    places = [problem.partition(": ")[0] for problem in problems(text)]
    assert places == [
        "polcy",
        "firm.name",
        "firm.timezone",
        "accounts[1].password",
        "accounts[1].host",
        "accounts[1].username",
        "accounts[1].port",
        "accounts[2].path",
        "accounts[2].name",
        "accounts[2].host",
        "outgoing.host",
        "outgoing.sender",
    ]


def test_since_and_everything_exclude_each_other() -> None:
    text = with_line("[[accounts]]", "since = 2026-01-01\neverything = true")
    assert problems(text)[0].startswith("accounts[1].since: stands beside everything")
    parse(with_line("[[accounts]]", "since = 2026-01-01\neverything = false"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "mail.localhost"])
def test_no_encryption_is_allowed_towards_this_machine_only(host: str) -> None:
    text = with_line("[[accounts]]", 'security = "none"')
    assert parse(text.replace('host = "imap.radial.example"', f'host = "{host}"'))


def test_the_probe_must_look_into_an_imap_account() -> None:
    probe = FULL.replace('account = "inbox"', 'account = "inbx"')
    assert 'there is no account "inbx"; did you mean "inbox"?' in problems(probe)[0]
    probe = FULL.replace('account = "inbox"', 'account = "archive"')
    assert "is no IMAP account" in problems(probe)[0]


def test_a_file_without_accounts_says_so() -> None:
    text = '[firm]\nname = "R"\n[outgoing]\nhost = "x.example"\nsender = "t@x.example"\n'
    assert problems(text) == [
        "accounts: is missing; add a table [[accounts]] for each mailbox (triage.toml)"
    ]


def test_the_masked_configuration_shows_everything_but_secrets() -> None:
    text = mask(parse(FULL))
    assert 'accounts[1].host = "imap.radial.example"' in text
    assert "accounts[1].password = *** (file /etc/triage/secrets/inbox)" in text
    assert "outgoing.password = *** (command pass)" in text
    assert "token-in-arguments" not in text
    assert "limits.batch_messages = 10" in text


def test_the_demo_configuration_loads() -> None:
    folder = DOCUMENT.parents[1] / "data" / "demo"
    config = load_config(folder / "triage.toml")
    assert config.policy == folder / "policy.toml"
    assert config.firm.role_of("ben@radial.example") == "staff"


def test_every_setting_is_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    keys = {line.partition(" =")[0].rpartition(".")[2] for line in mask(parse(FULL)).splitlines()}
    known = keys - {"path", "password"} | set(SECRET_KEYS)
    known |= {field.name for field in fields(OAuthLogin)} - {"client_secret"}
    missing = sorted(key for key in known | {"ca_file", "path"} if f"`{key}`" not in text)
    assert missing == []


LOGIN = """
[logins.office]
type = "generic"
client_id = "triage"
token_url = "https://login.radial.example/token"
device_url = "https://login.radial.example/device"
scopes = ["mail"]
"""


def with_login(login: str = LOGIN) -> str:
    return MINIMAL.replace('password_env = "INBOX_PASSWORD"', 'login = "office"', 1) + login


def test_an_account_logs_in_with_tokens_where_it_names_a_login() -> None:
    config = parse(with_login())
    account = config.accounts[0]
    assert isinstance(account, ImapAccount)
    assert (account.login, account.password) == ("office", None)
    assert config.logins["office"].scopes == ("mail",)
    assert config.tokens.is_absolute()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[logins.office]", "[logins.ofice]", 'accounts[1].login: there is no login "office"; did'),
        (
            'login = "office"',
            'login = "office"\npassword_env = "X"',
            "accounts[1].login: stands be",
        ),
        ("https://login.radial.example/token", "http://x.example/t", "logins.office.token_url: "),
        ('client_id = "triage"', "", "logins.office.client_id: is missing"),
        (
            'client_id = "triage"',
            'client_secret = "s"\nclient_id = "t"',
            "logins.office.client_sec",
        ),
        (
            'device_url = "https://login.radial.example/device"',
            "",
            "logins.office.device_url: is m",
        ),
        ('type = "generic"', 'type = "microsoft"', "logins.office.tenant: is missing"),
        ('type = "generic"', 'type = "google"', "logins.office.client_secret: is missing"),
        ('type = "generic"', 'type = "google"\napp_only = true', "logins.office.service_account: "),
        (
            'type = "generic"',
            'type = "generic"\napp_only = true',
            "logins.office.client_secret: is",
        ),
        ('type = "generic"', 'type = "azure"', "logins.office.type: "),
        ('scopes = ["mail"]', "", "logins.office.scopes: is missing"),
    ],
)
def test_a_login_that_cannot_work_says_what_to_write(old: str, new: str, says: str) -> None:
    found = problems(with_login().replace(old, new, 1))
    assert any(problem.startswith(says) for problem in found), found


PAGE = """
[page]
url = "http://triage.example.com"
[page.proxy]
addresses = ["127.0.0.1", "nowhere"]
header = "X User"
"""


def test_mistakes_in_the_page_are_told_with_what_to_write() -> None:
    told = " ".join(problems(MINIMAL + PAGE))
    for says in (
        "page.url",
        "must begin with https://",
        "page.proxy.addresses[2]",
        "page.proxy.header",
        "page.proxy.secret_file",
        "lets nobody in",
    ):
        assert says in told


def with_store(lines: str) -> str:
    return FULL.replace('store = "var/triage.db"', lines)


def test_a_store_may_lie_on_a_database_server() -> None:
    url = "postgresql://triage@db.example/triage?sslmode=verify-full"
    config = parse(with_store(f'store = "{url}"\nstore_password_file = "secrets/db"'))
    assert config.store == Database(url=url, password=Secret(file=Path("/etc/triage/secrets/db")))
    assert config.store_file is None
    assert "secrets/db" in mask(config)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('store = "postgresql://triage:hunter2@db.example/triage"', "holds a password; take it"),
        ('store = "postgresql://triage@db.example/triage"', "in the clear"),
        ('store = "postgresql://db.example"', "names no user or no database"),
        ('store = "mysql://triage@localhost/triage"', '"mysql" is no database that is known'),
        ('store = "postgresql://triage@localhost:x/triage"', "cannot be read as a URL"),
        ('store = "triage.db"\nstore_password_env = "PW"', "`store` names a file"),
        ('store = "triage.db"\nstore_password = "hunter2"', "a password never stands in this file"),
        ("store = 5", 'must be a path in quotes, such as store = "folder/file"'),
        (
            'store = "postgresql://t@[::1]/t"\nstore_password_env = "A"\nstore_password_file = "b"',
            "keep exactly one of them",
        ),
        (
            'store = "postgresql://t@localhost/t"\nstore_password_command = "pass"',
            'must be text in quotes, such as store_password_command = ["pass"',
        ),
    ],
)
def test_a_database_that_cannot_be_used_says_what_to_write(lines: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(with_store(lines))
    assert says in str(error.value)
    assert "hunter2" not in str(error.value)
