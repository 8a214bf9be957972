"""`triage classify`: tags, probabilities and the deciding sentences of mails."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from classifiers.api import ROLES
from triage.cli.model_options import JsonOption, ModelOption, ModelsOption, open_model, told
from triage.cli.options import FAILED, WRONG_USAGE, fail

if TYPE_CHECKING:
    from classifiers.api import Verdict

BATCH = 256  # mails read before the first answer is printed


def classify(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="An .eml file, an mbox, a Maildir, JSONL with subject, body and from_role, "
            "a folder of those, or - for standard input.",
        ),
    ],
    *,
    as_json: JsonOption = False,
    model: ModelOption = None,
    models: ModelsOption = None,
    role: Annotated[
        str, typer.Option(help="Who wrote raw mails: client, staff or other.", metavar="ROLE")
    ] = "client",
) -> None:
    """Tag mails, with the sentences that decided."""
    from triage.cli.documents import iter_documents  # noqa: PLC0415 - loads the parsers

    if role not in ROLES:
        fail(f"--role is {role!r}; use one of {', '.join(ROLES)}", WRONG_USAGE)
    problems: list[str] = []

    def complain(problem: str) -> None:
        problems.append(problem)
        typer.echo(f"triage: {problem}", err=True)

    with told():
        classifier = open_model(model, models)
        documents = iter_documents(paths, role=role, complain=complain)
        while batch := list(islice(documents, BATCH)):
            for verdict in classifier.classify(batch):
                _print_verdict(verdict, as_json=as_json)
    if problems:
        raise typer.Exit(FAILED)


def verdict_record(verdict: Verdict) -> dict[str, Any]:
    """The stable JSON form of a verdict. Keys are promised to scripts."""
    return {
        "id": verdict.id,
        "tags": list(verdict.tags),
        "scores": {tag: round(score, 6) for tag, score in verdict.scores.items()},
        "evidence": [
            {"tag": e.tag, "sentence": e.sentence, "score": round(e.score, 6)}
            for e in verdict.evidence
        ],
        "unsure": verdict.unsure,
        "unsure_tags": list(verdict.unsure_tags),
        "novel": verdict.novel,
        "model": verdict.model,
    }


def _print_verdict(verdict: Verdict, *, as_json: bool) -> None:
    from triage.cli.reports import verdict_lines  # noqa: PLC0415

    if as_json:
        typer.echo(json.dumps(verdict_record(verdict), ensure_ascii=False))
    else:
        typer.echo("\n".join(verdict_lines(verdict)))
