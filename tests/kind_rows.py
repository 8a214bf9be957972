"""The labelled mails of `tests/kinds.jsonl`: short, in our own words, each of one kind.

Every second row of a kind is `held`: the described situations and cues were written with the
others in view, never with these.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """One mail and the kind it is of."""

    tag: str
    kind: str
    role: str
    subject: str
    text: str
    held: bool


def kind_rows() -> list[KindRow]:
    """All of them, in the order of the file."""
    path = Path(__file__).with_name("kinds.jsonl")
    return [KindRow(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
