"""What the programs share: mailboxes on one Dovecot, a way out, a database; and its books."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.dovecot import PASSWORD, USER, Dovecot
from tests.postgresql import PASSWORD as DATABASE_PASSWORD
from tests.postgresql import Cluster, name_of, opened
from tests.soak.books import Books
from tests.soak.world import PROBE_FOLDER, ROOT
from triage.store.engine import Store
from triage.store.moving import copy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.smtp_sink import Sink
    from triage.config import Database

MAILBOXES = 6
USERS = (USER, *(f"shared{number}@example.org" for number in range(2, MAILBOXES + 1)))


def write_settings(folder: Path, database: Database, *, imap_port: int, smtp_port: int) -> Path:
    """The files that each program reads; all waiting times are short."""
    policy = (ROOT / "data" / "demo" / "policy.toml").read_text(encoding="utf-8")
    told_each = policy.replace("mails = 3", "mails = 0")  # else many mails are told as one
    (folder / "policy.toml").write_text(told_each, encoding="utf-8")
    for name, secret in (
        ("inbox.secret", PASSWORD),
        ("store.secret", DATABASE_PASSWORD),
        ("triage.key", "ab" * 32),
    ):
        (folder / name).write_text(secret + "\n")
        (folder / name).chmod(0o600)
    accounts = "".join(
        _ACCOUNT.format(number=number, imap_port=imap_port, user=user)
        for number, user in enumerate(USERS, 1)
    )
    path = folder / "triage.toml"
    path.write_text(_CONFIG.format(url=database.url, smtp_port=smtp_port) + accounts)
    return path


def asked(cluster: Cluster, database: Database, query: str) -> list[tuple[Any, ...]]:
    """What the database answers, beside the programs."""
    with cluster.connect(name_of(database)) as connection:
        return connection.execute(query).fetchall()


def books_of(
    folder: Path, database: Database, dovecot: Dovecot, sink: Sink, delivered: Sequence[bytes]
) -> Books:
    """The servers' books beside those of the store, which is copied into a file to be read."""
    path = folder / "books.db"
    copied = Store.open(path)
    with opened(database) as store:
        copy(store, copied)
    copied.close()
    mails = [
        file.read_bytes()
        for user in USERS
        for part in ("new", "cur")
        for file in (dovecot.maildir("INBOX", user) / part).glob("*")
    ]
    return Books(store=path, delivered=delivered, arrived=sink.accepted(), mailbox=mails)


_CONFIG = f"""
policy = "policy.toml"
store = "{{url}}"
store_password_file = "store.secret"
key_file = "triage.key"

[firm]
name = "Radial"
domains = ["radial.example"]

[outgoing]
host = "127.0.0.1"
port = {{smtp_port}}
security = "none"
sender = "triage@radial.example"
timeout_s = 5
answer_timeout_s = 3
retry_first_s = 1
retry_max_s = 3
uncertain = "probe"
uncertain_after_s = 6

[outgoing.probe]
account = "box1"
folder = "{PROBE_FOLDER}"
"""
_ACCOUNT = """
[[accounts]]
name = "box{number}"
host = "127.0.0.1"
port = {imap_port}
security = "none"
username = "{user}"
password_file = "inbox.secret"
everything = true
timeout_s = 10
"""
