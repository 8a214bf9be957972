"""Names of tag folders, and those of mail on disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.fakes import WordClassifier
from triage import app
from triage.channels.folder import FolderChannel
from triage.config import FolderAccount, Limits, TagFolders
from triage.errors import ConfigError
from triage.resources import resource
from triage.sources.disk_tag_folders import DiskTagFolders
from triage.store import inbox, labels
from triage.tag_folders import folder_levels

if TYPE_CHECKING:
    from pathlib import Path

    from triage.runners.embedded import EmbeddedRunner

TAGS = ("upsell", "scope_mismatch")
LEVELS = folder_levels(TagFolders(), TAGS)
MAIL = b"From: Dana <dana@client.example>\r\nSubject: Hi\r\n\r\nWe are stuck.\r\n"


def account(path: Path, kind: str) -> FolderAccount:
    return FolderAccount(name="disk", path=path, type=kind)  # type: ignore[arg-type]


def settings(folder: Path, kind: str, tag_folders: str, path: str = "inbox") -> app.Settings:
    policy = (resource("data") / "demo" / "policy.toml").read_bytes()
    (folder / "policy.toml").write_bytes(policy)
    (folder / "triage.toml").write_text(
        f'[firm]\nname = "Radial"\n[[accounts]]\nname = "disk"\ntype = "{kind}"\npath = "{path}"\n'
        f'everything = true\n{tag_folders}\n[outgoing]\nhost = "127.0.0.1"\n'
        'sender = "triage@radial.example"\n'
    )
    return app.load_settings(folder / "triage.toml")


def runner_of(folder: Path, kind: str) -> EmbeddedRunner:
    given = settings(folder, kind, "[accounts.tag_folders]\ncreate = true")
    store = app.open_store(folder / "triage.db")
    channel = FolderChannel(folder / "out")
    return app.make_runner(given, store, channel, WordClassifier())


def watch_once(runner: EmbeddedRunner) -> None:
    [watcher] = runner.watchers
    watcher.sync(watcher.open())
    runner.drain()
    [tag_watcher] = runner.tag_watchers
    tag_watcher.open()
    tag_watcher.look()
    runner.drain()


def given(runner: EmbeddedRunner) -> list[tuple[str, ...]]:
    with runner.sender.store.read() as tx:
        return [label.tags for label in labels.everything(tx)]


def actions(runner: EmbeddedRunner) -> list[str]:
    with runner.sender.store.read() as tx:
        return [mail.action for mail in inbox.latest(tx, 99)]


def old(path: Path) -> None:
    """As if nobody had written to it for a while."""
    import os  # noqa: PLC0415

    os.utime(path, (time.time() - 60, time.time() - 60))


def test_folders_are_called_as_their_tags() -> None:
    assert LEVELS == {
        "upsell": ("Triage", "Upsell"),
        "scope_mismatch": ("Triage", "Scope mismatch"),
        "": ("Triage", "None"),
    }


def test_root_and_names_can_be_chosen() -> None:
    chosen = TagFolders(root="Büro / Post", names={"upsell": "Sales/Leads", "none": "Nichts"})
    assert folder_levels(chosen, ["upsell"]) == {
        "upsell": ("Büro", "Post", "Sales", "Leads"),
        "": ("Büro", "Post", "Nichts"),
    }


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('root = ""', 'tag_folders.root: "" is no name of a folder'),
        ('root = "A//B"', 'tag_folders.root: "A//B" is no name of a folder'),
        ('root = "../up"', 'tag_folders.root: "../up" is no name of a folder'),
        ('rot = "x"', 'tag_folders.rot: is not a setting here; did you mean "root"?'),
        ("look_every_s = 0", "look_every_s: 0 is too small"),
        ("[accounts.tag_folders.names]\nupsell = 1", "names.upsell: must be text in quotes"),
    ],
)
def test_settings_that_cannot_be_used_are_told(tmp_path: Path, lines: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        settings(tmp_path, "maildir", f"[accounts.tag_folders]\n{lines}")
    assert says in str(raised.value)


def test_an_mbox_has_no_folders(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="an mbox file has no folders"):
        settings(tmp_path, "mbox", "[accounts.tag_folders]")


@pytest.mark.parametrize("kind", ["maildir", "eml"])
def test_missing_folders_on_disk_are_made_once(tmp_path: Path, kind: str) -> None:
    folders = DiskTagFolders(account(tmp_path, kind), LEVELS, Limits())
    assert folders.find() == {}
    made = folders.create()
    assert made == {tag: "/".join(levels) for tag, levels in LEVELS.items()}
    assert folders.find() == made
    assert folders.create() == {}
    for name in made.values():
        folders.enter(name)
        assert folders.list_uids() == []


def test_a_maildir_folder_is_named_as_servers_name_it(tmp_path: Path) -> None:
    levels = folder_levels(TagFolders(root="Büro"), TAGS)
    DiskTagFolders(account(tmp_path, "maildir"), levels, Limits()).create()
    assert (tmp_path / ".B&APw-ro.Scope mismatch" / "cur").is_dir()


@pytest.mark.parametrize("kind", ["maildir", "eml"])
def test_a_mail_moved_on_disk_is_a_label(tmp_path: Path, kind: str) -> None:
    inbox_path = tmp_path / "inbox"
    here, there, back = {
        "maildir": ("new/1.mail", ".Triage.None/cur/1.mail:2,", ".Triage.Upsell/cur/1.mail:2,S"),
        "eml": ("1.eml", "Triage/None/1.eml", "Triage/Upsell/1.eml"),
    }[kind]
    for part in ("cur", "new", "tmp"):
        (inbox_path / part).mkdir(parents=True)
    (inbox_path / here).write_bytes(MAIL)
    old(inbox_path / here)
    runner = runner_of(tmp_path, kind)
    watch_once(runner)
    assert actions(runner) == ["escalated"]
    before = here
    for target in (there, back, there):
        (inbox_path / before).rename(inbox_path / target)
        watch_once(runner)
        before = target
    assert given(runner) == [(), ("upsell",), ()]
    assert actions(runner) == ["escalated"]  # the inbox itself sees no second mail


def test_mail_in_the_tag_folders_of_an_eml_folder_is_not_triaged(tmp_path: Path) -> None:
    target = tmp_path / "inbox" / "Triage" / "None"
    target.mkdir(parents=True)
    (target / "1.eml").write_bytes(MAIL)
    old(target / "1.eml")
    runner = runner_of(tmp_path, "eml")
    watch_once(runner)
    assert actions(runner) == ["learnt"]
    assert given(runner) == [()]
