"""Reads a TOML file and collects what is wrong with it, each mistake with its place.

Rules: a mistake names its place as people see it in the file (`accounts[1].port`, lists counted
from 1, then file and line) and says what to write instead. Nothing here knows any particular file.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from triage.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

Place = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_CURLY_QUOTES = re.compile("[\u2018\u2019\u201c\u201d\u201e]")


class Mistakes:
    """Collects what is wrong with one file, and says it in the order of the file's lines."""

    def __init__(self, file_name: str, text: str) -> None:
        """Remember where each key of `text` stands."""
        self._file_name = file_name
        self._lines = key_lines(text)
        self._found: dict[tuple[Place, str], int] = {}
        self._moved: dict[Place, Place] = {}
        self._elsewhere: dict[Place, tuple[str, int]] = {}

    def add(self, place: Place, sentence: str) -> None:
        """Record one mistake; the same one twice counts once."""
        place = self._stands(place)
        self._found.setdefault((place, sentence), self._line(place))

    def stands_at(self, place: Place, really: Place) -> None:
        """What is wrong at `place` is to be mended at another place of the file."""
        self._moved[place] = really

    def stands_in(self, place: Place, file_name: str, line: int) -> None:
        """What is wrong at `place` is to be mended on this line of another file."""
        self._elsewhere[place] = (file_name, line)

    def sentences(self) -> list[str]:
        """Every mistake as `place: sentence (file, line n)`."""
        ordered = sorted(self._found.items(), key=lambda item: item[1])
        return [self._sentence(place, says, line) for (place, says), line in ordered]

    def has_within(self, place: Place) -> bool:
        """Whether a mistake was found at this place or inside it."""
        return any(found[: len(place)] == place for found, _ in self._found)

    def raise_any(self) -> None:
        """Raise ConfigError when anything was found."""
        if self._found:
            raise ConfigError(self.sentences())

    def _line(self, place: Place) -> int:
        """Line of the key, or of the nearest table around it; 0 when only the file is to blame."""
        for length in range(len(place), 0, -1):
            if place[:length] in self._lines:
                return self._lines[place[:length]]
        return 0

    def _stands(self, place: Place) -> Place:
        """Where a person finds it, by the nearest place that was said to stand elsewhere."""
        for length in range(len(place), 0, -1):
            if (found := self._moved.get(place[:length])) is not None:
                return (*found, *place[length:])
        return place

    def _sentence(self, place: Place, says: str, line: int) -> str:
        for length in range(len(place), 0, -1):
            if place[:length] in self._elsewhere:
                file_name, line = self._elsewhere[place[:length]]
                what = f"{spell(place[length:])}: " if place[length:] else ""
                return f"{what}{says} ({file_name}, line {line})"
        at = f"{self._file_name}, line {line}" if line else self._file_name
        return f"{spell(place)}: {says} ({at})"


def spell(place: Place) -> str:
    """A place as people write it: `("accounts", 0, "port")` is `accounts[1].port`."""
    out = ""
    for part in place:
        if isinstance(part, int):
            out += f"[{part + 1}]"
        else:
            key = part if _BARE_KEY.fullmatch(part) else json.dumps(part, ensure_ascii=False)
            out += f".{key}" if out else key
    return out


def read_text(path: Path, *, if_missing: str) -> str:
    """The text of a file.

    Raises:
        ConfigError: the file is missing (`if_missing` says what to do), unreadable, or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError([f"{path}: there is no such file; {if_missing}"]) from None
    except UnicodeDecodeError as error:
        says = f"byte {error.start + 1} is not UTF-8 text; save the file with the encoding UTF-8"
        raise ConfigError([f"{path}: {says}"]) from error
    except OSError as error:
        says = f"cannot be read ({error.strerror}); see that this user may read it"
        raise ConfigError([f"{path}: {says}"]) from error


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """The tables of TOML text; `path` is only for the errors.

    Raises:
        ConfigError: it is no TOML; says at which line and column, and what the cause may be.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError([f"{path}: {_syntax_hint(str(error), text)}"]) from error


def _syntax_hint(error: str, text: str) -> str:
    """What tomllib said, with line and column, and the usual cause."""
    found = re.search(r"line (\d+)", error)
    lines = text.splitlines()
    line = lines[int(found[1]) - 1] if found and int(found[1]) <= len(lines) else ""
    hint = "text stands in straight quotes, lists in [ ], and each setting on its own line"
    if _CURLY_QUOTES.search(line):
        hint = 'the quotes on this line are curly ones; write straight ones: "'
    elif "\\" in line:
        hint = "a backslash inside double quotes starts an escape; use single quotes around it"
    elif "Cannot overwrite" in error or "Cannot declare" in error:
        hint = "the same setting or table stands there twice; keep one of them"
    return f"is not valid TOML: {error}; {hint}"


def key_lines(text: str) -> dict[Place, int]:
    """The line (from 1) of every key and table header, for pointing at; best effort."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    inside_text = False
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not inside_text and stripped.startswith("["):
            table = _header(stripped, counts) or table
            _note(table, number, found)
        elif not inside_text and "=" in stripped:
            key = _key_parts(stripped.partition("=")[0])
            if key:
                _note((*table, *key), number, found)
        if (stripped.count('"""') + stripped.count("'''")) % 2:
            inside_text = not inside_text
    return found


def _note(place: Place, number: int, found: dict[Place, int]) -> None:
    """Remember where a place, and each table around it that has no line of its own, begins."""
    for depth in range(1, len(place) + 1):
        found.setdefault(place[:depth], number)


def _header(line: str, counts: dict[Place, int]) -> Place:
    """The place a table header opens; `counts` numbers the arrays of tables."""
    is_array = line.startswith("[[")
    parts = _key_parts(line.lstrip("[").partition("]")[0])
    place: Place = ()
    for depth, part in enumerate(parts, start=1):
        place = (*place, part)
        if is_array and depth == len(parts):
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place


def _key_parts(text: str) -> tuple[str, ...]:
    """A dotted key in its parts, by asking the TOML parser itself; empty when it is none."""
    try:
        node: Any = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts = []
    while isinstance(node, dict) and node:
        key, node = next(iter(node.items()))
        parts.append(key)
    return tuple(parts)
