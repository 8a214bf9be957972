"""A model that was fitted to the inbox is followed by models that are: see `triage adapt`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from triage.cli.model_options import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifiers.api import Document
    from classifiers.model import Model
    from triage.cli.memory import Memory

_INBOX_MAILS = 500  # as many as `triage adapt` reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Mails of the firm to fit a model to, and how many of 100 of them may be forwarded."""

    mails: Sequence[Document]
    budget: int


def stay_fitted(known: Memory | None, in_use: Model | None) -> Inbox | None:
    """The newest mails in the store, if the model in use was fitted to the inbox (`triage adapt`).

    So what comes after it stays fitted.
    """
    from classifiers.adaptation import FEWEST  # noqa: PLC0415 - loads scikit-learn
    from triage.learning import judged_mails  # noqa: PLC0415

    if in_use is None or not in_use.card.data.get("background"):
        return None
    mails = judged_mails(known.store, known.firm, _INBOX_MAILS) if known else []
    if known is None or len(mails) < FEWEST:
        say(
            f"note: the store holds too few mails ({len(mails)}) to fit the new model to the inbox,"
            " as the one in use is; run `triage adapt` afterwards"
        )
        return None
    say(f"fitting to the newest {len(mails)} mails in the store, as `triage adapt` did")
    return Inbox(mails=mails, budget=known.alerts.budget)
