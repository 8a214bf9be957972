"""Policies and models that single accounts have of their own, looked at like the usual ones."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from classifiers.api import ClassifierError
from triage.app_desks import own_desks
from triage.check.agreement import people_problems, tags_without_route, word_problems
from triage.check.disk import others_may_write
from triage.check.policy_lint import policy_findings
from triage.check.problem import Problem, from_config_error, in_file
from triage.errors import ConfigError
from triage.policy_file import load_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from triage.config import Config
    from triage.policy import Policy


def own_problems(
    config: Config,
    usual: Policy | None,
    today: date,
    read_tags: Callable[[Config], tuple[str, ...]],
) -> Iterator[Problem]:
    """What is wrong with them, each file looked at once. `usual`: the policy at the top."""
    desks = dict.fromkeys(own_desks(config).values())
    policies: dict[Path | None, Policy | None] = {None: usual}
    for path in dict.fromkeys(desk.policy for desk in desks if desk.policy):
        try:
            policies[path] = found = load_policy(path)
        except ConfigError as error:
            policies[path] = None
            yield from from_config_error(error, "policy", path)
            continue
        yield from others_may_write(path)
        yield from in_file(path.name, people_problems(config, found))
        yield from in_file(path.name, word_problems(found))
        yield from in_file(path.name, policy_findings(found, today))
    tags: dict[Path | None, tuple[str, ...]] = {}
    if any(desk.model is None for desk in desks):
        with suppress(ClassifierError):  # which is told of the usual model
            tags[None] = read_tags(config)
    for path in dict.fromkeys(desk.model for desk in desks if desk.model):
        try:
            tags[path] = _tags_of(path)
        except ClassifierError as error:
            yield Problem(severity="error", area="model", where=str(path), what=str(error))
    for desk in desks:
        policy = policies[desk.policy]
        if policy and desk.model in tags:
            name = (desk.policy or config.policy).name
            yield from in_file(name, tags_without_route(tags[desk.model], policy))


def _tags_of(path: Path) -> tuple[str, ...]:
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

    return registry.load_dir(path).tags
