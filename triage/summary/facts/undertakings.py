"""What was promised and what was tried, in the words of whoever did.

Rule: a promise is what somebody says they will do; a threat, a condition and what others should do
are none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.summary.facts.values import Fact, sentences_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.summary.facts.values import Sentence, Told

_DOING = (
    r"add|answer|arrange|call|check|come back|complete|confirm|correct|credit|deliver|deploy|"
    r"do (?:it|this|that|so)|drop|finish|fix|follow up|forward|get (?:back|it|this|that|you|"
    r"them|in touch)|"
    r"give you|have (?:it|this|that|them|the|your|an?|something)\b(?! to)|install|"
    r"investigate|issue|"
    r"keep you|let you know|look (?:into|at)|make sure|migrate|move|pay|phone|post|prepare|provide|"
    r"publish|push|put|refund|release|replace|reply|report back|reset|resolve|respond|restore|"
    r"return|review|ring|roll|schedule|see to|send|set|share|ship|sort|start|supply|take care|"
    r"test|transfer|update|upload|visit|write"
)
_ADVERB = (
    r"(?: (?:also|certainly|definitely|gladly|personally|then|now|of course|try to|be able to))?"
)
_PROMISE = re.compile(
    rf"(?<!\w)(?:(?:i|we)(?: will|'ll|\u2019ll| shall){_ADVERB} (?:{_DOING})"
    rf"|(?:i am|i'm|i\u2019m|we are|we're|we\u2019re) going to (?:{_DOING})"
    r"|you(?: will|'ll|\u2019ll) (?:have|get|receive|hear from (?:me|us))\b"
    r"|(?:it|this|that|they|the [\w-]+(?: [\w-]+)?|your [\w-]+)(?: will|'ll|\u2019ll) be "
    r"(?:back|ready|live|fixed|done|delivered|sent|finished|resolved|restored|available|with you|"
    r"deployed|released|online|shipped|completed|corrected|replaced)\b"
    r"|(?:i|we) (?:promise|guarantee|commit)\b)",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    r"(?<!\w)(?:(?i:you|your [\w-]+)|(?!We\b|I\b)[A-Z]\w+)(?: have| had|'ve|\u2019ve|'d|"
    r"\u2019d)?(?: already)? "
    r"(?:promised|assured (?:me|us)|guaranteed|committed to|gave (?:me|us) your word|"
    r"(?:said|told (?:me|us))(?: that)? (?:you|it|this|they|he|she|the \w+|we)(?:'d|\u2019d|"
    r" would|'ll|\u2019ll| will)\b(?! like))"
    r"|(?<!\w)(?i:i|we) (?:was|were|have been|had been) (?:promised|told|assured)(?! (?:off|"
    r"not))\b",
)
_CONDITION = re.compile(
    r"\b(?:if|unless|once|when|should|otherwise|or else|either|maybe|perhaps|whether|hope|doubt|"
    r"never|not|won't|won\u2019t|asked|wonder|until|who|think)\b",
    re.IGNORECASE,
)
_OUT = re.compile(
    r"out of (?:the )?office|on (?:leave|holiday|vacation)|back in the office|look for (?:some|an)|"
    r"\b(?:take|move) (?:our|my|the|this)? ?(?:business|custom|matter|money|elsewhere|legal)|"
    r"legal|lawyer|withhold|stop (?:payment|paying)|not pay",
    re.IGNORECASE,
)
_TRYING = (
    r"tried|attempted|restarted|rebooted|reinstalled|re-installed|reset|cleared (?:the|my|"
    r"our|all)|switched|reconnected|"
    r"re-?ran|rolled back|unplugged|swapped|disabled|power-cycled|logged (?:out|off)|retried|"
    r"re-?sent|chased"
)
_CONTACT = (
    r"called|phoned|rang|emailed|e-mailed|wrote|written|contacted|asked|reported|raised|sent|"
    r"reminded"
)
_TO_US = re.compile(
    r"\b(?:once|twice|(?:three|four|five|six|several|many|multiple|\d+) times?|repeatedly|again|"
    r"you|your|support|customer service|help ?desk|hotline)\b",
    re.IGNORECASE,
)
_TRIED = re.compile(
    r"(?<!\w)(?:i|we)(?: have|'ve|\u2019ve| had)?(?: both)?(?: already| also| even| just|"
    r" now| since| then| again)?"
    rf" (?:{_TRYING})\b",
    re.IGNORECASE,
)
_CONTACTED = re.compile(
    r"(?<!\w)(?:i|we)(?: have|'ve|\u2019ve| had)?(?: already| also| even)?"
    rf" (?:{_CONTACT})\b",
    re.IGNORECASE,
)


def find_promises(told: Iterable[Told]) -> list[Fact]:
    """What was promised in earlier mails of the thread, in their order."""
    return [
        Fact(
            text=sentence.text[match.start() :],
            where=mail.where,
            by=mail.by,
            said=mail.said,
            ours=mail.ours,
        )
        for mail in told
        for sentence in sentences_of(mail.text, mail.where)
        if (match := _promise_in(sentence.text))
    ]


def find_reported_promises(sentences: Iterable[Sentence]) -> list[Fact]:
    """What the writer says that they were promised."""
    return [
        Fact(text=sentence.text[match.start() :], where=sentence.where)
        for sentence in sentences
        if (match := _REPORTED.search(sentence.text)) and not sentence.text.endswith("?")
    ]


def find_tries(sentences: Iterable[Sentence]) -> list[Fact]:
    """What the writer says that they have tried already."""
    return [
        Fact(text=sentence.text[match.start() :], where=sentence.where)
        for sentence in sentences
        if (match := _try_in(sentence.text))
    ]


def tries_of(told: Iterable[Told]) -> list[Fact]:
    """The same in earlier mails of the thread."""
    return [
        Fact(text=fact.text, where=mail.where, by=mail.by, said=mail.said, ours=mail.ours)
        for mail in told
        for fact in find_tries(sentences_of(mail.text, mail.where))
    ]


def _promise_in(text: str) -> re.Match[str] | None:
    match = _PROMISE.search(text)
    if match is None or text.endswith("?"):
        return None
    if _CONDITION.search(text[: match.end()]) or _OUT.search(text[match.start() :]):
        return None
    return match


def _try_in(text: str) -> re.Match[str] | None:
    if text.endswith("?"):
        return None
    match = _TRIED.search(text)
    if match is None:
        match = _CONTACTED.search(text)
        match = match if match and _TO_US.search(text[match.start() :]) else None
    if match and re.search(r"\b(?:if|unless)\s$", text[: match.start()], re.IGNORECASE):
        return None
    return match
