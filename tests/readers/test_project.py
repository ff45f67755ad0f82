"""Imports mean the files that Python itself would import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.readers.source.project import Project
from lossaudit.readers.source.text import Unreadable


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "train.py",
        "utils.py",
        "models/net.py",  # no __init__.py
        "models/blocks.py",
        "pkg/__init__.py",
        "pkg/losses.py",
        "pkg/utils.py",
        "pkg/sub/__init__.py",
        "pkg/sub/heads.py",
        "src/lib/__init__.py",
        "src/lib/core.py",
        "course/week1/train.py",
        "course/week1/utils.py",
        "course/week1/nets/deep/resnet.py",
        "random.py",
        "notes.ipynb",
        "both.py",
        "both/__init__.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("module", "level", "importer", "found"),
    [
        ("utils", 0, "train.py", "utils.py"),
        ("models.net", 0, "train.py", "models/net.py"),
        ("models", 0, "train.py", None),  # a package without __init__.py is no file
        ("pkg", 0, "train.py", "pkg/__init__.py"),
        ("pkg.losses", 0, "train.py", "pkg/losses.py"),
        ("pkg.sub.heads", 0, "train.py", "pkg/sub/heads.py"),
        ("pkg.sub.heads.Head", 0, "train.py", None),
        ("lib.core", 0, "train.py", "src/lib/core.py"),  # the second root
        ("lib.core", 0, "src/lib/__init__.py", "src/lib/core.py"),
        ("both", 0, "train.py", "both/__init__.py"),  # a package wins over a module
        ("losses", 1, "pkg/__init__.py", "pkg/losses.py"),
        ("", 1, "pkg/losses.py", "pkg/__init__.py"),
        ("utils", 2, "pkg/sub/heads.py", "pkg/utils.py"),
        ("", 9, "pkg/sub/heads.py", None),
        ("blocks", 1, "models/net.py", "models/blocks.py"),
        ("utils", 0, "pkg/losses.py", "utils.py"),  # a module of a package: its folder is not on the path
        ("losses", 0, "pkg/utils.py", "pkg/losses.py"),  # unless it is run as a script
        ("blocks", 0, "models/net.py", "models/blocks.py"),
        ("utils", 0, "course/week1/train.py", "course/week1/utils.py"),  # the script's folder first
        ("utils", 0, "course/week1/nets/deep/resnet.py", "course/week1/utils.py"),
        ("nets.deep.resnet", 0, "course/week1/train.py", "course/week1/nets/deep/resnet.py"),
        ("random", 0, "train.py", None),  # the standard library's
        ("notes", 0, "train.py", None),
        ("torch", 0, "train.py", None),
        ("torch.nn", 0, "train.py", None),
        ("a..b", 0, "train.py", None),
        ("../utils", 0, "pkg/losses.py", None),
        ("", 0, "train.py", None),
    ],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_imports(
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    level: int,
    importer: str,
    found: str | None,
    absolute: bool,
) -> None:
    monkeypatch.chdir(tree)
    root = f"{tree}{os.sep}" if absolute else ""
    project = Project((str(tree), str(tree / "src")) if absolute else (".", "src"))
    expected = None if found is None else root + found
    assert project.resolve(module, level, root + importer) == expected
    assert project.resolve(module, level, root + importer) == expected  # from memory


def test_nothing_outside_the_roots_is_found(tree: Path) -> None:
    inner = tree / "course"
    project = Project((str(inner),))
    assert project.resolve("pkg", 0, str(inner / "week1/train.py")) is None
    assert project.resolve("utils", 3, str(inner / "week1/train.py")) is None
    (inner / "out.py").symlink_to(tree / "utils.py")
    (inner / "outer").symlink_to(tree / "pkg")
    assert project.resolve("out", 0, str(inner / "week1/train.py")) is None
    assert project.resolve("outer.losses", 0, str(inner / "week1/train.py")) is None
    (inner / "loop").symlink_to(inner / "loop")
    assert project.resolve("loop.loop", 0, str(inner / "week1/train.py")) is None


def test_a_file_outside_the_roots_sees_its_own_package_only(tree: Path) -> None:
    project = Project((str(tree / "src"),))
    assert project.resolve("sub.heads", 1, str(tree / "pkg/losses.py")) == str(tree / "pkg/sub/heads.py")
    assert project.resolve("utils", 0, str(tree / "course/week1/train.py")) == str(tree / "course/week1/utils.py")
    assert project.resolve("pkg", 0, str(tree / "course/week1/train.py")) is None


def test_a_text_is_loaded_once_and_memory_stays_flat(tmp_path: Path) -> None:
    for i in range(40):
        (tmp_path / f"m{i}.py").write_text(f"x = {i}\n" * 4000)
    project = Project((str(tmp_path),))
    paths = [str(tmp_path / f"m{i}.py") for i in range(40)]
    first = project.text(paths[0])
    assert project.text(paths[0]) is first
    for path in paths:
        project.text(path)
    kept = [path for path in paths if path in project._texts]
    assert paths[-1] in kept
    assert len(kept) < 20
    assert project.text(paths[0]) is not first


def test_what_cannot_be_read_says_so_every_time(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("print 1")
    project = Project((str(tmp_path),))
    for _ in range(2):
        with pytest.raises(Unreadable, match="is not Python"):
            project.text(str(tmp_path / "bad.py"))


_NAMES = st.sampled_from(["aa", "bb", "cc"])


@settings(max_examples=15, deadline=None)
@given(
    files=st.sets(st.lists(_NAMES, min_size=1, max_size=3).map(tuple), min_size=1, max_size=6),
    packages=st.sets(st.lists(_NAMES, min_size=1, max_size=2).map(tuple), max_size=4),
    wanted=st.lists(st.lists(_NAMES, min_size=1, max_size=3).map(".".join), min_size=4, max_size=4),
)
def test_a_script_s_imports_are_python_s(
    tmp_path_factory: pytest.TempPathFactory,
    files: set[tuple[str, ...]],
    packages: set[tuple[str, ...]],
    wanted: list[str],
) -> None:
    """A script at the root: Python's own finder is the reference."""
    root = tmp_path_factory.mktemp("tree")
    for parts in files:
        path = root.joinpath(*parts).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    for parts in packages:
        folder = root.joinpath(*parts)
        if folder.is_dir():
            (folder / "__init__.py").write_text("")
    (root / "script.py").write_text(
        "import importlib.util, sys\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n        spec = importlib.util.find_spec(name)\n    except ImportError:\n        spec = None\n"
        "    print(spec.origin if spec and spec.has_location else '')\n"
    )
    out = subprocess.run(
        [sys.executable, "-S", "-B", str(root / "script.py"), *wanted], capture_output=True, text=True, check=True
    ).stdout
    project = Project((str(root),))
    found = [project.resolve(name, 0, str(root / "script.py")) or "" for name in wanted]
    assert found == out.split("\n")[:-1]
