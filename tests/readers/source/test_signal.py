"""Whether a gradient can come from a loss: autograd itself is the judge."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from lossaudit.pairing import Const, Place
from lossaudit.readers.source.project import Project
from lossaudit.readers.source.reader import read
from lossaudit.readers.source.signal import cut
from lossaudit.readers.source.values import Tensor
from lossaudit.trace import LeafKind

HEAD = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable

torch.manual_seed(0)
model = nn.Linear(8, 5)
x, y, t = torch.randn(16, 8), torch.randint(5, (16,)), torch.rand(16, 5)
"""

CUT = {
    "detach": "loss = F.cross_entropy(model(x).detach(), y)",
    "data": "loss = F.cross_entropy(model(x).data, y)",
    "no_grad": "with torch.no_grad():\n    z = model(x)\nloss = F.cross_entropy(z, y)",
    "inference_mode": "with torch.no_grad():\n    loss = F.cross_entropy(model(x), y)",
    "argmax": "loss = F.mse_loss(model(x).argmax(1).float(), y.float())",
    "indices": "loss = F.mse_loss(torch.max(model(x), 1)[1].float(), y.float())",
    "accuracy": "loss = (model(x).argmax(1) == y).float().mean()",
    "comparison": "loss = (model(x) > 0).float().mean()",
    "item": "loss = torch.tensor(F.cross_entropy(model(x), y).item())",
    "copy": "loss = torch.tensor(F.cross_entropy(model(x), y).detach().tolist())",
    "cast": "loss = model(x).long().float().mean()",
    "both sides": "z = model(x)\nloss = F.mse_loss(z.detach(), z.argmax(1, keepdim=True).expand(16, 5).float())",
    "asked for afterwards": "loss = F.cross_entropy(model(x).detach(), y).requires_grad_()",
    "asked for by attribute": "loss = F.cross_entropy(model(x).detach(), y)\nloss.requires_grad = True",
}
PASSES = {
    "plain": "loss = F.cross_entropy(model(x), y)",
    "one side": "z = model(x)\nloss = F.mse_loss(z, z.detach().softmax(1))",
    "target": "with torch.no_grad():\n    wanted = model(x)\nloss = F.mse_loss(model(x), wanted)",
    "straight through": "z = model(x)\nloss = (z + (z.round() - z).detach()).mean()",
    "gathered": "z = model(x)\nloss = z.gather(1, z.argmax(1, keepdim=True)).mean()",
    "largest": "loss = torch.max(model(x), 1)[0].mean()",
    "largest, unpacked": "best, _ = model(x).max(1)\nloss = best.mean()",
    "where": "z = model(x)\nloss = torch.where(z > 0, z, torch.zeros_like(z)).mean()",
    "temperature": "t0 = torch.ones(1, requires_grad=True)\nloss = F.cross_entropy(model(x).detach() / t0, y)",
    "parameter": "w = nn.Parameter(torch.ones(5))\nloss = F.cross_entropy(model(x).detach() * w, y)",
    "leaf": "z = model(x).detach().requires_grad_()\nloss = F.mse_loss(z, t)",
    "leaf, by attribute": "z = model(x).detach()\nz.requires_grad = True\nloss = F.mse_loss(z, t)",
    "variable": "z = Variable(model(x).data, requires_grad=True)\nloss = F.mse_loss(z, t)",
    "enabled again": (
        "with torch.no_grad():\n    with torch.enable_grad():\n        z = model(x)\nloss = F.cross_entropy(z, y)"
    ),
    "updated in place": (
        "w = torch.randn(8, requires_grad=True)\n"
        "for step in range(3):\n"
        "    loss = ((x * w).sum(1) - t[:, 0]).pow(2).mean()\n    loss.backward()\n"
        "    with torch.no_grad():\n        w -= 0.1 * w.grad\n"
        "loss = ((x * w).sum(1) - t[:, 0]).pow(2).mean()"
    ),
    "as_tensor": "loss = torch.as_tensor(model(x)).mean()",
    "shown": "loss = F.cross_entropy(model(x), y)\nprint(loss.item(), loss.detach())",
    "total": "total = 0.0\nloss = F.cross_entropy(model(x), y)\ntotal += loss.item()",
}


