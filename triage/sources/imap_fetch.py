"""Reading messages in bounded batches, so that one bad message never holds up the others.

A server can answer a FETCH without the body, with NIL, with an error, or by breaking the
connection. Each message ends as one of three: whole, gone, or incomplete with the reason.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from triage.errors import SourceError
from triage.messages import RawMessage
from triage.sources.base import Fetched
from triage.sources.imap_errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from triage.config import Limits
    from triage.messages import MessageRef
    from triage.sources.imap_connection import ImapConnection, Item

FIRST_PART_BYTES: Final = 256 * 1024
_HEAD: Final = ("RFC822.SIZE", "INTERNALDATE")
_BODY: Final = "BODY.PEEK[]"
_TRIES: Final = 3
_PAUSE_S: Final = 0.2
_BREAKS: Final = 5  # so often may the connection break over one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Size in bytes and time of receipt, each None where the server does not say.

    A message without a time counts as received now: an early guess could make it look older
    than the first start, and it would be passed over.
    """

    size: int | None
    received_at: datetime | None


class Suspects:
    """Messages over which the connection broke. They are asked for alone, then given up."""

    def __init__(self) -> None:
        self._breaks: Counter[int] = Counter()

    def blame(self, uids: Sequence[int]) -> None:
        """The connection broke while these were being read."""
        self._breaks.update(uids)

    def clear(self, uids: Sequence[int] | None = None) -> None:
        """These could be read after all; without `uids`: nobody is suspect any more."""
        for uid in list(self._breaks) if uids is None else uids:
            self._breaks.pop(uid, None)

    def __contains__(self, uid: int) -> bool:
        """Whether to ask for this one alone."""
        return uid in self._breaks

    def hopeless(self, uid: int) -> bool:
        """Whether asking again would only break the connection again."""
        return self._breaks[uid] >= _BREAKS


def batches(uids: Sequence[int], heads: Mapping[int, Head], limits: Limits) -> list[list[int]]:
    """Split into runs to fetch at once, in order, bounded by count and bytes.

    A message whose size is unknown or over a limit makes a run of its own.
    """
    runs: list[list[int]] = []
    room_bytes = 0
    for uid in uids:
        size = heads[uid].size if uid in heads else None
        cost = limits.batch_bytes if size is None else size
        if not runs or cost > room_bytes or len(runs[-1]) >= limits.batch_messages:
            runs.append([])
            room_bytes = limits.batch_bytes
        runs[-1].append(uid)
        room_bytes -= cost
    return runs


class Fetcher:
    """Reads messages over one connection."""

    def __init__(
        self,
        connection: ImapConnection,
        ref: Callable[[int], MessageRef],
        limits: Limits,
        suspects: Suspects,
    ) -> None:
        self._connection = connection
        self._ref = ref
        self._limits = limits
        self._suspects = suspects

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Each message once, in the order given. Raises SourceError."""
        once = list(dict.fromkeys(uids))
        for start in range(0, len(once), self._limits.batch_messages):
            yield from self._chunk(once[start : start + self._limits.batch_messages])

    def _chunk(self, uids: list[int]) -> Iterator[Fetched]:
        calm = [uid for uid in uids if uid not in self._suspects]
        heads = {uid: _head(item) for uid, item in self._ask(calm, _HEAD).items()}
        for run in batches(uids, heads, self._limits):
            small = [uid for uid in run if uid in heads and not self._too_large(heads[uid])]
            items = self._ask(small, (_BODY,))
            for uid in run:
                body = _body(items.get(uid, {}))
                if body is None or _is_short(body, heads[uid]):
                    yield self._alone(uid, body)
                else:
                    yield self._whole(uid, body, heads[uid])

    def _alone(self, uid: int, short: bytes | None = None) -> Fetched:
        """One message that is suspect, too large, or was left out of an answer, or came `short`."""
        if self._suspects.hopeless(uid):
            problem = f"the connection to the server broke {_BREAKS} times over this message"
            return self._incomplete(uid, b"", None, problem)
        head: Head | None = None
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE_S)
            self._connection.noop()  # or a removed message would still seem to be there
            if uid not in self._connection.search(["UID", str(uid)]):
                return Fetched(uid=uid, raw=None)
            head = _head(self._ask([uid], _HEAD).get(uid, {}))
            if self._too_large(head):
                return self._first_part(uid, head)
            body = _body(self._ask([uid], (_BODY,)).get(uid, {}))
            if body is not None and (not _is_short(body, head) or body == short):
                return self._whole(uid, body, head)
            short = body
        problem = f"the server has not handed over this message in {_TRIES + 1} tries"
        return self._incomplete(uid, short or b"", head, problem)

    def _first_part(self, uid: int, head: Head) -> Fetched:
        item = self._ask([uid], (f"{_BODY}<0.{FIRST_PART_BYTES}>",)).get(uid, {})
        limit = self._limits.max_message_bytes
        problem = (
            f"the message has {head.size} bytes, over the limit of {limit}:"
            f" only the first {FIRST_PART_BYTES // 1024} KB were read"
        )
        return self._incomplete(uid, _body(item) or b"", head, problem)

    def _ask(self, uids: Sequence[int], items: Sequence[str]) -> Mapping[int, Item]:
        """Fetch; nothing where the server refuses, for then each message is asked for alone."""
        if not uids:
            return {}
        try:
            found = self._connection.fetch(uids, items)
        except RefusedError:
            return {}
        except SourceError:
            self._suspects.blame(uids)
            raise
        if items[0].startswith(_BODY):
            self._suspects.clear(uids)
        return found

    def _too_large(self, head: Head) -> bool:
        return head.size is not None and head.size > self._limits.max_message_bytes

    def _whole(self, uid: int, body: bytes, head: Head) -> Fetched:
        raw = RawMessage(
            ref=self._ref(uid),
            content=body,
            received_at=head.received_at or datetime.now(UTC),
            size=len(body),
        )
        return Fetched(uid=uid, raw=raw)

    def _incomplete(self, uid: int, content: bytes, head: Head | None, problem: str) -> Fetched:
        raw = RawMessage(
            ref=self._ref(uid),
            content=content,
            received_at=(head.received_at if head else None) or datetime.now(UTC),
            size=(head.size if head else None) or len(content),
            complete=False,
            problem=problem,
        )
        return Fetched(uid=uid, raw=raw)


def _head(item: Item) -> Head:
    size, received_at = item.get(b"RFC822.SIZE"), item.get(b"INTERNALDATE")
    if isinstance(received_at, datetime) and received_at.tzinfo is None:
        received_at = received_at.replace(tzinfo=UTC)
    return Head(
        size=size if isinstance(size, int) else None,
        received_at=received_at if isinstance(received_at, datetime) else None,
    )


def _is_short(body: bytes, head: Head) -> bool:
    """Whether part of the body seems to be missing.

    Some servers only estimate sizes, so a body that comes the same twice is taken to be whole.
    """
    return head.size is not None and len(body) < head.size


def _body(item: Item) -> bytes | None:
    """The body, whole or its first part; None where it is lacking or NIL."""
    for key, value in item.items():
        if key.startswith(b"BODY[]") and isinstance(value, bytes):
            return value
    return None
