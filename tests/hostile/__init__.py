"""Mails that somebody wrote to harm, numbered: each kind is built, never stored.

`python -m tests.hostile` measures time and memory of each.
"""

from __future__ import annotations

from tests.hostile import headers, structure, words

KINDS = (*headers.KINDS, *structure.KINDS, *words.kinds(structure.KINDS[-1].number + 1))
