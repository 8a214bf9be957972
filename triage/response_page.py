"""All suggested texts on one page, filled in with a sample mail: to be read, argued with, improved.

Rules: the page loads nothing and runs nothing; what a firm's own files say is escaped like
everything else; each text stands as it would in a brief, gaps marked.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from triage.messages import Address
from triage.resources import resource
from triage.response_files import ANY_TAG, EXAMPLE_VALUES
from triage.response_rules import slips
from triage.summary.greeting import greeting, short_greeting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from triage.response_rules import Slip
    from triage.responses import Response

TEMPLATE, STYLE = "responses.html.j2", "responses.css"
GAP = re.compile(r"(\[[^\[\]\n]{1,60}\])")
USES = {
    "answer": "Answers",
    "holding": "Keeping people informed",
    "late": "Keeping people informed",
    "tracker": "For the tracker",
}
CLIENT = Address(address="dana@northwind.example", name="Dana Reyes")
STAFF = Address(address="sam@radial.example", name="Sam Okafor")
# Mails by file, kind and tag, so that each text reads as the real thing would.
SAMPLES: Mapping[str, tuple[str, str]] = {
    "blocker-hr-conduct": ("In confidence", "A teammate keeps making remarks about how I look."),
    "scope_mismatch-client-pressure": (
        "Date on the certificate",
        "Please date the certificate to the 30th of last month.",
    ),
    "scope_mismatch-pressure": (
        "Their certificate",
        "They asked me to put an earlier date on the certificate.",
    ),
    "dissatisfaction-staff-person": (
        "Northwind call",
        "Northwind asked me to take a colleague off the project.",
    ),
    "dissatisfaction-person": ("Yesterday's meeting", "Your consultant was rude to my team."),
    "dissatisfaction-money-back": ("October report", "We would like our money back."),
    "scope_mismatch-price": ("Invoice 2291", "You have billed 62 hours; the estimate says 45."),
    "hr": ("My payslip", "The overtime of September is missing on my payslip."),
    "equipment": ("Laptop", "My laptop died this morning and there is no spare one."),
    "process": ("Whom to ask", "I do not know whom to ask about this."),
    "goals": ("Northwind", "I cannot say what we want to achieve at Northwind."),
    "introduction": ("A contact for you", "I would like to introduce you to Helen Marsh."),
    "takeaway": ("Results", "Since the launch our abandoned carts are down by 22 percent."),
    "upsell": ("Second phase", "We would like to talk about a second phase."),
    "dissatisfaction": ("October report", "The October report is full of mistakes."),
    "scope_mismatch": ("Languages", "We took it that the site would come in French as well."),
    "blocker": ("Staging login", "Nobody on our side can log in since Monday."),
    ANY_TAG: ("Staging login", "Nobody on our side can log in since Monday."),
}

Pieces = tuple[tuple[str, bool], ...]  # text, and whether it is a gap to fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One text as the page shows it.

    Attributes:
        reader: `a client` or `a colleague`, or both.
        own: whether it is the firm's own file.
        long, short: the two versions in paragraphs; `short` may be empty.
        slips: what it should not say.
    """

    id: str
    title: str
    kind: str
    use: str
    reader: str
    not_for: str
    note: str
    cues: tuple[str, ...]
    default: str
    own: bool
    text: str
    short_text: str
    slips: tuple[Slip, ...]

    @property
    def long(self) -> tuple[Pieces, ...]:
        """The professional version."""
        return _paragraphs(self.text)

    @property
    def short(self) -> tuple[Pieces, ...]:
        """The short version."""
        return _paragraphs(self.short_text)

    @property
    def words(self) -> int:
        """How many words the professional version has."""
        return len(self.text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Texts that belong together: a heading, and the cards below it."""

    title: str
    anchor: str
    cards: tuple[Card, ...]


def cards(responses: Sequence[Response], own: Collection[str] = ()) -> list[Card]:
    """Every text, filled in; `own` are the names of the firm's own files."""
    return [_card(response, own=response.id in own) for response in responses]


def groups(shown: Sequence[Card], kinds: Mapping[str, str]) -> list[Group]:
    """The cards by kind of issue, then what keeps people informed. `kinds` gives their titles."""
    found: dict[str, list[Card]] = {}
    for card in shown:
        heading = card.kind if card.use == "answer" else USES[card.use]
        found.setdefault(heading, []).append(card)
    order = [*kinds, *(key for key in found if key not in kinds and key not in USES.values())]
    order += [key for key in dict.fromkeys(USES.values()) if key in found]
    return [
        Group(
            title=kinds.get(key) or (key.replace("_", " ").capitalize() if key else "Any kind"),
            anchor=f"g{number}",
            cards=tuple(found[key]),
        )
        for number, key in enumerate(dict.fromkeys(order))
        if key in found
    ]


def page(found: Sequence[Group], *, firm: str) -> str:
    """The whole page."""
    folder = resource("templates") / "preview"
    style = (folder / STYLE).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    env = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([str(folder)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    every = [card for group in found for card in group.cards]
    return env.get_template(TEMPLATE).render(
        groups=found,
        firm=firm,
        answers=sum(card.use == "answer" for card in every),
        further=sum(card.use != "answer" for card in every),
        own=sum(card.own for card in every),
        slips=[(card, slip) for card in every for slip in card.slips],
        style=style,
        style_hash=f"sha256-{digest}",
    )


def as_text(found: Sequence[Group]) -> str:
    """The same for a terminal."""
    return "\n".join(_group_text(group) for group in found)


def _group_text(group: Group) -> str:
    lines = [f"== {group.title} ==", ""]
    for card in group.cards:
        lines += [f"{card.title}  ({card.id}.md, to {card.reader})"]
        lines += [f"Does not fit if: {card.not_for}"] if card.not_for else []
        lines += [f"Note: {card.note}"] if card.note else []
        lines += [f"Beware: it {slip.what} ({slip.words!r})" for slip in card.slips]
        lines += ["", card.text, ""]
        lines += ["-- short --", card.short_text, ""] if card.short_text else []
    return "\n".join(lines)


def _card(response: Response, *, own: bool) -> Card:
    text = response.fill(_values(response, short=False))
    short = response.fill_short(_values(response, short=True))
    for_client = "client" in response.roles
    return Card(
        id=response.id,
        title=response.title,
        kind=response.kind,
        use=response.use,
        reader=" or ".join(
            {"client": "a client", "staff": "a colleague"}[r] for r in response.roles
        ),
        not_for=response.not_for,
        note=response.note,
        cues=response.cues,
        default=_default(response),
        own=own,
        text=text,
        short_text=short,
        slips=tuple(s for each in (text, short) for s in slips(each, for_client=for_client)),
    )


def _default(response: Response) -> str:
    if response.default:
        return "where no word decides"
    return "where no word decides and the kind is known" if response.kind_default else ""


def _values(response: Response, *, short: bool) -> dict[str, str]:
    staff = "client" not in response.roles
    names = (response.id, response.kind, response.tag, ANY_TAG)
    subject, quote = next(SAMPLES[name] for name in names if name in SAMPLES)
    person = STAFF if staff else CLIENT
    greet = short_greeting if short else greeting
    return {
        **EXAMPLE_VALUES,
        "greeting": greet(person, "Dana", colleague=staff, formal=response.formal),
        "first_name": person.name.split()[0],
        "name": person.name,
        "client": "" if staff else "Northwind",
        "subject": subject,
        "mail": f'your mail of 2 March about "{subject}"',
        "quote": quote,
    }


def _paragraphs(text: str) -> tuple[Pieces, ...]:
    return tuple(
        tuple((part, index % 2 == 1) for index, part in enumerate(GAP.split(each)) if part)
        for each in text.split("\n\n")
        if each
    )
