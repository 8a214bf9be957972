"""The sentence encoder: the same answers always, loaded late, and never from exchanged files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from classifiers import comparison, registry
from classifiers.api import Document, ModelError
from classifiers.encoder import FILES, MAX_TOKENS, Encoder, encoder_text, pins_of
from classifiers.encoder_data import held_out, lengthened, retold, to_tune_on
from classifiers.sentences import split_sentences
from classifiers.tags import read_tag_infos
from classifiers.training import train
from tests.trained import NOW, QUICK, SLICE, examples
from triage.resources import resource

if TYPE_CHECKING:
    from pathlib import Path

    from classifiers.model import Model

SHIPPED = resource("models") / "encoder"
MAILS = [
    Document(text="We cannot log in since noon, everybody here is stuck.", from_role="client"),
    Document(text="Thanks, see you on Monday.", from_role="client"),
    Document(text="What would two more seats cost? We are hiring. " * 9, from_role="client"),
    Document(text="Third reminder. I am fed up with being ignored.", subject="Again"),
]
TEXTS = [encoder_text(mail) for mail in MAILS]


@cache
def encoder() -> Encoder:
    return Encoder(SHIPPED, pins_of(SHIPPED))


class Fresh(Encoder):
    """The shipped encoder as if it had been tuned on nothing of what the tests train on."""

    seen = frozenset()


@cache
def model_with_encoder() -> Model:
    fresh = Fresh(SHIPPED, pins_of(SHIPPED))
    infos = read_tag_infos([SLICE])
    return train(examples(), infos, version="small", now=NOW, settings=QUICK, encoder=fresh)


def with_encoder(root: Path) -> Path:
    registry.save(root, model_with_encoder())
    registry.promote(root, "small", now=NOW)
    return root


def copied(tmp_path: Path) -> Path:
    return shutil.copytree(SHIPPED, tmp_path / "encoder")


def test_every_text_gets_a_vector_and_a_logit_for_each_tag() -> None:
    answer = encoder().encode(TEXTS)
    assert answer.vectors.shape == (4, 384)
    assert answer.logits.shape == (4, len(encoder().tags))
    assert answer.vectors.dtype == answer.logits.dtype == np.float32
    assert np.isfinite(answer.vectors).all()


def test_nothing_in_gives_nothing_out() -> None:
    answer = encoder().encode([])
    assert answer.vectors.shape == (0, 384)


def test_two_encoders_give_the_same_numbers() -> None:
    again = Encoder(SHIPPED, pins_of(SHIPPED))
    assert np.array_equal(encoder().encode(TEXTS).logits, again.encode(TEXTS).logits)


def test_a_text_means_the_same_whatever_stands_beside_it() -> None:
    together = encoder().encode(TEXTS)
    alone = np.vstack([encoder().encode([text]).vectors for text in TEXTS])
    cosine = (together.vectors * alone).sum(1) / (
        np.linalg.norm(together.vectors, axis=1) * np.linalg.norm(alone, axis=1)
    )
    assert cosine.min() > 0.98


def test_the_order_of_the_texts_is_kept() -> None:
    forward, backward = encoder().encode(TEXTS), encoder().encode(TEXTS[::-1])
    assert np.allclose(forward.logits, backward.logits[::-1], atol=0.05)


@pytest.mark.parametrize(
    "text",
    ["", " \n\t", "\x00\ud83d", "word " * 200_000, "x" * 500_000, "?!" * 9_000],
    ids=["empty", "blank", "broken", "long", "one-word", "marks"],
)
def test_any_text_gets_finite_numbers(text: str) -> None:
    assert np.isfinite(encoder().encode([text]).logits).all()


def test_what_follows_the_last_token_changes_nothing() -> None:
    start = "please " * (MAX_TOKENS + 20)
    answer = encoder().encode([start, start + "refund me"])
    assert np.array_equal(answer.logits[0], answer.logits[1])


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = copied(tmp_path)
    pins = pins_of(folder)
    with (folder / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(ModelError, match="is not what the model's card pins"):
        Encoder(folder, pins).check()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    pins = pins_of(folder)
    (folder / "encoder.onnx").unlink()
    with pytest.raises(ModelError, match=r"encoder\.onnx cannot be read"):
        Encoder(folder, pins).encode(["hello"])
    with pytest.raises(ModelError, match=r"encoder\.onnx missing"):
        pins_of(folder)


def test_no_library_of_the_encoder_is_loaded_before_the_first_text(tmp_path: Path) -> None:
    root = with_encoder(tmp_path)
    code = f"""
