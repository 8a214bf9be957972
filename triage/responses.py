"""Suggested answers: one Markdown file a situation, chosen by counting words.

Rules: a file says for which tag and situation it is and which words call for it; mail text is
only ever a value in it, never template source. The choice can be read off the file: every cue
found in the mail counts as many points as it has words, a weighty situation may add a few, the
most points win, and where nothing is found the tag's default is taken. A situation that overrides
goes before the others of its tag as soon as one cue is found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from triage.errors import ConfigError
from triage.phrases import find, normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from jinja2 import Template

ROLES = ("client", "staff")
REQUIRED = ("tag", "situation", "title")
OPTIONAL = ("cues", "roles", "when_not", "priority", "overrides", "default")
PRIORITIES = ("0", "1", "2", "3", "4", "5")
TEXT_LIMIT = 20_000  # characters of a mail that are searched for cues

# What a body may use, with examples; a file that uses anything else is refused at start.
EXAMPLE_VALUES = {
    "greeting": "Hi Dana,",
    "first_name": "Dana",
    "name": "Dana Reyes",
    "client": "Northwind",
    "subject": "Staging login",
    "mail": 'your mail of 2 March about "Staging login"',
    "quote": "Nobody on our side can log in.",
    "colleague": "Sam",
    "firm": "Radial",
    "signer": "Ben West",
}

# An answer is plain text for a mail: escaping here would put "&amp;" into it. The HTML brief
# escapes the finished answer.
_ENVIRONMENT = ImmutableSandboxedEnvironment(
    autoescape=False,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One suggested answer.

    Attributes:
        cues: words or phrases that speak for it; a trailing * stands for any ending.
        roles: whom it is written to: `client`, `staff` or both.
        when_not: phrases that rule it out.
        priority: points added once any cue is found, for situations that weigh more.
        overrides: goes before others of the tag, however many points they have.
        default: taken where no cue of any response for the tag and role is found.
    """

    tag: str
    situation: str
    title: str
    template: Template
    cues: tuple[str, ...] = ()
    roles: tuple[str, ...] = ("client",)
    when_not: tuple[str, ...] = ()
    priority: int = 0
    overrides: bool = False
    default: bool = False

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
        """Write the answer with the person's name and facts (the keys of EXAMPLE_VALUES)."""
        return re.sub(r"\n{3,}", "\n\n", self.template.render(values)).strip()


class ResponseLibrary:
    """All suggested answers. An own file takes the place of the shipped one of the same name."""

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
            read = (_read(path, problems) for path in sorted(folder.glob("*.md")))
            own = [response for response in read if response]
            problems += _doubled_defaults(own)
            found = found | {r.id: r for r in own if r.id not in found}
        if problems:
            raise ConfigError(problems)
        return cls(tuple(found.values()))

    def tags(self) -> frozenset[str]:
        """Tags that have at least one response."""
        return frozenset(response.tag for response in self.responses)

    def choose(self, tags: Sequence[str], text: str, *, subject: str, role: str) -> Response | None:
        """Return the answer for the first of `tags` that has one for this role.

        Args:
            tags: most urgent first.
            text: what the person wrote.
            subject: of their mail; counts like the text.
            role: `client` or `staff`, of the person who will read the answer.
        """
        normal = normalise(f"{subject}\n{text[:TEXT_LIMIT]}")
        chosen = (self._best(tag, normal, role) for tag in tags)
        return next((response for response in chosen if response), None)

    def _best(self, tag: str, text: str, role: str) -> Response | None:
        fitting = [r for r in self.responses if r.tag == tag and role in r.roles]
        scored = [(r.points(text), r) for r in fitting]
        usable = [(n, r) for n, r in scored if n > 0 or (n == 0 and r.default)]
        # max() keeps the first of equals, so own files go before shipped ones.
        best = max(
            usable, key=lambda e: (e[1].overrides and e[0] > 0, e[0], e[1].default), default=None
        )
        return best[1] if best else None


