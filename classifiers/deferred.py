"""Leaves out of a start what judging mails never uses.

scikit-learn imports all of `scipy.stats`, half of what it takes to load, for a rank function that
only training and evaluation call. A stand-in takes its place until somebody asks for something.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

NAME = "scipy.stats"


class _StandIn(ModuleType):
    """Hands out functions that load the real module when they are called."""

    def __getattr__(self, name: str) -> Any:
        """A function of that name."""
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args: Any, **kw: Any) -> Any:
            return getattr(_real(), name)(*args, **kw)

        return call


def _real() -> ModuleType:
    """The module itself, in the place of its stand-in."""
    if isinstance(sys.modules.get(NAME), _StandIn):
        del sys.modules[NAME]
    return importlib.import_module(NAME)


def defer() -> None:
    """Let the module wait, unless it has been loaded already. Call before scikit-learn loads."""
    if NAME in sys.modules or "sklearn" in sys.modules:
        return
    package = importlib.util.find_spec(NAME.partition(".")[0])  # which loads nothing
    found = package and PathFinder.find_spec(NAME, package.submodule_search_locations)
    if found is None:
        return
    stand_in = _StandIn(NAME)
    stand_in.__spec__, stand_in.__path__ = found, list(found.submodule_search_locations or ())
    sys.modules[NAME] = stand_in
