"""Suggested texts: one Markdown file a situation, chosen by kind and by counting words.

Rules: a file says for which tag, kind and situation it is and which words call for it; mail text
is only ever a value in it, never template source. The choice can be read off the file: where the
kind of issue is known, only its own texts stand for choice; every cue found in the mail counts as
many points as it has words, a weighty situation may add a few, the most points win, and where
nothing is found the default is taken. A situation that overrides goes before all others of its
tag as soon as one cue is found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from triage.errors import ConfigError
from triage.phrases import find, normalise
from triage.response_files import ANY_TAG, read_responses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jinja2 import Template

TEXT_LIMIT = 20_000  # characters of a mail that are searched for cues

Use = Literal["answer", "holding", "late", "tracker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One suggested text, in a professional and a short version.

    Attributes:
        tag: which tag it is for; `any` for all.
        kind: which kind of issue beneath the tag; empty for all.
        use: `answer` to the mail; `holding`, to say that it is with somebody; `late`, to say that
            it takes longer than promised; `tracker`, to mark the work as blocked there.
        template, short: the two versions; an own file may have no short one.
        cues: words or phrases that speak for it; a trailing * stands for any ending.
        roles: whom it is written to: `client`, `staff` or both.
        when_not: phrases that rule it out.
        not_for: when not to use it, for whoever sends it.
        note: what to mind before it is sent.
        priority: points added once any cue is found, for situations that weigh more.
        overrides: goes before others of the tag, however many points they have.
        default: taken where no cue of any text for the tag and role is found.
        kind_default: the same where its kind is known.
        formal: the person is greeted formally, whatever terms we are on.
    """

    tag: str
    situation: str
    title: str
    template: Template
    short: Template | None = None
    kind: str = ""
    use: Use = "answer"
    cues: tuple[str, ...] = ()
    roles: tuple[str, ...] = ("client",)
    when_not: tuple[str, ...] = ()
    not_for: str = ""
    note: str = ""
    priority: int = 0
    overrides: bool = False
    default: bool = False
    kind_default: bool = False
    formal: bool = False

    @property
    def id(self) -> str:
        """Name of its file without the ending."""
        return f"{self.tag}-{self.situation}"

    def points(self, text: str) -> int:
        """How strongly this normalised text calls for it; negative where it is ruled out."""
        if any(find(phrase, text) for phrase in self.when_not):
            return -1
        points = sum(len(cue.split()) for cue in self.cues if find(cue, text))
        return points + self.priority if points else 0

    def fill(self, values: Mapping[str, str]) -> str:
        """Write the professional version, with the keys of `EXAMPLE_VALUES`."""
        return _filled(self.template, values)

    def fill_short(self, values: Mapping[str, str]) -> str:
        """Write the short version; nothing where there is none."""
        return _filled(self.short, values) if self.short else ""


def _filled(template: Template, values: Mapping[str, str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", template.render(values)).strip()


class ResponseLibrary:
    """All suggested texts. An own file takes the place of the shipped one of the same name."""

    def __init__(self, responses: Sequence[Response]) -> None:
        """Keep the responses in the order in which they are to be preferred."""
        self.responses = tuple(responses)

    @classmethod
    def load(cls, *folders: Path) -> ResponseLibrary:
        """Read every `<tag>-<situation>.md` in these folders; earlier folders win.

        A folder that does not exist counts as empty.

        Raises:
            ConfigError: files that cannot be used; every mistake with its path.
        """
        problems: list[str] = []
        found: dict[str, Response] = {}
        for folder in folders:
            own = [Response(**fields) for fields in read_responses(folder, problems)]
            found = found | {r.id: r for r in own if r.id not in found}
        if problems:
            raise ConfigError(problems)
        return cls(tuple(found.values()))

    def tags(self) -> frozenset[str]:
        """Tags that have at least one answer of their own."""
        return frozenset(r.tag for r in self.responses if r.use == "answer" and r.tag != ANY_TAG)

    def choose(
        self,
        tags: Sequence[str],
        text: str,
        *,
        subject: str,
        role: str,
        kinds: Mapping[str, str] | None = None,
        use: Use = "answer",
    ) -> Response | None:
        """Return the text for the first of `tags` that has one for this role.

        Args:
            tags: most urgent first.
            text: what the person wrote.
            subject: of their mail; counts like the text.
            role: `client` or `staff`, of the person who will read it.
            kinds: the kind of issue beneath a tag, where it is known.
            use: what sort of text.
        """
        normal = normalise(f"{subject}\n{text[:TEXT_LIMIT]}")
        known = kinds or {}
        chosen = (self._for_tag(tag, known.get(tag, ""), normal, role, use) for tag in tags)
        return next((response for response in chosen if response), None)

    def _for_tag(self, tag: str, kind: str, text: str, role: str, use: Use) -> Response | None:
        """The texts of the kind first; where no answer is among them, those of the tag."""
        fitting = [
            r
            for r in self.responses
            if r.use == use and r.tag in (tag, ANY_TAG) and role in r.roles
        ]
        if kind:
            own = [r for r in fitting if r.kind in ("", kind) or r.overrides]
            best = _best(own, text, kind)
            if best or use != "answer":
                return best
        # What is for any tag is bound to its kind: it must not win by words alone.
        return _best([r for r in fitting if r.tag == tag or not r.kind], text, "")


def _best(fitting: Sequence[Response], text: str, kind: str) -> Response | None:
    def is_default(response: Response) -> bool:
        return response.default or (response.kind_default and response.kind == kind != "")

    def rank(scored: tuple[int, Response]) -> tuple[bool, int, bool, bool]:
        points, response = scored
        decisive = response.overrides and points > 0
        return decisive, points, is_default(response), response.tag != ANY_TAG

    scored = [(response.points(text), response) for response in fitting]
    usable = [(n, r) for n, r in scored if n > 0 or (n == 0 and is_default(r))]
    # max() keeps the first of equals, so own files go before shipped ones.
    best = max(usable, key=rank, default=None)
    return best[1] if best else None
