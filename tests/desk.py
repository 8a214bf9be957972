"""The steps and the digester over one store, for the tests of digests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.factories import make_firm
from tests.steps import Bench, begin_inbox, make_bench, make_policy, make_route
from triage.digest.digester import Digester
from triage.digest.gather import Gatherer
from triage.digest.letter import LetterWriter
from triage.messages import Address, Urgency
from triage.policy import Digesting, Hours, Kind, Policy

if TYPE_CHECKING:
    from pathlib import Path

    from triage.digest.model import Digest

HOUR, DAY = 3600, 86400
BERLIN = ZoneInfo("Europe/Berlin")
FIRM = make_firm(name="Firm", domains=("firm.example",), timezone="Europe/Berlin")
HOURS = Hours(work=(9 * HOUR, 17 * HOUR), holidays=("DE-BE",))
BASE = make_policy(
    blocker=make_route(
        "blocker", "ben", "nora", urgency=Urgency.HIGH, acknowledge_within_s=4 * HOUR
    ),
    upsell=make_route("upsell", "marshall", urgency=Urgency.LOW, acknowledge_within_s=2 * HOUR),
    dissatisfaction=make_route("dissatisfaction", "marshall", urgency=Urgency.HIGH),
)
POLICY = replace(
    BASE,
    hours=HOURS,
    roles={"management": ("ben", "marshall")},
    kinds={
        "person": Kind(
            id="person",
            title="About a person",
            routes={"dissatisfaction": replace(BASE.routes["dissatisfaction"], title="About one")},
            situations=("The client complains about one of us who was rude on a call.",),
            cues=("complain*", "rude"),
            spares_named=True,
        )
    },
)
MONDAY = "2026-03-02T10:00"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@dataclass
class Desk:
    """The steps and the digester over one store."""

    bench: Bench
    policy: Policy
    digester: Digester
    letters: LetterWriter

    def pass_time(self, end: str, *, step_s: float = HOUR) -> list[tuple[str, str, str]]:
        """Let time pass as the running program does; (local time, person, subject) of digests."""
        bench, found = self.bench, []
        while bench.clock.now <= at(end):
            self.digester.look(bench.clock())
            bench.decide()
            bench.sender.send_due()
            found += self.new_digests()
            bench.clock.now += step_s
        return found

    def new_digests(self) -> list[tuple[str, str, str]]:
        local = f"{datetime.fromtimestamp(self.bench.clock.now, BERLIN):%a %d %b %H:%M}"
        fresh = [n for n in self.bench.channel.delivered if "digest" in n.subject]
        self.bench.channel.delivered.clear()
        return [(local, n.recipient.partition("@")[0], n.subject) for n in fresh]

    def gather(self, person: str = "", period: str = "week", since: str = "") -> Digest:
        now = self.bench.clock.now
        reader = self.policy.people[person] if person else None
        begin = at(since) if since else now - 7 * DAY
        with self.bench.store.read() as tx:
            gatherer = Gatherer(policy=self.policy, zone=FIRM.timezone)
            return gatherer.gather(tx, reader, period, since=begin, until=now + 1)

    def text(self, person: str = "", period: str = "week", since: str = "") -> str:
        """The plain text on one line."""
        return " ".join(self.letters.write(self.gather(person, period, since)).text.split())


def make_desk(folder: Path, policy: Policy = POLICY, start: str = MONDAY) -> Desk:
    bench = make_bench(folder, policy, FIRM)
    bench.clock.now = at(start)
    begin_inbox(bench.store, 0.0, whole_history=True)
    return Desk(
        bench=bench, policy=policy, digester=digester_of(bench, policy), letters=letters_of(policy)
    )


def letters_of(policy: Policy, own_templates: Path | None = None) -> LetterWriter:
    return LetterWriter(
        sender=Address(address="triage@firm.example", name="Triage"),
        key=b"k" * 32,
        domain="firm.example",
        hours=policy.hours,
        zone=FIRM.timezone,
        own_templates=own_templates,
    )


def digester_of(bench: Bench, policy: Policy) -> Digester:
    return Digester(store=bench.store, policy=policy, firm=FIRM, letters=letters_of(policy))


def digesting(policy: Policy = POLICY, **periods: Digesting) -> Policy:
    """The policy with what these people say of digests."""
    people = {
        name: replace(person, digest=periods.get(name, "none"))
        for name, person in policy.people.items()
    }
    return replace(policy, people=people)
