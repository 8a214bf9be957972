"""What a start does not load, and that it comes when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def loaded(imports: str) -> set[str]:
    return set(run(f"{imports}; import sys; print(' '.join(sys.modules))").split())


def test_asking_for_help_loads_no_library_that_only_work_needs() -> None:
    heavy = {"sqlalchemy", "numpy", "imapclient", "jinja2", "mailbox", "starlette", "pydantic"}
    assert loaded("import triage.cli") & heavy == set()


def test_reading_a_model_loads_no_library_that_only_learning_needs() -> None:
    heavy = {"scipy.stats._stats_py", "scipy.interpolate._interpolate", "sklearn.linear_model"}
    assert loaded("import classifiers.registry") & heavy == set()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "from scipy.stats import rankdata as f; print(f([30, 10, 20]).tolist())",
            "[3.0, 1.0, 2.0]",
        ),
        ("import scipy.stats; print(round(scipy.stats.norm.cdf(0.0), 3))", "0.5"),
        (
            "from scipy.stats import distributions as d; print(d.__name__)",
            "scipy.stats.distributions",
        ),
        ("from sklearn.metrics import roc_auc_score as f; print(f([0, 1], [0, 1]))", "1.0"),
    ],
)
def test_what_was_left_out_comes_when_it_is_used(code: str, expected: str) -> None:
    assert run(f"import classifiers.registry; {code}") == expected
