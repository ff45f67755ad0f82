"""Fixes are written with the user's own names, parse, and mean the right thing; where that is not sure, none is."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator
from dataclasses import replace
from textwrap import dedent

import pytest

from lossaudit.finding import Fix
from lossaudit.pairing import Basis, Const, Flow, LossUse, Pairing, Place, Source, Step, Target, TargetEncoding, Term
from lossaudit.rules import RULES
from lossaudit.rules.fix import write
from lossaudit.rules.judge import judge
from lossaudit.rules.rule import Problem, Remedy
from lossaudit.rules.source import load

ONE_HOT = frozenset({TargetEncoding.ONE_HOT})
IMPORT = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n"


@pytest.fixture
def program() -> Iterator[Callable[[str, str], None]]:
    names: list[str] = []

    def write(path: str, text: str) -> None:
        names.append(path)
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)

    yield write
    for name in names:
        linecache.cache.pop(name, None)


def locate(path: str, snippet: str, via: tuple[Place, ...] = ()) -> Place:
    """The place of a snippet, found by its text alone."""
    text = "".join(linecache.getlines(path))
    assert text.count(snippet) == 1, snippet
    start = text.index(snippet)
    end = start + len(snippet)

    def position(offset: int) -> tuple[int, int]:
        before = text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    return Place(path, *position(start), *position(end), via=via)


class Scene:
    """A program, its pairing and the fix that the judge hands out."""

    def __init__(self, program: Callable[[str, str], None], make_flow: Callable[..., Flow]) -> None:
        self.program, self.make_flow = program, make_flow

    def fix(
        self,
        text: str,
        head: str,
        loss: str,
        kind: str = "mse",
        op: str = "softmax",
        *,
        via: str = "",
        head_file: str = "",
        params: dict[str, str | None] | None = None,
        ops: tuple[str, ...] = (),
        after: tuple[Step, ...] = (),
        target: Target | None = None,
        units: int = 10,
        imports: str = IMPORT,
    ) -> Fix:
        self.program("fit.py", imports + dedent(text))
        calls = (locate("fit.py", via),) if via else ()
        step = Step(op, axis=1, place=locate(head_file or "fit.py", head, calls))
        use = LossUse(
            kind, {key: Const(value) for key, value in (params or {}).items()}, ops, locate("fit.py", loss), kind
        )
        known = target or Target(Flow(Source.LABELS), ONE_HOT, Basis.STRUCTURE)
        made = Pairing(self.make_flow(step, *after, units=units), use, known)
        findings = judge(Term(Const(1.0), (made,)), RULES.values())
        assert findings
        fix = findings[0].fix
        assert fix is not None
        self.check(fix)
        return fix

    def check(self, fix: Fix) -> None:
        """What is shown is Python, and the edits turn the file into Python as well."""
        ast.parse(fix.before)
        ast.parse(fix.after)
        assert bool(fix.before) == bool(fix.edits)
        for edit in fix.edits:
            file = load(edit.place.path)
            assert file is not None
            ast.parse(file.edited(fix.edits))


@pytest.fixture
def scene(program: Callable[[str, str], None], make_flow: Callable[..., Flow]) -> Scene:
    return Scene(program, make_flow)


def test_names_of_the_user(scene: Scene) -> None:
    fix = scene.fix(
        """
        probs = model(x).softmax(1)
        onehot = F.one_hot(y, 10).float()
        loss = loss_fn(probs, onehot)
        """,
        "model(x).softmax(1)",
        "loss_fn(probs, onehot)",
    )
    assert fix.title == "use cross-entropy on the logits, without the softmax"
    assert fix.before == "probs = model(x).softmax(1)\nloss = loss_fn(probs, onehot)"
    assert fix.after == "loss = F.cross_entropy(model(x), y)"
    assert not fix.keeps_values


@pytest.mark.parametrize(
    "head",
    [
        "model(x).softmax(1)",
        "model(x).softmax(-1)",
        "model(x).softmax(dim=1)",
        "F.softmax(model(x), dim=1)",
        "F.softmax(input=model(x), dim=1)",
        "torch.softmax(model(x), 1)",
        "nn.functional.softmax(model(x), 1)",
        "nn.Softmax(dim=1)(model(x))",
        "activation(model(x))",
    ],
)
def test_spellings_of_softmax(scene: Scene, head: str) -> None:
    text = f"""
    activation = nn.Softmax(dim=1)
    loss = criterion({head}, F.one_hot(labels, 10).float())
    """
    fix = scene.fix(text, head, f"criterion({head}, F.one_hot(labels, 10).float())")
    assert fix.after == "loss = F.cross_entropy(model(x), labels)"


@pytest.mark.parametrize(
    ("imports", "spelled"),
    [
        ("import torch.nn.functional as F\n", "F.cross_entropy"),
        ("from torch.nn import functional as f\n", "f.cross_entropy"),
        ("from torch import nn\n", "nn.functional.cross_entropy"),
        ("import torch.nn as nn\nimport torch\n", "nn.functional.cross_entropy"),
        ("import torch\n", "torch.nn.functional.cross_entropy"),
        ("import torch.nn\n", "torch.nn.functional.cross_entropy"),
        ("from torch.nn.functional import cross_entropy\n", "cross_entropy"),
        ("from torch.nn.functional import cross_entropy as xent\n", "xent"),
    ],
)
def test_spelling_follows_the_imports(scene: Scene, imports: str, spelled: str) -> None:
    fix = scene.fix("loss = mse(z.softmax(1), t)\n", "z.softmax(1)", "mse(z.softmax(1), t)", imports=imports)
    assert fix.after == f"loss = {spelled}(z, t.argmax(1))"


@pytest.mark.parametrize("imports", ["", "import jax.nn as nn\n", "from .losses import F\n"])
def test_without_torch_in_sight_there_is_only_advice(scene: Scene, imports: str) -> None:
    fix = scene.fix("loss = mse(z.softmax(1), t)\n", "z.softmax(1)", "mse(z.softmax(1), t)", imports=imports)
    assert (fix.before, fix.after, fix.edits) == ("", "", ())
    assert fix.title


def test_probabilities_that_are_read_elsewhere_stay(scene: Scene) -> None:
    fix = scene.fix(
        """
        def step(model, x, onehot):
            probs = torch.softmax(model(x), dim=1)
            loss = F.mse_loss(probs, onehot)
            log(probs.max(1))
            return loss
        """,
        "torch.softmax(model(x), dim=1)",
        "F.mse_loss(probs, onehot)",
    )
    assert fix.after == (
        "logits = model(x)\nprobs = torch.softmax(logits, dim=1)\nloss = F.cross_entropy(logits, onehot.argmax(1))"
    )


def test_logits_that_have_a_name_are_used(scene: Scene) -> None:
    fix = scene.fix(
        """
        z = model(x)
        p = F.softmax(z, dim=1)
        loss = ((p - onehot) ** 2).mean()
        accuracy = p.argmax(1)
        """,
        "F.softmax(z, dim=1)",
        "((p - onehot) ** 2).mean()",
    )
    assert fix.after == "loss = F.cross_entropy(z, onehot.argmax(1))"


@pytest.mark.parametrize(
    ("written", "place", "reduction", "expected"),
    [
        ("((p - t) ** 2).mean()", "(p - t) ** 2", "mean", "F.cross_entropy(z, t.argmax(1))"),
        ("((p - t) ** 2).sum(1).mean()", "(p - t) ** 2", "mean+sum", "F.cross_entropy(z, t.argmax(1))"),
        ("torch.mean((p - t).abs())", "(p - t).abs()", "mean", "F.cross_entropy(z, t.argmax(1))"),
        ("(t - p).pow(2).sum()", "(t - p).pow(2)", "sum", 'F.cross_entropy(z, t.argmax(1), reduction="sum")'),
        ("(w * (p - t) ** 2).mean()", "(p - t) ** 2", "mean", ""),
        ("(p - t) ** 2", "(p - t) ** 2", "mean", ""),
    ],
)
def test_losses_written_out(scene: Scene, written: str, place: str, reduction: str, expected: str) -> None:
    text = f"p = F.softmax(z, dim=1)\nloss = {written}\n"
    fix = scene.fix(text, "F.softmax(z, dim=1)", place, params={"reduction": reduction}, ops=("sub", "pow"))
    assert fix.after == (f"loss = {expected}" if expected else "")


def test_a_name_that_changes_its_meaning(scene: Scene) -> None:
    fix = scene.fix(
        """
        out = model(x)
        out = F.softmax(out, dim=1)
        loss = criterion(out, y)
        predicted = out.argmax(1)
        """,
        "F.softmax(out, dim=1)",
        "criterion(out, y)",
        "cross_entropy",
    )
    assert fix.before == "out = F.softmax(out, dim=1)"
    assert fix.after == ""
    assert fix.edits


def test_a_name_that_changes_its_meaning_and_is_read(scene: Scene) -> None:
    fix = scene.fix(
        """
        out = model(x)
        out = F.softmax(out, dim=1)
        loss = criterion(out, y)
        save(out)
        """,
        "F.softmax(out, dim=1)",
        "criterion(out, y)",
        "cross_entropy",
    )
    assert fix.edits == ()


def test_rebound_inputs_are_not_moved(scene: Scene) -> None:
    fix = scene.fix(
        """
        probs = model(x).softmax(1)
        x = next(data)
        loss = F.nll_loss(probs, y)
        """,
        "model(x).softmax(1)",
        "F.nll_loss(probs, y)",
        "nll",
    )
    assert fix.after == "logits = model(x)\nloss = F.cross_entropy(logits, y)"


def test_rebound_labels_are_not_used(scene: Scene) -> None:
    fix = scene.fix(
        """
        onehot = F.one_hot(y, 10).float()
        y = y + 1
        loss = F.mse_loss(z.softmax(1), onehot)
        """,
        "z.softmax(1)",
        "F.mse_loss(z.softmax(1), onehot)",
    )
    assert fix.after == "loss = F.cross_entropy(z, onehot.argmax(1))"


FORWARD = """
class Net(nn.Module):
    def forward(self, x):
        return F.softmax(self.fc(x), dim=1)

