"""Every loss, rule and topic is explained, by whatever it is called."""

from __future__ import annotations

import json
import re

import pytest

from lossaudit import catalogue, rules
from lossaudit.advise.explain import explain, find, listing, nearest, subjects
from lossaudit.advise.topics import topics
from lossaudit.cards import FOLDER
from lossaudit.cli.main import main
from lossaudit.errors import UsageError

LOSSES = pytest.mark.parametrize("loss", catalogue.LOSSES.values(), ids=catalogue.LOSSES)


def test_everything_has_a_page_of_its_own() -> None:
    known = [(subject.kind, subject.name) for subject in subjects()]
    assert len(set(known)) == len(known) == len(catalogue.LOSSES) + len(rules.RULES) + len(topics())
    for subject in subjects():
        for name in (subject.name, *subject.others):
            assert find(f" {name.upper()} ")[0] == subject


@pytest.mark.parametrize("rule", rules.RULES.values(), ids=rules.RULES)
def test_names_and_codes_of_a_rule_explain_the_same(rule: rules.Rule) -> None:
    assert explain(rule.code) == explain(f" {rule.code.lower()} ") == rules.page(rule)
    assert explain(rule.name).startswith(rules.page(rule))  # a loss may be called nearly so


def test_hyphens_and_underscores_matter_only_where_they_decide() -> None:
    assert explain("double softmax") == explain("double_softmax") == explain("Double-softmax")
    assert explain("Cross Entropy") == explain("cross-entropy") == explain("cross_entropy")
    loss, topic = explain("label_smoothing"), explain("label-smoothing")
    assert "(`label_smoothing`)" in loss.splitlines()[0]
    assert loss.endswith("There is also the topic `label-smoothing`.\n")
    assert topic.startswith(topics()["label-smoothing"])
    assert topic.endswith("There is also the loss `label_smoothing`.\n")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("CrossEntropyLoss", "cross_entropy"),
        ("nn.CrossEntropyLoss", "cross_entropy"),
        ("torch.nn.modules.loss.BCEWithLogitsLoss", "bce_with_logits"),
        ("F.smooth_l1_loss", "smooth_l1"),
        ("tf.keras.losses.CategoricalCrossentropy", "categorical_cross_entropy"),
        ("optax.sigmoid_focal_loss", "binary_focal_with_logits"),
        ("crossentropy", "cross_entropy"),
    ],
)
def test_a_loss_is_found_by_what_a_framework_calls_it(typed: str, meant: str) -> None:
    assert f"(`{meant}`)" in explain(typed).splitlines()[0]


def test_either_spelling_of_a_word_finds_the_topic() -> None:
    assert explain("regularization") == explain("regularisation")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mse-on-sofmax", "mse-on-softmax"),
        ("dubblesoftmax", "double-softmax"),
        ("LA1O4", "mse-on-softmax"),
        ("crosentropy", "cross_entropy"),
        ("foccal", "focal"),
        ("imballance", "imbalance"),
    ],
)
def test_an_unknown_name_gets_the_nearest_three(typed: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(nearest(typed)) == 3
    assert meant in [subject.name for subject in nearest(typed)]
    with pytest.raises(UsageError, match=meant):
        explain(typed)
    assert main(["explain", typed]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1


@LOSSES
def test_the_page_of_a_loss(loss: catalogue.Loss) -> None:
    page = explain(loss.name)
    assert page.splitlines()[0] == f"# {loss.title} (`{loss.name}`)"
    assert re.findall(r"^\*\*(.+?):\*\*", page, re.MULTILINE) == ["Gradient", "What it optimises"]
    said = (loss.gradient, loss.optimises, loss.latex, loss.when, loss.when_not, loss.stable, loss.limits)
    assert all(text in page for text in (*said, *loss.references, loss.callable))
    assert all(line in page for line in loss.formula.splitlines())
    for option in loss.options:
        assert f"`{option.name}`" in page
    for known in loss.implementations:
        assert f"`{known.path}`" in page
    assert "\n\n\n" not in page
    sections = re.split(r"^## .+$", page, flags=re.MULTILINE)[1:]
    assert all(section.strip() for section in sections)


@LOSSES
def test_the_page_shows_the_card_as_it_is_shipped(loss: catalogue.Loss) -> None:
    file = FOLDER / f"{loss.name}.json"
    page = explain(loss.name)
    rows = {}
    for line in page.partition("## Card\n")[2].partition("\n## ")[0].splitlines():
        cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4:
            rows[cells[0]] = cells[1:3]
    card = json.loads(file.read_text())
    for name, entry in card["entries"].items():
        assert rows[name] == [entry["value"], entry["ground"]]
    convex = {"proved": "yes", "refuted": "no", "undecided": "undecided"}[card["convex"]["status"]]
    assert rows["convex"][0].startswith(convex)


def test_a_page_names_the_rules_that_find_the_loss() -> None:
    def found(name: str) -> str:
        return explain(name).partition("## See also")[2]

    assert "`mse-on-softmax`" in found("mse")
    assert "`double-softmax`" in found("cross_entropy")
    assert "`kl-swapped`" in found("kl_div")
    assert "`double-softmax`" not in found("mse")
    assert "suppression" not in found("cross_entropy")


def test_the_list_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    words = set(re.findall(r"[\w-]+", capsys.readouterr().out))
    assert words >= {*catalogue.LOSSES, *rules.RULES, *topics()}
    assert max(map(len, listing(80).splitlines())) <= 80


def test_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "LA104"]) == 0
    assert capsys.readouterr().out.startswith("# mse-on-softmax (LA104)\n")
    assert main(["explain", "--questions", "--quiz"]) == 0
    assert capsys.readouterr().out.count("\n## ") == 14
    assert main(["explain", "mse", "--quiz"]) == 2
    assert main(["rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(rules.RULES)
    for line, rule in zip(lines, rules.RULES.values(), strict=True):
        assert line.split()[:3] == [rule.code, rule.name, rule.severity.value]
        assert line.endswith(rule.summary)
