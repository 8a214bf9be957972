"""Decide one mail as if it came now, in a store that is thrown away; nothing leaves the machine."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from triage import app
from triage.messages import MessageRef, RawMessage
from triage.pipeline.decide import Decider
from triage.pipeline.explain import explain
from triage.pipeline.timing import CaseClock
from triage.store import inbox

if TYPE_CHECKING:
    from triage.app import Settings
    from triage.messages import Outcome
    from triage.pipeline.explain import Explanation


def tried(settings: Settings, content: bytes, now: float) -> tuple[Outcome, Explanation | None]:
    """How the mail would end, and why; the latter is None when nobody would hear of it."""
    firm, policy = settings.config.firm, settings.policy
    with tempfile.TemporaryDirectory(prefix="triage-") as folder:
        store = app.open_store(Path(folder) / "trial.db")
        own_key = replace(settings.config, key_file=Path(folder) / "trial.key")  # makes none beside
        try:
            decider = Decider(
                store=store,
                classifier=app.load_classifier(settings),
                policy=policy,
                firm=firm,
                writer=app.make_writer(replace(settings, config=own_key)),
            )
            raw = RawMessage(
                ref=MessageRef(account="trial", folder="trial", uid_validity=1, uid=1),
                content=content,
                received_at=datetime.fromtimestamp(now, UTC),
                size=len(content),
            )
            with store.write() as tx:
                inbox.receive(tx, raw, now)
            [outcome] = decider.decide_pending(now)
            if outcome.case_id is None:
                return outcome, None
            clock = CaseClock(policy=policy, zone=firm.timezone)
            with store.read() as tx:
                found = explain(tx, outcome.case_id, clock, firm)
            return outcome, replace(found, trial=True)
        finally:
            store.close()
