"""What every page is given."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triage.pipeline.handing import Handing
from triage.web.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Callable

    from triage.app import Settings
    from triage.pipeline.gestures import Gestures
    from triage.pipeline.labelling import Labeller
    from triage.store.engine import Store
    from triage.web.book import Book
    from triage.web.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts that pages are made from.

    Attributes:
        book: what the two files say.
        sessions: who is logged in.
        key: signs what forms carry; the key of our Message-IDs.
        proxy_secret: what a trusted proxy must send; empty: nothing.
        host, port: where the page listens.
        clock: gives epoch seconds.
        notes: what the next page is to say to a visitor.
        sample: the mail is invented, and all of it is gone when the page stops.
    """

    book: Book
    store: Store
    sessions: Sessions
    key: bytes
    host: str
    port: int
    clock: Callable[[], float]
    proxy_secret: str = ""
    sample: bool = False
    notes: Notes = field(default_factory=Notes)

    @property
    def settings(self) -> Settings:
        """What the two files say."""
        return self.book.now.settings

    @property
    def labeller(self) -> Labeller:
        """Takes labels and corrections, as `triage label` does."""
        return self.book.now.labeller

    @property
    def gestures(self) -> Gestures:
        """Carries out what an answer to a brief may ask for."""
        return self.book.now.gestures

    @property
    def handing(self) -> Handing:
        """Hands cases to somebody else."""
        return Handing(rewriter=self.labeller.rewriter)

    @property
    def zone(self) -> str:
        """The firm's time zone, by name."""
        return self.settings.config.firm.timezone

    @property
    def cookie(self) -> str:
        """Name of the session's cookie. Cookies know no ports; a machine may have two stores."""
        path = str(self.settings.config.store).encode()
        return f"triage-{hmac.new(self.key, path, 'sha256').hexdigest()[:8]}"

    def token(self, identity: str) -> str:
        """What a form of this visitor must carry, so that no other page can send it for them."""
        return hmac.new(self.key, f"page form of {identity}".encode(), "sha256").hexdigest()