def gradient(text: str) -> bool:
    """Whether torch brings a gradient to the model or to a tensor that the program asked for."""
    torch = pytest.importorskip("torch")
    names: dict[str, object] = {}
    exec(HEAD + text, names)
    loss = names["loss"]
    assert isinstance(loss, torch.Tensor)
    leaves = [value for name, value in names.items() if isinstance(value, torch.Tensor) and name != "loss"]
    wanted = [*names["model"].parameters(), *(leaf for leaf in leaves if leaf.requires_grad and leaf.is_leaf)]  # type: ignore[attr-defined]
    if not loss.requires_grad:
        return False
    return any(grad is not None for grad in torch.autograd.grad(loss, wanted, allow_unused=True))


def reason(tmp_path: Path, text: str) -> str:
    path = tmp_path / "fit.py"
    path.write_text(f"{HEAD}{dedent(text)}\nloss.backward()\n", encoding="utf-8")
    objectives = read(str(path), Project((str(tmp_path),))).objectives
    return next((objective.cut for objective in objectives if objective.cut), "")


@pytest.mark.parametrize("name", CUT)
def test_what_is_cut(name: str, tmp_path: Path) -> None:
    assert not gradient(CUT[name])
    assert reason(tmp_path, CUT[name])


@pytest.mark.parametrize("name", PASSES)
def test_what_passes(name: str, tmp_path: Path) -> None:
    assert gradient(PASSES[name])
    assert reason(tmp_path, PASSES[name]) == ""


def test_the_reason_names_the_line(tmp_path: Path) -> None:
    assert reason(tmp_path, CUT["argmax"]) == "argmax in line 10 passes none"
    assert reason(tmp_path, CUT["no_grad"]) == "it is computed in line 11 where gradients are switched off"


DATA = Tensor("", leaf=LeafKind.DATA)
UNKNOWN = Tensor("", leaf=LeafKind.HIDDEN, name="what load returns", grad=True)
LOGITS = Tensor("linear", (("input", DATA),), {"out_features": Const(5)}, grad=True)


def over(op: str, *inputs: Tensor, scalar: bool = False) -> Tensor:
    names = ("input", "other")
    return Tensor(op, tuple(zip(names, inputs, strict=False)), place=Place("fit.py", 3), scalar=scalar)


def test_what_is_not_known_is_not_cut() -> None:
    stopped = over("detach", LOGITS)
    assert cut(over("mean", stopped)) == "detach in line 3 passes none"
    assert cut(over("mean", over("detach", UNKNOWN))) == "detach in line 3 passes none"
    assert cut(over("sub", stopped, UNKNOWN)) == ""  # the other side may be trained
    assert cut(over("sub", stopped, LOGITS)) == ""
    assert cut(over("mean", over("no_such_operation", stopped))) == ""  # it may have parameters
    assert cut(over("mean", DATA)) == ""  # nothing to train, so nothing that is cut
    assert cut(over("detach", DATA)) == ""


def test_a_gradient_that_is_asked_for() -> None:
    leaf = over("detach", LOGITS)
    assert cut(over("mean", leaf), {id(leaf)}) == ""
    single = over("item", LOGITS, scalar=True)
    assert cut(single, {id(single)}) == "item in line 3 passes none"
    constant = Tensor("ones", scalar=True)
    assert cut(over("mul", leaf, constant), {id(constant)}) == ""


def test_deep_losses_do_not_recurse() -> None:
    deep = over("detach", LOGITS)
    for _ in range(20_000):
        deep = over("add", deep, DATA)
    assert cut(deep) == "detach in line 3 passes none"
