"""What no suggested text may say by itself: work for nothing, money, argument, blame, inside words.

Rule: a text that ships never says any of it; an own file that does is a warning, since a firm may
have its reasons. People decide about money and credit, never a template.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """Words that should not stand in a text. `what` names the fault, `instead` what to do."""

    words: str
    what: str
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    pattern: re.Pattern[str]
    what: str
    instead: str
    clients_only: bool = False


def _any_of(words: str) -> re.Pattern[str]:
    """A pattern of alternatives, one or several to a line."""
    alternatives = "|".join(line.strip(" |") for line in words.strip().splitlines())
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)


_RULES = (
    _Rule(
        pattern=_any_of(r"""
            free of charge|for free|complimentary|waiv(?:e|ed|ing)|on the house|our treat|goodwill
            (?:at )?no (?:extra |additional )?(?:charge|cost)s?
            without (?:extra |additional )?(?:charge|cost)
            at our (?:own )?expense|(?:won't|will not) (?:charge|bill|cost)
            not be (?:charged|billed)
        """),
        what="offers work for nothing",
        instead="leave prices to the agreement or to an estimate",
    ),
    _Rule(
        pattern=_any_of(r"""
            refund\w*|money back|reimburs\w*|compensat\w*|discount\w*|rebate|credit note
            price reduction|guarantee\w*|credit (?:you|your)|(?:give|pay|send) (?:you )?back
            (?:give|offer|send|grant|issue) (?:you )?(?:a |some )?credit
        """),
        what="speaks of money to give",
        instead="promise a proposal by a day; a person decides about money",
    ),
    _Rule(
        pattern=_any_of(r"""
            you(?: are|'re) (?:wrong|mistaken)|(?:i|we) disagree|not (?:true|correct)|misunderst\w+
            actually|unfortunately|however|with all due respect|to be fair|calm down
            as (?:i|we) (?:said|told|explained|wrote|agreed)|you (?:claim|allege)\w*
            as (?:already )?(?:mentioned|stated|explained)|not our (?:fault|problem|responsibility)
        """),
        what="argues",
        instead="say what will be done",
    ),
    _Rule(
        pattern=_any_of(r"""
            your (?:fault|mistake|error|failure|own doing)|you should have|because of you|you never
            you (?:failed|forgot|neglected)|you did(?: not|n't)|had you (?:told|said|asked|sent)
            (?:his|her|their) (?:fault|mistake)|the fault of|to blame|somebody (?:slipped|messed)
        """),
        what="blames",
        instead="say what will be done, and by when",
    ),
    _Rule(
        pattern=_any_of(r"""
            escalat\w*|triage\w*|upsell\w*|cross-?sell\w*|dissatisf\w*|scope (?:creep|mismatch)
            customer recovery|blockers?|sales (?:opportunity|lead|opening)|(?:our|the) policy
            management|internal\w*|severity|tagged|case \d+|profitab\w*|our margin
            (?:difficult|unhappy|upset) (?:client|customer)
        """),
        what="says a word from inside the firm",
        instead="put it in the client's words",
        clients_only=True,
    ),
)


def slips(text: str, *, for_client: bool) -> Iterator[Slip]:
    """What a text should not say; with `for_client` also the words that are ours alone."""
    plain = " ".join(text.replace("\u2019", "'").split())
    for rule in _RULES:
        if for_client or not rule.clients_only:
            for found in rule.pattern.finditer(plain):
                yield Slip(words=found[0], what=rule.what, instead=rule.instead)
