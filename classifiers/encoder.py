"""The sentence encoder: what a mail means as a vector, and what it says of the tags by itself.

It is an ONNX file run by onnxruntime, made by `encoder_build`. Rules: both libraries are imported
at the first use, never before; nothing is downloaded; no file is used whose sha256 is not the one
that the caller pins; the same text gives the same answer to within rounding, whatever texts stand
beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from classifiers.api import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from classifiers.api import Document

FOLDER = "encoder"
ONNX_FILE, TOKENIZER_FILE, CARD_FILE, SEEN_FILE = (
    "encoder.onnx",
    "tokenizer.json",
    "encoder.json",
    "seen.txt",
)
LICENCE_FILE = "LICENSE"
FILES = (ONNX_FILE, TOKENIZER_FILE, CARD_FILE, SEEN_FILE, LICENCE_FILE)
SCHEMA = 1
MAX_TOKENS = 192  # the encoder was tuned on so many; what follows is left to the other features
MAX_CHARS = 4_000  # far more than that many tokens; bounds the time for a log file
BATCH_TOKENS = 512  # that run together; more is no faster and holds more memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """What the encoder says of n texts: `vectors` (n, 384), `logits` (n, n_tags), float32."""

    vectors: Any
    logits: Any


class Encoder:
    """An encoder on disk. Safe to call from several threads."""

    def __init__(self, folder: Path, pins: Mapping[str, str], *, threads: int = 1) -> None:
        """Take the files in `folder` whose sha256 is in `pins`, by name. Reads nothing yet.

        `threads`: cores for one batch; mails are small, so one does almost as well as two.
        """
        self.folder = folder
        self.pins = dict(pins)
        self._threads = threads

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The tags whose logits `encode` gives, in the order of its columns."""
        return tuple(self._card["tags"])

    @cached_property
    def seen(self) -> frozenset[str]:
        """Digests of the mails whose labels the encoder was tuned on: its logits flatter there."""
        return frozenset(self.read(SEEN_FILE).decode().split())

    def check(self) -> None:
        """Compare every file with its pin, without loading any.

        Raises:
            ModelError: one is missing or differs.
        """
        for name in FILES:
            self.read(name)

    def read(self, name: str) -> bytes:
        """Return the bytes of one file, equal to its pin.

        Raises:
            ModelError: it is missing, unpinned, or differs.
        """
        file = self.folder / name
        try:
            content = file.read_bytes()
        except OSError as error:
            msg = f"{file} cannot be read: {error.strerror}; restore it, or train without encoder"
            raise ModelError(msg) from error
        if sha256(content).hexdigest() != self.pins.get(name):
            msg = (
                f"{file} is not what the model's card pins (sha256 differs): it was damaged or "
                "exchanged, and is not loaded; restore it, or run `triage models rollback`"
            )
            raise ModelError(msg)
        return content

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encode texts; the rows have the order of `texts`.

        Raises:
            ModelError: a file is missing, damaged or exchanged.
        """
        tokens = [self._tokenizer.encode(_sound(text)).ids for text in texts]
        vectors = np.zeros((len(texts), self._card["dimensions"]), dtype=np.float32)
        logits = np.zeros((len(texts), len(self.tags)), dtype=np.float32)
        for rows in _by_length(tokens):
            vectors[rows], logits[rows] = self._run([tokens[row] for row in rows])
        return Encoded(vectors=vectors, logits=logits)

    def _run(self, tokens: Sequence[Sequence[int]]) -> tuple[Any, Any]:
        longest = max(len(ids) for ids in tokens)
        ids = np.zeros((len(tokens), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, own in enumerate(tokens):
            ids[row, : len(own)] = own
            mask[row, : len(own)] = 1
        vectors, logits = self._session.run(["vector", "logits"], {"ids": ids, "mask": mask})
        return vectors, logits

    @cached_property
    def _card(self) -> dict[str, Any]:
        card = json.loads(self.read(CARD_FILE))
        if card.get("schema") != SCHEMA:
            msg = (
                f"{self.folder / CARD_FILE} has schema {card.get('schema')!r}, this program reads "
                f"{SCHEMA}; use the encoder that came with this program"
            )
            raise ModelError(msg)
        assert isinstance(card, dict)
        return card

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer  # noqa: PLC0415 - only who encodes pays for loading it

        tokenizer = Tokenizer.from_str(self.read(TOKENIZER_FILE).decode())
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # noqa: PLC0415 - only who encodes pays for loading it

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # else the largest batch stays in memory for ever
        options.log_severity_level = 3  # errors; a warning would end on standard error
        return onnxruntime.InferenceSession(
            self.read(ONNX_FILE), options, providers=["CPUExecutionProvider"]
        )


def encoder_text(document: Document) -> str:
    """Return a mail as the encoder reads it: who wrote, the subject, the new text."""
    return f"{document.from_role}: {document.subject}\n{document.text}"


def pins_of(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file of an encoder that is trusted as it lies there.

    Raises:
        ModelError: a file is missing.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        msg = f"{folder} is no encoder: {', '.join(missing)} missing; give another folder"
        raise ModelError(msg)
    return {name: sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


def _sound(text: str) -> str:
    """Cut a text and replace halves of characters, which the tokenizer refuses."""
    return text[:MAX_CHARS].encode("utf-8", "replace").decode()


def _by_length(tokens: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yield indexes in batches of similar length, so that little is padded."""
    batch: list[int] = []
    for row in sorted(range(len(tokens)), key=lambda row: len(tokens[row])):
        if batch and (len(batch) + 1) * len(tokens[row]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
