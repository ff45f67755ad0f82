"""Whatever the file: findings or one clear line, soon; never a crash, and nothing of it is run."""

from __future__ import annotations

import contextlib
import os
import random
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lint.mutate import mutant

from lossaudit.lint.examine import Examiner, Job, Outcome
from lossaudit.readers.source.interpreter import Interpreter
from lossaudit.rules import RULES

_ROOT = Path(__file__).parents[2]
_SECONDS = 10.0  # of the processor; a file of this size takes some hundredths


def sources() -> list[str]:
    """Training programs as people write them, and the examples of the rules' pages."""
    scripts = sorted([*_ROOT.glob("tests/scripts/**/*.py"), *_ROOT.glob("examples/*.py")])
    pages = sorted(_ROOT.glob("src/lossaudit/rules/*.md"))
    blocks = [block.partition("```")[0] for page in pages for block in page.read_text("utf-8").split("```python\n")[1:]]
    return [script.read_text("utf-8") for script in scripts] + blocks


def lint(path: Path, root: Path) -> Outcome:
    """One file, with what the linter promises of any."""
    start = time.process_time()
    outcome = Examiner(tuple(RULES))(Job(str(path), (str(root),)))
    assert time.process_time() - start < _SECONDS
    for problem in outcome.problems:
        assert "mistake in lossaudit" not in problem.message, problem.message
        assert len(problem.message.splitlines()) == 1
    for finding in outcome.findings:
        assert len(finding.message.splitlines()) == 1
        assert all(place.line > 0 for place in finding.places)
    return outcome


def campaign(folder: Path, seeds: range) -> None:
    originals = sources()
    for seed in seeds:
        name, data = mutant(random.Random(seed), originals)
        path = folder / name
        path.write_bytes(data)
        try:
            lint(path, folder)
        except BaseException:
            print(f"seed {seed}: {name}")  # pytest shows it with the failure
            raise


def test_mutated_programs(tmp_path: Path) -> None:
    campaign(tmp_path, range(150))


@pytest.mark.slow
@pytest.mark.timeout(6 * 3600)
@pytest.mark.parametrize("part", range(20))
def test_twenty_thousand_mutated_programs(tmp_path: Path, part: int) -> None:
    campaign(tmp_path, range(1000 * (part + 1), 1000 * (part + 2)))


def installed() -> Iterator[Path]:
    for folder, folders, files in os.walk(sysconfig.get_path("purelib")):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(files) if name.endswith((".py", ".ipynb")))


@pytest.mark.slow
@pytest.mark.timeout(6 * 3600)
def test_all_installed_packages() -> None:
    root = Path(sysconfig.get_path("purelib"))
    for path in installed():
        lint(path, root)


def test_nothing_of_a_program_is_run(tmp_path: Path) -> None:
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w').close()"
    (tmp_path / "helper.py").write_text(f"{trap}\ndef loss(x):\n    {trap}\n    return x\n")
    program = f"""
import torch, helper
import torch.nn.functional as F
{trap}
exec({trap!r})
class Meta(type):
    def __new__(cls, *args):
        {trap}
        return super().__new__(cls, *args)
class Net(torch.nn.Module, metaclass=Meta):
    {trap}
    @property
    def head(self):
        {trap}
    def forward(self, x):
        {trap}
        return helper.loss(F.softmax(x, dim=-1))
F.cross_entropy(Net()(torch.zeros(2, 3)), torch.zeros(2).long())
"""
    (tmp_path / "program.py").write_text(program)
    lint(tmp_path / "program.py", tmp_path)
    assert not (tmp_path / "sprung").exists()
    assert "helper" not in sys.modules


def test_modules_that_import_each_other_or_themselves(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from b import *\nimport a\nfrom b import f\ndef g(x): return f(x)\ng(1)\n")
    (tmp_path / "b.py").write_text("from a import *\nimport b as b\nfrom a import g\ndef f(x): return g(x)\nf(1)\n")
    assert lint(tmp_path / "a.py", tmp_path).problems == ()


def test_a_broken_import_leaves_the_importer_linted(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    program = "import broken, gone\nfrom broken import f\nimport torch, torch.nn.functional as F\n"
    program += "layer = torch.nn.Linear(3, 3)\nloss = F.cross_entropy(F.softmax(layer(torch.rand(2, 3)), 1), f())\n"
    (tmp_path / "a.py").write_text(program)
    outcome = lint(tmp_path / "a.py", tmp_path)
    assert outcome.problems == ()
    assert [finding.rule for finding in outcome.findings] == ["double-softmax"]


@pytest.mark.parametrize(
    "program",
    [
        "def f(n): return f(n - 1) + f(n + 1)\nf(3)",  # recursion without an end
        "def f(x): return g(x)\ndef g(x): return f([x])\nf(1)",
        "class A(A): pass\nclass B(C): pass\nclass C(B): pass\nA()(1)",
        "x = [1]\nwhile True:\n    x = [x, x]",
        "x = []\nx.append(x)\ny = {}\ny[y] = y\nprint(x, y)",
        "def f(*a, **k): return f(*a, *a, **k)\nf(1)",
        "x = 'a' * 10**9\ny = [0] * 10**9\nz = 2 ** 10**9\nw = 10**9 * (1,)\nu = range(10**12)\nfor i in u: pass",
        "x = 1\n" + "x = x + x\n" * 3000,
        "x = 1\n" + "if c(): x = (x, 1)\nelse: x = (x, 2)\n" * 300,
        "\n".join(f"def f{i}(x): return f{i + 1}(x) if x else f{i + 1}(-x)" for i in range(300)) + "\nf0(1)",
        "import torch\nm = torch.nn.Sequential()\n" + "m = torch.nn.Sequential(m, m)\n" * 60 + "m(torch.ones(1))",
        "class A:\n def __getattr__(self, n): return getattr(self, n)\n def __call__(s, a): return s(a)\nA()(A().x)",
        "from __future__ import nothing\nimport .x\n",
        "x: int\nx += 1\ndel x, y\nglobal z\nnonlocal q",
        "def f():\n    yield from f()\nasync def g():\n    await g()\n    async for x in g(): pass\nlist(f())",
        "match x:\n    case [a, *b] if a: y = b\n    case {'k': v, **r}: y = r\n    case P(q=1) | None: y = 2\n",
    ],
)
def test_programs_that_never_end_are_read_to_an_end(tmp_path: Path, program: str) -> None:
    (tmp_path / "a.py").write_text(program)
    lint(tmp_path / "a.py", tmp_path)


@pytest.mark.parametrize("error", [RecursionError, MemoryError, ZeroDivisionError, KeyboardInterrupt])
def test_what_breaks_off_one_file_leaves_nothing_behind_for_the_next(
    error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alarm may ring anywhere, also while the modules are run that all files share."""
    (tmp_path / "net.py").write_text("import torch.nn as nn\nmodel = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))\n")
    program = tmp_path / "main.py"
    program.write_text("from net import model\nimport torch.nn.functional as F\nF.cross_entropy(model(x), y)\n")
    examiner, job = Examiner(tuple(RULES)), Job(str(program), (str(tmp_path),))
    with monkeypatch.context() as patched:

        def breaks(run: Interpreter, node: object) -> None:
            run.guards.append("left behind")
            run.depth += 1000
            raise error

        patched.setattr("lossaudit.readers.source.statements.run_body", breaks)
        with contextlib.suppress(KeyboardInterrupt):
            assert examiner(job).problems
    assert [finding.rule for finding in examiner(job).findings] == ["double-softmax"]
