"""Review: one mail after another, two keys each, with what the classifier thinks of it and why.

Rules: each label is in the store, and acted on, before the next mail is shown; a mail that somebody
has labelled meanwhile is not labelled twice; nothing is stored for a mail that is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from triage.errors import NotFoundError
from triage.parsing import parse
from triage.store import inbox, labels, review
from triage.summary.wording import clean_text, listed
from triage.web.guard import get, post
from triage.web.mail_view import TEXT_CHARS, pieces
from triage.web.reviewing import (
    DAY_S,
    DAYS,
    DRAWN,
    NEW,
    SIZES,
    UNSURE,
    Done,
    is_about,
    queue,
    size_of,
    taught,
)
from triage.web.roles import Role
from triage.web.sight import sight_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from triage.digest.sight import Sight
    from triage.messages import Email
    from triage.policy import Policy
    from triage.store.inbox import Decided
    from triage.web.guard import Visit
    from triage.web.mail_view import Piece
    from triage.web.reviewing import Taught, Waiting
    from triage.web.site import Site

PATH = "/review"
END = "end"  # in the place of a mail: the visitor has come to the last one
HOW = "page"
SENTENCES = 6
NOT_HERE = "Mail for review is shown to management, and to whoever runs triage."
QUEUES = {"": "All", UNSURE: "Unsure", NEW: "Unlike known mail", DRAWN: "Drawn by chance"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A tag that can be given, with what the classifier says of it.

    Attributes:
        key: the key that ticks it; empty beyond the ninth.
        score: None where the mail was not classified.
        verdict: `given`, `unsure` or empty.
    """

    tag: str
    title: str
    key: str
    score: float | None
    verdict: str
    ticked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A mail as it is shown. `label`: what a person says it is; None: nobody has."""

    mail: Decided
    email: Email
    why: str
    paragraphs: tuple[tuple[Piece, ...], ...]
    choices: tuple[Choice, ...]
    sentences: tuple[tuple[str, str], ...]
    label: tuple[str, ...] | None
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What lies before a visitor: the queue that they look at, and what the sample tells."""

    sight: Sight
    waiting: tuple[Waiting, ...]
    chosen: tuple[Waiting, ...]
    taught: Taught
    queue: str

    def after(self, message_id: int) -> str:
        """What stands in the address for the mail after this one."""
        ids = [each.message_id for each in self.chosen]
        following = ids[ids.index(message_id) + 1 :] if message_id in ids else ids
        return str(following[0]) if following else END

    def path(self, at: str = "", queue: str | None = None, size: int | None = None) -> str:
        """The address of this desk, or of one that differs in that."""
        chosen = self.queue if queue is None else queue
        values = {"queue": chosen, "size": str(size or self.taught.size), "at": at}
        return f"{PATH}?{urlencode({name: value for name, value in values.items() if value})}"


def routes(site: Site) -> list[BaseRoute]:
    """The review, a label, and taking it back."""
    done = Done()
    return [
        get(PATH, site, partial(show, done=done)),
        post(f"{PATH}/undo", site, partial(undo, done=done)),
        post(f"{PATH}/{{id:int}}", site, partial(label, done=done)),
    ]


def show(visit: Visit, *, done: Done) -> Response:
    """The next mail, or the one that the address names."""
    with visit.site.store.read() as tx:
        desk = _desk(tx, visit, visit.query("queue"), visit.query("size"))
        card = _card(tx, visit, desk, visit.query("at"))
    last = done.last(visit.identity.token)
    counts = {name: sum(each.queue == name for each in desk.waiting) for name in QUEUES}
    counts[""] = len(desk.waiting)
    return visit.page(
        "review.html",
        card=card,
        desk=desk,
        taught=desk.taught,
        queues=[
            (name, title, counts[name], desk.path(queue=name)) for name, title in QUEUES.items()
        ],
        skipped=len(desk.chosen) if card is None else 0,
        skip=desk.path(desk.after(card.mail.id)) if card else "",
        undoes=last.message_id if last else 0,
        sizes=[(size, desk.path(queue=DRAWN, size=size)) for size in SIZES],
        titles=_titles(visit.site.settings.policy),
    )


def label(visit: Visit, *, done: Done) -> Response:
    """What the form says is what the mail is."""
    number, site = visit.number(), visit.site
    with site.store.read() as tx:
        desk = _desk(tx, visit, visit.value("queue"), visit.value("size"))
        if _hidden(tx, desk.sight, number):
            raise _absent(number)
    onward = desk.path(desk.after(number))
    with site.store.write() as tx:
        known = labels.in_force(tx, number)
        if known is not None and not visit.value("again"):
            return visit.back(onward, f"Mail {number} was labelled by somebody meanwhile.")
        effect = site.labeller.label(
            tx,
            number,
            visit.values("tag"),
            by=visit.who.by,
            how=HOW,
            who=visit.who.name,
            now=visit.now,
        )
    done.add(visit.identity.token, effect)
    return visit.back(onward, effect.in_words)


