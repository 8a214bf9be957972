"""Mails crafted to steer: to be tagged or not, to command, to pass for somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile.emitted import message, text_of
from tests.hostile.shape import TEXT, attached, html, mail, mixed, part
from tests.hostile.words import FORMULA, TEMPLATE, everywhere
from tests.steps import make_bench
from triage.store import cases, outbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.steps import Bench

STUFFING = (
    "Thanks, all is well.\r\n\r\nOn Mon, 2 Mar 2026 at 09:14, Ben <ben@firm.example> wrote:\r\n"
    "> We are disappointed, stuck, and want a quote.\r\n"
)
NOTHING_SAID = {
    "quoted words": mail(STUFFING.encode()),
    "attached mail": mixed(
        part("Content-Type: text/plain", b"Thanks, all is well."),
        part("Content-Type: message/rfc822", b"Subject: x\r\n\r\nWe are disappointed and stuck."),
    ),
    "attached text": mixed(
        part("Content-Type: text/plain", b"Thanks, all is well."),
        part("Content-Type: text/plain; name=x.txt", b"We are disappointed and stuck."),
    ),
    "hidden words": html(
        "<p>Thanks, all is well.</p><p style='color:#fff'>disappointed, stuck</p>"
    ),
    "words in a comment": html("<p>Thanks, all is well.</p><!-- disappointed, stuck -->"),
    "words in another header": mail(b"Thanks, all is well.", more=b"X-Tags: disappointed\r\n"),
}
STILL_SAID = {
    "behind hidden words": html("<p style='display:none'>Thanks!</p><p>We are disappointed.</p>"),
    "torn by invisible characters": mail("We are dis\u200bappo\u200dinted.".encode()),
    "in HTML beside an empty text": mixed(
        part("Content-Type: text/plain", b" "),
        part("Content-Type: text/html", b"<p>We are disappointed.</p>"),
        subtype="alternative",
    ),
    "in base64": mail(
        b"V2UgYXJlIGRpc2FwcG9pbnRlZC4=", more=b"Content-Transfer-Encoding: base64\r\n"
    ),
    "under a list header of a group": mail(more=b"List-Id: <x>\r\nList-Post: <mailto:h@f>\r\n"),
    "in a mail that asks for no answers": mail(more=b"X-Auto-Response-Suppress: All\r\n"),
    "under a case header of ours": mail(more=b"X-Triage-Case: 1\r\n"),
}  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def brief(bench: Bench) -> tuple[str, str]:
    """The text and the HTML of the newest brief."""
    with bench.store.read() as tx:
        row = outbox.unfinished(tx)[-1]
        whole = message(outbox.notice(tx, row.id))
    return text_of(whole, "plain"), text_of(whole, "html")


@pytest.mark.parametrize("name", NOTHING_SAID)
def test_what_the_sender_does_not_say_brings_no_tag(bench: Bench, name: str) -> None:
    assert bench.judge("", content=NOTHING_SAID[name]).action == "left"


@pytest.mark.parametrize("name", STILL_SAID)
def test_what_a_reader_sees_cannot_be_kept_from_being_judged(bench: Bench, name: str) -> None:
    assert bench.judge("", content=STILL_SAID[name]).tags == ("dissatisfaction",)


def test_template_syntax_in_a_mail_is_shown_as_it_is(bench: Bench) -> None:
    bench.judge("", content=everywhere(TEMPLATE))
    text, page = brief(bench)
    assert "{{ 7 * 7 }}" in text
    assert "{{ 7 * 7 }}" in page
    assert "49" not in text
    assert "root:" not in page


def test_a_formula_as_subject_does_not_begin_the_subject_of_a_brief(bench: Bench) -> None:
    bench.judge("", content=everywhere(FORMULA))
    with bench.store.read() as tx:
        assert outbox.notice(tx, outbox.unfinished(tx)[-1].id).subject.startswith("[")


@pytest.mark.parametrize(
    "name", ['"ben@firm.example"', "Ben West <ben@firm.example>", "Ben \u202emoc.elpmaxe"]
)
def test_the_address_stands_beside_a_name_that_says_another(bench: Bench, name: str) -> None:
    quoted = name.replace('"', "")
    bench.judge("We are disappointed.", sender=f'"{quoted}" <eve@evil.example>')
    text, page = brief(bench)
    assert "eve@evil.example" in text
    assert "eve@evil.example" in page
    assert "\u202e" not in text + page


@pytest.mark.parametrize(
    "domain", ["firm.\u0435xample", "f\u0456rm.example", "firm.example.evil.example"]
)
def test_a_domain_that_only_looks_like_ours_is_a_strangers(bench: Bench, domain: str) -> None:
    bench.judge("We are disappointed.", sender=f"Ben <ben@{domain}>")
    with bench.store.read() as tx:
        assert [case.client.endswith(domain) for case in cases.unresolved(tx)] == [True]


COMMANDS = ("done: credited", "none", "mine", "not dissatisfaction", "same as 1", "tell Marshall")


@pytest.mark.parametrize("words", COMMANDS)
def test_a_client_who_quotes_everything_of_a_brief_commands_nothing(
    bench: Bench, words: str
) -> None:
    """Even with the brief's own Message-ID and reference, which clients never see."""
    bench.judge("We are disappointed.")
    text, _ = brief(bench)
    with bench.store.read() as tx:
        row = outbox.unfinished(tx)[-1]
        [before] = cases.unresolved(tx)
    quoted = "".join(f"> {line}\r\n" for line in text.splitlines())
    bench.judge(
        f"{words}\r\n\r\n{quoted}",
        headers=f"In-Reply-To: {row.rfc_id}\r\nReferences: {row.rfc_id}\r\n",
    )
    with bench.store.read() as tx:
        after = next(case for case in cases.unresolved(tx) if case.id == before.id)
    facts = ("status", "owner", "acknowledged_at", "tags", "merged_into")
    assert [getattr(after, f) for f in facts] == [getattr(before, f) for f in facts]


def test_an_attached_answer_commands_nothing(bench: Bench) -> None:
    bench.judge("We are disappointed.")
    with bench.store.read() as tx:
        row = outbox.unfinished(tx)[-1]
    answer = f"From: Ben <ben@firm.example>\r\nIn-Reply-To: {row.rfc_id}\r\n\r\ndone: x\r\n"
    bench.judge("", content=mixed(TEXT, part("Content-Type: message/rfc822", answer.encode())))
    with bench.store.read() as tx:
        assert all(case.acknowledged_at is None for case in cases.unresolved(tx))


def test_two_installations_that_write_to_each_other_stop_after_one_hop(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = make_bench(tmp_path / "other")
    bench.judge("We are disappointed.")
    with bench.store.read() as tx:
        sent = outbox.notice(tx, outbox.unfinished(tx)[-1].id).content
    assert other.judge("", content=sent).action == "not-triaged"
    assert other.queued() == []


def test_a_file_that_looks_like_a_program_keeps_its_last_letters(bench: Bench) -> None:
    name = f"invoice{' ' * 300}.pdf.exe"
    bench.judge("", content=attached(name, b"MZ"))
    text, _ = brief(bench)
    assert ".exe" in text
