"""The tags of the model that would be used, once its digest proved right."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
