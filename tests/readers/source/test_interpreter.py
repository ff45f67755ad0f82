"""What the source reader understands of a program: the losses that it computes, and the heads before them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.pairing import Const, Objective, Pairing, Reading
from lossaudit.readers.source.project import Project
from lossaudit.readers.source.reader import Reader, read

START = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
"""


def reading(folder: Path, source: str, **files: str) -> Reading:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(START + dedent(text), encoding="utf-8")
    main = folder / "main.py"
    main.write_text(START + dedent(source), encoding="utf-8")
    return read(str(main), Project((str(folder),)))


def heads(pairing: Pairing) -> tuple[str, ...]:
    """The operations that change what the numbers mean."""
    ops = ((step.op, catalogue.op(step.op)) for step in pairing.prediction.steps)
    return tuple(name for name, op in ops if op is not None and op.role is Role.HEAD)


def alternatives(objective: Objective) -> set[tuple[str | None, tuple[str, ...]]]:
    return {(pairing.loss.loss, heads(pairing)) for pairing in objective.terms[0].alternatives}


def only(folder: Path, source: str, **files: str) -> set[tuple[str | None, tuple[str, ...]]]:
    """The alternatives at the program's one loss."""
    read_ = reading(folder, source, **files)
    assert len(read_.objectives) == 1, [str(objective.place) for objective in read_.objectives]
    assert not read_.objectives[0].terms[0].unresolved
    return alternatives(read_.objectives[0])


SOFTMAX_CE = {("cross_entropy", ("softmax",))}
PLAIN_CE = {("cross_entropy", ())}

