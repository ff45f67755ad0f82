"""`[tool.lossaudit]`, and which rules it selects."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lint.conftest import BAD, Lint, Write

from lossaudit.lint import configuration
from lossaudit.lint.discover import discover

BOTH = BAD + "F.cross_entropy(F.log_softmax(z, dim=1), y).backward()\n"  # double-softmax, and one more


def names(lint: Lint, *arguments: str) -> list[str]:
    return [rule for _, _, rule in lint(*arguments).rules]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["double-softmax", "log-softmax-before-ce"]),
        (["--select", "ALL"], ["double-softmax", "log-softmax-before-ce"]),
        (["--select", "double-softmax"], ["double-softmax"]),
        (["--select", "LA101"], ["double-softmax"]),
        (["--select", "la1"], ["double-softmax"]),
        (["--select", "LA2"], []),
        (["--select", "LA2", "--extend-select", "LA9"], ["log-softmax-before-ce"]),
        (["--select", "LA2,LA101"], ["double-softmax"]),
        (["--ignore", "LA101"], ["log-softmax-before-ce"]),
        (["--ignore", "ALL"], []),
        (["--select", "ALL", "--ignore", "LA1, LA9"], []),
    ],
)
def test_selection(arguments: list[str], expected: list[str], lint: Lint, write: Write) -> None:
    write("bad.py", BOTH)
    assert names(lint, *arguments) == expected


def test_the_file_selects_and_the_command_line_speaks_instead(lint: Lint, write: Write) -> None:
    write("bad.py", BOTH)
    write("pyproject.toml", "[tool.lossaudit]\nselect = ['LA9']\n")
    assert names(lint) == ["log-softmax-before-ce"]
    assert names(lint, "--select", "LA1") == ["double-softmax"]
    assert names(lint, "--extend-select", "LA1") == ["double-softmax", "log-softmax-before-ce"]
    assert names(lint, "--isolated") == ["double-softmax", "log-softmax-before-ce"]
    write("other.toml", "ignore = ['LA101']\n")
    assert names(lint, "--config", "other.toml") == ["log-softmax-before-ce"]


def test_per_file_ignores(lint: Lint, write: Write) -> None:
    write("tests/bad.py", BOTH)
    write("bad.py", BOTH)
    write("pyproject.toml", "[tool.lossaudit.per-file-ignores]\n'tests/**' = ['LA1']\n'/bad.py' = ['ALL']\n")
    assert lint().rules == [("tests/bad.py", 8, "log-softmax-before-ce")]


def test_the_nearest_file_that_speaks_of_us_counts(
    lint: Lint, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("pyproject.toml", "[tool.lossaudit]\nselect = ['LA9']\n")
    write("sub/pyproject.toml", "[project]\nname = 'lossaudit-user'\n")
    write("sub/deep/bad.py", BOTH)
    assert names(lint, "sub/deep/bad.py") == ["log-softmax-before-ce"]
    monkeypatch.chdir(folder / "sub/deep")
    assert names(lint) == ["log-softmax-before-ce"]
    write("sub/pyproject.toml", "[tool.lossaudit]\nselect = ['LA1']\n")
    assert names(lint) == ["double-softmax"]


def test_src_says_where_imports_start(lint: Lint, write: Write) -> None:
    write("lib/net.py", "import torch.nn.functional as F\ndef head(z):\n    return F.softmax(z, dim=1)\n")
    write("apps/one/train.py", "from net import head\n" + BAD.replace("F.softmax(z, dim=1)", "head(z)"))
    assert lint("apps").rules == []
    write("pyproject.toml", "[tool.lossaudit]\nsrc = ['lib']\n")
    assert lint("apps").rules == [("apps/one/train.py", 7, "double-softmax")]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("selct = []", "has no key 'selct'; did you mean select?"),
        ("select = 'LA1'", "select in [tool.lossaudit] must be a list of strings"),
        ("select = [1]", "must be a list of strings"),
        ("select = ['nope-nope']", "select: no rule is called 'nope-nope'"),
        ("ignore = ['double-sofmax']", "did you mean double-softmax"),
        ("baseline = 3", "baseline in [tool.lossaudit] must be a path"),
        ("per-file-ignores = ['x']", "must be a table"),
        ("per-file-ignores = {'x' = 'LA1'}", "must be a list of strings"),
        ("per-file-ignores = {'x' = ['LA77']}", "per-file-ignores: no rule is called 'LA77'"),
        ("select = [", "pyproject.toml is no TOML"),
        ("select = ['\udcff']", "pyproject.toml is no TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, wanted: str, lint: Lint, write: Write) -> None:
    write("pyproject.toml", f"[tool.lossaudit]\n{text}\n".encode("utf-8", "surrogateescape"))
    ended = lint()
    assert ended.code == 2
    assert "pyproject.toml" in ended.err
    assert wanted in ended.err
    assert ended.err.count("\n") == 1


def test_this_project_leaves_out_its_mistakes_on_purpose() -> None:
    root = Path(__file__).parents[2]
    settings = configuration.load((str(root),))
    found = discover((str(root),), settings).files
    assert any(path.endswith("rules/judge.py") for path in found)
    assert not any(
        str(root / folder) in path or path.startswith(folder) for path in found for folder in ("tests", "examples")
    )
    assert len(discover((str(root / "examples"),), settings).files) >= 3
