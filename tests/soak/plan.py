"""What happens in each life of the program, drawn from a seed: the same seed, the same schedule.

A life begins with `triage run` and ends with its death: at a named boundary between two steps, at
any moment, or because it was asked to stop. Meanwhile mail comes in and both servers misbehave.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from tests.imap_faults import GREETING, Do
from tests.imap_faults import Fault as ImapFault
from tests.smtp_faults import Fault as SmtpFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.smtp_faults import Point

_Fault = TypeVar("_Fault", ImapFault, SmtpFault)
# What becomes of a brief whose answer was lost ([outgoing] uncertain).
Uncertain = Literal["probe", "resend", "hold"]
How = Literal["kill", "stop"]

# Where the trap is: `in` the program, at the `imap` proxy, at the `smtp` server. Each step of the
# program has a boundary before and after what makes it durable.
BOUNDARIES: dict[str, str] = {
    "fetch: asked": "imap BODY asked",
    "fetch: sent by the server": "imap BODY answered",
    "fetch: in hand": "in",
    "store: before commit": "in",
    "store: committed": "in",
    "position: before commit": "in",
    "position: committed": "in",
    "decide: judged": "in",
    "decide: written": "in",
    "spool: written": "in",
    "spool: before commit": "in",
    "spool: committed": "in",
    "send: connected": "smtp connect",
    "send: MAIL": "smtp mail",
    "send: RCPT": "smtp rcpt",
    "send: DATA": "smtp data",
    "send: content begun": "smtp content",
    "send: content written": "in",
    "claim: before commit": "in",
    "claim: committed": "in",
    "dot: received": "smtp dot",
    "dot: stored, no answer": "smtp kept",
    "250: written": "smtp answered",
    "250: read": "in",
    "sent: before commit": "in",
    "sent: committed": "in",
    "mark: asked": "imap STORE asked",
    "mark: done": "imap STORE answered",
    "mark: known": "in",
    "move: intended": "in",
    "move: asked": "imap MOVE asked",
    "move: done": "imap MOVE answered",
    "move: known": "in",
    "move: before commit": "in",
    "move: committed": "in",
    "settle: before commit": "in",
    "settle: committed": "in",
    "probe: asked": "imap PROBE asked",
    "probe: answered": "imap PROBE answered",
    "probe: known": "in",
}
_OFTEN = {name for name in BOUNDARIES if name.startswith(("send", "claim", "dot", "250", "sent"))}
ANY_MOMENT = "any moment"
AT_START = "just started"
# What leaves a lost answer behind, and what can be met only where there is one.
_MAKERS = (
    "claim: committed",
    "dot: received",
    "dot: stored, no answer",
    "250: written",
    "250: read",
)
_SETTLING = (
    *("settle: before commit", "settle: committed"),
    *("probe: asked", "probe: answered", "probe: known"),
)
_PROBING = ("probe: asked", "probe: answered", "probe: known")

_OUTSIDE = (
    *(name for name, trap in BOUNDARIES.items() if trap != "in" and not name.startswith("probe")),
    ANY_MOMENT,
)

RENUMBER_EVERY = 40  # lives; the folder gets a new UIDVALIDITY before
COMMAND_EVERY = 25  # lives; the installed command rather than a fork of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One life of the program.

    Attributes:
        boundary: where it ends; `nth` time that it is reached; or `ANY_MOMENT`, `AT_START`.
        delay_s: from the boundary, or from the start where there is none.
        how: killed, or asked to stop.
        before, during: mails delivered before the start and while it runs, `during_s` after it.
        imap, smtp: what goes wrong; at SMTP with the count of times the point is reached.
        renumber: the folder has a new UIDVALIDITY when it starts.
        command: the installed `triage run`.
    """

    number: int
    boundary: str
    nth: int = 1
    delay_s: float = 0.0
    how: How = "kill"
    before: int = 1
    during: int = 0
    during_s: float = 0.3
    imap: tuple[ImapFault, ...] = ()
    smtp: tuple[tuple[int, SmtpFault], ...] = ()
    renumber: bool = False
    command: bool = False

    @property
    def settles(self) -> bool:
        """It begins when the answer that its forerunner lost is old enough to be settled."""
        return self.boundary in _SETTLING

    @property
    def trap(self) -> str:
        """Who watches for the boundary; empty where it ends by the clock."""
        return BOUNDARIES.get(self.boundary, "")

    def __str__(self) -> str:
        """One line of the schedule."""
        faults = [f"imap {each.label}+{each.skip}" for each in self.imap]
        faults += [f"smtp {each.label}@{nth}" for nth, each in self.smtp]
        marks = [word for word in ("renumber", "command") if getattr(self, word)]
        where = f"{self.boundary} #{self.nth} +{1000 * self.delay_s:.0f} ms"
        mails = f"mails {self.before}+{self.during}"
        return " | ".join([f"{self.number:5}", f"{self.how} {where}", mails, *marks, *faults])


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """Where a life inside its process ends: the nth time, so many seconds later."""

    boundary: str
    nth: int
    delay_s: float
    asks: bool = False  # for an orderly stop, rather than dying


