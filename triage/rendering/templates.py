"""Templates from folders, own ones first.

Rule: a template never comes from a mail; mail text is only ever a value, cleaned before and
escaped in HTML here. An undefined name is an error, found when the templates are loaded.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from triage.errors import ConfigError
from triage.summary.people import name_and_address
from triage.summary.wording import leading, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from jinja2 import Environment

WIDTH = 72
BRIEF = ("brief.txt", "brief.html")
CONFIRMATION = "confirmation.txt"


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html")


def wrapped(text: str, prefix: str = "", first: str | None = None) -> str:
    """Break lines at 72 columns, never inside a word; a filter for text templates."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=prefix if first is None else first,
        subsequent_indent=prefix,
        break_long_words=False,
        break_on_hyphens=False,
    )


class SharedWordsLoader(FileSystemLoader):
    """Hands out `words.jinja` under two names, so that its words are escaped in HTML only.

    A macro is compiled with the escaping its own file asks for, whoever calls it.
    """

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Read a template; `words.html` and `words.txt` both lie in `words.jinja`."""
        shared = template in {"words.html", "words.txt"}
        return super().get_source(environment, "words.jinja" if shared else template)


def environment(folders: Sequence[Path]) -> ImmutableSandboxedEnvironment:
    """Return an environment that finds `brief.txt` and `brief.html` in these folders, in order."""
    env = ImmutableSandboxedEnvironment(
        loader=SharedWordsLoader([str(folder) for folder in folders]),
        autoescape=_is_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    env.filters["wrapped"] = wrapped
    env.filters["listed"] = listed
    env.filters["leading"] = leading
    env.filters["person"] = name_and_address
    return env


def check(env: ImmutableSandboxedEnvironment) -> None:
    """Compile every template. Raises ConfigError with all problems."""
    problems = [problem for name in (*BRIEF, CONFIRMATION) if (problem := _problem(env, name))]
    if problems:
        raise ConfigError(problems)


def _problem(env: ImmutableSandboxedEnvironment, name: str) -> str:
    try:
        env.get_template(name)
    except (TemplateError, UnicodeDecodeError) as error:
        return f"templates/summary/{name}: {error}; mend it or take the file away"
    return ""


def render(env: ImmutableSandboxedEnvironment, values: Mapping[str, object]) -> tuple[str, str]:
    """Return the brief as (text, HTML)."""
    text, html = (env.get_template(name).render(values) for name in BRIEF)
    return text, html


def render_confirmation(env: ImmutableSandboxedEnvironment, values: Mapping[str, object]) -> str:
    """Return the answer to somebody who answered a brief."""
    return env.get_template(CONFIRMATION).render(values)
