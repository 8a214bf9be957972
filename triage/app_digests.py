"""Wires what makes digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.app import read_key
from triage.digest.digester import Digester
from triage.digest.letter import LetterWriter
from triage.messages import Address

if TYPE_CHECKING:
    from triage.app import Settings
    from triage.runners.embedded import EmbeddedRunner
    from triage.store.engine import Store


def make_letters(settings: Settings) -> LetterWriter:
    """What writes digests. Raises ConfigError for own templates that cannot be used."""
    config = settings.config
    sender = Address(address=config.outgoing.sender, name=config.outgoing.sender_name)
    return LetterWriter(
        sender=sender,
        key=read_key(config.key_file),
        domain=sender.domain or "triage.invalid",
        hours=settings.policy.hours,
        zone=config.firm.timezone,
        own_templates=config.templates,
    )


def make_digester(settings: Settings, store: Store, runner: EmbeddedRunner) -> Digester:
    """What sends digests while a runner runs."""
    return Digester(
        store=store,
        policy=settings.policy,
        firm=settings.config.firm,
        letters=make_letters(settings),
        queued=runner.wake_sender,
        ready=runner.follow_up.has_read,
    )
