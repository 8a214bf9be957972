"""`registry.json` as a value: which models are pinned, which is in use, and how that came about."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from classifiers.api import ModelError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from pathlib import Path

REGISTRY = "registry.json"
SCHEMA = 1
_DIGEST_CHARS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The registry's content.

    Attributes:
        pins: version -> file name -> sha256.
        history: what was done, oldest first: `{"action", "version", "at", "note"}`; the actions
            are promote, rollback, and keep for a new model that was not taken into use.
    """

    path: Path
    current: str | None = None
    pins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    history: tuple[Mapping[str, str], ...] = ()

    @property
    def previous(self) -> str | None:
        """The version that was in use before the current one; None when there was none."""
        used: list[str] = []
        for event in self.history:
            if event["action"] == "rollback" and used:
                used.pop()
            elif event["action"] == "promote" and event["version"] not in used[-1:]:
                used.append(event["version"])
        return used[-2] if len(used) > 1 else None

    def pinned(self, version: str, pins: Mapping[str, str]) -> Ledger:
        """Return a ledger that trusts these files."""
        return replace(self, pins={**self.pins, version: dict(pins)})

    def promoted(self, version: str, *, now: datetime, note: str) -> Ledger:
        """Return a ledger in which `version` is in use."""
        return self._used("promote", version, now, note)

    def rolled_back(self, *, now: datetime, note: str) -> Ledger:
        """Return a ledger in which the previous version is in use again.

        Raises:
            ModelError: there is no previous version.
        """
        if self.previous is None:
            msg = f"{self.path} knows no earlier model to return to"
            raise ModelError(msg)
        return self._used("rollback", self.previous, now, note)

    def kept(self, version: str, *, now: datetime, note: str) -> Ledger:
        """Return a ledger that says why `version` was not taken into use."""
        return replace(self, history=(*self.history, _event("keep", version, now, note)))

    @property
    def never_used(self) -> tuple[str, ...]:
        """Versions that were kept and have never been in use, the oldest first."""
        used = {e["version"] for e in self.history if e["action"] in {"promote", "rollback"}}
        kept = [e["version"] for e in self.history if e["action"] == "keep"]
        return tuple(v for v in dict.fromkeys(kept) if v in self.pins and v not in used)

    def forgotten(self, versions: Collection[str]) -> Ledger:
        """Return a ledger that no longer trusts the files of these versions."""
        return replace(self, pins={v: pins for v, pins in self.pins.items() if v not in versions})

    def to_json(self) -> dict[str, Any]:
        """Return what `read_ledger` reads."""
        return {
            "schema": SCHEMA,
            "current": self.current,
            "pins": dict(self.pins),
            "history": list(self.history),
        }

    def _used(self, action: str, version: str, now: datetime, note: str) -> Ledger:
        event = _event(action, version, now, note)
        return replace(self, current=version, history=(*self.history, event))


def _event(action: str, version: str, now: datetime, note: str) -> dict[str, str]:
    at = now.isoformat(timespec="seconds")
    return {"action": action, "version": version, "at": at, "note": note}


def read_ledger(root: Path, *, missing_ok: bool = False) -> Ledger:
    """Read `registry.json` of a models root; an empty ledger if there is none and that is fine.

    Raises:
        ModelError: it is missing or damaged.
    """
    path = root / REGISTRY
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if missing_ok:
            return Ledger(path=path)
        msg = f"{path} is missing, so no model here can be trusted; restore it or `triage train`"
        raise ModelError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read: {error}; restore it from a backup"
        raise ModelError(msg) from error
    if not _sound(content):
        msg = f"{path} is no registry of schema {SCHEMA}; restore it from a backup"
        raise ModelError(msg)
    return Ledger(
        path=path,
        current=content["current"],
        pins=content["pins"],
        history=tuple(content["history"]),
    )


def _sound(content: object) -> bool:
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        return False
    current, pins, history = (content.get(key) for key in ("current", "pins", "history"))
    return (
        (current is None or isinstance(current, str))
        and isinstance(pins, dict)
        and all(_sound_pin(name, files) for name, files in pins.items())
        and isinstance(history, list)
        and all(
            isinstance(event, dict)
            and all(isinstance(event.get(key), str) for key in ("action", "version"))
            for event in history
        )
    )


def _sound_pin(version: str, files: object) -> bool:
    """Digests of the right length, under a name that cannot lead out of the root."""
    return (
        "/" not in version
        and version not in {"", ".", ".."}
        and isinstance(files, dict)
        and all(isinstance(pin, str) and len(pin) == _DIGEST_CHARS for pin in files.values())
    )
