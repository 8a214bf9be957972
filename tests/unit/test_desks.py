"""Accounts with a policy or a model of their own, beside others in one program."""

from __future__ import annotations

import shutil
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.fakes import Clock, ScriptedChannel, WordClassifier
from triage import app, app_desks
from triage.app_labels import make_labeller
from triage.check import check_all
from triage.errors import ConfigError
from triage.resources import resource
from triage.store import cases, inbox, outbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from triage.messages import Notice
    from triage.runners.embedded import EmbeddedRunner
    from triage.store.engine import Store

CONFIG = """
[firm]
name = "Radial"
domains = ["radial.example"]

[[accounts]]
name = "inbox"
type = "eml"
path = "inbox"
everything = true

[[accounts]]
name = "north"
type = "eml"
path = "north"
everything = true
policy = "north.toml"

[outgoing]
host = "127.0.0.1"
port = 1
sender = "triage@radial.example"
"""
MAIL = (
    "From: Dana <dana@client.example>\r\nTo: us@radial.example\r\nSubject: Portal\r\n"
    "Message-ID: <{id}@client.example>\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\n\r\n"
    "We are stuck since Monday and all of our testers wait for you today.\r\n"
)


class Office:
    """The program over two folders, `north` with other people."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        demo = (resource("data") / "demo" / "policy.toml").read_text(encoding="utf-8")
        (folder / "policy.toml").write_text(demo, encoding="utf-8")
        own = demo.replace("@radial.example", "@north.example").replace("demo-2", "north-1")
        (folder / "north.toml").write_text(own, encoding="utf-8")
        (folder / "triage.toml").write_text(CONFIG)
        for name in ("inbox", "north"):
            (folder / name).mkdir()
        self.settings = app.load_settings(folder / "triage.toml")
        self.clock = Clock(1_795_773_600.0)  # Friday, 27 November 2026, 10:00 UTC
        self.channel = ScriptedChannel()
        self.store: Store = app.open_store(self.settings.config.store)
        self.runner: EmbeddedRunner = app.make_runner(
            self.settings, self.store, self.channel, WordClassifier(), clock=self.clock
        )

    def receive(self, account: str, name: str, content: str) -> None:
        (self.folder / account / f"{name}.eml").write_bytes(content.encode())

    def work(self) -> list[Notice]:
        """Read and decide what has come; the briefs that left because of it."""
        before = len(self.channel.delivered)
        for watcher in self.runner.watchers:
            watcher.sync(watcher.open())
        self.runner.drain()
        return self.channel.delivered[before:]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    found = Office(tmp_path)
    yield found
    found.store.close()


def domains(notices: list[Notice]) -> set[str]:
    return {notice.recipient.partition("@")[2] for notice in notices}


def answer(brief: Notice, words: str) -> str:
    return (
        f"From: {brief.recipient}\r\nTo: triage@radial.example\r\nSubject: Re: {brief.subject}\r\n"
        f"Message-ID: <answer@radial.example>\r\nIn-Reply-To: {brief.message_id}\r\n"
        f"Date: Fri, 27 Nov 2026 10:05:00 +0000\r\n\r\n{words}\r\n"
    )


def test_each_mailbox_tells_the_people_of_its_own_policy(office: Office) -> None:
    office.receive("inbox", "1", MAIL.format(id="a"))
    assert domains(office.work()) == {"radial.example"}
    office.receive("north", "1", MAIL.format(id="b").replace("Dana", "Emil"))
    assert domains(office.work()) == {"north.example"}


def test_a_mail_to_two_mailboxes_is_told_to_the_people_of_both(office: Office) -> None:
    office.receive("inbox", "1", MAIL.format(id="a"))
    office.receive("north", "1", MAIL.format(id="a"))
    assert domains(office.work()) == {"radial.example", "north.example"}
    with office.store.read() as tx:
        assert len(cases.unresolved(tx)) == 2


def test_an_answer_counts_by_the_policy_of_the_case_wherever_it_comes_in(office: Office) -> None:
    office.receive("north", "1", MAIL.format(id="a"))
    brief = office.work()[0]
    office.receive("inbox", "answer", answer(brief, "mine"))
    office.work()
    with office.store.read() as tx:
        [case] = cases.unresolved(tx)
        assert (case.status, case.owner) == ("acknowledged", brief.recipient)


def test_a_reminder_goes_by_the_policy_of_the_case(office: Office) -> None:
    office.receive("north", "1", MAIL.format(id="a"))
    office.work()
    office.clock.now += 4 * 86400
    later = office.work()
    assert later
    assert domains(later) == {"north.example"}


def test_a_failed_brief_is_told_to_the_fallback_person_of_its_policy(office: Office) -> None:
    office.receive("north", "1", MAIL.format(id="a"))
    for watcher in office.runner.watchers:
        watcher.sync(watcher.open())
    office.runner.decide_some()
    with office.store.read() as tx:
        [first, *_] = outbox.due(tx, office.clock())
    with office.store.write() as tx:
        office.runner.sender.on_failure(tx, first, "550 no such person", office.clock())  # type: ignore[misc]
    with office.store.read() as tx:
        told = {row.recipient for row in outbox.due(tx, office.clock())}
    assert {address.partition("@")[2] for address in told} == {"north.example"}


def test_a_label_follows_the_policy_of_the_mailbox(office: Office) -> None:
    office.receive("north", "1", MAIL.format(id="a").replace("stuck", "well"))
    assert office.work() == []
    labeller = make_labeller(office.settings, app.make_writer(office.settings))
    with office.store.write() as tx:
        [mail] = inbox.latest(tx, 1)
        labeller.label(tx, mail.id, ["blocker"], by="a", how="hand", who="Ann", now=office.clock())
    assert domains(office.work()) == {"north.example"}


def test_a_model_that_several_accounts_name_is_loaded_once(tmp_path: Path) -> None:
    office = Office(tmp_path)
    shutil.copytree(resource("models"), tmp_path / "models")
    more = '\n[[accounts]]\nname = "NAME"\ntype = "eml"\npath = "north"\nmodel = "models"\n'
    (tmp_path / "triage.toml").write_text(
        CONFIG + more.replace("NAME", "a") + more.replace("NAME", "b")
    )
    settings = app.load_settings(tmp_path / "triage.toml")
    assert len(app_desks.load_models(settings.config)) == 1
    usual = WordClassifier()
    runner = app.make_runner(settings, office.store, ScriptedChannel(), usual)
    desks = runner.decider.desks.by_account
    assert desks["a"].classifier is desks["b"].classifier is not usual
    assert desks["north"].classifier is usual
    office.store.close()


def test_mistakes_of_all_policies_are_told_at_once(tmp_path: Path) -> None:
    Office(tmp_path).store.close()
    for name in ("policy.toml", "north.toml"):
        text = (tmp_path / name).read_text()
        (tmp_path / name).write_text(text.replace('fallback = "priya"', 'fallback = "pria"'))
    with pytest.raises(ConfigError) as caught:
        app.load_settings(tmp_path / "triage.toml")
    said = " ".join(caught.value.problems)
    assert "(policy.toml" in said
    assert "(north.toml" in said
    path, day = tmp_path / "triage.toml", date(2026, 11, 27)
    told = check_all(path, today=day, offline=True, read_tags=lambda _: ())
    assert any("north.toml" in str(each.where) + each.what for each in told)


def test_a_policy_that_forgets_a_tag_of_its_model_is_refused(office: Office) -> None:
    classifier = WordClassifier()
    classifier.tags = (*classifier.tags, "praise")
    with pytest.raises(ConfigError, match=r"north.toml: routes.praise"):
        app.make_runner(office.settings, office.store, office.channel, classifier)
