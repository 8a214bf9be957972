"""Mail in folders that mean a tag: what was seen there, and what came of it.

Rule: one row for each place a mail was seen in, so that a mail is learned once however often its
folder is read again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import and_, or_, select, update

from triage.store.tables import messages, moves, tag_folders, thread_ids
from triage.store.upserts import upsert

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from triage.messages import MessageRef

_CHUNK = 500  # databases bind at most some thousand values in one statement

# labelled: it said something new; same: it repeats what is known; ours: we put it there ourselves;
# ignored: none of the mails to learn from; failed: the program stumbled over it.
Outcome = Literal["labelled", "same", "ours", "ignored", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagFolder:
    """A folder that means a tag (the empty one: none), and why it cannot be read now, if so."""

    account: str
    folder: str
    tag: str
    began_at: float
    problem: str = ""
    problem_since: float | None = None


def known(tx: Connection, account: str, folder: str) -> TagFolder | None:
    """The folder's row; None before it was read for the first time."""
    query = select(tag_folders).where(
        tag_folders.c.account == account, tag_folders.c.folder == folder
    )
    row = tx.execute(query).first()
    return _folder(dict(row._mapping)) if row else None  # noqa: SLF001 - the documented way to a dict


def folders(tx: Connection) -> list[TagFolder]:
    """Every folder that was ever read, by account and name."""
    query = select(tag_folders).order_by(tag_folders.c.account, tag_folders.c.folder)
    return [_folder(dict(row._mapping)) for row in tx.execute(query)]  # noqa: SLF001 - as above


def looked(tx: Connection, account: str, folder: str, tag: str, now: float) -> None:
    """The folder was read to its end; begins it when it is new."""
    fields = {"tag": tag, "problem": "", "problem_since": None}
    tx.execute(
        upsert(tx.dialect.name, tag_folders)
        .values(account=account, folder=folder, began_at=now, **fields)
        .on_conflict_do_update(index_elements=["account", "folder"], set_=fields)
    )


def troubled(tx: Connection, account: str, problem: str, now: float) -> None:
    """The folders of an account cannot be read; keeps the time when that began."""
    of_account = tag_folders.c.account == account
    tx.execute(update(tag_folders).where(of_account).values(problem=problem))
    began = tag_folders.c.problem_since.is_(None)
    tx.execute(update(tag_folders).where(of_account, began).values(problem_since=now))


def unseen(
    tx: Connection, account: str, folder: str, uid_validity: int, uids: Sequence[int]
) -> list[int]:
    """Those of `uids` that are not known to lie there, in the same order."""
    seen: set[int] = set()
    for start in range(0, len(uids), _CHUNK):
        query = select(moves.c.uid).where(
            _within(account, folder, uid_validity),
            moves.c.present,
            moves.c.uid.in_(uids[start : start + _CHUNK]),
        )
        seen.update(tx.execute(query).scalars())
    return [uid for uid in uids if uid not in seen]


def put(
    tx: Connection,
    ref: MessageRef,
    *,
    tag: str,
    message_id: int | None,
    outcome: Outcome,
    now: float,
) -> None:
    """Write down that a mail was seen in a folder, now, and what came of it."""
    fields = {
        "tag": tag,
        "message_id": message_id,
        "outcome": outcome,
        "present": True,
        "seen_at": now,
    }
    key = {
        "account": ref.account,
        "folder": ref.folder,
        "uid_validity": ref.uid_validity,
        "uid": ref.uid,
    }
    tx.execute(
        upsert(tx.dialect.name, moves)
        .values(**key, **fields)
        .on_conflict_do_update(index_elements=list(key), set_=fields)
    )


def gone(
    tx: Connection, account: str, folder: str, uid_validity: int, uids: Sequence[int]
) -> list[int]:
    """Rows of what was seen in the folder and is not among `uids`, which are all it holds now."""
    still = set(uids)
    query = select(moves.c.id, moves.c.uid).where(
        _within(account, folder, uid_validity), moves.c.present
    )
    return [row.id for row in tx.execute(query) if row.uid not in still]


