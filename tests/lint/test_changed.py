"""Findings of a branch only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.lint.conftest import BAD, GOOD, Lint, Write, notebook

Git = Callable[..., None]


@pytest.fixture
def git(folder: Path) -> Git:
    def run(*arguments: str) -> None:
        identity = ("-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)

    run("init", "-q", "-b", "main")
    return run


def commit(git: Git) -> None:
    git("add", "-A")
    git("commit", "-q", "-m", "one")


def test_only_changed_lines_count(lint: Lint, write: Write, git: Git) -> None:
    write("old.py", BAD)
    write("changed.py", GOOD + "\n# between\n\n" + BAD)
    commit(git)
    git("checkout", "-q", "-b", "work")
    write("changed.py", BAD + "\n# between\n\n" + BAD)
    write("new.py", BAD)
    assert lint("--changed-since", "main").rules == [
        ("changed.py", 6, "double-softmax"),
        ("new.py", 6, "double-softmax"),
    ]
    commit(git)
    assert lint("--changed-since", "main").rules == [
        ("changed.py", 6, "double-softmax"),
        ("new.py", 6, "double-softmax"),
    ]
    assert lint("--changed-since", "HEAD").rules == []


def test_what_the_other_branch_has_done_since_is_not_ours(lint: Lint, write: Write, git: Git) -> None:
    write("a.py", GOOD)
    write("b.py", BAD)
    commit(git)
    git("checkout", "-q", "-b", "work")
    git("checkout", "-q", "main")
    write("b.py", BAD.replace("loss =", "value ="))
    commit(git)
    git("checkout", "-q", "work")
    write("a.py", BAD)
    assert lint("--changed-since", "main").rules == [("a.py", 6, "double-softmax")]


def test_the_head_may_be_what_changed(lint: Lint, write: Write, git: Git) -> None:
    head = "import torch.nn.functional as F\ndef head(z):\n    return {}\n"
    write("net.py", head.format("z"))
    write("train.py", "from net import head\n" + BAD.replace("F.softmax(z, dim=1)", "head(z)"))
    commit(git)
    write("net.py", head.format("F.softmax(z, dim=1)"))
    assert lint("--changed-since", "main").rules == [("train.py", 7, "double-softmax")]


def test_notebooks_by_line_of_a_cell(lint: Lint, write: Write, git: Git) -> None:
    write("n.ipynb", notebook("x = 1", BAD, GOOD))
    commit(git)
    write("n.ipynb", notebook("x = 2", BAD, GOOD))
    assert lint("--changed-since", "main").rules == []
    write("n.ipynb", notebook("x = 1", BAD, BAD))
    (finding,) = lint("--changed-since", "main").json["findings"]
    assert finding["places"][0]["cell"] == 3


def test_names_that_need_quotes(lint: Lint, write: Write, git: Git) -> None:
    name = 'é "quoted" name.py'
    write(name, GOOD)
    commit(git)
    write(name, BAD)
    assert lint("--changed-since", "main").rules == [(name, 6, "double-softmax")]


def test_from_a_folder_inside(
    lint: Lint, write: Write, git: Git, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("sub/a.py", GOOD)
    commit(git)
    write("sub/a.py", BAD)
    monkeypatch.chdir(folder / "sub")
    assert lint("--changed-since", "main").rules == [("a.py", 6, "double-softmax")]


@pytest.mark.parametrize("reference", ["nosuchbranch", "--help", "", "main:a.py"])
def test_an_unknown_commit(reference: str, lint: Lint, write: Write, git: Git) -> None:
    write("a.py", BAD)
    commit(git)
    ended = lint(f"--changed-since={reference}")
    assert ended.code == 2
    assert "git knows no such commit" in ended.err
    assert ended.err.count("\n") == 1


def test_no_repository_and_no_git(lint: Lint, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.py", BAD)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.getcwd())
    assert "no git repository" in lint("--changed-since", "main").err
    monkeypatch.setenv("PATH", "")
    ended = lint("--changed-since", "main")
    assert ended.code == 2
    assert "needs git" in ended.err
