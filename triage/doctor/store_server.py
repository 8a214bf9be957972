"""The store on a database server: reached, of this version, and which programs share it.

Rule: it is looked at before anything else opens it, since that would bring an older one up to date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.doctor.patient import Sound, error, warning
from triage.errors import StoreError
from triage.store.postgresql import look_at
from triage.store.tables import HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.config import Database
    from triage.doctor.patient import Finding


def server_findings(database: Database) -> Iterator[Finding]:
    """Whether the store can be reached and used."""
    try:
        found = look_at(database)
    except StoreError as failure:
        advice = "see that the server runs and lets this machine in, then its log"
        yield error("store", "store", str(failure), advice)
        return
    if found.version is None:
        what = f"there are no tables of triage in {database} yet"
        yield warning("store", "store", what, "`triage run` makes them on its first start")
    elif found.version > HEAD:
        what = f"it was made by a newer triage (version {found.version}; this one knows {HEAD})"
        yield error("store", "store", what, "install the newer program, or restore an older backup")
    elif found.version < HEAD:
        what = f"it is of an older version ({found.version}), and is brought up to date at a start"
        advice = "stop every triage on it, make a backup with pg_dump, then start the new ones"
        yield warning("store", "store", what, advice)
    else:
        names = ", ".join(name for name, _ in found.programs) or "none"
        yield Sound(where="store", what=f"{database} is reached; at work on it: {names}")


def is_ready(database: Database) -> bool:
    """Whether it can be reached, and is of this version."""
    try:
        return look_at(database).version == HEAD
    except StoreError:
        return False
