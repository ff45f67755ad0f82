"""What only reads or prints text loads neither torch nor numpy nor flint."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "jax", "numpy", "flint", "sklearn", "matplotlib", "IPython")


def _loaded(code: str) -> set[str]:
    program = f"{code}\nimport sys\nprint('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def _command(*arguments: str) -> str:
    return (
        "import contextlib\nfrom lossaudit.cli.main import main\n"
        f"with contextlib.suppress(SystemExit):\n    main({list(arguments)!r})"
    )


@pytest.mark.parametrize(
    "code",
    [
        "import lossaudit",
        "import lossaudit.pairing, lossaudit.trace, lossaudit.finding, lossaudit.verdict, lossaudit.card",
        "import lossaudit.catalogue, lossaudit.rules, lossaudit.result, lossaudit.axes",
        "import lossaudit\nlossaudit.load_ipython_extension",
        "from lossaudit.report import html, full, concise, json",
        "from lossaudit.report import github, junit, lint_concise, lint_full, lint_json, pairings, sarif, statistics",
        "from lossaudit.recognise import objective",
        _command("rules"),
        _command("explain"),
        _command("choose"),
        _command("choose", "--task", "multiclass", "--imbalance", "1:500", "--noise", "0.2", "--metric", "f1"),
        _command("choose", "--help"),
        _command("explain", "mse-on-softmax"),
        _command("explain", "mse"),
        _command("explain", "logits"),
        _command("explain", "nothing"),
        _command("explain", "--quiz"),
        _command("losses"),
        _command("losses", "--convex", "--framework", "jax", "--format", "json"),
        "import lossaudit\nprint(lossaudit.losses(task='multiclass'))",
        _command("--help"),
        _command("--version"),
        _command("run", "--help"),
        _command("audit", "--help"),
        _command("lint", "--help"),
        _command("draw", "--help"),
        _command("compare", "--help"),
        _command("compare", "--show"),
        _command("claims"),
        _command("claims", "pristine-bowl"),
        _command("claims", "--format", "markdown"),
        _command("lint", "examples"),
        _command("rn"),
    ],
)
def test_nothing_heavy_is_loaded(code):
    assert _loaded(code) == set()


def test_an_empty_folder_is_linted_without_rules_and_reader(tmp_path):
    names = ("lossaudit.rules", "lossaudit.readers", "lossaudit.catalogue", "tomllib", "multiprocessing.pool")
    program = (
        f"import sys\n{_command('lint', str(tmp_path))}\nprint(*[name for name in {names!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize(
    "order",
    [
        "lossaudit.audit; import lossaudit.audit",
        "import lossaudit.audit; lossaudit.audit",
        "import lossaudit.recheck; lossaudit.recheck",
        "import lossaudit.lint.run; lossaudit.lint",
        "lossaudit.lint; from lossaudit.lint.run import Request",
        "lossaudit.recheck; from lossaudit.recheck import recheck",
        "import lossaudit.advise.choose; lossaudit.choose",
        "import lossaudit.trials.compare, lossaudit.report.comparison; lossaudit.compare",
    ],
)
def test_public_functions_stay_functions_whatever_has_been_imported(order):
    name = next(name for name in ("recheck", "lint", "audit", "choose", "compare") if f"lossaudit.{name}" in order)
    code = f"import lossaudit\n{order}\nfrom lossaudit import {name}\nassert lossaudit.{name} is {name}\n"
    code += f"assert type({name}).__name__ == 'function', {name}"
    _loaded(code)


def test_unknown_names_of_the_package_say_what_there_is():
    import lossaudit

    with pytest.raises(AttributeError, match=r"has no attribute 'chose'; it has audit, "):
        lossaudit.chose
    assert all(getattr(lossaudit, name) is not None for name in lossaudit.__all__)