def undo(visit: Visit, *, done: Done) -> Response:
    """Take the visitor's last label back, and show its mail again."""
    values = {"queue": visit.value("queue"), "size": visit.value("size")}
    effect = done.take(visit.identity.token)
    if effect is None:
        says = "There is nothing to take back; a mail can be labelled anew at any time."
        return visit.back(f"{PATH}?{urlencode(values)}", says)
    with visit.site.store.write() as tx:
        left = visit.site.labeller.take_back(tx, effect, by=visit.who.by, now=visit.now)
    gone = f"; the brief to {listed(left)} had left already" if left else ""
    path = f"{PATH}?{urlencode({**values, 'at': effect.message_id})}"
    return visit.back(path, f"Mail {effect.message_id}: taken back{gone}.")


def _desk(tx: Connection, visit: Visit, name: str, size: str) -> Desk:
    sight = sight_of(tx, visit)
    if not sight.whole_inbox and visit.who.role < Role.RUN:
        raise HTTPException(HTTPStatus.FORBIDDEN, NOT_HERE)
    since = visit.now - DAYS * DAY_S
    most = review.drawn(tx, since, SIZES[-1])
    number = size_of(most, size)
    drawn = most[:number]
    waiting = queue(tx, sight, drawn)
    known = name if name in QUEUES else ""
    return Desk(
        sight=sight,
        waiting=tuple(waiting),
        chosen=tuple(each for each in waiting if known in ("", each.queue)),
        taught=taught(drawn, review.untagged(tx, since), number),
        queue=known,
    )


def _card(tx: Connection, visit: Visit, desk: Desk, at: str) -> Card | None:
    """The mail that is asked for, else the first that the visitor may see."""
    if at == END:
        return None
    if at.isdecimal() and len(at) < len(str(1 << 62)):
        return _asked(tx, visit, desk, int(at))
    for waiting in desk.chosen:
        card = _filled(tx, visit, desk, waiting.message_id)
        if card:
            return card
    return None


def _asked(tx: Connection, visit: Visit, desk: Desk, number: int) -> Card:
    card = _filled(tx, visit, desk, number)
    if card is None:
        raise _absent(number)
    return card


def _absent(number: int) -> NotFoundError:
    return NotFoundError(f"there is no mail {number}; `triage status` lists what waits for review")


def _hidden(tx: Connection, sight: Sight, number: int) -> bool:
    mail = inbox.decided(tx, number)
    email = parse(inbox.load(tx, number).raw.content)
    return mail.case_id in sight.kept or is_about(sight, email)


def _filled(tx: Connection, visit: Visit, desk: Desk, number: int) -> Card | None:
    """A mail with the classifier's opinion; None for one that is kept from the visitor."""
    mail = inbox.decided(tx, number)
    email = parse(inbox.load(tx, number).raw.content)
    if mail.case_id in desk.sight.kept or is_about(desk.sight, email):
        return None
    verdict = inbox.verdict_row(tx, number)
    titles = _titles(visit.site.settings.policy)
    said = verdict["evidence"] if verdict else ()
    sentences = [(titles.get(each["tag"], each["tag"]), each["sentence"]) for each in said]
    known = labels.in_force(tx, number)
    return Card(
        mail=mail,
        email=email,
        why=_why(desk, mail, titles),
        paragraphs=pieces(clean_text(email.new_text)[:TEXT_CHARS], sentences),
        choices=tuple(_choices(mail, titles, mail.tags if known is None else known)),
        sentences=tuple(dict.fromkeys(sentences))[:SENTENCES],
        label=known,
        place=_place(desk.chosen, number),
    )


def _why(desk: Desk, mail: Decided, titles: dict[str, str]) -> str:
    """Why it is looked at, in the words of the policy."""
    waiting = next((each for each in desk.waiting if each.message_id == mail.id), None)
    if waiting and waiting.queue == UNSURE and mail.unsure_tags:
        return f"perhaps {listed([titles.get(tag, tag) for tag in mail.unsure_tags])}"
    return waiting.why if waiting else mail.why


def _choices(mail: Decided, titles: dict[str, str], ticked: Sequence[str]) -> Iterator[Choice]:
    scores = mail.scores or {}
    for number, (tag, title) in enumerate(titles.items(), start=1):
        unsure = "unsure" if tag in mail.unsure_tags else ""
        yield Choice(
            tag=tag,
            title=title,
            key=str(number) if number < 10 else "",  # noqa: PLR2004 - digits there are
            score=scores.get(tag),
            verdict="given" if tag in mail.tags else unsure,
            ticked=tag in ticked,
        )


def _titles(policy: Policy) -> dict[str, str]:
    return {tag: route.title for tag, route in policy.routes.items()}


def _place(chosen: Sequence[Waiting], number: int) -> str:
    ids = [each.message_id for each in chosen]
    return f"{ids.index(number) + 1} of {len(ids)}" if number in ids else ""