for x, y in data:
    out = net(x)
    loss = criterion(out, F.one_hot(y, 10).float())
"""


def test_head_in_forward_makes_two_parts(scene: Scene) -> None:
    fix = scene.fix(FORWARD, "F.softmax(self.fc(x), dim=1)", "criterion(out, F.one_hot(y, 10).float())", via="net(x)")
    assert fix.title == (
        "use cross-entropy on the logits, without the softmax "
        "(drop the softmax in line 8, and apply it only where probabilities are read)"
    )
    assert fix.after == "return self.fc(x)\nloss = F.cross_entropy(out, y)"


def test_head_in_another_file(scene: Scene, program: Callable[[str, str], None]) -> None:
    text = """
    import torch.nn as nn

    class Net(nn.Module):
        def forward(self, x):
            x = self.fc(x)
            return x.sigmoid()
    """
    program("net.py", dedent(text))
    fix = scene.fix(
        "loss = bce(net(x), y)\n", "x.sigmoid()", "bce(net(x), y)", "bce_with_logits", "sigmoid", head_file="net.py"
    )
    assert (fix.before, fix.after) == ("return x.sigmoid()", "return x")
    assert "net.py:7" in fix.title


def test_head_at_the_end_of_a_sequential(scene: Scene) -> None:
    fix = scene.fix(
        """
        model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 3), nn.Softmax(dim=1))
        loss = nn.CrossEntropyLoss()(model(x), y)
        """,
        "model(x)",
        "nn.CrossEntropyLoss()(model(x), y)",
        "cross_entropy",
    )
    assert fix.after == "model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 3))"


def test_redundant_log_softmax_keeps_values(scene: Scene) -> None:
    text = "loss = F.cross_entropy(F.log_softmax(z + 1, dim=1), y)\n"
    fix = scene.fix(
        text, "F.log_softmax(z + 1, dim=1)", text.strip().removeprefix("loss = "), "cross_entropy", "log_softmax"
    )
    assert fix.after == "loss = F.cross_entropy(z + 1, y)"
    assert fix.keeps_values


def test_redundant_log_softmax_in_forward_may_change_values_of_others(scene: Scene) -> None:
    text = "def forward(z):\n    return F.log_softmax(z, dim=1)\n\nloss = F.cross_entropy(forward(x), y)\n"
    fix = scene.fix(text, "F.log_softmax(z, dim=1)", "F.cross_entropy(forward(x), y)", "cross_entropy", "log_softmax")
    assert fix.after == "return z"
    assert not fix.keeps_values


def test_arguments_are_carried_or_the_fix_is_withheld(scene: Scene) -> None:
    given = ("loss = F.nll_loss(z.softmax(1), y, w)\n", "z.softmax(1)", "F.nll_loss(z.softmax(1), y, w)", "nll")
    assert scene.fix(*given, params={"reduction": "sum"}).after == 'loss = F.cross_entropy(z, y, reduction="sum")'
    assert scene.fix(*given, params={"weight": None}).after == "loss = F.cross_entropy(z, y)"
    assert scene.fix(*given, params={"weight": "tensor"}).edits == ()
    assert scene.fix(*given, params={"reduction": "none"}).edits == ()


def test_sigmoid_becomes_binary_cross_entropy(scene: Scene, make_flow: Callable[..., Flow]) -> None:
    text = "p = torch.sigmoid(net(x))\nloss = F.mse_loss(p, y)\n"
    same = Target(make_flow(units=1, source=Source.LABELS), frozenset({TargetEncoding.BINARY}), Basis.STRUCTURE)
    other = replace(same, flow=make_flow(units=None, source=Source.LABELS))
    for target, expected in ((same, "loss = F.binary_cross_entropy_with_logits(net(x), y)"), (other, "")):
        scene.program("fit.py", IMPORT + text)
        step = Step("sigmoid", place=locate("fit.py", "torch.sigmoid(net(x))"))
        use = LossUse("mse", place=locate("fit.py", "F.mse_loss(p, y)"))
        remedy = Remedy("use it", loss="bce_with_logits", drop_head=("sigmoid",))
        fix = write(Problem("m", "w", (), remedy=remedy), Pairing(make_flow(step, units=1), use, target))
        assert fix is not None
        assert fix.after == expected


@pytest.mark.parametrize(
    ("text", "head", "loss", "kind"),
    [
        # Which side is the prediction? Squared error does not say, and nothing else does.
        (FORWARD.replace("F.one_hot(y, 10).float()", "t"), "F.softmax(self.fc(x), dim=1)", "criterion(out, t)", "mse"),
        # More stands around the softmax than the softmax.
        ("loss = F.mse_loss(z.softmax(1) * 2, t)\n", "z.softmax(1)", "F.mse_loss(z.softmax(1) * 2, t)", "mse"),
        ("p = z.softmax(1).clamp(0.1)\nloss = f(p, t)\n", "z.softmax(1)", "f(p, t)", "mse"),
        # An axis or an argument?
        ("loss = F.mse_loss(net.softmax(x), t)\n", "net.softmax(x)", "F.mse_loss(net.softmax(x), t)", "mse"),
        # Two statements on a line, and a header.
        ("a = 1; loss = mse(z.softmax(1), t)\n", "z.softmax(1)", "mse(z.softmax(1), t)", "mse"),
        ("while mse(z.softmax(1), t) > 1:\n    pass\n", "z.softmax(1)", "mse(z.softmax(1), t)", "mse"),
        # The only statement of a branch cannot be taken out.
        (
            "if a:\n    z = F.softmax(z, 1)\nloss = F.cross_entropy(z, y)\n",
            "F.softmax(z, 1)",
            "F.cross_entropy(z, y)",
            "cross_entropy",
        ),
        # The reduction goes on behind the recognised place.
        ("loss = ((z.softmax(1) - t) ** 2).sum(1).mean()\n", "z.softmax(1)", "((z.softmax(1) - t) ** 2).sum(1)", "mse"),
    ],
)
def test_uncertain_code_gets_advice_only(scene: Scene, text: str, head: str, loss: str, kind: str) -> None:
    fix = scene.fix(text, head, loss, kind)
    assert fix.title
    assert (fix.before, fix.after, fix.edits) == ("", "", ())


def test_unknown_places_get_advice_only(pair: Callable[..., Pairing]) -> None:
    (finding,) = judge(Term(Const(1.0), (pair("cross_entropy", "softmax"),)), RULES.values())
    assert finding.fix is not None
    assert (finding.fix.before, finding.fix.edits) == ("", ())


def test_columns_are_characters(scene: Scene) -> None:
    text = 'größe, loss = "ü", F.cross_entropy(ζ.softmax(1), y)\n'
    fix = scene.fix(text, "ζ.softmax(1)", "F.cross_entropy(ζ.softmax(1), y)", "cross_entropy")
    assert fix.after == 'größe, loss = "ü", F.cross_entropy(ζ, y)'


def test_fixed_programs_compute_cross_entropy(scene: Scene) -> None:
    """The edits are applied to a whole program, and torch confirms what it now computes."""
    torch = pytest.importorskip("torch")
    fix = scene.fix(
        """
        torch.manual_seed(0)
        model = nn.Linear(4, 10)
        x, y = torch.randn(6, 4), torch.randint(10, (6,))
        probs = model(x).softmax(1)
        onehot = F.one_hot(y, 10).float()
        loss = nn.MSELoss()(probs, onehot)
        """,
        "model(x).softmax(1)",
        "nn.MSELoss()(probs, onehot)",
    )
    file = load("fit.py")
    assert file is not None
    names: dict[str, object] = {}
    exec(compile(file.edited(fix.edits), "fit.py", "exec"), names)
    expected = torch.nn.functional.cross_entropy(names["model"](names["x"]), names["y"])  # type: ignore[operator]
    assert torch.equal(names["loss"], expected)
