"""Which mails of the last weeks another model would have forwarded differently.

Rules: what a model said of a mail at the time counts, as stored with the decision; only what the
store does not know is judged anew, from the mail's stored text. A mail that a model learnt from
counts with the scores it got while it was held out, else the answer would be no news. Tags decide;
whether the thread had a case already is left out of account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifiers.comparison import fair_probabilities
from classifiers.dataset import Example
from classifiers.thresholds import decide
from triage.parsing import parse
from triage.pipeline.people import document
from triage.store import history, inbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from classifiers.model import Model
    from triage.config import Firm
    from triage.store.engine import Store
    from triage.store.history import Judged

DAY_S = 86400.0
MOST_MAILS = 2_000  # about a quarter of a minute
_BATCH = 100  # mails whose text is in memory at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a model says of one mail."""

    tags: tuple[str, ...]
    unsure: bool

    @property
    def fate(self) -> str:
        """Where the mail goes: `forwarded`, `review` or `left`."""
        return "forwarded" if self.tags else "review" if self.unsure else "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A mail that the two models treat differently."""

    mail: Judged
    before: Opinion
    after: Opinion

    @property
    def kind(self) -> str:
        """`forwarded`, `held-back`, `retagged`, or `review` when only somebody's look changes."""
        if self.after.tags and not self.before.tags:
            return "forwarded"
        if self.before.tags and not self.after.tags:
            return "held-back"
        return "retagged" if self.before.tags else "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """All of them, newest first.

    Attributes:
        days: how far back they go.
        mails: how many were compared.
        without_text: how many could not be, since their text is no longer in the store.
        left_out: whether there were more mails than are compared at once.
        before, after: how many mails went where, by `Opinion.fate`.
    """

    before_version: str
    after_version: str
    days: int
    mails: int
    without_text: int
    left_out: bool
    before: Mapping[str, int]
    after: Mapping[str, int]
    changes: tuple[Change, ...]

    def count(self, kind: str) -> int:
        """How many changes are of this kind."""
        return sum(change.kind == kind for change in self.changes)


def find(
    store: Store,
    firm: Firm,
    before: Model,
    after: Model,
    *,
    now: float,
    days: int = 30,
    most: int = MOST_MAILS,
) -> Differences:
    """Compare two models over the mails that were judged in the last `days`."""
    with store.read() as tx:
        found = list(history.judged(tx, now - days * DAY_S, limit=most + 1))
    left_out, found = len(found) > most, found[:most]
    pairs: list[tuple[Judged, Opinion, Opinion]] = []
    for start in range(0, len(found), _BATCH):
        pairs += _both(store, firm, found[start : start + _BATCH], before, after)
    return Differences(
        before_version=before.version,
        after_version=after.version,
        days=days,
        mails=len(pairs),
        without_text=len(found) - len(pairs),
        left_out=left_out,
        before=_fates([old for _, old, _ in pairs]),
        after=_fates([new for _, _, new in pairs]),
        changes=tuple(
            Change(mail=mail, before=old, after=new)
            for mail, old, new in pairs
            if old.tags != new.tags or old.fate != new.fate
        ),
    )


def _both(
    store: Store, firm: Firm, mails: Sequence[Judged], before: Model, after: Model
) -> Iterator[tuple[Judged, Opinion, Opinion]]:
    """Yield each mail with both opinions; those whose text is gone are left out."""
    texts = _texts(store, firm, mails)
    kept = [mail for mail in mails if mail.message_id in texts]
    examples = [texts[mail.message_id] for mail in kept]
    yield from zip(
        kept, _opinions(before, kept, examples), _opinions(after, kept, examples), strict=True
    )


def _texts(store: Store, firm: Firm, mails: Sequence[Judged]) -> dict[int, Example]:
    found = {}
    with store.read() as tx:
        for mail in mails:
            content = inbox.load(tx, mail.message_id).raw.content
            if content:
                read = document(parse(content), firm)
                name = f"mail {mail.message_id}"
                found[mail.message_id] = Example(document=read, tags=frozenset(), group=name)
    return found


def _opinions(
    model: Model, mails: Sequence[Judged], examples: Sequence[Example]
) -> Iterator[Opinion]:
    """Yield what the model said at the time, or says now, of each mail."""
    fresh = [e for m, e in zip(mails, examples, strict=True) if m.model != model.version]
    answers = iter(fair_probabilities(model, fresh) if fresh else ())
    for mail in mails:
        if mail.model == model.version:
            yield Opinion(tags=_sorted(mail.tags), unsure=bool(mail.unsure_tags))
        else:
            given, unsure = decide(next(answers), model.card.thresholds)
            yield Opinion(tags=_sorted(given), unsure=bool(unsure))


def _sorted(tags: Sequence[str]) -> tuple[str, ...]:
    """Tags in an order that two models share."""
    return tuple(sorted(tags))


def _fates(opinions: Sequence[Opinion]) -> dict[str, int]:
    return {
        fate: sum(opinion.fate == fate for opinion in opinions)
        for fate in ("forwarded", "review", "left")
    }
