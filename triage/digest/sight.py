"""What a person may see. Pure.

Rule: who runs triage sees all; management sees every matter but those that are kept from them;
anybody else sees the matters of which they were told. A matter that is about somebody shows in no
list, chart or count of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.policy import Person, Policy
    from triage.store.cases import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One person's view. `kept` are numbers of cases that they must not hear of."""

    policy: Policy
    person: Person | None = None
    kept: frozenset[int] = frozenset()

    @property
    def everything(self) -> bool:
        """Whether it is the view of who runs triage."""
        return self.person is None

    @property
    def whole_inbox(self) -> bool:
        """Whether they see more than their own matters: what waits for review, what moves."""
        return self.person is None or self.person.id in self.policy.management

    def sees(self, case: Case) -> bool:
        """Whether they may know of this case."""
        if self.person is None:
            return True
        if case.id in self.kept:
            return False
        return self.whole_inbox or self.person.id in case.recipients
