"""Tune a small transformer on the tags with torch; part of `encoder_build`, never of the program.

The recipe is plain: mean of the token vectors, one linear layer over it, and the tags' own labels.
Contrastive tuning first gave nothing on strangers' mail.
"""

from __future__ import annotations

import random
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

from classifiers.encoder import MAX_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

HEAD_FILE = "head.pt"
_CHUNK = 50  # batches that are sorted by length together
_JUDGED_AT_ONCE = 32  # texts
_HALVES = torch.ops.mkldnn._is_mkldnn_bf16_supported()  # noqa: SLF001  # torch has no public way to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a network reads in one epoch.

    Attributes:
        texts: n of them.
        truth: (n, n_tags) of 0 and 1: what people labelled.
        labelled: n of them: whether those labels hold for the text.
        opinion: (n, n_tags) probabilities by other networks (Hinton et al. 2015, "Distilling the
            knowledge in a neural network"); None without such a teacher.
    """

    texts: Sequence[str]
    truth: torch.Tensor
    labelled: torch.Tensor
    opinion: torch.Tensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to tune.

    Attributes:
        positive_weight: a tag that is given counts so many times one that is not.
        bfloat16: multiply in half precision, three times as fast where the processor can.
    """

    epochs: int
    seed: int = 1
    rate: float = 5e-5
    head_rate: float = 1e-3
    batch: int = 16
    warm_up: float = 0.06
    positive_weight: float = 3.0
    weight_decay: float = 0.01
    bfloat16: bool = _HALVES

    def to_json(self) -> dict[str, Any]:
        """Return the settings for the card."""
        return asdict(self)


class Pooled(nn.Module):
    """Transformer, mean over the tokens, linear head: (ids, mask) -> (vector, logits)."""

    def __init__(self, transformer: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.transformer = transformer
        self.head = head

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (n, 384) and (n, n_tags) for (n, width) of token numbers and 0 or 1."""
        hidden = self.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        vector = (hidden * weight).sum(1) / weight.sum(1)
        return vector, self.head(vector)


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network with its tokenizer."""

    module: Pooled
    tokenizer: Any

    def batch(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return token numbers and mask of texts."""
        made = self.tokenizer(
            list(texts), truncation=True, max_length=MAX_TOKENS, padding=True, return_tensors="pt"
        )
        return made["input_ids"], made["attention_mask"]

    def encode(self, texts: Sequence[str]) -> tuple[Any, Any]:
        """Return vectors and logits, computed in full precision but under `torch.autocast`."""
        self.module.eval()
        with torch.no_grad():
            parts = [
                self.module(*self.batch(texts[start : start + _JUDGED_AT_ONCE]))
                for start in range(0, len(texts), _JUDGED_AT_ONCE)
            ]
        vectors, logits = (np.vstack([part[i].float().numpy() for part in parts]) for i in (0, 1))
        return vectors, logits

    def tokenizer_json(self) -> str:
        """Return what the tokenizers library reads."""
        return str(self.tokenizer.backend_tokenizer.to_str())


def load_network(folder: Path, tags: int) -> Network:
    """Load published weights, or a checkpoint of `save_network` with its head."""
    transformer = AutoModel.from_pretrained(folder, attn_implementation="eager")
    head = nn.Linear(transformer.config.hidden_size, tags)
    if (folder / HEAD_FILE).exists():
        head.load_state_dict(torch.load(folder / HEAD_FILE, weights_only=True))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return Network(module=Pooled(transformer, head), tokenizer=tokenizer)


def save_network(network: Network, folder: Path) -> None:
    """Write a checkpoint that `load_network` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    network.module.transformer.save_pretrained(folder)
    network.tokenizer.save_pretrained(folder)
    torch.save(network.module.head.state_dict(), folder / HEAD_FILE)


def averaged(networks: Sequence[Network]) -> Network:
    """Return the first network with the mean of all weights; all have the same layout."""
    first, *others = networks
    own = first.module.state_dict()
    states = [own, *(network.module.state_dict() for network in others)]
    first.module.load_state_dict(
        {
            name: torch.stack([state[name] for state in states]).mean(dim=0)
            if own[name].is_floating_point()
            else own[name]
            for name in own
        }
    )
    return first


def opinion(teachers: Sequence[Network], texts: Sequence[str]) -> torch.Tensor:
    """Return (n, n_tags) probabilities: the mean of what the teachers say, taken of the logits.

    In half precision where the processor can; texts are read by length, so that little is padded.
    """
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    by_length = [texts[row] for row in order]
    with torch.autocast("cpu", torch.bfloat16, enabled=_HALVES):
        logits = np.mean([teacher.encode(by_length)[1] for teacher in teachers], axis=0)
    said = torch.empty(logits.shape)
    said[order] = torch.sigmoid(torch.from_numpy(logits))
    return said


def seed_everything(seed: int) -> None:
    """Make shuffling, dropout and the new head the same in every run."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # transformers draws from the global one
    torch.manual_seed(seed)


def tune(
    network: Network,
    lesson_of: Callable[[int], Lesson],
    recipe: Recipe,
    after_epoch: Callable[[], None],
) -> None:
    """Tune in place on the lesson of each epoch, all of the same size.

    `after_epoch` may save a checkpoint.
    """
    module = network.module
    optimiser = torch.optim.AdamW(
        [
            {"params": module.transformer.parameters(), "lr": recipe.rate},
            {"params": module.head.parameters(), "lr": recipe.head_rate},
        ],
        weight_decay=recipe.weight_decay,
    )
    schedule = None
    start = time.monotonic()
    for epoch in range(recipe.epochs):
        lesson = lesson_of(epoch)
        schedule = schedule or _schedule(optimiser, recipe, len(lesson.texts))
        module.train()
        for step, rows in enumerate(_batches(lesson.texts, recipe.batch)):
            with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
                _, logits = module(*network.batch([lesson.texts[row] for row in rows]))
            loss = _loss(logits.float(), lesson, rows, recipe)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            if step % _CHUNK == 0:
                seconds = time.monotonic() - start
                print(f"{epoch}.{step}: {loss.item():.3f}, {seconds:.0f} s", flush=True)  # noqa: T201
        after_epoch()


def _schedule(
    optimiser: torch.optim.Optimizer, recipe: Recipe, texts: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Warm up, then go down to nothing in a straight line."""
    steps = recipe.epochs * -(-texts // recipe.batch)
    warm = recipe.warm_up * steps
    return torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / warm) * max(0.0, 1 - step / steps)
    )


def _loss(logits: torch.Tensor, lesson: Lesson, rows: list[int], recipe: Recipe) -> torch.Tensor:
    """By the labels; with a teacher, what it says counts twice as much."""
    weight = torch.full([logits.shape[1]], recipe.positive_weight)
    each = nn.functional.binary_cross_entropy_with_logits(
        logits, lesson.truth[rows], pos_weight=weight, reduction="none"
    )
    by_labels = (each * lesson.labelled[rows, None]).mean()
    if lesson.opinion is None:
        return by_labels
    by_opinion = nn.functional.binary_cross_entropy_with_logits(logits, lesson.opinion[rows])
    return by_opinion + by_labels / 2


def _batches(texts: Sequence[str], size: int) -> Iterator[list[int]]:
    """Yield indexes in random order, in batches of similar length, so that little is padded."""
    order = random.sample(range(len(texts)), len(texts))
    for start in range(0, len(order), size * _CHUNK):
        chunk = sorted(order[start : start + size * _CHUNK], key=lambda row: len(texts[row]))
        batches = [chunk[at : at + size] for at in range(0, len(chunk), size)]
        random.shuffle(batches)
        yield from batches
