"""The page that tells what `triage demo` did: one HTML file, opened by its path, made to be read.

Rules: mail text is only ever a value and always escaped; a brief's own HTML is shown in a frame
where no script runs; the page loads nothing, from anywhere; every number on it is counted from
its rows.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from triage.messages import OUTCOMES, Urgency
from triage.resources import resource
from triage.summary.wording import clean_line, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

PAGE = "index.html"
TEMPLATE = "index.html.j2"
CHIP_COLOURS = 6  # classes t0 to t5 in the template

# Which of the four numbers an outcome counts towards; together they make up all mails in.
GROUPS = {
    "escalated": ("escalated", "unreadable"),
    "review": ("unsure",),
    "left": ("left", "joined", "acknowledged", "asked"),
    "not-triaged": ("not-triaged", "duplicate", "vanished", "learnt"),
}
GROUP_TITLES = {
    "escalated": "Escalated",
    "review": "For review",
    "left": "Left alone",
    "not-triaged": "Not triaged",
}
OUTCOME_WORDS = {
    "escalated": "escalated",
    "joined": "joined its case",
    "unsure": "for review",
    "left": "left alone",
    "not-triaged": "not triaged",
    "acknowledged": "acknowledged",
    "asked": "asked back",
    "unreadable": "could not be read",
    "duplicate": "seen before",
    "vanished": "gone before reading",
    "learnt": "learnt from a tag folder",
}
# Outcomes that hide behind a group's title, as (one, many).
FINE_PRINT = {
    "unreadable": (
        "1 could not be read and went out as it came",
        "{n} could not be read and went out as they came",
    ),
    "joined": ("1 joined a case already open", "{n} joined cases already open"),
    "acknowledged": ("1 answered a brief", "{n} answered briefs"),
    "asked": ("1 answered a brief unclearly", "{n} answered briefs unclearly"),
    "duplicate": ("1 was seen before", "{n} were seen before"),
    "vanished": ("1 was gone before it was read", "{n} were gone before they were read"),
    "learnt": ("1 was learnt from a tag folder", "{n} were learnt from tag folders"),
}

# The only script of the page: it gives each brief's frame the height of its content.
FIT_FRAMES = """
for (const frame of document.querySelectorAll("iframe")) {
  const fit = () => {
    const page = frame.contentDocument;
    if (page && page.body && frame.offsetParent) {
      frame.style.height = "0";
      frame.style.height = page.documentElement.scrollHeight + 2 + "px";
    }
  };
  frame.addEventListener("load", fit);
  frame.closest("details").addEventListener("toggle", fit);
  addEventListener("resize", fit);
  fit();
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRow:
    """One mail of the sample mailbox and what became of it, in the words a reader needs.

    Attributes:
        file: name of the original in the mailbox folder.
        sender: display name and address, or the address alone.
        action: one of `messages.OUTCOMES`.
        scores: probability in [0, 1] for each tag; empty for mail that was not classified.
        why: the reason for the action, a sentence.
        recipients: names of those who got a brief, each one of their own.
        urgency: label of an `Urgency`; empty when there is no brief.
        brief_html: the brief's own HTML page, shown in a frame.
        brief_file: the brief as .eml, relative to the page.
        client: whom the mail is about, for a card's first line.
        gist: the sentence or two of the mail that decided.
    """

    file: str
    subject: str
    sender: str
    action: str
    tags: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    why: str = ""
    case_id: int | None = None
    recipients: tuple[str, ...] = ()
    urgency: str = ""
    brief_html: str | None = None
    brief_file: str | None = None
    client: str = ""
    gist: str = ""
    received_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse an action that no number on the page counts, or an urgency nobody can rank."""
        if self.action not in OUTCOMES:
            msg = f"action is {self.action!r}; it must be one of {', '.join(OUTCOMES)}"
            raise ValueError(msg)
        labels = [level.label for level in Urgency]
        if self.urgency and self.urgency not in labels:
            msg = f"urgency is {self.urgency!r}; it must be empty or one of {', '.join(labels)}"
            raise ValueError(msg)

    @property
    def group(self) -> str:
        """Which of the four numbers this mail counts towards."""
        return next(group for group, actions in GROUPS.items() if self.action in actions)

    @property
    def outcome(self) -> str:
        """The action in words."""
        return OUTCOME_WORDS[self.action]

    @property
    def rank(self) -> int:
        """Larger is more urgent; 0 is also the rank of no urgency at all."""
        return Urgency[self.urgency.upper()].value if self.urgency else 0

    @property
    def day(self) -> str:
        """When it came, as people write it; empty if unknown."""
        when = self.received_at
        return f"{when:%a} {when.day} {when:%b, %H:%M}" if when else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMeta:
    """What the page says about the run as a whole.

    Attributes:
        firm: whose shared inbox this is.
        tags: all tags in the model's order; each keeps one colour.
        titles: a readable name for a tag; the tag itself where there is none.
        model: version of the classifier.
        duration_s: seconds from the first mail to the last brief; None: not told.
        mailbox: folder of the original mails; None: originals are not linked.
        next_steps: (command, what it does) pairs to end with.
        digest_html: the weekly digest's own HTML page, shown in a frame; empty for none.
    """

    firm: str
    tags: tuple[str, ...]
    titles: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    duration_s: float | None = None
    mailbox: Path | None = None
    next_steps: tuple[tuple[str, str], ...] = (
        ("triage init", "point it at your own inbox; it asks, and tests the login"),
        ("triage check", "verify config, policy, templates, model and both servers"),
        ("triage run --dry-run", "watch your inbox, write briefs to a folder, send nothing"),
    )
    digest_html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One of the numbers at the top, with what it includes."""

    group: str
    title: str
    number: int
    notes: tuple[str, ...]


def write_index(folder: Path, rows: Sequence[DemoRow], meta: DemoMeta) -> Path:
    """Write `index.html` into an existing folder, whole or not at all, and return its path.

    Raises OSError when the folder cannot be written to.
    """
    path = folder / PAGE
    unfinished = folder / f".{PAGE}.part"
    unfinished.write_text(render(folder, rows, meta), encoding="utf-8")
    unfinished.replace(path)
    return path


def render(folder: Path, rows: Sequence[DemoRow], meta: DemoMeta) -> str:
    """Return the page; links are relative to `folder`."""
    rows = [_clean(row) for row in rows]
    env = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(str(resource("templates") / "demo")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["listed"] = listed
    return env.get_template(TEMPLATE).render(
        meta=meta,
        rows=rows,
        tiles=tiles(rows),
        briefs=briefs(rows),
        written=sum(len(row.recipients) for row in briefs(rows)),
        recipients=listed(_names(rows)),
        mail_link={row.file: _mail_link(folder, row, meta) for row in rows},
        brief_link={row.file: _relative(row.brief_file) for row in rows},
        chip={tag: f"t{index % CHIP_COLOURS}" for index, tag in enumerate(meta.tags)},
        title={tag: meta.titles.get(tag, tag.replace("_", " ")) for tag in _all_tags(rows, meta)},
        script=FIT_FRAMES,
        script_hash=_csp_hash(FIT_FRAMES),
    )


def tiles(rows: Sequence[DemoRow]) -> list[Tile]:
    """Count each group; the numbers add up to the number of rows."""
    actions = Counter(row.action for row in rows)
    return [
        Tile(
            group=group,
            title=GROUP_TITLES[group],
            number=sum(actions[action] for action in members),
            notes=tuple(_note(action, actions[action]) for action in members if actions[action]),
        )
        for group, members in GROUPS.items()
    ]


def briefs(rows: Sequence[DemoRow]) -> list[DemoRow]:
    """Return the mails that went out, most urgent first, then as they came."""
    return sorted((row for row in rows if row.group == "escalated"), key=lambda row: -row.rank)


def gist(sentences: Sequence[str], text: str) -> str:
    """Put sentences of a text into its order, with dots where something between is left out."""
    flat = clean_line(text)
    places = sorted((flat.find(sentence), sentence) for sentence in map(clean_line, sentences))
    told, end = "", 0
    for place, sentence in places:
        follows = place >= 0 and not flat[end:place].strip()
        told += (" " if follows else " ... ") + sentence if told else sentence
        end = place + len(sentence)
    return told


def _note(action: str, number: int) -> str:
    one, many = FINE_PRINT.get(action, ("", ""))
    return one if number == 1 else many.format(n=number)


def _names(rows: Sequence[DemoRow]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.recipients))


def _all_tags(rows: Sequence[DemoRow], meta: DemoMeta) -> list[str]:
    found = [tag for row in rows for tag in (*row.tags, *row.scores)]
    return list(dict.fromkeys([*meta.tags, *found]))


def _clean(row: DemoRow) -> DemoRow:
    """Rid what comes from the mail of characters nobody sees that change what is seen."""
    return replace(
        row,
        subject=clean_line(row.subject),
        sender=clean_line(row.sender),
        why=clean_line(row.why),
        client=clean_line(row.client),
        gist=clean_line(row.gist),
    )


def _relative(name: str | None) -> str:
    """A link to a file beside the page. `./` keeps a name with a colon from being a scheme."""
    return "./" + quote(name.replace("\\", "/")) if name else ""


def _mail_link(folder: Path, row: DemoRow, meta: DemoMeta) -> str:
    if meta.mailbox is None:
        return ""
    mail = meta.mailbox.resolve() / row.file
    try:
        return _relative(os.path.relpath(mail, folder.resolve()))
    except ValueError:  # another drive
        return mail.as_uri()


def _csp_hash(script: str) -> str:
    """Name a script by its digest, so that the page may run this one and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
