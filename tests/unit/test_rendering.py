"""The finished mail: the original untouched, headers that cannot be broken, words that hold."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from classifiers.api import Evidence
from tests.factories import (
    RAW,
    WHEN,
    make_address,
    make_case,
    make_email,
    make_escalation,
    make_firm,
    make_raw,
    make_reason,
    make_recipient,
    make_ref,
    make_verdict,
)
from tests.gallery import (
    GALLERY,
    SENDER,
    SIGNED_ID,
    make_brief,
    make_notice,
    several_tags,
    staff_forward,
)
from triage.errors import ConfigError
from triage.messages import LOOP_HEADER, Address, Attachment, RawMessage
from triage.rendering import Renderer, mime, notice_id
from triage.rendering.ids import (
    is_signed,
    reference_of,
    references_in,
    start_of_id,
    valid_ids,
)

if TYPE_CHECKING:
    from triage.messages import Notice
    from triage.summary import Brief

ID = "<brief@radial.example>"
RENDERER = Renderer(firm=make_firm(), sender=SENDER)
CORPUS = Path(__file__).parents[2].parent / "shared" / "mail-corpus"


def rendered(
    brief: Brief | None = None,
    raw: RawMessage | None = None,
    *,
    renderer: Renderer = RENDERER,
    **changes: object,
) -> Notice:
    given: dict[str, object] = {"message_id": ID, "date": WHEN, **changes}
    recipient = given.pop("recipient", make_recipient())
    return renderer.render(brief or make_brief(), recipient, raw, **given)  # type: ignore[arg-type]  # overrides


def parsed(notice: Notice) -> EmailMessage:
    message = email.message_from_bytes(notice.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body(notice: Notice, subtype: str) -> str:
    part = parsed(notice).get_body((subtype,))
    assert part is not None
    text = part.get_content()
    assert isinstance(text, str)
    return text


def attached_bytes(notice: Notice) -> bytes:
    """The attached original exactly as a mail program would save it.

    The type is changed to one whose content the standard library hands out untouched.
    """
    opaque = notice.content.replace(
        b"Content-Type: message/rfc822\r\n", b"Content-Type: application/octet-stream\r\n", 1
    )
    message = email.message_from_bytes(opaque)
    part = message.get_payload()[-1]  # type: ignore[index]  # a multipart
    payload = part.get_payload(decode=True)  # type: ignore[union-attr]
    assert isinstance(payload, bytes)
    return payload


# ---------------------------------------------------------------- the original

NASTY = {
    "plain": RAW,
    "8-bit": RAW + "gr\u00fc\u00dfe\r\n".encode("latin-1"),
    "no line end": RAW.rstrip(b"\r\n"),
    "many line ends": RAW + b"\r\n\r\n\r\n",
    "headers only": RAW.partition(b"\r\n\r\n")[0],
    "dots": RAW + b".\r\n..\r\n.hidden\r\n",
    "mbox line": b"From x@y.example Mon Mar  2 09:14:00 2026\r\n" + RAW,
    "looks like a boundary": RAW + b"--=_\r\n--=_0123--\r\n",
    "multipart": RAW.replace(
        b"\r\n\r\n", b"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n", 1
    ),
    "line of 998": RAW + b"\r\n" + b"x" * 998 + b"\r\n",
}
ODD = {
    "nul": RAW + b"a\0b\r\n",
    "line of 999": RAW + b"\r\n" + b"x" * 999 + b"\r\n",
    "bare cr": RAW + b"a\rb\r\n",
    "cr at the end": RAW + b"a\r",
    "mixed line ends": RAW + b"a\nb\r\n",
    "binary": bytes(range(256)) * 20,
}


@pytest.mark.parametrize("name", NASTY)
def test_the_original_is_attached_as_a_mail_byte_for_byte(name: str) -> None:
    notice = rendered(raw=make_raw(NASTY[name]))
    assert attached_bytes(notice) == NASTY[name]
    assert parsed(notice).get_payload()[-1].get_content_type() == "message/rfc822"  # type: ignore[union-attr,index]
    assert "attached as original.eml, byte for byte" in body(notice, "plain")


@pytest.mark.parametrize("name", ODD)
def test_what_mail_cannot_carry_goes_as_a_file_byte_for_byte(name: str) -> None:
    notice = rendered(raw=make_raw(ODD[name]))
    assert attached_bytes(notice) == ODD[name]
    last = parsed(notice).get_payload()[-1]  # type: ignore[index]
    assert last.get_content_type() == "application/octet-stream"  # type: ignore[union-attr]
    assert "mail programs may not show it" in re.sub(r"\s+", " ", body(notice, "plain"))
    assert notice.content.isascii()


@given(st.binary(min_size=1, max_size=3000))
@example(b"\n")
@example(b"\r\n")
@example(b"-")
def test_any_bytes_come_back_as_they_went(content: bytes) -> None:
    notice = rendered(raw=make_raw(content))
    only_lf = b"\r" not in content
    expected = content.replace(b"\n", b"\r\n") if only_lf else content
    assert attached_bytes(notice) in (content, expected)
    assert_wire_clean(notice.content)


@given(st.lists(st.sampled_from([b"a", b"\r\n", b"--", b"=_", b":", b" ", b"\xe9"]), min_size=1))
def test_any_lines_come_back_as_they_went(parts: list[bytes]) -> None:
    content = b"".join(parts)
    assert attached_bytes(rendered(raw=make_raw(content))) == content


def assert_wire_clean(content: bytes) -> None:
    """What SMTP demands of the bytes: CRLF only, no NUL, no over-long line."""
    assert b"\0" not in content
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", content) is None
    assert max(len(line) for line in content.split(b"\r\n")) <= 998


def test_a_mail_stored_with_unix_line_ends_travels_with_those_of_mail() -> None:
    stored = RAW.replace(b"\r\n", b"\n")
    assert attached_bytes(rendered(raw=make_raw(stored))) == RAW


def test_eight_bit_originals_are_declared_so_that_the_server_can_be_asked() -> None:
    notice = rendered(raw=make_raw(NASTY["8-bit"]))
    assert parsed(notice)["Content-Transfer-Encoding"] == "8bit"
    assert not notice.content.isascii()
    assert parsed(rendered(raw=make_raw()))["Content-Transfer-Encoding"] == "7bit"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (None, "not attached to this mail"),
        (make_raw(complete=False, problem="cut off"), "could not be fetched whole"),
        (make_raw(b""), "it is empty"),
        (make_raw(b"x\r\n" * 7_000_000), "too large to send on"),
    ],
    ids=["absent", "incomplete", "empty", "large"],
)
def test_an_original_that_is_not_attached_is_said_to_be_so(
    raw: RawMessage | None, words: str
) -> None:
    notice = rendered(raw=raw)
    assert parsed(notice).get_content_type() == "multipart/alternative"
    assert words in re.sub(r"\s+", " ", body(notice, "plain"))
    assert words in body(notice, "html")
    assert "inbox, folder INBOX, UID 42" in re.sub(r"\s+", " ", body(notice, "plain"))


def test_an_original_that_foresees_the_boundary_does_not_end_the_part() -> None:
    first = rendered(raw=make_raw())
    boundary = parsed(first).get_boundary()
    assert boundary is not None
    trap = RAW + f"--{boundary}\r\nContent-Type: text/html\r\n\r\ngotcha\r\n".encode()
    notice = rendered(raw=make_raw(trap))
    assert parsed(notice).get_boundary() != boundary
    assert attached_bytes(notice) == trap


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside the checkout")
def test_every_hard_message_of_the_corpus_comes_back_as_it_went() -> None:
    files = sorted(path for path in CORPUS.rglob("*.eml") if path.stat().st_size)[:1500]
    assert files
    for path in files:
        content = path.read_bytes()
        notice = rendered(raw=make_raw(content))
        unix = b"\r" not in content
        expected = (
            content.replace(b"\n", b"\r\n") if unix and mime.travels_as_mail(content) else content
        )
        assert attached_bytes(notice) == expected, path
        assert_wire_clean(notice.content)


# ---------------------------------------------------------------- headers

EVIL = "x\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>\u202e\u2028\x00{{ 7*7 }}"


def test_headers_say_what_other_programs_need_to_know() -> None:
    message = parsed(rendered(raw=make_raw(), in_reply_to=["<m0@a.example>", "<m1@a.example>"]))
    assert message["From"] == "Radial Triage <triage@radial.example>"
    assert message["To"] == "Ben West <ben@radial.example>"
    assert message["Date"] == "Mon, 02 Mar 2026 09:14:00 +0000"
    assert message["Message-ID"] == ID
    assert message["In-Reply-To"] == "<m1@a.example>"
    assert message["References"].split() == ["<m0@a.example>", "<m1@a.example>"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert message[LOOP_HEADER]
    assert message["X-Triage-Case"] == "12"


def evil_brief() -> Brief:
    return make_brief(
        email=make_email(
            subject=EVIL,
            sender=make_address("a@b.example\r\nBcc: v@example.com", EVIL),
            text=EVIL,
            attachments=(Attachment(name=EVIL, type=EVIL, size=1, sha256="0"),),
            problems=(EVIL,),
        ),
        verdict=make_verdict(evidence=(Evidence(tag="blocker", sentence=EVIL, score=0.9),)),
        escalation=make_escalation(reasons=(make_reason(title=EVIL, clause=EVIL, next_step=EVIL),)),
        case=make_case(earlier_mails=1, earlier_subjects=(EVIL,), earlier_tags=(EVIL,)),
        policy_version=EVIL,
    )


def test_a_hostile_mail_adds_no_header_markup_or_template() -> None:
    recipient = make_recipient(name=EVIL)
    notice = rendered(evil_brief(), make_raw(), recipient=recipient, in_reply_to=[f"<a@b>{EVIL}"])
    message = parsed(notice)
    assert message["Bcc"] is None
    assert message["In-Reply-To"] is None
    assert {part.get_content_type() for part in message.walk()} == {
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "message/rfc822",
    }
    html = body(notice, "html")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    for text in (html, body(notice, "plain")):
        assert "{{ 7*7 }}" in text
        assert "\u202e" not in text
        assert "\x00" not in text
        assert not re.search(r"^Bcc:", text, re.MULTILINE)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(max_size=120), st.text(max_size=120))
def test_any_subject_and_name_survive_the_headers(subject: str, name: str) -> None:
    brief = make_brief(email=make_email(subject=subject, sender=make_address(name=name)))
    notice = rendered(brief, recipient=make_recipient(name=name))
    head = notice.content.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert all(len(line) <= 200 for line in head.split(b"\r\n"))
    assert_wire_clean(notice.content)
    message = parsed(notice)
    assert str(message["Subject"]) == notice.subject
    assert message["To"].addresses[0].addr_spec == "ben@radial.example"
    assert len(message["To"].addresses) == 1


@pytest.mark.parametrize(
    "subject", ["=?utf-8?q?a=0D=0ABcc:_x?=", "\u5e10" * 80, "\U0001f600" * 60, 'a "b" <c>, d']
)
def test_odd_subjects_are_shown_as_they_are(subject: str) -> None:
    brief = make_brief(email=make_email(subject=subject))
    notice = rendered(brief)
    assert str(parsed(notice)["Subject"]) == brief.subject_line
    words = re.findall(rb"=\?[^ ]+\?=", notice.content.partition(b"\r\nDate")[0])
    assert all(len(word) <= 75 for word in words)


@pytest.mark.parametrize(
    "bad",
    [
        "no brackets",
        "<a@b",
        "<a b@c>",
        "<@>",
        "<a@b>\r\nBcc: x",
        "<" + "a" * 300 + "@b>",
        "<\xe9@b>",
    ],
)
def test_ids_that_are_not_valid_are_not_repeated(bad: str) -> None:
    assert valid_ids([bad, "<m1@a.example>", "<m1@a.example>"]) == ("<m1@a.example>",)


def test_a_long_thread_is_cut_to_its_newest_ids() -> None:
    ids = [f"<{n}@a.example>" for n in range(100)]
    assert valid_ids(ids) == tuple(ids[-20:])


@pytest.mark.parametrize(
    "address", ["", "ben", "b\u00e9n@radial.example", "a@b.example\r\nBcc: x", "a b@c"]
)
def test_an_address_that_cannot_be_written_to_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="name@domain"):
        rendered(recipient=make_recipient(address=address))


def test_an_international_domain_is_written_in_ascii() -> None:
    notice = rendered(recipient=make_recipient(address="ben@b\u00fccher.example"))
    assert notice.recipient == "ben@xn--bcher-kva.example"


# ---------------------------------------------------------------- the same input, the same bytes


@pytest.mark.parametrize("name", GALLERY)
def test_the_same_brief_is_the_same_bytes(name: str) -> None:
    assert make_notice(name) == make_notice(name)


def test_another_message_id_changes_the_boundaries() -> None:
    one, two = (rendered(raw=make_raw(), message_id=f"<{n}@a.example>") for n in "ab")
    assert parsed(one).get_boundary() != parsed(two).get_boundary()


NOTICE_ID_ARGUMENTS: dict[str, object] = {
    "key": b"secret",
    "ref": make_ref(),
    "sha256": "abc",
    "occasion": "first",
    "tags": ("blocker", "upsell"),
    "recipient": "ben@radial.example",
    "domain": "radial.example",
}


def an_id(**changes: object) -> str:
    return notice_id(**{**NOTICE_ID_ARGUMENTS, **changes})  # type: ignore[arg-type]  # overrides


def test_a_notice_id_is_stable_and_valid() -> None:
    assert an_id() == an_id(tags=("upsell", "blocker"), recipient="Ben@Radial.example")
    assert valid_ids([an_id()]) == (an_id(),)
    assert an_id().endswith("@radial.example>")


@pytest.mark.parametrize(
    "change",
    [
        {"key": b"other"},
        {"ref": make_ref(uid=43)},
        {"ref": make_ref(uid_validity=8)},
        {"ref": make_ref(folder="Other")},
        {"ref": make_ref(account="other")},
        {"sha256": "abd"},
        {"occasion": "reminder"},
        {"tags": ("blocker",)},
        {"recipient": "marshall@radial.example"},
    ],
)
def test_every_fact_changes_the_notice_id(change: dict[str, object]) -> None:
    assert an_id(**change) != an_id()


def test_a_signature_holds_for_one_id_one_key_and_one_recipient_only() -> None:
    ben = "ben@radial.example"
    assert is_signed(an_id(), key=b"secret", recipient=ben.upper())
    assert not is_signed(an_id(), key=b"other", recipient=ben)
    assert not is_signed(an_id(), key=b"secret", recipient="marshall@radial.example")
    assert not is_signed(an_id().replace(an_id()[1], "x", 1), key=b"secret", recipient=ben)
    digest, signature = an_id().strip("<>").partition("@")[0].split(".")
    other = an_id(tags=("blocker",)).strip("<>").partition("@")[0].split(".")[1]
    assert not is_signed(f"<{digest}.{other}@radial.example>", key=b"secret", recipient=ben)
    assert not is_signed(f"<{digest}@radial.example>", key=b"secret", recipient=ben)
    assert signature != other


def test_a_reference_is_found_in_running_text_and_in_capitals() -> None:
    found = reference_of(an_id())
    assert references_in(f"> Reference:\xa0{found.upper()}.\nx{found} {found}y") == (found,)
    assert an_id().startswith(start_of_id(found))
    assert reference_of("<m1@client.example>") == ""


# ---------------------------------------------------------------- what stands on the first screen


@pytest.mark.parametrize("name", GALLERY)
def test_the_first_screen_says_what_a_manager_must_know(name: str) -> None:
    brief = GALLERY[name]()
    notice = make_notice(name)
    first_lines = "\n".join(body(notice, "plain").splitlines()[:34])
    text = " ".join(re.sub(r"^> ", "", first_lines, flags=re.MULTILINE).split())
    html = " ".join(re.sub(r"<[^>]+>", " ", body(notice, "html")).split())
    assert brief.person.address in text
    assert brief.written in text
    for title in brief.titles:
        assert title in text
        assert title in html
    mine = [r for r in brief.reasons if r.tag in brief.recipients[0].tags]
    for reason in mine:
        assert reason.clause[:60] in text
        assert reason.next_step in text
    for quote in brief.quotes:
        assert quote.text in text
    assert text.index("Why you") < text.index("Next:") < len(text)


@pytest.mark.parametrize("name", [n for n in GALLERY if n not in ("unreadable", "every-tag")])
def test_the_suggested_answer_starts_on_the_first_screen(name: str) -> None:
    lines = body(make_notice(name), "plain").splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("Suggested answer"))
    assert place <= 22


def test_each_recipient_reads_why_it_reaches_them() -> None:
    brief = several_tags()
    ben, marshall = brief.recipients
    for_ben = body(rendered(brief, recipient=ben), "plain")
    for_marshall = body(rendered(brief, recipient=marshall), "plain")
    assert "Why you: Blocked work" in for_ben
    assert "Why you: Blocked work" not in for_marshall
    assert "Why you: Scope mismatch" in for_marshall
    assert "Also told: Marshall Smith (Unhappy client and Scope mismatch)" in for_ben
    assert "Also told: Ben West (Unhappy client and Blocked work)" in for_marshall
    assert "Marshall Smith\nRadial" in for_marshall.replace("\r", "")


def test_the_answer_is_addressed_to_the_person_with_their_facts() -> None:
    text = " ".join(body(rendered(staff_forward()), "plain").split())
    assert "Hi Maureen," in text
    assert 'your mail of 2 March about "discharge letters go-live"' in text
    assert "which Sam passed on to me" in text
    assert "To m.adeyemi@stmarys.example" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("unreadable", ["could not be read", "2,114 MIME parts", "write to the sender yourself"]),
        ("reminder", ["nobody has answered since Mon 2 Mar 2026, 09:14 UTC"]),
        ("new-tag", ["New since the last brief: Unhappy client. Already reported: Blocked work."]),
        ("worse-without-evidence", ["More urgent than the last brief", "no sentence stood out"]),
        ("staff-report", ["none, although the mail speaks of one", "Radial staff"]),
        ("staff-forward", ["forwarded by Sam Poole <sam@radial.example>"]),
        ("several-tags", ["proposal signed.pdf", "2 mails in this case", "unsure, please judge"]),
        (
            "one-tag",
            [
                (
                    "answer none, or the right ones of: blocker, unhappy (dissatisfaction), "
                    "scope (scope_mismatch), sales (upsell); or run triage label 4711 none"
                ),
                "Answer within 4 hours: ok, mine, done. Wrong? not blocker, none, or the right",
                "model 2026.03.1, policy 2026-03",
            ],
        ),
    ],
)
def test_each_occasion_has_its_words_in_text_and_html(name: str, words: list[str]) -> None:
    notice = make_notice(name)
    text = " ".join(body(notice, "plain").split())
    html = " ".join(re.sub(r"<[^>]+>", "", body(notice, "html")).split())
    for expected in words:
        assert expected in text
        assert expected.replace("<", "&lt;").replace(">", "&gt;").lower() in html.lower()


@pytest.mark.parametrize("name", GALLERY)
def test_lines_of_the_text_fit_a_mail_program(name: str) -> None:
    long = [
        line
        for line in body(make_notice(name), "plain").splitlines()
        if len(line) > 78 and " " in line[:40].strip()
    ]
    assert name == "long-names" or not long


def test_a_number_that_means_nothing_later_is_not_asked_for() -> None:
    brief = make_brief(message_id_in_store=0)
    notice = rendered(brief)
    for kind in ("plain", "html"):
        assert "triage label" not in body(notice, kind)
        assert "Wrong tags" not in body(notice, kind)


# ---------------------------------------------------------------- HTML


@pytest.mark.parametrize("name", GALLERY)
def test_html_loads_nothing_and_links_only_to_the_answer(name: str) -> None:
    html = body(make_notice(name), "html")
    assert not re.search(r"<(?:img|script|link|iframe|object|embed|form|video|audio)\b", html)
    assert not re.search(r"\b(?:src|srcset|background|action)\s*=|url\(|@import|@font-face", html)
    assert all(link.startswith("mailto:") for link in re.findall(r'href="([^"]*)"', html))


def test_a_link_in_the_mail_is_text() -> None:
    html = body(make_notice("long-names"), "html")
    assert "https://portal.example/" in html
    assert 'href="https' not in html


def test_the_answer_link_cannot_carry_a_second_recipient_or_header() -> None:
    email_ = make_email(
        subject="x&bcc=v@example.com\n", sender=make_address("a+b@c.example", "Ann B")
    )
    html = body(rendered(make_brief(email=email_)), "html")
    link = re.findall(r'href="(mailto:[^"]*)"', html)[0]
    assert link.startswith(
        "mailto:a+b@c.example?subject=Re%3A%20x%26bcc%3Dv%40example.com&amp;body=Dear%20Ann%20B"
    )
    odd = make_email(sender=make_address("a@b.example?bcc=v@example.com", "A"))
    assert "mailto:" not in body(rendered(make_brief(email=odd)), "html")


# ---------------------------------------------------------------- own templates


def own(folder: Path, name: str, text: str) -> Renderer:
    (folder / "summary").mkdir(exist_ok=True)
    (folder / "summary" / name).write_text(text)
    return Renderer(firm=make_firm(), sender=SENDER, templates=folder)


def test_an_own_template_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    renderer = own(tmp_path, "brief.txt", "Our words, {{ you.name }}.")
    notice = rendered(renderer=renderer)
    assert body(notice, "plain").strip() == "Our words, Ben West."
    assert "Northwind" in body(notice, "html")


def test_shared_words_escape_their_values_in_html_only() -> None:
    brief = make_brief(
        escalation=make_escalation(reasons=(make_reason(title="R&D <b>"),), occasion="new-tag")
    )
    notice = rendered(brief)
    assert "New since the last brief: R&D <b>." in body(notice, "plain")
    assert "New since the last brief: R&amp;D &lt;b&gt;." in body(notice, "html")


def test_an_own_template_that_cannot_be_compiled_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"brief\.html"):
        own(tmp_path, "brief.html", "{% if %}")


def test_an_own_template_that_fails_does_not_cost_the_brief(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    renderer = own(tmp_path, "brief.txt", "{{ brief.no_such_thing }}")
    notice = rendered(renderer=renderer)
    assert "Northwind" in body(notice, "plain")
    assert "own summary template failed" in caplog.text


def test_a_template_cannot_reach_into_python(tmp_path: Path) -> None:
    renderer = own(tmp_path, "brief.txt", "{{ brief.__class__.__mro__ }}")
    assert "Northwind" in body(rendered(renderer=renderer), "plain")


def test_an_own_answer_is_used(tmp_path: Path) -> None:
    (tmp_path / "responses").mkdir()
    (tmp_path / "responses" / "blocker-staging.md").write_text(
        "---\ntag: blocker\nsituation: staging\ntitle: Staging\ncues: staging site\n"
        "priority: 5\n---\n"
        "{{ greeting }} staging is [reason].\n"
    )
    renderer = Renderer(firm=make_firm(), sender=SENDER, templates=tmp_path)
    assert "Dear Dana, staging is [reason]." in body(rendered(renderer=renderer), "plain")


@pytest.mark.parametrize("name", ["full-of-facts", "client-waits", "one-tag"])
def test_facts_and_what_is_said_of_the_client_stand_in_text_and_html_alike(name: str) -> None:
    brief = GALLERY[name]()
    plain, html = body(rendered(brief), "plain"), body(rendered(brief), "html")
    shown = (" ".join(plain.split()), " ".join(unescape(re.sub("<[^>]+>", "", html)).split()))
    for text in shown:
        for point in brief.points:
            assert point.label in text
            for line in point.lines:
                assert all(part in text for part in (line.text, line.day, f"({line.where})"))
        for said in (brief.history[1:], brief.informed, brief.thread.owner_name):
            assert said in text


def test_further_texts_stand_below_the_details_and_are_folded_away_in_html() -> None:
    notice = rendered()
    text, html = body(notice, "plain"), body(notice, "html")
    below = text[text.index("MORE TEXTS") :]
    assert text.index("DETAILS") < text.index("MORE TEXTS")
    assert "short version" in below
    assert "--- A holding reply" in below
    assert "--- A word on a delay" in below
    assert "BLOCKED: Staging login Reason: Nobody on our side can log in" in " ".join(below.split())
    folded = html[html.index("<details") : html.index("</details>")]
    assert "More texts: the short version, a holding reply, a word on a delay and a note" in folded
    assert folded.count("Open as a new mail") == 3  # the tracker is no mail


def test_a_mail_that_could_not_be_read_has_no_further_texts() -> None:
    notice = rendered(GALLERY["unreadable"]())
    assert "MORE TEXTS" not in body(notice, "plain")
    assert "<details" not in body(notice, "html")


def test_a_kind_decides_which_answer_is_suggested_and_that_nothing_goes_to_the_tracker() -> None:
    reason = make_reason("blocker", kind="hr", title="Staff matter (HR)")
    brief = make_brief(
        email=make_email(sender=make_address("sam@radial.example", "Sam Poole")),
        role="staff",
        escalation=make_escalation("blocker", reasons=(reason,)),
    )
    text = body(rendered(brief), "plain")
    assert "Suggested answer: A staff matter: pay, leave, contract, health" in text
    assert "pass nothing on without asking them" in " ".join(text.split())
    assert "Hello Sam," in text
    assert "Hi Sam," in text
    assert "BLOCKED" not in text


def test_a_holding_reply_names_who_has_the_case_where_that_is_somebody_else() -> None:
    nora = make_recipient(id="nora", name="Nora Lind", address="nora@radial.example")
    brief = make_brief(
        escalation=make_escalation(recipients=(make_recipient(), nora)),
        case=make_case(owner="nora@radial.example"),
    )
    assert "It is with Nora Lind" in " ".join(body(rendered(brief), "plain").split())
    for_nora = " ".join(body(rendered(brief, recipient=nora), "plain").split())
    assert "It is with [name]" in for_nora


def test_an_answer_that_fails_for_one_mail_does_not_cost_the_brief(tmp_path: Path) -> None:
    (tmp_path / "responses").mkdir()
    (tmp_path / "responses" / "blocker-bad.md").write_text(
        "---\ntag: blocker\nsituation: bad\ntitle: Bad\ncues: log in\npriority: 5\n---\n"
        "{{ first_name or nothing_like_it }}\n"
    )
    renderer = Renderer(firm=make_firm(), sender=SENDER, templates=tmp_path)
    nameless = make_brief(email=make_email(sender=make_address(name="")))
    assert "Suggested answer" not in body(rendered(nameless, renderer=renderer), "plain")


def test_a_brief_for_a_person_without_own_tags_gives_all_reasons() -> None:
    text = body(rendered(recipient=make_recipient(tags=())), "plain")
    assert "Why you: Blocked work" in text


def test_the_sender_may_have_no_name() -> None:
    renderer = Renderer(firm=make_firm(), sender=Address(address="triage@radial.example"))
    assert parsed(rendered(renderer=renderer))["From"] == "triage@radial.example"


def test_what_made_it_urgent_is_said_outside_the_policys_own_words() -> None:
    reason = make_reason(because="The client speaks of leaving.")
    notice = rendered(make_brief(escalation=make_escalation(reasons=(reason,))))
    text = " ".join(body(notice, "plain").split())
    assert 'mention them on it." The client speaks of leaving.' in text
    assert "&rdquo; The client speaks of leaving." in body(notice, "html")


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.example", "a\nb", "a\x00b", "a\u2028b", EVIL])
def test_a_header_writer_lets_no_line_end_through_whoever_calls_it(value: str) -> None:
    lines = [
        mime.header_line("Subject", value),
        mime.address_line("To", Address(address="a@b.example", name=value)),
    ]
    for line in lines:
        assert line.endswith(b"\r\n")
        assert not re.search(rb"\r\n(?! )|[^\r]\n|\r(?!\n)|\0", line[:-2])


def test_a_legal_threat_outside_the_deciding_sentences_still_gets_the_careful_answer() -> None:
    text = (
        "Nobody on our side can log in to the staging site since Monday. I want my money back.\n\n"
        "Our lawyer has a copy of this mail."
    )
    brief = make_brief(
        email=make_email(text=text),
        verdict=make_verdict(
            "dissatisfaction",
            evidence=(
                Evidence(tag="dissatisfaction", sentence="I want my money back.", score=0.9),
            ),
        ),
        escalation=make_escalation("dissatisfaction"),
    )
    assert "Let counsel read it before it goes out." in body(rendered(brief), "plain")


def kind_brief(**changes: object) -> Brief:
    reason = make_reason(
        kind="hr", title="Staff matter (HR)", kind_because='it is like "My pay is missing"'
    )
    escalation = make_escalation(reasons=(reason,), spared=("Marshall Smith",))
    given: dict[str, object] = {
        "escalation": escalation,
        "issue_words": {"hr": "hr", "equipment": "equipment", "story": "blocked story"},
    }
    return make_brief(**{**given, **changes})


def test_the_kind_is_a_suggestion_with_its_reason_and_the_words_to_change_it() -> None:
    notice = rendered(kind_brief(), message_id=SIGNED_ID)
    text = " ".join(body(notice, "plain").split())
    assert "Why you: Staff matter (HR)" in text
    assert 'Kind: Staff matter (HR), since it is like "My pay is missing".' in text
    assert "Another? Answer equipment, blocked story" in text
    assert "Scores: Blocker 91 % (tagged)" in text
    assert re.search(r'href="mailto:[^"]*body=equipment', body(notice, "html"))


def test_who_is_not_told_is_said_on_the_first_screen_with_the_word_that_tells_them() -> None:
    notice = rendered(kind_brief(), message_id=SIGNED_ID)
    text = " ".join(body(notice, "plain").split())
    assert "Not told: Marshall Smith, whom the mail names" in text
    assert "answer tell Marshall Smith." in text
    assert text.index("Not told") < text.index("Suggested answer")
    html = body(notice, "html")
    assert re.search(r'href="mailto:[^"]*body=tell%20Marshall%20Smith', html)


def test_where_no_kind_is_clear_the_brief_says_so_and_offers_the_words() -> None:
    brief = kind_brief(escalation=make_escalation())
    text = " ".join(body(rendered(brief), "plain").split())
    assert "Kind: none is clear, so the route of the tag applies." in text
    assert "You know it? Answer hr, equipment, blocked story" in text


def test_a_policy_without_kinds_shows_none() -> None:
    text = body(rendered(), "plain")
    assert "Kind:" not in text
    assert "Not told" not in text
