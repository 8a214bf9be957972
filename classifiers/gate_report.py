"""What the gate found, as values, in words and as JSON. `gate` says by which rule."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from classifiers.evaluation import rounded_figures

if TYPE_CHECKING:
    from classifiers.bootstrap import Difference
    from classifiers.pinned import Outcome

AP_TOLERANCE = 0.03
F1_TOLERANCE = 0.05
ALARM_TOLERANCE = 2.0  # untagged mails of a hundred
GROSS = 3.0  # times a tolerance: a loss that counts even where it could be chance

OWN, STARTER = "labels of people", "starter mails"
AP, F1, ALARMS = "average precision", "F1", "false alarms per 100 untagged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of both models on one set of mails.

    Attributes:
        tag: empty for a figure over all tags.
        mails: how many carry the tag; for false alarms, how many carry none.
        judged: whether there were mails enough for the figure to count.
        shared: an F1 that fell while the ranking of the tag held and the mean F1 of all tags rose:
            they only share the budget for noise in another way. It counts when it is gross.
    """

    set: str
    kind: str
    tag: str
    mails: int
    judged: bool
    difference: Difference
    shared: bool = False

    @property
    def loss(self) -> float:
        """How much worse the new model is; negative when it is better."""
        change = self.difference.change
        return change if self.kind == ALARMS else -change

    @property
    def tolerance(self) -> float:
        """The loss up to which it passes."""
        return {AP: AP_TOLERANCE, F1: F1_TOLERANCE, ALARMS: ALARM_TOLERANCE}[self.kind]

    @property
    def worse(self) -> bool:
        """Whether it speaks against the new model."""
        if not self.judged or self.loss <= self.tolerance + 1e-9:
            return False
        gross = self.loss > GROSS * self.tolerance
        return gross or (self.difference.real and not self.shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One set of labelled mails: how many were judged, and how many had to be left out."""

    name: str
    mails: int
    threads: int
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A label that the new model, which learnt it only from other mails, is sure is wrong."""

    id: str
    tag: str
    labelled: bool
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the gate found.

    Attributes:
        lost: tags that only the model in use knows.
        gained: tags that only the new model knows; nothing can be said of them.
        doubts: labels of people worth a second look, the surest first. They decide nothing.
    """

    candidate: str
    in_use: str
    parts: tuple[Part, ...]
    figures: tuple[Figure, ...]
    pinned: tuple[Outcome, ...]
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def objections(self) -> tuple[str, ...]:
        """Everything that speaks against the new model, in words."""
        return (
            *(f"it no longer knows {tag}" for tag in self.lost),
            *(_worse(figure) for figure in self.figures if figure.worse),
            *(_broken(case) for case in self.pinned if case.held and not case.holds),
            *(() if any(part.mails for part in self.parts) else (_NOTHING,)),
        )

    @property
    def passed(self) -> bool:
        """Whether the new model may be taken into use."""
        return not self.objections

    def to_json(self) -> dict[str, Any]:
        """Return plain values, without a word of any mail."""
        return {
            "candidate": self.candidate,
            "in_use": self.in_use,
            "passed": self.passed,
            "objections": list(self.objections),
            "parts": [asdict(part) for part in self.parts],
            "figures": [_figure_json(figure) for figure in self.figures],
            "pinned": [
                {**asdict(case), "held": case.held, "holds": case.holds}
                for case in self.pinned
                if not (case.held and case.holds)
            ],
            "pinned_cases": len(self.pinned),
            "lost": list(self.lost),
            "gained": list(self.gained),
            "doubts": [asdict(doubt) for doubt in self.doubts],
        }


_NOTHING = "no labelled mail is left that neither model was trained on"


def _figure_json(figure: Figure) -> dict[str, Any]:
    change = figure.difference
    interval = list(asdict(change.interval).values()) if change.interval else None
    found = {
        "set": figure.set,
        "kind": figure.kind,
        "tag": figure.tag,
        "mails": figure.mails,
        "judged": figure.judged,
        "shared": figure.shared,
        "worse": figure.worse,
        "before": change.before,
        "after": change.after,
        "change_interval": interval,
        "tolerance": figure.tolerance,
    }
    rounded = rounded_figures(found)
    assert isinstance(rounded, dict)
    return rounded


def _worse(figure: Figure) -> str:
    what = f"{figure.kind} of {figure.tag}" if figure.tag else figure.kind
    change = figure.difference
    moved = "rose" if change.change > 0 else "fell"
    digits = 1 if figure.kind == ALARMS else 3
    sure = "more than chance" if change.real else "could be chance"
    return (
        f"on {figure.set} {what} {moved} from {change.before:.{digits}f} to "
        f"{change.after:.{digits}f} (tolerance {figure.tolerance:g}; {sure})"
    )


def _broken(case: Outcome) -> str:
    return (
        f"pinned case {case.id} is broken: it must get {', '.join(case.tags) or 'no tag'}, "
        f"and gets {', '.join(case.after) or 'none'}"
    )