def schedule(seed: int, lives: int, uncertain: Uncertain, faults: float) -> Iterator[Life]:
    """The lives of one soak, in order.

    Every boundary comes once in a round, in an order drawn anew each round; what settles a lost
    answer comes behind what leaves one.

    Args:
        seed: the same gives the same.
        lives: how many.
        uncertain: the policy that is tried; only `probe` has boundaries of probing.
        faults: share of lives with faults, 0 to 1.
    """
    names = [name for name in BOUNDARIES if uncertain == "probe" or name not in _PROBING]
    names += [ANY_MOMENT] * 3 + [AT_START]
    order: list[str] = []
    for number in range(1, lives + 1):
        rng = random.Random(f"{seed} {uncertain} {number}")
        command = number % COMMAND_EVERY == 0
        if not command and not order:
            order = _round(rng, names)
        boundary = rng.choice(_OUTSIDE) if command else order.pop()
        yield _life(rng, number, boundary, faults)


def _round(rng: random.Random, names: Sequence[str]) -> list[str]:
    order = rng.sample(names, len(names))
    makers = rng.sample(_MAKERS, len(_MAKERS))
    for settling, maker in zip([n for n in order if n in _SETTLING], makers, strict=False):
        order.remove(settling)
        order.insert(order.index(maker), settling)  # taken from the end: so it comes after
    return order


def _life(rng: random.Random, number: int, boundary: str, faults: float) -> Life:
    drawn = Life(
        number=number,
        boundary=boundary,
        nth=rng.choice((1, 1, 2)) if boundary in _OFTEN else 1,
        how="stop" if rng.random() < 0.05 else "kill",
        before=rng.randint(1, 2),
        during=rng.choice((0, 0, 1)),
        during_s=rng.uniform(0.05, 0.6),
        renumber=number % RENUMBER_EVERY == 0,
        command=number % COMMAND_EVERY == 0,
    )
    if boundary == ANY_MOMENT:
        drawn = replace(drawn, delay_s=rng.uniform(0.1, 8.0 if drawn.command else 2.0))
    elif boundary == AT_START:
        drawn = replace(drawn, delay_s=rng.uniform(0.0, 0.1), before=0)
    elif not drawn.trap.startswith("in"):
        # What the other side does next is a matter of milliseconds: before, during or after it.
        drawn = replace(drawn, delay_s=rng.choice((0.0, rng.uniform(0.0, 0.02))))
    imap = _some(rng, faults, IMAP_FAULTS)
    smtp = _some(rng, faults, SMTP_FAULTS)
    if imap or smtp:  # a later mail wakes what waits after trouble
        drawn = replace(drawn, during=max(drawn.during, 1), during_s=rng.uniform(0.6, 1.6))
    return replace(
        drawn,
        imap=tuple(replace(each, skip=rng.choice((0, 0, 0, 1))) for each in imap),
        smtp=tuple((rng.choice((1, 1, 1, 2)), each) for each in smtp),
    )


