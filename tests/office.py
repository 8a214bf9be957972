"""The settings of a small office in a folder of its own, and the command line over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from triage.cli import app
from triage.resources import resource

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

_CONFIG = """
[firm]
name = "Radial"
domains = ["firm.example"]
timezone = "{zone}"

[[accounts]]
name = "inbox"
type = "eml"
path = "."

[outgoing]
host = "127.0.0.1"
sender = "triage@firm.example"
"""


def settle(folder: Path, *, zone: str = "UTC") -> None:
    """Write its settings, and the policy of the demo."""
    (folder / "triage.toml").write_text(_CONFIG.format(zone=zone))
    (folder / "policy.toml").write_text((resource("data") / "demo" / "policy.toml").read_text())


def run(folder: Path, *arguments: str) -> Result:
    """`triage ...` with those settings."""
    config = str(folder / "triage.toml")
    return CliRunner().invoke(app, [*arguments, "--config", config], catch_exceptions=False)
