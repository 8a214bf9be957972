"""`triage check` without servers: what it finds, how it says it, and that it finds all at once."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from classifiers.api import ModelError
from triage.check import check_all, servers
from triage.check.problem import Problem
from triage.check.servers import Job, run_jobs
from triage.cli.setup import Tools, register

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from triage.config import Config

TODAY = date(2026, 11, 27)
TAGS = ("upsell", "dissatisfaction", "scope_mismatch", "blocker")
POLICY = (Path(__file__).parents[2] / "data" / "demo" / "policy.toml").read_text()
CONFIG = """
[firm]
name = "Radial"
domains = ["radial.example"]

[[accounts]]
name = "inbox"
host = "127.0.0.1"
port = 1
username = "inbox@radial.example"
password_file = "password"

[outgoing]
host = "127.0.0.1"
port = 1
sender = "inbox@radial.example"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set-up without any mistake."""
    (tmp_path / "triage.toml").write_text(CONFIG)
    (tmp_path / "policy.toml").write_text(POLICY)
    for name, content in (("password", "hunter2"), ("triage.key", "ab" * 32)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def found(folder: Path, *, tags: tuple[str, ...] = TAGS, offline: bool = True) -> list[Problem]:
    return check_all(folder / "triage.toml", today=TODAY, offline=offline, read_tags=lambda _: tags)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


def test_a_sound_set_up_has_no_problem(folder: Path) -> None:
    assert found(folder) == []


def test_a_missing_file_is_one_problem_that_says_how_to_get_one(tmp_path: Path) -> None:
    problem = only(found(tmp_path))
    assert (problem.area, problem.severity) == ("config", "error")
    assert "triage init" in problem.what


def test_mistakes_of_settings_and_policy_are_told_in_one_go(folder: Path) -> None:
    edit(folder, "triage.toml", "port = 1", "port = 0")
    edit(folder, "policy.toml", 'fallback = "priya"', 'fallback = "nobody"')
    problems = found(folder)
    assert [(p.area, p.where) for p in problems] == [
        ("config", "triage.toml, accounts[1].port"),
        ("policy", "policy.toml, fallback"),
    ]
    assert problems[0].what.startswith("0 is no port")
    assert problems[0].what.endswith("(line 9)")


def test_a_tag_without_a_route_is_an_error_and_a_route_without_a_tag_a_warning(
    folder: Path,
) -> None:
    problems = found(folder, tags=("upsell", "dissatisfaction", "scope_mismatch", "praise"))
    told = {(p.severity, p.where) for p in problems if p.where.startswith("policy.toml")}
    assert told == {
        ("error", "policy.toml, routes.praise"),
        ("warning", "policy.toml, routes.blocker"),
    }


def a_route_more(tag: str, *, words: str = "words = []") -> str:
    """The last route once more, under another name and title."""
    routes, _, _ = POLICY.partition("\n\n# ---- Kinds")
    route = routes[routes.index("[routes.upsell]") :].replace("upsell", tag)
    return re.sub(r"^words = .*$", words, route, flags=re.MULTILINE).replace(
        "Sales opportunity", tag
    )


def test_words_that_could_mean_two_tags_are_a_warning(folder: Path) -> None:
    text = POLICY + a_route_more("praise", words='words = ["sales", "kudos"]')
    (folder / "policy.toml").write_text(text)
    problems = found(folder, tags=(*TAGS, "praise"))
    [problem] = [p for p in problems if "words" in p.where]
    assert problem.severity == "warning"
    assert '"sales" could mean the tags praise and upsell' in problem.what


def test_an_own_answer_that_says_what_none_should_is_a_warning(folder: Path) -> None:
    edit(folder, "triage.toml", "[firm]", 'templates = "mine"\n\n[firm]')
    (folder / "mine" / "responses").mkdir(parents=True)
    head = "---\ntag: blocker\nkind: hrr\nsituation: mine\ntitle: Ours\n---\n"
    path = folder / "mine" / "responses" / "blocker-mine.md"
    path.write_text(head + "{{ greeting }} We waive the fee, and I will escalate it.\n")
    problems = [p for p in found(folder) if p.where == "responses/blocker-mine.md"]
    assert {p.severity for p in problems} == {"warning"}
    assert [p.what for p in problems] == [
        'is for the kind "hrr", which the policy does not know',
        'offers work for nothing ("waive")',
        'says a word from inside the firm ("escalate")',
    ]
    assert problems[0].advice == 'did you mean "hr"?'


def test_a_tag_without_a_response_is_a_warning(folder: Path) -> None:
    (folder / "policy.toml").write_text(POLICY + a_route_more("praise"))
    problem = only(found(folder, tags=(*TAGS, "praise")))
    assert problem.severity == "warning"
    assert "praise" in problem.where


def test_a_model_that_cannot_be_trusted_is_an_error(folder: Path) -> None:
    def tampered(_: Config) -> tuple[str, ...]:
        msg = "the digest is wrong"
        raise ModelError(msg)

    problems = check_all(folder / "triage.toml", today=TODAY, offline=True, read_tags=tampered)
    assert (only(problems).area, only(problems).what) == ("model", "the digest is wrong")
    assert only(problems).where == "the shipped models"


@pytest.mark.parametrize(
    "ledger", ['{"schema": 1, "current": "2026.1", "pins": {}, "history": []}', "{"]
)
def test_a_model_of_the_firm_s_own_is_told_with_its_folder(folder: Path, ledger: str) -> None:
    (folder / "models").mkdir()
    (folder / "models" / "registry.json").write_text(ledger)
    problem = only(check_all(folder / "triage.toml", today=TODAY, offline=True))
    assert (problem.area, problem.where) == ("model", str(folder / "models"))


def test_servers_are_announced_only_when_they_will_be_asked(folder: Path) -> None:
    said: list[str] = []

    def check(*, offline: bool) -> None:
        check_all(
            folder / "triage.toml",
            today=TODAY,
            offline=offline,
            read_tags=lambda _: TAGS,
            asking=lambda: said.append("asking"),
        )

    check(offline=True)
    assert said == []
    check(offline=False)
    assert said == ["asking"]
    edit(folder, "triage.toml", "port = 1", "port = 0")
    check(offline=False)
    assert said == ["asking"]


@pytest.mark.parametrize(
    ("address", "severity", "says"),
    [
        ("ben@elsewhere.example", "warning", "outside the firm's domains"),
        ("Inbox@radial.example", "error", "inbox that is watched"),
    ],
)
def test_people_who_should_not_get_clients_mail_are_told(
    folder: Path, address: str, severity: str, says: str
) -> None:
    edit(folder, "policy.toml", "ben@radial.example", address)
    problem = only(found(folder))
    assert (problem.severity, problem.where) == (severity, "policy.toml, people.ben.address")
    assert says in problem.what


def test_listed_staff_elsewhere_are_nobody_s_problem(folder: Path) -> None:
    edit(folder, "policy.toml", "ben@radial.example", "ben@elsewhere.example")
    edit(folder, "triage.toml", "[firm]", '[firm]\nstaff = ["ben@elsewhere.example"]')
    assert found(folder) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "where"),
    [
        ("triage.toml", '"radial.example"]', '"radial.example", "GMail.com"]', "firm.domains[2]"),
        ("triage.toml", 'domains = ["radial.example"]', "", "firm"),
        ("triage.toml", 'sender = "inbox@', 'sender = "noreply@', "outgoing.sender"),
        ("triage.toml", "port = 1\nuser", "port = 143\nuser", "accounts[1].security"),
        ("triage.toml", "port = 1\nsender", "port = 465\nsender", "outgoing.security"),
        ("triage.toml", "[outgoing]", "since = 2027-01-01\n[outgoing]", "accounts[1].since"),
        ("triage.toml", "[firm]", 'models = "nowhere"\n[firm]', "models"),
        ("triage.toml", "[firm]", 'templates = "nowhere"\n[firm]', "templates"),
    ],
)
def test_allowed_but_doubtful_settings_are_warnings(
    folder: Path, name: str, old: str, new: str, where: str
) -> None:
    edit(folder, name, old, new)
    problem = only(found(folder))
    assert (problem.severity, problem.where) == ("warning", f"triage.toml, {where}")
    assert problem.advice


def test_a_mailbox_that_is_watched_twice_is_a_warning(folder: Path) -> None:
    text = (folder / "triage.toml").read_text()
    account = text[text.index("[[accounts]]") : text.index("[outgoing]")]
    (folder / "triage.toml").write_text(text + account.replace('"inbox"', '"again"'))
    assert only(found(folder)).where == "triage.toml, accounts[2].folders"


@pytest.mark.parametrize(
    ("setting", "where"),
    [
        ('store = "nowhere/triage.db"', "store"),
        ('store = "."', "store"),
        ('store = "policy.toml"', "store"),
        ('key_file = "password"', "key_file"),
        ('key_file = "open.key"', "key_file"),
        ('[[accounts]]\nname = "m"\ntype = "maildir"\npath = "."', "accounts[1].path"),
        ('[[accounts]]\nname = "m"\ntype = "mbox"\npath = "."', "accounts[1].path"),
        ('[[accounts]]\nname = "m"\ntype = "eml"\npath = "password"', "accounts[1].path"),
        ('[[accounts]]\nname = "m"\ntype = "eml"\npath = "nowhere"', "accounts[1].path"),
    ],
)
def test_files_and_folders_that_cannot_be_used_are_errors(
    folder: Path, setting: str, where: str
) -> None:
    (folder / "open.key").write_text("ab" * 32)
    (folder / "open.key").chmod(0o644)
    (folder / "triage.toml").write_text(f"{setting}\n{CONFIG}")
    problem = only(found(folder))
    assert (problem.severity, problem.where) == ("error", f"triage.toml, {where}")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_used_is_an_error(folder: Path, content: str | None) -> None:
    if content:
        (folder / "ca.pem").write_text(content)
    edit(folder, "triage.toml", "[outgoing]", '[outgoing]\nca_file = "ca.pem"')
    assert only(found(folder)).where == "triage.toml, outgoing.ca_file"


def test_a_missing_key_is_no_problem_since_the_first_start_makes_it(folder: Path) -> None:
    (folder / "triage.key").unlink()
    assert found(folder) == []


def test_settings_that_others_may_write_are_a_warning(folder: Path) -> None:
    (folder / "policy.toml").chmod(0o666)
    assert only(found(folder)).advice == f"chmod go-w {folder / 'policy.toml'}"


def test_a_password_that_others_may_read_is_an_error_even_offline(folder: Path) -> None:
    (folder / "password").chmod(0o644)
    problem = only(found(folder))
    assert (problem.area, problem.where) == ("secret", "triage.toml, accounts[1].password")
    assert "chmod 600" in problem.what


def test_an_own_response_with_a_mistake_is_told_with_its_file(folder: Path) -> None:
    (folder / "own" / "responses").mkdir(parents=True)
    (folder / "own" / "responses" / "upsell-x.md").write_text("no front matter")
    edit(folder, "triage.toml", "[firm]", 'templates = "own"\n[firm]')
    problems = [p for p in found(folder) if p.area == "templates"]
    assert any("upsell-x.md" in problem.what for problem in problems)


def test_an_own_digest_template_with_a_mistake_is_told_with_its_file(folder: Path) -> None:
    (folder / "own" / "digest").mkdir(parents=True)
    (folder / "own" / "digest" / "digest.txt").write_text("{% if page %} open for ever")
    edit(folder, "triage.toml", "[firm]", 'templates = "own"\n[firm]')
    problems = [p for p in found(folder) if p.area == "templates"]
    assert any("digest/digest.txt" in problem.what for problem in problems)


def test_servers_that_refuse_are_each_told(folder: Path) -> None:
    problems = found(folder, offline=False)
    assert [problem.where for problem in problems] == [
        "inbox (127.0.0.1:1)",
        "outgoing (127.0.0.1:1)",
    ]
    assert {problem.area for problem in problems} == {"server"}
    assert "hunter2" not in str(problems)


def test_silent_servers_are_not_waited_for_as_long_as_the_service_would(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "ANSWER_TIMEOUT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        text = CONFIG.replace("port = 1", f'port = {silent.getsockname()[1]}\nsecurity = "none"')
        (folder / "triage.toml").write_text(text)
        started = time.monotonic()
        problems = found(folder, offline=False)
    assert [problem.where.split()[0] for problem in problems] == ["inbox", "outgoing"]
    assert all("no answer within 1 s" in problem.what for problem in problems)
    assert time.monotonic() - started < 10


def test_servers_are_asked_side_by_side() -> None:
    together = threading.Barrier(3)

    def meet() -> list[Problem]:
        together.wait(timeout=10)
        return []

    assert run_jobs([Job(where=str(n), run=meet) for n in range(3)]) == []


def test_a_server_that_never_answers_costs_one_time_out_and_hides_nothing() -> None:
    release = threading.Event()
    problem = Problem(severity="error", area="server", where="b", what="refused")

    def hang() -> list[Problem]:
        release.wait(20)
        return []

    started = time.monotonic()
    jobs = [
        Job(where="a", run=hang),
        Job(where="b", run=lambda: [problem]),
        Job(where="c", run=hang),
    ]
    problems = run_jobs(jobs, timeout_s=0.2)
    release.set()
    assert [p.where for p in problems] == ["a", "b", "c"]
    assert "0.2 s" in problems[0].what
    assert time.monotonic() - started < 5


def test_a_bug_in_a_job_is_not_hidden() -> None:
    def broken() -> list[Problem]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_jobs([Job(where="a", run=broken)])


def verb(
    problems: list[Problem],
    *arguments: str,
    variable: str = "",
    asked: list[tuple[Path, bool]] | None = None,
) -> Result:
    """Run the verb over a check that finds `problems`; what it was asked lands in `asked`."""
    app = typer.Typer()
    app.callback()(lambda: None)

    def check(
        path: Path, *, today: date, offline: bool, asking: Callable[[], None]
    ) -> list[Problem]:
        if not offline:
            asking()
        if asked is not None:
            asked.append((path, offline))
        return problems

    register(app, Tools(try_logins=lambda answers, *_: (answers, []), check=check))
    return CliRunner().invoke(app, ["check", *arguments], env={"TRIAGE_CONFIG": variable})


ERROR = Problem(severity="error", area="server", where="inbox", what="refused", advice="mend it")
WARNING = Problem(severity="warning", area="people", where="people.ben", what="outside")
UNUSABLE = Problem(severity="error", area="policy", where="policy.toml", what="wrong")


def test_errors_come_first_each_with_what_to_do() -> None:
    result = verb([WARNING, ERROR])
    assert result.stdout == (
        "ERROR  inbox\n  refused\n  To do: mend it\n\n"
        "WARNING  people.ben\n  outside\n\n"
        "1 error, 1 warning.\n"
    )


@pytest.mark.parametrize(
    ("problems", "status"),
    [
        ([], 0),
        ([WARNING], 0),
        ([ERROR], 1),
        ([replace(ERROR, area="disk"), replace(ERROR, area="model")], 1),
        ([UNUSABLE], 2),
        ([ERROR, UNUSABLE], 2),
        ([replace(UNUSABLE, area="agreement")], 2),
        ([replace(UNUSABLE, area="templates")], 2),
        ([replace(UNUSABLE, area="secret")], 2),
    ],
)
def test_the_exit_status_tells_failed_from_unusable(problems: list[Problem], status: int) -> None:
    assert verb(problems, "--offline").exit_code == status


def test_json_is_all_there_is_on_standard_output() -> None:
    result = verb([ERROR, WARNING], "--json")
    told = json.loads(result.stdout)
    assert (told["errors"], told["warnings"]) == (1, 1)
    assert told["problems"][0] == {
        "severity": "error",
        "area": "server",
        "where": "inbox",
        "what": "refused",
        "advice": "mend it",
    }


def test_a_set_up_in_order_is_told_in_a_line() -> None:
    assert verb([]).stdout == "Everything is in order.\n"


@pytest.mark.parametrize(
    ("arguments", "variable", "path"),
    [
        ([], "", "triage.toml"),
        ([], "/etc/triage.toml", "/etc/triage.toml"),
        (["--config", "mine.toml"], "/etc/triage.toml", "mine.toml"),
    ],
)
def test_the_settings_are_found_by_option_then_variable_then_here(
    arguments: list[str], variable: str, path: str
) -> None:
    asked: list[tuple[Path, bool]] = []
    verb([], *arguments, "--offline", variable=variable, asked=asked)
    assert asked == [(Path(path), True)]
