"""Losses that take part: what they compute, how targets reach them, and who is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from tests.trials.problems import problem
from torch import Tensor, nn
from torch.nn import functional as F

from lossaudit import catalogue
from lossaudit.errors import UsageError
from lossaudit.trials.contender import Link, contender, contenders
from lossaudit.trials.convex import convex
from lossaudit.trials.problem import Problem, Samples, Task

TASKS = list(Task)


def value(name: str, task: Task, outputs: Tensor, y: Tensor, whole: Problem | None = None) -> float:
    made = contender(name, whole or problem(task)[0])
    return float(made.value(outputs, made.encode(y)))


Z = torch.tensor([[0.3, -1.0, 2.0], [1.5, 0.2, -0.4]])
Y = torch.tensor([2, 1])
HOT = F.one_hot(Y, 3).float()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ce", F.cross_entropy(Z, Y)),
        ("cross_entropy(label_smoothing=0.1)", F.cross_entropy(Z, Y, label_smoothing=0.1)),
        ("cross_entropy(weight=[1, 2, 3])", F.cross_entropy(Z, Y, torch.tensor([1.0, 2, 3]))),
        ("nll", F.cross_entropy(Z, Y)),
        ("kl_div", F.cross_entropy(Z, Y)),  # of one-hot targets
        ("mse", F.mse_loss(Z, HOT)),
        ("mse:softmax", F.mse_loss(torch.softmax(Z, 1), HOT)),
        ("mse:sigmoid", F.mse_loss(torch.sigmoid(Z), HOT)),
        ("bce:sigmoid", F.binary_cross_entropy(torch.sigmoid(Z), HOT)),
        ("bce_with_logits", F.binary_cross_entropy_with_logits(Z, HOT)),
        ("soft_margin", F.soft_margin_loss(Z, 2 * HOT - 1)),
        ("multi_margin(p=2)", F.multi_margin_loss(Z, Y, p=2)),
        ("brier", (torch.softmax(Z, 1) - HOT).square().sum() / 2),
        ("hinge", torch.relu(1 - (2 * HOT - 1) * Z).sum() / 2),
        ("squared_outputs", (Z - HOT).square().sum() / 2),
        ("focal(gamma=0)", F.cross_entropy(Z, Y)),
        ("Cross-Entropy", F.cross_entropy(Z, Y)),
    ],
)
def test_multiclass_losses_are_what_pytorch_or_the_formula_says(name: str, expected: Tensor) -> None:
    assert value(name, Task.MULTICLASS, Z, Y) == pytest.approx(float(expected), rel=1e-6)


def test_other_tasks_are_what_pytorch_says() -> None:
    z, y = torch.tensor([0.5, -2.0]), torch.tensor([1, 1])
    assert value("hinge", Task.BINARY, z, y) == pytest.approx((0.5 + 3.0) / 2)
    expected = float(F.binary_cross_entropy_with_logits(z, y.float()))
    assert value("bce_with_logits", Task.BINARY, z, y) == pytest.approx(expected)
    several = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    expected = float(F.binary_cross_entropy_with_logits(Z, several))
    assert value("bce_with_logits", Task.MULTILABEL, Z, several) == pytest.approx(expected)
    indices = torch.tensor([[0, 2, -1], [2, -1, -1]])
    expected = float(F.multilabel_margin_loss(Z, indices))
    assert value("multilabel_margin", Task.MULTILABEL, Z, several) == pytest.approx(expected)
    assert value("huber(delta=0.5)", Task.REGRESSION, z, z + 2) == pytest.approx(0.5 * (2 - 0.25))


def test_counts_and_weights_come_from_the_training_samples() -> None:
    whole, _ = problem()
    y = whole.train.y
    weights = torch.tensor(compute_class_weight("balanced", classes=np.arange(3), y=y.numpy()))
    made = contender("weighted_cross_entropy", whole)
    assert torch.allclose(made.options["weight"], weights.double())
    assert "training samples" in " ".join(made.notes)
    shares = torch.bincount(y).double() / len(y)
    expected = F.cross_entropy(Z.double() + shares.log(), Y)
    assert value("logit_adjusted", Task.MULTICLASS, Z, Y, whole) == pytest.approx(float(expected))


def test_a_class_without_training_samples_has_no_weight() -> None:
    samples = Samples(torch.zeros(4, 1), torch.tensor([0, 1, 1, 0]))
    whole = Problem("two of three", Task.MULTICLASS, samples, samples, 3, labels=("ant", "bee", "cat"))
    with pytest.raises(UsageError, match=r"class cat has no training sample; give counts: ldam\(counts="):
        contender("ldam", whole)
    assert contender("ldam(counts=[1, 2, 3])", whole).notes == ()


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("ce", Link.SOFTMAX),
        ("mse:softmax", Link.SOFTMAX),
        ("label_smoothing", Link.SOFTMAX),
        ("logit_adjusted", Link.SOFTMAX),
        ("nll", Link.SOFTMAX),
        ("mse", Link.SCORES),
        ("squared_outputs", Link.SCORES),
        ("output_reset", Link.SCORES),
        ("ldam", Link.SCORES),  # its outputs are multiplied by 30 before softmax
        ("logit_norm", Link.SCORES),  # it does not see how long the outputs are
        ("sparsemax", Link.SCORES),  # a projection makes its probabilities
        ("hinge", Link.SCORES),
        ("multi_margin", Link.SCORES),
        ("bce_with_logits", Link.SIGMOID),
        ("mse:sigmoid", Link.SIGMOID),
        ("logistic", Link.SIGMOID),
        ("output_reset_sigmoid", Link.SIGMOID),
    ],
)
def test_what_outputs_mean(name: str, link: Link) -> None:
    assert contender(name, problem()[0]).link is link


@pytest.mark.parametrize("name", ["poisson_nll", "gamma", "tweedie", "poisson_rate", "mse", "negative_binomial_nll"])
def test_numbers_are_predicted_at_the_mean(name: str) -> None:
    """All these elicit the mean: at the best constant output, what is predicted is the mean of the targets."""
    y = torch.tensor([1.0, 2.0, 6.0])
    train = Samples(torch.zeros(3, 1), y)
    made = contender(name, Problem("positive", Task.REGRESSION, train, train, 1))
    z = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([z], max_iter=100, line_search_fn="strong_wolfe")

    def step() -> Tensor:
        optimizer.zero_grad()
        loss = made.value(z.expand(3), made.encode(y).double())
        loss.backward()
        return loss

    optimizer.step(step)
    assert float(made.predict(z.detach())) == pytest.approx(3.0, rel=1e-3)


@pytest.mark.parametrize("task", TASKS)
def test_every_loss_takes_part_or_is_refused_in_one_line(task: Task) -> None:
    whole, _ = problem(task)
    takes_part, refused = 0, dict[str, str]()
    for name in catalogue.LOSSES:
        try:
            made = contender(name, whole)
        except UsageError as refusal:
            refused[name] = str(refusal)
        else:
            takes_part += 1
            assert (made.link is Link.NUMBERS) == (task is Task.REGRESSION)
    assert all(name in said and "\n" not in said for name, said in refused.items())
    assert takes_part > 15


@pytest.mark.parametrize(
    ("name", "task", "says"),
    [
        ("triplet_margin", Task.MULTICLASS, "sample by sample"),
        ("gan_hinge", Task.MULTICLASS, "nearest that can take part: .*hinge"),
        ("focal", Task.BINARY, "binary_focal"),
        ("ce", Task.BINARY, "nearest that can take part: bce_with_logits"),
        ("mse:softmax", Task.BINARY, "one output"),
        ("ce", Task.REGRESSION, "mse"),
        ("poisson_nll", Task.MULTICLASS, "labels"),
        ("zero_one", Task.MULTICLASS, "gradient 0"),
        ("crossentropy", Task.MULTICLASS, "nearest: cross_entropy"),
        ("mze:softmax", Task.MULTICLASS, "nearest: mse"),
        ("mse:softmx", Task.MULTICLASS, "no head 'softmx'; there is softmax"),
        ("focal(gama=1)", Task.MULTICLASS, "no option 'gama'; it has gamma"),
        ("focal(gamma=-1)", Task.MULTICLASS, "gamma >= 0"),
        ("focal(gamma=1e999)", Task.MULTICLASS, "no finite number"),
        ("focal(5)", Task.MULTICLASS, "NAME=NUMBER"),
        ("focal(gamma=__import__('os'))", Task.MULTICLASS, "NAME=NUMBER"),
        ("ldam(counts=[1, 2])", Task.MULTICLASS, "2 numbers, and there are 3"),
        ("gce(q=2)", Task.MULTICLASS, "0 < q <= 1"),
        ("msle", Task.REGRESSION, "nan|NaN"),
        ("nofile.py:loss", Task.MULTICLASS, "no file"),
        ("", Task.MULTICLASS, "no loss"),
    ],
)
def test_refusals_say_how_to_go_on(name: str, task: Task, says: str) -> None:
    whole, _ = problem(task)
    if name == "msle":  # log(1 + y) of what lies below -1
        samples = Samples(whole.train.x, whole.train.y - 9)
        whole = Problem("negative", task, samples, samples, 1)
    with pytest.raises(UsageError, match=says) as raised:
        contender(name, whole)
    assert "\n" not in str(raised.value)


def test_names_are_unique() -> None:
    names = [made.name for made in contenders(["ce", "focal", "ce", "cross_entropy", "ce"], problem()[0])]
    assert names == ["ce", "focal", "ce (2)", "cross_entropy", "ce (3)"]
    with pytest.raises(UsageError, match="no losses"):
        contenders([], problem()[0])


OWN = """
import torch
from torch import nn

