"""Errors a caller may act on. Each message says how to get out; anything else raised is a bug."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class TriageError(Exception):
    """Root of this package's errors."""


class ConfigError(TriageError):
    """Configuration or policy cannot be used. `problems` lists every mistake with its path."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Join the problems into one readable message."""
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class SourceError(TriageError):
    """A mail source could not be read now. The caller drops the connection and tries later."""


class LoginError(SourceError):
    """The server refused the credentials. Trying again will not help until someone mends them."""


class FolderMissingError(SourceError):
    """The server does not have the folder that the configuration names."""


class ChannelError(TriageError):
    """The way out could not be reached at all."""


class StoreError(TriageError):
    """The store cannot be read or written: locked, full, damaged or of another version."""


class StoreUnavailableError(StoreError):
    """Trying again will help: the server is away, the disk full, or another program holds it."""


class LeaseLostError(StoreError):
    """Another program does by now what this one was doing. It stops doing it."""


class NotFoundError(TriageError):
    """The case, message or outbox row that was asked for does not exist."""


class RefusedError(TriageError):
    """What was asked for cannot be done as things stand now, such as closing what is closed."""
