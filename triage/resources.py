"""Where the files lie that ship with the program: `models`, `data`, `templates`.

In an editable checkout they stand in the project root; in an installed wheel, inside the package.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def resource(name: str, package: Path = PACKAGE) -> Path:
    """Return the folder `name` as shipped.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    candidates = (package / "_share" / name, package.parent / name)
    for path in candidates:
        if path.is_dir():
            return path
    looked = " and ".join(str(path) for path in candidates)
    msg = f"the shipped folder {name!r} is missing (looked at {looked}); install the program again"
    raise FileNotFoundError(msg)
