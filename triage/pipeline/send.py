"""Send outbox rows: each at most once in sight of the receiver, never silently dropped.

The protocol stands in `triage.store.outbox`. Certain failures go back to the queue with a
growing delay; an uncertain one is looked up, sent again or held, as configured.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from triage.errors import SourceError
from triage.messages import Delivery, DeliveryStatus
from triage.store import audit, outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from triage.channels.base import Channel, Prober
    from triage.store.engine import Store
    from triage.store.outbox import OutboxRow

log = logging.getLogger(__name__)

_MANY = 1000  # attempts
_MAX_MISSES = 2  # consecutive failures that end a round: the server is down, not one recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRules:
    """When to try again, in seconds; `uncertain` says what to do when an answer was lost."""

    first_s: float = 300
    max_s: float = 3600
    give_up_after_s: float = 5 * 86400
    uncertain: Literal["probe", "resend", "hold"] = "hold"
    uncertain_after_s: float = 900

    def delay_s(self, attempts: int) -> float:
        """The wait after that many attempts: doubling, up to the maximum."""
        return min(self.first_s * float(2 ** min(attempts, 16)), self.max_s)

    def is_hopeless(self, attempts: int, age_s: float) -> bool:
        """Tried for too long: by the clock, and by the waits between so many attempts.

        The second is less than the first by the rounds that ended early, so half of it is enough.
        A clock that jumps ahead by a week gives nothing up.
        """
        if age_s <= self.give_up_after_s:
            return False
        waited_s = sum(self.delay_s(each) for each in range(min(attempts, _MANY)))
        return waited_s >= self.give_up_after_s / 2 or attempts >= _MANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The send step.

    `clock` gives epoch seconds: a claim is dated when it is made. `on_failure` is called, in the
    same transaction, for a notice that will not be tried again: somebody else must be told.
    `refuses` is asked last of all whether a notice may go to its recipient, and says why not.
    """

    store: Store
    channel: Channel
    rules: RetryRules
    clock: Callable[[], float]
    prober: Prober | None = None
    on_failure: Callable[[Connection, OutboxRow, str, float], None] | None = None
    refuses: Callable[[Connection, OutboxRow, str], str] = lambda _tx, _row, _recipient: ""

    def send_due(
        self,
        limit: int = 50,
        go_on: Callable[[], bool] = lambda: True,
        max_misses: int = _MAX_MISSES,
    ) -> int:
        """Try every notice whose time has come; how many were sent.

        `go_on` is asked before each attempt; when it says no, or after `max_misses` failures in
        a row, the rest is left for later.
        """
        with self.store.read() as tx:
            rows = outbox.due(tx, self.clock(), limit, longest_s=self.rules.max_s)
        sent = misses = 0
        for row in rows:
            if not go_on():
                break
            status = self.send(row).status
            sent += status is DeliveryStatus.SENT
            missed = status in {DeliveryStatus.DEFERRED, DeliveryStatus.UNCERTAIN}
            misses = misses + 1 if missed else 0
            if misses >= max_misses:
                break
        return sent

    def send(self, row: OutboxRow) -> Delivery:
        """One attempt for one row, with its result recorded."""
        with self.store.read() as tx:
            notice = outbox.notice(tx, row.id)
            refused = self.refuses(tx, row, notice.recipient)
        if refused:
            delivery = Delivery(status=DeliveryStatus.REFUSED, detail=refused)
            self._record(row, delivery, row.attempts)
            return delivery
        claims: list[bool] = []

        def claim() -> bool:
            began = self.clock()
            with self.store.write(alone=False) as tx:
                claims.append(outbox.claim(tx, row.id, began, attempts=row.attempts))
            # A program that slept in between must not send what may be another's by now; it will
            # be looked for as any brief whose sending was cut off.
            return claims[-1] and self.clock() - began < self.rules.uncertain_after_s / 2

        delivery = self.channel.deliver(notice, claim)
        self._record(row, delivery, row.attempts + sum(claims))
        return delivery

    def settle_uncertain(self) -> int:
        """Settle rows whose worker fell silent between the last dot and its answer; how many.

        The first that cannot be looked up ends the round: the rest would only wait as long again.
        """
        with self.store.read() as tx:
            rows = outbox.overdue(tx, self.clock(), self.rules.uncertain_after_s)
        return sum(1 for _ in takewhile(self._settle, rows))

    def _record(self, row: OutboxRow, delivery: Delivery, attempts: int) -> None:
        """Write down how it ended, unless the row is another worker's by now."""
        now = self.clock()
        detail = delivery.detail
        with self.store.write() as tx:
            match delivery.status:
                case DeliveryStatus.SENT:
                    ours = outbox.settle(tx, row.id, "sent", detail, now, attempts=attempts)
                    action: audit.Action = "sent"
                case DeliveryStatus.REFUSED:
                    ours = self._fail(tx, row, detail, now, attempts)
                    action = "failed"
                case DeliveryStatus.DEFERRED if self._is_hopeless(row, delivery, now):
                    detail = f"given up after {row.attempts + 1} attempts: {detail}"
                    ours = self._fail(tx, row, detail, now, attempts)
                    action = "failed"
                case DeliveryStatus.DEFERRED:
                    next_at = now + self.rules.delay_s(row.attempts)
                    ours = outbox.defer(tx, row.id, detail, next_at, attempts=attempts)
                    action = "deferred"
                case DeliveryStatus.UNCERTAIN:
                    ours, action = True, "uncertain"
                case DeliveryStatus.NOT_CLAIMED:
                    return
            if ours:
                self._note(tx, row, action, f"{row.recipient}: {detail}", now)

    def _is_hopeless(self, row: OutboxRow, delivery: Delivery, now: float) -> bool:
        """Tried for too long. A refused login is no notice's fault: it waits until mended."""
        hopeless = self.rules.is_hopeless(row.attempts + 1, now - row.created_at)
        return hopeless and not delivery.login_refused

    def _fail(self, tx: Connection, row: OutboxRow, detail: str, now: float, attempts: int) -> bool:
        failed = outbox.fail(tx, row.id, detail, now, attempts=attempts)
        if failed and self.on_failure:
            self.on_failure(tx, row, detail, now)
        return failed

    def _settle(self, row: OutboxRow) -> bool:
        now = self.clock()
        state, why = self._verdict_on(row)
        if state == "sending":
            return False
        with self.store.write() as tx:
            if state == "queued":
                if outbox.defer(tx, row.id, why, now, attempts=row.attempts):
                    self._note(tx, row, "deferred", why, now)
            elif outbox.settle(tx, row.id, state, why, now, attempts=row.attempts):
                if state == "held" and self.on_failure:
                    self.on_failure(tx, row, why, now)
                self._note(tx, row, "sent" if state == "sent" else "held", why, now)
        return True

    def _verdict_on(self, row: OutboxRow) -> tuple[str, str]:
        if self.rules.uncertain == "resend":
            return "queued", "the answer was lost; sending the identical mail again"
        if self.rules.uncertain == "hold" or self.prober is None:
            return "held", (
                "the answer was lost; look whether it arrived: if so, run "
                f"`triage retry {row.id} --arrived`, else `triage retry {row.id}`"
            )
        try:
            since = datetime.fromtimestamp(row.created_at, UTC)
            arrived = self.prober.arrived(row.rfc_id, since)
        except SourceError as error:
            log.warning(
                "cannot look whether a brief arrived",
                extra={"action": "probe", "outbox": row.id, "reason": str(error)},
            )
            return "sending", ""
        if arrived:
            return "sent", "the answer was lost, but the mail was found where it should be"
        return "queued", "the answer was lost and the mail did not arrive; sending it again"

    def _note(
        self, tx: Connection, row: OutboxRow, action: audit.Action, detail: str, now: float
    ) -> None:
        audit.note(
            tx,
            action,
            now=now,
            case_id=row.case_id or None,
            outbox_id=row.id,
            detail=detail,
        )
        level = logging.INFO if action == "sent" else logging.WARNING
        log.log(
            level,
            "brief %s",
            action,
            extra={"action": action, "outbox": row.id, "case": row.case_id, "detail": detail},
        )