def _some(rng: random.Random, share: float, faults: Sequence[tuple[int, _Fault]]) -> list[_Fault]:
    """None, one or two different ones, by weight."""
    if rng.random() >= share:
        return []
    weights = [weight for weight, _ in faults]
    chosen = rng.choices(range(len(faults)), weights, k=rng.choice((1, 1, 2)))
    return [faults[place][1] for place in dict.fromkeys(chosen)]


_VERBS = (GREETING, "LOGIN", "SELECT", "NOOP", "SEARCH", "HEAD", "BODY", "STORE", "MOVE", "PROBE")
_BREAKS = (Do.CUT, Do.HALF, Do.BYE)
_WRONG = {
    "HEAD": (Do.NOTHING, Do.OTHER_UIDS, Do.NONSENSE, Do.REFUSE),
    "BODY": (
        *(Do.NIL_BODY, Do.NO_BODY, Do.SHORT_BODY, Do.OTHER_UIDS),
        *(Do.NOTHING, Do.NONSENSE, Do.REFUSE),
    ),
    "PROBE": (Do.NOTHING, Do.OTHER_UIDS, Do.NONSENSE, Do.REFUSE),
    "SEARCH": (Do.NONSENSE, Do.REFUSE, Do.NOTHING),
    "SELECT": (Do.NONSENSE, Do.REFUSE),
    "LOGIN": (Do.REFUSE,),
    "STORE": (Do.REFUSE, Do.NONSENSE),
    "MOVE": (Do.REFUSE, Do.NONSENSE),
}
IMAP_FAULTS: tuple[tuple[int, ImapFault], ...] = (
    *((2, ImapFault(do=do, verb=verb)) for verb in _VERBS for do in _BREAKS),
    *((2, ImapFault(do=do, verb=verb)) for verb, wrong in _WRONG.items() for do in wrong),
    *((1, ImapFault(do=Do.SPLIT, verb=verb)) for verb in _VERBS),
    *((1, ImapFault(do=Do.STALL, verb=verb)) for verb in ("SEARCH", "BODY", "MOVE", "PROBE")),
    *((1, ImapFault(do=Do.LATE, verb=verb, seconds=0.4)) for verb in ("SEARCH", "BODY", "MOVE")),
    (1, ImapFault(do=Do.LATE, verb="BODY", seconds=3.0)),  # later than the time-out
    *((1, ImapFault(do=do, verb="IDLE")) for do in (Do.CUT, Do.BYE, Do.HALF)),
)

_COMMANDS: tuple[Point, ...] = ("connect", "ehlo", "mail", "rcpt", "data", "content", "dot")


def _smtp_faults() -> Iterator[tuple[int, SmtpFault]]:
    """4xx, 5xx and a drop at every command; and what makes an answer uncertain, more often."""
    for point in _COMMANDS:
        yield 2, SmtpFault(at=point, do="reply")
        yield 1, SmtpFault(at=point, do="reply", code=421, words="4.3.2 shutting down")
        yield 1, SmtpFault(at=point, do="reply", code=554, words="5.7.1 refused")
        yield 2, SmtpFault(at=point, do="drop")
    yield 10, SmtpFault(at="dot", do="accept-drop")
    yield 3, SmtpFault(at="dot", do="late", seconds=0.3)
    yield 4, SmtpFault(at="dot", do="late", seconds=2.0)  # later than the time-out
    yield 2, SmtpFault(at="content", do="slow", seconds=0.4)
    yield 1, SmtpFault(at="mail", do="late", seconds=3.0)
    yield 2, SmtpFault(at="connect", do="refuse", seconds=1.5)


SMTP_FAULTS = tuple(_smtp_faults())