def per_sample(z, y):
    return torch.nn.functional.cross_entropy(z, y, reduction="none")

class Scaled(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by = by
    def forward(self, z, y):
        return self.by * torch.nn.functional.cross_entropy(z, y)

def raises(z, y):
    raise RuntimeError("no such thing")

def rows(z, y):
    return z

def detached(z, y):
    return z.detach().mean()

def number(z, y):
    return 1.0

def nan(z, y):
    return (z * float("nan")).mean()
"""


def test_a_callable_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "own_losses.py"
    file.write_text(OWN)
    whole, _ = problem()
    assert value(f"{file}:per_sample", Task.MULTICLASS, Z, Y) == pytest.approx(float(F.cross_entropy(Z, Y)))
    twice, thrice = (contender(f"{file}:Scaled(by={by})", whole) for by in (2, 3))
    assert float(twice.value(Z, Y)) == pytest.approx(2 * float(F.cross_entropy(Z, Y)))
    assert twice.source != thrice.source
    assert twice.link is Link.SOFTMAX
    assert "softmax" in twice.notes[0]
    said = {
        "raises": "no such thing",
        "rows": r"has the shape \(64, 3\)",
        "detached": "no gradient",
        "number": "returns float",
        "nan": "nan already before training",
    }
    for name, says in said.items():
        with pytest.raises(UsageError, match=says) as raised:
            contender(f"{file}:{name}", whole)
        assert "\n" not in str(raised.value)


def test_python_callables() -> None:
    whole, _ = problem()
    made = contenders([nn.CrossEntropyLoss(), F.cross_entropy, lambda z, y: F.cross_entropy(z, y)], whole)
    assert [each.name for each in made] == ["CrossEntropyLoss", "cross_entropy", "<lambda>"]
    assert {float(each.value(Z, Y)) for each in made} == {float(F.cross_entropy(Z, Y))}
    with pytest.raises(UsageError, match="neither a name of a loss nor callable"):
        contender(3, whole)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "task", "truth"),
    [
        ("ce", Task.MULTICLASS, True),
        ("mse:softmax", Task.MULTICLASS, False),
        ("mse", Task.MULTICLASS, True),
        ("mse:sigmoid", Task.MULTICLASS, False),
        ("bce:sigmoid", Task.MULTICLASS, True),
        ("focal", Task.MULTICLASS, False),
        ("focal(gamma=0)", Task.MULTICLASS, True),  # cross-entropy
        ("gce(q=1)", Task.MULTICLASS, False),
        ("hinge", Task.BINARY, True),
        ("mse:sigmoid", Task.BINARY, False),
        ("mae", Task.REGRESSION, True),
        ("cauchy", Task.REGRESSION, False),
        ("bce_with_logits", Task.MULTILABEL, True),
        ("mae:softmax", Task.MULTILABEL, False),  # a line where all labels are 0
    ],
)
def test_convexity_is_about_this_head_and_these_options(name: str, task: Task, truth: bool) -> None:
    whole, _ = problem(task)
    answer = convex(contender(name, whole), whole)
    assert answer in (truth, None)
    if "(" not in name:
        assert answer is truth


@pytest.mark.parametrize("k", [3, 6])
@pytest.mark.parametrize("name", ["mae:softmax", "unhinged:softmax", "multilabel_margin:softplus"])
def test_no_row_of_labels_is_left_out_of_a_proof_of_convexity(name: str, k: int) -> None:
    samples = Samples(torch.zeros(8, 1), (torch.rand(8, k, generator=torch.Generator().manual_seed(0)) > 0.5).float())
    whole = Problem("labels", Task.MULTILABEL, samples, samples, k)
    assert convex(contender(name, whole), whole) is not True


def test_a_formula_stays_finite_where_single_precision_would_not() -> None:
    z = torch.tensor([[200.0, 0.0, 0.0]])
    assert value("focal", Task.MULTICLASS, z, torch.tensor([1])) == pytest.approx(200.0)
    assert not math.isfinite(float(torch.softmax(z, 1)[0, 1].log()))
