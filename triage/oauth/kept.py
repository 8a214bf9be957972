"""Tokens of one login: handed out from memory, renewed early, kept in a file only we can read.

Rules: what an issuer hands out for renewal is on disk before the token is used, since some issuers
let each work once only; threads and processes share one token through the file and renew one after
the other; nobody is asked for anything here.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from triage.durable import locked, sync_folder, write_synced
from triage.errors import LoginError
from triage.oauth.base import IssuerError, NeedsLoginError, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from triage.oauth.base import Issuer

ASK_AGAIN_S = 300.0  # after a refusal, unless somebody has logged in meanwhile
EARLY_S = 300.0  # renewed this long before it ends, so that no session begins with a dying token
_EARLY_SHARE = 10  # or a tenth of its life, where tokens live but for minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """What an issuer said to what was kept, and when."""

    kept: str
    at: float
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What lies in the file of a login: when its last token ends (epoch seconds), if there is one.

    Without one, there is only what the next token is had with.
    """

    expires_at: float | None


class KeptTokens:
    """The access token of one login, whenever it is asked for. Safe for many threads.

    Calling it gives a token that holds for minutes still; `fresh()` gets another one when a server
    refused the last.
    """

    def __init__(
        self,
        name: str,
        issuer: Issuer,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`path`: where what the issuer hands out for renewal is kept."""
        self._name = name
        self._issuer = issuer
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._renew_at = 0.0
        self._refusal: _Refusal | None = None

    def __call__(self) -> str:
        """A token that holds. Raises NeedsLoginError, IssuerError, LoginError."""
        with self._lock:
            if self._token is None or self._clock() >= self._renew_at:
                self._renew(refused="")
            return self._text()

    def fresh(self, refused: str) -> str:
        """Another token than `refused`, which a server would not take."""
        with self._lock:
            if self._token is None or self._token.text == refused:
                self._renew(refused=refused)
            return self._text()

    def keep(self, text: str) -> None:
        """Keep what a login gave; the next token is had with it."""
        with self._lock, self._locked():
            self._save({"issuer": text})
            self._token = None

    def kept(self) -> Kept | None:
        """What is kept, without renewing it; None for nothing. Raises LoginError."""
        found = self._load()
        if not (found.get("issuer") or found.get("token")):
            return None
        at = found.get("expires_at")
        return Kept(expires_at=float(at) if isinstance(at, (int, float)) else None)

    def _text(self) -> str:
        assert self._token is not None
        return self._token.text

    def _renew(self, *, refused: str) -> None:
        """Take the token that another thread or process has had meanwhile, or ask for one."""
        try:
            with self._locked():
                found = self._load()
                if self._take(found) and self._text() != refused:
                    return
                token, kept = self._ask(str(found.get("issuer", "")), fresh=bool(refused))
                early_s = min(EARLY_S, (token.expires_at - self._clock()) / _EARLY_SHARE)
                found = {
                    "issuer": kept,
                    "token": token.text,
                    "expires_at": token.expires_at,
                    "renew_at": token.expires_at - early_s,
                }
                self._save(found)
        except IssuerError:
            if not refused and self._token and self._clock() < self._token.expires_at:
                return  # it was only early; the token in hand still holds
            raise
        self._take(found)

    def _ask(self, kept: str, *, fresh: bool) -> tuple[Token, str]:
        """Ask the issuer, but not again at each try of each mailbox what it refused just now."""
        past = self._refusal
        if past and past.kept == kept and 0 <= self._clock() - past.at < ASK_AGAIN_S:
            raise NeedsLoginError(past.says)
        try:
            answer = self._issuer.renew(kept, fresh=fresh)
        except NeedsLoginError as error:
            self._refusal = _Refusal(kept=kept, at=self._clock(), says=str(error))
            raise
        self._refusal = None
        return answer

    def _take(self, found: dict[str, Any]) -> bool:
        """Hold what a file says, if it says a token that need not be renewed yet."""
        try:
            token = Token(text=str(found["token"]), expires_at=float(found["expires_at"]))
            renew_at = float(found["renew_at"])
        except (KeyError, TypeError, ValueError):
            return False
        if self._clock() >= renew_at:
            return False
        self._token, self._renew_at = token, renew_at
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time: a refresh token that is used twice may be withdrawn."""
        with ExitStack() as held:
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = self._path.with_name(self._path.name + ".lock")
                held.enter_context(locked(lock, wait=True))
            except OSError as error:
                raise self._unusable(error) from None
            yield

    def _load(self) -> dict[str, Any]:
        """What the file says; nothing where there is none, or it is no longer ours."""
        try:
            if self._path.stat().st_mode & 0o077:
                msg = (
                    f"login {self._name}: {self._path} can be read by others; run: "
                    f"chmod 600 {self._path}, and triage login {self._name}"
                )
                raise NeedsLoginError(msg)
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        except OSError as error:
            raise self._unusable(error) from None
        return found if isinstance(found, dict) else {}

    def _save(self, found: dict[str, Any]) -> None:
        part = self._path.with_name(self._path.name + ".part")
        try:
            write_synced(part, json.dumps(found).encode(), mode=0o600)
            part.replace(self._path)
            sync_folder(self._path.parent)
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: Exception) -> LoginError:
        why = getattr(error, "strerror", None) or error
        msg = (
            f"login {self._name}: tokens cannot be kept in {self._path} ({why}); see that this "
            "user may write there"
        )
        return LoginError(msg)
