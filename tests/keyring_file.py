"""A keyring whose entries stand in a file, as the keyring library takes one in: for tests.

The library's own backends need a desktop; this one is chosen as any other is, by
`PYTHON_KEYRING_BACKEND=tests.keyring_file.FileKeyring`, and `FILE` says where the entries are.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

FILE = "TEST_KEYRING"


class FileKeyring(KeyringBackend):
    """Entries as `{"service/user": password}`; a number instead of a password waits so long."""

    priority = 0.1

    def get_password(self, service: str, username: str) -> str | None:
        kept = json.loads(Path(os.environ[FILE]).read_text(encoding="utf-8"))
        found = kept.get(f"{service}/{username}")
        if isinstance(found, float):
            time.sleep(found)
        if found == "locked":
            raise KeyringLocked(json.dumps(kept))
        if found == "broken":
            raise RuntimeError(json.dumps(kept))
        return found if isinstance(found, str) else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError
