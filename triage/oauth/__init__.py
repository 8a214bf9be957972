"""Logging in with OAuth 2.0: tokens had, kept and renewed, for IMAP and SMTP alike."""

from triage.oauth import sasl
from triage.oauth.base import Browser, DevicePrompt, IssuerError, NeedsLoginError, Token
from triage.oauth.kept import KeptTokens

__all__ = [
    "Browser",
    "DevicePrompt",
    "IssuerError",
    "KeptTokens",
    "NeedsLoginError",
    "Token",
    "sasl",
]
