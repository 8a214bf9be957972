"""Leaves out of a start what judging mails never uses.

scikit-learn imports parts of SciPy, half of what it takes to load, for functions that only training
and evaluation call. A stand-in takes the place of each until somebody calls something of it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

NAMES = ("scipy.stats", "scipy.interpolate")


class _Later:
    """Something of a module that is loaded when it is called, or anything of it is asked for."""

    def __init__(self, module: str, name: str) -> None:
        self._place = module, name

    def __call__(self, *args: Any, **kw: Any) -> Any:
        return self._found()(*args, **kw)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found(), name)

    def _found(self) -> Any:
        module, name = self._place
        return getattr(_real(module), name)


class _StandIn(ModuleType):
    """A module whose every name is something that comes later."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Later(self.__name__, name)


def _real(name: str) -> ModuleType:
    """The module itself; none of them keeps a stand-in, for they use each other."""
    for other in NAMES:
        if isinstance(sys.modules.get(other), _StandIn):
            del sys.modules[other]
    return importlib.import_module(name)


def defer() -> None:
    """Let the modules wait, unless scikit-learn has been loaded already."""
    package = importlib.util.find_spec("scipy")  # which loads nothing
    if package is None or "sklearn" in sys.modules:
        return
    for name in NAMES:
        found = PathFinder.find_spec(name, package.submodule_search_locations)
        if found is not None and name not in sys.modules:
            stand_in = _StandIn(name)
            stand_in.__spec__ = found
            stand_in.__path__ = list(found.submodule_search_locations or ())
            sys.modules[name] = stand_in
