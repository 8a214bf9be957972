"""What a mail asks for, and what its writer says they want, in their own words.

Rule: a request begins with words that can be nothing else ("could you", "please send"), and it is
given from there to the end of its sentence. Courtesies that look like requests are none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.summary.facts.values import Fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from triage.summary.facts.values import Sentence

_DO = (
    r"add|advise|answer|arrange|bring|call|cancel|change|check|clarify|close|come|complete|confirm|"
    r"contact|correct|credit|deliver|deploy|discuss|do|escalate|estimate|explain|extend|finish|fix|"
    r"forward|get|give|have|help|include|inform|install|investigate|invoice|issue|let|look|make|"
    r"move|open|organise|organize|pay|phone|prepare|propose|provide|publish|put|quote|refund|"
    r"release|remove|repair|replace|reply|reset|resolve|respond|restore|return|review|ring|roll|"
    r"schedule|see to|send|set|share|show|solve|sort|stop|supply|switch|take|talk|tell|treat|turn|"
    r"unblock|unlock|update|upload|walk|work|write"
)
_OPENING = re.compile(
    r"(?<!\w)(?:"
    r"(?:could|can|would|will) (?:you|somebody|someone|anybody|anyone|your team|one of you)\b"
    r"(?! (?:believe|imagine|see why|guess|like))"
    r"|(?:may|could|can) (?:i|we) (?:please )?(?:have|get|ask you|ask for|talk|speak|see|meet)\b"
    rf"|please,? (?:also |kindly |just |urgently )?(?:{_DO})\b"
    rf"|kindly (?:{_DO})\b"
    r"|(?:i|we) (?:kindly |hereby )?(?:ask|request|urge|beg) (?:you|that you|for)\b"
    r"|(?:i|we)(?: would|'d|\u2019d)? (?:need|want|like|expect) (?:you|your team|somebody|"
    r"someone) to\b"
    r"|(?:i|we)(?: would|'d|\u2019d) (?:be grateful|appreciate it) if\b"
    r"|would it be possible\b|is it possible (?:to|for you)\b"
    r"|(?:when|how soon|by when) (?:can|could|will|do) (?:i|we|you|it|this|that|the)\b"
    r"|(?:who|what|how much|which) (?:can|could|would|will|do|does|is|are)\b(?=[^?]{3,160}\?)"
    r"|do you (?:offer|sell|provide|have|know|do)\b(?=[^?]{3,160}\?)"
    r")",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"(?:let (?:me|us) know (?:if|should|whether) (?:you|there|anything)|do not hesitate|"
    r"feel free|find (?:attached|enclosed|below)|see (?:attached|below)|any (?:further )?questions|"
    r"accept (?:my|our) apolog|bear with|excuse|ignore|disregard|unsubscribe|"
    r"(?:contact|call|write to|reach) (?:me|us) (?:if|with|should)|advise (?:if|should) you|"
    r"have a (?:good|great|nice|look at my signature)|take care|"
    r"(?:who|what|how|which) (?:do|does|is|are) you\b|what (?:do|can) i say|"
    r"think before you print|consider the environment|"
    r"(?:who|what) (?:would|could|can|will) (?:have|possibly|ever)|who (?:do|does) (?:you|"
    r"he|she) think)",
    re.IGNORECASE,
)
_WANT = re.compile(
    r"(?<!\w)(?:"
    r"(?:i|we)(?:\u2019d|'d| would)? (?:really |just |only |now |simply |still |therefore |do )?"
    r"(?:want|need|like|prefer|expect|demand|insist|wish|hope)(?: to| for| on| that)?\b"
    r"|(?:i am|i'm|i\u2019m|we are|we're|we\u2019re) (?:asking|looking|hoping|"
    r"expecting) (?:for|to)\b"
    r"|(?:all|what) (?:i|we) (?:want|need|ask for|expect) is\b"
    r"|our (?:wish|expectation|demand|preference) is\b"
    r")",
    re.IGNORECASE,
)
_LIKE_ALONE = re.compile(
    r"(?:i|we) (?:really |just |only |do |still )?(?:like|hope|wish)\b", re.IGNORECASE
)
_NO_WISH = re.compile(
    r"(?:to )?(?:thank|apologi[sz]e|say|mention|point out|inform|introduce|congratulate|"
    r"emphasi[sz]e|"
    r"stress|remind|add|note|express|share (?:my|our)|let you know|tell you|start by|begin by|"
    r"believe|think|hear from you soon|find you well|finds? you well|you are|you're|you\u2019re|"
    r"you had|you have a|you all|this (?:e-?mail|message|finds)|all is well|everything is|"
    r"that you are|you (?:know|understand|can see)|so\b|not to|to be clear|to be honest)",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    (
        r"\b(?:don't|don\u2019t|do not|didn't|did not|never|no longer|if|when|whether|unless|as|"
        r"what|than)\s$"
    ),
    re.IGNORECASE,
)
# What may stand before a wish, so that it is no part of "the report that we need".
_BEGINS_ANEW = re.compile(
    r"(?:[,;:\u2013\u2014(-]|\b(?:and|but|so|now|then|therefore|however|because|again|today|still|"
    r"honestly|really|clear(?:ly)?|instead|here)) ?$",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"^(?:if|when|unless|should|in case)\b", re.IGNORECASE)
_LOOK_BACK = 20
_MIN_WORDS = 3


def find_requests(sentences: Sequence[Sentence]) -> list[Fact]:
    """What is asked for, in the order of the mail, each once."""
    return _once(fact for each in sentences if (fact := _request(each)))


def find_wishes(sentences: Sequence[Sentence]) -> list[Fact]:
    """What the writer says they want, in the order of the mail, each once."""
    return _once(fact for each in sentences if (fact := _wish(each)))


def _request(sentence: Sentence) -> Fact | None:
    text = sentence.text
    for match in _OPENING.finditer(text):
        rest = text[match.start() :]
        if _COURTESY.search(rest) or len(rest.split()) < _MIN_WORDS:
            continue
        if _NEGATED.search(text[: match.start()]):
            continue
        return Fact(text=rest, where=sentence.where)
    return None


def _wish(sentence: Sentence) -> Fact | None:
    text = sentence.text
    for match in _WANT.finditer(text) if not text.endswith("?") else ():
        head, rest = text[: match.start()], text[match.end() :].strip()
        like_alone = _LIKE_ALONE.match(match[0]) and not re.search(r"['\u2019]d|would", match[0])
        alone = not head or _BEGINS_ANEW.search(head[-_LOOK_BACK:])
        if like_alone or _NO_WISH.match(rest) or not alone or _CONDITION.match(head):
            continue
        if rest and len(text[match.start() :].split()) > _MIN_WORDS:
            return Fact(text=text[match.start() :], where=sentence.where)
    return None


def _once(facts: Iterable[Fact]) -> list[Fact]:
    return list({fact.text.lower(): fact for fact in facts}.values())
