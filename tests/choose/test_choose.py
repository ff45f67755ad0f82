"""`choose`: what it refuses, what it says of contradictions, how it fails, and laws of its answers."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lossaudit
from lossaudit.advise.choose.answers import answer
from lossaudit.advise.choose.candidates import CANDIDATES
from lossaudit.advise.choose.considerations import CHANGES, CONSIDERATIONS, REFUSALS
from lossaudit.advise.choose.facts import facts
from lossaudit.advise.choose.snippets import FRAMEWORKS, SHAPES, code, essence
from lossaudit.advise.choose.words import CLASSES, METRICS, NEEDS, NUMBERS, TASKS
from lossaudit.cards import shipped
from lossaudit.cli.main import main
from lossaudit.errors import UsageError


def first(**words: object) -> str:
    return lossaudit.choose(**words).ranked[0].loss


# --- the tables


def test_every_candidate_is_an_entry_of_the_catalogue_with_a_card() -> None:
    missing = sorted({each.loss for each in CANDIDATES if shipped(each.loss) is None})
    assert missing == []


def test_every_name_in_the_tables_means_something() -> None:
    names = {each.loss for each in CANDIDATES}
    pairs = {(each.task, each.loss) for each in CANDIDATES}
    assert {each.task for each in CANDIDATES} == set(TASKS)
    assert {each.recipe for each in CANDIDATES} == set(SHAPES)
    assert len(pairs) + 1 == len(CANDIDATES)  # in segmentation, dice for two classes and for several
    for each in CONSIDERATIONS:
        assert all(any((task, loss) in pairs for task in each.tasks) for loss in each.losses), each
    for each in REFUSALS:
        assert set(each.tasks) <= set(TASKS)
        assert all(any((task, loss) in pairs for task in each.tasks) for loss in each.losses), each
    assert all(set(each.tasks) <= set(TASKS) for each in CHANGES)
    assert all(set(metric.met) <= names and metric.tasks <= set(TASKS) for metric in METRICS.values())
    assert all(tasks <= set(TASKS) for tasks in NEEDS.values())


def test_each_task_has_one_default() -> None:
    defaults = [each for each in CANDIDATES if each.score == 100]
    assert {each.task for each in defaults} == set(TASKS)
    assert len(defaults) == len(TASKS) + 1  # segmentation has one for two classes and one for several


def test_every_recipe_is_spelled_in_every_framework_but_the_chunked_one() -> None:
    missing = [(recipe, name) for recipe in SHAPES for name in FRAMEWORKS if not code(recipe, name, {})]
    assert missing == [("linear_cross_entropy", "keras")]


def test_no_figure_of_a_card_s_own_example_is_said_as_a_law() -> None:
    torch = pytest.importorskip("torch")
    sizes = set()
    for classes in (3, 50):  # the constant depends on the number of classes, the law does not
        z = torch.zeros(1, classes, dtype=torch.float64)
        z[0, 1] = 40.0
        z.requires_grad_()
        torch.nn.functional.mse_loss(z.softmax(1), torch.eye(classes)[:1].double(), reduction="sum").backward()
        sizes.add(round(float(z.grad.norm() * np.exp(40)), 3))
    assert len(sizes) == 2
    text = " ".join(sentence for each in CANDIDATES for sentence in facts(each.loss).sentences)
    for figure in ("sqrt", "56", "1.344", "100)", "7.483", "1.099", "0.9,"):
        assert figure not in text, figure
    shown = lossaudit.choose(task="multiclass", classes=50).refused
    assert any("dies (decays like e^-t, t the gap) (proved)" in each.why for each in shown)


def test_a_card_of_one_part_of_the_code_is_shown_as_that() -> None:
    for classes in (2, 5):
        for each in lossaudit.choose(task="segmentation", classes=classes, metric="iou").ranked:
            mixed = "cross_entropy" in each.essence["torch"] and each.loss in ("dice", "tversky", "lovasz_softmax")
            assert each.card[0].startswith("of the ") == mixed, each.loss


# --- sound defaults


def test_twenty_percent_noise_is_no_reason_to_leave_cross_entropy() -> None:
    answer = lossaudit.choose(task="multiclass", noise=0.2)
    assert answer.ranked[0].loss == "cross_entropy"
    assert any("checked labels" in each for each in answer.changes)


def test_a_classifier_is_never_told_to_put_squared_error_on_softmax() -> None:
    answer = lossaudit.choose(task="multiclass")
    assert any("squared error on softmax" in each.what for each in answer.refused)
    assert "mse" not in {each.loss for each in CANDIDATES if each.task in CLASSES}


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "ordinal", "segmentation"])
def test_who_needs_probabilities_gets_only_losses_that_are_proved_strictly_proper(task: str) -> None:
    for imbalance in (None, "1:500"):
        answer = lossaudit.choose(task=task, imbalance=imbalance, need="calibrated-probabilities", noise=0.3)
        assert all(facts(each.loss).proper for each in answer.ranked)


@pytest.mark.parametrize(
    ("task", "words", "what"),
    [
        ("ordinal", {}, "squared error on the level numbers"),
        ("ordinal", {"metric": "mae"}, "the largest probability as the answer"),
        ("counts", {}, "squared error on raw outputs as the first choice"),
        ("proportions", {}, "squared error on sigmoid as the first choice"),
        ("proportions", {}, "the logarithm of the odds as the target"),
        ("distillation", {}, "the divergence from student to teacher, exchanged"),
        ("distillation", {}, "a temperature without the factor T^2"),
    ],
)
def test_the_usual_mistake_of_a_task_is_refused(task: str, words: dict[str, str], what: str) -> None:
    assert what in {each.what for each in lossaudit.choose(task=task, **words).refused}


def test_the_gradient_of_softened_divergence_shrinks_with_the_square_of_the_temperature() -> None:
    torch = pytest.importorskip("torch")
    z0, teacher = torch.randn(2, 1, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    sizes = []
    for temperature in (100.0, 200.0):
        z = z0.clone().requires_grad_()
        soft, wanted = torch.log_softmax(z / temperature, 1), torch.softmax(teacher / temperature, 1)
        torch.nn.functional.kl_div(soft, wanted, reduction="batchmean").backward()
        sizes.append(float(z.grad.norm()))
    assert sizes[0] / sizes[1] == pytest.approx(4, rel=0.02)


def test_the_likeliest_level_is_not_the_best_answer_for_absolute_or_squared_errors() -> None:
    p, levels = np.array([0.4, 0.0, 0.25, 0.35]), np.arange(4)
    expected = {power: [float(p @ abs(levels - at) ** power) for at in levels] for power in (1, 2)}
    assert int(p.argmax()) == 0
    assert int(np.argmin(expected[1])) == 2  # the median
    assert int(np.argmin(expected[2])) == round(float(p @ levels)) == 2  # nearest to the mean, 1.55


def test_weights_are_refused_where_probabilities_are_needed_and_offered_where_not() -> None:
    free = lossaudit.choose(task="binary", imbalance="1:500")
    bound = lossaudit.choose(task="binary", imbalance="1:500", need="calibrated-probabilities")
    assert "weighted_bce" in {each.loss for each in free.ranked}
    assert "weighted_bce" not in {each.loss for each in bound.ranked}
    assert any("pos_weight" in each.what for each in bound.refused)


@pytest.mark.parametrize(
    ("metric", "wanted"),
    [("mae", "mae"), ("rmse", "mse"), ("rmsle", "msle"), ("crps", "gaussian_crps"), ("quantile-loss", "pinball")],
)
def test_the_first_choice_has_the_optimum_of_the_metric(metric: str, wanted: str) -> None:
    answer = lossaudit.choose(task="regression", metric=metric)
    assert answer.ranked[0].loss == wanted
    assert answer.ranked[0].gap.startswith("nothing")


def test_mape_is_recommended_for_targets_above_zero_only() -> None:
    assert lossaudit.choose([3.5, 4.25, 8.0, 5.5, 6.1], metric="mape").ranked[0].loss == "mape"
    with_zero = lossaudit.choose([0.0, 4.25, 8.0, 5.5, 6.1], metric="mape", task="regression")
    assert "mape" not in {each.loss for each in with_zero.ranked}
    assert any(each.what == "MAPE" and "20.0% of the targets are 0" in each.why for each in with_zero.refused)


@pytest.mark.parametrize("task", ["regression", "positive-amounts", "forecasting"])
def test_mape_comes_first_for_its_own_metric_with_a_warning_that_it_aims_low(task: str) -> None:
    answer = lossaudit.choose(task=task, metric="mape")
    assert answer.ranked[0].loss == "mape"
    assert answer.ranked[0].gap.startswith("nothing")
    assert any("least below the median" in each for each in answer.warnings)
    text = str(answer)
    assert " ".join(text.split()).count("it is the metric") == 1
    sample = np.random.default_rng(0).lognormal(0, 1, 20_001)
    grid = np.linspace(0.05, 2, 400)
    best = grid[np.argmin([np.mean(abs(sample - at) / sample) for at in grid])]
    assert best == pytest.approx(np.exp(-1), abs=0.05)  # the median under the density times 1/y: exp(mu - sigma^2)
    assert best < np.median(sample)


@pytest.mark.parametrize("task", ["counts", "proportions"])
def test_mape_is_refused_as_a_loss_where_a_target_may_be_zero(task: str) -> None:
    answer = lossaudit.choose(task=task, metric="mape")
    assert answer.ranked[0].loss == "mae"
    assert any(each.what == "MAPE as the loss" for each in answer.refused)


@pytest.mark.parametrize("task", ["regression", "positive-amounts", "forecasting", "counts", "proportions"])
def test_smape_asks_for_the_median(task: str) -> None:
    assert first(task=task, metric="smape") == "mae"
    random = np.random.default_rng(0)
    y, f = random.lognormal(size=(2, 50))
    np.testing.assert_allclose(abs(y - f) / ((y + f) / 2), 2 * np.tanh(abs(np.log(y / f)) / 2))
    sample, grid = random.lognormal(0, 1, 20_001), np.linspace(0.5, 2, 400)
    best = grid[np.argmin([np.mean(abs(sample - at) / (sample + at)) for at in grid])]
    assert best == pytest.approx(1, abs=0.05)


def test_a_log_link_is_refused_for_negative_targets() -> None:
    answer = lossaudit.choose([-1, 2, 5, 0, 3], task="counts")
    assert not {each.loss for each in answer.ranked} & {"poisson_nll", "negative_binomial_nll"}
    assert any("contradicts the data: they hold negative numbers" in each for each in answer.warnings)


@pytest.mark.parametrize("task", sorted(NUMBERS))
@pytest.mark.parametrize("need", ["quantiles", "uncertainty"])
def test_who_needs_a_spread_gets_one_whatever_the_metric(task: str, need: str) -> None:
    with_spread = {"gaussian_nll", "gaussian_crps", "student_t_nll", "pinball", "negative_binomial_nll"}
    for metric in METRICS:
        for outliers in (False, True):
            assert first(task=task, need=need, metric=metric, outliers=outliers) in with_spread


@pytest.mark.parametrize(("noise", "classes"), [(0.2, 2), (0.49, 2), (0.5, 2), (0.6, 2), (0.6, 3), (0.7, 3), (0.8, 5)])
def test_noise_is_warned_of_where_the_right_class_is_no_longer_the_most_common(noise: float, classes: int) -> None:
    seen = np.full((classes, classes), noise / (classes - 1))  # of each true class, the shares of the labels seen
    np.fill_diagonal(seen, 1 - noise)
    lost = not all(seen[k, k] > max(np.delete(seen[k], k)) + 1e-12 for k in range(classes))
    task = "binary" if classes == 2 else "multiclass"
    answer = lossaudit.choose(task=task, classes=classes, noise=noise)
    assert any("no longer the most common" in each for each in answer.warnings) == lost
    assert any("leave the order as it is" in each for each in answer.changes) == (task == "binary" and noise < 0.5)
    assert any("reverse the order" in each for each in answer.changes) == (task == "binary" and noise > 0.5)


# --- the answer belongs to the metric

_RULES = {
    "cross_entropy": (lambda q, pi: q, lambda p, pi: p / pi),
    "logit_adjusted": (lambda q, pi: q / pi, lambda p, pi: p),
    "weighted_cross_entropy": (lambda q, pi: q / pi, lambda p, pi: p),
    "label_smoothing": (lambda q, pi: 0.9 * q + 0.1 / 3, lambda p, pi: (p - 0.1 / 3) / pi),
    "class_balanced": (lambda q, pi: q * [1, 2, 9], lambda p, pi: p / [1, 2, 9] / pi),
    "gce": (lambda q, pi: q ** (1 / 0.3), lambda p, pi: p**0.3 / pi),
}
"""Of each loss the optimum for the probabilities q and the frequencies pi, and what its answer maximises."""


@pytest.mark.parametrize("loss", _RULES)
def test_the_answer_for_balanced_accuracy_is_the_best_of_all_decision_rules(loss: str) -> None:
    optimum, corrected = _RULES[loss]
    joint = np.random.default_rng(0).dirichlet([2, 0.7, 0.2], 6) / 6  # P(x, y) of six inputs and three classes
    pi = joint.sum(0)

    def balanced(rule: np.ndarray) -> float:
        return float(sum((joint[:, k] * (rule == k)).sum() / pi[k] for k in range(3)) / 3)

    best = max(balanced(np.array(rule)) for rule in itertools.product(range(3), repeat=6))
    p = optimum(joint / joint.sum(1, keepdims=True), pi)
    p = p / p.sum(1, keepdims=True)
    assert balanced(corrected(p, pi).argmax(1)) == pytest.approx(best)
    said = answer("balanced-accuracy", "multiclass", loss)
    assert said is not None
    assert ("/ FREQUENCIES" in said.decide) == (loss not in ("logit_adjusted", "weighted_cross_entropy"))


@pytest.mark.parametrize("task", sorted(CLASSES))
def test_no_answer_for_balanced_accuracy_takes_the_largest_p_or_corrects_twice(task: str) -> None:
    classes = 2 if task == "binary" else 5
    for each in lossaudit.choose(task=task, classes=classes, imbalance="1:500", metric="balanced-accuracy").ranked:
        assert each.decide != "p = softmax(z); the class with the largest p"
        assert not (each.gap.startswith("nothing") and "FREQUENCIES" in each.decide)


def test_the_half_of_the_best_f1_is_said_of_one_class_against_the_rest() -> None:
    for each in lossaudit.choose(task="multiclass", metric="f1").ranked:
        assert "that class's own best F1" in each.gap


# --- costs


def test_costs_mean_probabilities_and_a_rule(tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    file.write_text(",healthy,ill\nhealthy,0,1\nill,9,0\n")
    answer = lossaudit.choose(task="binary", costs=str(file))
    assert answer.ranked[0].loss == "bce_with_logits"
    assert "p >= 0.1:" in answer.rule  # deciding for 1 costs 1 - p, for 0 it costs 9 p: equal at p = 1/10
    assert any(each.what == "training on the costs" for each in answer.refused)
    three = lossaudit.choose(costs=[[0, 1, 2], [1, 0, 1], [5, 1, 0]])
    assert (three.task, three.ranked[0].loss) == ("multiclass", "cross_entropy")
    assert "(p @ COSTS).argmin(axis=1)" in three.rule


@given(st.lists(st.floats(0, 100), min_size=4, max_size=4), st.floats(0.001, 0.999))
def test_the_threshold_of_the_rule_is_where_the_decisions_cost_the_same(costs: list[float], p: float) -> None:
    right0, false, missed, right1 = costs
    if false - right0 < 1e-3 or missed - right1 < 1e-3:
        return
    rule = lossaudit.choose(task="binary", costs=[[right0, false], [missed, right1]]).rule
    threshold = float(rule.partition(">= ")[2].partition(":")[0])
    says_one, says_zero = (1 - p) * false + p * right1, (1 - p) * right0 + p * missed
    if abs(p - threshold) > 1e-3 * max(threshold, 1e-3):
        assert (p > threshold) == (says_one < says_zero)


@pytest.mark.parametrize("text", ["", "1,2\n", "1,2\n3,4\n5,6\n", "0,x\n1,0\n", "0,nan\n1,0\n", "1,1\n1,1\n"])
def test_a_table_of_costs_that_is_none_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text(text)
    with pytest.raises(UsageError, match=r"^costs: [^\n]+$"):
        lossaudit.choose(task="binary", costs=str(tmp_path / "costs.csv"))


# --- contradictions are said, words win


@pytest.mark.parametrize(
    ("targets", "words", "said"),
    [
        ([0, 1, 2, 0, 1, 2], {"task": "binary"}, "--task binary contradicts the data: they hold 3 different values"),
        ([0, 1, 2, 0, 1, 2], {"classes": 5}, "--classes 5 contradicts the data: they hold 3"),
        ([0, 1] * 50, {"imbalance": "1:500"}, "--imbalance 1:500 contradicts the data: they have 1:1"),
        (["a", "b"] * 9, {"task": "regression"}, "--task regression contradicts the data: they hold texts"),
        ([0.5, 2.5, -1.0], {"task": "proportions"}, "they hold numbers outside [0, 1]"),
        ([0.5, 2.5, -1.0], {"task": "multiclass"}, "they hold numbers that are not whole"),
        ([0.5, 2.5, -1.0], {"metric": "f1"}, "--metric f1 is no metric of regression"),
        ([0, 1] * 9, {"need": "quantiles"}, "--need quantiles means nothing for binary"),
    ],
)
def test_a_contradiction_is_said(targets: list[object], words: dict[str, object], said: str) -> None:
    answer = lossaudit.choose(targets, **words)
    assert any(said in each for each in answer.warnings), answer.warnings
    assert answer.task == words.get("task", answer.task)


def test_rows_with_the_same_inputs_and_other_labels_are_a_hint(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,y\n" + "1,2,cat\n" * 3 + "1,2,dog\n" + "5,6,dog\n7,8,cat\n")
    answer = lossaudit.choose(f"{tmp_path}/t.csv:y")
    assert any("4 rows share all their inputs with others, and 1 of them contradict" in each for each in answer.seen)
    assert answer.ranked[0].loss == "bce_with_logits"


@pytest.mark.parametrize("rows", [99, 30_000])
def test_shuffled_identifiers_are_refused_and_repeated_values_are_not(rows: int) -> None:
    numbers = np.random.default_rng(0).permutation(rows) + 1000
    with pytest.raises(UsageError, match="is it an identifier"):
        lossaudit.choose(numbers)
    assert lossaudit.choose(numbers, task="regression").task == "regression"
    repeated = numbers.copy()
    repeated[(numbers > 1000) & (numbers < 999 + rows)] = 1001
    assert lossaudit.choose(repeated).ranked


def test_few_rows_are_said_to_tell_little() -> None:
    assert any("3 rows tell little" in each for each in lossaudit.choose([1, 2, 7]).warnings)
    assert not any("tell little" in each for each in lossaudit.choose([1, 2, 7], task="counts").warnings)
    assert not any("tell little" in each for each in lossaudit.choose([1, 2, 7] * 10).warnings)


def test_without_inputs_there_are_no_twins_and_an_empty_last_cell_is_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("y\nyes,\nno,\nyes,\n")
    answer = lossaudit.choose(f"{tmp_path}/t.csv")
    assert answer.task == "binary"
    assert not any("inputs" in each for each in answer.seen)


# --- files that are none: one line, exit 2

_FILES: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", ":y", "is empty"),
    "header only": (b"x,y\n", ":y", "there is no row"),
    "constant": (b"y\n3\n3\n3\n", "", "every value is 3, so there is nothing to learn"),
    "one class": (b"y\ncat\ncat\n", "", "every value is cat"),
    "all missing": (b"x,y\n1,\n2,NaN\n", ":y", "all 2 values are missing"),
    "infinite": (b"y\ninf\n-inf\n", "", "missing or infinite"),
    "wrong column": (b"label,x\n1,2\n", ":labl", "did you mean label?"),
    "no column": (b"a,b\n1,2\n", "", "which column?"),
    "twice": (b"y,y\n1,2\n", ":y", "has 2 columns 'y'"),
    "not utf-8": (b"y\n\xff\xfe\n", "", "is not UTF-8 text"),
    "null byte": (b"y\n1\x00\n2\n", "", ""),
    "mixed": (b"y\n1\n2\noops\n", "", "2 numbers and 1 texts, such as 'oops'"),
    "names": (b"y\n" + b"\n".join(f"user{i}".encode() for i in range(100)), "", "look like names or free text"),
    "identifiers": (b"y\n" + b"\n".join(str(i).encode() for i in range(1, 100)), "", "is it an identifier?"),
    "dates": (b"y\n" + b"2024-01-03\n2024-01-04\n" * 30, "", "holds dates"),
    "free text": (b"y\nit was good\nnot for me\nwell, well\n".replace(b", ", b" "), "", "every row is its own class"),
    "decimal comma": (b"y\n1,5\n2,5\n", "", "row 1 has 2 cells and the header 1"),
    "longer row": (b"x,y\n1,2\n1,2,3\n", ":y", "row 2 has 3 cells and the header 2"),
    "wide": (b"y\n" + b"a" * 200_000 + b"\n", "", "is no CSV text"),
}


@pytest.mark.parametrize("name", _FILES)
def test_a_file_without_targets_is_one_line_and_exit_2(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, column, said = _FILES[name]
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    code = main(["choose", "--targets", f"{file}{column}"])
    shown = capsys.readouterr()
    if name == "null byte" and code == 0:  # Python 3.11 refuses it, later ones read a text
        return
    assert (code, shown.out) == (2, "")
    assert shown.err.count("\n") == 1
    assert said in shown.err


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros(()), "is a single value"),
        (np.zeros(0), "there is no row"),
        (np.full(5, np.nan), "all 5 values are missing"),
        (np.ones((3, 4)) * 2j, "numbers or texts are wanted"),
        (np.random.default_rng(0).random((3, 4, 5)), "has the shape (3, 4, 5)"),
        (np.array([{"a": 1}], dtype=object), "it holds Python objects"),
        (np.zeros((5, 0)), "there is no row"),
    ],
)
def test_an_array_that_is_no_target_is_one_line(array: np.ndarray, said: str, tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", array, allow_pickle=True)
    with pytest.raises(UsageError) as caught:
        lossaudit.choose(str(tmp_path / "y.npy"))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_neighbours_that_one_float_stands_for_are_not_called_equal(tmp_path: Path) -> None:
    assert float(10**18) == float(10**18 + 1)
    (tmp_path / "t.csv").write_text(f"y\n{10**18}\n{10**18 + 1}\n")
    for targets in (np.array([10**18, 10**18 + 1]), [10**18, 10**18 + 1], f"{tmp_path}/t.csv"):
        with pytest.raises(UsageError, match="to the 16 digits that a number keeps"):
            lossaudit.choose(targets)


def test_a_text_by_the_name_of_an_array_and_a_column_of_an_array_are_said(tmp_path: Path) -> None:
    (tmp_path / "fake.npy").write_text("x,y\n1,2\n")
    with pytest.raises(UsageError, match=r"it is no \.npy file"):
        lossaudit.choose(str(tmp_path / "fake.npy"))
    np.save(tmp_path / "y.npy", np.arange(12).reshape(4, 3))
    with pytest.raises(UsageError, match="an array has no columns by name"):
        lossaudit.choose(f"{tmp_path}/y.npy:2")


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (exec, (f"open({str(tmp_path / 'sprung')!r}, 'w')",))

    import pickle

    (tmp_path / "y.npy").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(UsageError, match="Python objects"):
        lossaudit.choose(str(tmp_path / "y.npy"))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--task", "multclass"], "did you mean multiclass"),
        (["--metric", "f2"], "or f1?"),
        (["--need", "calibrated"], "did you mean calibrated-probabilities"),
        (["--task", ""], "no such task"),
        (["--targets", ""], "cannot be read"),
        (["--task", "binary", "--framework", "caffe"], "no such framework"),
        (["--imbalance", "1-500"], "such as 1:500"),
        (["--imbalance", "0:1"], "such as 1:500"),
        (["--noise", "1.5", "--task", "binary"], "the share of wrong labels"),
        (["--classes", "1"], "a whole number from 2 on"),
        (["--metric", "mae"], "what is predicted?"),
        (["--groups", "q", "--task", "ranking"], "give both"),
        (["--targets", "nowhere.csv:y"], "cannot be read"),
        (["--targets", "y.npz"], "a .csv or .npy file is wanted"),
    ],
)
def test_a_word_that_is_none_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["choose", *words]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"task": "multiclass", "classes": "10"}, "classes 10: a whole number"),
        ({"task": "multiclass", "classes": 2.5}, "classes 2.5: a whole number"),
        ({"task": "binary", "need": 3}, "need 3: no such need"),
        ({"task": "binary", "need": [None]}, "need None: a name is wanted"),
        ({"task": 3}, "task 3: a name is wanted"),
        ({"task": "nope"}, "task nope: no such task"),
        ({"task": "binary", "metric": 1}, "metric 1: a name is wanted"),
        ({"task": "binary", "noise": 2}, "noise 2: the share"),
        ({"task": "binary", "noise": [0.1]}, "noise [0.1]: the share"),
        ({"task": "binary", "imbalance": [1, 2]}, "imbalance [1, 2]: write"),
        ({"task": "binary", "costs": 3}, "costs: a square table"),
        ({"task": "binary", "costs": [[], []]}, "costs: a square table"),
        ({"task": "binary", "framework": 3}, "framework 3: no such framework"),
        ({"task": "binary", "groups": [1, 2]}, "groups says which of the targets"),
        ({}, "say task=TASK, or show the targets by targets=FILE"),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_the_argument(words: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        lossaudit.choose(**words)
    assert str(caught.value).startswith(said) or said in str(caught.value)
    assert "--" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [({"task": "multi-class"}, {"task": "multiclass"}), ({"task": "multi label"}, {"task": "multilabel"})]
    + [({"task": "binary", "framework": a}, {"task": "binary", "framework": b})
       for a, b in (("tf", "keras"), ("TensorFlow", "keras"), ("pytorch", "torch"), ("jax", "optax"))],
)  # fmt: skip
def test_other_spellings_of_a_word_mean_the_same(given: dict[str, str], meant: dict[str, str]) -> None:
    assert str(lossaudit.choose(**given)) == str(lossaudit.choose(**meant))


def test_classes_of_a_task_without_any_are_not_ignored_in_silence() -> None:
    assert any("--classes" in each for each in lossaudit.choose(task="regression", classes=7).warnings)
    assert not lossaudit.choose(task="multiclass", classes=np.int64(7)).warnings


def test_a_column_may_have_a_colon_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a:b,c\nyes,1\nno,2\nno,3\n")
    assert lossaudit.choose(f"{tmp_path}/t.csv:a:b").task == "binary"


def test_a_million_classes_are_no_million_numbers_on_the_screen() -> None:
    assert len(str(lossaudit.choose(task="multiclass", classes=10**6, imbalance="1:500"))) < 20_000


# --- laws


def _answer(targets: object, **words: object) -> object:
    """The answer, or the line that says why there is none."""
    try:
        return lossaudit.choose(targets, framework="torch", **words)
    except UsageError as error:
        return str(error)


_CELLS = st.one_of(
    st.integers(-5, 5).map(str),
    st.floats().map(str),
    st.text(max_size=6),
    st.sampled_from(["", "nan", "yes", "1", "0"]),
)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(_CELLS, min_size=1, max_size=4), max_size=12),
    words=st.fixed_dictionaries(
        {},
        optional={
            "task": st.sampled_from(sorted(TASKS)),
            "metric": st.sampled_from(sorted(METRICS)),
            "need": st.lists(st.sampled_from(sorted(NEEDS)), max_size=2),
            "imbalance": st.floats(0.001, 1e6),
            "noise": st.floats(0, 0.99),
            "classes": st.integers(2, 30_000),
            "outliers": st.booleans(),
        },
    ),
)
def test_any_table_gives_an_answer_or_one_line(tmp_path_factory, rows, words) -> None:
    import csv

    file = tmp_path_factory.mktemp("junk") / "t.csv"
    with file.open("w", encoding="utf-8", errors="surrogatepass", newline="") as out:
        csv.writer(out).writerows([["y", "a", "b", "c"], *rows])
    answer = _answer(f"{file}:y", **words)
    if isinstance(answer, str):
        assert answer
        assert "\n" not in answer
    else:
        assert 1 <= len(answer.ranked) <= 4
        json.loads(answer.to_json())
        assert str(answer)
        assert answer.to_markdown()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_an_answer_or_one_line(tmp_path_factory, content) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("t.csv", "t.npy"):
        (folder / name).write_bytes(content)
        answer = _answer(str(folder / name))
        assert not isinstance(answer, str) or "\n" not in answer


_WORDS = st.fixed_dictionaries(
    {"task": st.sampled_from(["binary", "multiclass"])},
    optional={
        "metric": st.sampled_from(sorted(METRICS)),
        "need": st.lists(st.sampled_from(sorted(NEEDS)), max_size=3),
        "noise": st.floats(0, 0.99),
    },
)


@settings(max_examples=60, deadline=None)
@given(words=_WORDS, imbalance=st.floats(20, 1e6))
def test_rare_classes_never_make_accuracy_the_metric(words, imbalance) -> None:
    answer = lossaudit.choose(**words, imbalance=imbalance, framework="torch")
    assert all("accuracy" not in each.metric.replace("balanced accuracy", "").replace("balanced-accuracy", "")
               for each in answer.ranked)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(words=_WORDS, imbalance=st.floats(1, 1e6))
def test_rare_classes_alone_never_change_the_first_choice(words, imbalance) -> None:
    assert first(**words, imbalance=imbalance, framework="torch") == first(**words, framework="torch")


@settings(max_examples=60, deadline=None)
@given(words=_WORDS)
def test_a_need_for_probabilities_only_takes_away(words) -> None:
    free = {each.loss for each in lossaudit.choose(**words | {"need": []}, framework="torch").ranked}
    need = {"need": "calibrated-probabilities"}
    bound = {each.loss for each in lossaudit.choose(**words | need, framework="torch").ranked}
    assert bound <= free


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=20, max_size=60).filter(lambda y: len(set(y)) == 4), st.randoms())
def test_the_order_of_the_rows_means_nothing(targets, random) -> None:
    moved = list(targets)
    random.shuffle(moved)
    assert str(lossaudit.choose(targets, framework="torch")) == str(lossaudit.choose(moved, framework="torch"))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=30, max_size=80).filter(lambda y: len(set(y)) > 20))
def test_a_list_an_array_and_a_file_give_the_same_answer(tmp_path_factory, targets) -> None:
    folder = tmp_path_factory.mktemp("same")
    np.save(folder / "targets.npy", np.array(targets))
    answers = [
        lossaudit.choose(each, framework="torch") for each in (targets, np.array(targets), str(folder / "targets.npy"))
    ]
    assert len({tuple(each.loss for each in answer.ranked) for answer in answers}) == 1


# --- formats


def test_formats_hold_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["choose", "--task", "counts", "--need", "uncertainty"]
    assert main([*words, "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["ranked"][0]["loss"] == "negative_binomial_nll"
    assert set(data["ranked"][0]["code"]) == set(FRAMEWORKS)
    assert main([*words, "--format", "markdown", "--framework", "jax"]) == 0
    page = capsys.readouterr().out
    assert "## 1. `negative_binomial_nll`" in page
    assert "import optax" in page
    assert "import torch" not in page


def test_without_arguments_there_is_the_table_of_tasks_and_an_example_that_works(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["choose"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n{task} " in shown for task in TASKS)
    example = next(line for line in shown.splitlines() if line.startswith("example: ")).split()[2:]
    assert main(example) == 0


def test_the_table_of_tasks_and_the_sentences_fit_a_terminal_and_code_fits_an_editor(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["choose"]) == 0
    table, example = capsys.readouterr().out.rsplit("\n\n", 1)
    assert example.startswith("example: ")
    assert max(map(len, table.splitlines())) <= 80
    for recipe in SHAPES:
        for name in FRAMEWORKS:
            for line in (code(recipe, name, {}) + essence(recipe, name)).splitlines():
                assert len(line) <= 117, line


def test_equal_classes_are_called_equal() -> None:
    seen = lossaudit.choose([0, 1, 2] * 20).seen
    assert "all are equally frequent, or nearly so" in seen
    assert not any("1 times" in each for each in seen)


def test_the_task_table_is_that_of_the_defaults() -> None:
    for task in TASKS:
        assert lossaudit.choose(task=task).ranked[0].score == 100


def test_numpy_is_asked_for_in_one_line_only_where_it_is_needed(tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.arange(3))
    program = (
        "import sys\nsys.modules['numpy'] = None\nfrom lossaudit.cli.main import main\n"
        f"sys.exit(main(['choose', '--targets', {str(tmp_path / 'y.npy')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith(".npy files need numpy; install it, or give a .csv\n")
    assert done.stderr.count("\n") == 1
