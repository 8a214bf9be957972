"""By which rule a mail is the same matter as an earlier one, from nothing but the two. Pure.

Rules: a copy is the same mail by another way. A forward repeats somebody's words, and its header
says whose. A repeat is by the same person, in at least a dozen words, with no figure, weekday or
file of its own. Whatever stands around those words is a comment, which somebody must judge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from triage.pipeline.same_words import compare, facts, is_list_of, is_same_person, words_of

if TYPE_CHECKING:
    from datetime import datetime

    from triage.messages import Email
    from triage.pipeline.same_words import Likeness, Said, Words

SENT_TWICE_S = 600  # the same words under the same subject, however few, so soon after each other
MIN_WORDS = 12  # "still broken" may be said of two matters; this many words are not said twice
MIN_FORWARDED = 8
MOST_ADDED = 40  # words that may come with a repeat that says to be one, or around a copy
MOST_BESIDE = 6  # words that may come with one that does not, such as a closing line
MOST_MISSING = 0.4  # of the earlier text, such as a signature that a forward leaves out

How = Literal["copy", "forward", "original", "repeat"]

_REPEATS = re.compile(
    r"\b(?:re-?send(?:ing)?|re-?sent|sen[dt](?:ing)? (?:\w+ ){0,3}again|again below|once more|"
    r"second time|in case (?:you|it|my|this)|did (?:not|n.t) (?:get|receive|hear|reach)|"
    r"have (?:not|n.t) (?:heard|had|received)|no (?:answer|reply|response)|bounced|"
    r"forgot|missing attachment|now with|from my (?:other|private|personal|work))\b",
    re.IGNORECASE,
)
_PASSING_ON = (
    "fyi fyr fya f y i see below please pls for your you info information attention action hi hello"
    " hey dear all team everyone thanks thank thx regards kind best cheers br forwarding forwarded"
    " fw fwd this from the client mail email attached as discussed triage to and"
)
_COURTESY = frozenset(_PASSING_ON.split())
_CLOCK = re.compile(r"\b(\d{1,2})[:.h](\d{2})\b")
_MINUTES = 30  # time zones differ by multiples of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A mail and an earlier one, both as read. Times in epoch seconds.

    `trusted`: the later one comes from our own people, or from the client of the earlier one.
    """

    email: Email
    mine: Said
    received_at: float
    before: Email
    theirs: Said
    before_at: float
    trusted: bool

    @property
    def apart_s(self) -> float:
        """How long the one came after the other."""
        return abs(self.received_at - self.before_at)


def copied(pair: Pair) -> bool | None:
    """Whether words came on top of a mail that is the same by another way; None: it is not.

    That is told by its Message-ID or its very second, its writer, and its words.
    """
    email, before = pair.email, pair.before
    same_id = bool(email.message_id) and email.message_id == before.message_id
    if email.date != before.date or not (same_id or email.date):
        return None
    writers = is_same_person(email.sender, before.sender)
    listed = is_list_of(email.sender, before.sender) or is_list_of(before.sender, email.sender)
    if not (writers or listed):
        return None
    if not (email.new_text.strip() or before.new_text.strip()):
        same_files = email.attachments == before.attachments
        return False if same_files and pair.mine.subject == pair.theirs.subject else None
    like = compare(words_of(before.new_text), words_of(email.new_text))
    if like is None or max(len(like.added), like.missing) > MOST_ADDED:
        return None
    return bool(like.added)


def how_same(pair: Pair) -> tuple[How, bool] | None:
    """How it is the same matter, and whether somebody has added words; None: it is not."""
    email, before = pair.email, pair.before
    if email.original_id and email.original_id == before.message_id and pair.trusted:
        note = pair.mine.note if pair.mine.forwarded else pair.mine.words
        return "forward", _is_comment(note, email)
    if not is_same_person(pair.mine.author, pair.theirs.author):
        return None
    like = compare(pair.theirs.words, pair.mine.words)
    if like is None or like.missing > MOST_MISSING * len(pair.theirs.words):
        return None
    added = (*pair.mine.note, *like.added)
    by_staff = pair.mine.forwarded and not is_same_person(email.sender, pair.mine.author)
    if by_staff or pair.theirs.forwarded:
        if not _is_forward(pair, like):
            return None
        return "forward" if pair.mine.forwarded else "original", _is_comment(added, email)
    return ("repeat", _is_comment(added, email)) if _is_repeat(pair, like, added) else None


def _is_forward(pair: Pair, like: Likeness) -> bool:
    """Long enough to be nothing else; else its header must give the other's subject and time."""
    if len(like.added) > MOST_ADDED:
        return False
    if like.shared >= MIN_FORWARDED:
        return True
    forward, original = (
        (pair.email, pair.before) if pair.mine.forwarded else (pair.before, pair.email)
    )
    if original.date is None or pair.mine.subject != pair.theirs.subject:
        return False
    return _tells_time(forward.original_written, original.date)


def _tells_time(written: str, date: datetime) -> bool:
    """Whether a header line in some language and time zone can mean this moment."""
    minutes = {int(found[2]) for found in _CLOCK.finditer(written[:200])}
    days = {int(each) for each in re.findall(r"\b\d{1,2}\b", written[:200])}
    same_minute = any((minute - date.minute) % _MINUTES == 0 for minute in minutes)
    return same_minute and bool(days & {date.day - 1, date.day, date.day + 1})


def _is_repeat(pair: Pair, like: Likeness, added: Words) -> bool:
    """The writer sends it once more: many words, no new figures, no other files."""
    mine, theirs = pair.mine, pair.theirs
    if facts(words_of(mine.subject)) != facts(words_of(theirs.subject)):
        return False
    if not _same_files(pair):
        return False
    at_once = pair.apart_s <= SENT_TWICE_S and mine.subject == theirs.subject
    if like.shared < MIN_WORDS:
        return at_once and not added and not like.missing
    if _REPEATS.search(" ".join(added)) or _REPEATS.search(pair.email.subject):
        return len(added) <= MOST_ADDED
    return len(added) <= MOST_BESIDE and not facts(added)


def _same_files(pair: Pair) -> bool:
    """No file that the earlier mail had not, unless it had none: a forgotten attachment."""
    mine = {each.sha256 for each in pair.email.attachments}
    theirs = {each.sha256 for each in pair.before.attachments}
    return mine <= theirs or not theirs


def _is_comment(added: Words, email: Email) -> bool:
    """Whether words that came on top say more than that something is passed on."""
    return bool(set(added) - _COURTESY - set(words_of(email.sender.name)))
