"""Kinds of issue of mails: found once, kept, corrected by people; and who must not hear for them.

Rules: where no kind is clear the tag's own route applies; a matter about a person is kept from
that person until somebody who was told says otherwise; and it reaches somebody all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from triage.kinds import KindFinder
from triage.naming import named_in
from triage.pipeline.people import document, people_outside
from triage.policy import kinds_key
from triage.store import issues
from triage.store.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from classifiers.api import Verdict
    from triage.config import Firm
    from triage.kinds import KindFound
    from triage.messages import Email, Escalation
    from triage.policy import Policy

HOW_FOUND = "found"
CUES_TOLD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a mail is taken for, and what follows for who may hear.

    Attributes:
        issues: by tag; only kinds that the policy knows beneath it.
        spared: ids of the people whom it is about.
        excluded: mailboxes (see `mailbox_key`) of all who must not hear: those, and outsiders.
    """

    issues: Mapping[str, Issue]
    spared: frozenset[str]
    excluded: frozenset[str]

    @property
    def key(self) -> str:
        """The kinds in one word each, as the policy takes them."""
        return kinds_key({tag: issue.kind for tag, issue in self.issues.items()})


NOTHING_GIVEN = Given(issues={}, spared=frozenset(), excluded=frozenset())


@dataclass(frozen=True, kw_only=True)
class Issues:
    """Finds kinds by the policy, and keeps them in the store."""

    policy: Policy
    firm: Firm

    @cached_property
    def _finder(self) -> KindFinder:
        return KindFinder(self.policy.kinds)

    def of_mail(
        self,
        tx: Connection,
        message_id: int,
        tags: Sequence[str],
        email: Email,
        verdict: Verdict | None,
        *,
        case_id: int | None,
        now: float,
    ) -> Given:
        """What a mail with these tags is taken for; looks at tags nobody has looked at yet.

        With a case, the people it is about are kept from it.
        """
        known = issues.of_message(tx, message_id)
        for issue in self._found([tag for tag in tags if tag not in known], email, verdict):
            issues.put(tx, message_id, issue, how=HOW_FOUND, now=now)
            known[issue.tag] = issue
        return self._given(tx, known, tags, email, case_id=case_id, now=now)

    def known(self, tx: Connection, message_id: int, tags: Sequence[str], email: Email) -> Given:
        """What a mail was taken for, as the store has it; looks at nothing anew."""
        found = issues.of_message(tx, message_id)
        return self._given(tx, found, tags, email, case_id=None, now=0.0)

    def of_case(
        self, tx: Connection, case_id: int, tags: Sequence[str], email: Email, *, now: float
    ) -> Given:
        """The same for all mails of a case; `email` is the one in question."""
        known = issues.of_case(tx, case_id)
        return self._given(tx, known, tags, email, case_id=case_id, now=now)

    def _given(
        self,
        tx: Connection,
        known: Mapping[str, Issue],
        tags: Sequence[str],
        email: Email,
        *,
        case_id: int | None,
        now: float,
    ) -> Given:
        valid = {tag: known[tag] for tag in tags if tag in known and self._refines(known[tag])}
        of_case = issues.of_case(tx, case_id) if case_id else {}
        private = self._is_private([*valid.values(), *of_case.values()])
        spared = self._named(email) if private else frozenset()
        if case_id:
            issues.spare(tx, case_id, spared, now)
            spared = issues.spared_people(tx, case_id)
        return Given(
            issues=valid,
            spared=spared,
            excluded=people_outside(email, self.firm) | self.addresses(spared),
        )

    def _found(self, tags: Sequence[str], email: Email, verdict: Verdict | None) -> list[Issue]:
        if not (tags and self.policy.kinds):
            return []
        mail = document(email, self.firm)
        evidence = verdict.evidence if verdict else ()
        found = self._finder.find(
            tags,
            deciding={tag: [e.sentence for e in evidence if e.tag == tag] for tag in tags},
            text=mail.text,
            subject=mail.subject,
            role="staff" if mail.from_role == "staff" else "client",
        )
        return [Issue(tag=each.tag, kind=each.kind, because=_because(each)) for each in found]

    def _refines(self, issue: Issue) -> bool:
        kind = self.policy.kinds.get(issue.kind)
        return kind is not None and issue.tag in kind.routes

    def _is_private(self, found: Collection[Issue]) -> bool:
        kinds = (self.policy.kinds.get(issue.kind) for issue in found)
        return any(kind.spares_named for kind in kinds if kind)

    def _named(self, email: Email) -> frozenset[str]:
        text = f"{email.subject}\n{email.new_text}"
        return named_in(text, self.policy.people.values(), writer=email.sender.address)

    def addresses(self, people: Collection[str]) -> frozenset[str]:
        """The mailboxes of people of the policy, see `mailbox_key`."""
        known = (self.policy.people[each] for each in people if each in self.policy.people)
        return frozenset(person.mailbox for person in known)

    def explained(self, escalation: Escalation, given: Given) -> Escalation:
        """The escalation, saying why each kind is suggested and who is not told."""
        known = given.issues
        people = self.policy.people
        names = [people[each].name for each in people if each in given.spared]
        return replace(
            escalation,
            reasons=tuple(
                replace(reason, kind_because=known[reason.tag].because)
                if reason.kind and reason.tag in known
                else reason
                for reason in escalation.reasons
            ),
            spared=tuple(names),
        )


def _because(found: KindFound) -> str:
    """Why a mail seems to be of a kind, in words."""
    said = " and ".join(f'"{cue.removesuffix("*")}"' for cue in found.cues[:CUES_TOLD])
    return (
        f'it is like "{found.situation}" and says {said}' if found.situation else f"it says {said}"
    )
