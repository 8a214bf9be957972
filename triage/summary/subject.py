"""The subject of a brief: what a manager sees in a list of mail on a phone.

Rule: the deciding words come first, and the whole has at most `LIMIT` characters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triage.messages import Occasion
from triage.summary.wording import bare_subject, clean_line, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triage.messages import Urgency

LIMIT = 90
CLIENT_LIMIT = 28
TITLES_LIMIT = 44
GIST_MINIMUM = 12  # a shorter rest of a sentence tells nothing
_AGAIN = {
    Occasion.REMINDER: "Reminder",
    Occasion.LEVEL: "Unanswered",
    Occasion.UPDATE: "Client waits",
    Occasion.UNDELIVERED: "Undelivered",
    Occasion.STORM: "More mails",
}
DULL = re.compile(
    r"(?:a |the |my |our |quick |short |urgent |important |just |one |more |new )*"
    r"(?:question|update|hello|hi|hey|help|info|information|issue|problem|request|message|"
    r"follow[- ]?up|checking in|status|fyi|news|mail|email|e-mail|no subject|none|test|asap|"
    r"please read|thanks|thank you|project)?s?[ .!?,:;-]*",
    re.IGNORECASE,
)


def subject_line(
    *,
    occasion: Occasion,
    urgency: Urgency,
    titles: Sequence[str],
    new_titles: Sequence[str],
    client: str,
    subject: str,
    sentence: str,
) -> str:
    """Compose `[High] Blocked work, Northwind: Staging login`; extractive, cleaned, short."""
    head = _head(occasion, urgency, titles, new_titles)
    start = clean_line(f"{head} {shorten(client, CLIENT_LIMIT)}:")
    gist = _gist(subject, sentence)
    room = LIMIT - len(start) - 1
    if not gist or room < GIST_MINIMUM:
        return shorten(start.removesuffix(":"), LIMIT)
    return f"{start} {shorten(gist, room)}"


def _head(
    occasion: Occasion, urgency: Urgency, titles: Sequence[str], new_titles: Sequence[str]
) -> str:
    word = urgency.label.capitalize()
    tags = _joined(titles)
    if occasion is Occasion.UNREADABLE:
        return "[Could not read]"
    if occasion in _AGAIN:
        return f"[{_AGAIN[occasion]}, {urgency.label}] {tags},"
    if occasion is Occasion.NEW_TAG:
        return f"[{word}] Now also {_joined(new_titles or titles)},"
    if occasion is Occasion.WORSE:
        return f"[{word}] Worse: {tags},"
    return f"[{word}] {tags}," if tags else f"[{word}]"


def _joined(titles: Sequence[str]) -> str:
    """Join with plus signs as many titles as fit; count the rest."""
    shown = [shorten(titles[0], TITLES_LIMIT)] if titles else []
    for title in titles[1:]:
        if len(" + ".join([*shown, title])) > TITLES_LIMIT:
            break
        shown.append(title)
    rest = len(titles) - len(shown)
    return " + ".join(shown) + (f" +{rest} more" if rest else "")


def _gist(subject: str, sentence: str) -> str:
    """Prefer the mail's own subject, which people recognise, unless it says nothing."""
    bare = bare_subject(subject)
    return clean_line(sentence) or bare if DULL.fullmatch(bare) else bare
