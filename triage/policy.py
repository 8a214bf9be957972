"""`policy.toml` as frozen values: people, routes per tag, levels, hours, clauses, urgency.

The written escalation policy lives here in a form that people can read and argue with. Which
tags exist is agreed between this file and the model's card; no tag is named in code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date  # noqa: TC003 - the loader reads these annotations at run time
from typing import TYPE_CHECKING, Literal

from triage.addresses import mailbox_key
from triage.messages import Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping

MANAGEMENT = "management"  # the role whose people are all of management
DAY_S = 86400

Span = tuple[int, int]  # seconds since midnight, from and to
Digesting = Literal["daily", "weekly", "both", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Days on which somebody is away, the last one included.

    `deputy` stands in for this absence, where it is not the usual one.
    """

    first: date
    last: date
    deputy: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be told. `id` is the key of their table in the file.

    `deputy` is the id of who hears in their place while they are away; `digest`: which digests they
    get, None: as `Digests` has it; `daily`: so many briefs a day, None: as `Volume` has it.
    """

    id: str
    name: str
    address: str
    role: str = ""
    deputy: str = ""
    absent: tuple[Absence, ...] = ()
    digest: Digesting | None = None
    daily: int | None = None

    @property
    def mailbox(self) -> str:
        """Their mailbox, however its address is written; see `mailbox_key`."""
        return mailbox_key(self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """Words in the new text that make a tag more urgent, matched as whole words, any case."""

    when: tuple[str, ...]
    to: Urgency
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where one tag leads.

    Attributes:
        to: ids of people, in order of preference.
        need: `all` of them hear, or `any` one (taking turns).
        clause: the written policy's own words.
        next_step: what the reader should do first.
        acknowledge_within_s: the window for an answer, in seconds of working time (of the clock
            where the policy has no hours); None: nobody is reminded, and no level follows.
        raises: what makes it more urgent than `urgency`.
        words: further words for the tag in managers' answers ("not sales"); the first is shown.
        levels: ids of the levels that follow when nobody answers; None: all of the policy.
        remind_after_s: when the reminder goes out, in the same seconds; None: after three quarters
            of the window, or at its end where no level follows.
        update_within_s: how long a client may wait for word from us, in the same seconds; 0: they
            may, None: as long as `Policy` says.
        resolution: what the policy recommends to make it good; empty where it recommends nothing,
            and `no_resolution` then says why.
        deliver: how people hear: by a brief, or in their digest while it is not urgent.
    """

    tag: str
    title: str
    to: tuple[str, ...]
    clause: str
    next_step: str
    need: Literal["all", "any"] = "all"
    urgency: Urgency = Urgency.NORMAL
    acknowledge_within_s: int | None = None
    raises: tuple[Raise, ...] = ()
    words: tuple[str, ...] = ()
    levels: tuple[str, ...] | None = None
    remind_after_s: int | None = None
    update_within_s: int | None = None
    resolution: str = ""
    no_resolution: str = ""
    deliver: Literal["brief", "digest"] = "brief"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Who hears when nobody has answered in time.

    Attributes:
        id: key of its table in the file; the levels follow one another in the file's order.
        to: ids of people.
        next: with them, whoever comes next in the route's own list and has not heard.
        within_s: the window for an answer, until the level after it; None: as in the route.
        clause: the written policy's own words.
    """

    id: str
    title: str
    to: tuple[str, ...] = ()
    next: bool = False
    within_s: int | None = None
    clause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A rule by which a grave case goes to a later level at once. All it names must hold.

    Attributes:
        to: id of the level whose people hear with the first brief; those before it are passed over.
        urgency: at least so urgent.
        tags: at least so many tags in the case.
        of: only with one of these tags or kinds; empty: any.
        because: the reason in a sentence, for the brief.
    """

    to: str
    urgency: Urgency = Urgency.LOW
    tags: int = 1
    of: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When people work, in local time.

    Attributes:
        work: from and to, on each working day.
        lunch: a break within it; None: none.
        days: working days, Monday is 0.
        timezone: by name; empty: the firm's, see `triage.toml`.
        holidays: codes of countries or their regions, such as `DE-BE`.
        closed: further days on which nobody works.
    """

    work: Span
    lunch: Span | None = None
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    timezone: str = ""
    holidays: tuple[str, ...] = ()
    closed: tuple[date, ...] = ()

    @property
    def spans(self) -> tuple[Span, ...]:
        """The working time of a day, without lunch."""
        if self.lunch is None:
            return (self.work,)
        return ((self.work[0], self.lunch[0]), (self.lunch[1], self.work[1]))

    @property
    def day_s(self) -> int:
        """How much working time a day has, in seconds."""
        return sum(end - start for start, end in self.spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """Who gets a digest of the cases, and when: on working days, the weekly one on the first.

    Attributes:
        at_s: seconds since midnight; None: when work begins.
        management, others: what people get who do not say themselves.
    """

    at_s: int | None = None
    management: Digesting = "weekly"
    others: Digesting = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """How many briefs a person gets, and what waits for their digest instead.

    Attributes:
        daily: so many a day; what comes beyond it and can wait does; 0: as many as there are.
        digest_below: what is less urgent waits; None: nothing waits for that reason.
    """

    daily: int = 0
    digest_below: Urgency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Storms:
    """When many mails of one matter make one case.

    Attributes:
        mails: so many are told one by one, those after them join the case; 0: each is told.
        within_s: how close they must come upon one another, in seconds by the clock.
    """

    mails: int = 3
    within_s: int = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """What counts as the same matter again, and how often one comes up before a change is due.

    Attributes:
        same_within_s: so long the same words of the same person are the same matter; by the clock.
        within_s: cases of so long count, in seconds by the clock.
        client, kind: so many cases of one client, or of one kind of issue, suggest a change; 0:
            that is not looked at.
        welcome: tags and kinds of issue that may come as often as they like; None: those that
            ship with the program as such.
    """

    same_within_s: int = 5 * DAY_S
    within_s: int = 60 * DAY_S
    client: int = 4
    kind: int = 6
    welcome: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of issue beneath a tag, such as "HR" beneath blocked work.

    Attributes:
        id: key of its table in the file.
        routes: by tag, where a mail with that tag and of this kind leads: the tag's own route with
            what the kind says otherwise. Its keys are the tags that the kind refines.
        words: what people call it when they answer a brief; the first is shown.
        roles: who writes such mail, `client` or `staff`; empty: anybody.
        situations: described examples; a mail is of the kind whose examples it is nearest to.
        cues: words and phrases that speak for it; a trailing * stands for any ending.
        spares_named: people of the policy who are named in the mail are not told, unless a
            person who was told says so.
    """

    id: str
    title: str
    routes: dict[str, Route]
    words: tuple[str, ...] = ()
    roles: tuple[Literal["client", "staff"], ...] = ()
    situations: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    spares_named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole policy.

    Attributes:
        version: as the file says, or made of `digest` where it says nothing.
        fallback: hears of mail that could not be read.
        roles: ids of people by what they do, such as all of `management`.
        levels: who hears when nobody answers, in this order.
        skips: when levels are passed over.
        hours: working time; None: windows are counted by the clock, day and night.
        update_within_s: how long a client may wait for word from us, in seconds of working time,
            where their route does not say; 0: nobody is reminded of that.
        storms: when many mails make one case; None: each is told.
        repeats: what is the same matter again, and when that suggests a change in how we work.
        volume: how many briefs people get.
        digest: names what the file says, whatever its version; empty for a policy without a file.
    """

    version: str
    people: dict[str, Person]
    routes: dict[str, Route]
    fallback: str
    kinds: dict[str, Kind] = field(default_factory=dict)
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    levels: dict[str, Level] = field(default_factory=dict)
    skips: tuple[Skip, ...] = ()
    hours: Hours | None = None
    update_within_s: int = 0
    digests: Digests = field(default_factory=Digests)
    storms: Storms | None = None
    repeats: Repeats = field(default_factory=Repeats)
    volume: Volume = field(default_factory=Volume)
    digest: str = ""

    @property
    def stamp(self) -> str:
        """What is kept with each decision: the version, and what the file really said."""
        told = not self.digest or self.version.startswith(self.digest)
        return self.version if told else f"{self.version} ({self.digest})"

    @property
    def management(self) -> tuple[str, ...]:
        """Ids of all of management; empty where the policy does not say who that is."""
        return self.roles.get(MANAGEMENT, ())

    def route_of(self, tag: str, kind: str = "") -> Route | None:
        """Where a tag leads; as its kind says, where the policy knows that kind for it.

        `kind` names the kinds of a mail, see `kinds_key`.
        """
        refined = self.kind_of(tag, kind)
        return refined.routes[tag] if refined else self.routes.get(tag)

    def kind_of(self, tag: str, kind: str) -> Kind | None:
        """The kind beneath a tag, of those that `kind` names."""
        for each in kind.split():
            of, _, name = each.rpartition(":")
            found = self.kinds.get(name)
            if found and of in ("", tag) and tag in found.routes:
                return found
        return None


def kinds_key(kinds: Mapping[str, str]) -> str:
    """The kinds of a mail, by tag, in one word each: `blocker:hr scope_mismatch:goals`.

    A kind alone (`hr`) stands for itself beneath every tag that it refines.
    """
    return " ".join(f"{tag}:{kind}" for tag, kind in sorted(kinds.items()) if kind)


def kind_ids(kind: str) -> frozenset[str]:
    """The kinds that such a word or words name."""
    return frozenset(each.rpartition(":")[2] for each in kind.split())
