"""Whether the licences of what is installed may be used here, by what each says of itself."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.metadata import PackageMetadata

    from tests.audit.pins import Pin

# Permissive, or weak copyleft that a program may link to and ship beside (LGPL, MPL).
ALLOWED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0"),
        *("LGPL-3.0-only", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib"),
    }
)
# What packages wrote before SPDX expressions (PEP 639), by their classifier or licence line.
_OLD_NAMES = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "new bsd": "BSD-3-Clause",
}
_UMBRELLAS = {"OSI Approved", "DFSG approved"}
# Packages whose metadata does not say; looked up in their files by hand.
_SAID_ELSEWHERE = {"axe-playwright-python": "MIT", "imapclient": "BSD-3-Clause"}


def licence_problems(pins: Iterable[Pin]) -> Iterator[str]:
    """Each pin that is installed here and whose licence is unknown or not allowed."""
    for pin in pins:
        if not pin.here:
            continue
        try:
            said = licence_of(metadata(pin.name), pin.name)
        except PackageNotFoundError:
            yield f"{pin.name} is not installed, so its licence is not known; run: make setup"
            continue
        if not _is_allowed(said):
            yield f"{pin.name} {pin.version}: licence {said or 'unknown'} is not one of ours"


def licence_of(said: PackageMetadata, name: str) -> str:
    """An SPDX expression, from whichever field a package uses."""
    if "License-Expression" in said:
        return said["License-Expression"]
    lines = [c for c in said.get_all("Classifier") or () if c.startswith("License ::")]
    names = [line.rpartition("::")[2].strip() for line in lines]
    named = [n for n in names if n not in _UMBRELLAS] or said.get_all("License") or []
    spdx = [_OLD_NAMES.get(n.lower(), n) for n in named if n]
    return " AND ".join(spdx) or _SAID_ELSEWHERE.get(name, "")


def _is_allowed(expression: str) -> bool:
    """Every licence of one of the alternatives is allowed."""
    alternatives = re.split(r"\s+OR\s+", expression.strip("() "))
    return any(
        all(part.strip("() ") in ALLOWED for part in re.split(r"\s+AND\s+", each))
        for each in alternatives
    )
