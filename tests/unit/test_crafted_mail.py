"""Mails crafted to be tagged or to avoid it: what a reader would not see does not count."""

from __future__ import annotations

import time

import pytest

from tests.hostile.shape import html, mail
from triage.parsing import charsets, parse
from triage.summary.facts.values import sentences_of


@pytest.mark.parametrize("joiner", ["\u200b", "\u200c", "\u200d", "\u00ad", "\u2060", "\ufe0f"])
def test_characters_that_nobody_sees_do_not_tear_words_apart(joiner: str) -> None:
    email = parse(mail(f"We are dis{joiner}appointed.".encode()))
    assert email.text.strip() == "We are disappointed."


def test_joiners_stay_where_writing_needs_them() -> None:
    persian, family = "\u0645\u06cc\u200c\u062e", "\U0001f469\u200d\U0001f467"
    assert parse(mail(f"{persian} {family}".encode())).text.strip() == f"{persian} {family}"


def test_stacked_accents_are_cut_to_what_unicode_calls_stream_safe() -> None:
    assert (
        charsets.clean_line("e\u0301 " + "Z" + "\u0335" * 500 + "y")
        == "e\u0301 Z" + "\u0335" * 30 + "y"
    )


def test_a_body_of_accents_takes_no_quadratic_time() -> None:
    began = time.process_time()
    parse(mail(("Z" + "\u0335\u0301" * 200_000).encode()))
    parse(html("<p>Z" + "&#821;&#769;" * 15_000))
    assert time.process_time() - began < 5


UNSEEN = {
    "not displayed": '<div style="display:none">refund</div>',
    "invisible": '<div style="visibility:hidden">refund</div>',
    "no size": '<div style="font-size:0">refund</div>',
    "a dot high": '<div style="font-size:1px;line-height:1px">refund</div>',
    "no size, short": '<div style="font:0/0 a">refund</div>',
    "no size, inside": '<div style="font-size:0"><b style="font-size:2em">refund</b></div>',
    "hardly any size": '<div style="font-size:0.0000000000001px">refund</div>',
    "no box": '<div style="height:0;overflow:hidden">refund</div>',
    "no width": '<div style="width:0px;overflow:hidden">refund</div>',
    "off the screen": '<div style="position:absolute;left:-9999px">refund</div>',
    "above the screen": '<div style="position:fixed; top: -500px">refund</div>',
    "drawn out": '<div style="text-indent:-9999px">refund</div>',
    "clipped": '<div style="position:absolute;clip:rect(0,0,0,0)">refund</div>',
    "shrunk": '<div style="transform:scale(0)">refund</div>',
    "transparent": '<div style="opacity:0">refund</div>',
    "transparent ink": '<div style="color:rgba(0,0,0,0)">refund</div>',
    "white": '<div style="color:white">refund</div>',
    "nearly white": '<div style="color:#fafafa">refund</div>',
    "white, by numbers": '<div style="color:rgb(255, 255, 255)">refund</div>',
    "white font": '<font color="#ffffff">refund</font>',
    "black on black": '<div style="background:#000;color:#000">refund</div>',
    "grey on the same grey": '<td bgcolor="#f6f6f6"><p style="color:#f6f6f7">refund</p></td>',
    "class": "<style>.x, .y {display:none}</style><p class='a x'>refund</p>",
    "class after a comment": "<style>/* { */ p.x{color:#fff}</style><p class=x>refund</p>",
    "id": "<style><!-- #x{font-size:0} --></style><p id=x>refund</p>",
    "attribute": "<p hidden>refund</p>",
}
SEEN = {
    "reset by the inside": '<td style="font-size:0px"><p style="font-size:13px">refund</p></td>',
    "button": '<a style="background:#036;color:#fff">refund</a>',
    "button in a table": '<table bgcolor="#036"><td><font color="white">refund</font></td></table>',
    "light ink of a class": "<style>.x{color:#fff;background:#036}</style><p class=x>refund</p>",
    "white on a picture": '<div style="background:url(x)"><p style="color:#fff">refund</p></div>',
    "shown again": "<style>.x{display:none}.x{display:block}</style><p class=x>refund</p>",
    "hidden on telephones": "<style>@media(width:9px){.x{display:none}}</style><p class=x>refund",
    "no height but flowing over": '<div style="height:0">refund</div>',
    "a little to the left": '<div style="position:relative;left:-10px">refund</div>',
    "grey": '<p style="color:#999">refund</p>',
    "small": '<p style="font-size:0.9em">refund</p>',
    "black": '<p style="color:black;background:transparent">refund</p>',
}  # fmt: skip


@pytest.mark.parametrize("markup", UNSEEN.values(), ids=UNSEEN)
def test_words_that_no_reader_sees_do_not_count(markup: str) -> None:
    assert parse(html(f"<p>Hello</p>{markup}<p>Bye</p>")).text == "Hello\n\nBye"


@pytest.mark.parametrize("markup", SEEN.values(), ids=SEEN)
def test_words_that_a_reader_sees_count(markup: str) -> None:
    assert "refund" in parse(html(f"<p>Hello</p>{markup}")).text


def test_style_sheets_take_no_quadratic_time() -> None:
    began = time.process_time()
    parse(html("<style>" + "/*{" * 30_000 + "</style>" + "<p class='a b c'>x" * 5_000))
    parse(html("<style>" + ".a{color:red}" * 12_000 + "</style><p class=a>x"))
    parse(html("<style>.a{" + "color:#fff;" * 9_000 + "}</style>" + "<p class='a a a a'>x" * 4_000))
    parse(html("<style" * 30_000))
    assert time.process_time() - began < 5


def test_a_line_of_marks_is_taken_apart_in_linear_time() -> None:
    began = time.process_time()
    sentences_of("?" * 20_000)
    sentences_of("?!)" * 6_000)
    assert time.process_time() - began < 0.7
