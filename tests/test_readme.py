"""What README and CONTRIBUTING tell people to type works.

Every line of an `sh` block must be one that `check` knows how to try. Long ones are tried in a shorter form: make
without running its recipes, training scripts with a few steps.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The others of docs/ are tested by test_docs.py.
PAGES = ("README.md", "CONTRIBUTING.md", "docs/lint.md", "docs/choose.md", "docs/compare.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [body for found, body in BLOCK.findall((ROOT / page).read_text()) if found == language]


def commands() -> list[str]:
    """Each line of the shell blocks of both pages, once."""
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    return list(dict.fromkeys(lines))


def run(*words: str, cwd: Path = ROOT, codes: tuple[int, ...] = (0,)) -> str:
    """Standard output of a command that must succeed."""
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode in codes, done.stderr
    return done.stdout


def lossaudit(words: list[str], tmp_path: Path) -> None:
    """A command of lossaudit; a training script is stopped early, and leaves its files elsewhere."""
    if words[0] == "run":
        words = ["run", "--stop-after", "30", "--report", str(tmp_path / "report.html"), *words[1:]]
    if words[0] == "draw":
        words += ["--size", "11", "--output", str(tmp_path / "picture.html")]
    if words[0] == "audit":
        words += ["--report", str(tmp_path / "report.html")]
    if words[0] == "compare":
        words = short(words, tmp_path)
    if "--output" in words:
        words[words.index("--output") + 1] = str(
            tmp_path / ("output" + Path(words[words.index("--output") + 1]).suffix)
        )
    if words[0] == "recheck":  # a file that the command before it made
        words[1] = str(tmp_path / "verdict.json")
        run(sys.executable, "-m", "lossaudit", "prove", "mse", "--format", "json", "--output", words[1])
    if "--baseline" in words:
        words[words.index("--baseline") + 1] = str(tmp_path / "old.json")
        run(
            sys.executable,
            "-m",
            "lossaudit",
            "lint",
            "examples",
            "--baseline",
            str(tmp_path / "old.json"),
            "--write-baseline",
        )
    run(sys.executable, "-m", "lossaudit", *words, codes=(0, 1) if words[0] == "lint" else (0,))


def short(words: list[str], tmp_path: Path) -> list[str]:
    """The same comparison with little training; of a preset only that there is one."""
    if "--preset" in words:
        name = words[words.index("--preset") + 1]
        assert f"  {name} " in run(sys.executable, "-m", "lossaudit", "compare", "--preset")
        return ["compare", "--preset"]
    words += ["--store", str(tmp_path / "trials.db")]
    if "--show" in words:
        return words
    little = ["--seeds", "2", "--epochs", "1", "--rates", "0.1", "--backend", "serial"]
    return [*words, *little, "--no-audits", "--report", str(tmp_path / "report.html")]


def pip(words: list[str]) -> None:
    """`pip install -e .[extra]`: the extra must exist. Installing itself is what `make` does."""
    *start, what = words
    assert start == ["install", "-e"]
    found = re.fullmatch(r"\.(?:\[(\w+)\])?", what)
    assert found is not None
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert found[1] is None or found[1] in extras


def pytest_command(words: list[str]) -> None:
    """`python -m pytest ...`: its arguments choose at least one test (or pytest fails)."""
    where = [] if (ROOT / words[-1]).exists() else ["tests/test_examples.py"]
    run(sys.executable, "-m", "pytest", "--collect-only", "-q", *words, *where)


def check(command: str, tmp_path: Path) -> None:
    """Try a command, in a shorter form where it takes long."""
    match shlex.split(command):
        case ["make", *targets]:
            run("make", "-n", *targets)
        case ["python", "tools/cards.py", _] | ["lossaudit", "explain", "general_robust"]:
            pass  # the example of tests/catalogue/test_adding.py, which runs them
        case ["lossaudit", *words]:
            lossaudit(words, tmp_path)
        case ["pip", *words]:
            pip(words)
        case ["python", "-m", "pytest", *words]:
            pytest_command(words)
        case [".", ".venv/bin/activate"]:
            pass  # .venv is made by `make`
        case _:
            pytest.fail(f"no test knows how to try: {command}")


@pytest.mark.parametrize("command", commands())
def test_a_command_works(command: str, tmp_path: Path) -> None:
    check(command, tmp_path)


@pytest.mark.parametrize(
    ("code", "said"), list(zip(blocks("README.md", "python"), ("double-softmax", "proved\nrefuted"), strict=True))
)
def test_a_python_block_runs(code: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "block.py"
    file.write_text(code)
    assert said in run(sys.executable, str(file), cwd=tmp_path)


def test_the_notebook_cells_run(tmp_path: Path) -> None:
    cells = blocks("README.md", "ipython")
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        f"for cell in {cells!r}:\n"
        "    shell.run_cell(cell).raise_error()\n"
    )
    assert len(cells) == 2
    text = run(sys.executable, "-c", code, cwd=tmp_path)
    assert "1 pairing read" in text


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
            assert target.startswith("https://") or ((ROOT / page).parent / target).exists(), target


def test_the_honesty_table_has_the_rows_of_the_benchmark() -> None:
    """The figures are those of a full run by hand; the starts may not drift apart."""
    from benchmarks.demo_honesty import STARTS

    rows = re.findall(r"^\| (.+?) \| \d+\.\d % ± ", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(rows) == len(STARTS)
