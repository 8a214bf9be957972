"""Wires accounts that have a policy or a model of their own; see `triage.pipeline.desks`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.errors import ConfigError
from triage.policy_file import load_policy

if TYPE_CHECKING:
    from pathlib import Path

    from classifiers.api import Classifier
    from triage.config import Account, Config
    from triage.policy import Policy

Policies = dict["Path", "Policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a number of accounts have in common: a policy and a model; None: the usual one."""

    policy: Path | None
    model: Path | None


def desk_of(account: Account) -> Desk:
    """Which policy and model an account names."""
    return Desk(policy=account.policy, model=account.model)


def own_desks(config: Config) -> dict[str, Desk]:
    """The desks of the accounts that have something of their own, by account."""
    found = {account.name: desk_of(account) for account in config.accounts}
    return {name: desk for name, desk in found.items() if desk.policy or desk.model}


def load_policies(config: Config) -> Policies:
    """Every policy that an account names, each read once.

    Raises:
        ConfigError: every mistake of all of them.
    """
    found: Policies = {}
    problems: list[str] = []
    for path in sorted({desk.policy for desk in own_desks(config).values() if desk.policy}):
        try:
            found[path] = load_policy(path)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


def load_models(config: Config) -> dict[Path, Classifier]:
    """Every model that an account names, each loaded once.

    Raises:
        ModelError: one is missing, damaged, or was tampered with.
    """
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

    paths = {desk.model for desk in own_desks(config).values() if desk.model}
    return {path: registry.load_dir(path) for path in sorted(paths)}
