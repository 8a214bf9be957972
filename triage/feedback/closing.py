"""How a case ended and whether it could happen again, in a person's own words. Pure.

Rules: what is said stays as it was said, without the words about happening again. Those count only
when they can be read in one way: hopes, doubts and questions say neither yes nor no, and neither
do a yes and a no together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OUTCOME_CHARS = 300

_AGAIN = (
    r"(?:(?:happen|occur|come|arise|appear)s?(?: up| back)? (?:again|once more|any ?time)"
    r"|recurs?|repeat itself|be back|re-?occurs?)"
)
_ADVERB = r"(?:\s(?:well|easily|always|surely|certainly|definitely|probably|likely|very well))?"
_NOT = (
    r"(?:won['\u2019]?t|can(?:not|['\u2019]?t| not)"
    r"|(?:could|should|would|does|do|will|may|might|must)(?:n['\u2019]?t| not| never)|never"
    r"|(?:is |are )?(?:very |highly )?unlikely to"
    r"|is not (?:likely|going) to|isn['\u2019]?t (?:likely|going) to|not likely to)"
)
_MAY = (
    r"(?:could|can|may|might|will|would|is (?:very )?likely to|are likely to|likely to"
    r"|is (?:going|bound) to|going to|bound to)"
)
_LEAD = r"(?:\s*\b(?:and|but|which|that|this|it|though|so|then|i think|we think)\b)*\s*"
_NO = re.compile(
    rf"{_LEAD}\b(?:{_NOT}{_ADVERB}\s{_AGAIN}"
    r"|(?:it (?:was|is) |this (?:was|is) |that (?:was|is) )?(?:just |only )?(?:an? )?"
    r"(?:one[- ]off|one[- ]time (?:thing|issue|problem|case))"
    r"|(?:no|not a) (?:risk of )?(?:recurrence|recurring)(?: (?:issue|problem|expected))?)\b",
    re.IGNORECASE,
)
_YES = re.compile(
    rf"{_LEAD}\b(?:{_MAY}{_ADVERB}\s{_AGAIN}|happens again and again|keeps happening|"
    r"(?:an? )?recurring(?: (?:issue|problem|thing))?)\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"\b(?:and )?(?:(?:could|can|will|may|might) )?(?:(?:it|this|that) )?"
    r"(?:(?:happen |occur |come up )?again|recurs?|recurring|recurrence|repeats?)"
    r"\s*\??\s*[:=\-\u2013?]\s*(?P<said>yes|yep|yeah|y|no|nope|n)\b(?=\s*(?:[,.;:!\n]|$))",
    re.IGNORECASE,
)
_WORD = r"(?P<said>yes|yep|yeah|yup|no|nope)"
_FIRST = re.compile(rf"\s*{_WORD}(?=\s*(?:[,.;:!\n\u2013]|-\s|$))[\s,.;:!\u2013-]*", re.IGNORECASE)
_LAST = re.compile(
    rf"(?:^|[,.;:\n\u2013]|\s-)\s*(?:again\s*\??\s*)?{_WORD}\s*[.!]*\s*$", re.IGNORECASE
)
_DOUBT = re.compile(
    r"\b(?:not sure|unsure|no idea|do(?: not|n['\u2019]?t) know|whether|if|hope(?:fully)?|wonder"
    r"|unclear|hard to say|who knows)\b[^.;!?\n]{0,40}$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\s*(?:outcome|result|how it ended|ended)\s*[:=\u2013-]\s*", re.IGNORECASE)
_NUMBERED = re.compile(r"(?m)^\s*\d{1,2}[.)]\s+")
_EDGES = " \t\n,;:.-\u2013\u2014"
_PARTS = ",.;:!?()\n-\u2013\u2014"  # what may part two clauses
_JOINT = re.compile(r"\s*(?:[,.;:\n\u2013-]|\b(?:and|but|so|though)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How it ended. `recurs`: whether it could happen again; None: not said."""

    outcome: str = ""
    recurs: bool | None = None

    @property
    def says_something(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self.outcome) or self.recurs is not None


def read_ending(text: str, *, asked: bool = False) -> Ending:
    """What a text says of how it ended.

    Args:
        text: the writer's own words, without greeting and sign-off.
        asked: they answer our question, so that a bare "yes" or "no" says whether it could recur.
    """
    whole = _NUMBERED.sub("", text).strip()
    rest, answers = _without(_LABELLED, whole)
    rest, denials = _without_plain(_NO, rest)
    rest, claims = _without_plain(_YES, rest)
    said = answers | ({False} if denials else set()) | ({True} if claims else set())
    if asked:
        rest, first = _without(_FIRST, rest, anchored=True)
        rest, last = _without(_LAST, rest)
        said |= first | last
    if len(said) > 1:
        return Ending(outcome=_cleaned(whole))
    return Ending(outcome=_cleaned(rest), recurs=next(iter(said), None))


def _without(
    pattern: re.Pattern[str], text: str, *, anchored: bool = False
) -> tuple[str, frozenset[bool]]:
    """The text without a yes or no, and which of them it was."""
    found = pattern.match(text) if anchored else pattern.search(text)
    if found is None:
        return text, frozenset()
    said = found["said"].lower().startswith("y")
    return _cut(text, found), frozenset({said})


def _without_plain(pattern: re.Pattern[str], text: str) -> tuple[str, bool]:
    """The text without a statement, and whether it was one: no doubt, hope or question."""
    found = pattern.search(text)
    if found is None or _DOUBT.search(text[: found.start()]) or _asks(text, found.end()):
        return text, False
    return _cut(text, found), True


def _asks(text: str, end: int) -> bool:
    return text[end:].lstrip(" \t").startswith("?")


def _cut(text: str, found: re.Match[str]) -> str:
    """Take it out where it is a clause of its own; else the text stays as it was written."""
    before, behind = text[: found.start()].rstrip(" \t"), text[found.end() :].lstrip(" \t")
    begins = not before or before[-1] in _PARTS or _JOINT.match(found[0])
    if not begins or (behind and behind[0] not in _PARTS and found[0].rstrip()[-1] not in _PARTS):
        return text
    before, behind = before.rstrip(_EDGES), behind.lstrip(_EDGES + "!")
    return f"{before}; {behind}" if before and behind else before or behind


def _cleaned(text: str) -> str:
    plain = _LABEL.sub("", text, count=1) if _LABEL.match(text) else text
    return " ".join(plain.split()).strip(_EDGES)[:OUTCOME_CHARS]
