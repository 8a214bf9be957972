"""TLS as every connection of ours uses it: always verified, never downgraded.

A context holds every authority that the system trusts, three quarters of a megabyte, so the
connections share it; another one is made when the file of an own authority changes, or after a day.
"""

from __future__ import annotations

import ssl
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FRESH_S = 86400.0  # after that the system's authorities are read anew
_Key = tuple["Path | None", int, int]

_lock = threading.Lock()
_shared: dict[_Key, ssl.SSLContext] = {}


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """A context that verifies; with `ca_file` it trusts that authority and no other.

    Raises:
        OSError: the file cannot be read or is no certificate (ssl.SSLError is one too).
    """
    changed = ca_file.stat().st_mtime_ns if ca_file is not None else 0
    key = (ca_file, changed, int(time.monotonic() / _FRESH_S))
    with _lock:
        if key not in _shared:
            for old in [other for other in _shared if other[0] == ca_file]:
                del _shared[old]
            _shared[key] = _made(ca_file)
        return _shared[key]


def _made(ca_file: Path | None) -> ssl.SSLContext:
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
