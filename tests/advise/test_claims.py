"""The claims: their form, the command, and that an answer changed by hand does not pass its own check."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lossaudit.advise import checking, claims
from lossaudit.advise.claims import CLAIMS, Answer, Claim, Evidence, Means
from lossaudit.advise.claims.training import USUAL
from lossaudit.cli.main import main
from lossaudit.report.claims import markdown

ROOT = Path(__file__).parents[2]
CHECKED = [claim for claim in CLAIMS if claim.check is not None]
TRAINED = [claim for claim in CHECKED if claim.means is Means.EXPERIMENT]
COMPUTED = [claim for claim in CHECKED if claim.means is not Means.EXPERIMENT]
OTHERS = {answer: [other for other in Answer if other is not answer] for answer in Answer}


def test_numbers_have_no_gaps_and_names_are_unique():
    assert [claim.number for claim in CLAIMS] == list(range(1, len(CLAIMS) + 1))
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_a_claim_is_complete(claim):
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", claim.name)
    assert claim.said[0].isupper()
    assert claim.said.endswith(".")
    assert claim.reason.endswith(".")
    assert (claim.check is None) == (claim.means is Means.NONE)
    if claim.answer is Answer.OPEN:
        assert claim.check is None


@pytest.mark.parametrize(
    ("holds", "fails", "answer"),
    [
        (True, False, Answer.TRUE),
        (False, True, Answer.FALSE),
        (True, True, Answer.DEPENDS),
        (False, False, Answer.OPEN),
    ],
)
def test_the_answer_follows_from_the_evidence_alone(holds, fails, answer):
    assert Evidence(holds, fails, "").answer is answer


def test_the_list_has_every_claim_once(capsys):
    assert main(["claims"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line[:3].strip().isdigit()]) == len(CLAIMS)
    for claim in CLAIMS:
        assert sum(f" {claim.name} " in line and claim.said in line for line in lines) == 1


@pytest.mark.parametrize(("word", "answer"), [("true", Answer.TRUE), ("depends", Answer.DEPENDS)])
def test_the_list_can_be_cut_to_one_answer(word, answer, capsys):
    assert main(["claims", "--answer", word, "--format", "json"]) == 0
    shown = [claim["number"] for claim in json.loads(capsys.readouterr().out)]
    assert shown == [claim.number for claim in CLAIMS if claim.answer is answer]


def test_a_claim_is_shown_whole_by_name_and_by_number(capsys):
    assert main(["claims", "pristine-bowl"]) == 0
    by_name = capsys.readouterr().out
    assert main(["claims", "19"]) == 0
    assert capsys.readouterr().out == by_name
    words = " ".join(by_name.split())
    claim = claims.find("19")
    assert claim is not None
    for text in (claim.said, claim.terms, claim.answer.value, claim.reason, "certificate: Looks for a lowest point"):
        assert text in words


def test_an_unknown_claim_gets_the_three_nearest(capsys):
    assert main(["claims", "pristine-bowls"]) == 2
    error = capsys.readouterr().err
    assert "nearest: pristine-bowl, " in error
    assert error.count("\n") == 1
    assert error.split("nearest: ")[1].split(" (")[0].count(",") == 2


@pytest.mark.parametrize("number", ["0", "80", "18,19", "1-5"])
def test_a_wrong_number_gets_the_range_and_no_names(number, capsys):
    assert main(["claims", number]) == 2
    error = capsys.readouterr().err
    assert f"numbers from 1 to {len(CLAIMS)}" in error
    assert "nearest" not in error


def test_a_claim_asked_for_twice_is_shown_once(capsys):
    assert main(["claims", "1", "1"]) == 0
    assert capsys.readouterr().out.count("1. mse-on-softmax-not-convex") == 1


def test_no_claim_left_is_said(capsys):
    assert main(["claims", "2", "--answer", "true"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "none of these claims has the answer true" in said.err


def test_checks_have_no_markdown(capsys):
    assert main(["claims", "--check", "18", "--format", "markdown"]) == 2
    assert "--format full or json" in capsys.readouterr().err


def test_a_package_that_is_missing_is_named_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(checking, "find_spec", lambda module: None if module == "sklearn" else object())
    assert main(["claims", "--check", "7"]) == 2
    assert capsys.readouterr().err == ("lossaudit: the checks need scikit-learn: pip install 'lossaudit[demo]'\n")


def test_output_goes_to_a_file(tmp_path, capsys):
    file = tmp_path / "claims.json"
    assert main(["claims", "--format", "json", "--output", str(file)]) == 0
    assert capsys.readouterr().out == ""
    assert json.loads(file.read_text())[0]["name"] == CLAIMS[0].name


def _command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lossaudit", "claims", *words], capture_output=True, text=True, check=False
    )


def test_cheap_checks_pass_in_a_process_of_their_own():
    done = _command("--check", "7", "17", "18")
    assert done.returncode == 0, done.stderr
    *lines, summary = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["7", "17", "18"]
    assert all(" agrees " in line for line in lines)
    assert summary.startswith("3 claims checked in ")
    assert summary.endswith(": 3 agree, 0 differ, 0 open")


def test_checks_as_json(capsys):
    assert main(["claims", "--check", "17", "28", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["passed"] is True
    checked, open_ = shown["claims"]
    assert (checked["result"], checked["derived"], checked["holds"], checked["fails"]) == (
        "agrees",
        "it depends",
        True,
        True,
    )
    assert (open_["result"], open_["derived"]) == ("open", None)


def _with(monkeypatch: pytest.MonkeyPatch, claim: Claim) -> None:
    changed = tuple(claim if each.number == claim.number else each for each in CLAIMS)
    monkeypatch.setattr(claims, "CLAIMS", changed)


def test_a_crash_is_one_line_and_fails(monkeypatch, capsys):
    def check() -> Evidence:
        raise ZeroDivisionError("in\nthe check")

    _with(monkeypatch, replace(CLAIMS[6], check=check))
    assert main(["claims", "--check", "7", "17"]) == 1
    crashed, fine, summary = capsys.readouterr().out.splitlines()
    assert "CRASHED" in crashed
    assert "ZeroDivisionError: in the check" in crashed
    assert " agrees " in fine
    assert summary.endswith("1 agree, 0 differ, 1 crashed, 0 open")


@pytest.mark.xdist_group("claims")
@pytest.mark.parametrize("claim", COMPUTED, ids=lambda claim: claim.name)
def test_an_answer_changed_by_hand_does_not_pass(claim, monkeypatch, capsys):
    assert claim.check is not None
    evidence = claim.check()
    assert evidence.answer is claim.answer, evidence.shown
    for other in OTHERS[claim.answer]:
        _with(monkeypatch, replace(claim, answer=other, check=lambda: evidence))
        assert main(["claims", "--check", claim.name]) == 1
        assert f"DIFFERS (stands: {other.value})" in capsys.readouterr().out


@pytest.mark.timeout(1200)
@pytest.mark.xdist_group("claims")
def test_all_checks_together_derive_all_answers(capsys):
    """As in the command, in two processes; the answers of those that train are changed afterwards."""
    found = list(checking.check_all(CLAIMS))
    assert [(each.claim.number, each.crash, each.result.value) for each in found if not each.passes] == []
    assert [each.claim for each in found] == list(CLAIMS)
    for each in found:
        if each.claim in TRAINED:
            for other in OTHERS[each.claim.answer]:
                assert not replace(each, claim=replace(each.claim, answer=other)).passes


def _other(check: Callable[..., Evidence], *arguments: object) -> Answer:
    return check(*arguments).answer


def test_checks_come_out_otherwise_for_other_losses():
    """Of another loss, whose truth is known, the same check derives another answer."""
    from lossaudit.advise.claims import cross_entropy, mse_on_softmax

    assert _other(mse_on_softmax.not_convex, "cross_entropy") is Answer.FALSE
    assert _other(mse_on_softmax.plateaus, "cross_entropy") is Answer.FALSE
    assert _other(mse_on_softmax.gradient_vanishes, "cross_entropy") is Answer.FALSE
    assert _other(mse_on_softmax.not_for_probabilities, "focal") is Answer.TRUE
    assert _other(cross_entropy.is_convex, "brier") is Answer.FALSE
    assert _other(cross_entropy.is_bowl, "squared_outputs") is Answer.TRUE
    assert _other(cross_entropy.steps_follow_the_error, "brier") is Answer.FALSE
    assert _other(cross_entropy.always_convex, (cross_entropy.linear,)) is Answer.TRUE


def test_trainings_start_alike():
    """A network of the stack is one of `torch.nn.Linear`'s: same range, same seed, same numbers whatever its rate."""
    import torch

    from lossaudit.advise.claims.training import SEEDS, digits, logits, networks

    stack = networks(USUAL.hidden, SEEDS)
    assert [tuple(p.shape) for p in stack] == [(3, 64, 64), (3, 1, 64), (3, 64, 10), (3, 1, 10)]
    assert all(0.9 / 8 < p.abs().max() <= 1 / 8 for p in stack)
    again = networks(USUAL.hidden, SEEDS[1:])
    assert all(torch.equal(p[1:], q) for p, q in zip(stack, again, strict=True))
    x = digits()[0].x[:5]
    inner = torch.relu(x @ stack[0][1] + stack[1][1])
    assert torch.allclose(logits(stack, x)[1], inner @ stack[2][1] + stack[3][1], atol=1e-6)


