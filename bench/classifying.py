"""How fast mails are judged, and how well, beside Bogofilter on the same mails.

`python -m bench.classifying [--mails 1500] [--data FILE] [--json] [--out DIR]`. The shipped model
judges mails in batches as in a backlog, alone as `triage run` gets them, and in a process of its
own each as `triage classify` does. Bogofilter learns from the starter set whether a mail has any
tag, and judges the same mails in bulk and in a process each.

With `--data` (labelled rows of mails that neither has seen; those on which two readers disagree are
left out) the accuracy of that one question, tagged or not, stands beside the speed. Without it the
mails are those of the starter set, on which accuracy says nothing, and none is told.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.alone import Parsed, tell
from bench.machine import describe, say
from bench.mails import ROOT
from bench.plot import bars
from bench.tables import table
from classifiers.api import Document
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAILS = 1500
BATCH = 50  # as the decide step has them
ALONE = 100
PROCESSES = 5
FILTER_PROCESSES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail: what is judged, and whether it carries any tag."""

    document: Document
    tagged: bool

    @property
    def as_text(self) -> bytes:
        """A mail as Bogofilter reads it."""
        one = self.document
        return f"From: {one.from_role}\nSubject: {one.subject}\n\n{one.text}\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to judge: mails a second, by the wall and by the processor, and its accuracy."""

    name: str
    mails: int
    seconds: float
    cpu_s: float
    right: float | None = None

    @property
    def mails_per_s(self) -> float:
        """By the wall's clock."""
        return self.mails / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All ways, and what was left out."""

    rows: tuple[Row, ...]
    left_out: tuple[str, ...]
    untagged_share: float | None

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return {**asdict(self), "rows": [asdict(r) | {"per_s": r.mails_per_s} for r in self.rows]}

    def as_text(self) -> str:
        """A table."""
        lines = [
            (
                row.name,
                f"{row.mails_per_s:,.1f}",
                f"{row.cpu_s * 1000 / row.mails:,.1f}",
                "" if row.right is None else f"{row.right:.3f}",
            )
            for row in self.rows
        ]
        notes = list(self.left_out)
        if self.untagged_share is not None:
            share = max(self.untagged_share, 1 - self.untagged_share)
            notes.append(f"right: whether a mail has any tag. Always the commoner: {share:.3f}.")
        heads = ("", "mails/s", "CPU ms a mail", "right")
        return "\n".join(["Judging mails", "", table(heads, lines), "", *notes])

    def as_svg(self) -> str:
        """Mails a second."""
        rows = [(row.name, row.mails_per_s, f"{row.mails_per_s:,.0f}/s") for row in self.rows]
        return bars("Mails judged a second", rows)


def measure(number: int = MAILS, *, data: Path | None = None) -> Result:
    """Judge the same mails in every way."""
    learned = _starter()
    mails = (_rows(data) if data else learned[:: max(1, len(learned) // number)])[:number]
    told = data is not None
    rows = list(_ours(mails, told=told))
    bogofilter = shutil.which("bogofilter")
    left_out = () if bogofilter else ("Left out: bogofilter is not installed.",)
    if bogofilter:
        with tempfile.TemporaryDirectory(prefix="triage-bench-") as scratch:
            rows += _bogofilter(bogofilter, Path(scratch), learned, mails, told=told)
    untagged = sum(not mail.tagged for mail in mails) / len(mails)
    return Result(rows=tuple(rows), left_out=left_out, untagged_share=untagged if told else None)


def _ours(mails: Sequence[Mail], *, told: bool) -> list[Row]:
    from classifiers import registry  # noqa: PLC0415 - `--help` needs none

    model = registry.load(resource("models"))
    documents = [mail.document for mail in mails]
    model.classify(documents[:2])  # loads the encoder
    say("in batches ...")
    found = []

    def in_batches() -> None:
        for begin in range(0, len(documents), BATCH):
            found.extend(model.classify(documents[begin : begin + BATCH]))

    batches = _timed("triage, in batches", len(documents), in_batches)
    right = sum(bool(v.tags) == m.tagged for v, m in zip(found, mails, strict=True)) / len(mails)
    say("alone ...")
    few = documents[:ALONE]
    alone = _timed("triage, one by one", len(few), lambda: [model.classify([d]) for d in few])
    say("in a process each ...")
    return [
        Row(**{**asdict(batches), "right": right if told else None}),
        alone,
        _processes("triage, a process each", mails[:PROCESSES], _classify_command()),
    ]


def _classify_command() -> list[str]:
    return [str(Path(sys.executable).with_name("triage")), "classify", "-"]


def _bogofilter(
    program: str, folder: Path, learned: Sequence[Mail], mails: Sequence[Mail], *, told: bool
) -> list[Row]:
    say("Bogofilter learns ...")
    home = ["-d", str(folder)]
    for tagged, flag in ((True, "-s"), (False, "-n")):
        box = b"".join(_in_mbox(mail) for mail in learned if mail.tagged is tagged)
        subprocess.run([program, *home, flag, "-M"], input=box, check=True)
    say("Bogofilter judges ...")
    for n, mail in enumerate(mails):
        (folder / f"{n:06}.eml").write_bytes(mail.as_text)
    names = "\n".join(str(folder / f"{n:06}.eml") for n in range(len(mails))) + "\n"
    said: list[str] = []

    def in_bulk() -> None:
        done = subprocess.run(
            [program, *home, "-b", "-T"], input=names, capture_output=True, text=True, check=False
        )
        said.extend(done.stdout.splitlines())

    bulk = _timed("bogofilter, in bulk", len(mails), in_bulk)
    verdicts = [line.split()[-2:] for line in said]
    right = sum(
        (float(score) >= 0.5) == mail.tagged
        for (_, score), mail in zip(verdicts, mails, strict=True)
    ) / len(mails)
    return [
        Row(**{**asdict(bulk), "right": right if told else None}),
        _processes("bogofilter, a process each", mails[:FILTER_PROCESSES], [program, *home, "-T"]),
    ]


def _processes(name: str, mails: Sequence[Mail], command: Sequence[str]) -> Row:
    def each() -> None:
        for mail in mails:
            subprocess.run(command, input=mail.as_text, capture_output=True, check=False)

    return _timed(name, len(mails), each)


def _timed(name: str, mails: int, work: Callable[[], object]) -> Row:
    before, began = os.times(), time.perf_counter()
    work()
    after = os.times()
    cpu_s = sum(after[:4]) - sum(before[:4])
    return Row(name=name, mails=mails, seconds=time.perf_counter() - began, cpu_s=cpu_s)


def _in_mbox(mail: Mail) -> bytes:
    lines = mail.as_text.replace(b"\nFrom ", b"\n>From ")
    return b"From nobody Fri Nov 27 10:00:00 2026\n" + lines + b"\n"


def _starter() -> list[Mail]:
    files = sorted((ROOT / "data" / "starter").glob("*.jsonl"))
    return [mail for file in files for mail in _rows(file)]


def _rows(file: Path) -> list[Mail]:
    """Labelled rows; those on which two readers did not agree are left out."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]
    return [
        Mail(
            document=Document(
                subject=row["subject"], text=row["body"], from_role=row.get("from_role", "client")
            ),
            tagged=bool(row["tags"]),
        )
        for row in rows
        if row.get("agree", True)
    ]


def main() -> None:
    parser = Parsed("classifying", __doc__)
    parser.add_argument("--mails", type=int, default=MAILS, help="mails to judge")
    parser.add_argument("--data", type=Path, help="labelled rows that neither has seen")
    given = parser.parse_args()
    machine = describe()
    tell("classifying", machine, measure(given.mails, data=given.data), given)


if __name__ == "__main__":
    main()
