"""Models read from disk: nothing is unpickled that differs from its pin.

Rules: unpickling runs code, so nothing is unpickled whose sha256 does not match the pin in
`registry.json`, which lies outside the model's folder. What is hashed is what is loaded: bytes
are read once.
"""

from __future__ import annotations

import io
import json
import platform
import threading
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import joblib
import numpy as np
import sklearn

from classifiers.api import ModelError
from classifiers.card import Card, from_json
from classifiers.encoder import FOLDER, ONNX_FILE, Encoder
from classifiers.ledger import REGISTRY, Ledger
from classifiers.model import Model, Parts

if TYPE_CHECKING:
    from collections.abc import Mapping

_lock = threading.Lock()
_shared: WeakValueDictionary[tuple[Path, tuple[tuple[str, str], ...]], Encoder] = (
    WeakValueDictionary()
)

MODEL_FILE = "model.joblib"
CARD_FILE = "card.json"


def load_verified(folder: Path, ledger: Ledger) -> Model:
    """Load the model in `folder`, which `ledger` pins.

    Raises:
        ModelError: it is missing, damaged, tampered with, or made by other library versions.
            The message says which file, what is wrong, and what to do.
    """
    contents = verified(folder, ledger)
    card = _card(contents[CARD_FILE], folder)
    _check_libraries(card, folder)
    try:
        parts = joblib.load(io.BytesIO(contents[MODEL_FILE]))
    except Exception as error:
        msg = f"{folder / MODEL_FILE} cannot be read ({error}); train the model again"
        raise ModelError(msg) from error
    if not isinstance(parts, Parts) or set(parts.tags) != set(card.names):
        msg = f"{folder / MODEL_FILE} and its card name different tags; train the model again"
        raise ModelError(msg)
    return Model(parts, card, _encoder(folder.parent, card))


def verified_card(folder: Path, ledger: Ledger) -> Card:
    """Return the card in `folder` after both files were compared with their pins.

    Raises:
        ModelError: one is missing or differs, or the card is none.
    """
    return _card(verified(folder, ledger)[CARD_FILE], folder)


def encoder_folder(pins: Mapping[str, str]) -> str:
    """Name the copy of an encoder beside another one."""
    return f"{FOLDER}-{pins[ONNX_FILE][:12]}"


def libraries() -> dict[str, str]:
    """Versions that a model depends on."""
    return {
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "joblib": joblib.__version__,
    }


def _encoder(root: Path, card: Card) -> Encoder | None:
    """Return the encoder that the card pins, its files compared with the pins but not loaded.

    Models that pin the same files in one root share it, so that it is in memory once.
    """
    if not card.encoder:
        return None
    pins = card.encoder["files"]
    named = root / encoder_folder(pins)
    folder = named if named.is_dir() else root / FOLDER
    encoder = Encoder(folder, pins)
    encoder.check()
    with _lock:
        return _shared.setdefault((folder.resolve(), tuple(sorted(pins.items()))), encoder)


def verified(folder: Path, ledger: Ledger) -> dict[str, bytes]:
    """Return the bytes of both files, each equal to its pin.

    Raises:
        ModelError: one is missing or differs.
    """
    pins = ledger.pins.get(folder.name)
    if pins is None:
        raise ModelError(unpinned(ledger, folder.name))
    return {name: _pinned(folder / name, pins.get(name, "")) for name in (CARD_FILE, MODEL_FILE)}


def unpinned(ledger: Ledger, version: str) -> str:
    """Say that no pin stands for these files."""
    return (
        f"{ledger.path} has no pin for {version!r}, so its files are not trusted; "
        "use a model that `triage models list` shows, or train one"
    )


def _pinned(file: Path, pin: str) -> bytes:
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        msg = f"{file} is missing; restore it, or run `triage models rollback`"
        raise ModelError(msg) from error
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror}; check its permissions"
        raise ModelError(msg) from error
    if sha256(content).hexdigest() != pin:
        msg = (
            f"{file} is not what was pinned (sha256 differs from {REGISTRY}): it was damaged or "
            "exchanged, and is not loaded; restore it, or run `triage models rollback`"
        )
        raise ModelError(msg)
    return content


def _card(content: bytes, folder: Path) -> Card:
    try:
        parsed = json.loads(content)
    except ValueError as error:
        msg = f"{folder / CARD_FILE} is not JSON: {error}; train the model again"
        raise ModelError(msg) from error
    card = from_json(parsed, str(folder / CARD_FILE))
    if card.version != folder.name:
        msg = f"{folder / CARD_FILE} describes {card.version!r}; a folder is named by its version"
        raise ModelError(msg)
    return card


def _check_libraries(card: Card, folder: Path) -> None:
    made, here = card.libraries.get("scikit-learn"), sklearn.__version__
    if made != here:
        msg = (
            f"{folder} was made with scikit-learn {made}, this is {here}: scores may differ; "
            f"install scikit-learn {made}, or run `triage train`"
        )
        raise ModelError(msg)
