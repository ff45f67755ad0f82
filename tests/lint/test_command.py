"""`lossaudit lint` as a user meets it."""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path

import pytest
from tests.lint.conftest import BAD, GOOD, Lint, Write, notebook

import lossaudit
from lossaudit.lint import workers
from lossaudit.readers.source import reader

# Another test may have loaded JAX into this process, which then warns at each fork; the command itself loads none.
pytestmark = pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")


def test_a_mistake_ends_with_1_and_a_clean_folder_with_0(lint: Lint, write: Write) -> None:
    write("bad.py", BAD)
    write("sub/good.py", GOOD)
    ended = lint()
    assert ended.code == 1
    assert ended.rules == [("bad.py", 6, "double-softmax")]
    assert ended.json["files"] == ["bad.py", "sub/good.py"]
    assert lint("sub").code == 0
    assert lint("sub").json["files"] == ["sub/good.py"]
    assert lint("--exit-zero").code == 0


def test_an_empty_folder(lint: Lint) -> None:
    ended = lint(format="full")
    assert ended.code == 0
    assert "0 files" in ended.out


def test_the_last_line_says_what_was_read(lint: Lint, write: Write) -> None:
    write("bad.py", BAD)
    write("unknown.py", "import torch\ndef step(out, y):\n    return torch.nn.functional.mse_loss(out, y)\n")
    last = lint(format="concise").out.splitlines()[-1]
    assert last == "2 files, 1 pairing read, 1 not understood (`--show-pairings`)"


def test_quiet_prints_nothing_when_nothing_is_found(lint: Lint, write: Write) -> None:
    write("good.py", GOOD)
    assert lint("--quiet", format="full").out == ""
    write("bad.py", BAD)
    assert "double-softmax" in lint("--quiet", format="full").out


@pytest.mark.parametrize("name", ["full", "concise", "json", "sarif", "github", "junit"])
def test_every_format_goes_to_the_terminal_or_to_a_file(name: str, lint: Lint, write: Write, folder: Path) -> None:
    write("bad.py", BAD)
    shown = lint(format=name)
    assert shown.code == 1
    assert "double-softmax" in shown.out
    assert lint("--output", "report", format=name).out == ""
    assert (folder / "report").read_text() == shown.out


def test_an_output_that_cannot_be_written(lint: Lint, write: Write) -> None:
    write("bad.py", BAD)
    ended = lint("--output", "no/such/file")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert lint("--output", ".").code == 2


def test_statistics_and_pairings(lint: Lint, write: Write) -> None:
    write("bad.py", BAD + BAD)
    assert lint("--statistics", format="full").out.split()[:3] == ["2", "LA101", "double-softmax"]
    assert lint("--show-pairings", format="full").out.startswith("bad.py:6:8")
    assert lint("--show-pairings", "--statistics").code == 2