def _read(path: Path, problems: list[str]) -> Response | None:
    """Read one file; add to `problems` what is wrong with it and return None then."""
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path}: cannot be read ({error}); save it as UTF-8 text")
        return None
    fields, body, wrong = _split(source)
    wrong += _field_problems(fields, path)
    template, unusable = _compile(body)
    wrong += unusable
    problems.extend(f"{path}: {problem}" for problem in wrong)
    if wrong or template is None:
        return None
    return Response(
        tag=fields["tag"],
        situation=fields["situation"],
        title=fields["title"],
        template=template,
        cues=_phrases(fields.get("cues", "")),
        roles=_phrases(fields.get("roles", "client")),
        when_not=_phrases(fields.get("when_not", "")),
        priority=int(fields.get("priority", "0")),
        overrides=fields.get("overrides", "false") == "true",
        default=fields.get("default", "false") == "true",
    )


def _split(source: str) -> tuple[dict[str, str], str, list[str]]:
    """Split a file into its `key: value` lines between two `---` lines, and its body."""
    match = re.match(r"---\n(.*?)\n---\n(.*)", source.replace("\r\n", "\n"), re.DOTALL)
    if match is None:
        return {}, source, ["must begin with front matter between two lines of ---"]
    fields: dict[str, str] = {}
    wrong = []
    for line in match.group(1).splitlines():
        key, colon, value = line.partition(":")
        if not colon:
            wrong.append(f"front matter line {line!r} is not `key: value`")
        fields[key.strip()] = value.strip()
    return fields, match.group(2), wrong


def _field_problems(fields: Mapping[str, str], path: Path) -> list[str]:
    return list(_each_field_problem(fields, path)) if fields else []


def _each_field_problem(fields: Mapping[str, str], path: Path) -> Iterator[str]:
    for key in REQUIRED:
        if not fields.get(key):
            yield f"front matter needs `{key}: ...`"
    for key in fields.keys() - {*REQUIRED, *OPTIONAL}:
        known = ", ".join(REQUIRED + OPTIONAL)
        yield f"front matter has the unknown key {key!r}; known are {known}"
    if fields.get("tag") and fields.get("situation"):
        yield from _name_problems(fields["tag"], fields["situation"], path)
    for role in _phrases(fields.get("roles", "client")):
        if role not in ROLES:
            yield f"role {role!r} is unknown; use {' or '.join(ROLES)}"
    if fields.get("priority", "0") not in PRIORITIES:
        yield "`priority` must be a whole number from 0 to 5"
    for key in ("overrides", "default"):
        if fields.get(key, "false") not in ("true", "false"):
            yield f"`{key}` must be true or false"


def _name_problems(tag: str, situation: str, path: Path) -> Iterator[str]:
    """A head that disagrees with the file's name, as that of a copied file does."""
    wanted = f"{tag}-{situation}.md"
    if path.name == wanted:
        return
    new_tag, dash, new_situation = path.stem.partition("-")
    lines = f"write tag: {new_tag} and situation: {new_situation}, or " if dash else ""
    yield f"its head says tag {tag}, situation {situation}; {lines}rename it to {wanted}"


def _compile(body: str) -> tuple[Template | None, list[str]]:
    """Compile a body and try it with example values, so that a mistake shows at start."""
    try:
        template = _ENVIRONMENT.from_string(body)
        text = template.render(EXAMPLE_VALUES)
    except (TemplateError, TypeError, ArithmeticError, ValueError) as error:
        known = ", ".join(EXAMPLE_VALUES)
        return None, [f"body cannot be filled in: {error} (a body may use: {known})"]
    return template, [] if text.strip() else ["body is empty; write the answer below the ---"]


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(normalise(part) for part in text.split(",") if part.strip())


def _doubled_defaults(responses: Iterable[Response]) -> list[str]:
    """Within one folder, two defaults for the same tag and role are a mistake."""
    seen: dict[tuple[str, str], Response] = {}
    problems = []
    for response in responses:
        for role in response.roles if response.default else ():
            first = seen.setdefault((response.tag, role), response)
            if first is not response:
                problems.append(
                    f"{response.id}.md and {first.id}.md are both the default for tag "
                    f"{response.tag!r} and role {role!r}; let one say `default: false`"
                )
    return problems
