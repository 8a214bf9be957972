"""Recent verdicts, for reports that look back. Without a word of any mail but its subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from triage.store.tables import labels, messages, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A mail as the model in use judged it, and the label in force (None for none)."""

    message_id: int
    case_id: int | None
    subject: str
    sender: str
    decided_at: float
    model: str
    tags: tuple[str, ...]
    unsure_tags: tuple[str, ...]
    label: tuple[str, ...] | None

    @property
    def forwarded(self) -> bool:
        """Whether the model gave a tag, so that somebody was to be told."""
        return bool(self.tags)

    @property
    def unsure(self) -> bool:
        """Whether it gave none, but was unsure of one."""
        return bool(self.unsure_tags) and not self.tags

    @property
    def corrected(self) -> bool:
        """Whether a person has said otherwise since."""
        return self.label is not None and set(self.label) != set(self.tags)


def judged(
    tx: Connection, since: float, until: float = float("inf"), limit: int = 1_000_000
) -> Iterator[Judged]:
    """Yield the mails that were classified in [since, until), the newest first."""
    last = select(func.max(labels.c.id).label("id")).group_by(labels.c.message_id).subquery()
    newest = select(labels).join(last, last.c.id == labels.c.id).subquery()
    query = (
        select(
            verdicts.c.message_id,
            verdicts.c.decided_at,
            verdicts.c.model,
            verdicts.c.tags,
            verdicts.c.unsure_tags,
            messages.c.case_id,
            messages.c.subject,
            messages.c.sender,
            newest.c.id.label("label_id"),
            newest.c.tags.label("label"),
        )
        .join(messages, messages.c.id == verdicts.c.message_id)
        .join(newest, newest.c.message_id == verdicts.c.message_id, isouter=True)
        .where(verdicts.c.decided_at >= since, verdicts.c.decided_at < until)
        .order_by(verdicts.c.decided_at.desc(), verdicts.c.message_id.desc())
        .limit(limit)
    )
    for row in tx.execute(query):
        yield _judged(row)


def _judged(row: Any) -> Judged:
    return Judged(
        message_id=row.message_id,
        case_id=row.case_id,
        subject=row.subject,
        sender=row.sender,
        decided_at=row.decided_at,
        model=row.model,
        tags=tuple(row.tags),
        unsure_tags=tuple(row.unsure_tags),
        label=None if row.label_id is None else tuple(row.label),
    )
