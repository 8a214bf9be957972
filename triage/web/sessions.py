"""Who is logged in: links that work once, and the sessions they lead to.

Rules: both are random secrets (256 bit) of which a private file keeps the digests only, so that
whoever reads the file cannot log in; they are compared in constant time, and end by themselves.
Another process may make a link while the page runs: each look reads the file anew.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from triage.durable import locked, sync_folder, write_synced
from triage.errors import StoreError
from triage.web.roles import Role, Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINK_S = 600  # how long a link can be used
_MOST = 200  # links and sessions of each kind that are kept; the oldest go first

_Kind = Literal["link", "session"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    kind: _Kind
    digest: str
    until: float
    name: str
    by: str
    role: int
    person: str

    @property
    def visitor(self) -> Visitor:
        return Visitor(name=self.name, by=self.by, role=Role(self.role), person=self.person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The links and sessions in one file; `session_s` is how long a login lasts, in seconds."""

    path: Path
    session_s: float

    def new_link(self, visitor: Visitor, now: float) -> str:
        """The secret of a link that logs this visitor in, once. Raises StoreError."""
        with self._changed() as entries:
            return _add(entries, "link", visitor, now + LINK_S)

    def offered(self, secret: str, now: float) -> Visitor | None:
        """Whom a link would log in; it is not used up."""
        return _find(self._read(), "link", secret, now)

    def redeem(self, secret: str, now: float) -> str | None:
        """Use up a link and begin a session; its secret, or None for a link that is no good."""
        with self._changed() as entries:
            visitor = _find(entries, "link", secret, now)
            if visitor is None:
                return None
            _drop(entries, "link", secret)
            return _add(entries, "session", visitor, now + self.session_s)

    def visitor(self, secret: str, now: float) -> Visitor | None:
        """Whose session this is; None when it is none, or over."""
        return _find(self._read(), "session", secret, now)

    def end(self, secret: str) -> None:
        """Log out."""
        with self._changed() as entries:
            _drop(entries, "session", secret)

    @contextmanager
    def _changed(self) -> Iterator[list[_Entry]]:
        """The entries, to be changed in place, while no other process does."""
        try:
            with locked(self.path.with_name(self.path.name + ".lock"), wait=True):
                entries = self._read()
                yield entries
                self._write(entries)
        except OSError as error:
            msg = f"{self.path}: {error.strerror}; check that its folder exists and may be written"
            raise StoreError(msg) from error

    def _read(self) -> list[_Entry]:
        """What the file says; a damaged one counts as empty, and everybody logs in anew."""
        try:
            return [_Entry(**row) for row in json.loads(self.path.read_text(encoding="utf-8"))]
        except (FileNotFoundError, ValueError, TypeError):
            return []

    def _write(self, entries: list[_Entry]) -> None:
        new = self.path.with_name(self.path.name + ".new")
        rows: list[dict[str, Any]] = [asdict(entry) for entry in entries]
        new.unlink(missing_ok=True)  # so that its mode is ours from the first byte on
        write_synced(new, json.dumps(rows).encode(), mode=0o600)
        new.replace(self.path)
        sync_folder(self.path.parent)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _is_of(entry: _Entry, kind: _Kind, digest: str) -> bool:
    return hmac.compare_digest(entry.digest, digest) and entry.kind == kind


def _find(entries: list[_Entry], kind: _Kind, secret: str, now: float) -> Visitor | None:
    digest = _digest(secret)
    found = [entry for entry in entries if _is_of(entry, kind, digest)]
    return next((entry.visitor for entry in found if entry.until > now), None)


def _drop(entries: list[_Entry], kind: _Kind, secret: str) -> None:
    digest = _digest(secret)
    entries[:] = [entry for entry in entries if not _is_of(entry, kind, digest)]


def _add(entries: list[_Entry], kind: _Kind, visitor: Visitor, until: float) -> str:
    secret = secrets.token_urlsafe(32)
    entries.append(
        _Entry(
            kind=kind,
            digest=_digest(secret),
            until=until,
            name=visitor.name,
            by=visitor.by,
            role=int(visitor.role),
            person=visitor.person,
        )
    )
    same = [entry for entry in entries if entry.kind == kind]
    gone = same[:-_MOST]
    entries[:] = [entry for entry in entries if entry not in gone]
    return secret
