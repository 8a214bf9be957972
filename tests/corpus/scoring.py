"""How well `parse` agrees with what the test suites of other mail parsers expect.

    python tests/corpus/scoring.py [FOLDER] [--misses]

Comparison: subjects, names and texts with white space folded (a text joined from several parts:
with none at all, since suites join parts differently), addresses without regard to case.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.parsing import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from triage.messages import Email

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "mail-corpus"
GROUPS = {
    "subject": "subjects",
    "from_name": "names",
    "to_name0": "names",
    "from_addr": "addresses",
    "to_addr0": "addresses",
    "to_addrs": "addresses",
    "text": "texts",
    "text_ws": "texts",
    "text_join": "texts",
    "text_contains": "texts",
    "attachment_count": "attachments",
    "attachment_names": "attachments",
    "attachment_names_include": "attachments",
    "attachment_types": "attachments",
    "attachment_sha256_0": "attachments",
    "attachment_sha256_1": "attachments",
    "attachment_sha256_2": "attachments",
    "reply": "replies",
    "reply_contains": "replies",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One expectation and what came of it."""

    group: str
    file: str
    field: str
    expected: Any
    got: Any
    hit: bool


def score(corpus: Path) -> list[Score]:
    """Every expectation about whole messages that `Email` can answer."""
    emails: dict[str, Email] = {}
    scores = []
    for row in _rows(corpus / "expected.jsonl"):
        if row["field"] not in GROUPS:
            continue
        file = row["file"]
        if file not in emails:
            emails[file] = parse(_message(corpus, row))
        got = _answer(emails[file], row["field"])
        hit = _agrees(row["field"], row["expected"], got)
        scores.append(
            Score(
                group=GROUPS[row["field"]],
                file=file,
                field=row["field"],
                expected=row["expected"],
                got=got,
                hit=hit,
            )
        )
    return scores


def score_headers(corpus: Path) -> list[Score]:
    """The header cases, each put into a mail of its own."""
    scores = []
    for row in _rows(corpus / "header_cases.jsonl"):
        value = row["raw"].strip(" \r\n")
        email = parse(f"{row['header']}: {value}\n\nx\n".encode())
        is_subject = row["header"] == "Subject"
        got: Any = email.subject if is_subject else [[a.name, a.address] for a in email.to]
        hit = _squeezed(got) == _squeezed(row["expected"])
        scores.append(
            Score(
                group="header cases",
                file=row["source"],
                field=row["header"],
                expected=row["expected"],
                got=got,
                hit=hit,
            )
        )
    return scores


def shares(scores: list[Score]) -> dict[str, tuple[int, int]]:
    """Hits and cases for each group."""
    found: dict[str, list[bool]] = defaultdict(list)
    for item in scores:
        found[item.group].append(item.hit)
    return {group: (sum(hits), len(hits)) for group, hits in found.items()}


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _message(corpus: Path, row: dict[str, Any]) -> bytes:
    """The message; a reply case is the bare text of one."""
    content: bytes = (corpus / "messages" / row["file"]).read_bytes()
    if row["status"] != "reply":
        return content
    return b"Subject: Re: x\nContent-Type: text/plain; charset=utf-8\n\n" + content


def _answer(email: Email, field: str) -> Any:
    to = email.to[0] if email.to else None
    answers: dict[str, Any] = {
        "subject": email.subject,
        "from_name": email.sender.name,
        "from_addr": email.sender.address,
        "to_name0": to.name if to else "",
        "to_addr0": to.address if to else "",
        "to_addrs": [a.address for a in email.to],
        "attachment_count": len(email.attachments),
        "attachment_types": [a.type for a in email.attachments],
    }
    if field.startswith("text"):
        return email.text
    if field.startswith("reply"):
        return email.new_text
    if field.startswith("attachment_names"):
        return [a.name for a in email.attachments]
    if field.startswith("attachment_sha256"):
        index = int(field[-1])
        return email.attachments[index].sha256 if index < len(email.attachments) else ""
    return answers[field]


def _agrees(field: str, expected: Any, got: Any) -> bool:
    if field.endswith("_contains"):
        return _folded(expected) in _folded(got)
    if field == "attachment_names_include":
        return all(name in got for name in expected)
    if field == "text_join":
        return _squeezed(expected) == _squeezed(got)
    if field in ("from_addr", "to_addr0", "to_addrs"):
        return json.dumps(expected).lower() == json.dumps(got).lower()
    if isinstance(expected, str):
        return _folded(expected) == _folded(got)
    return bool(expected == got)


def _folded(text: str) -> str:
    return " ".join(text.split())


def _squeezed(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(text.split())


def main() -> None:
    """Print the table, and the misses when asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("folder", nargs="?", type=Path, default=CORPUS)
    parser.add_argument("--misses", action="store_true", help="list what disagrees")
    options = parser.parse_args()
    scores = [*score(options.folder), *score_headers(options.folder)]
    for group, (hits, cases) in shares(scores).items():
        print(f"{group:<14}{hits:>6} of {cases:<6}{hits / cases:>8.1%}")  # noqa: T201 - a report
    for item in scores if options.misses else ():
        if not item.hit:
            print(f"\n{item.group}: {item.file} {item.field}")  # noqa: T201 - a report
            print(f"  expected {item.expected!r:.600}")  # noqa: T201 - a report
            print(f"  got      {item.got!r:.600}")  # noqa: T201 - a report


if __name__ == "__main__":
    main()
