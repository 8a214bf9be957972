"""`triage check`: everything that is wrong, at once, each with what to do.

Rules: one mistake never hides another where they do not depend on each other; nothing is sent or
changed anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifiers.api import ClassifierError
from triage.app import Settings
from triage.check.agreement import (
    firm_problems,
    people_problems,
    reminder_problems,
    tags_without_route,
    word_problems,
)
from triage.check.disk import disk_problems
from triage.check.model import model_tags, models_place
from triage.check.own import own_problems
from triage.check.policy_lint import policy_findings
from triage.check.problem import Problem, from_config_error, in_file
from triage.check.servers import SERVER_TIMEOUT_S, Job, run_jobs, secret_jobs, server_jobs
from triage.check.settings import unusual_settings
from triage.check.tag_folders import folder_jobs, name_problems
from triage.check.templates import template_problems
from triage.config_file import load_config
from triage.errors import ConfigError
from triage.policy_file import load_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from triage.config import Config
    from triage.policy import Policy

    ReadTags = Callable[[Config], tuple[str, ...]]

__all__ = ["Problem", "check_all"]


def check_all(
    config_path: Path,
    *,
    today: date,
    offline: bool = False,
    timeout_s: float = SERVER_TIMEOUT_S,
    read_tags: ReadTags = model_tags,
    asking: Callable[[], None] = lambda: None,
) -> list[Problem]:
    """Everything that is wrong with a set-up; empty when all is well.

    Args:
        config_path: `triage.toml`; everything else is found through it.
        today: to tell a `since` that has not come yet.
        offline: leave the servers alone; passwords are looked up all the same.
        timeout_s: for each server, all of them side by side.
        read_tags: the tags of the model in use, once its digest proved right.
        asking: called once before the servers are asked, which may take a while.
    """
    try:
        config = load_config(config_path)
    except ConfigError as error:
        # The policy is most likely beside it, and its mistakes may as well be told now.
        beside = config_path.expanduser().absolute().with_name("policy.toml")
        _, of_policy = _policy(beside) if beside.exists() else (None, [])
        return [
            *from_config_error(error, "config", config_path.expanduser().absolute()),
            *of_policy,
        ]
    jobs = list(secret_jobs(config) if offline else _server_jobs(config))
    of_files = list(_files(config, today, read_tags))
    if not offline:
        asking()
    return [*of_files, *run_jobs(jobs, timeout_s)]


def _server_jobs(config: Config) -> Iterator[Job[Problem]]:
    yield from server_jobs(config)
    policy, _ = _policy(config.policy)
    if policy:
        yield from folder_jobs(Settings(config=config, policy=policy))


def _files(config: Config, today: date, read_tags: ReadTags) -> Iterator[Problem]:
    """Everything that can be seen without asking a server."""
    settings = config.path.name
    yield from in_file(settings, unusual_settings(config, today))
    yield from in_file(settings, firm_problems(config.firm))
    policy, problems = _policy(config.policy)
    yield from problems
    if policy:
        yield from in_file(config.policy.name, people_problems(config, policy))
        yield from in_file(config.policy.name, word_problems(policy))
        yield from in_file(config.policy.name, policy_findings(policy, today))
        yield from in_file(settings, reminder_problems(config, policy))
        yield from in_file(settings, name_problems(config, policy))
    yield from _tags(config, policy, read_tags)
    yield from own_problems(config, policy, today, read_tags)
    yield from disk_problems(config)


def _policy(path: Path) -> tuple[Policy | None, list[Problem]]:
    try:
        return load_policy(path), []
    except ConfigError as error:
        return None, from_config_error(error, "policy", path)


def _tags(
    config: Config,
    policy: Policy | None,
    read_tags: ReadTags,
) -> Iterator[Problem]:
    """Model, policy and responses must speak of the same tags."""
    tags: tuple[str, ...] = tuple(policy.routes) if policy else ()
    try:
        tags = read_tags(config)
    except ClassifierError as error:
        where = models_place(config)
        yield Problem(severity="error", area="model", where=where, what=str(error))
    else:
        if policy:
            yield from in_file(config.policy.name, tags_without_route(tags, policy))
    yield from template_problems(config, tags, tuple(policy.kinds) if policy else ())
