"""What a model says of itself, in JSON beside it: read and checked before the model is unpickled.

Rule: `SCHEMA` grows by one when the meaning of a key changes; a reader refuses every other number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from classifiers.api import ModelError
from classifiers.tags import TagInfo, tag_info, tag_problems
from classifiers.thresholds import Sigmoid, Threshold

SCHEMA = 1
_SECTIONS = ("calibration", "sentence_calibration", "thresholds", "libraries", "data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The description of one model.

    Attributes:
        tags: in the model's order; this list pairs scores with names everywhere.
        calibration: per tag, from a mail's raw score to its probability.
        sentence_calibration: the same for the scores of single sentences.
        libraries: versions the model was made with; scikit-learn must be the same to load it.
        data: how many examples, of which tags, and the digest of them all.
        settings: how it was trained.
        metrics: how good it was on mails it had not seen, as `evaluation` reports it.
        encoder: empty without one; else `files`, the sha256 of each of its files, and `weights`,
            per tag what its logit counts beside the linear score.
    """

    version: str
    trained_at: str
    tags: tuple[TagInfo, ...]
    calibration: Mapping[str, Sigmoid]
    sentence_calibration: Mapping[str, Sigmoid]
    thresholds: Mapping[str, Threshold]
    libraries: Mapping[str, str]
    data: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    encoder: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tags, in the model's order."""
        return tuple(info.name for info in self.tags)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {"schema": SCHEMA, **asdict(self)}


def from_json(content: object, place: str) -> Card:
    """Build a card from parsed JSON.

    Raises:
        ModelError: it is not a card of this schema; every problem is named, with `place`.
    """
    if not isinstance(content, dict):
        raise ModelError(_refusal(place, ["it is not a JSON object"]))
    if content.get("schema") != SCHEMA:
        found = content.get("schema")
        raise ModelError(_refusal(place, [f"schema is {found!r}, this program reads {SCHEMA}"]))
    problems = _problems(content)
    if problems:
        raise ModelError(_refusal(place, problems))
    names = [tag["name"] for tag in content["tags"]]
    try:
        return Card(
            version=content["version"],
            trained_at=str(content.get("trained_at", "")),
            tags=tuple(tag_info(tag["name"], tag) for tag in content["tags"]),
            calibration={n: Sigmoid(**content["calibration"][n]) for n in names},
            sentence_calibration={n: Sigmoid(**content["sentence_calibration"][n]) for n in names},
            thresholds={n: Threshold(**content["thresholds"][n]) for n in names},
            libraries=content["libraries"],
            data=content["data"],
            settings=content.get("settings", {}),
            metrics=content.get("metrics", {}),
            encoder=content.get("encoder", {}),
        )
    except (TypeError, ValueError) as error:
        raise ModelError(_refusal(place, [str(error)])) from error


def _problems(content: Mapping[str, Any]) -> list[str]:
    problems = [f"{key} is missing" for key in _SECTIONS if not isinstance(content.get(key), dict)]
    problems += _encoder_problems(content.get("encoder", {}))
    if not (isinstance(content.get("version"), str) and content["version"]):
        problems.append("version is missing")
    tags = content.get("tags")
    if not (isinstance(tags, list) and tags and all(isinstance(tag, dict) for tag in tags)):
        return [*problems, "tags are missing"]
    for tag in tags:
        name = str(tag.get("name", ""))
        problems += [f"tag {name!r} {problem}" for problem in tag_problems(name, tag)]
        problems += [
            f"{key} says nothing of tag {name!r}"
            for key in _SECTIONS[:3]
            if not isinstance((content.get(key) or {}).get(name), Mapping)
        ]
    return problems


def _encoder_problems(encoder: object) -> list[str]:
    if encoder == {}:
        return []
    if not isinstance(encoder, dict) or not all(
        isinstance(encoder.get(key), dict) for key in ("files", "weights")
    ):
        return ["encoder must have files and weights"]
    wrong = not all(isinstance(weight, int | float) for weight in encoder["weights"].values())
    return ["encoder weights must be numbers"] if wrong else []


def _refusal(place: str, problems: list[str]) -> str:
    return f"{place} is no usable model card: {'; '.join(problems)}; train the model again"
