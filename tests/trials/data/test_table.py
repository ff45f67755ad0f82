"""A CSV file: what is read of it, and one clear line for each thing that may be wrong."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_iris

from lossaudit.errors import UsageError
from lossaudit.trials.data import load
from lossaudit.trials.problem import Task

EXAMPLES = Path(__file__).parents[3] / "examples"


def iris(path: Path, names: bool = True, numbered: bool = False) -> str:
    found = load_iris()
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*([""] * numbered), *"abcd", "species"])
        for index, (row, kind) in enumerate(zip(found.data, found.target, strict=True)):
            writer.writerow([*([index] * numbered), *row, found.target_names[kind] if names else kind])
    return f"{path}:species"


def test_texts_are_classes_in_alphabetical_order(tmp_path: Path) -> None:
    problem, sealed = load(iris(tmp_path / "iris.csv"))
    assert (problem.name, problem.task, problem.outputs) == ("iris.csv", Task.MULTICLASS, 3)
    assert problem.labels == ("setosa", "versicolor", "virginica")
    assert (
        "The classes are numbered in alphabetical order: 0 is setosa, 1 is versicolor, 2 is virginica." in problem.words
    )
    assert [len(problem.train), len(problem.validation), len(sealed)] == [90, 24, 36]
    assert problem.train.y.bincount().tolist() == [30, 30, 30]


def test_inputs_are_standardised_with_the_training_samples_alone(tmp_path: Path) -> None:
    problem, sealed = load(iris(tmp_path / "iris.csv"))
    torch.testing.assert_close(problem.train.x.mean(0), torch.zeros(4), atol=1e-6, rtol=0)
    torch.testing.assert_close(problem.train.x.std(0, correction=0), torch.ones(4))
    whole = torch.cat([problem.train.x, problem.validation.x, sealed.open().x])
    original = torch.tensor(load_iris().data, dtype=torch.float32)
    assert (whole.mean(0).abs() > 1e-4).any()  # not with all of them
    order, sorted_original = whole[:, 0].sort().values, original[:, 0].sort().values
    slope = (sorted_original[-1] - sorted_original[0]) / (order[-1] - order[0])
    torch.testing.assert_close(order * slope + sorted_original.mean() - order.mean() * slope, sorted_original)


def test_a_column_that_numbers_the_rows_is_left_out(tmp_path: Path) -> None:
    plain, _ = load(iris(tmp_path / "a.csv"))
    problem, _ = load(iris(tmp_path / "b.csv", numbered=True))
    assert torch.equal(problem.train.x, plain.train.x)
    assert "Column without a name numbers the rows and is left out." in problem.words


def test_whole_numbers_as_names_of_classes_are_numbered_from_0(tmp_path: Path) -> None:
    path = tmp_path / "glass.csv"
    path.write_text("a;kind\n" + "".join(f"{i / 7};{(1, 2, 5)[i % 3]}\n" for i in range(30)))
    problem, _ = load(f"{path}:kind")
    assert problem.labels == ("1", "2", "5")
    assert "The classes are numbered in their order: 0 is 1, 1 is 2, 2 is 5." in problem.words


def test_real_numbers_are_predicted_on_one_scale_and_the_scale_is_said() -> None:
    problem, _ = load(f"{EXAMPLES / 'clinic.csv'}:cost")
    assert (problem.task, problem.outputs, problem.labels) == (Task.REGRESSION, 1, ())
    assert problem.train.y.mean().item() == pytest.approx(0, abs=1e-6)
    assert problem.train.y.std(correction=0).item() == pytest.approx(1)
    assert any("an error of 1 is " in word for word in problem.words)


def test_counts_are_no_classes() -> None:
    assert load(f"{EXAMPLES / 'clinic.csv'}:visits")[0].task is Task.REGRESSION


def test_two_classes_are_two_outputs() -> None:
    problem, _ = load(f"{EXAMPLES / 'clinic.csv'}:insured")
    assert (problem.task, problem.outputs, problem.labels) == (Task.MULTICLASS, 2, ("0", "1"))


def test_the_example_is_a_problem_of_three_states() -> None:
    problem, _ = load(f"{EXAMPLES / 'machine.csv'}:state")
    assert problem.labels == ("broken", "running", "worn")
    assert len(problem.train) + len(problem.validation) + 225 == 900


ROWS = "".join(f"{i},{i * i % 7}.5,{'no' if i % 2 else 'yes'}\n" for i in range(5, 25))
BAD = {
    "wrong column": ("a,b,target\n" + ROWS, ":tagret", "has no column 'tagret'; did you mean target?"),
    "no column named": ("a,b,target\n" + ROWS, "", r"which column\? .*there is a, b, target"),
    "ragged": ("a,b,y\n" + ROWS + "1,2\n", ":y", "line 22 has 2 cells and the header 3"),
    "too long": ("a,b,y\n1,2,3,4\n" + ROWS, ":y", "line 2 has 4 cells and the header 3"),
    "one class": ("a,b,y\n1,2,no\n3,4,no\n", ":y", "column 'y': .*every value is no"),
    "a single sample": ("a,b,y\n" + ROWS + "1,2,maybe\n", ":y", "the class maybe has 1 sample"),
    "missing inputs": (
        "a,b,y\n" + ROWS + ",2,no\n3,NA,no\n,5,no\n",
        ":y",
        "'a' has 2 missing values, the first in line 22",
    ),
    "missing targets": ("a,b,y\n" + ROWS + "1,2,\n", ":y", "'y' has 1 missing value, the first in line 22"),
    "text": (
        "a,b,y\n" + ROWS + "1,red,no\n",
        ":y",
        r"'b' holds text \('red' in line 22\), and inputs have to be numbers",
    ),
    "infinite": ("a,b,y\n" + ROWS + "1,inf,no\n", ":y", r"'b' holds an infinite value \('inf' in line 22\)"),
    "infinite target": ("a,y\n1,2.5\n2,inf\n3,1.5\n", ":y", "'y' holds an infinite value in line 3"),
    "not a number": ("a,b,y\n" + ROWS + "1,nan,no\n", ":y", "'b' has 1 missing value"),
    "mixed targets": ("a,y\n1,2.5\n2,no\n3,1.5\n", ":y", "column 'y': holds 2 numbers and 1 texts, such as 'no'"),
    "empty": ("", ":y", "is empty; a header with names is wanted"),
    "only a header": ("a,b,y\n", ":y", "has a header and no rows"),
    "twice": ("a,a,y\n" + ROWS, ":y", "has 2 columns named 'a'; rename them"),
    "only targets": ("y\nno\nyes\n", ":y", "has no column besides 'y'"),
    "only numbered": ("n,y\n1,a\n2,b\n3,a\n", ":y", "its only input 'n' numbers the rows"),
    "odd names": ("a,y\n" + "1.5,no\n2.5,yes\n" * 4 + '3.5,"a\nb"\n', ":y", r"the class a\\nb has 1 sample"),
    "names": ("a,y\n" + "".join(f"{i}.5,person {i}\n" for i in range(30)), ":y", "30 different texts in 30 rows"),
}


@pytest.mark.parametrize(("text", "column", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_one_clear_line(tmp_path: Path, text: str, column: str, said: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        load(f"{path}{column}")
    assert "\n" not in str(caught.value)
    assert "own.csv" in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("a,y\n1,h\xf6her\n".encode("latin-1"))
    (tmp_path / "folder.csv").mkdir()
    for name, said in (("latin.csv", "is not UTF-8"), ("folder.csv", "Is a directory"), ("none.csv", "No such file")):
        with pytest.raises(UsageError, match=said):
            load(f"{tmp_path / name}:y")
