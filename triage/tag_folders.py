"""Which folder of a mailbox means which tag. Pure.

Rule: a folder's name is a list of levels; what stands between them is the server's own business.
The empty tag stands for mail without any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.config import ImapAccount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from triage.config import Account, Config, TagFolders

Levels = tuple[str, ...]
NO_TAG = ""
NONE = "none"  # what people call it, in settings and commands


def folder_levels(settings: TagFolders, tags: Iterable[str]) -> dict[str, Levels]:
    """The levels of each tag's folder, in the order of `tags`; that of no tag comes last."""
    return {
        tag: _levels(f"{settings.root}/{_name(settings.names, tag)}") for tag in (*tags, NO_TAG)
    }


def tag_folder_problems(config: Config, tags: Sequence[str]) -> list[tuple[str, str]]:
    """What in the names cannot be meant, as (place in `triage.toml`, sentence)."""
    return [
        (f"accounts[{number}].tag_folders", problem)
        for number, account in enumerate(config.accounts, start=1)
        if account.tag_folders
        for problem in [
            *_name_problems(account.tag_folders, tags),
            *_watched_problems(account, account.tag_folders, tags),
        ]
    ]


def _name_problems(settings: TagFolders, tags: Iterable[str]) -> list[str]:
    """A tag that does not exist, two tags with one folder."""
    known = [*tags]
    problems = [
        f'names.{tag}: there is no tag "{tag}"; it can be {", ".join([*known, NONE])}'
        for tag in settings.names
        if tag not in (*known, NONE)
    ]
    owners: dict[Levels, str] = {}
    for tag, levels in folder_levels(settings, known).items():
        key = tuple(level.casefold() for level in levels)
        if key in owners:
            both = f"{owners[key]} and {tag or NONE}"
            problems.append(f"names: {both} have the same folder; give each its own")
        owners[key] = tag or NONE
    return problems


def _watched_problems(account: Account, settings: TagFolders, tags: Sequence[str]) -> list[str]:
    """Mail in a watched folder is triaged, so it cannot mean a tag as well."""
    watched = account.folders if isinstance(account, ImapAccount) else ()
    plain = {folder.replace(".", "/").removeprefix("INBOX/").casefold() for folder in watched}
    return [
        f"root: {shown(levels)} is watched for new mail too; take it out of folders"
        for levels in folder_levels(settings, tags).values()
        if shown(levels).casefold() in plain
    ]


def shown(levels: Levels) -> str:
    """A folder as people write it."""
    return "/".join(levels)


def _name(names: Mapping[str, str], tag: str) -> str:
    given = names.get(tag or NONE)
    return given or (tag or NONE).replace("_", " ").capitalize()


def _levels(path: str) -> Levels:
    return tuple(level for part in path.split("/") if (level := part.strip()))
