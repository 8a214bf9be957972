"""Folders into which people move mail to say what it is: whether they exist, and making them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from triage.app_labels import make_tag_folders
from triage.check.problem import Problem
from triage.check.servers import Job
from triage.errors import SourceError, TriageError
from triage.tag_folders import tag_folder_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.app import Settings
    from triage.config import Config
    from triage.policy import Policy
    from triage.sources.base import TagFolderReader

MAKE_THEM = "make them with `triage check --create-folders`, or write create = true there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made in one account, or why nothing could be."""

    account: str
    folders: tuple[str, ...] = ()
    problem: str = ""


def name_problems(config: Config, policy: Policy) -> Iterator[Problem]:
    """Names that cannot be meant."""
    for where, what in tag_folder_problems(config, tuple(policy.routes)):
        yield Problem(severity="error", area="agreement", where=where, what=what)


def folder_jobs(settings: Settings) -> Iterator[Job[Problem]]:
    """One job for each account with tag folders: are they there?"""
    if tag_folder_problems(settings.config, tuple(settings.policy.routes)):
        return
    for _, folders in make_tag_folders(settings):
        yield Job(where=f"{folders.account}, tag_folders", run=partial(_missing, folders))


def create_all(settings: Settings) -> Iterator[Made]:
    """Make what is missing in every account. Raises ConfigError for names that cannot be."""
    for _, folders in make_tag_folders(settings):
        try:
            folders.open()
            made = tuple(folders.create().values())
            yield Made(account=folders.account, folders=made)
        except TriageError as error:
            yield Made(account=folders.account, problem=str(error))
        finally:
            folders.close()


def _missing(folders: TagFolderReader) -> list[Problem]:
    where = f"{folders.account}, tag_folders"
    try:
        folders.open()
        missing = folders.missing()
    except SourceError:
        return []  # the same server says so for the mailbox itself
    finally:
        folders.close()
    if not missing:
        return []
    what = f"there is no folder {', '.join(missing.values())}, so nobody can move mail there"
    return [Problem(severity="warning", area="server", where=where, what=what, advice=MAKE_THEM)]
