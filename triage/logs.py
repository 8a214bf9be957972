"""Logs for people and for programs: one event a line, never mail text.

A record carries its facts as extras, with an `action` from the audit trail's vocabulary.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class PlainFormatter(logging.Formatter):
    """`2026-11-27T09:30:00Z INFO sent action=sent outbox=12`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback of an unexpected error below it."""
        facts = " ".join(f"{k}={_word(v)}" for k, v in _facts(record).items())
        message = _one_line(record.getMessage())
        line = f"{_time(record)} {record.levelname} {message} {facts}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Facts beside time, level and message."""
        entry = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def set_up(style: str = "plain", level: int = logging.INFO) -> None:
    """Log to standard error; `style` is plain or json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else PlainFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for ours in ("triage", "classifiers"):
        logging.getLogger(ours).setLevel(level)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    found = {k: v for k, v in vars(record).items() if k not in _STANDARD}
    return {k: v for k, v in found.items() if v not in (None, "")}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _word(value: object) -> str:
    text = _one_line(str(value))
    return json.dumps(text, ensure_ascii=False) if " " in text or '"' in text else text


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
