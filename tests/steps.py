"""The steps of the pipeline over a fresh store, with fakes at its borders and a clock to move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.factories import make_firm, make_ref
from tests.fakes import Clock, ListProber, ScriptedChannel, WordClassifier
from tests.stores import open_store
from triage.messages import Address, Outcome, RawMessage, Urgency
from triage.pipeline.again import Rewriter
from triage.pipeline.briefs import BriefWriter
from triage.pipeline.decide import Decider
from triage.pipeline.follow_up import FollowUp
from triage.pipeline.send import RetryRules, Sender
from triage.policy import Person, Policy, Raise, Route
from triage.rendering import Renderer
from triage.resources import resource
from triage.responses import ResponseLibrary
from triage.store import inbox, mailboxes, outbox

if TYPE_CHECKING:
    from pathlib import Path

    from triage.config import Firm
    from triage.store.engine import Store


def make_policy(**routes: Route) -> Policy:
    people = {
        name: Person(id=name, name=name.title(), address=f"{name}@firm.example")
        for name in ("ben", "marshall", "nora", "priya")
    }
    return Policy(version="1", people=people, routes=routes, fallback="priya")


def make_route(tag: str, *to: str, **changes: object) -> Route:
    base = Route(tag=tag, title=tag.title(), to=to or ("ben",), clause="C.", next_step="N.")
    return replace(base, **changes)  # type: ignore[arg-type]


POLICY = make_policy(
    blocker=make_route("blocker", "ben", "marshall", urgency=Urgency.HIGH, acknowledge_within_s=60),
    upsell=make_route("upsell", "marshall", "nora", need="any", urgency=Urgency.LOW),
    scope_mismatch=make_route("scope_mismatch", "nora"),
    dissatisfaction=make_route(
        "dissatisfaction", "ben", raises=(Raise(when=("leave you",), to=Urgency.URGENT),)
    ),
)
FIRM = make_firm(name="Firm", domains=("firm.example",))


@dataclass
class Bench:
    """The steps over a fresh store, with a clock that tests move."""

    store: Store
    clock: Clock
    classifier: WordClassifier
    channel: ScriptedChannel
    decider: Decider
    sender: Sender
    follow_up: FollowUp
    uid: int = 0

    def receive(
        self,
        text: str,
        *,
        subject: str = "Portal",
        sender: str = "Dana <dana@client.example>",
        message_id: str = "",
        headers: str = "",
        content: bytes | None = None,
        **changes: object,
    ) -> int:
        self.uid += 1
        rfc_id = message_id or f"<m{self.uid}@client.example>"
        head = f"From: {sender}\r\nTo: hello@firm.example\r\nSubject: {subject}\r\n"
        head += f"Message-ID: {rfc_id}\r\n{headers}\r\n"
        whole = content if content is not None else (head + text + "\r\n").encode()
        raw = RawMessage(
            ref=make_ref(uid=self.uid),
            content=whole,
            received_at=datetime.fromtimestamp(self.clock(), UTC),
            size=len(whole),
        )
        raw = replace(raw, **changes)  # type: ignore[arg-type]
        with self.store.write() as tx:
            stored = inbox.receive(tx, raw, self.clock())
        assert stored is not None
        return stored

    def decide(self) -> list[Outcome]:
        return self.decider.decide_pending(self.clock())

    def judge(self, text: str, **arguments: object) -> Outcome:
        self.receive(text, **arguments)  # type: ignore[arg-type]
        [outcome] = self.decide()
        return outcome

    def queued(self) -> list[tuple[str, str]]:
        with self.store.read() as tx:
            return [(row.recipient, row.occasion) for row in outbox.unfinished(tx)]


def begin_inbox(store: Store, started_at: float, *, whole_history: bool = False) -> None:
    """As after the first look at a mailbox."""
    with store.write() as tx:
        mailboxes.begin(
            tx,
            account="inbox",
            folder="INBOX",
            uid_validity=7,
            last_uid=0,
            started_at=started_at,
            whole_history=whole_history,
        )


def make_bench(folder: Path, policy: Policy = POLICY, firm: Firm = FIRM) -> Bench:
    store = open_store(folder)
    clock, channel, classifier = Clock(), ScriptedChannel(), WordClassifier()
    writer = BriefWriter(
        firm=firm,
        renderer=Renderer(
            firm=firm,
            sender=Address(address="triage@firm.example", name="Triage"),
            responses=ResponseLibrary.load(resource("templates") / "responses"),
        ),
        key=b"k" * 32,
        domain="firm.example",
        policy_version="1",
    )
    rewriter = Rewriter(policy=policy, writer=writer)
    return Bench(
        store=store,
        clock=clock,
        classifier=classifier,
        channel=channel,
        decider=Decider(
            store=store, classifier=classifier, policy=policy, firm=firm, writer=writer
        ),
        sender=Sender(
            store=store,
            channel=channel,
            rules=RetryRules(uncertain="probe"),
            clock=clock,
            prober=ListProber(),
            on_failure=rewriter.tell_of_failure,
            refuses=rewriter.guard,
        ),
        follow_up=FollowUp(store=store, rewriter=rewriter),
    )
