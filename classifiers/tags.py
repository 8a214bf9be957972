"""What tags mean, as data: a `tags.toml` beside the labelled examples. No tag is named in code."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classifiers.api import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

TAGS_FILE = "tags.toml"
TAG_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TagInfo:
    """A tag as people understand it. `keywords` are the mail filter that the model must beat."""

    name: str
    means: str = ""
    not_when: str = ""
    keywords: tuple[str, ...] = ()


def read_tag_infos(paths: Iterable[Path]) -> dict[str, TagInfo]:
    """Read the `tags.toml` in each folder of `paths` (for a file: beside it), in file order.

    A tag described twice keeps its first description.

    Raises:
        DataError: a file is not valid; every problem is listed with its place.
    """
    infos: dict[str, TagInfo] = {}
    problems: list[str] = []
    for file in _tag_files(paths):
        try:
            tables = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            problems.append(f"{file}: {error}")
            continue
        for name, table in tables.items():
            found = tag_problems(name, table)
            problems += [f"{file}: [{name}] {problem}" for problem in found]
            if not found:
                infos.setdefault(name, tag_info(name, table))
    if problems:
        raise DataError("The descriptions of tags cannot be used:", problems)
    return infos


def tag_problems(name: str, table: object) -> list[str]:
    """Say what is wrong with one table of `tags.toml`; empty when nothing is."""
    if not TAG_NAME.fullmatch(name):
        return ["is no tag name: use lower-case letters, digits and underscores"]
    if not isinstance(table, dict):
        return ["must be a table with `means`, `not_when` and `keywords`"]
    problems = [
        f"{key} must be text" for key in ("means", "not_when") if not _is_text(table.get(key, ""))
    ]
    keywords = table.get("keywords", [])
    if not (isinstance(keywords, list) and all(_is_text(word) for word in keywords)):
        problems.append("keywords must be a list of texts")
    return problems


def tag_info(name: str, table: Mapping[str, object]) -> TagInfo:
    """Build the value from a table in which `tag_problems` found nothing."""
    keywords = table.get("keywords", [])
    return TagInfo(
        name=name,
        means=str(table.get("means", "")),
        not_when=str(table.get("not_when", "")),
        keywords=tuple(keywords) if isinstance(keywords, list) else (),
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _tag_files(paths: Iterable[Path]) -> list[Path]:
    folders = dict.fromkeys(path if path.is_dir() else path.parent for path in paths)
    return [file for folder in folders if (file := folder / TAGS_FILE).is_file()]
