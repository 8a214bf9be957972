"""Answers as real mail programs write them, from their bytes to their meaning."""

from __future__ import annotations

import tomllib
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.factories import WHEN, make_escalation, make_firm, make_raw, make_recipient, make_verdict
from tests.gallery import SENDER, SIGNED_ID, make_brief
from tests.steps import make_policy, make_route
from triage.feedback import Meaning, read, vocabulary_of
from triage.parsing import parse
from triage.pipeline.answers import own_words
from triage.policy_file import with_shipped_words
from triage.rendering import Renderer
from triage.rendering.replies import REFERENCE_LINE

REPLIES = tomllib.loads((Path(__file__).parents[1] / "replies.toml").read_text(encoding="utf-8"))[
    "reply"
]
TITLES = {
    "dissatisfaction": "Customer recovery",
    "scope_mismatch": "Scope mismatch",
    "blocker": "Work is blocked",
    "upsell": "Sales opportunity",
    "praise": "Praise",
}
POLICY = with_shipped_words(
    make_policy(**{tag: make_route(tag, title=title) for tag, title in TITLES.items()})
)
VOCABULARY = vocabulary_of(POLICY.routes)


def brief() -> tuple[str, str]:
    """The text and the HTML of the brief that is answered."""
    tags = ("upsell", "blocker")
    notice = Renderer(firm=make_firm(), sender=SENDER).render(
        make_brief(
            verdict=make_verdict(*tags),
            escalation=make_escalation(*tags),
            words=VOCABULARY.shown,
        ),
        make_recipient(tags=tags),
        make_raw(),
        message_id=SIGNED_ID,
        date=WHEN,
    )
    message = message_from_bytes(notice.content, policy=policy.default)
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
    text, html = (str(body.get_content()) for body in bodies if body)
    return text, html


TEXT, HTML = brief()


def raw(reply: dict[str, str]) -> bytes:
    """The answer as a mail."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = "Ben West <ben@radial.example>"
    message["To"] = "triage@radial.example"
    message["Subject"] = "Re: [High] Sales opportunity + Work is blocked, Northwind: Staging login"
    quoted = "\n".join(f"> {line}".rstrip() for line in TEXT.splitlines())
    if "html" in reply:
        message.set_content(reply["html"].replace("{brief}", HTML), subtype="html")
    else:
        filled = reply["text"].replace("{quoted}", quoted).replace("{plain}", TEXT)
        message.set_content(filled)
    return message.as_bytes()


def in_short(meaning: Meaning) -> str:
    """A meaning as the data file writes it."""
    if meaning.kind == "unclear":
        return f"? {meaning.doubt}"
    if meaning.kind == "correct" and meaning.exactly is not None:
        return " ".join(["=", *meaning.exactly])
    if meaning.kind == "correct":
        added, removed = " ".join(meaning.add), " ".join(meaning.remove)
        return " ".join([f"+ {added}"] * bool(added) + [f"- {removed}"] * bool(removed))
    if meaning.kind == "done":
        return f"done: {meaning.outcome}" if meaning.outcome else "done"
    return {"take": "mine"}.get(meaning.kind, "seen" if meaning.explicit else "free")


@pytest.mark.parametrize("reply", REPLIES, ids=[reply["name"] for reply in REPLIES])
def test_an_answer_means_what_its_writer_meant(reply: dict[str, str]) -> None:
    words = own_words(parse(raw(reply)))
    meaning = read(words, VOCABULARY, names=["Ben West"], ours=REFERENCE_LINE)
    assert in_short(meaning) == reply["means"], words


def test_the_set_is_large_and_its_names_differ() -> None:
    assert len(REPLIES) >= 60
    assert len({reply["name"] for reply in REPLIES}) == len(REPLIES)
    assert sum("html" in reply for reply in REPLIES) >= 10
