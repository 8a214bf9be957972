"""The dependency audit: this repository passes it, and each mistake it is for is found."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.audit.__main__ import ROOT, in_the_repository, main, of_the_registry
from tests.audit.declared import declaration_problems, lock_problems, read_declared
from tests.audit.licences import licence_problems
from tests.audit.pins import Pin, read_pins

if TYPE_CHECKING:
    from collections.abc import Iterator

DIGEST = hashlib.sha256(b"wheel").hexdigest()
PIN = Pin(name="jinja2", version="3.1.6", digests=frozenset({DIGEST}), here=True)
FILE = {"filename": "jinja2-3.1.6-py3-none-any.whl", "hashes": {"sha256": DIGEST}, "yanked": False}


class Registry:
    """A package registry on this machine. `pages`: path to JSON; what is not there is 404."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = outer.pages.get(self.path)
                self.send_response(404 if page is None else 200)
                self.end_headers()
                self.wfile.write(json.dumps(page).encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def registry() -> Iterator[Registry]:
    made = Registry()
    made.pages["/simple/jinja2/"] = {"files": [FILE]}
    made.pages["/pypi/jinja2/3.1.6/json"] = {"info": {"version": "3.1.6"}, "vulnerabilities": []}
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_this_repository_passes_what_can_be_told_without_a_registry() -> None:
    pins, problems = in_the_repository(ROOT)
    assert problems == []
    assert len(pins) > 100


def test_a_line_without_one_version_or_without_digests_is_a_problem(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(
        f"jinja2==3.1.6 \\\n    --hash=sha256:{DIGEST}\nrich>=14 --hash=sha256:{DIGEST}\n"
        "typer==0.29.2\n-e .\n# nothing\n"
    )
    pins, wrong = read_pins(lock)
    assert pins == [PIN]
    assert [each.partition(": ")[2] for each in wrong] == [
        "rich>=14: no single version; pin it with ==",
        "typer==0.29.2: no digest; make the file anew with hashes",
        "-e .: not a plain requirement; write name==version",
    ]


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(tmp_path: Path) -> None:
    (tmp_path / "triage").mkdir()
    (tmp_path / "triage" / "x.py").write_text(
        "import os\nimport jinja2\nfrom rich.text import Text"
    )
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["jinja2>=3", "typer"]\n[dependency-groups]\ndev = []\n'
    )
    found = list(declaration_problems(tmp_path, read_declared(tmp_path / "pyproject.toml")))
    assert [each.partition(",")[0] for each in found] == [
        "triage/x.py imports rich",
        "pyproject.toml names typer",
    ]


def test_a_lock_that_is_behind_the_declarations_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["jinja2>=4", "typer"]\n')
    wanted = read_declared(tmp_path / "pyproject.toml").program
    assert [each.split(": ")[1].split()[0] for each in lock_problems(wanted, [PIN], "r.txt")] == [
        "jinja2",
        "typer",
    ]


def test_licences_are_read_from_what_is_installed() -> None:
    nobodys = Pin(name="nobodys-package", version="1", digests=frozenset(), here=True)
    [problem] = licence_problems([PIN, nobodys])
    assert "nobodys-package is not installed" in problem


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ({"files": [FILE | {"yanked": "leaks memory"}]}, "jinja2 3.1.6 was yanked: leaks memory"),
        ({"files": [FILE | {"hashes": {"sha256": "0" * 64}}]}, "jinja2 3.1.6: 1 digests are of no"),
        (None, "jinja2 3.1.6 is not in the registry any more"),
    ],
)
def test_yanked_exchanged_and_removed_files_are_problems(
    registry: Registry, page: object, says: str
) -> None:
    assert of_the_registry([PIN], registry.address) == ([], False)
    registry.pages["/simple/jinja2/"] = page
    [problem], _ = of_the_registry([PIN], registry.address)
    assert problem.startswith(says)


def test_a_known_flaw_is_a_problem_unless_it_was_withdrawn(registry: Registry) -> None:
    flaw = {"id": "PYSEC-1", "summary": "Runs code", "fixed_in": ["3.1.7"], "withdrawn": None}
    page = registry.pages["/pypi/jinja2/3.1.6/json"]
    page["vulnerabilities"] = [flaw, flaw | {"id": "PYSEC-2", "withdrawn": "2026-01-01"}]
    problems, _ = of_the_registry([PIN], registry.address)
    assert problems == ["jinja2 3.1.6: PYSEC-1: Runs code (mended in 3.1.7)"]


def test_a_mirror_that_knows_flaws_of_newest_releases_only_leaves_others_unknown(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    newest = registry.pages.pop("/pypi/jinja2/3.1.6/json")
    registry.pages["/pypi/jinja2/json"] = newest
    assert of_the_registry([PIN], registry.address) == ([], False)
    newest["info"]["version"] = "3.1.7"
    assert of_the_registry([PIN], registry.address) == ([], True)
    assert "known flaws of jinja2 3.1.6 could not be looked up" in capsys.readouterr().out


def test_a_silent_registry_is_a_notice_and_fails_a_release_only(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.server.shutdown()
    registry.server.server_close()
    assert main(["--index", registry.address]) == 0
    said = capsys.readouterr().out
    assert "did not answer for" in said
    assert "no problem" in said
    assert main(["--index", registry.address, "--strict"]) == 1
