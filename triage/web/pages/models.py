"""How good the classifier is, how it came about, and which version is in use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from classifiers import registry
from classifiers.api import ClassifierError, ModelError
from classifiers.ledger import Ledger, read_ledger
from triage import app_models, differences, retraining
from triage.drawing.figures import percent, share
from triage.errors import NotFoundError, TriageError
from triage.store import inbox
from triage.web import model_view
from triage.web.guard import get, post
from triage.web.roles import Role
from triage.web.sight import sight_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from classifiers.registry import Entry
    from triage.web.guard import Handler, Visit
    from triage.web.site import Site

HERE = "/models"
UNPROCESSABLE = 422
DAYS, MOST_COMPARED, MOST_SHOWN = 30, 500, 60
_OWN_MAIL = "mail "


def routes(site: Site) -> list[BaseRoute]:
    """The list, a version, what it would change, and the two changes."""
    return [
        get(HERE, site, _told(show)),
        get(f"{HERE}/{{version}}", site, _told(one)),
        get(f"{HERE}/{{version}}/replay", site, _told(replay), Role.RUN),
        post(f"{HERE}/rollback", site, _told(roll_back), Role.RUN),
        post(f"{HERE}/{{version}}/promote", site, _told(promote), Role.RUN),
    ]


def _told(handler: Handler) -> Handler:
    """Say trouble with the folder of models as any other trouble of the program."""

    def told(visit: Visit) -> Response:
        try:
            return handler(visit)
        except ClassifierError as error:
            raise TriageError(str(error)) from error

    return told


def show(visit: Visit) -> Response:
    """All versions, how shares move, and the learning curve."""
    return _list(visit)


def _list(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    root = _root(visit)
    with visit.site.store.read() as tx:
        learning = app_models.gather(tx, visit.site.settings.config, visit.now)
    entries, ledger = registry.entries(root), read_ledger(root)
    found = model_view.steps(entries)
    return visit.page(
        "models.html",
        status=status,
        problem=problem,
        learning=learning,
        drift=model_view.drift_chart(learning.weeks),
        entries=[_row(root, each) for each in reversed(entries)],
        steps=found,
        curve=model_view.learning_curve(found),
        previous=ledger.previous,
        used=_last_use(ledger),
        share=share,
        percent=percent,
    )


def one(visit: Visit) -> Response:
    """One version with all that is kept of it."""
    return _one(visit)


def _one(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    root, entry = _found(visit)
    report = registry.read_report(root, entry.version)
    measured = registry.read_measured(root, entry.version) if entry.card else None
    parts = model_view.parts_of(measured, entry.card) if entry.card else []
    ledger = read_ledger(root)
    learnt = (entry.card.metrics.get("learning") if entry.card else None) or []
    return visit.page(
        "model.html",
        status=status,
        problem=problem,
        row=_row(root, entry),
        entry=entry,
        card=entry.card,
        gate=report,
        figures=list(model_view.figure_rows(report or {})),
        sets=parts,
        worth=model_view.worth_of_labels(learnt) if learnt else None,
        learnt=learnt,
        cases=_cases(visit, parts),
        history=_history(ledger, entry.version),
        in_use=ledger.current,
        share=share,
        percent=percent,
    )


def replay(visit: Visit) -> Response:
    """What this version would have done differently with the mail of the last weeks."""
    root, entry = _found(visit)
    current = read_ledger(root).current
    if current is None or current == entry.version:
        return _one(visit, problem="It is in use: there is nothing to compare it with.")
    try:
        models = registry.load(root, current), registry.load(root, entry.version)
    except ModelError as error:
        return _one(visit, problem=str(error), status=UNPROCESSABLE)
    site = visit.site
    found = differences.find(
        site.store,
        site.settings.config.firm,
        *models,
        now=visit.now,
        days=DAYS,
        most=MOST_COMPARED,
    )
    return visit.page(
        "replay.html",
        found=found,
        entry=entry,
        changes=_visible(visit, found)[:MOST_SHOWN],
    )


def promote(visit: Visit) -> Response:
    """Use this version from now on, as `triage models promote` does."""
    root, entry = _found(visit)
    author = retraining.Author(name=visit.who.by)
    try:
        model = retraining.promote(root, entry.version, author=author, now=_now(visit))
    except ModelError as error:
        return _one(visit, problem=str(error), status=UNPROCESSABLE)
    _book(visit, author).note("promoted", model.version)
    return visit.back(HERE, f"{model.version} is in use. A running triage takes it in seconds.")


def roll_back(visit: Visit) -> Response:
    """Return to the version before, as `triage models rollback` does."""
    author = retraining.Author(name=visit.who.by)
    try:
        model = retraining.roll_back(_root(visit), author=author, now=_now(visit))
    except ModelError as error:
        return _list(visit, problem=str(error), status=UNPROCESSABLE)
    _book(visit, author).note("rolled-back", model.version)
    says = f"{model.version} is in use again. A running triage takes it in seconds."
    return visit.back(HERE, says)


def _book(visit: Visit, author: retraining.Author) -> retraining.Book:
    return retraining.Book(store=visit.site.store, author=author, clock=visit.site.clock)


def _root(visit: Visit) -> Path:
    return app_models.managed_root(visit.site.settings.config)


def _now(visit: Visit) -> datetime:
    return datetime.fromtimestamp(visit.now, UTC)


def _found(visit: Visit) -> tuple[Path, Entry]:
    """The version of the path. Raises NotFoundError."""
    root, version = _root(visit), visit.request.path_params["version"]
    found = next((each for each in registry.entries(root) if each.version == version), None)
    if found is None:
        msg = f"there is no model {version}; it may have been removed since"
        raise NotFoundError(msg)
    return root, found


def _row(root: Path, entry: Entry) -> dict[str, Any]:
    """A version as the list shows it."""
    report = registry.read_report(root, entry.version)
    value, on_own = model_view.quality(entry.card) if entry.card else (None, False)
    return {
        "version": entry.version,
        "current": entry.current,
        "problem": entry.problem,
        "card": entry.card,
        "quality": value,
        "on_own": on_own,
        "gate": _verdict(report),
        "objections": list((report or {}).get("objections") or ()),
    }


def _verdict(report: Mapping[str, Any] | None) -> str:
    if report is None:
        return "unjudged"
    return "passed" if report.get("passed") else "failed"


def _history(ledger: Ledger, version: str) -> list[Mapping[str, str]]:
    return [event for event in ledger.history if event["version"] == version]


def _last_use(ledger: Ledger) -> tuple[float | None, str]:
    """When the version in use was taken (epoch seconds, None: not known), and why."""
    events = [e for e in ledger.history if e["action"] in {"promote", "rollback"}]
    if not events:
        return None, ""
    try:
        at = datetime.fromisoformat(events[-1].get("at", "")).timestamp()
    except ValueError:
        at = None
    return at, events[-1].get("note", "")


def _cases(visit: Visit, parts: list[model_view.Part]) -> dict[str, int]:
    """Of own mails that are named: the case, where there is one that the visitor may see."""
    named = {
        each["place"]
        for part in parts
        for tag in part.tags
        for each in (*tag.misses, *tag.false_alarms)
        if each.get("place", "").startswith(_OWN_MAIL)
    }
    found = {}
    with visit.site.store.read() as tx:
        hidden = sight_of(tx, visit).kept
        for place in named:
            try:
                case_id = inbox.decided(tx, int(place.removeprefix(_OWN_MAIL))).case_id
            except (NotFoundError, ValueError):
                continue
            if case_id and case_id not in hidden:
                found[place] = case_id
    return found


def _visible(visit: Visit, found: differences.Differences) -> list[differences.Change]:
    """The changes that the visitor may see: without matters that are kept from them."""
    with visit.site.store.read() as tx:
        sight = sight_of(tx, visit)
    if not sight.whole_inbox:
        return []
    return [each for each in found.changes if each.mail.case_id not in sight.kept]
