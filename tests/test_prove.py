"""`lossaudit prove`, as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

import lossaudit
from lossaudit.cli.main import main
from lossaudit.errors import UsageError
from lossaudit.testing import assert_convex

Z = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(3, 4)
Y = torch.tensor([0, 3, 1])


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What the command prints; on failure, its one line of complaint."""
    assert main(["prove", *arguments]) == code
    captured = capsys.readouterr()
    if code == 2:
        assert captured.err.count("\n") == 1
        return captured.err
    return captured.out


def test_a_proof_says_its_argument_and_its_scope(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "cross_entropy", "--classes", "4")
    assert text.startswith("CONVEX in the logits: proved\n")
    for part in ("proof ", "scope ", "every class", "all real values", "points", "sha256"):
        assert part in text


def test_a_refutation_shows_two_points_and_does_not_call_it_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "mse", "--head", "softmax", "--classes", "3")
    assert text.startswith("NOT CONVEX in the logits: counterexample confirmed\n")
    for part in ("midpoint", "in ball arithmetic", "your code", "not by itself a bug"):
        assert part in text


def test_undecided_names_the_operation_and_what_would_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "losses.py"
    file.write_text("import torch\ndef bessel(z):\n    return torch.special.i0(z).sum()\n")
    text = said(capsys, f"{file}:bessel", "--shape", "3")
    assert text.startswith("UNDECIDED whether convex in z\n")
    assert "torch.special.i0" in text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["focl"], "nearest: focal"),
        (["focal", "--head", "sofmax"], "there is no head 'sofmax'"),
        (["focal", "--set", "gama=2"], "focal has no parameter 'gama'; it has gamma"),
        (["focal", "--set", "gamma"], "write NAME=VALUE"),
        (["focal", "--classes", "1"], "two classes or more"),
        (["focal", "--shape", "4,10"], "--classes"),
        (["nofile.py:loss"], "there is no file nofile.py"),
        (["torch.nn.functional:crossentropy"], "cross_entropy"),
        (["mse", "--domain", "2,1"], "below"),
        (["mse", "--domain", "a,b"], "two numbers"),
        (["mse", "--domain", "positiv"], "positive"),
        (["torch.nn.functional:mse_loss", "--head", "softmax"], "--head"),
        (["torch.nn.functional:mse_loss", "--shape", "4,x"], "whole numbers"),
    ],
)
def test_bad_input_gets_one_line(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint in said(capsys, *arguments, code=2)


BAD = {
    "vector": ("return z * 2", "not one number"),
    "number": ("return 3.0", "not a tensor"),
    "nan": ("return torch.log(-z * z).sum()", "finite"),
    "cut": ("return z.detach().sum()", "gradient"),
    "random": ("return (z * torch.rand(())).sum()", "random"),
    "in_place": ("z.mul_(2)\n    return z.sum()", "in place"),
    "raises": ("raise ValueError('no such thing')", "no such thing"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_function_that_is_no_loss_gets_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body, complaint = BAD[name]
    file = tmp_path / "bad.py"
    file.write_text(f"import torch\ndef loss(z):\n    {body}\n")
    assert complaint in said(capsys, f"{file}:loss", "--shape", "3", code=2)


def test_several_kinds_of_targets_are_asked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "losses.py"
    file.write_text("def loss(z, y):\n    return ((z - y) ** 2).sum()\n")
    assert "--target" in said(capsys, f"{file}:loss", code=2)
    assert said(capsys, f"{file}:loss", "--target", "real", "--shape", "8").startswith("CONVEX in z: proved")


def test_json_can_be_replayed_and_html_is_offline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for loss, head in (("cross_entropy", "identity"), ("mse", "softmax"), ("huber", "identity"), ("poly1", "softmax")):
        data = json.loads(said(capsys, loss, "--head", head, "--classes", "3", "--format", "json"))
        assert lossaudit.recheck(data)
        data["certificate"]["data"]["program"]["output"] = 0
        assert not lossaudit.recheck(data)
    page = said(capsys, "mse", "--head", "softmax", "--classes", "3", "--format", "html")
    assert page.startswith("<!doctype html>")
    assert "http:" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_fail_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "mse", "--head", "softmax", "--classes", "3", "--fail-on", "refuted"]) == 1
    assert main(["prove", "mse", "--fail-on", "refuted"]) == 0
    capsys.readouterr()


def test_what_the_code_does_beyond_its_formula_is_said() -> None:
    """`F.binary_cross_entropy` keeps each logarithm at -100 or more, so that it is bounded far out."""

    def bce(z: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.binary_cross_entropy(torch.sigmoid(z), torch.ones(3, dtype=torch.float64))

    verdict = lossaudit.prove(bce, torch.zeros(3))
    assert verdict.status == "proved"
    assert any("as coded it is not convex" in note for note in verdict.notes)


def test_a_clamp_is_harmless_in_a_box() -> None:
    """-log(max(p, 1e-7)) is cross-entropy where p >= 1e-7: for 4 logits in [-R, R] if e^{-2R} / 4 >= 1e-7."""

    def clamped(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return -torch.log(torch.softmax(z, 1).clamp(min=1e-7)).gather(1, y[:, None]).mean()

    verdict = lossaudit.prove(clamped, Z, Y)
    assert verdict.status == "refuted"
    assert verdict.region is not None
    assert 4 <= verdict.region <= 7.4
    assert lossaudit.prove(clamped, Z, Y, domain=(-verdict.region, verdict.region)).status == "proved"


def test_a_branch_on_a_value_is_proved_by_nobody() -> None:
    def branches(z: torch.Tensor) -> torch.Tensor:
        return (z * z).sum() if float(z.detach().sum()) > 0 else -(z * z).sum()

    verdict = lossaudit.prove(branches, torch.ones(3))
    assert verdict.status == "undecided"
    assert "looks at values" in verdict.reason


def test_a_value_that_comes_from_outside_is_noticed() -> None:
    """NumPy computes it, so that the recorded operations are not the code."""

    def outside(z: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(z.detach().numpy() ** 2).sum() * 0 + (z * float(z.detach().numpy()[0])).sum()

    assert lossaudit.prove(outside, torch.ones(3, dtype=torch.float64)).status == "undecided"


def test_the_two_valleys_of_a_sigmoid_neuron() -> None:
    """Auer, Herbster and Warmuth 1995: squared error has two minima where cross-entropy has one."""
    x, y = torch.tensor([10.0, -0.1], dtype=torch.float64), torch.tensor([0.9, 0.9], dtype=torch.float64)

    def squared(w: torch.Tensor) -> torch.Tensor:
        return ((torch.sigmoid(w * x) - y) ** 2).sum()

    def cross_entropy(w: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.binary_cross_entropy_with_logits(w * x, y, reduction="sum")

    left, right = lossaudit.minima(squared, torch.tensor(1.0), near=[0.2, -22.0])
    assert -21.98 < float(left.low) < float(left.high) < -21.96
    assert 0.208 < float(right.low) < float(right.high) < 0.210
    assert left.value[0] < 0.8101
    assert right.value[0] < 0.1644
    assert lossaudit.prove(squared, torch.tensor(1.0)).status == "refuted"
    assert lossaudit.prove(cross_entropy, torch.tensor(1.0)).status == "proved"
    assert len(lossaudit.minima(cross_entropy, torch.tensor(1.0), near=[0.2, -22.0])) == 1


def test_a_million_weights() -> None:
    """A linear classifier is convex in its weights however many there are."""
    x, y = torch.randn(8, 1000), torch.randint(1000, (8,))
    classifier = torch.nn.Linear(1000, 1000)

    class Classifier(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = classifier

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.cross_entropy(self.head(x), y)

    assert lossaudit.prove(Classifier(), x, y, wrt="head.weight").status == "proved"


def test_nothing_of_the_users_is_changed() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout()).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()

    class Loss(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (self.model(x) ** 2).mean()

    lossaudit.prove(Loss(), torch.ones(4, 3), wrt="all")
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in before.items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(state, torch.get_rng_state())


def test_assertions_and_misuse() -> None:
    assert_convex(torch.nn.functional.cross_entropy, Z, Y)
    with pytest.raises(AssertionError, match="counterexample confirmed"):
        assert_convex("mse", head="sigmoid")
    with pytest.raises(UsageError, match=r"functools\.partial"):
        lossaudit.prove(torch.nn.functional.mse_loss, Z, Z, gamma=2)
    with pytest.raises(UsageError, match="takes no example"):
        lossaudit.prove("mse", Z)


def test_a_verdict_shows_itself() -> None:
    verdict = lossaudit.prove("focal", classes=3)
    assert "NOT CONVEX" in str(verdict)
    assert "<iframe" in verdict._repr_html_()
    assert lossaudit.recheck(json.loads(verdict.to_json()))


def test_a_function_that_raises_on_a_part_of_the_set_is_not_proved_on_it() -> None:
    """`F.binary_cross_entropy` takes probabilities: over all positive numbers it has no value, though -log has one."""

    def on_raw_outputs(p: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.binary_cross_entropy(p, torch.ones(2, dtype=torch.float64))

    p = torch.full((2,), 0.5, dtype=torch.float64)
    assert lossaudit.prove(on_raw_outputs, p, domain="positive").status == "undecided"
    assert lossaudit.prove(on_raw_outputs, p, domain=(0.01, 1.0)).status == "proved"


def test_code_that_runs_in_float32_only() -> None:
    """A model from outside, in float32: the recording is compared as closely as that allows."""
    layer = torch.nn.Linear(3, 2)
    x, y = torch.randn(4, 3), torch.tensor([0, 1, 1, 0])

    def loss(scale: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(layer(x) * scale, y)

    verdict = lossaudit.prove(loss, torch.ones(()))
    assert verdict.status == "proved"
    assert verdict.scope.points > 10


def test_every_loss_by_name_can_be_asked_about() -> None:
    from lossaudit.proving.named import named, names

    for name in names():
        known = named(name, classes=3)
        assert torch.isfinite(known.function(*known.arguments)), name


def test_a_property_without_a_certificate_claims_none(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "mse", "--property", "bounded", "--format", "concise")
    assert text.startswith("NOT BOUNDED")
    assert "certificate" not in text
