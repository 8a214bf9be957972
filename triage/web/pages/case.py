"""The page of a case, and what can be done with it.

Rule: a click does what an answer to the brief does, by the same functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response

from triage.errors import NotFoundError, RefusedError
from triage.feedback import Meaning
from triage.pipeline.explain import newest_told
from triage.pipeline.gestures import About
from triage.store import cases, inbox
from triage.summary.wording import clean_line
from triage.web.case_view import case_view
from triage.web.guard import get, post
from triage.web.sight import visible_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from starlette.routing import BaseRoute

    from triage.pipeline.labelling import Effect
    from triage.store.cases import Case
    from triage.web.guard import Handler, Visit
    from triage.web.site import Site

HOW = "page"  # as the label store calls this gesture
OUTCOME_CHARS = 500
RECURS = {"yes": True, "no": False}


def routes(site: Site) -> list[BaseRoute]:
    """The page, each thing that can be done, and the original of a mail."""
    return [
        get("/cases/{id:int}", site, show),
        *(
            post(f"/cases/{{id:int}}/{path}", site, _told_why_not(change))
            for path, change in CHANGES.items()
        ),
        get("/cases/{id:int}/mails/{mail:int}.eml", site, original),
    ]


def _told_why_not(change: Handler) -> Handler:
    """The same change; what cannot be done is said on the page of the case."""

    def handler(visit: Visit) -> Response:
        try:
            return change(visit)
        except RefusedError as error:
            said = str(error)
            return visit.back(
                f"/cases/{visit.number()}", f"{said[0].upper()}{said[1:]}.", refused=True
            )

    return handler


def show(visit: Visit) -> Response:
    """A case with everything that belongs to it."""
    site, number = visit.site, visit.number()
    with site.store.read() as tx:
        case = visible_case(tx, visit, number)
        if case.merged_into:
            note = f"Case {number} is part of this one."
            return visit.back(f"/cases/{case.merged_into}", note)
        view = case_view(tx, site, case, visit.who, visit.now)
    policy = site.settings.policy
    others = [p for p in policy.people.values() if p.address.lower() != case.owner.lower()]
    return visit.page(
        "case.html",
        view=view,
        case=case,
        people=[p for p in others if p.id != visit.who.person],
        tags=[(tag, route.title) for tag, route in policy.routes.items()],
        kinds=[(kind.id, kind.title) for kind in policy.kinds.values()] if case.open else [],
        mine=bool(case.owner) and case.owner.lower() == visit.who.by.lower(),
        in_policy=bool(visit.who.person),
    )


def acknowledge(visit: Visit) -> Response:
    """Somebody has seen it."""
    return _by_gesture(visit, Meaning(kind="acknowledge"))


def take(visit: Visit) -> Response:
    """Somebody makes it theirs."""
    if not visit.who.person:
        msg = f"{visit.who.name} is not in policy.toml, so no case can be theirs"
        raise RefusedError(msg)
    return _by_gesture(visit, Meaning(kind="take"))


def close(visit: Visit) -> Response:
    """It is over; or how it ended is said afterwards."""
    outcome = clean_line(visit.value("outcome"))[:OUTCOME_CHARS]
    recurs = RECURS.get(visit.value("recurs"))
    return _by_gesture(visit, Meaning(kind="done", outcome=outcome, recurs=recurs))


def hand(visit: Visit) -> Response:
    """Somebody makes it another's."""
    person = visit.site.settings.policy.people.get(visit.value("person"))
    if person is None:
        msg = "choose who is to have the case"
        raise RefusedError(msg)

    def change(tx: Connection, case: Case) -> str:
        visit.site.handing.hand(
            tx,
            case.id,
            newest_told(tx, case.id),
            person,
            by=visit.who.by,
            who=visit.who.name,
            now=visit.now,
        )
        return f"{person.name} has the case now, and gets a brief that says so."

    return _changed(visit, change)


def correct(visit: Visit) -> Response:
    """Somebody says what a mail really is."""
    known = visit.site.settings.policy.routes
    tags = [tag for tag in visit.values("tag") if tag in known]
    if visit.value("none"):
        tags = []
    elif not tags:
        msg = "choose at least one tag, or press the button that says that none fits"
        raise RefusedError(msg)

    def change(tx: Connection, case: Case) -> str:
        effect = visit.site.labeller.label(
            tx,
            _mail_of(tx, visit, case),
            tags,
            by=visit.who.by,
            how=HOW,
            who=visit.who.name,
            now=visit.now,
            sentence=visit.value("sentence"),
        )
        said = _told(effect, {tag: route.title for tag, route in known.items()})
        return f"{said}{_with_kind(tx, visit, case)}"

    return _changed(visit, change)


def _with_kind(tx: Connection, visit: Visit, case: Case) -> str:
    """Say of which kind a mail is too, where somebody has chosen one of an open case."""
    kind = visit.site.settings.policy.kinds.get(visit.value("kind"))
    if kind is None or visit.value("none") or not cases.get(tx, case.id).open:
        return ""
    found = visit.site.labeller.corrector.correct(
        tx,
        Meaning(kind="correct", issues=(kind.id,), on_top=True),
        case_id=case.id,
        message_id=visit.number("mail"),
        by=visit.who.by,
        how=HOW,
        who=visit.who.name,
        now=visit.now,
    )
    told = f" {', '.join(found.told)} will get a brief." if found.told else ""
    return f" It is of the kind: {kind.title}.{told}"


CHANGES: dict[str, Handler] = {
    "acknowledge": acknowledge,
    "take": take,
    "hand": hand,
    "close": close,
    "mails/{mail:int}": correct,
}


def original(visit: Visit) -> Response:
    """A mail as it came, for the visitor's own mail program."""
    with visit.site.store.read() as tx:
        case = visible_case(tx, visit, visit.number())
        number = _mail_of(tx, visit, case)
        content = inbox.load(tx, number).raw.content
    if not content:
        msg = f"the words of mail {number} are no longer kept"
        raise NotFoundError(msg)
    name = quote(f"mail-{number}.eml")
    headers = {"content-disposition": f"attachment; filename={name}"}
    return Response(content, media_type="message/rfc822", headers=headers)


def _mail_of(tx: Connection, visit: Visit, case: Case) -> int:
    """The mail in the path, if it is of this case. Raises NotFoundError."""
    number = visit.number("mail")
    if inbox.decided(tx, number).case_id != case.id:
        msg = f"mail {number} is not part of case {case.id}"
        raise NotFoundError(msg)
    return number


def _by_gesture(visit: Visit, meaning: Meaning) -> Response:
    site = visit.site

    def change(tx: Connection, case: Case) -> str:
        about = About(case_id=case.id, message_id=newest_told(tx, case.id))
        said = site.gestures.act(tx, meaning, about, by=visit.who.by, now=visit.now)
        return site.labeller.rewriter.writer.renderer.said(said)

    return _changed(visit, change)


def _changed(visit: Visit, change: Callable[[Connection, Case], str]) -> Response:
    """Change a case in one transaction, and show it with what came of it."""
    number = visit.number()
    with visit.site.store.write() as tx:
        note = change(tx, visible_case(tx, visit, number))
    return visit.back(f"/cases/{number}", note)


def _told(effect: Effect, titles: dict[str, str]) -> str:
    """What came of a label, as a sentence or two."""
    said = ", ".join(titles[tag] for tag in effect.after) or "no tag"
    told = f" {', '.join(effect.told)} will get a brief." if effect.told else ""
    closed = " The case is closed as not an escalation." if effect.closed else ""
    return f"The mail counts as: {said}. The next model learns from it.{closed}{told}"
