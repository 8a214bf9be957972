"""A certificate authority of our own and a certificate for loopback, made by openssl."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEM files: the authority to trust, and a server's certificate with its key."""

    authority: Path
    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def make_certificates(
    folder: Path, names: str = "DNS:localhost,IP:127.0.0.1", *, days: int = 30
) -> Certificates:
    """Make an authority and a certificate for `names` (subjectAltName syntax).

    The certificate holds for so many `days`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(
        authority=folder / "ca.pem", certificate=folder / "server.pem", key=folder / "server.key"
    )
    ca_key, request, extensions = (folder / n for n in ("ca.key", "server.csr", "server.ext"))
    # Python 3.13 checks strictly: an authority says what it is for, a certificate who signed it.
    extensions.write_text(
        f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    _openssl("req", "-x509", *_NEW_KEY, "-keyout", ca_key, "-out", made.authority,
             "-days", "30", "-subj", "/CN=Test authority",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    _openssl("req", *_NEW_KEY, "-keyout", made.key, "-out", request, "-subj", "/CN=test server")
    _openssl("x509", "-req", "-in", request, "-CA", made.authority, "-CAkey", ca_key,
             "-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out",
             made.certificate)  # fmt: skip
    return made


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
