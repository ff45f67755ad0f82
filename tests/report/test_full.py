"""The block in the terminal, letter by letter."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.report import samples

from lossaudit.finding import Fix, Severity
from lossaudit.report import full, wording

DEMO = """\
examples/legacy_migration.py:41  error  mse-on-softmax
  softmax (line 33) + MSELoss (line 41), 10 classes
  62 % of training samples are wrong and get almost no gradient; cross-entropy would move them
  not convex in the logits: counterexample confirmed
  fix:  - loss_fn(model(x).softmax(1), onehot)      + F.cross_entropy(model(x), y)
  with the fix: accuracy 19 % -> 96 %
  report: ./lossaudit-report.html"""


def test_the_demo_says_exactly_this_on_at_most_eight_lines() -> None:
    text = full.render(samples.demo(), report_path="./lossaudit-report.html", before_after=(0.19, 0.96))
    assert text == DEMO
    assert text.count("\n") < 8


def test_much_evidence_stays_on_eight_lines_when_a_report_holds_the_rest() -> None:
    finding = replace(samples.FINDING, evidence=("one", "two", "three", "four"))
    result = replace(samples.demo(), findings=(finding,))
    with_report = full.render(result, report_path="r.html", before_after=(0.19, 0.96)).splitlines()
    assert len(with_report) == 8
    alone = full.render(result, report_path=None)
    assert all(f"\n  {word}\n" in alone for word in ("one", "two", "three", "four"))


def test_colour_adds_escape_sequences_and_nothing_else() -> None:
    plain = full.render(samples.demo(), report_path="r.html", before_after=(0.19, 0.96))
    coloured = full.render(samples.demo(), report_path="r.html", before_after=(0.19, 0.96), colour=True)
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_a_clean_result_says_what_was_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "rule_names", lambda: ("double-softmax", "mse-on-softmax"))
    assert full.render(samples.clean(), report_path=None).splitlines() == [
        "1 pairing read, 1 not understood; checked: double-softmax, mse-on-softmax; nothing wrong between head "
        "and loss. Not checked: data, learning rate, architecture.",
        "  140 of 5,000 backward passes seen (2.8 %)",
        "  examples/legacy_migration.py:41  info  explicit-log-softmax: cross-entropy by hand",
        "  not understood: examples/tail.py:12  a sum over 3 branches: the custom function FocalTail hides its "
        "operations (operations: FocalTail, index_put)",
    ]


def test_nothing_read_is_not_called_right() -> None:
    for result in (
        samples.empty(),
        replace(samples.demo(), pairings=(), findings=(), unresolved=(samples.UNRESOLVED,)),
    ):
        text = full.render(result, report_path=None)
        assert text.startswith("no pairing of a head and a loss was read")
        assert "nothing wrong" not in text


def test_what_was_not_understood_is_said_beside_findings_too() -> None:
    text = full.render(replace(samples.demo(), unresolved=(samples.UNRESOLVED,)), report_path="r.html")
    assert "  1 pairing read, 1 not understood\n  not understood: examples/tail.py:12" in text


def test_several_findings_follow_one_another_and_the_report_comes_last() -> None:
    second = replace(samples.FINDING, rule="double-softmax", severity=Severity.WARNING)
    blocks = full.render(replace(samples.demo(), findings=(samples.FINDING, second)), report_path="r.html").split(
        "\n\n"
    )
    assert [block.splitlines()[0].split()[-2:] for block in blocks[:2]] == [
        ["error", "mse-on-softmax"],
        ["warning", "double-softmax"],
    ]
    assert blocks[2] == "  report: r.html"


def test_code_of_several_lines_is_indented_under_the_fix() -> None:
    fix = Fix("use cross-entropy", before="a = f(x)\nb = g(a)", after="b = h(x)")
    text = full.render(replace(samples.demo(), findings=(replace(samples.FINDING, fix=fix),)), report_path=None)
    assert text.endswith("  fix:  use cross-entropy\n    - a = f(x)\n    - b = g(a)\n    + b = h(x)")


def test_without_code_the_fix_is_its_title() -> None:
    finding = replace(samples.FINDING, fix=Fix("use cross-entropy"))
    assert full.render(replace(samples.demo(), findings=(finding,)), report_path=None).endswith(
        "  fix:  use cross-entropy"
    )


@pytest.mark.parametrize(
    ("ended", "code", "said"),
    [
        ("raised ValueError: bad\nvalue", 1, "  did not finish: raised ValueError: bad value (exit code 1)"),
        ("interrupted", None, "  did not finish: interrupted"),
        ("finished", 3, "  the script ended with exit code 3"),
    ],
)
def test_a_run_that_did_not_finish_says_so(ended: str, code: int | None, said: str) -> None:
    for result in (samples.demo(), samples.clean()):
        text = full.render(replace(result, ended=ended, exit_code=code), report_path=None)
        assert said in text.splitlines()
    assert "exit code" not in full.render(samples.demo(), report_path=None)


def test_a_verdict_is_told_only_of_the_pairing_in_question() -> None:
    elsewhere = replace(samples.FINDING, places=(replace(samples.LOSS, line=99),))
    assert "convex" not in full.render(replace(samples.demo(), findings=(elsewhere,)), report_path=None)


def test_hostile_text_stays_on_its_line_and_prints_everywhere() -> None:
    text = full.render(samples.hostile(), report_path=samples.HOSTILE)
    text.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\u2066]", text)
    assert text.count("\n") < 16
