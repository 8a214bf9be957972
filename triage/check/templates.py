"""Whether the templates of briefs and digests and the suggested answers can be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from triage.check.agreement import tags_without_response
from triage.check.problem import Problem, from_config_error
from triage.digest.letter import check_templates
from triage.errors import ConfigError
from triage.messages import Address
from triage.rendering import Renderer
from triage.resources import resource
from triage.response_files import EXAMPLE_VALUES
from triage.response_rules import slips
from triage.responses import ResponseLibrary
from triage.tables import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from triage.config import Config
    from triage.responses import Response


def template_problems(
    config: Config, tags: Collection[str], kinds: Collection[str] = ()
) -> Iterator[Problem]:
    """Templates that cannot be filled in, tags without an answer, and what own answers say.

    `kinds` are the policy's kinds of issue; none: it tells none apart.
    """
    own = [config.templates / "responses"] if config.templates else []
    library = ResponseLibrary(())
    try:
        library = ResponseLibrary.load(*own, resource("templates") / "responses")
    except ConfigError as error:
        yield from from_config_error(error, "templates", Path("responses"))
    else:
        yield from tags_without_response(library.tags(), tags)
        names = {path.stem for folder in own for path in folder.glob("*.md")}
        for response in library.responses:
            if response.id in names:
                yield from _own_response(response, kinds)
    try:
        Renderer(
            firm=config.firm,
            sender=Address(address=config.outgoing.sender, name=config.outgoing.sender_name),
            templates=config.templates,
            responses=library,
        )
    except ConfigError as error:
        yield from from_config_error(error, "templates", Path("templates"))
    try:
        check_templates(config.templates)
    except ConfigError as error:
        yield from from_config_error(error, "templates", Path("templates"))


def _own_response(response: Response, kinds: Collection[str]) -> Iterator[Problem]:
    """What is odd about a firm's own suggested text, though it can be used."""
    where = f"responses/{response.id}.md"
    if kinds and response.kind and response.kind not in kinds:
        yield Problem(
            severity="warning",
            area="templates",
            where=where,
            what=f'is for the kind "{response.kind}", which the policy does not know',
            advice=did_you_mean(response.kind, kinds),
        )
    said = f"{response.fill(EXAMPLE_VALUES)}\n{response.fill_short(EXAMPLE_VALUES)}"
    for slip in dict.fromkeys(slips(said, for_client="client" in response.roles)):
        yield Problem(
            severity="warning",
            area="templates",
            where=where,
            what=f'{slip.what} ("{slip.words}")',
            advice=slip.instead,
        )
