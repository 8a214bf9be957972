"""The package as it is released: all that the program needs is in it, and it runs from there."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = {"templates": "triage/_share/templates", "models": "triage/_share/models"}
SHIPPED |= {"data": "triage/_share/data", "triage": "triage", "classifiers": "classifiers"}


def digests_here() -> dict[str, str]:
    """What should be in it: name in the wheel, digest of the file in the checkout."""
    return {
        f"{target}/{path.relative_to(ROOT / folder).as_posix()}": digest(path.read_bytes())
        for folder, target in SHIPPED.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not {"__pycache__", "_share"} & set(path.parts)
    }


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=240)
    [made] = folder.glob("*.whl")
    return made


def test_every_file_of_the_program_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        held = {name: digest(opened.read(name)) for name in opened.namelist()}
    about = {name for name in held if ".dist-info/" in name}
    held = {name: value for name, value in held.items() if name not in about}
    assert held == digests_here()
    assert {"METADATA", "entry_points.txt"} <= {name.rpartition("/")[2] for name in about}


def test_the_program_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(home)
    code = (
        "import sys, triage, classifiers; from triage.cli import main;"
        "print(triage.__file__, classifiers.__file__, sep='\\n'); sys.argv = ['triage', 'demo'];"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()[:2]
    assert Path(first).is_relative_to(home)
    assert Path(second).is_relative_to(home)
    assert (tmp_path / "demo-output" / "index.html").is_file()
