"""What the program needs around it: its two files, and an outgoing mail server in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.month.policy_file import policy_toml
from tests.month.world import FIRM_DOMAIN
from triage.messages import Delivery, DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fakes import Clock
    from tests.month.world import World
    from triage.messages import Notice

SETTLE_S = 300
_CONFIG = """
policy = "policy.toml"
store = "triage.db"
key_file = "triage.key"

[firm]
name = "Firm"
domains = ["{domain}"]
timezone = "{zone}"

[[accounts]]
name = "inbox"
host = "127.0.0.1"
username = "hello"
password_file = "inbox.secret"
everything = true

[outgoing]
host = "127.0.0.1"
sender = "triage@{domain}"
uncertain = "probe"
answer_timeout_s = {settle_s}
uncertain_after_s = {settle_s}

[outgoing.probe]
account = "inbox"
"""


class PowerCutError(Exception):
    """The program is gone, in the middle of what it did."""


@dataclass(kw_only=True)
class MailServer:
    """The outgoing server: keeps what it was given. `cut` ends the program after the next brief."""

    clock: Clock
    cut: bool = False
    delivered: list[tuple[int, Notice]] = field(default_factory=list)

    def deliver(self, notice: Notice, claim: Callable[[], bool]) -> Delivery:
        if not claim():
            return Delivery(status=DeliveryStatus.NOT_CLAIMED)
        self.delivered.append((int(self.clock.now) // 60, notice))
        if self.cut and not notice.subject.startswith(("Re:", "[Reminder", "[Unanswered")):
            self.cut = False
            raise PowerCutError
        return Delivery(status=DeliveryStatus.SENT)

    def check(self) -> None:
        """Always well."""

    def close(self) -> None:
        """Nothing to let go of."""


def write_files(folder: Path, world: World) -> None:
    """The settings and the policy, as `triage run` reads them."""
    (folder / "policy.toml").write_text(policy_toml(world))
    for name in ("inbox.secret", "triage.key"):
        (folder / name).write_text("ab" * 32 + "\n")
        (folder / name).chmod(0o600)
    zone = world.period.zone
    text = _CONFIG.format(domain=FIRM_DOMAIN, zone=zone, settle_s=SETTLE_S)
    (folder / "triage.toml").write_text(text)
