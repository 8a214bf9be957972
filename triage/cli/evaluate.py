"""`triage evaluate`: how good a model is on labelled mails, beside what it has to beat."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage.cli.model_options import (
    JsonOption,
    ModelOption,
    ModelsOption,
    open_model,
    say,
    told,
)
from triage.cli.options import FAILED, WRONG_USAGE, fail
from triage.resources import resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.dataset import Example
    from classifiers.judgement import Judgement
    from classifiers.model import Model


def evaluate(
    data: Annotated[
        list[Path],
        typer.Option(
            "--data", exists=True, metavar="PATH", help="Labelled JSONL; may be repeated."
        ),
    ],
    *,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            dir_okay=False,
            help="Also write a page to read: curves, calibration, the worst mistakes.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
    model: ModelOption = None,
    models: ModelsOption = None,
) -> None:
    """Judge a model on labelled mails, beside the baselines it has to beat.

    The page of --html quotes the mails, so only you can read the file.
    """
    if html is not None and not html.resolve().parent.is_dir():
        fail(f"--html: there is no folder {html.resolve().parent}; make it first", WRONG_USAGE)
    with told():
        from classifiers import comparison, judgement  # noqa: PLC0415 - loads scikit-learn
        from classifiers.dataset import read_examples  # noqa: PLC0415
        from triage.cli import reports  # noqa: PLC0415

        judge = open_model(model, models)
        read = read_examples(data)
        examples = comparison.judgeable([one for one in read if one.agreed], judge)
        seen = sum(example.digest in judge.parts.held_out for example in examples)
        remarks = _remarks(read, examples, seen, judge)
        for remark in remarks:
            say(remark)
        if not examples:
            fail("no mail is left to judge on; give mails that the model has not seen", FAILED)
        starter = read_examples([resource("data") / "starter"])
        found = judgement.judge(judge, examples, starter)
    if as_json:
        record = {
            "model": judge.version,
            **found.to_json(),
            "left_out": len(read) - len(examples),
            "seen_in_training": seen,
        }
        typer.echo(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        lines = reports.report_lines(found.report, found.baseline_reports, found.certainty)
        typer.echo("\n".join([f"model {judge.version}", *lines]))
    if html is not None:
        _write_page(html, found, judge, data=data, remarks=remarks)


def _remarks(
    read: Sequence[Example], examples: Sequence[Example], seen: int, model: Model
) -> list[str]:
    """Return what a reader of the figures must know about the mails behind them."""
    remarks = []
    disputed = sum(not example.agreed for example in read)
    if disputed:
        remarks.append(
            f"{disputed} of {len(read)} rows are left out: two readers disagreed on them"
        )
    tuned_on = len(read) - disputed - len(examples)
    if tuned_on:
        remarks.append(
            f"{tuned_on} of {len(read)} rows are left out: the encoder was tuned on them"
        )
    if seen:
        remarks.append(
            f"{seen} of {len(examples)} mails were in the model's training data; for these the "
            "scores count that they got while they were held out"
        )
    unknown = {tag for example in examples for tag in example.tags} - set(model.tags)
    remarks += [
        f"the data has the tag {tag!r}, which model {model.version} does not know"
        for tag in sorted(unknown)
    ]
    return remarks


def _write_page(
    path: Path,
    found: Judgement,
    model: Model,
    *,
    data: Sequence[Path],
    remarks: Sequence[str],
) -> None:
    from classifiers import mistakes  # noqa: PLC0415 - loads scikit-learn
    from triage.cli import evaluation_page  # noqa: PLC0415

    page = evaluation_page.render(
        found,
        mistakes.worst(found, model.explain),
        version=model.version,
        data=[str(each) for each in data],
        remarks=remarks,
        now=datetime.now(UTC),
    )
    try:
        evaluation_page.write(path, page)
    except OSError as error:
        fail(f"{path} cannot be written: {error}; give --html another file", FAILED)
    say(f"wrote {path}; it quotes the mails, so only you can read it")
