"""Models on disk: save, verify, load, list, promote, roll back.

    models/registry.json                       pins, the current version, the history
    models/<version>/model.joblib, card.json   written once, never changed
    models/<version>/gate.json                 why the model was taken into use, or not
    models/<version>/measured.json             its curves, calibration and worst mistakes
    models/encoder/                            the sentence encoder, pinned by the models' cards

Rules: nothing is loaded but through `stored`, which compares it with its pin first. Files appear
whole or not at all. A digest detects damage and exchange, not a thief who can rewrite the registry
too; protect the folder as you protect the program.
"""

from __future__ import annotations

import io
import json
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import joblib

from classifiers.api import ModelError
from classifiers.encoder import FILES, FOLDER, Encoder
from classifiers.files import locked, remove_leftovers, write_folder, write_whole
from classifiers.ledger import REGISTRY, Ledger, read_ledger
from classifiers.stored import (
    CARD_FILE,
    MODEL_FILE,
    encoder_folder,
    load_verified,
    unpinned,
    verified,
    verified_card,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from classifiers.card import Card
    from classifiers.model import Model, Parts

REPORT_FILE, MEASURED_FILE = "gate.json", "measured.json"
MOST_KEPT = 5  # models that the gate did not let pass
_COMPRESSION = ("zlib", 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model in a list. `card` is None when `problem` says why it cannot be used."""

    version: str
    current: bool
    card: Card | None = None
    problem: str = ""


def load(root: Path, version: str | None = None) -> Model:
    """Load a model from a models root; without `version` the one in use.

    Raises:
        ModelError: it is missing, damaged, tampered with, or made by other library versions.
            The message says which file, what is wrong, and what to do.
    """
    ledger = read_ledger(root)
    wanted = version or ledger.current
    if wanted is None:
        msg = f"{root / REGISTRY} names no model in use; run `triage models promote VERSION`"
        raise ModelError(msg)
    if wanted not in ledger.pins:
        raise ModelError(unpinned(ledger, wanted))
    return load_verified(root / wanted, ledger)


def load_dir(path: Path) -> Model:
    """Load the model in the folder `path`, pinned by `registry.json` in the folder above it.

    A models root is accepted too, and means the model in use.

    Raises:
        ModelError: see `load`; also when nothing pins this folder.
    """
    folder = path.resolve()
    if not folder.is_dir():
        msg = f"{path} is no folder; give a model's folder, which holds {MODEL_FILE}"
        raise ModelError(msg)
    if (folder / REGISTRY).is_file() and not (folder / MODEL_FILE).exists():
        return load(folder)
    return load_verified(folder, read_ledger(folder.parent))


def save(root: Path, model: Model) -> Path:
    """Write a model under its version and pin it. It is not in use until promoted.

    Raises:
        ModelError: the version exists already, or the folder cannot be written.
    """
    folder = root / model.version
    if folder.exists() and model.version in read_ledger(root, missing_ok=True).pins:
        msg = f"{folder} exists already; models are never overwritten: choose another version"
        raise ModelError(msg)
    return _write(folder, model)


def save_at(folder: Path, model: Model) -> Path:
    """Write a model to a folder of the caller's choice, pinned in the folder above it.

    An earlier model there is replaced; anything else is left alone.

    Raises:
        ModelError: the folder holds something else, is in use, or cannot be written.
    """
    check_output(folder)
    return _write(folder.resolve(), model)


def check_output(folder: Path) -> None:
    """Refuse a folder to which `save_at` would not write; worth asking before long work.

    Raises:
        ModelError: the folder holds something else, or is the model in use.
    """
    folder = folder.resolve()
    if folder.exists() and not _replaceable(folder):
        msg = f"{folder} holds other files; give a new or empty folder for the model"
        raise ModelError(msg)
    if read_ledger(folder.parent, missing_ok=True).current == folder.name:
        msg = f"{folder} is the model in use; give another folder"
        raise ModelError(msg)


def promote(root: Path, version: str, *, now: datetime, note: str = "") -> Model:
    """Make `version` the model in use, after loading it to be sure that it can be.

    Raises:
        ModelError: see `load`.
    """
    model = load(root, version)
    with _changing(root) as ledger:
        _store(ledger.promoted(version, now=now, note=note))
    return model


def keep(root: Path, version: str, *, now: datetime, note: str = "") -> None:
    """Leave the model in use as it is, and write down why `version` does not replace it.

    Raises:
        ModelError: the folder cannot be written.
    """
    with _changing(root) as ledger:
        _store(ledger.kept(version, now=now, note=note))


def prune(root: Path, *, most: int = MOST_KEPT) -> list[str]:
    """Remove the oldest models that were not taken into use, so that trainings fill no disk.

    Models that were ever in use stay, and so do the newest `most` of the others.

    Raises:
        ModelError: the folder cannot be written.
    """
    with _changing(root) as ledger:
        gone = list(ledger.never_used[: -most or None])
        if gone:
            _store(ledger.forgotten(gone))
        for version in gone:
            shutil.rmtree(root / version, ignore_errors=True)
    return gone


def write_report(root: Path, version: str, report: Mapping[str, object]) -> Path:
    """Keep what the gate found beside the model.

    Raises:
        ModelError: the folder cannot be written.
    """
    return _write_beside(root, version, REPORT_FILE, report)


def read_report(root: Path, version: str) -> dict[str, Any] | None:
    """Return what `write_report` kept; None where there is nothing that can be read."""
    return _read_beside(root, version, REPORT_FILE)


def write_measured(root: Path, version: str, found: Mapping[str, object]) -> Path:
    """Keep how the model was measured (see `record`) beside it.

    Raises:
        ModelError: the folder cannot be written.
    """
    return _write_beside(root, version, MEASURED_FILE, found)


def read_measured(root: Path, version: str) -> dict[str, Any] | None:
    """Return what `write_measured` kept; None where there is nothing that can be read."""
    return _read_beside(root, version, MEASURED_FILE)


def _write_beside(root: Path, version: str, name: str, content: Mapping[str, object]) -> Path:
    path = root / version / name
    with _changing(root):
        write_whole(path, _json(content))
    return path


def _read_beside(root: Path, version: str, name: str) -> dict[str, Any] | None:
    try:
        found = json.loads((root / version / name).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def save_with(root: Path, version: str, card: Card) -> Path:
    """Write a model anew under the name that `card` gives, with this card and nothing else changed.

    Raises:
        ModelError: see `load` and `save`.
    """
    folder = root / card.version
    content = verified(root / version, read_ledger(root))[MODEL_FILE]
    return _write_files(folder, {MODEL_FILE: content, CARD_FILE: _json(card.to_json())}, None)


def adopt(source: Path, root: Path, *, now: datetime) -> Model:
    """Take the model in use at `source` into `root` as its first model, in use there too.

    So a first model of one's own has a predecessor to be compared with and to return to.

    Raises:
        ModelError: see `load` and `save`.
    """
    model = load(source)
    if model.version not in read_ledger(root, missing_ok=True).pins:
        save(root, model)  # else an earlier try ended between the two steps
        if found := read_measured(source, model.version):
            write_measured(root, model.version, found)
    return promote(root, model.version, now=now, note="came with the program")


def rollback(root: Path, *, now: datetime, note: str = "") -> Model:
    """Return to the model that was in use before the current one.

    Raises:
        ModelError: there is none, or it cannot be loaded.
    """
    ledger = read_ledger(root)
    if ledger.previous is None:
        msg = f"{root / REGISTRY} knows no earlier model to return to"
        raise ModelError(msg)
    model = load(root, ledger.previous)
    with _changing(root) as ledger:
        _store(ledger.rolled_back(now=now, note=note))
    return model


def entries(root: Path) -> list[Entry]:
    """List every model that is pinned or present, sorted by version; verified, not unpickled.

    Raises:
        ModelError: `registry.json` is missing or damaged.
    """
    ledger = read_ledger(root)
    present = {path.name for path in root.iterdir() if (path / CARD_FILE).is_file()}
    return [_entry(root, name, ledger) for name in sorted(present | set(ledger.pins))]


def free_version(root: Path, now: datetime) -> str:
    """Name a new model: the day, and a number that is not taken."""
    taken = set(read_ledger(root, missing_ok=True).pins)
    taken |= {path.name for path in root.iterdir()} if root.is_dir() else set()
    numbers = (f"{now:%Y-%m-%d}.{number}" for number in range(1, len(taken) + 2))
    return next(name for name in numbers if name not in taken)


def _entry(root: Path, version: str, ledger: Ledger) -> Entry:
    current = version == ledger.current
    try:
        card = verified_card(root / version, ledger)
    except ModelError as error:
        return Entry(version=version, current=current, problem=str(error))
    return Entry(version=version, current=current, card=card)


def _keep_encoder(root: Path, encoder: Encoder) -> None:
    """Make sure that a models root holds the encoder that a model in it needs."""
    for folder in (root / encoder_folder(encoder.pins), root / FOLDER):
        with suppress(ModelError):
            Encoder(folder, encoder.pins).check()
            return
    folder = root / FOLDER
    if folder.exists():
        folder = root / encoder_folder(encoder.pins)
    write_folder(folder, {name: encoder.read(name) for name in FILES})


def _replaceable(folder: Path) -> bool:
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= {
        MODEL_FILE,
        CARD_FILE,
        REPORT_FILE,
        MEASURED_FILE,
    }


def _write(folder: Path, model: Model) -> Path:
    if model.version != folder.name:
        msg = f"the model is named {model.version!r}; its folder must be too, not {folder.name!r}"
        raise ModelError(msg)
    contents = {MODEL_FILE: _dumped(model.parts), CARD_FILE: _json(model.card.to_json())}
    return _write_files(folder, contents, model.encoder)


def _write_files(folder: Path, contents: Mapping[str, bytes], encoder: Encoder | None) -> Path:
    pins = {name: sha256(content).hexdigest() for name, content in contents.items()}
    with _changing(folder.parent) as ledger:
        if encoder is not None:
            _keep_encoder(folder.parent, encoder)
        write_folder(folder, contents)
        _store(ledger.pinned(folder.name, pins))
    return folder


@contextmanager
def _changing(root: Path) -> Iterator[Ledger]:
    """Hold the root's lock and hand over its ledger as it is now."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with locked(root):
            remove_leftovers(root)
            yield read_ledger(root, missing_ok=True)
    except OSError as error:
        msg = (
            f"models cannot be written to {root}: {error}; free some space, check its permissions, "
            "or give another folder; the model in use stays as it is"
        )
        raise ModelError(msg) from error


def _store(ledger: Ledger) -> None:
    write_whole(ledger.path, _json(ledger.to_json()))


def _dumped(parts: Parts) -> bytes:
    stream = io.BytesIO()
    joblib.dump(parts, stream, compress=_COMPRESSION)
    return stream.getvalue()


def _json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()