import sys
from pathlib import Path
from classifiers import registry
from classifiers.api import Document
model = registry.load(Path({str(root)!r}))
names = {{'onnxruntime', 'tokenizers'}}
assert not names & set(sys.modules)
model.classify([Document(text='hi')])
assert names <= set(sys.modules)
assert not {{'torch', 'transformers', 'huggingface_hub'}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_model_with_an_encoder_comes_back_as_it_was(tmp_path: Path) -> None:
    model = model_with_encoder()
    assert registry.load(with_encoder(tmp_path)).probabilities(MAILS) == model.probabilities(MAILS)
    assert sorted(path.name for path in (tmp_path / "encoder").iterdir()) == sorted(FILES)


def test_a_model_is_not_loaded_when_its_encoder_was_exchanged(tmp_path: Path) -> None:
    with_encoder(tmp_path)
    with (tmp_path / "encoder" / "encoder.onnx").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(ModelError, match=r"encoder\.onnx is not what the model's card pins"):
        registry.load(tmp_path)


def test_an_encoder_is_kept_beside_another_one(tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "encoder.onnx").write_bytes(b"of another model")
    with_encoder(tmp_path)
    assert registry.load(tmp_path).encoder is not None
    assert (tmp_path / "encoder" / "encoder.onnx").read_bytes() == b"of another model"


def test_the_encoder_counts_in_the_probabilities() -> None:
    model = model_with_encoder()
    assert set(model.card.encoder["weights"]) == set(model.tags)
    outage = model.probabilities(MAILS)[0]["blocker"]
    silent = type(model)(model.parts, model.card)
    assert abs(outage - silent.probabilities(MAILS)[0]["blocker"]) > 0.01


def test_mails_that_the_encoder_was_tuned_on_judge_nothing() -> None:
    half = frozenset(example.digest for example in examples()[::2])

    class Partly(Encoder):
        seen = half

    model = train(
        examples(),
        read_tag_infos([SLICE]),
        version="small",
        now=NOW,
        settings=QUICK,
        encoder=Partly(SHIPPED, pins_of(SHIPPED)),
    )
    assert model.parts.flattered <= half
    assert model.parts.flattered
    assert not model.parts.flattered & set(model.parts.held_out)
    assert model.card.metrics["held_out"]["mails"] == len(model.parts.held_out)
    assert len(comparison.judgeable(examples(), model)) < len(examples())


def test_an_encoder_that_has_seen_everything_is_not_believed() -> None:
    everything = frozenset(example.digest for example in examples())

    class Knowing(Encoder):
        seen = everything

    said: list[str] = []
    model = train(
        examples(),
        read_tag_infos([SLICE]),
        version="small",
        now=NOW,
        settings=QUICK,
        encoder=Knowing(SHIPPED, pins_of(SHIPPED)),
        progress=said.append,
    )
    assert model.encoder is None
    assert not model.parts.flattered
    assert any("without the encoder" in line for line in said)


def test_a_tag_of_your_own_is_learned_without_the_encoder() -> None:
    renamed = {"upsell": "opening"}
    own = [
        type(example)(
            document=example.document,
            tags=frozenset(renamed.get(tag, tag) for tag in example.tags),
            group=example.group,
        )
        for example in examples()
    ]
    fresh = Fresh(SHIPPED, pins_of(SHIPPED))
    model = train(own, {}, version="small", now=NOW, settings=QUICK, encoder=fresh)
    assert "opening" in model.tags
    assert "opening" not in model.card.encoder["weights"]
    assert model.probabilities(MAILS)[2]["opening"] > 0


def test_a_fifth_of_the_new_groups_is_kept_out_of_tuning_whole() -> None:
    chosen = to_tune_on(examples(), [], replay=1)
    left = [example for example in examples() if example not in chosen]
    assert {example.group for example in chosen}.isdisjoint(example.group for example in left)
    assert 0.1 < len(left) / len(examples()) < 0.3
    assert all(held_out(example.group) for example in left)


def test_mails_seen_before_are_shown_again_though_they_were_kept_out_of_nothing() -> None:
    old, new = examples()[:100], examples()[100:]
    chosen = to_tune_on(examples(), old, replay=4)
    assert [example for example in chosen if example in old] == list(old[::4])
    assert all(not held_out(example.group) for example in chosen if example in new)


def test_a_mail_is_lengthened_only_by_an_untagged_one_from_the_same_kind_of_sender() -> None:
    mails = examples()
    plain = {(one.document.from_role, one.document.text) for one in mails if not one.tags}
    changed = 0
    for before, after in zip(mails, lengthened(mails, seed=1), strict=True):
        own, role = before.document.text, before.document.from_role
        if after.text == own:
            continue
        changed += 1
        added = after.text.removeprefix(own).removesuffix(own).strip()
        assert (role, added) in {(who, text.strip()) for who, text in plain}
        assert (after.subject, after.from_role) == (before.document.subject, role)
    assert 0.2 < changed / len(mails) < 0.6
    assert lengthened(mails, seed=1) == lengthened(mails, seed=1) != lengthened(mails, seed=2)


def test_a_pupil_reads_parts_and_pairs_whose_labels_are_not_held_against_it() -> None:
    mails = examples()
    texts, labelled = retold(mails, seed=1)
    parts = pairs = 0
    for before, after, holds in zip(mails, texts, labelled, strict=True):
        own, read = before.document.text, after.text
        assert after == replace(before.document, text=read)
        if not holds:
            pair = own in read and len(own) < len(read)
            assert pair or all(piece in own for piece in split_sentences(read))
            parts, pairs = parts + (not pair), pairs + pair
    assert 0.1 < parts / len(mails) < 0.3
    assert 0.1 < pairs / len(mails) < 0.3
    assert retold(mails, seed=1) == retold(mails, seed=1) != retold(mails, seed=2)


def test_the_shipped_encoder_says_where_it_comes_from() -> None:
    card = json.loads((SHIPPED / "encoder.json").read_text(encoding="utf-8"))
    assert card["source"]["licence"] == "Apache-2.0"
    assert "Apache License" in (SHIPPED / "LICENSE").read_text(encoding="utf-8")
    assert card["export"]["mean_cosine"] > 0.985
    assert card["stages"]
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 28_000_000


def test_a_model_that_is_taken_over_brings_its_encoder(tmp_path: Path) -> None:
    with_encoder(tmp_path / "shipped")
    registry.adopt(tmp_path / "shipped", tmp_path / "own", now=NOW)
    shutil.rmtree(tmp_path / "shipped")
    assert registry.load(tmp_path / "own").probabilities(MAILS[:1])
