"""What a visitor may see: what their digest would tell them, and no more.

Rule: a matter that is about somebody is kept from them here too; for them it does not exist.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from triage.digest.sight import Sight
from triage.errors import NotFoundError
from triage.store import cases, issues

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from triage.store.case_filters import Wanted
    from triage.store.cases import Case
    from triage.web.guard import Visit


def sight_of(tx: Connection, visit: Visit) -> Sight:
    """A visitor's view; of somebody who is not in the policy, that of who runs triage."""
    policy = visit.site.settings.policy
    person = policy.people.get(visit.who.person)
    kept = issues.kept_from(tx, person.id) if person else frozenset()
    return Sight(policy=policy, person=person, kept=kept)


def visible_case(tx: Connection, visit: Visit, case_id: int) -> Case:
    """A case that the visitor may see. Raises NotFoundError, for one they may not see as well."""
    case = cases.get(tx, case_id)
    if not sight_of(tx, visit).sees(case):
        msg = f"there is no case {case_id}; `triage status` lists the open ones"
        raise NotFoundError(msg)
    return case


def narrowed(tx: Connection, visit: Visit, wanted: Wanted) -> Wanted:
    """The same list without what the visitor may not see, their own cases first."""
    sight = sight_of(tx, visit)
    only = None if sight.whole_inbox else sight.person
    return replace(wanted, only=only, hidden=sight.kept, first=sight.person)
