"""What surrounds a training: it is alone, it is written down, and a gate stands before promotion.

Rules: the row in the store comes before the work and its end after it, so that a killed training
is seen as one; the gate's report lies beside the new model before the model is taken into use;
whatever goes wrong on the way, the model in use stays in use.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from classifiers.api import ClassifierError, ModelError
from triage.durable import locked
from triage.errors import TriageError
from triage.resources import resource
from triage.store import audit, trainings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from classifiers.dataset import Example
    from classifiers.gate_report import Judgement
    from classifiers.model import Model
    from triage.store.engine import Store
    from triage.store.trainings import Outcome

LOCK = ".training.lock"
AUTOMATIC, BY_HAND = "automatic", "hand"
LOWEST_PRIORITY = 19  # of nice(2)
_DETAIL_CHARS = 2000


@dataclass(kw_only=True)
class Record:
    """What is known of a training so far; `recorded` writes it down at the end."""

    outcome: Outcome = "failed"
    version: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who makes a model, and how: `automatic` or by `hand`."""

    name: str
    how: str = BY_HAND

    def __str__(self) -> str:
        """As it stands in notes."""
        return "automatic" if self.how == AUTOMATIC else f"by {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Where trainings are written down: a store, or nowhere (None)."""

    store: Store | None
    author: Author
    clock: Callable[[], float] = field(default=time.time)

    @contextmanager
    def recorded(self) -> Iterator[Record]:
        """Write down that a training begins, and how it ends. The caller holds `only_training`."""
        record = Record()
        number = self._begin()
        try:
            yield record
        except BaseException as error:
            record.detail = record.detail or _reason(error)
            record.outcome = _outcome_of(error)
            self._end(number, record)
            raise
        self._end(number, record)

    def note(self, action: audit.Action, detail: str) -> None:
        """Keep an event of the models in the audit trail."""
        if self.store is not None:
            with self.store.write() as tx:
                audit.note(tx, action, now=self.clock(), detail=f"{detail}, {self.author}")

    def _begin(self) -> int:
        if self.store is None:
            return 0
        now = self.clock()
        with self.store.write() as tx:
            trainings.interrupt(tx, now)
            return trainings.begin(tx, by=self.author.name, how=self.author.how, now=now)

    def _end(self, number: int, record: Record) -> None:
        if self.store is None:
            return
        now, detail = self.clock(), record.detail[:_DETAIL_CHARS]
        with self.store.write() as tx:
            trainings.finish(
                tx, number, outcome=record.outcome, version=record.version, detail=detail, now=now
            )
            what = f"{record.version or 'no model'}: {record.outcome}"
            said = f"{what}; {detail}" if detail else what
            audit.note(tx, "trained", now=now, detail=f"{said}, {self.author}")


def _outcome_of(error: BaseException) -> Outcome:
    return "failed" if isinstance(error, Exception) else "interrupted"


def _reason(error: BaseException) -> str:
    """The first line for errors whose words are ours; others may quote a mail."""
    ours = isinstance(error, ClassifierError | TriageError)
    return (str(error).splitlines() or [""])[0] if ours else type(error).__name__


@contextmanager
def only_training(root: Path) -> Iterator[None]:
    """Hold the right to train for a folder of models; it ends with the process at the latest.

    Raises:
        ModelError: another training is running, or the folder cannot be written.
    """
    path = root / LOCK
    with ExitStack() as held:
        try:
            root.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(path, wait=False))
        except BlockingIOError as error:
            msg = f"another training is running on {root}; wait until it has ended"
            raise ModelError(msg) from error
        except OSError as error:
            msg = (
                f"{path}: {error.strerror}; free some space, or check the permissions of the folder"
            )
            raise ModelError(msg) from error
        yield


def is_training(root: Path) -> bool:
    """Whether a training is running on a folder of models."""
    try:
        handle = os.open(root / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def pinned_cases(root: Path) -> list[Example]:
    """The pinned cases that came along, and a person's own beside the models.

    Raises:
        DataError: with every problem of every row.
    """
    from classifiers import pinned  # noqa: PLC0415 - loads scikit-learn

    return pinned.read_pinned(resource("data") / "pinned", root / pinned.FILE)


def judged(
    candidate: Model,
    in_use: Model,
    examples: Sequence[Example],
    *,
    own: Collection[str],
    cases: Sequence[Example],
    fitted: bool = False,
) -> Judgement:
    """Hold a new model against the one in use; see `classifiers.gate.judge`."""
    from classifiers import gate  # noqa: PLC0415 - loads scikit-learn

    return gate.judge(candidate, in_use, examples, own=own, cases=cases, fitted=fitted)


def promote(root: Path, version: str, *, author: Author, now: datetime) -> Model:
    """Take a model into use, whatever the gate said of it.

    Raises:
        ModelError: it cannot be loaded, or the folder cannot be written; then nothing has changed.
    """
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

    return registry.promote(root, version, now=now, note=str(author))


def roll_back(root: Path, *, author: Author, now: datetime) -> Model:
    """Return to the model that was in use before.

    Raises:
        ModelError: there is none, or it cannot be loaded; then nothing has changed.
    """
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

    return registry.rollback(root, now=now, note=str(author))


def settle(
    root: Path,
    judgement: Judgement,
    *,
    author: Author,
    now: datetime,
    note: str = "",
    unwanted: str = "",
) -> None:
    """Keep the gate's report, then take the new model into use, or write down why not.

    Args:
        root: the folder of models.
        judgement: what the gate found.
        author: who made the model.
        now: when.
        note: what to write down of a model that passed, instead of "not worse than ...".
        unwanted: why it is not taken into use even if it passed.

    Raises:
        ModelError: the folder cannot be written; then nothing has changed.
    """
    from classifiers import registry  # noqa: PLC0415 - loads scikit-learn

    version = judgement.candidate
    at = now.isoformat(timespec="seconds")
    registry.write_report(root, version, {"at": at, "by": str(author), **judgement.to_json()})
    if judgement.passed and not unwanted:
        said = note or f"not worse than {judgement.in_use}"
        registry.promote(root, version, now=now, note=f"{said}, {author}")
    else:
        why = "; ".join(judgement.objections) or unwanted
        registry.keep(root, version, now=now, note=why)
        registry.prune(root)


def lower_priority() -> None:
    """Give way to everything else on the machine."""
    os.nice(LOWEST_PRIORITY)
