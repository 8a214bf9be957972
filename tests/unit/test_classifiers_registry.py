"""Models on disk: nothing is loaded that is not exactly what was pinned outside its folder."""

from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import joblib
import pytest

from classifiers import files, registry
from classifiers.api import Document, ModelError
from tests.trained import NOW, saved, small_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAIL = Document(text="We cannot log in, the whole team is stuck.", from_role="client")


class Bomb:
    """Unpickling this leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.mark),)


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def repin(root: Path) -> None:
    """Pin the files as they are, as somebody would who may write the registry."""
    pins = {
        name: sha256((root / "small" / name).read_bytes()).hexdigest()
        for name in ("model.joblib", "card.json")
    }
    rewrite(root / "registry.json", lambda r: r["pins"].update(small=pins))


def test_a_model_comes_back_as_it_was(tmp_path: Path) -> None:
    loaded = registry.load(saved(tmp_path))
    assert loaded.version == "small"
    assert loaded.classify([MAIL]) == small_model().classify([MAIL])
    assert loaded.card == small_model().card


def test_nothing_temporary_stays_behind(tmp_path: Path) -> None:
    saved(tmp_path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == [
        "card.json",
        "model.joblib",
        "registry.json",
        "small",
    ]


def test_an_exchanged_model_is_refused_before_it_is_unpickled(tmp_path: Path) -> None:
    saved(tmp_path)
    mark = tmp_path / "code-ran"
    joblib.dump(Bomb(mark), tmp_path / "small" / "model.joblib")
    with pytest.raises(ModelError, match=r"model\.joblib is not what was pinned"):
        registry.load(tmp_path)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["model.joblib", "card.json"])
def test_a_single_changed_byte_is_refused(tmp_path: Path, name: str) -> None:
    file = saved(tmp_path) / "small" / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match=f"{name} is not what was pinned.*restore it"):
        registry.load(tmp_path)


@pytest.mark.parametrize("name", ["model.joblib", "card.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (saved(tmp_path) / "small" / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing; restore it"):
        registry.load(tmp_path)


def test_a_folder_without_a_pin_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "models")
    copy = tmp_path / "elsewhere" / "small"
    shutil.copytree(tmp_path / "models" / "small", copy)
    with pytest.raises(ModelError, match=r"registry\.json is missing"):
        registry.load_dir(copy)
    shutil.copytree(copy, tmp_path / "models" / "unknown")
    with pytest.raises(ModelError, match="has no pin for 'unknown'"):
        registry.load_dir(tmp_path / "models" / "unknown")
    with pytest.raises(ModelError, match="has no pin"):
        registry.load(tmp_path / "models", "../models/small")


def test_a_models_own_folder_and_the_root_both_load(tmp_path: Path) -> None:
    saved(tmp_path)
    assert registry.load_dir(tmp_path / "small").version == "small"
    assert registry.load_dir(tmp_path).version == "small"
    with pytest.raises(ModelError, match="is no folder"):
        registry.load_dir(tmp_path / "gone")


@pytest.mark.parametrize("content", ["", "[]", '{"schema": 99}', '{"schema": 1, "current": 3}'])
def test_a_damaged_registry_is_refused(tmp_path: Path, content: str) -> None:
    (saved(tmp_path) / "registry.json").write_text(content)
    with pytest.raises(ModelError, match=r"registry\.json .*restore it"):
        registry.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.update(schema=2), "schema is 2, this program reads 1"),
        (lambda c: c.pop("thresholds"), "thresholds is missing"),
        (lambda c: c["calibration"].pop("blocker"), "calibration says nothing of tag 'blocker'"),
        (lambda c: c["thresholds"]["blocker"].update(unsure=0.99, give=0.2), "unsure <= give"),
        (lambda c: c.update(tags=[]), "tags are missing"),
        (lambda c: c["tags"].pop(), "name different tags"),
        (lambda c: c["libraries"].update({"scikit-learn": "0.24"}), "made with scikit-learn 0.24"),
        (lambda c: c.update(version="other"), "a folder is named by its version"),
    ],
)
def test_a_card_that_does_not_fit_is_refused_with_the_reason(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    rewrite(saved(tmp_path) / "small" / "card.json", change)
    repin(tmp_path)
    with pytest.raises(ModelError, match=says):
        registry.load(tmp_path)


def test_a_pinned_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (saved(tmp_path) / "small" / "model.joblib").write_bytes(b"not a model")
    repin(tmp_path)
    with pytest.raises(ModelError, match="cannot be read"):
        registry.load(tmp_path)


def test_rolling_back_returns_to_the_model_before(tmp_path: Path) -> None:
    saved(tmp_path, "one", "two", "three")
    assert registry.rollback(tmp_path, now=NOW).version == "two"
    assert registry.rollback(tmp_path, now=NOW).version == "one"
    with pytest.raises(ModelError, match="no earlier model"):
        registry.rollback(tmp_path, now=NOW)
    assert registry.load(tmp_path).version == "one"
    registry.promote(tmp_path, "three", now=NOW)
    assert registry.rollback(tmp_path, now=NOW).version == "one"


def test_a_damaged_model_cannot_be_promoted(tmp_path: Path) -> None:
    saved(tmp_path, "one", "two")
    (tmp_path / "one" / "model.joblib").write_bytes(b"")
    with pytest.raises(ModelError, match="is not what was pinned"):
        registry.promote(tmp_path, "one", now=NOW)
    with pytest.raises(ModelError, match="is not what was pinned"):
        registry.rollback(tmp_path, now=NOW)
    assert registry.load(tmp_path).version == "two"


def test_the_list_shows_usable_and_unusable_models(tmp_path: Path) -> None:
    saved(tmp_path, "one", "two")
    (tmp_path / "one" / "card.json").write_bytes(b"{}")
    first, second = registry.entries(tmp_path)
    assert (first.version, first.current, first.card) == ("one", False, None)
    assert "card.json is not what was pinned" in first.problem
    assert second.current
    assert second.card is not None


def test_a_saved_model_is_never_overwritten(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="exists already"):
        registry.save(saved(tmp_path), small_model())
    assert registry.free_version(tmp_path, NOW) == "2026-03-02.1"
    (tmp_path / "2026-03-02.1").mkdir()
    assert registry.free_version(tmp_path, NOW) == "2026-03-02.2"


def test_an_output_folder_is_replaced_only_if_it_holds_a_model_not_in_use(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    registry.save_at(folder, small_model())
    registry.save_at(folder, small_model())
    assert registry.load_dir(folder).version == "small"
    with pytest.raises(ModelError, match="names no model in use"):
        registry.load(tmp_path)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ModelError, match="holds other files"):
        registry.save_at(folder, small_model())
    (folder / "notes.txt").unlink()
    registry.promote(tmp_path, "small", now=NOW)
    with pytest.raises(ModelError, match="is the model in use"):
        registry.save_at(folder, small_model())


def test_only_the_newest_models_that_were_never_in_use_stay(tmp_path: Path) -> None:
    saved(tmp_path, "first", "second")
    for number in range(1, 5):
        registry.save(tmp_path, small_model(f"new{number}"))
        registry.keep(tmp_path, f"new{number}", now=NOW, note="worse")
    registry.promote(tmp_path, "new1", now=NOW)
    registry.rollback(tmp_path, now=NOW)
    assert registry.prune(tmp_path, most=2) == ["new2"]
    assert registry.prune(tmp_path, most=2) == []
    assert not (tmp_path / "new2").exists()
    found = [entry.version for entry in registry.entries(tmp_path)]
    assert found == ["first", "new1", "new3", "new4", "second"]
    assert registry.load(tmp_path).version == "second"
    assert registry.prune(tmp_path, most=0) == ["new3", "new4"]


def test_what_a_killed_writer_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    saved(tmp_path)
    ours = [".registry.json.77.tmp", ".2026-03-02.1.77.tmp", ".2026-03-02.1.77.old"]
    others = [".notes.77.tmp", ".registry.json.swp", "registry.json.77.tmp"]
    for name in [*ours, *others]:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "small" / ".gate.json.77.tmp").write_bytes(b"x")
    registry.keep(tmp_path, "small", now=NOW)
    assert sorted(p.name for p in tmp_path.rglob("*.*") if p.name in {*ours, *others}) == sorted(
        others
    )
    assert not (tmp_path / "small" / ".gate.json.77.tmp").exists()


def test_adopting_goes_on_where_a_kill_ended_it(tmp_path: Path) -> None:
    saved(tmp_path / "shipped")
    registry.save(tmp_path / "own", small_model())
    registry.adopt(tmp_path / "shipped", tmp_path / "own", now=NOW)
    assert registry.load(tmp_path / "own").version == "small"


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "registry.json"
    file.write_bytes(b"old")

    with pytest.raises(TypeError):
        files.write_whole(file, "not bytes")  # type: ignore[arg-type]
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
