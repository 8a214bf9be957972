"""What makes mails one storm: the same client, the same subject, or nearly the same words. Pure.

Rules: small means that anybody can check by reading two mails; mails of different clients, and of
one client about different matters, need a tag in common.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.summary.people import organisation

if TYPE_CHECKING:
    from triage.config import Firm
    from triage.store.storms import Arrival

TEXT_CHARS = 4_000  # of a mail that are looked at
MOST_WORDS = 80
FEWEST_WORDS = 4  # fewer than that in common say nothing
ALIKE = 0.5  # of all words of two mails together, so many must stand in both
SUBJECT_WORDS = 2  # a subject of one word is anybody's

NONE_CAN_BE_READ = "none of them can be read"
UNREADABLE = frozenset({""})  # the "tag" of mail that could not be read

_WORD = re.compile(r"[^\W\d_]{3,}")
_COMMON = frozenset(  # words that any mail may have
    _WORD.findall(
        """
        all also and any are because been best but can could dear did does for from get give had
        has have hello her him his how into its just kind let more need not now one our out please
        regards say see she should since some team than thank thanks that the their them then there
        these they this too very was were what when where which who why will with would you your
        """
    )
)


def words_of(subject: str, text: str) -> frozenset[str]:
    """The words of a mail that say something, in lower case, without numbers."""
    found = _WORD.findall(f"{subject}\n{text[:TEXT_CHARS]}".lower())
    telling = dict.fromkeys(word for word in found if word not in _COMMON)
    return frozenset(list(telling)[:MOST_WORDS])


def client_key(address: str, firm: Firm) -> str:
    """The organisation's domain, or the address at a public provider; "" for our own people."""
    wanted = address.lower()
    if not wanted or firm.role_of(wanted) == "staff":
        return ""
    domain = wanted.rpartition("@")[2]
    return domain if organisation(domain) else wanted


def in_common(one: Arrival, other: Arrival) -> str:
    """What two mails have in common, in words; "" when they are two matters."""
    if not one.tags & other.tags:
        return ""
    if one.tags == UNREADABLE:
        return NONE_CAN_BE_READ
    if one.client and one.client == other.client:
        return f"they are all from {one.client}"
    key = one.subject_key
    if key == other.subject_key and len(_WORD.findall(key)) >= SUBJECT_WORDS:
        return "they have the same subject"
    both = one.words & other.words
    if len(both) >= FEWEST_WORDS and len(both) >= ALIKE * len(one.words | other.words):
        return "they say nearly the same"
    return ""
