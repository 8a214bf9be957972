"""What a training takes, and gives, against the number of examples.

`python -m bench.learning [--sizes 500,...] [--data FILE] [--with-encoder] [--json] [--out DIR]`.
`triage train` learns from so many mails of the starter set alone, in a process of its own each.
With `--data` (labelled rows that took no part) the mean average precision on them stands beside it.
The encoder reads every mail once, which takes most of the time, and is left out unless asked for.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.alone import Parsed, tell
from bench.machine import describe, say
from bench.mails import ROOT
from bench.plot import Line, lines
from bench.program import run_to_end
from bench.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES = (500, 1000, 2000, 4000, 8000, 16000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One training. `mean_ap`: on the rows of `--data`; None without them."""

    examples: int
    seconds: float
    cpu_s: float
    peak_mib: float
    mean_ap: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All trainings."""

    sizes: tuple[Size, ...]
    encoder: bool
    load: float

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return asdict(self)

    def as_text(self) -> str:
        """A table."""
        rows = [
            (
                f"{size.examples:,}",
                f"{size.seconds:.1f}",
                f"{size.cpu_s:.1f}",
                f"{size.peak_mib:.0f}",
                "" if size.mean_ap is None else f"{size.mean_ap:.3f}",
            )
            for size in self.sizes
        ]
        heads = ("examples", "seconds", "CPU s", "peak MiB", "mean AP")
        how = "With" if self.encoder else "Without"
        notes = [f"{how} the sentence encoder. Load at the start: {self.load:.2f}."]
        title = "Training against the number of examples"
        return "\n".join([title, "", table(heads, rows), "", *notes])

    def as_svg(self) -> str:
        """Processor time over the number of examples."""
        drawn = [Line(name="processor", points=[(s.examples, s.cpu_s) for s in self.sizes])]
        return lines("What a training takes", "examples", "seconds", drawn)


def measure(
    sizes: Sequence[int] = SIZES, *, data: Path | None = None, encoder: bool = False
) -> Result:
    """Each size is part of the next one."""
    load = os.getloadavg()[0]
    examples = _starter()
    found = []
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as scratch:
        for size in sorted({min(size, len(examples)) for size in sizes}):
            say(f"learning from {size:,} mails ...")
            folder = Path(scratch) / str(size)
            found.append(_trained(folder, examples[:size], data, encoder=encoder))
    return Result(sizes=tuple(found), encoder=encoder, load=load)


def _trained(folder: Path, examples: list[str], data: Path | None, *, encoder: bool) -> Size:
    (folder / "rows").mkdir(parents=True)
    rows = folder / "rows" / "some.jsonl"
    rows.write_text("\n".join(examples) + "\n", encoding="utf-8")
    meanings = ROOT / "data" / "starter" / "tags.toml"
    (rows.parent / "tags.toml").write_text(meanings.read_text(encoding="utf-8"), encoding="utf-8")
    model = folder / "model"
    program = str(Path(sys.executable).with_name("triage"))
    command = [program, "train", "--only", "--data", str(rows.parent), "--output", str(model)]
    ended = run_to_end([*command, *([] if encoder else ["--no-encoder"])], folder / "log")
    mean_ap = None
    if data is not None:
        judge = [program, "evaluate", "--data", str(data), "--model", str(model), "--json"]
        told = run_to_end(judge, folder / "told").output
        mean_ap = float(json.loads(told[told.index("{") :])["mean_average_precision"])
    return Size(
        examples=len(examples),
        seconds=ended.seconds,
        cpu_s=ended.cpu_s,
        peak_mib=ended.peak_mib,
        mean_ap=mean_ap,
    )


def _starter() -> list[str]:
    """The rows of the starter set in an order of no meaning, the same each time."""
    files = sorted((ROOT / "data" / "starter").glob("*.jsonl"))
    found = [line for file in files for line in file.read_text("utf-8").splitlines() if line]
    random.Random(7).shuffle(found)
    return found


def main() -> None:
    words = ",".join(map(str, SIZES))
    parser = Parsed("learning", __doc__)
    parser.add_argument("--sizes", default=words, help=f"numbers of examples (default: {words})")
    parser.add_argument("--data", type=Path, help="labelled rows that took no part, to judge on")
    parser.add_argument("--with-encoder", action="store_true", help="learn with the encoder too")
    given = parser.parse_args()
    machine = describe()
    sizes = [int(each) for each in given.sizes.split(",")]
    tell("learning", machine, measure(sizes, data=given.data, encoder=given.with_encoder), given)


if __name__ == "__main__":
    main()
