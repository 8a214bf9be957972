"""What a mail says of days, money, requests, promises and files: word for word, with its place.

Rules: nothing is invented, so that every fact is a stretch of the mail as it stands there; and
precision comes first, so that what can be read in two ways is left as it is written, or left out.
"""

from triage.summary.facts.gather import Facts, gather
from triage.summary.facts.values import Fact, Sentence, Told

__all__ = ["Fact", "Facts", "Sentence", "Told", "gather"]