def test_a_stack_is_trained_as_pytorch_trains_one_network():
    """Side by side with `torch.optim.SGD` on the second network alone, with its own rate and order of batches."""
    import torch

    from lossaudit.advise.claims.training import SEEDS, digits, logits, networks, spoiled, train

    training, _, test = digits()
    stack = networks(1, SEEDS)
    weights, biases = ([p[1].clone() for p in stack[i::2]] for i in (0, 1))
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    with torch.no_grad():
        for layer, weight, bias in zip((model[0], model[2]), weights, biases, strict=True):
            layer.weight.copy_(weight.T)
            layer.bias.copy_(bias[0])
    train(stack, spoiled(training, 0.0, SEEDS), "cross_entropy", (0.03, 0.1, 0.3), SEEDS, 2, test)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    order = torch.Generator().manual_seed(SEEDS[1])
    for _ in range(2):
        for batch in torch.randperm(len(training.x), generator=order).split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(training.x[batch]), training.y[batch]).backward()
            optimizer.step()
    assert torch.allclose(logits(stack, test.x)[1], model(test.x), atol=1e-3)


def test_wrong_labels_are_wrong_and_as_many_as_said():
    from lossaudit.advise.claims.training import SEEDS, digits, spoiled

    training, _, _ = digits()
    changed = spoiled(training, 0.4, SEEDS).y != training.y
    assert changed.shape == (3, len(training.y))
    assert changed.sum(1).tolist() == [round(0.4 * len(training.y))] * 3


def test_the_page_is_up_to_date():
    assert (ROOT / "docs" / "claims.md").read_text(encoding="utf-8") == markdown(CLAIMS), "run tools/pages.py"
