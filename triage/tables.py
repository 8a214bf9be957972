"""Tables of a file into the frozen dataclasses of the contract, by pydantic.

Rules: nothing is coerced (`"993"` is not a port, `"yes"` is not true); a key nobody knows is a
mistake, since a misspelt setting must not be silently ignored; messages say what to write.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

    from triage.toml_file import Mistakes, Place

T = TypeVar("T")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_EXCEPT_BREAKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_WANTED = {
    "string": 'must be text in quotes, such as {key} = "..."',
    "int": "must be a whole number without quotes, such as {key} = 60",
    "bool": "must be true or false, without quotes",
    "tuple": 'must be a list, such as {key} = ["...", "..."]',
    "date": "must be a date, such as {key} = 2026-01-31",
    "path": 'must be a path in quotes, such as {key} = "folder/file"',
    "dataclass": "must be a table: a line [{key}] with its settings below it",
    "dict": "must be a table: a line [{key}.<name>] with its settings below it",
}


def build(
    cls: type[T],
    table: Mapping[str, object],
    *,
    place: Place,
    mistakes: Mistakes,
    known: Mapping[str, tuple[str, ...]] | None = None,
) -> T | None:
    """One value of the dataclass `cls`, or None with every mistake noted.

    Args:
        cls: the dataclass; nested dataclasses and tuples of them are filled too.
        table: keys named as the dataclass's fields.
        place: where the table stands in the file.
        mistakes: what is wrong goes here.
        known: what each nested field is called in the file, where that differs (a field may
            become several keys, or none).
    """
    try:
        # Strict JSON rules are the ones wanted: text to paths and dates, lists to tuples, no more.
        adapter: TypeAdapter[list[T]] = _adapter(cls)  # type: ignore[arg-type]  # classes are hashable
        found = adapter.validate_json(json.dumps([table], default=str))[0]
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            loc = detail["loc"][1:]
            mistakes.add(
                (*place, *in_file(loc, known or {})), _sentence(detail, cls, loc, known or {})
            )
        return None
    return found


@cache  # hundreds of accounts have one shape
def _adapter(cls: type) -> TypeAdapter[Any]:
    # A list around the class is what lets pydantic take a configuration for a plain dataclass.
    shape: Any = GenericAlias(list, (cls,))
    return TypeAdapter(shape, config=ConfigDict(extra="forbid", strict=True))


def _sentence(
    detail: ErrorDetails, cls: type, loc: Place, known: Mapping[str, tuple[str, ...]]
) -> str:
    """What one pydantic error means to the person who wrote the file."""
    key = str(loc[-1]) if loc else ""
    match detail["type"]:
        case "missing":
            return _missing(key, get_type_hints(_class_at(cls, loc[:-1]))[key], known)
        case "unexpected_keyword_argument":
            return unknown_key(key, file_keys(_class_at(cls, loc[:-1]), known))
        case "literal_error":
            words = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
            return one_of(detail["input"], words, guess=key != "security")
    family = detail["type"].split("_")[0]
    return _WANTED.get(family, detail["msg"]).format(key=key if isinstance(loc[-1], str) else "")


def _missing(key: str, hint: Any, known: Mapping[str, tuple[str, ...]]) -> str:
    """That a setting without a default is not there, and what to write."""
    keys = known.get(key, (key,))
    if len(keys) > 1:
        return f"is missing; write one of {quoted(keys)}"
    if any(is_dataclass(c) for c in _flatten(hint)):
        return f"is missing; write a line [{key}] with its settings below it"
    value = '["..."]' if "tuple" in str(hint) else '"..."'
    value = "2026-01-31" if hint is date else value
    return f"is missing; write {keys[0]} = {value}"


def in_file(loc: Place, known: Mapping[str, tuple[str, ...]]) -> Place:
    """A place inside the dataclass as the file has it: ("password", "env") is `password_env`."""
    out: list[str | int] = []
    for part in loc:
        joined = f"{out[-1]}_{part}" if out else ""
        if out and joined in known.get(str(out[-1]), ()):
            out[-1] = joined
        else:
            names = known.get(str(part), ())
            out.append(names[0] if len(names) == 1 else part)
    return tuple(out)


def file_keys(cls: type, known: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The settings a table may hold, as they are called in the file."""
    return [k for f in fields(cls) for k in known.get(f.name, (f.name,))]


def _class_at(cls: Any, loc: Place) -> Any:
    """The dataclass that a place inside `cls` belongs to."""
    for part in loc:
        if isinstance(part, str):
            hint = get_type_hints(cls)[part]
            cls = next((c for c in _flatten(hint) if is_dataclass(c)), cls)
    return cls


def _flatten(hint: Any) -> Iterator[Any]:
    """A type hint and everything inside it."""
    yield hint
    for inner in get_args(hint):
        yield from _flatten(inner)


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Why a key is refused, with the nearest one that exists."""
    return f"is not a setting here; {did_you_mean(key, known)}"


def one_of(value: object, allowed: Iterable[str], *, guess: bool = True) -> str:
    """Why a word is refused, with the words that exist.

    `guess`: with the nearest one only. Not for encryption, where the nearest may be none at all.
    """
    words = list(allowed)
    if not isinstance(value, str):
        return f"must be one of {quoted(words)}"
    says = did_you_mean(value, words) if guess else f"it can be {quoted(words)}"
    return f'cannot be "{value}"; {says}'


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest known word as a question, else all of them."""
    words = list(known)
    near = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"it can be {quoted(words)}" if words else "there is none to choose from"


def quoted(words: Iterable[str]) -> str:
    """Words in quotes with commas, for a sentence."""
    return ", ".join(f'"{w}"' for w in words)


def refuse_control_characters(
    value: object, *, place: Place, mistakes: Mistakes, breaks_allowed: bool = False
) -> None:
    """Note every text with a character that could end a line or a header on the wire."""
    if isinstance(value, str):
        pattern = _CONTROL_EXCEPT_BREAKS if breaks_allowed else _CONTROL
        if found := pattern.search(value):
            says = f"contains the control character U+{ord(found[0]):04X}; take it out"
            mistakes.add(place, says)
        return
    inner: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, item in inner:
        refuse_control_characters(
            item, place=(*place, key), mistakes=mistakes, breaks_allowed=breaks_allowed
        )