def left(tx: Connection, rows: Sequence[int]) -> None:
    """These have left their folder.

    On disk a mail that comes back has the same number again, and is then a new move.
    """
    for start in range(0, len(rows), _CHUNK):
        some = moves.c.id.in_(rows[start : start + _CHUNK])
        tx.execute(update(moves).where(some).values(present=False))


def is_read_again(tx: Connection, ref: MessageRef, message_id: int, tag: str) -> bool:
    """Whether a mail seen at `ref` lay in a folder of this tag before it was numbered anew.

    So it was when it is known from a folder of the tag under other numbers, and not yet under
    these; then its being here says nothing new.
    """
    here = _within(ref.account, ref.folder, ref.uid_validity)
    of_mail = and_(moves.c.message_id == message_id, moves.c.tag == tag)
    seen_here = tx.execute(select(moves.c.id).where(of_mail, here).limit(1)).first()
    seen_before = tx.execute(select(moves.c.id).where(of_mail).limit(1)).first()
    return seen_before is not None and seen_here is None


def is_our_move(tx: Connection, ref: MessageRef, message_id: int) -> bool:
    """Whether we moved the mail into this folder ourselves, and have not met it there yet."""
    ours = select(messages.c.id).where(
        messages.c.id == message_id,
        messages.c.account == ref.account,
        messages.c.moved_to == ref.folder,
    )
    met = select(moves.c.id).where(
        moves.c.message_id == message_id,
        moves.c.account == ref.account,
        moves.c.folder == ref.folder,
    )
    return tx.execute(ours).first() is not None and tx.execute(met).first() is None


def will_move(tx: Connection, message_ids: Sequence[int], folder: str) -> None:
    """We are about to move these mails; known before it happens, so that a crash hides nothing."""
    for start in range(0, len(message_ids), _CHUNK):
        some = messages.c.id.in_(message_ids[start : start + _CHUNK])
        tx.execute(update(messages).where(some).values(moved_to=folder))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A mail that was read in a watched folder. `text_digest` is empty where nobody noted it."""

    id: int
    state: str
    text_digest: str


def by_bytes(tx: Connection, account: str, sha256: str) -> Known | None:
    """The first mail with these bytes, of this account before any other."""
    query = (
        select(messages.c.id, messages.c.state, messages.c.text_digest)
        .where(messages.c.sha256 == sha256, messages.c.sha256 != "")
        .order_by(messages.c.account != account, messages.c.id)
        .limit(1)
    )
    row = tx.execute(query).first()
    return Known(**row._mapping) if row else None  # noqa: SLF001 - as above


def by_message_id(tx: Connection, rfc_id: str, text_digest: str, limit: int = 20) -> list[Known]:
    """Mails of the thread of that Message-ID whose words are these, or were never noted."""
    if not rfc_id:
        return []
    query = (
        select(messages.c.id, messages.c.state, messages.c.text_digest)
        .join(thread_ids, thread_ids.c.message_id == messages.c.id)
        .where(
            thread_ids.c.rfc_id == rfc_id[:998],
            or_(messages.c.text_digest == text_digest, messages.c.text_digest == ""),
        )
        .order_by(messages.c.text_digest == "", messages.c.id)
        .limit(limit)
    )
    return [Known(**row._mapping) for row in tx.execute(query)]  # noqa: SLF001 - as above


def _within(account: str, folder: str, uid_validity: int) -> ColumnElement[bool]:
    return and_(
        moves.c.account == account,
        moves.c.folder == folder,
        moves.c.uid_validity == uid_validity,
    )


def _folder(fields: Mapping[str, Any]) -> TagFolder:
    return TagFolder(**{key: value for key, value in fields.items() if key != "id"})
