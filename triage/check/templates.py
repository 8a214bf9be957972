"""Whether the briefs' templates and the suggested answers can be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from triage.check.agreement import tags_without_response
from triage.check.problem import from_config_error
from triage.errors import ConfigError
from triage.messages import Address
from triage.rendering import Renderer
from triage.resources import resource
from triage.responses import ResponseLibrary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from triage.check.problem import Problem
    from triage.config import Config


def template_problems(config: Config, tags: Collection[str]) -> Iterator[Problem]:
    """Templates that cannot be filled in, and tags without an answer."""
    own = [config.templates / "responses"] if config.templates else []
    library = ResponseLibrary(())
    try:
        library = ResponseLibrary.load(*own, resource("templates") / "responses")
    except ConfigError as error:
        yield from from_config_error(error, "templates", Path("responses"))
    else:
        yield from tags_without_response(library.tags(), tags)
    try:
        Renderer(
            firm=config.firm,
            sender=Address(address=config.outgoing.sender, name=config.outgoing.sender_name),
            templates=config.templates,
            responses=library,
        )
    except ConfigError as error:
        yield from from_config_error(error, "templates", Path("templates"))
