"""How a case ended, in a line."""

from __future__ import annotations


def ending_in_words(outcome: str, *, recurs: bool | None) -> str:
    """The outcome with whether it could happen again; empty where nobody has said either."""
    again = "" if recurs is None else "could happen again" if recurs else "will not happen again"
    return f"{outcome} ({again})" if outcome and again else outcome or again


def said_by(who: str, outcome: str, *, recurs: bool | None) -> str:
    """The same with who says it, for the audit trail."""
    return f"by {who}: {ending_in_words(outcome, recurs=recurs)}".removesuffix(": ")
