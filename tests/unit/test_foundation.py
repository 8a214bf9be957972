"""What the starter mails teach is lent by a model that learned nothing else, or learned anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from classifiers import registry
from classifiers.api import Document
from classifiers.dataset import Example
from classifiers.encoder import Encoder, pins_of
from classifiers.model import PerTagLogistic
from classifiers.tags import read_tag_infos
from classifiers.training import train
from tests.trained import NOW, QUICK, SLICE, examples, saved
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from classifiers.model import Model

SHIPPED = resource("models") / "encoder"
MAILS = [
    Document(text="All flurbs are grobbled again, what now?", from_role="client"),
    Document(text="What would two more seats cost?", from_role="client"),
    Document(text="Thanks, see you on Monday.", from_role="client"),
]


class Fresh(Encoder):
    """The shipped encoder as if it had been tuned on nothing of what the tests train on."""

    seen = frozenset()


def own_mails(tag: str = "blocker") -> list[Example]:
    draw = np.random.default_rng(1)
    words = ["pallet", "depot", "ramp", "invoice", "crane", "forklift", "gate", "lorry", "dock"]
    texts = [" ".join(draw.choice(words, 9)) for _ in range(48)]
    return [
        Example(
            document=Document(text=f"flurbs grobbled {text}" if n % 3 == 0 else text, id=f"{n}"),
            tags=frozenset([tag] if n % 3 == 0 else []),
            group=f"own {n}",
            local=True,
        )
        for n, text in enumerate(texts)
    ]


def learnt(
    rows: Sequence[Example], *roots: Path, encoder: Encoder | None = None
) -> tuple[Model, list[str]]:
    """A model, and what was said meanwhile."""
    said: list[str] = []
    model = train(
        rows,
        read_tag_infos([SLICE]),
        version="new",
        now=NOW,
        settings=QUICK,
        encoder=encoder,
        roots=roots,
        progress=said.append,
    )
    return model, said


def founded_anew(said: Sequence[str]) -> bool:
    return any("held-out scores" in line for line in said)


@pytest.mark.parametrize("tag", ["blocker", "grobble"])
@pytest.mark.parametrize("with_encoder", [False, True])
def test_the_model_is_the_same_whether_its_foundation_was_there(
    tmp_path: Path, tag: str, *, with_encoder: bool
) -> None:
    encoder = Fresh(SHIPPED, pins_of(SHIPPED)) if with_encoder else None
    first, _ = learnt(examples(), encoder=encoder)
    registry.save(tmp_path, first)
    rows = [*examples(), *own_mails(tag)]
    anew, said_anew = learnt(rows, encoder=encoder)
    lent, said = learnt(rows, tmp_path, encoder=encoder)
    assert founded_anew(said_anew)
    assert not founded_anew(said)
    assert lent.card == anew.card
    assert lent.parts.held_out == anew.parts.held_out
    assert lent.parts.flattered == anew.parts.flattered
    assert lent.classify(MAILS) == anew.classify(MAILS)


def test_starter_mails_alone_are_always_learned_anew(tmp_path: Path) -> None:
    _, said = learnt(examples(), saved(tmp_path))
    assert founded_anew(said)


def test_a_foundation_of_other_mails_is_not_taken(tmp_path: Path) -> None:
    root = saved(tmp_path)
    first, *others = examples()
    relabelled = replace(first, tags=frozenset({"blocker"}) ^ first.tags)
    unmarked = replace(next(e for e in others if e.evidence), evidence=None)
    without = [e for e in others if e.digest != unmarked.digest]
    for changed in ([relabelled, *others], others, [first, unmarked, *without]):
        _, said = learnt([*changed, *own_mails()], root)
        assert founded_anew(said)


def test_a_model_with_own_labels_lends_nothing(tmp_path: Path) -> None:
    rows = [*examples(), *own_mails()]
    registry.save(tmp_path, learnt(rows)[0])
    assert founded_anew(learnt(rows, tmp_path)[1])


def test_a_model_that_was_tampered_with_lends_nothing(tmp_path: Path) -> None:
    root = saved(tmp_path)
    with (root / "small" / "model.joblib").open("ab") as stream:
        stream.write(b"x")
    assert founded_anew(learnt([*examples(), *own_mails()], root)[1])
    assert founded_anew(learnt([*examples(), *own_mails()], tmp_path / "nowhere")[1])


def test_an_own_mail_that_repeats_a_starter_mail_judges_nothing(tmp_path: Path) -> None:
    known = next(e for e in examples() if not e.tags and len(e.document.text.split()) > 8)
    twin = replace(
        own_mails()[0],
        document=replace(known.document, text=known.document.text + "!", id="twin"),
        tags=frozenset({"blocker"}),
        group="twin",
    )
    model, _ = learnt([*examples(), *own_mails(), twin], saved(tmp_path))
    assert twin.digest in model.parts.flattered
    assert known.digest in model.parts.flattered
    assert own_mails()[0].digest in model.parts.held_out


def test_words_that_only_the_firm_uses_count(tmp_path: Path) -> None:
    before, _ = learnt(examples())
    after, _ = learnt([*examples(), *own_mails()], saved(tmp_path))
    unknown, known = (model.probabilities(MAILS)[0]["blocker"] for model in (before, after))
    assert unknown < 0.3
    assert known > 0.6


def test_features_out_of_order_are_learned_the_same_every_time() -> None:
    draw = np.random.default_rng(1)
    plain = sparse.random(400, 300, density=0.1, format="csr", random_state=1)
    truth = draw.integers(0, 2, (400, 4))
    expected = PerTagLogistic().fit(plain, truth).coef_
    for _ in range(5):
        mixed = plain.copy()
        for row in range(400):
            part = slice(mixed.indptr[row], mixed.indptr[row + 1])
            order = draw.permutation(part.stop - part.start)
            mixed.indices[part] = mixed.indices[part][order]
            mixed.data[part] = mixed.data[part][order]
        mixed.has_sorted_indices = False
        assert np.array_equal(PerTagLogistic().fit(mixed, truth).coef_, expected)
