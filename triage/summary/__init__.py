"""One escalation in words: `summarise` turns values into a `Brief`. Pure, no input or output."""

from triage.summary.brief import Brief, File, Quote, Score, Thread
from triage.summary.compose import summarise

__all__ = ["Brief", "File", "Quote", "Score", "Thread", "summarise"]
