"""The settings and the store, for verbs about models: of use where they are, not needed."""

from __future__ import annotations

import getpass
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from triage.cli.options import config_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.config import Alerts, Firm
    from triage.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """An open store, whose it is, and how much mail may be forwarded."""

    store: Store
    firm: Firm
    alerts: Alerts


@contextmanager
def opened(config: Path | None) -> Iterator[Memory | None]:
    """Open the store that the configuration names; None where either is not there yet."""
    path = config_path(config)
    if config is None and not path.is_file():
        yield None
        return
    from triage import app  # noqa: PLC0415 - keeps --help quick

    settings = app.load_settings(path)
    store_place = settings.config.store
    if isinstance(store_place, Path) and not store_place.exists():
        yield None
        return
    store = app.open_store(store_place, create=False)
    try:
        config_in_force = settings.config
        yield Memory(store=store, firm=config_in_force.firm, alerts=config_in_force.alerts)
    finally:
        store.close()


def person() -> str:
    """The login name of whoever runs the command."""
    return getpass.getuser()
