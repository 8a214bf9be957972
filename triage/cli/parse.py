"""`triage parse`: what triage sees in a mail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triage.cli.options import WRONG_USAGE, fail

if TYPE_CHECKING:
    from triage.messages import Address, Email

_INDENT = "    "


def register(app: typer.Typer) -> None:
    """Add the verb to the command line."""
    app.command("parse")(parse_command)


def parse_command(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="An .eml file, an mbox, a Maildir, a folder of them, or - for standard input.",
        ),
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, and nothing else.")
    ] = False,
) -> None:
    """Show what triage sees in a mail: people, text, what is new in it, attachments, problems."""
    from triage.cli.inputs import InputError, iter_mails  # noqa: PLC0415 - keeps --help quick
    from triage.parsing import parse  # noqa: PLC0415 - loads the parsers

    try:
        for label, raw in iter_mails(paths):
            email = parse(raw)
            typer.echo(
                _as_json(label, email)
                if as_json
                else as_text(label, email).encode("utf-8", "replace")
            )
    except InputError as error:
        fail(str(error), WRONG_USAGE)


def as_record(label: str, email: Email) -> dict[str, Any]:
    """The stable JSON form of a mail. Keys are promised to scripts."""
    return {
        "file": label,
        "kind": email.kind.value,
        "subject": email.subject,
        "from": _person(email.sender),
        "original_sender": _person(email.original_sender) if email.original_sender else None,
        "to": [_person(address) for address in email.to],
        "date": email.date.isoformat() if email.date else None,
        "text": email.text,
        "new_text": email.new_text,
        "attachments": [
            {"name": a.name, "type": a.type, "size": a.size, "sha256": a.sha256}
            for a in email.attachments
        ],
        "problems": list(email.problems),
    }


def as_text(label: str, email: Email) -> str:
    """The same for people: a few labelled lines, then the new text."""
    facts = [
        ("kind", email.kind.value),
        ("subject", email.subject or "(none)"),
        ("from", email.sender.display or "(nobody)"),
        ("forwarded from", email.original_sender.display if email.original_sender else ""),
        ("to", ", ".join(address.display for address in email.to)),
        ("date", f"{email.date:%Y-%m-%d %H:%M} UTC" if email.date else ""),
        (
            "attached",
            ", ".join(f"{a.name or a.type} ({a.size:,} bytes)" for a in email.attachments),
        ),
        ("problems", "; ".join(email.problems)),
    ]
    lines = [label, *(f"  {name + ':':<16}{value}" for name, value in facts if value)]
    words = email.new_text or "(no readable text)"
    return "\n".join([*lines, "", *(f"{_INDENT}{line}".rstrip() for line in words.split("\n")), ""])


def _as_json(label: str, email: Email) -> bytes:
    """UTF-8 whatever the locale says. A file name may hold bytes that are no text."""
    line = json.dumps(as_record(label, email), ensure_ascii=False)
    return line.encode("utf-8", "replace")


def _person(address: Address) -> dict[str, str]:
    return {"name": address.name, "address": address.address}
