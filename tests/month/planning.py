"""Plans the mail of the month: who writes when, and what about."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.month.cards import Move
from tests.month.mails import CLIENTS, COLLEAGUES, INBOX, NOTHING, Mail, Matter, Sort
from tests.month.world import KINDS, ROUTES, SPARING, address, local_minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.month.world import World


def plan(world: World, count: int) -> list[Mail]:
    """So many mails in the order of their arrival."""
    rng = random.Random(f"mails {world.seed}")
    times = sorted(_arrival(rng, world) for _ in range(count))
    planner = _Planner(rng)
    for at in times:
        planner.add(at)
    return planner.mails


def plan_moves(world: World, mails: Sequence[Mail]) -> list[Move]:
    """Now and then somebody moves a mail to where it belongs, hours or days after it came."""
    rng = random.Random(f"moves {world.seed}")
    copied = {mail.copies for mail in mails}
    found = []
    for mail in mails:
        if mail.sort == "plain" and mail.number not in copied and rng.random() < 0.03:
            at = mail.at + rng.choice([40, 200, 900, 3000, 25_000])
            found.append(Move(at=at, mail=mail.number, tag=rng.choice(["", *ROUTES])))
    return sorted(found, key=lambda move: (move.at, move.mail))


def _arrival(rng: random.Random, world: World) -> int:
    """Mostly on working days by day."""
    period = world.period
    while True:
        day = period.first + timedelta(days=rng.randrange(period.days))
        if day.weekday() < 5 or rng.random() < 0.25:
            break
    by_day = rng.random() < 0.85
    minutes = rng.randrange(7 * 60, 19 * 60) if by_day else rng.randrange(24 * 60)
    return local_minute(day, minutes, period.zone)


class _Planner:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.mails: list[Mail] = []
        self._threads: list[list[Mail]] = []

    def add(self, at: int) -> None:
        draw = self._rng.random()
        number = len(self.mails) + 1
        robots: tuple[tuple[float, Sort], ...] = (
            (0.05, "list"),
            (0.09, "auto-reply"),
            (0.11, "bounce"),
            (0.115, "broken"),
            (0.125, "copy"),
        )
        sort: Sort = next((name for share, name in robots if draw < share), "plain")
        recent = [t for t in self._threads[-150:] if at - t[-1].at < self._patience()]
        if sort == "copy" and self.mails:
            self._copy(number, at)
        elif sort != "plain":
            self._keep(Mail(number=number, at=at, thread=number, sort=sort, sender=_robot(sort)))
        elif recent and self._rng.random() < 0.4:
            self._follow(number, at, self._rng.choice(recent))
        else:
            self._begin(number, at)

    def _patience(self) -> int:
        """How long a thread may have been quiet before somebody writes on, in minutes."""
        return self._rng.choice([1, 2, 5, 20]) * 24 * 60

    def _keep(self, mail: Mail) -> None:
        self.mails.append(mail)

    def _copy(self, number: int, at: int) -> None:
        of = self._rng.choice(self.mails[-40:])
        first = of.copies or of.number
        copied = self.mails[first - 1]
        if copied.sort == "broken":
            self._begin(number, at)
            return
        self._keep(
            Mail(
                number=number,
                at=at,
                thread=copied.thread,
                copies=first,
                sort="copy",
                sender=copied.sender,
            )
        )

    def _begin(self, number: int, at: int) -> None:
        rng = self._rng
        inside = rng.random() < 0.12
        sender = address(rng.choice(COLLEAGUES)) if inside else _client(rng, rng.choice(CLIENTS))
        mail = Mail(
            number=number, at=at, thread=number, sender=sender, matter=self._matter(first=True)
        )
        self._keep(mail)
        self._threads.append([mail])

    def _follow(self, number: int, at: int, thread: list[Mail]) -> None:
        rng = self._rng
        last = rng.choice(thread[-3:])
        outside = next((m.sender for m in thread if not m.from_us), "")
        draw = rng.random()
        matter = self._matter(first=False)
        to: tuple[str, ...] = (INBOX,)
        if outside and draw < 0.35:
            sender, to, matter = address(rng.choice(COLLEAGUES)), (outside, INBOX), NOTHING
        elif draw < 0.42:
            sender, matter = address(rng.choice(COLLEAGUES)), NOTHING
        elif outside and draw < 0.47:
            sender = _client(rng, rng.choice(CLIENTS))  # somebody else, in the same thread
        elif outside:
            sender = rng.choice([outside, _client(rng, outside.rpartition("@")[2])])
        else:
            sender = thread[0].sender
        mail = Mail(
            number=number,
            at=at,
            thread=thread[0].number,
            follows=last.number,
            sender=sender,
            to=to,
            matter=matter,
        )
        self._keep(mail)
        thread.append(mail)

    def _matter(self, *, first: bool) -> Matter:
        """What a mail is about: mostly nothing, or one tag; sometimes several."""
        rng = self._rng
        draw = rng.random()
        if draw < (0.68 if first else 0.5):
            return NOTHING
        if draw < (0.72 if first else 0.55):
            return Matter(unsure=tuple(rng.sample(list(ROUTES), rng.choice([1, 1, 2]))))
        if draw < (0.75 if first else 0.56):
            return self._of_kind()
        tags = tuple(rng.sample(list(ROUTES), rng.choices([1, 2, 3], [80, 16, 4])[0]))
        raises = [words for tag in tags for words, _ in ROUTES[tag].raises]
        words = rng.choice(raises) if raises and rng.random() < 0.2 else ""
        return Matter(tags=tags, words=words)

    def _of_kind(self) -> Matter:
        kind = self._rng.choice(list(KINDS))
        named = self._rng.choice([(), ("ben",), ("marshall",), ("ben", "marshall"), ("nora",)])
        return Matter(tags=(KINDS[kind][0],), kind=kind, named=named if kind == SPARING else ())


def _robot(sort: Sort) -> str:
    return {
        "list": "news@letters.example",
        "auto-reply": "away@castell.example",
        "bounce": "MAILER-DAEMON@mx.example",
    }.get(sort, "someone@odd.example")


def _client(rng: random.Random, domain: str) -> str:
    return f"{rng.choice(['dana', 'ola', 'kim'])}@{domain}"
