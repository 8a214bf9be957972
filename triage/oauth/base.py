"""What every kind of issuer can do, and the values that pass between.

Rule: a message never holds a token, a code or a secret; the words of an issuer are cut to its
error code and its description, on one line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from triage.errors import LoginError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WORDS = 200  # characters of an issuer's description worth keeping


class NeedsLoginError(LoginError):
    """Nobody has allowed it yet, or it was withdrawn: only a person can help, with one command."""


class IssuerError(SourceError):
    """The issuer cannot be reached, or has trouble of its own: it passes, so try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token. `expires_at` in epoch seconds."""

    text: str
    expires_at: float

    def __repr__(self) -> str:
        """Without the token, which must not reach a log by accident."""
        return f"Token(expires_at={self.expires_at:.0f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePrompt:
    """What a person does on another device (RFC 8628). `expires_in_s`: how long it may take."""

    url: str
    code: str
    expires_in_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A login in the browser (RFC 8252): where to go, and what to do with what comes back.

    `finish` takes the parameters of the redirect, and gives what is to be kept.
    """

    url: str
    finish: Callable[[Mapping[str, str]], str]


class Issuer(Protocol):
    """One registration at one issuer. `kept` is text that only the issuer itself understands."""

    @property
    def has_device(self) -> bool:
        """Whether a login on another device is possible."""

    def renew(self, kept: str, *, fresh: bool) -> tuple[Token, str]:
        """A token without asking anybody, and what to keep from now on.

        `fresh`: the last one was refused though it should hold.

        Raises:
            NeedsLoginError: a person must allow it (again).
            IssuerError: not now.
        """

    def device(self, show: Callable[[DevicePrompt], None]) -> str:
        """Have a person allow it on any device; waits for that. Gives what is to be kept."""

    def browser(self, redirect_uri: str) -> Browser:
        """Have a person allow it in the browser of this machine."""


_PASSING = ("temporarily_unavailable", "server_error", "slow_down")


def refusal(
    answer: Mapping[str, Any], login: str, advice: str = ""
) -> NeedsLoginError | IssuerError:
    """An error answer of an issuer (RFC 6749 section 5.2) as one of ours."""
    code = _line(str(answer.get("error", "no error code")))
    says = _line(str(answer.get("error_description", "")))
    words = f"{code}: {says}" if says else code
    if code in _PASSING:
        return IssuerError(f"login {login}: the issuer cannot help now ({words})")
    advice = advice or f"run: triage login {login}"
    return NeedsLoginError(f"login {login}: the issuer refuses ({words}); {advice}")


def registration_advice(login: str) -> str:
    """What helps a program that logs in as itself."""
    return (
        "check client_id, client_secret (has it ended?) and what the administrator granted, then "
        f"run: triage login {login}"
    )


def _line(text: str) -> str:
    printable = re.sub(r"[^ -~\u00a0-\uffff]+", " ", text)
    return " ".join(printable.split())[:_WORDS].rstrip(". ")
