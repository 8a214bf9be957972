"""A digest for programs: the plain values, moments in ISO 8601 (UTC)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from triage.messages import Urgency

if TYPE_CHECKING:
    from triage.digest.model import Digest

_MOMENTS = (
    *("at", "since", "until", "opened_at", "due_at", "answered_at", "oldest_at", "asked_at"),
    "suggested_at",
)


def to_json(digest: Digest) -> dict[str, Any]:
    """Everything that `gather` found, and how the mails add up."""
    found: dict[str, Any] = _plain(asdict(digest))
    found["mail"]["total"] = digest.mail.total
    found["unaccounted"] = digest.unaccounted
    found["overdue"] = digest.overdue
    return found


def _plain(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner, key) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Urgency):
        return value.label
    if isinstance(value, float) and (name in _MOMENTS or name == "received_at"):
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
    return value
