"""The port through which finished notices leave.

Rule: the claim comes between "the server is ready to take it" and "it has taken it". A crash
before the claim means certainly not sent; after it, uncertain until settled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from triage.messages import Delivery, Notice


class Channel(Protocol):
    """Carries one notice at a time. Used by one thread."""

    def deliver(self, notice: Notice, claim: Callable[[], bool]) -> Delivery:
        """Try once to hand the notice over.

        `claim` is called exactly once, at the last moment before the notice can reach anybody
        (SMTP: after 354, before the final dot). If it answers False another worker has the
        notice: nothing is sent and the status is NOT_CLAIMED. Never raises for what a server
        says or fails to say; exceptions from `claim` pass through after the attempt is
        abandoned.
        """

    def check(self) -> None:
        """Connect and log in, send nothing. Raises ChannelError with what to do."""

    def close(self) -> None:
        """Let go of the connection. Never raises."""


class Prober(Protocol):
    """Looks whether a notice whose answer was lost has arrived."""

    def arrived(self, message_id: str, since: datetime) -> bool:
        """Whether a message with this Message-ID is there. Raises SourceError if unknown."""
