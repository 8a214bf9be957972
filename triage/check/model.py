"""The tags of the model that would be used, once its digest proved right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifiers.api import ClassifierError
from triage.resources import resource

if TYPE_CHECKING:
    from triage.config import Config


def model_tags(config: Config) -> tuple[str, ...]:
    """Tags of the model in use.

    Loading takes about a second, since only a real load proves that model and libraries agree.

    Raises:
        ModelError: there is none, it was changed, or other library versions made it.
    """
    from classifiers import registry  # noqa: PLC0415 - brings scikit-learn, 1 s
    from triage.app import models_root  # noqa: PLC0415 - the app imports much

    return registry.load(models_root(config)).tags


def models_place(config: Config) -> str:
    """The folder that the model in use comes from, in words."""
    from triage.app import models_root  # noqa: PLC0415 - the app imports much

    try:
        root = models_root(config)
    except ClassifierError:  # the ledger of the firm's own folder is what cannot be read
        root = config.models or config.path.parent / "models"
    return "the shipped models" if root == resource("models") else str(root)