WHOLE = {
    "module attributes and forward": (
        """
        class Net(nn.Module):
            def __init__(self, hidden=8):
                super().__init__()
                self.fc = nn.Linear(4, hidden)
                self.out = nn.Linear(hidden, 3)
                self.softmax = nn.Softmax(dim=1)

            def forward(self, x):
                x = F.relu(self.fc(x))
                return self.softmax(self.out(x))

        net, criterion = Net(), nn.CrossEntropyLoss()
        for x, y in DataLoader(data):
            loss = criterion(net(x), y)
        """,
        SOFTMAX_CE,
    ),
    "a base class gives the head": (
        """
        class Base(nn.Module):
            def __init__(self, width):
                super(Base, self).__init__()
                self.body = nn.Linear(4, width)
                self.act = nn.Softmax(1)
            def forward(self, x):
                return self.act(self.head(x))
            def head(self, x):
                return x
        class Net(Base):
            def __init__(self):
                super().__init__(8)
                self.last = nn.Linear(8, 3)
            def head(self, x):
                return self.last(self.body(x))
        F.cross_entropy(Net()(x), y)
        """,
        SOFTMAX_CE,
    ),
    "Sequential, nested and sliced": (
        """
        head = nn.Sequential(nn.Linear(8, 3), nn.Softmax(dim=1))
        net = nn.Sequential(nn.Linear(4, 8), head)
        F.cross_entropy(net[0:1](x), y)
        """,
        PLAIN_CE,
    ),
    "Sequential by index": (
        """
        net = nn.Sequential(nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1)), nn.Dropout(0.5))
        F.cross_entropy(net[0][0](x), y)
        """,
        PLAIN_CE,
    ),
    "layers in a list, the last one without activation": (
        """
        class MLP(nn.Module):
            def __init__(self, sizes):
                super().__init__()
                self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:])])
            def forward(self, x):
                for i, layer in enumerate(self.layers):
                    x = layer(x)
                    if i < len(self.layers) - 1:
                        x = F.relu(x)
                return x
        F.cross_entropy(MLP([4, 8, 8, 3])(x), y)
        """,
        PLAIN_CE,
    ),
    "a list that grows, given by a star": (
        """
        layers = []
        for width in widths:
            layers += [nn.Linear(8, 8), nn.ReLU()]
        layers.append(nn.Linear(8, 3))
        F.cross_entropy(nn.Sequential(*layers)(x), y)
        """,
        PLAIN_CE,
    ),
    "a flag of the constructor": (
        """
        class Net(nn.Module):
            def __init__(self, probabilities=True):
                super().__init__()
                self.fc = nn.Linear(4, 3)
                self.probabilities = probabilities
            def forward(self, x):
                z = self.fc(x)
                return z.softmax(1) if self.probabilities else z
        F.cross_entropy(Net(probabilities=False)(x), y)
        """,
        PLAIN_CE,
    ),
    "a flag of the call": (
        """
        net = nn.Linear(4, 3)
        def run(x, training):
            z = net(x)
            if not training:
                z = F.softmax(z, dim=1)
            return z
        F.cross_entropy(run(x, training=True), y)
        """,
        PLAIN_CE,
    ),
    "correlated conditions": (
        """
        def step(net, x, y, args):
            z = nn.Linear(4, 3)(x)
            if args.nll:
                z = F.log_softmax(z, dim=1)
            criterion = nn.NLLLoss() if args.nll else nn.CrossEntropyLoss()
            return criterion(z, y)
        """,
        {("cross_entropy", ()), ("nll", ("log_softmax",))},
    ),
    "the same, by an early return": (
        """
        def head(z, args):
            if args.nll:
                return F.log_softmax(z, dim=1)
            return z
        def step(x, y, args):
            z = head(nn.Linear(4, 3)(x), args)
            if args.nll:
                return F.nll_loss(z, y)
        """,
        {("nll", ("log_softmax",))},
    ),
    "an opaque branch keeps both": (
        """
        z = nn.Linear(4, 3)(x)
        if something():
            z = z.softmax(1)
        F.cross_entropy(z, y)
        """,
        {("cross_entropy", ()), ("cross_entropy", ("softmax",))},
    ),
    "train and eval": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                z = self.fc(x)
                if self.training:
                    return z
                return z.softmax(1)
        net = Net()
        net.train()
        F.cross_entropy(net(x), y)
        """,
        PLAIN_CE,
    ),
    "one element of a tuple": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                z = self.fc(x)
                return z, F.softmax(z, dim=1)
        logits, probs = Net()(x)
        F.cross_entropy(logits, y)
        """,
        PLAIN_CE,
    ),
    "one entry of a dictionary": (
        """
        class Net(nn.Module):
            def forward(self, x):
                z = nn.Linear(4, 3)(x)
                return {"logits": z, "probs": z.softmax(-1)}
        out = Net()(x)
        F.cross_entropy(out["probs"], y)
        """,
        SOFTMAX_CE,
    ),
    "parameters bound at the real call": (
        """
        def train(model, criterion, loader):
            for x, y in loader:
                criterion(model(x), y)
        def main():
            train(nn.Sequential(nn.Linear(4, 3), nn.Softmax(1)), nn.CrossEntropyLoss(), DataLoader(data))
        if __name__ == "__main__":
            main()
        """,
        SOFTMAX_CE,
    ),
    "a constructor's default, in a base class": (
        """
        class Distiller:
            def __init__(self, teacher, student, loss_fn=nn.KLDivLoss()):
                self.loss_fn = loss_fn
                self.student = nn.Linear(4, 3)
            def step(self, x, p):
                return self.loss_fn(F.softmax(self.student(x), dim=1), p)
        class Other(Distiller):
            def __init__(self):
                super().__init__(None, None)
        Other().step(x, p)
        """,
        {("kl_div", ("softmax",))},
    ),
    "a setter injects the loss": (
        """
        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def add_loss_op(self, op):
                self.loss_op = op
            def run(self, x, y):
                return self.loss_op(F.softmax(self.fc(x), 1), y)
        model = Model()
        model.add_loss_op(nn.NLLLoss())
        model.run(x, y)
        """,
        {("nll", ("softmax",))},
    ),
    "a registry": (
        """
        LOSSES = {"ce": nn.CrossEntropyLoss, "nll": nn.NLLLoss}
        def get_criterion(name):
            return LOSSES[name]()
        get_criterion("ce")(nn.Linear(4, 3)(x).softmax(1), y)
        """,
        SOFTMAX_CE,
    ),
    "getattr and partial": (
        """
        from functools import partial
        loss = partial(getattr(F, "cross_entropy"), reduction="sum")
        loss(torch.softmax(nn.Linear(4, 3)(x), dim=1), y)
        """,
        SOFTMAX_CE,
    ),
    "Lightning": (
        """
        import pytorch_lightning as pl
        class Lit(pl.LightningModule):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(4, 3)
            def forward(self, x):
                return F.softmax(self.fc(x), dim=1)
            def training_step(self, batch, batch_idx):
                x, y = batch
                return F.cross_entropy(self(x), y)
        """,
        SOFTMAX_CE,
    ),
    "wrappers hand the model on": (
        """
        net = nn.DataParallel(nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))).cuda()
        net = torch.compile(net.to("cpu").train())
        F.cross_entropy(net(x), y)
        """,
        SOFTMAX_CE,
    ),
    "the head of a library's model is replaced": (
        """
        from torchvision import models
        net = models.resnet18(pretrained=True)
        net.fc = nn.Sequential(nn.Linear(512, 3), nn.LogSoftmax(dim=1))
        nn.NLLLoss()(net(x), y)
        """,
        {("nll", ("log_softmax",))},
    ),
    "a library's model as it is": (
        """
        import torchvision
        F.cross_entropy(torchvision.models.resnet50()(x), y)
        """,
        PLAIN_CE,
    ),
    "a generator of models, a closure, a lambda": (
        """
        def build():
            fc = nn.Linear(4, 3)
            def model(x):
                return fc(x)
            return lambda x: model(x).softmax(1)
        net = build()
        F.cross_entropy(net(x), y)
        """,
        SOFTMAX_CE,
    ),
    "what is only evaluated does not hide what is trained": (
        """
        net = nn.Linear(4, 3)
        for phase in ["train", "val"]:
            with torch.set_grad_enabled(phase == "train"):
                F.cross_entropy(net(x).softmax(1), y)
        """,
        SOFTMAX_CE,
    ),
    "a name that is bound again": (
        """
        net = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))
        net = nn.Linear(4, 3)
        F.cross_entropy(net(x), y)
        """,
        PLAIN_CE,
    ),
    "star imports": (
        """
        from torch.nn import *
        CrossEntropyLoss()(Sequential(Linear(4, 3), Softmax(1))(x), y)
        """,
        SOFTMAX_CE,
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_the_one_loss_of_a_program(name: str, tmp_path: Path) -> None:
    source, expected = WHOLE[name]
    assert only(tmp_path, source) == expected


def test_a_model_of_another_file(tmp_path: Path) -> None:
    model = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 3)
        def forward(self, x):
            return self.fc(x).softmax(1)
    """
    source = """
    from net import Net
    F.cross_entropy(Net()(x), y)
    """
    objective = reading(tmp_path, source, net=model).objectives[0]
    assert alternatives(objective) == SOFTMAX_CE
    head = objective.terms[0].alternatives[0].prediction.steps[-1].place
    assert head is not None
    assert Path(head.path).name == "net.py"
    assert [Path(place.path).name for place in head.via] == ["main.py"]


def test_each_caller_of_a_function_is_a_case_of_its_own(tmp_path: Path) -> None:
    source = """
    def fit(model):
        return F.cross_entropy(model(x), y)
    fit(nn.Linear(4, 3))
    fit(nn.Sequential(nn.Linear(4, 3), nn.Softmax(1)))
    """
    read_ = reading(tmp_path, source)
    assert [alternatives(objective) for objective in read_.objectives] == [PLAIN_CE, SOFTMAX_CE]


def test_a_loss_with_the_other_sign_is_maximised(tmp_path: Path) -> None:
    source = """
    p = nn.Linear(4, 3)(x).softmax(1)
    loss = -F.nll_loss(p, y, reduction="none")
    loss.mean().backward()
    """
    first = reading(tmp_path, source).objectives[0]
    assert first.terms[0].coefficient == Const(-1.0)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f(pred, y):\n    return F.cross_entropy(pred, y)", "the argument pred of f"),
        ("from somewhere import net\nF.cross_entropy(net(x), y)", "net"),
        ("F.cross_entropy(torch.load('m.pt')(x), y)", "returns"),
        ("def f(loss):\n    loss.backward()", "the argument loss of f"),
    ],
)
def test_what_is_not_understood_is_counted_with_the_reason(source: str, reason: str, tmp_path: Path) -> None:
    objective = reading(tmp_path, source).objectives[0]
    assert not objective.terms[0].alternatives
    assert reason in objective.terms[0].unresolved[0].reason


def test_a_name_of_another_scope_is_another_name(tmp_path: Path) -> None:
    source = """
    def one(x):
        logits = nn.Linear(4, 3)(x).softmax(1)
        return logits.argmax(1)
    def two(x, y):
        logits = nn.Linear(4, 3)(x)
        return F.cross_entropy(logits, y)
    """
    assert only(tmp_path, source) == PLAIN_CE


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return f(x)\nF.cross_entropy(f(x), y)",
        "while True:\n    x = F.softmax(x, 1)\nF.cross_entropy(x, y)",
        "class A(A):\n    pass\nA()()",
        "f = lambda *a, **k: f(*a, **k)\nf(1, b=2)",
        "for i in range(10 ** 5 * 10 ** 5 * 10 ** 5 * 10 ** 5):\n    print(range(99999999999999999999))",
        "x = [1] * 10 ** 9\ny = 'a' * 10 ** 9\nz = 2 ** 10 ** 8",
        "\n".join(f"if a{i}: x{i} = 1" for i in range(300)) + "\nF.cross_entropy(x, y)",
        "def f(n):\n    " + "f(n);" * 200,
    ],
)
def test_programs_that_do_not_end_are_left(source: str, tmp_path: Path) -> None:
    reading(tmp_path, source)


def test_nothing_is_executed(tmp_path: Path) -> None:
    reading(tmp_path, "open('made', 'w').write('x')\nimport os\nos.remove('main.py')")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["main.py"]


def test_a_list_that_holds_itself(tmp_path: Path) -> None:
    reading(tmp_path, "rows = []\nrows.append(rows)\nF.mse_loss(nn.Linear(4, 3)(x), torch.tensor([rows, [rows]]))")


def test_reading_many_files_keeps_nothing_of_them(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(START + "def head(x):\n    return x.softmax(1)\n", encoding="utf-8")
    main = tmp_path / "main.py"
    main.write_text(START + "from net import head\nF.cross_entropy(head(nn.Linear(4, 3)(x)), y)\n", encoding="utf-8")
    reader = Reader(Project((str(tmp_path),)))
    sizes = []
    for _ in range(3):
        assert len(reader.read(str(main)).objectives) == 1
        shared = reader._shared
        assert shared is not None
        sizes.append((len(shared.store.cells), len(shared.store.names), len(shared.parents)))
    assert len(set(sizes)) == 1


@pytest.mark.parametrize("right", [0, 3, 7])
def test_one_right_object_among_many_silences(right: int, tmp_path: Path) -> None:
    """A method that nobody calls runs on each object that the program makes."""
    source = f"""
    class Trainer:
        def __init__(self, net):
            self.net = net
        def fit(self, x, y):
            return F.cross_entropy(self.net(x), y)
    wrong = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))
    trainers = [Trainer(nn.Linear(4, 3) if i == {right} else wrong) for i in range(8)]
    """
    assert alternatives(reading(tmp_path, source).objectives[0]) == SOFTMAX_CE | PLAIN_CE


def test_a_method_of_too_many_objects_is_not_told(tmp_path: Path) -> None:
    source = """
    class Trainer:
        def __init__(self, net):
            self.net = net
        def fit(self, x, y):
            return F.cross_entropy(self.net(x), y)
    trainers = [Trainer(nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))) for i in range(40)]
    """
    objective = reading(tmp_path, source).objectives[0]
    assert not objective.terms[0].alternatives
    assert objective.terms[0].unresolved
