"""`--data`: rows, or raw mail in folders and mboxes named by tags."""

from __future__ import annotations

import mailbox
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from classifiers.api import DataError
from triage.cli.labelled import read_labelled
from triage.config import Firm

if TYPE_CHECKING:
    from pathlib import Path

FIRM = Firm(name="Ours", domains=("ours.example",))


def mail(body: str, sender: str = "Ann <ann@client.example>", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["Subject"] = sender, headers.pop("subject", "Hello")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message


def put(folder: Path, name: str, message: EmailMessage) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(message.as_bytes())


def mbox(path: Path, *messages: EmailMessage) -> None:
    box = mailbox.mbox(path)
    for message in messages:
        box.add(message)
    box.close()


def tags_by_text(root: Path, firm: Firm | None = FIRM) -> dict[str, set[str]]:
    return {each.document.text.strip(): set(each.tags) for each in read_labelled([root], firm)}


def test_a_folder_for_each_tag_is_read_as_the_program_reads_mail(tmp_path: Path) -> None:
    put(tmp_path / "Scope mismatch", "a.eml", mail("It was meant to be included.\n\n> quoted"))
    put(tmp_path / "Upsell" / "2026", "b.eml", mail("A quote please.", "Bo <bo@ours.example>"))
    put(tmp_path / "none", "c.eml", mail("See you on Monday."))
    mbox(tmp_path / "blocker.mbox", mail("We are stuck."), mail("Nobody can get in."))
    assert tags_by_text(tmp_path) == {
        "It was meant to be included.": {"scope_mismatch"},
        "A quote please.": {"upsell"},
        "See you on Monday.": set(),
        "We are stuck.": {"blocker"},
        "Nobody can get in.": {"blocker"},
    }
    found = {each.document.text.strip(): each for each in read_labelled([tmp_path], FIRM)}
    assert found["A quote please."].document.from_role == "staff"
    assert found["We are stuck."].document.from_role == "client"
    assert found["We are stuck."].sender == "ann@client.example"
    assert found["Nobody can get in."].place.endswith("blocker.mbox:2")


def test_a_maildir_and_a_single_folder_are_named_by_themselves(tmp_path: Path) -> None:
    for part in ("cur", "new", "tmp"):
        (tmp_path / "Upsell" / part).mkdir(parents=True)
    put(tmp_path / "Upsell" / "cur", "1:2,S", mail("A quote please."))
    assert tags_by_text(tmp_path) == {"A quote please.": {"upsell"}}
    assert tags_by_text(tmp_path / "Upsell", None) == {"A quote please.": {"upsell"}}
    put(tmp_path / "blocker", "x.eml", mail("We are stuck."))
    assert tags_by_text(tmp_path / "blocker") == {"We are stuck.": {"blocker"}}
    assert tags_by_text(tmp_path / "blocker" / "x.eml") == {"We are stuck.": {"blocker"}}


def test_a_mail_in_two_folders_has_both_tags_and_none_beside_a_tag_is_a_mistake(
    tmp_path: Path,
) -> None:
    for folder in ("upsell", "blocker"):
        put(tmp_path / folder, "a.eml", mail("A quote please, we are stuck."))
    assert tags_by_text(tmp_path) == {"A quote please, we are stuck.": {"upsell", "blocker"}}
    put(tmp_path / "none", "a.eml", mail("A quote please, we are stuck."))
    with pytest.raises(DataError, match="lies in none and in a tag's folder"):
        read_labelled([tmp_path], FIRM)


def test_mails_of_one_thread_stay_together(tmp_path: Path) -> None:
    put(tmp_path / "blocker", "a.eml", mail("We are stuck.", message_id="<a@client.example>"))
    put(tmp_path / "none", "b.eml", mail("Solved.", references="<a@client.example>"))
    put(tmp_path / "none", "c.eml", mail("Lunch?"))
    groups = [each.group for each in read_labelled([tmp_path], FIRM)]
    assert len(set(groups)) == 2


def test_every_mistake_is_listed_and_nothing_is_taken(tmp_path: Path) -> None:
    put(tmp_path, "stray.eml", mail("Where do I belong?"))
    put(tmp_path / "C'est la vie", "a.eml", mail("We are stuck."))
    put(tmp_path / "upsell", "empty.eml", mail("", subject=""))
    (tmp_path / "rows.csv").write_text("body,tags\nfine,a b!\n")
    with pytest.raises(DataError) as caught:
        read_labelled([tmp_path, tmp_path / "gone"], FIRM)
    listed = "\n".join(caught.value.problems)
    for words in (
        "stray.eml: lies beside the folders of tags",
        'a.eml: "C\'est la vie" is no tag name',
        "empty.eml: has neither subject nor text",
        "rows.csv:2: 'b!' is no tag name",
        "gone: does not exist",
    ):
        assert words in listed


def test_rows_and_mail_may_lie_side_by_side(tmp_path: Path) -> None:
    put(tmp_path / "upsell", "a.eml", mail("A quote please."))
    (tmp_path / "rows.csv").write_text("text;label\nWe are stuck.;blocker\n")
    assert tags_by_text(tmp_path) == {"A quote please.": {"upsell"}, "We are stuck.": {"blocker"}}


def test_a_folder_without_labels_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing is labelled there; expected .*named after tags"):
        read_labelled([tmp_path], FIRM)