def test_standard_input(lint: Lint, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    given(BAD)
    assert lint("-").rules == [("-", 6, "double-softmax")]
    given(BAD)
    patch = lint("-", "--diff")
    assert "+loss = F.cross_entropy(z, y)" in patch.out
    given(BAD)
    ended = lint("-", "--fix")
    assert ended.code == 2
    assert "--diff" in ended.err
    given(BAD.replace("x)", "x"))
    assert lint("-").code == 2


def test_standard_input_imports_from_the_project(lint: Lint, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("net.py", "import torch\ndef head(z):\n    return torch.softmax(z, 1)\n")
    text = BAD.replace("F.softmax(z, dim=1)", "head(z)").replace(
        "import torch", "from net import head\nimport torch", 1
    )
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    ((path, line, rule),) = lint("-").rules
    assert (path, line, rule) == ("-", 7, "double-softmax")


def test_a_notebook_is_found_by_cell_and_line(lint: Lint, write: Write) -> None:
    imports, _, rest = BAD.partition("\n\n")
    write("study.ipynb", notebook("%matplotlib inline\n" + imports, rest))
    ended = lint()
    (place, *_) = ended.json["findings"][0]["places"]
    assert (place["path"], place["cell"], place["line"]) == ("study.ipynb", 2, 3)


MODEL = """\
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        return self.softmax(self.fc(x))
"""
ENGINE = """\
from torch import nn

def fit(model, loader):
    criterion = nn.CrossEntropyLoss()
    for x, y in loader:
        loss = criterion(model(x), y)
        loss.backward()
"""
MAIN = "from pkg.engine import fit\nfrom pkg.net import Net\n\nfit(Net(), loader)\n"


@pytest.fixture
def program(write: Write) -> None:
    """Head, loss, and the call that brings them together, in three files; the third mentions neither."""
    write("src/pkg/__init__.py", "")
    write("src/pkg/net.py", MODEL)
    write("src/pkg/engine.py", ENGINE)
    write("src/main.py", MAIN)


def test_head_and_loss_in_two_files_brought_together_in_a_third(program: None, lint: Lint) -> None:
    ended = lint()
    assert ended.rules == [("src/pkg/engine.py", 6, "double-softmax")]
    places = ended.json["findings"][0]["places"]
    assert ("src/pkg/net.py", 10) in [(place["path"], place["line"]) for place in places]
    counts = ended.json["counts"]
    assert (counts["pairings_read"], counts["pairings_not_understood"]) == (1, 0)


def test_file_arguments_resolve_imports_from_the_project(
    program: None, lint: Lint, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lint("src/main.py", "src/pkg/net.py").rules == [("src/pkg/engine.py", 6, "double-softmax")]
    monkeypatch.chdir(folder / "src/pkg")
    assert lint("../main.py").rules == [(str(folder / "src/pkg/engine.py"), 6, "double-softmax")]
    assert lint("engine.py").rules == []


def test_a_comment_at_the_head_or_at_the_loss_silences(program: None, lint: Lint, write: Write) -> None:
    comment = "  # lossaudit: ignore[double-softmax]"
    write("src/pkg/net.py", MODEL.replace("(x))", f"(x)){comment}"))
    ended = lint()
    assert (ended.rules, ended.json["counts"]["hidden"]) == ([], 1)
    assert lint("src/main.py").rules == [], "the head's file is not among the arguments, its comments still hold"
    write("src/pkg/net.py", MODEL)
    write("src/pkg/engine.py", ENGINE.replace("y)\n", f"y){comment}\n"))
    assert lint().rules == []


@pytest.mark.parametrize("processes", ["1", "2", "4"])
def test_the_outcome_does_not_depend_on_processes(processes: str, lint: Lint, write: Write) -> None:
    for number in range(12):
        write(f"p{number % 3}/m{number}.py", BAD if number % 2 else GOOD)
    write("broken.py", "loss = torch(\n")
    ended = lint("--jobs", processes)
    assert ended.code == 2, "one file could not be read"
    assert ended.rules == sorted((f"p{n % 3}/m{n}.py", 6, "double-softmax") for n in range(1, 12, 2))
    assert [problem["path"] for problem in ended.json["problems"]] == ["broken.py"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--select", "double-sofmax"], "did you mean double-softmax"),
        (["--ignore", "LA7"], "no rule is called 'LA7'"),
        (["--config", "no.toml"], "no.toml: cannot be read"),
        (["--baseline", "no.json"], "--write-baseline"),
        (["--write-baseline"], "--baseline FILE"),
        (["--jobs", "0"], "no whole number above 0"),
        (["--format", "pdf"], "pdf"),
    ],
)
def test_a_wrong_call_ends_with_2_and_one_line(arguments: list[str], wanted: str, lint: Lint, write: Write) -> None:
    write("bad.py", BAD)
    ended = lint(*arguments)
    assert ended.code == 2
    assert wanted in ended.err
    assert ended.err.count("\n") == 1
    assert ended.out == ""


def test_what_is_not_there_costs_one_line_and_the_rest_is_linted(lint: Lint, write: Write) -> None:
    write("bad.py", BAD)
    ended = lint("bad.py", "gone.py")
    assert ended.code == 2
    assert ended.rules == [("bad.py", 6, "double-softmax")]
    assert [problem["path"] for problem in ended.json["problems"]] == ["gone.py"]


def test_a_mistake_of_ours_costs_one_line(lint: Lint, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    real = reader.Reader.read

    def read(self: reader.Reader, path: str) -> object:
        if path == "a.py":
            raise ZeroDivisionError("division\nby zero")
        return real(self, path)

    monkeypatch.setattr(reader.Reader, "read", read)
    write("a.py", BAD)
    write("b.py", BAD)
    ended = lint()
    assert ended.code == 2
    assert [path for path, _, _ in ended.rules] == ["b.py"]
    (problem,) = ended.json["problems"]
    assert problem["path"] == "a.py"
    assert "please report it" in problem["message"]
    assert "\n" not in problem["message"]


def test_interrupted(lint: Lint, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    write("bad.py", BAD)
    monkeypatch.setattr(workers, "each", interrupt)
    ended = lint()
    assert (ended.code, ended.out, ended.err) == (130, "", "lossaudit: interrupted\n")


def test_the_public_function(folder: Path, write: Write) -> None:
    write("bad.py", BAD)
    (finding,) = lossaudit.lint(folder)
    assert (finding.rule, finding.places[0].path, finding.places[0].line) == ("double-softmax", "bad.py", 6)
    assert [each.rule for each in lossaudit.lint(["bad.py", Path("bad.py")])] == ["double-softmax"]
    write("broken.py", "import torch\nloss = (")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(lossaudit.lint()) == 1
    assert [str(each.message).partition(":")[0] for each in caught] == ["broken.py"]


def test_file_names_that_no_terminal_shows(lint: Lint, folder: Path) -> None:
    name = b"caf\xe9\n.py".decode("utf-8", "surrogateescape")
    try:
        (folder / name).write_text(BAD)
    except OSError:
        pytest.skip("the file system does not take such names")
    for format in ("full", "concise", "json", "sarif", "github", "junit"):
        ended = lint(format=format)
        assert ended.code == 1, ended.err
        assert "double-softmax" in ended.out


def test_the_softmax_that_ends_a_sequential_is_taken_out_of_it(lint: Lint, write: Write) -> None:
    write(
        "a.py",
        "import torch\nfrom torch import nn\n"
        "model = nn.Sequential(\n    nn.Linear(4, 3),\n    nn.Softmax(dim=1),\n)\n"
        "nn.CrossEntropyLoss()(model(torch.randn(2, 4)), torch.tensor([0, 1])).backward()\n",
    )
    assert "-    nn.Softmax(dim=1),\n )" in lint("--diff").out
