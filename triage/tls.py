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


def ends_at(connection: object) -> float:
    """Until when the certificate of the server at the other end holds, in epoch seconds.

    Raises:
        ssl.SSLError: the connection is not encrypted.
    """
    found = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    if not found:
        msg = "the connection is not encrypted"
        raise ssl.SSLError(msg)
    return float(ssl.cert_time_to_seconds(str(found["notAfter"])))


def authorities_end(ca_file: Path) -> float:
    """When the first of the authorities in a file ends, in epoch seconds.

    Raises:
        OSError: the file cannot be read or is no certificate.
        ValueError: it holds no authority.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=ca_file)
    return min(ssl.cert_time_to_seconds(str(c["notAfter"])) for c in context.get_ca_certs())
