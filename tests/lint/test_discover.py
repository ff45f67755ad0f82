"""Which files a call means."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.lint.conftest import BAD, Lint, Write, notebook


def files(lint: Lint, *arguments: str) -> list[str]:
    found: list[str] = lint(*arguments).json["files"]
    return found


def test_python_files_and_notebooks_each_once_and_sorted(lint: Lint, write: Write) -> None:
    for path in ("b.py", "a/z.py", "a.py", "c.pyi", "d.txt", "e.pyx"):
        write(path, "")
    write("n.ipynb", notebook("x = 1"))
    assert files(lint) == ["a.py", "a/z.py", "b.py", "n.ipynb"]
    assert files(lint, "b.py", ".", "./a/../b.py", "a") == ["a.py", "a/z.py", "b.py", "n.ipynb"]


def test_what_ruff_leaves_out_is_left_out_unless_it_is_named(lint: Lint, write: Write) -> None:
    for folder in (".venv", "venv", "node_modules", "build", "dist", ".git", "__pycache__", "sub/site-packages"):
        write(f"{folder}/x.py", BAD)
    write("env/pyvenv.cfg", "home = /usr/bin")
    write("env/lib/x.py", BAD)
    write("tests/test_x.py", BAD)
    assert files(lint) == ["tests/test_x.py"]
    assert files(lint, "build/x.py") == ["build/x.py"]
    assert files(lint, "build") == ["build/x.py"]
    assert files(lint, "--force-exclude", "build/x.py", "tests/test_x.py", "venv") == ["tests/test_x.py"]


def test_gitignore(lint: Lint, write: Write, folder: Path) -> None:
    (folder / ".git/info").mkdir(parents=True)
    write(".git/info/exclude", "private.py\n")
    write(".gitignore", "/generated\n*_pb2.py\n!keep_pb2.py\n")
    write("sub/.gitignore", "local.py\n!a_pb2.py\n")
    for path in ("generated/x.py", "a_pb2.py", "keep_pb2.py", "private.py", "sub/local.py", "sub/a_pb2.py", "local.py"):
        write(path, "")
    assert files(lint) == ["keep_pb2.py", "local.py", "sub/a_pb2.py"]
    assert files(lint, "sub") == ["sub/a_pb2.py"]
    assert files(lint, "generated") == ["generated/x.py"]
    assert files(lint, "--force-exclude", "generated/x.py", "local.py") == ["local.py"]


def test_gitignore_above_the_repository_does_not_count(lint: Lint, write: Write, folder: Path) -> None:
    write(".gitignore", "*.py\n")
    (folder / "inner/.git").mkdir(parents=True)
    write("inner/x.py", "")
    assert files(lint, "inner") == ["inner/x.py"]


def test_a_linked_work_tree_reads_the_exclude_file_of_its_repository(tmp_path: Path, lint: Lint, write: Write) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=n", "-c", "user.email=e@x")
        subprocess.run(["git", "-C", str(tmp_path / "main"), *identity, *arguments], check=True, capture_output=True)

    (tmp_path / "main").mkdir()
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "one")
    git("worktree", "add", "-q", str(tmp_path / "other"))
    (tmp_path / "main/.git/info").mkdir(exist_ok=True)
    (tmp_path / "main/.git/info/exclude").write_text("secret.py\n")
    (tmp_path / "other/secret.py").write_text("")
    (tmp_path / "other/open.py").write_text("")
    assert files(lint, str(tmp_path / "other")) == [str(tmp_path / "other/open.py")]


def test_exclude_extend_exclude_and_include(lint: Lint, write: Write) -> None:
    for path in ("a.py", "old/b.py", "build/c.py", "deep/old/d.py", "e.pyw"):
        write(path, "")
    write("pyproject.toml", "[tool.lossaudit]\nextend-exclude = ['/old']\n")
    assert files(lint) == ["a.py", "deep/old/d.py"]
    write("pyproject.toml", "[tool.lossaudit]\nexclude = ['old']\ninclude = ['*.py', '*.pyw']\n")
    assert files(lint) == ["a.py", "build/c.py", "e.pyw"]
    assert files(lint, "deep") == []
    assert files(lint, "--isolated", "deep") == ["deep/old/d.py"]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no symbolic links")
def test_links(lint: Lint, write: Write, folder: Path) -> None:
    write("real.py", BAD)
    os.symlink("real.py", folder / "a_link.py")
    os.symlink(".", folder / "circle")
    os.symlink("loop.py", folder / "loop.py")
    os.symlink("nothing", folder / "dangling.py")
    ended = lint()
    assert ended.json["files"] == ["real.py"]
    assert [problem["path"] for problem in ended.json["problems"]] == ["dangling.py", "loop.py"]
    assert ended.code == 2
    assert len(ended.rules) == 1
    assert files(lint, "a_link.py") == ["a_link.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_pipes_are_never_opened(lint: Lint, folder: Path) -> None:
    os.mkfifo(folder / "pipe.py")
    assert files(lint) == []
    ended = lint("pipe.py")
    assert ended.code == 2
    assert [problem["path"] for problem in ended.json["problems"]] == ["pipe.py"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_and_folders(lint: Lint, write: Write, folder: Path) -> None:
    write("good.py", BAD)
    write("shut.py", BAD).chmod(0)
    write("closed/x.py", BAD)
    (folder / "closed").chmod(0)
    try:
        ended = lint()
    finally:
        (folder / "closed").chmod(0o755)
    assert ended.code == 2
    assert [path for path, _, _ in ended.rules] == ["good.py"]
    assert [problem["path"] for problem in ended.json["problems"]] == ["closed", "shut.py"]
