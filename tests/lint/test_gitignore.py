"""The matcher against git itself, on trees and patterns that hypothesis makes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.lint import gitignore

GIT = shutil.which("git")
NAMES = ("a", "b", "ab", "a.py", "b.py", ".c", "-", "]", "é", "a b")
PATHS = [
    *(f"{one}/{two}/{three}" for one in NAMES[:3] for two in NAMES[:3] for three in NAMES),
    *(f"{one}/{two}" for one in NAMES[5:] for two in NAMES[:2]),
]
PLAIN = ("a", "b", "ab", ".py", "*", "**", "?", "/", "//", "**/", "/**", "/**/", " ", "!", "#", "é", "-", "\t")
SETS = ("[ab]", "[!a]", "[^b]", "[a-b]", "[]-]", "[[:alpha:]]", "[[:no:]]", "[b-a]", "[\\]]", "[", "]")
PIECES = st.sampled_from([*PLAIN, *SETS, "\\a", "\\*", "\\", "\\ "])
LINES = st.lists(PIECES, max_size=5).map("".join)
FILES = st.lists(LINES, min_size=1, max_size=4)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if GIT is None:
        pytest.skip("git is not installed")
    root = tmp_path_factory.mktemp("tree")
    subprocess.run([GIT, "init", "-q", root], check=True)
    for path in PATHS:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    return root


def by_git(root: Path, paths: list[str]) -> set[str]:
    """What git ignores, a folder's content included."""
    environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": str(root)}
    environment["XDG_CONFIG_HOME"] = str(root)
    assert GIT is not None
    given = "\0".join(paths).encode()
    command = [GIT, "-C", str(root), "check-ignore", "-z", "--stdin", "--no-index"]
    done = subprocess.run(command, input=given, capture_output=True, check=False, env=environment)
    assert done.returncode in (0, 1), done.stderr
    return set(done.stdout.decode().split("\0")) - {""}


def by_us(root: Path, paths: list[str]) -> set[str]:
    """The same, folder by folder, as the walk does it."""
    found = set()
    for path in paths:
        parts = path.split("/")
        exclude = gitignore.load(str(root / ".git/info/exclude"), "")
        files = [exclude] if exclude else []
        for depth in range(len(parts)):
            folder = "/".join(parts[:depth])
            here = gitignore.load(str(root / folder / ".gitignore"), gitignore.as_bytes(folder))
            files += [here] if here else []
            whole = gitignore.as_bytes("/".join(parts[: depth + 1]))
            if gitignore.ignored(files, whole, depth + 1 < len(parts)):
                found.add(path)
                break
    return found


def agree(root: Path, top: list[str], nested: list[str], exclude: list[str]) -> None:
    (root / ".gitignore").write_bytes("\n".join(top).encode())
    (root / "a/.gitignore").write_bytes("\r\n".join(nested).encode())
    (root / ".git/info").mkdir(exist_ok=True)
    (root / ".git/info/exclude").write_bytes("\n".join(exclude).encode())
    assert by_us(root, PATHS) == by_git(root, PATHS)


@settings(max_examples=150, deadline=None)
@given(top=FILES, nested=FILES, exclude=FILES)
def test_as_git(tree: Path, top: list[str], nested: list[str], exclude: list[str]) -> None:
    agree(tree, top, nested, exclude)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(top=FILES, nested=FILES, exclude=FILES)
def test_as_git_for_long(tree: Path, top: list[str], nested: list[str], exclude: list[str]) -> None:
    agree(tree, top, nested, exclude)


@pytest.mark.parametrize(
    "lines",
    [
        ["a**/b"],
        ["a/**"],
        ["**/b"],
        ["a/**/b.py"],
        ["*", "!*.py", "!*/"],
        ["a/*", "!a/b"],
        ["b/", "!b/b"],
        ["a.py  "],
        ["a\\ b"],
        ["/a"],
        ["\\!a", "\\#"],
        ["[[:alpha:]].py"],
        ["***/a"],
        ["a//b"],
        ["\xe9", "?"],
    ],
)
def test_what_the_manual_names(tree: Path, lines: list[str]) -> None:
    agree(tree, lines, [], [])
