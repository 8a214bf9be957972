"""The firm of the month: its people and who is away, its clients, its hours, its policy file.

Rule: the policy stands here in plain values. The program gets them as a `policy.toml`, the oracle
as they are. All times are minutes since 1970 in UTC.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

FIRM_DOMAIN = "firm.example"
PEOPLE = ("ben", "marshall", "nora", "priya", "leah", "tom")
MANAGEMENT = ("ben", "marshall")
FALLBACK = "priya"
URGENCIES = ("low", "normal", "high", "urgent")
HOUR = 60
DAY_MINUTES = 450  # half past five less nine, less an hour for lunch
OPEN = ((9 * HOUR, 12 * HOUR + 30), (13 * HOUR + 30, 17 * HOUR + 30))


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A month with a change of the clocks and a public holiday on a working day."""

    zone: str
    first: date
    days: int
    holidays: str
    closed: frozenset[date]  # the public holidays by hand, and days of the firm's own
    own_closed: tuple[date, ...] = ()


PERIODS = (
    Period(
        zone="Europe/Berlin",
        first=date(2026, 3, 16),
        days=31,
        holidays="DE-BE",
        closed=frozenset({date(2026, 4, 3), date(2026, 4, 6)}),
    ),
    Period(
        zone="America/New_York",
        first=date(2026, 10, 12),
        days=32,
        holidays="US",
        closed=frozenset({date(2026, 10, 12), date(2026, 11, 11)}),
    ),
    Period(
        zone="Europe/Berlin",
        first=date(2026, 10, 5),
        days=31,
        holidays="DE-BE",
        closed=frozenset({date(2026, 10, 30)}),
        own_closed=(date(2026, 10, 30),),
    ),
    Period(
        zone="Europe/London",
        first=date(2027, 3, 15),
        days=31,
        holidays="GB-ENG",
        closed=frozenset({date(2027, 3, 26), date(2027, 3, 29)}),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Where a tag, or a kind beneath it, leads. Times in minutes of working time."""

    to: tuple[str, ...]
    every: bool
    urgency: str
    within: int | None
    levels: tuple[str, ...]
    raises: tuple[tuple[str, str], ...] = ()  # words, and what they raise it to
    remind_after: int | None = None
    update: int | None = None  # how long the client may wait for word; 0: for ever; None: as usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A level: who hears, and how long it has."""

    id: str
    to: tuple[str, ...]
    next: bool = False
    within: int | None = None


LEVELS = (
    Step(id="colleague", to=(), next=True),
    Step(id="lead", to=("nora",), within=2 * HOUR),
    Step(id="management", to=MANAGEMENT),
)
UPDATE_WITHIN = 2 * DAY_MINUTES  # so long a client may wait for word from us
MOST_UPDATES = 3
ALL_LEVELS = tuple(level.id for level in LEVELS)
ROUTES = {
    "dissatisfaction": Rule(
        to=("ben", "marshall"),
        every=True,
        urgency="high",
        within=4 * HOUR,
        levels=ALL_LEVELS,
        raises=(("our solicitor has the papers", "urgent"),),
        update=6 * HOUR,
    ),
    "scope_mismatch": Rule(
        to=("leah", "ben"),
        every=False,
        urgency="normal",
        within=2 * DAY_MINUTES,
        levels=("management",),
    ),
    "blocker": Rule(
        to=("tom", "leah"),
        every=True,
        urgency="high",
        within=2 * HOUR,
        levels=ALL_LEVELS,
        raises=(("the whole plant stands still", "urgent"),),
    ),
    "upsell": Rule(
        to=("marshall", "ben"),
        every=False,
        urgency="low",
        within=DAY_MINUTES,
        levels=("colleague",),
        raises=(("we decide on thursday", "normal"),),
        remind_after=5 * HOUR,
        update=0,
    ),
}
# Kinds: the tag, the sentence that shows it, and where it leads. Nobody who is named hears of
# `conduct`; where Marshall and Ben are named, that is everybody on its route.
KINDS = {
    "machine": (
        "blocker",
        "The docking station gave up and the second monitor stays black.",
        Rule(to=("priya",), every=True, urgency="normal", within=DAY_MINUTES, levels=ALL_LEVELS),
    ),
    "conduct": (
        "dissatisfaction",
        "She says the tone of our consultant at the workshop was insulting.",
        Rule(
            to=("ben", "marshall"),
            every=True,
            urgency="high",
            within=4 * HOUR,
            levels=ALL_LEVELS,
            raises=ROUTES["dissatisfaction"].raises,
            update=ROUTES["dissatisfaction"].update,
        ),
    ),
}
KIND_CUES = {"machine": "docking station", "conduct": "insulting"}
SPARING = "conduct"
SKIP_URGENCY, SKIP_TO = "urgent", "management"
SKIP_TAGS, SKIP_TAGS_TO = 3, "lead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """Days on which somebody is away, the last one included, and who hears instead."""

    first: date
    last: date
    deputy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The firm in one month."""

    seed: int
    period: Period
    deputies: dict[str, str]
    away: dict[str, tuple[Away, ...]]
    downs: tuple[tuple[int, int], ...]  # from and until when the program does not run
    crashes: tuple[int, ...]  # when it is ended and started at once, in the middle of work

    @property
    def begin(self) -> int:
        """The first minute."""
        return local_minute(self.period.first, 0, self.period.zone)

    @property
    def end(self) -> int:
        """The first minute after the month."""
        last = self.period.first + timedelta(days=self.period.days)
        return local_minute(last, 0, self.period.zone)

    def day(self, minute: int) -> date:
        """Which day it is for the firm."""
        return datetime.fromtimestamp(minute * 60, ZoneInfo(self.period.zone)).date()

    def clock(self, minute: int) -> str:
        """A minute as people there write it."""
        local = datetime.fromtimestamp(minute * 60, ZoneInfo(self.period.zone))
        return f"{local:%a %d %b %H:%M}"


def local_minute(day: date, minutes: int, zone: str) -> int:
    """The minute at which the clocks of a zone show this time."""
    local = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
    return int(local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).timestamp()) // 60


def address(person: str) -> str:
    """Where somebody of the firm gets their mail."""
    return f"{person}@{FIRM_DOMAIN}"


def make_world(seed: int) -> World:
    """Draw the firm's month."""
    rng = random.Random(f"world {seed}")
    period = PERIODS[seed % len(PERIODS)]
    deputies = {
        "ben": "marshall",
        "marshall": "ben",
        "nora": rng.choice(["leah", "priya"]),
        "priya": rng.choice(["nora", "tom"]),
        "leah": "tom",
        "tom": rng.choice(["leah", ""]),
    }
    return World(
        seed=seed,
        period=period,
        deputies={person: deputy for person, deputy in deputies.items() if deputy},
        away={person: tuple(_absences(rng, period, person)) for person in PEOPLE},
        downs=tuple(_downs(rng, period)),
        crashes=tuple(_crashes(rng, period)),
    )


def _absences(rng: random.Random, period: Period, person: str) -> list[Away]:
    """Nobody, once or twice, from a day to a week and more; they may overlap those of others."""
    found: list[Away] = []
    free_from = 0
    for _ in range(rng.choice([0, 1, 1, 2])):
        first = free_from + rng.randrange(2, 14)
        last = first + rng.choice([0, 1, 4, 4, 8])
        if last >= period.days:
            break
        start = period.first
        found.append(
            Away(
                first=start + timedelta(days=first),
                last=start + timedelta(days=last),
                deputy=rng.choice(["", "", "", "priya" if person != "priya" else "nora"]),
            )
        )
        free_from = last + 1
    return found


def _downs(rng: random.Random, period: Period) -> list[tuple[int, int]]:
    """A few nights, a lunch hour, some working hours, and one weekend."""
    found = []
    for day in rng.sample(range(1, period.days - 3), 6):
        start = period.first + timedelta(days=day)
        hour, length = rng.choice([(19, 13), (20, 7), (12, 1), (10, 3), (16, 2), (17, 40)])
        begin = local_minute(start, hour * HOUR + rng.randrange(60), period.zone)
        found.append((begin, begin + length * HOUR + rng.randrange(60)))
    return _apart(sorted(found))


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for begin, end in spans:
        if not kept or begin > kept[-1][1] + HOUR:
            kept.append((begin, end))
    return kept


def _crashes(rng: random.Random, period: Period) -> list[int]:
    """Moments after which the next thing that is sent ends the program."""
    days = rng.sample(range(1, period.days), 6)
    return sorted(
        local_minute(period.first + timedelta(days=day), rng.randrange(24 * HOUR), period.zone)
        for day in days
    )
