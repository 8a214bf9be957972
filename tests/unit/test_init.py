"""`triage init`: few questions, both logins first, everything or nothing."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from triage.check import check_all
from triage.check.problem import Problem
from triage.cli.setup import Tools, register
from triage.config import ImapAccount, Secret
from triage.config_file import load_config
from triage.messages import Address, Urgency
from triage.policy_file import load_policy
from triage.providers import PROVIDERS, guess_provider
from triage.setup_files import NewFile, person_ids, write_files
from triage.setup_people import parse_person

if TYPE_CHECKING:
    from typer.testing import Result

    from triage.setup_files import Answers

TAGS = ("upsell", "dissatisfaction", "scope_mismatch", "blocker")
COMPLETE = [
    *("--address", "inbox@radial.example", "--imap-host", "mail.radial.example"),
    *("--smtp-host", "mail.radial.example", "--password-env", "INBOX_PASSWORD"),
    *("--manager", "Marshall Smith <marshall@radial.example>"),
    *("--manager", "ben.west@radial.example", "--yes"),
]
ANSWERS = [
    "inbox",  # no address
    "inbox@radial.example",
    "generic",
    "imaps://mail.radial.example",  # no server name
    "mail.radial.example",
    "",  # smtp.radial.example
    "",  # the address is the user name
    "hunter2",
    "Radial & Co",
    "inbox@radial.example",  # the inbox cannot be its own manager
    "Marshall Smith <marshall@radial.example>",
    "Ben West <ben@elsewhere.example>",
    "",
]
REFUSED = Problem(severity="error", area="server", where="inbox (mail:993)", what="refused")


@dataclass
class FakeServers:
    """Answers the login test, and remembers what it was asked."""

    problems: list[Problem] = field(default_factory=list)
    asked: list[tuple[Answers, str | None]] = field(default_factory=list)

    def try_logins(
        self, answers: Answers, password: str | None, directory: Path, today: date
    ) -> tuple[Answers, list[Problem]]:
        self.asked.append((answers, password))
        return answers, self.problems


def init(
    folder: Path, *arguments: str, servers: FakeServers | None = None, typed: str = ""
) -> Result:
    """Run the verb; `typed` is what the person at the keyboard answers, line by line."""
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app, Tools(try_logins=(servers or FakeServers()).try_logins, check=check_all))
    return CliRunner().invoke(app, ["init", "--directory", str(folder), *arguments], input=typed)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_flags_alone_make_a_set_up_that_loads(tmp_path: Path) -> None:
    servers = FakeServers()
    result = init(tmp_path, *COMPLETE, servers=servers)
    assert result.exit_code == 0, result.output
    assert names(tmp_path) == ["policy.toml", "triage.key", "triage.toml"]
    config = load_config(tmp_path / "triage.toml")
    inbox = config.accounts[0]
    assert isinstance(inbox, ImapAccount)
    assert (inbox.host, inbox.port, inbox.security) == ("mail.radial.example", 993, "tls")
    assert inbox.password == Secret(env="INBOX_PASSWORD")
    assert config.outgoing.sender == "inbox@radial.example"
    assert config.firm.domains == ("radial.example",)
    policy = load_policy(config.policy)
    assert [p.name for p in policy.people.values()] == ["Marshall Smith", "Ben West"]
    assert set(policy.routes) == set(TAGS)
    assert policy.routes["blocker"].to == ("marshall", "ben")
    assert policy.routes["dissatisfaction"].urgency is Urgency.HIGH
    assert len(servers.asked) == 1


def test_both_files_say_where_their_settings_are_explained(tmp_path: Path) -> None:
    init(tmp_path, *COMPLETE)
    for name in ("triage.toml", "policy.toml"):
        head = (tmp_path / name).read_text()[:500]
        found = re.search(r"docs/configuration.md of the program \((/.+)\)\.\n", head)
        assert found
        assert Path(found[1]).is_file()


def test_without_a_terminal_it_says_which_flags_do_without_one(tmp_path: Path) -> None:
    result = init(tmp_path)
    assert result.exit_code == 2
    assert "no terminal to ask on; give --address ... --yes" in result.stderr
    assert "Aborted" not in result.output
    assert names(tmp_path) == []


def test_what_was_written_passes_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INBOX_PASSWORD", "x")
    init(tmp_path, *COMPLETE)
    config = tmp_path / "triage.toml"
    found = check_all(config, today=date(2026, 11, 27), offline=True, read_tags=lambda _: TAGS)
    assert [problem for problem in found if problem.severity == "error"] == []


def test_the_next_three_commands_are_told(tmp_path: Path) -> None:
    output = init(tmp_path, *COMPLETE).stdout
    lines = [line.split()[:2] for line in output.splitlines() if line.startswith("  triage ")]
    assert lines == [["triage", "check"], ["triage", "replay"], ["triage", "run"]]
    assert f"--config {tmp_path / 'triage.toml'}" in output


def test_the_key_is_private_and_random(tmp_path: Path) -> None:
    keys = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        init(tmp_path / name, *COMPLETE)
        key = tmp_path / name / "triage.key"
        assert mode(key) == 0o600
        assert len(bytes.fromhex(key.read_text().strip())) == 32
        keys.add(key.read_text())
    assert len(keys) == 2


def test_questions_lead_to_the_same_and_wrong_answers_are_asked_again(tmp_path: Path) -> None:
    servers = FakeServers()
    typed = "".join(f"{answer}\n" for answer in ANSWERS)
    result = init(tmp_path, servers=servers, typed=typed)
    assert result.exit_code == 0, result.output
    config = load_config(tmp_path / "triage.toml")
    assert config.firm.name == "Radial & Co"
    assert config.firm.staff == ("ben@elsewhere.example",)
    assert config.outgoing.host == "smtp.radial.example"
    assert servers.asked[0][1] == "hunter2"
    secret = tmp_path / "secrets" / "inbox"
    assert secret.read_text() == "hunter2\n"
    assert (mode(secret), mode(secret.parent)) == (0o600, 0o700)
    assert "hunter2" not in (tmp_path / "triage.toml").read_text()
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("someone@gmail.com", "gmail"),
        ("someone@Outlook.com", "microsoft365"),
        ("someone@fastmail.com", "fastmail"),
        ("someone@radial.example", "generic"),
    ],
)
def test_the_provider_is_guessed_from_the_address(address: str, key: str) -> None:
    assert guess_provider(address).key == key


def test_a_preset_knows_servers_app_passwords_and_the_sent_folder(tmp_path: Path) -> None:
    servers = FakeServers()
    typed = "\n\nabcd efgh ijkl mnop\nRadial\nMarshall <marshall@radial.example>\n\n"
    result = init(tmp_path, "--address", "radial.inbox@gmail.com", typed=typed, servers=servers)
    assert result.exit_code == 0, result.output
    assert "app password" in result.output
    config = load_config(tmp_path / "triage.toml")
    inbox = config.accounts[0]
    assert isinstance(inbox, ImapAccount)
    assert (inbox.host, config.outgoing.host) == ("imap.gmail.com", "smtp.gmail.com")
    assert config.outgoing.uncertain == "probe"
    assert config.outgoing.probe
    assert config.outgoing.probe.folder == "[Gmail]/Sent Mail"
    assert servers.asked[0][1] == "abcdefghijklmnop"
    # Anybody may have an address at gmail.com: only our own ones are staff.
    assert config.firm.domains == ()
    assert config.firm.staff == ("radial.inbox@gmail.com", "marshall@radial.example")


@pytest.mark.parametrize("key", sorted(PROVIDERS))
def test_every_provider_makes_a_set_up_that_loads(tmp_path: Path, key: str) -> None:
    result = init(tmp_path, *COMPLETE, "--provider", key)
    assert result.exit_code == 0, result.output
    load_config(tmp_path / "triage.toml")


def test_a_refused_login_writes_nothing_and_says_why(tmp_path: Path) -> None:
    result = init(tmp_path, *COMPLETE, servers=FakeServers(problems=[REFUSED]))
    assert result.exit_code == 1
    assert "nothing was written" in result.stderr
    assert "refused" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_login_test_can_be_left_out(tmp_path: Path) -> None:
    servers = FakeServers(problems=[REFUSED])
    result = init(tmp_path, *COMPLETE, "--no-login-test", servers=servers)
    assert result.exit_code == 0, result.output
    assert servers.asked == []


def test_everything_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    result = init(tmp_path, "--yes")
    assert result.exit_code == 2
    for flag in ("--address", "--imap-host", "--smtp-host", "--password-env", "--manager"):
        assert flag in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--address", "nobody"], "--address: "),
        (["--provider", "gmial"], 'did you mean "gmail"?'),
        (["--imap-port", "0"], "--imap-port: 0 is no port"),
        (["--smtp-security", "non"], '--smtp-security: cannot be "non"; it can be "tls", '),
        (["--imap-security", "none"], "accounts[1].security: "),
        (["--since", "yesterday"], "--since: "),
        (["--timezone", "Nowhere"], "firm.timezone: "),
        (["--manager", "Nobody"], "--manager: "),
        (["--manager", "inbox@radial.example"], "--manager: "),
        (["--manager", "Marshall@radial.example"], "was given already"),
        (["--password-file", "x"], "give only one"),
        (["--folder", "A\nB"], "accounts[1].folders[1]: "),
    ],
)
def test_wrong_flags_write_nothing_and_ask_no_server(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    servers = FakeServers()
    result = init(tmp_path, *COMPLETE, *arguments, servers=servers)
    assert result.exit_code == 2
    assert says in result.stderr
    assert servers.asked == []
    assert list(tmp_path.iterdir()) == []


def test_existing_files_are_never_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("mine")
    result = init(tmp_path, *COMPLETE)
    assert result.exit_code == 2
    assert "policy.toml would be overwritten" in result.stderr
    assert names(tmp_path) == ["policy.toml"]


def test_force_keeps_the_old_files_beside_and_the_key_as_it_is(tmp_path: Path) -> None:
    init(tmp_path, *COMPLETE)
    key = (tmp_path / "triage.key").read_text()
    (tmp_path / "policy.toml").write_text("mine")
    result = init(tmp_path, *COMPLETE, "--force")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "policy.toml.bak").read_text() == "mine"
    assert (tmp_path / "triage.key").read_text() == key
    load_policy(tmp_path / "policy.toml")


def test_a_folder_that_does_not_exist_is_told_before_any_question(tmp_path: Path) -> None:
    result = init(tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "mkdir -p" in result.stderr


def test_a_password_file_is_named_as_seen_from_the_settings(tmp_path: Path) -> None:
    arguments = [a for a in COMPLETE if a not in ("--password-env", "INBOX_PASSWORD")]
    init(tmp_path, *arguments, "--password-file", str(tmp_path / "private" / "pw"))
    assert 'password_file = "private/pw"' in (tmp_path / "triage.toml").read_text()


def test_a_password_file_where_a_typed_one_would_go_is_used_and_left_alone(tmp_path: Path) -> None:
    secret = tmp_path / "secrets" / "inbox"
    secret.parent.mkdir()
    secret.write_text("hunter2\n")
    arguments = [a for a in COMPLETE if a not in ("--password-env", "INBOX_PASSWORD")]
    assert init(tmp_path, *arguments, "--password-file", str(secret)).exit_code == 0
    assert secret.read_text() == "hunter2\n"
    (tmp_path / "triage.toml").unlink()
    (tmp_path / "policy.toml").unlink()
    result = init(tmp_path)
    assert result.exit_code == 2
    assert "secrets/inbox would be overwritten" in result.stderr


def test_a_command_a_day_folders_and_another_smtp_login_reach_the_settings(
    tmp_path: Path,
) -> None:
    arguments = [a for a in COMPLETE if a not in ("--password-env", "INBOX_PASSWORD")]
    result = init(
        tmp_path,
        *arguments,
        *("--password-command", "pass show 'my inbox'", "--since", "2026-11-01"),
        *("--folder", "INBOX", "--folder", 'Client "A"', "--smtp-username", ""),
    )
    assert result.exit_code == 0, result.output
    config = load_config(tmp_path / "triage.toml")
    inbox = config.accounts[0]
    assert isinstance(inbox, ImapAccount)
    assert inbox.password == Secret(command=("pass", "show", "my inbox"))
    assert inbox.since == date(2026, 11, 1)
    assert inbox.folders == ("INBOX", 'Client "A"')
    assert config.outgoing.password is None


def test_an_entry_of_the_keyring_reaches_the_settings(tmp_path: Path) -> None:
    arguments = [a for a in COMPLETE if a not in ("--password-env", "INBOX_PASSWORD")]
    result = init(tmp_path, *arguments, "--password-keyring", "triage/inbox")
    assert result.exit_code == 0, result.output
    inbox = load_config(tmp_path / "triage.toml").accounts[0]
    assert isinstance(inbox, ImapAccount)
    assert inbox.password == Secret(keyring="triage/inbox")
    refused = init(tmp_path, *COMPLETE, "--password-keyring", "inbox", "--force")
    assert refused.exit_code == 2
    assert "--password-env, --password-keyring: give only one" in refused.stderr


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("Ben West <ben@x.example>", Address(name="Ben West", address="ben@x.example")),
        ('"Ben  West" <ben@x.example> ', Address(name="Ben West", address="ben@x.example")),
        ("ben.west@x.example", Address(name="Ben West", address="ben.west@x.example")),
        ("<ben@x.example>", Address(name="Ben", address="ben@x.example")),
    ],
)
def test_people_are_written_as_in_a_mail_program(text: str, person: Address) -> None:
    assert parse_person(text) == person


def test_people_of_the_same_first_name_get_different_ids() -> None:
    people = [Address(name=n, address="") for n in ("Ben A", "Ben B", "Ben C", "\u00c5sa")]
    assert person_ids(people) == ["ben", "ben2", "ben3", "sa"]


def test_files_appear_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "in the way").touch()
    (tmp_path / "a").write_text("old")
    with pytest.raises(OSError, match="directory"):
        write_files([NewFile(name="a", content="new"), NewFile(name="b", content="new")], tmp_path)
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a", "b/in the way"]


MICROSOFT = [
    *("--address", "hello@radial.example", "--provider", "microsoft365", "--yes"),
    *("--manager", "Marshall Smith <marshall@radial.example>", "--client-id", "4711-4712"),
]


def test_microsoft_gets_a_login_by_tokens_and_says_to_log_in_first(tmp_path: Path) -> None:
    servers = FakeServers()
    result = init(tmp_path, *MICROSOFT, "--tenant", "radial.example", servers=servers)
    assert result.exit_code == 0, result.output
    assert result.stdout.index("triage login") < result.stdout.index("triage check")
    config = load_config(tmp_path / "triage.toml")
    login = config.logins["microsoft"]
    assert (login.client_id, login.tenant, login.app_only) == ("4711-4712", "radial.example", False)
    assert config.outgoing.login == "microsoft"
    assert servers.asked == []  # there is no token yet
    assert "secrets/inbox" not in names(tmp_path)


def test_microsoft_lets_the_program_log_in_as_itself_by_a_secret(tmp_path: Path) -> None:
    secret = tmp_path / "secrets" / "microsoft"
    result = init(tmp_path, *MICROSOFT, "--client-secret-file", str(secret))
    assert result.exit_code == 0, result.output
    login = load_config(tmp_path / "triage.toml").logins["microsoft"]
    assert (login.app_only, login.client_secret) == (True, Secret(file=secret))


def test_a_person_may_still_choose_a_password_with_microsoft(tmp_path: Path) -> None:
    typed = ["", "", "none", "hunter2", "Radial", "Ben West <ben@elsewhere.example>", ""]
    result = init(
        tmp_path, "--address", "hello@outlook.com", typed="\n".join(typed) + "\n", servers=None
    )
    assert result.exit_code == 0, result.output
    assert load_config(tmp_path / "triage.toml").logins == {}
    assert (tmp_path / "secrets" / "inbox").read_text() == "hunter2\n"
