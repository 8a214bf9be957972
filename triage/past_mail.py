"""The newest mails of the watched folders as documents, to learn from: read, never touched.

Rules: folders are opened for reading only, whatever the account asks to be changed after a
decision; beside the batch that is being read, only documents are in memory.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from triage.app_mail import folders_of, make_source
from triage.config import AfterDecision, ImapAccount
from triage.errors import SourceError
from triage.messages import MailKind
from triage.parsing import parse
from triage.pipeline.people import document
from triage.pipeline.reading import NOT_TRIAGED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from classifiers.api import Document
    from triage.config import Config, Firm
    from triage.messages import Email, RawMessage
    from triage.sources.base import MailSource

_BREAKS: Final = 6  # a source gives up on one bad message after five
_SAY_EVERY: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMail:
    """What was found in the folders.

    Attributes:
        documents: the mails that the classifier would judge, newest first, none twice.
        read: how many mails were read for them.
        skipped: how many of these would not be judged, by reason.
    """

    documents: tuple[Document, ...]
    read: int
    skipped: Counter[str]


def watched(config: Config) -> list[MailSource]:
    """The watched folders of all accounts, each to be opened for reading only."""
    reading = untouched(config)
    return [
        make_source(account, folder, reading)
        for account in reading.accounts
        for folder in folders_of(account)
    ]


def untouched(config: Config) -> Config:
    """The same settings with no change to any mailbox, so that folders open for reading only."""
    accounts = tuple(
        replace(account, after=AfterDecision()) if isinstance(account, ImapAccount) else account
        for account in config.accounts
    )
    return replace(config, accounts=accounts)


def read_newest(
    sources: Sequence[MailSource], firm: Firm, last: int, progress: Callable[[int], None]
) -> PastMail:
    """Read the `last` newest mails of all sources together.

    Args:
        sources: folders that open for reading only; closed afterwards.
        firm: who "we" are.
        last: how many mails at most.
        progress: is told now and then how many have been read.

    Raises:
        SourceError: a folder cannot be read.
    """
    found: dict[tuple[str, str], Document] = {}
    skipped: Counter[str] = Counter()
    read = 0
    try:
        streams = [_newest_first(source, last) for source in sources]
        merged = heapq.merge(*streams, key=lambda raw: -raw.received_at.timestamp())
        for read, raw in enumerate(islice(merged, last), start=1):
            email = parse(raw.content)
            one = document(email, firm)
            reason = _why_not(raw, email)
            if not reason and (one.subject, one.text) in found:
                reason = "a copy of another"
            if reason:
                skipped[reason] += 1
            else:
                found[one.subject, one.text] = one
            if read % _SAY_EVERY == 0:
                progress(read)
    finally:
        for source in sources:
            source.close()
    return PastMail(documents=tuple(found.values()), read=read, skipped=skipped)


def _why_not(raw: RawMessage, email: Email) -> str:
    """Why the classifier would not see this mail, or has nothing to read in it."""
    if email.loop:
        return NOT_TRIAGED[MailKind.OURS]
    if email.kind in NOT_TRIAGED:
        return NOT_TRIAGED[email.kind]
    if not raw.complete or email.kind is MailKind.UNREADABLE or not email.new_text.strip():
        return "nothing to read in it"
    return ""


def _newest_first(source: MailSource, last: int) -> Iterator[RawMessage]:
    """The newest messages of one folder; a broken connection is taken up again where it broke."""
    validity = source.open().uid_validity
    left = source.list_uids(after=0, since=None)[-last:][::-1]
    breaks = 0
    while left:
        try:
            for fetched in source.fetch(left):
                left = left[1:]
                if fetched.raw is not None:
                    yield fetched.raw
        except SourceError:
            breaks += 1
            if breaks >= _BREAKS or source.open().uid_validity != validity:
                raise
