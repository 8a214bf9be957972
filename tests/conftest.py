"""What all tests share: a rule for programs that a machine may lack, and where stores are kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests import postgresql
from tests.stores import kept_on

if TYPE_CHECKING:
    from collections.abc import Iterator


def need(what: str, *, present: bool) -> None:
    """Skip a test for want of a program; where CI is set, fail, so that nothing passes unseen."""
    if present:
        return
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{what} is not installed, and under CI its tests must run")
    pytest.skip(f"{what} is not installed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--on-postgresql",
        action="store_true",
        help="keep the stores of `tests.stores` on a PostgreSQL of their own",
    )


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgresql.Cluster]:
    """One PostgreSQL server; each test has a database of its own on it."""
    need("PostgreSQL", present=postgresql.available())
    with postgresql.Cluster() as server:
        yield server


@pytest.fixture(autouse=True)
def _kept_on_postgresql(request: pytest.FixtureRequest) -> Iterator[None]:
    if not request.config.getoption("--on-postgresql"):
        yield
        return
    server: postgresql.Cluster = request.getfixturevalue("cluster")
    with kept_on(server.database()):
        yield
