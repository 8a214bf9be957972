"""What a manager's answer to a brief means. Pure: words in, a `Meaning` out.

Rules: never a guess. Only an answer that can be read in one way is a command; one that hedges,
asks, contradicts itself or wants two things at once is unclear. Silence is never a label, and
neither is an answer that speaks of nothing we know.
"""

from triage.feedback.closing import Ending
from triage.feedback.issues import Resolved, resolve
from triage.feedback.meaning import Meaning, apply
from triage.feedback.reading import is_absence, read, read_answer, says_no_more
from triage.feedback.vocabulary import Vocabulary, vocabulary_of

__all__ = [
    "Ending",
    "Meaning",
    "Resolved",
    "Vocabulary",
    "apply",
    "is_absence",
    "read",
    "read_answer",
    "resolve",
    "says_no_more",
    "vocabulary_of",
]
