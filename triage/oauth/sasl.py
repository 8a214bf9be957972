"""The words in which a token is shown to a mail server. Pure.

XOAUTH2 is Google's and Microsoft's; OAUTHBEARER is RFC 7628. Both mean the same, and whoever
refuses one says why in a challenge that must be answered before the refusal itself comes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

XOAUTH2, OAUTHBEARER = "XOAUTH2", "OAUTHBEARER"
MECHANISMS = (XOAUTH2, OAUTHBEARER)


def choose(offered: Collection[str]) -> str:
    """The mechanism for what a server offers; "" where it takes no tokens."""
    return next((each for each in MECHANISMS if each in offered), "")


def initial_response(mechanism: str, *, username: str, token: str, host: str, port: int) -> str:
    """What the client says first."""
    if mechanism == XOAUTH2:
        return f"user={username}\x01auth=Bearer {token}\x01\x01"
    name = username.replace("=", "=3D").replace(",", "=2C")  # RFC 5801 section 4
    return f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01"


def last_word(mechanism: str) -> str:
    """What the client answers to a challenge that says why it was refused."""
    return "" if mechanism == XOAUTH2 else "\x01"  # RFC 7628 section 3.2.3


def reason(challenge: bytes) -> str:
    """Why a token was refused: the status in the server's challenge, if it can be read."""
    try:
        found = json.loads(challenge)
        status = str(found["status"])
    except (ValueError, TypeError, KeyError):
        return ""
    return status if status.isalnum() and len(status) < 40 else ""  # noqa: PLR2004 - a word, no text
