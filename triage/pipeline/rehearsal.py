"""Reading a mail of our own before the first real one, which then waits for nothing to be loaded.

The process that reads and the encoder come up when they are first needed, which takes a third of a
second: more than all else that a mail waits for.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from triage.parsing import parse
from triage.pipeline.people import document

if TYPE_CHECKING:
    from triage.pipeline.decide import Decider

log = logging.getLogger(__name__)

_MAIL = b"From: us@localhost\r\nSubject: Before the first mail\r\n\r\nNothing needs to be done.\r\n"


def rehearse(decider: Decider) -> None:
    """Read and judge a mail, and forget it. Touches no store, and what fails is left to a mail."""
    for each in decider.desks.everyone(decider):
        try:
            each.classifier.classify([document(parse(_MAIL), each.firm)])
        except Exception as error:  # noqa: BLE001 - the first real mail meets it, and tells of it
            log.debug("not ready beforehand: %s", error, extra={"action": "rehearse"})
