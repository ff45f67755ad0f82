"""The catalogue as a whole: nothing twice, nothing dangling, nothing of PyTorch forgotten, nothing heavy loaded."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections import Counter
from importlib import import_module

import pytest

from lossaudit import catalogue
from lossaudit.catalogue import LOSSES, OPS, find, loss, nearest, op, spellings
from lossaudit.catalogue.schema import Kind, Role

_OPS = [import_module(f"lossaudit.catalogue.ops.{name}") for name in catalogue._OPS]
ENTRIES = [
    entry
    for family in (*_OPS, *catalogue._LOSSES)
    for entry in (*getattr(family, "OPS", ()), *getattr(family, "LOSSES", ()))
]


def test_no_name_twice() -> None:
    """Not even an operation and a loss of one name: `Node.op` holds either."""
    assert [name for name, count in Counter(entry.name for entry in ENTRIES).items() if count > 1] == []


def test_no_spelling_twice() -> None:
    paths = Counter((s.framework, s.path) for entry in ENTRIES for s in entry.spellings)
    assert [path for path, count in paths.items() if count > 1] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_canonical_parameters(entry: object) -> None:
    """Within one spelling no canonical name stands for two parameters."""
    for spelling in entry.spellings:  # type: ignore[attr-defined]
        names = [param.canonical for param in spelling.params]
        assert len(names) == len(set(names)), spelling.path
        assert len(spelling.edges) == len(set(spelling.edges)), spelling.path
        assert not spelling.edges or spelling.kind is Kind.GRAPH


@pytest.mark.parametrize("entry", OPS.values(), ids=lambda entry: entry.name)
def test_axis_is_a_parameter(entry: object) -> None:
    if entry.axis:  # type: ignore[attr-defined]
        names = {param.canonical for s in entry.spellings for param in s.params}  # type: ignore[attr-defined]
        assert entry.axis in names  # type: ignore[attr-defined]


@pytest.mark.parametrize("entry", OPS.values(), ids=lambda entry: entry.name)
def test_graph_inputs_are_parameters(entry: object) -> None:
    """What a node calls its inputs, a function or method calls them too."""
    named = {p.canonical for s in entry.spellings if s.kind in (Kind.FUNCTION, Kind.METHOD) for p in s.params}  # type: ignore[attr-defined]
    edges = {edge for s in entry.spellings for edge in s.edges}  # type: ignore[attr-defined]
    assert not named or edges <= named


def test_lookup() -> None:
    assert op("softmax") is OPS["softmax"]
    assert loss("mse") is LOSSES["mse"]
    assert op("no such operation") is None
    assert loss("softmax") is None
    assert find("torch", "torch.no_such_function") is None
    assert find("jax", "torch.nn.functional.softmax") is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("torch.nn.functional.mse_loss", "mse"),
        ("torch.nn.L1Loss", "mae"),
        ("torch.nn.modules.activation.Softmax", "softmax"),
        ("torch.functional.norm", "norm"),
        ("torch.Tensor.T.__get__", "T"),
        ("torch.Tensor.__getitem__", "getitem"),
        ("torch::autograd::CopyBackwards", "copy_"),
    ],
)
def test_find(path: str, name: str) -> None:
    found = find("torch", path)
    assert found is not None
    assert found[0].name == name


def test_nearest() -> None:
    assert nearest("cross_entropi", LOSSES)[0] == "cross_entropy"
    assert nearest("log_sofmax", OPS)[0] == "log_softmax"
    assert nearest("qqqqqqqq", OPS) == ()


def test_spellings_are_of_the_kind_that_was_asked_for() -> None:
    total = 0
    for kind in Kind:
        found = list(spellings("torch", kind))
        assert all(spelling.kind is kind for spelling, _ in found)
        total += len(found)
    assert total == sum(len(entry.spellings) for entry in ENTRIES)


def test_importing_is_light() -> None:
    code = "import sys, lossaudit.catalogue; print([m for m in ('torch', 'numpy', 'flint') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


# --- completeness, found by looking into PyTorch ---


def functional() -> dict[str, object]:
    functions = vars(pytest.importorskip("torch").nn.functional)
    return {name: value for name, value in functions.items() if callable(value) and not name.startswith("_")}


def test_every_loss_function() -> None:
    names = [name for name in functional() if re.search(r"_loss$|cross_entropy|kl_div|nll", name)]
    assert len(names) > 20
    missing = [name for name in names if not isinstance(_entry(f"torch.nn.functional.{name}"), type(LOSSES["mse"]))]
    assert missing == []


def test_every_activation_function() -> None:
    """Those that have a module, those that work in place, and those named like one."""
    modules = pytest.importorskip("torch").nn.modules.activation.__all__
    titles = {title.lower() for title in modules}
    like = re.compile(r"(lu|softmax|softmin|sigmoid|tanh|shrink|swish|mish|soft(plus|sign)|threshold)_?$")
    names = [n for n in functional() if n.replace("_", "") in titles or f"{n}_" in functional() or like.search(n)]
    assert len(names) > 35
    missing = [name for name in names if getattr(_entry(f"torch.nn.functional.{name}"), "role", None) is not Role.HEAD]
    assert missing == []


@pytest.mark.parametrize("family", ["activation", "loss"])
def test_every_module(family: str) -> None:
    torch = pytest.importorskip("torch")
    titles = getattr(torch.nn.modules, family).__all__
    assert [title for title in titles if _entry(f"torch.nn.{title}") is None] == []


def test_every_operator_between_tensors() -> None:
    """What Python's operators call on a tensor."""
    tensor = pytest.importorskip("torch").Tensor
    arithmetic = "add sub mul truediv floordiv mod pow matmul and or xor"
    forms = [f"__{prefix}{name}__" for name in arithmetic.split() for prefix in ("", "r", "i")]
    others = "neg pos abs invert eq ne lt le gt ge getitem setitem float int bool"
    forms += [f"__{name}__" for name in others.split()]
    names = [name for name in forms if inspect.isroutine(getattr(tensor, name, None))]
    assert [name for name in names if _entry(f"torch.Tensor.{name}") is None] == []


def _entry(path: str) -> object:
    found = find("torch", path)
    return found[0] if found else None
