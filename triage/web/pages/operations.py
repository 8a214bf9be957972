"""How the program does: what is read, what left, what is in trouble, and what a person must settle.

Rule: all of it is worked out from the store and this machine when it is asked for; servers and the
doctor are asked only where somebody clicks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triage import sharing, verifying
from triage.alarms import troubles
from triage.app import program_at_work
from triage.demo_page import OUTCOME_WORDS
from triage.digest.counting import check_folder
from triage.doctor import examine
from triage.pipeline import settling
from triage.store import alarms, inbox, listings, mailboxes, moves, outbox
from triage.web.guard import get, post
from triage.web.roles import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from triage.alarms import Trouble
    from triage.digest.model import FolderCheck
    from triage.processes import Program
    from triage.store.alarms import Alarm, Waiting
    from triage.store.mailboxes import Mailbox
    from triage.store.moves import TagFolder
    from triage.store.outbox import OutboxRow
    from triage.web.guard import Visit
    from triage.web.site import Site

HERE = "/operations"
MOST_ROWS = 100
STATES = {
    "queued": "waits for its next attempt",
    "sending": "is being sent, or its answer was lost",
    "digest": "waits for its reader's digest",
    "failed": "could not be delivered",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A watched folder, with what its server said last held against the store."""

    box: Mailbox
    check: FolderCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How the program does at one moment.

    Attributes:
        program: the running `triage run`; None where none is.
        troubles: what does not work now, however short it is.
        told: of which the operator was told; over: what is over since.
        held: briefs of which nobody knows whether they arrived.
        unsent: all others that have not left, at most `MOST_ROWS`.
        notices: how many mails of ours are in each state; outcomes: how mails ended.
        undecided: mails that wait to be judged.
    """

    program: Program | None
    troubles: tuple[Trouble, ...]
    told: tuple[Alarm, ...]
    over: tuple[Alarm, ...]
    folders: tuple[Folder, ...]
    tag_folders: tuple[TagFolder, ...]
    held: tuple[OutboxRow, ...]
    unsent: tuple[OutboxRow, ...]
    notices: dict[str, int]
    outcomes: dict[str, int]
    undecided: Waiting | None


def routes(site: Site) -> list[BaseRoute]:
    """The page, what it asks for on demand, and what a person may settle."""
    checks = Checks()
    return [
        get(HERE, site, lambda visit: show(visit, checks)),
        get(f"{HERE}/verify", site, verify, Role.RUN),
        get(f"{HERE}/doctor", site, doctor, Role.RUN),
        post(f"{HERE}/briefs/{{id:int}}/again", site, again, Role.RUN),
        post(f"{HERE}/briefs/{{id:int}}/arrived", site, arrived, Role.RUN),
    ]


class Checks:
    """What the servers said last, held against the store once for each time that they said it.

    Of a folder with 100,000 mails that takes the better part of a second.
    """

    def __init__(self) -> None:
        self._found: dict[int, FolderCheck] = {}

    def of(self, tx: Connection, box: Mailbox, now: float) -> FolderCheck:
        """How the mails of a folder are accounted for. `now` in epoch seconds."""
        asked_at = listings.asked_at(tx, box.id)
        if asked_at is None:
            return check_folder(box, None, (), since=0.0, until=now)
        known = self._found.get(box.id)
        if known is None or known.asked_at != asked_at:
            listing, rows = listings.of_mailbox(tx, box.id), listings.rows_of(tx, box)
            known = check_folder(box, listing, rows, since=0.0, until=now)
            self._found[box.id] = known
        return replace(known, problem=box.problem)


def gather(tx: Connection, now: float, program: Program | None, checks: Checks) -> Running:
    """Look it all up, of one moment."""
    rows = outbox.unfinished(tx)
    held = tuple(row for row in rows if row.state == "held")
    return Running(
        program=program,
        troubles=tuple(troubles(tx)),
        told=tuple(alarms.open_ones(tx)),
        over=tuple(alarms.over(tx)),
        folders=tuple(
            Folder(box=box, check=checks.of(tx, box, now)) for box in mailboxes.everything(tx)
        ),
        tag_folders=tuple(moves.folders(tx)),
        held=held,
        unsent=tuple(row for row in rows if row.state != "held")[:MOST_ROWS],
        notices=outbox.counts(tx),
        outcomes=inbox.outcomes(tx),
        undecided=alarms.undecided(tx),
    )


def show(visit: Visit, checks: Checks) -> Response:
    """Everything on one page."""
    site = visit.site
    program = program_at_work(site.settings.config.store)
    with site.store.read() as tx:
        found = gather(tx, visit.now, program, checks)
        shared = sharing.gather(tx, site.store)
    return visit.page(
        "operations.html",
        running=found,
        shared=shared,
        does=sharing.does,
        what_of=sharing.what_of,
        states=STATES,
        outcomes=OUTCOME_WORDS,
        people=_people(site),
    )


def verify(visit: Visit) -> Response:
    """Ask every server now, as `triage verify` does."""
    found = verifying.verify(visit.site.settings.config, visit.site.store)
    return visit.page("verify.html", folders=found, well=all(each.well for each in found))


def doctor(visit: Visit) -> Response:
    """What `triage doctor --offline` says."""
    report = examine(visit.site.settings.config.path, now=visit.now, offline=True)
    return visit.page("doctor.html", report=report)


def again(visit: Visit) -> Response:
    """Send a brief again, as `triage retry` does."""
    return _settle(visit, settling.send_again, "is queued and leaves at the next opportunity")


def arrived(visit: Visit) -> Response:
    """A held brief is there, as `triage retry --arrived` says."""
    return _settle(visit, settling.count_as_sent, "counts as sent")


def _settle(visit: Visit, settle: Callable[..., tuple[OutboxRow, bool]], became: str) -> Response:
    with visit.site.store.write() as tx:
        row, done = settle(tx, visit.number(), by=visit.who.by, now=visit.now)
    says = became if done else f"is {row.state} by now, and was left as it is"
    return visit.back(HERE, f"Brief {row.id} to {row.recipient} {says}.")


def _people(site: Site) -> dict[str, str]:
    return {person.address: person.name for person in site.settings.policy.people.values()}
