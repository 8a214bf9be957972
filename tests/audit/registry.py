"""What the package registry says of the pins: files exchanged, releases withdrawn, known flaws.

PEP 691 lists the files of a project with their digests and whether they were yanked (PEP 592).
Known flaws stand in the registry's JSON of a release, and, where a mirror has only that of the
project, of its newest release: that serves a pin to the newest one, and no other.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import requests
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.audit.pins import Pin

_FILES = "application/vnd.pypi.simple.v1+json"
_TIMEOUT_S = 30.0
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known of one pin. `silent`: why the registry could not be asked; else empty.

    `flaws_known`: whether known flaws could be looked up.
    """

    pin: Pin
    problems: tuple[str, ...] = ()
    flaws_known: bool = True
    silent: str = ""


def ask(pins: Iterable[Pin], index: str) -> list[Answer]:
    """Ask for every pin, a few at a time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool, requests.Session() as session:
        return list(pool.map(partial(_ask, session, index.rstrip("/")), pins))


def _ask(session: requests.Session, index: str, pin: Pin) -> Answer:
    try:
        listed = _get(session, f"{index}/simple/{pin.name}/", accept=_FILES)
        if listed is None:
            return Answer(pin=pin, problems=(f"{_named(pin)} is not in the registry any more",))
        flaws = _flaws(session, index, pin)
    except (requests.RequestException, ValueError) as error:
        return Answer(pin=pin, flaws_known=False, silent=type(error).__name__)
    found = [*_file_problems(listed, pin), *_flaw_problems(flaws or [], pin)]
    return Answer(pin=pin, problems=tuple(found), flaws_known=flaws is not None)


def _get(session: requests.Session, url: str, accept: str = "application/json") -> Any:
    """The JSON at an address; None where there is none."""
    answer = session.get(url, headers={"Accept": accept}, timeout=_TIMEOUT_S)
    if answer.status_code == requests.codes.not_found:
        return None
    answer.raise_for_status()
    return answer.json()


def _file_problems(listed: Any, pin: Pin) -> list[str]:
    wanted = str(Version(pin.version))
    files = [f for f in listed.get("files", ()) if _version(f["filename"]) == wanted]
    known = {f.get("hashes", {}).get("sha256"): f for f in files}
    problems = []
    if foreign := pin.digests - known.keys():
        problems.append(f"{_named(pin)}: {len(foreign)} digests are of no file of that release")
    yanked = [f for digest, f in known.items() if digest in pin.digests and f.get("yanked")]
    if yanked:
        why = yanked[0]["yanked"] if isinstance(yanked[0]["yanked"], str) else "no reason given"
        problems.append(f"{_named(pin)} was yanked: {why}; take another version")
    return problems


def _version(filename: str) -> str:
    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[1])
        return str(parse_sdist_filename(filename)[1])
    except (InvalidSdistFilename, InvalidWheelFilename, InvalidVersion):
        return ""


def _flaws(session: requests.Session, index: str, pin: Pin) -> list[dict[str, Any]] | None:
    """Known flaws of a release; None when nobody tells."""
    said = _get(session, f"{index}/pypi/{pin.name}/{pin.version}/json")
    if said is None:
        said = _get(session, f"{index}/pypi/{pin.name}/json")
        if said is None or said["info"]["version"] != pin.version:
            return None
    found = said.get("vulnerabilities")
    return list(found) if found is not None else None


def _flaw_problems(flaws: list[dict[str, Any]], pin: Pin) -> list[str]:
    return [
        f"{_named(pin)}: {flaw.get('id')}: {' '.join(str(flaw.get('summary') or '').split())[:120]}"
        f" (mended in {', '.join(flaw.get('fixed_in') or ()) or 'no release yet'})"
        for flaw in flaws
        if not flaw.get("withdrawn")
    ]


def _named(pin: Pin) -> str:
    return f"{pin.name} {pin.version}"
