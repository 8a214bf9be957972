"""Reads the files of suggested texts: front matter, a professional version, a short one.

Rule: every mistake is told with its path and with what to write instead, all at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from triage.phrases import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from jinja2 import Template

ANY_TAG = "any"
ROLES = ("client", "staff")
USES = ("answer", "holding", "late", "tracker")
REQUIRED = ("tag", "situation", "title")
OPTIONAL = (
    "kind",
    "use",
    "roles",
    "cues",
    "when_not",
    "not_for",
    "note",
    "priority",
    "overrides",
    "default",
    "formal",
)
PRIORITIES = ("0", "1", "2", "3", "4", "5")
DEFAULTS = ("true", "false", "kind")
SHORT = re.compile(r"^-{3} *short *-{3} *$", re.MULTILINE | re.IGNORECASE)

# What a body may use, with examples; a file that uses anything else is refused at start.
EXAMPLE_VALUES = {
    "greeting": "Dear Dana,",
    "first_name": "Dana",
    "name": "Dana Reyes",
    "client": "Northwind",
    "subject": "Staging login",
    "mail": 'your mail of 2 March about "Staging login"',
    "day": "2 March",
    "quote": "Nobody on our side can log in.",
    "colleague": "Sam",
    "firm": "Radial",
    "signer": "Ben West",
    "holder": "Marshall Smith",
    "update_by": "[day and time]",
}

# An answer is plain text for a mail: escaping here would put "&amp;" into it. The HTML brief
# escapes the finished answer.
_ENVIRONMENT = ImmutableSandboxedEnvironment(
    autoescape=False,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

Fields = dict[str, Any]


def read_responses(folder: Path, problems: list[str]) -> list[Fields]:
    """What the files of a folder say, as fields of a `Response`; mistakes go to `problems`."""
    read = (_read(path, problems) for path in sorted(folder.glob("*.md")))
    found = [fields for fields in read if fields]
    problems += _doubled_defaults(found)
    return found


def _read(path: Path, problems: list[str]) -> Fields | None:
    """Read one file; add to `problems` what is wrong with it and return None then."""
    try:
        source = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path}: cannot be read ({error}); save it as UTF-8 text")
        return None
    head, body, wrong = _split(source)
    wrong += _head_problems(head, path)
    long, _, short = _versions(body)
    template, unusable = _compile(long)
    wrong += unusable
    brief: Template | None = None
    if SHORT.search(body):
        brief, unusable = _compile(short, "the short version")
        wrong += unusable
    problems.extend(f"{path}: {problem}" for problem in wrong)
    return None if wrong else _fields(head, template, brief)


def _fields(head: Mapping[str, str], template: Template | None, short: Template | None) -> Fields:
    default = head.get("default", "false")
    return {
        "tag": head["tag"],
        "situation": head["situation"],
        "title": head["title"],
        "template": template,
        "short": short,
        "kind": head.get("kind", ""),
        "use": head.get("use", "answer"),
        "cues": _phrases(head.get("cues", "")),
        "roles": _phrases(head.get("roles", "client")),
        "when_not": _phrases(head.get("when_not", "")),
        "not_for": head.get("not_for", ""),
        "note": head.get("note", ""),
        "priority": int(head.get("priority", "0")),
        "overrides": head.get("overrides", "false") == "true",
        "default": default == "true",
        "kind_default": default in ("true", "kind"),
        "formal": head.get("formal", "false") == "true",
    }


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


def _versions(body: str) -> tuple[str, str, str]:
    """The professional and the short version, which a line `--- short ---` parts."""
    found = SHORT.search(body)
    return (body[: found.start()], found[0], body[found.end() :]) if found else (body, "", "")


def _head_problems(head: Mapping[str, str], path: Path) -> list[str]:
    return [*_each_head_problem(head, path), *_value_problems(head)] if head else []


def _each_head_problem(head: Mapping[str, str], path: Path) -> Iterator[str]:
    for key in REQUIRED:
        if not head.get(key):
            yield f"front matter needs `{key}: ...`"
    for key in head.keys() - {*REQUIRED, *OPTIONAL}:
        known = ", ".join(REQUIRED + OPTIONAL)
        yield f"front matter has the unknown key {key!r}; known are {known}"
    if head.get("tag") and head.get("situation"):
        yield from _name_problems(head["tag"], head["situation"], path)


def _value_problems(head: Mapping[str, str]) -> Iterator[str]:
    for role in _phrases(head.get("roles", "client")):
        if role not in ROLES:
            yield f"role {role!r} is unknown; use {' or '.join(ROLES)}"
    if head.get("use", "answer") not in USES:
        yield f"`use` must be one of {', '.join(USES)}"
    if head.get("priority", "0") not in PRIORITIES:
        yield "`priority` must be a whole number from 0 to 5"
    if head.get("default", "false") not in DEFAULTS:
        yield "`default` must be true, false or kind"
    if head.get("default") == "kind" and not head.get("kind"):
        yield "`default: kind` needs a `kind: ...` for which it is the default"
    for key in ("overrides", "formal"):
        if head.get(key, "false") not in ("true", "false"):
            yield f"`{key}` must be true or false"


def _name_problems(tag: str, situation: str, path: Path) -> Iterator[str]:
    """A head that disagrees with the file's name, as that of a copied file does."""
    wanted = f"{tag}-{situation}.md"
    if path.name == wanted:
        return
    new_tag, dash, new_situation = path.stem.partition("-")
    lines = f"write tag: {new_tag} and situation: {new_situation}, or " if dash else ""
    yield f"its head says tag {tag}, situation {situation}; {lines}rename it to {wanted}"


def _compile(body: str, what: str = "body") -> tuple[Template | None, list[str]]:
    """Compile a version and try it with example values, so that a mistake shows at start."""
    try:
        template = _ENVIRONMENT.from_string(body)
        text = template.render(EXAMPLE_VALUES)
    except (TemplateError, TypeError, ArithmeticError, ValueError) as error:
        known = ", ".join(EXAMPLE_VALUES)
        return None, [f"{what} cannot be filled in: {error} (a body may use: {known})"]
    where = "the ---" if what == "body" else "the line --- short ---"
    return template, [] if text.strip() else [f"{what} is empty; write the answer below {where}"]


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(normalise(part) for part in text.split(",") if part.strip())


def _doubled_defaults(found: Iterable[Fields]) -> list[str]:
    """Within one folder, two defaults for the same tag, use, role and kind are a mistake."""
    seen: dict[tuple[str, ...], str] = {}
    problems = []
    for fields in found:
        kind = "" if fields["default"] else fields["kind"]
        name = f"{fields['tag']}-{fields['situation']}"
        for role in fields["roles"] if fields["kind_default"] else ():
            first = seen.setdefault((fields["tag"], fields["use"], role, kind), name)
            if first != name:
                problems.append(
                    f"{name}.md and {first}.md are both the default for tag "
                    f"{fields['tag']!r} and role {role!r}; let one say `default: false`"
                )
    return problems
