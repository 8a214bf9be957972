"""TLS as every connection of ours uses it: always verified, never downgraded."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """A context that verifies; with `ca_file` it trusts that authority and no other.

    Raises:
        OSError: the file cannot be read or is no certificate (ssl.SSLError is one too).
    """
    context = ssl.create_default_context(cafile=ca_file)
    if ca_file is not None:
        # Authorities of small firms seldom carry all that RFC 5280 asks; Python 3.13 insists.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
