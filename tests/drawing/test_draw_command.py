"""`lossaudit draw`: what it writes, what it says, and how it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import lossaudit
from lossaudit.cli import draw as command
from lossaudit.cli.main import main
from lossaudit.drawing import model, named
from lossaudit.errors import UsageError
from lossaudit.landscape.store import load

OWN = """
import torch
def hard(z, y):
    return ((torch.softmax(z, 1) - torch.nn.functional.one_hot(y, z.shape[1])) ** 2).sum()
def make():
    torch.manual_seed(0)
    x, y = torch.randn(12, 2), torch.arange(12) % 3
    return torch.nn.Linear(2, 3), torch.nn.CrossEntropyLoss(), (x, y)
def wide():
    return torch.nn.Linear(2, 3), torch.nn.CrossEntropyLoss(), (torch.zeros(4, 5), torch.zeros(4).long())
def labels():
    return torch.nn.Linear(2, 3), torch.nn.CrossEntropyLoss(), (torch.zeros(4, 2), torch.full((4,), 5))
def none():
    return torch.nn.Linear(2, 3), torch.nn.CrossEntropyLoss(), (torch.zeros(0, 2), torch.zeros(0).long())
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


def drawn(*arguments: str) -> None:
    assert main(["draw", *arguments, "--size", "11"]) == 0


def test_the_textbook_picture_is_one_command_and_one_page(here, capsys):
    drawn("mse:softmax", "cross_entropy", "zero_one")
    page = (here / "lossaudit-picture.html").read_text(encoding="utf-8")
    told = capsys.readouterr().out
    assert told.splitlines()[0] in page
    assert "Squared error on softmax is not convex" in told
    assert "Cross-entropy is convex" in told
    assert told.splitlines()[-1].endswith("lossaudit-picture.html")
    assert page.count("witness") > 1
    assert len(page) < 300_000


def test_the_suffix_says_the_format(here):
    drawn("cross_entropy", "--output", "a.npz")
    drawn("cross_entropy", "--output", "a.json")
    drawn("cross_entropy", "--format", "svg")
    picture = load(here / "a.npz")
    document = json.loads((here / "a.json").read_text())
    np.testing.assert_allclose(document["panels"][0]["frames"][0]["loss"], picture.panels[0].surface.loss)
    assert "<svg" in (here / "lossaudit-picture.svg").read_text(encoding="utf-8")


def test_a_stored_picture_is_shown_again(here, capsys):
    drawn("cross_entropy", "--output", "a.npz")
    first = capsys.readouterr().out.splitlines()[0]
    assert main(["draw", "--from", "a.npz", "--output", "b.html"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == first
    assert (here / "b.html").exists()


def test_a_loss_of_ones_own_is_drawn_as_the_named_one(here):
    drawn("own.py:hard", "--shape", "4,3", "--target", "index:1", "--output", "own.npz")
    drawn("mse:softmax", "--target", "1", "--output", "named.npz")
    own, known = (load(here / f"{name}.npz").panels[0].surface for name in ("own", "named"))
    np.testing.assert_allclose(own.loss, known.loss, atol=1e-14)
    assert own.x.name == known.x.name == "z1, logit of the true class (nats)"


def test_options_reach_the_picture(here):
    drawn("focal", "--set", "gamma=3", "--set", "temperature=2", "--at=0,1,-1", "--free", "2,0", "--output", "a.npz")
    picture = load(here / "a.npz")
    surface = picture.panels[0].surface
    assert surface.name == "Focal loss on softmax, gamma = 3, temperature 2"
    assert surface.x.values[5] == -1
    p = torch.softmax(torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64) / 2, 0)[0]
    assert surface.loss[5, 5] == pytest.approx(float(-((1 - p) ** 3) * p.log()))


def test_a_direction_is_written_with_semicolons(here):
    drawn("cross_entropy", "--free", "1,-1,0;0,0,1", "--output", "a.npz")
    directions = load(here / "a.npz").directions
    np.testing.assert_array_equal(directions["direction 0"], [1, -1, 0])
    np.testing.assert_array_equal(directions["direction 1"], [0, 0, 1])


def test_a_model_is_drawn_through_its_parameters(here, capsys):
    drawn("--model", "own.py:make", "--directions", "weight:0,bias:0", "--output", "a.npz")
    surface = load(here / "a.npz").panels[0].surface
    assert surface.loss.shape == (11, 11)
    assert not list(here.glob("*.part"))
    assert "Picture:" in capsys.readouterr().out


def test_an_interruption_says_what_is_kept_and_how_to_go_on(here, monkeypatch, capsys):
    def interrupted(training, *, partial, **_):
        partial.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(model, "draw_model", interrupted)
    assert main(["draw", "--model", "own.py:make", "--output", "a.html"]) == 130
    assert "the same command with --resume goes on" in capsys.readouterr().err
    assert not (here / "a.html").exists()

    seen = []

    def resumed(training, *, partial, **_):
        seen.append(partial.read_bytes())
        raise UsageError("enough")

    monkeypatch.setattr(model, "draw_model", resumed)
    assert main(["draw", "--model", "own.py:make", "--output", "a.html", "--resume"]) == 2
    assert seen == [b"half"]


def test_ctrl_c_while_losses_are_drawn_leaves_no_traceback(monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(named, "draw_losses", interrupted)
    assert main(["draw", "mse:softmax"]) == 130
    assert capsys.readouterr().err == "lossaudit: interrupted\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name losses"),
        (["mse", "--model", "own.py:make"], "one of them at a time"),
        (["nosuch"], "there is no loss 'nosuch'"),
        (["mse:softmax", "--classes", "1"], "two classes or more"),
        (["mse:softmax", "--size", "10"], "odd number"),
        (["mse:softmax", "--reach", "nan"], "a number from 1e-06 to 1e+06"),
        (["mse:softmax", "--reach", "1e300"], "a number from 1e-06 to 1e+06"),
        (["mse:softmax", "--target", "nan"], "write a finite number"),
        (["mse:softmax", "--at=nan,0,0"], "write numbers"),
        (["mse:softmax", "--free", "0,seven"], "write numbers"),
        (["mse:softmax", "--free", "0,7"], "variables 0 to 2"),
        (["mse:softmax", "--target", "red"], "write a number"),
        (["own.py:hard", "--target", "colour:2"], "there are no 'colour' targets"),
        (["mse:softmax", "--target", "index"], "for a loss of your own"),
        (["mse:softmax", "--output", "nowhere/x.html"], "there is no folder"),
        (["mse:softmax", "--output", "x.pdf"], "ends in .pdf: end it in .html"),
        (["mse:softmax", "--output", "x"], "has no suffix"),
        (["mse:softmax", "--output", "x.png", "--format", "svg"], "disagree"),
        (["--from", "own.py"], "no picture that lossaudit has saved"),
        (["--from", "nothing.npz"], "nothing.npz: "),
        (["--from", "other.npz"], "no picture that lossaudit has saved"),
        (["focal", "--slide", "delta=0..1"], "no such parameter"),
        (["focal", "--set", "gamma"], "write NAME=VALUE"),
        (["mse:softmax", "--seed", "3"], "--seed belongs to --model"),
        (["--model", "own.py:make", "--head", "softmax"], "--head belongs to losses by name"),
        (["--model", "own.py:make", "--resume"], "no ./lossaudit-picture.html.part to go on from"),
        (["--model", "own.py:nope"], "own.py has no nope; there is "),
        (["--model", "own.py:wide"], "the model raises RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
        (["--model", "own.py:labels"], "the loss raises IndexError: Target 5 is out of bounds"),
        (["--model", "own.py:none"], "there is no sample in it"),
        (["--model", "own.py:make", "--size", "0"], "odd number from 3 to 1001"),
        (["--model", "own.py:make", "--size", "1000001"], "odd number from 3 to 1001"),
        (["--model", "own.py:make", "--reach", "1e300"], "from 1e-06 to 1e+06"),
        (["--model", "own.py:make", "--tolerance", "nan"], "it is a share of the range"),
        (["--model", "own.py:make", "--seed", str(2**80)], "of 64 bits"),
        (["--model", "own.py:make", "--directions", "hessian", "--normalize", "layer"], "is for random directions"),
        (["--model", "own.py:make", "--checkpoints", "a.pt"], "for the directions trajectory and between"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(here, arguments, said, capsys):
    np.savez(here / "other.npz", a=np.zeros(3))
    assert main(["draw", *arguments]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert said in error
    assert error.count("\n") == 1
    assert not list(here.glob("lossaudit-picture*"))


def test_progress_is_for_people_who_look(monkeypatch, capsys):
    progress = command.Progress("drawing")
    progress(1, 3)
    progress.end()
    assert capsys.readouterr().err == ""


def test_in_python_losses_and_models_are_drawn_alike():
    shown = lossaudit.draw("focal", "cross_entropy", size=11, gamma=1)
    assert [surface.name for surface in shown.surfaces] == ["Focal loss on softmax, gamma = 1", "Cross-entropy"]
    one = lossaudit.draw(torch.nn.CrossEntropyLoss(), torch.zeros(2, 3), torch.tensor([0, 1]), size=11)
    np.testing.assert_allclose(one.surfaces[0].loss, lossaudit.draw("cross_entropy", size=11).surfaces[0].loss)
    x, y = torch.randn(6, 2), torch.arange(6) % 3
    network = torch.nn.Linear(2, 3)
    shown = lossaudit.draw(model=(network, torch.nn.CrossEntropyLoss(), (x, y)), size=5)
    exact = torch.nn.functional.cross_entropy(network(x), y).item()
    assert shown.surfaces[0].loss[2, 2] == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((), {}, "name a loss"),
        (("mse",), {"model": "x:y"}, "losses or a model"),
        ((), {"model": 3}, "'module:factory' or a tuple"),
        ((torch.nn.CrossEntropyLoss(),), {}, "with an example of its arguments"),
        ((torch.nn.CrossEntropyLoss(), torch.zeros(2, 3), torch.tensor([0, 1])), {"gamma": 2}, "for a loss by name"),
        (("focal",), {"delta": 2}, "focal has gamma"),
    ],
)
def test_in_python_mistakes_are_said_in_one_line(arguments, options, said):
    with pytest.raises(UsageError) as raised:
        lossaudit.draw(*arguments, **options)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_scale_whose_low_end_is_almost_zero_begins_there():
    for kind in ("surface", "field"):
        assert named.draw_losses(["mse:softmax"], kind=kind, size=11).scale.low == 0


def test_a_caption_says_what_the_colours_are_only_where_they_are_not_the_loss():
    alone, beside = named.draw_losses(["huber"], size=11), named.draw_losses(["mse:softmax", "cross_entropy"], size=11)
    assert "Colours" not in " ".join(alone.caption)
    assert "loss / its largest value here" in " ".join(beside.caption)


def test_help_names_every_kind_of_directions(capsys):
    with pytest.raises(SystemExit):
        main(["draw", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(f" {each}" in said for each in model.DIRECTIONS)


def test_a_caption_holds_for_every_frame_of_a_slider():
    caption = " ".join(named.draw_losses(["huber"], slider="delta=0.5..3:3", size=11).caption)
    assert "huber(z, y, delta)" in caption
    assert "delta=1" not in caption


def test_a_loader_without_a_return_is_no_held_out_data(here, capsys):
    (here / "own.py").write_text(OWN + "def forgotten():\n    pass\n")
    assert main(["audit", "own.py:make", "--held-out", "own.py:forgotten"]) == 2
    assert "own.py:forgotten gives None" in capsys.readouterr().err


def test_the_report_and_what_is_printed_are_two_files(here, capsys):
    assert main(["audit", "own.py:make", "--report", "a.html", "--output", "a.html"]) == 2
    assert "the same file" in capsys.readouterr().err
    assert not (here / "a.html").exists()


@pytest.mark.parametrize(
    ("losses", "options", "said"),
    [
        ((torch.nn.Linear(2, 3), torch.nn.CrossEntropyLoss(), (torch.zeros(3, 2), torch.arange(3))), {}, "draw.model="),
        ((), {"model": "own.py:make", "kind": "field"}, "kind= belongs to losses by name"),
        ((), {"model": ("a", "b")}, "a tuple .model, loss_fn, data"),
    ],
)
def test_a_model_in_the_wrong_place_is_said_in_python(losses, options, said):
    with pytest.raises(UsageError, match=said):
        lossaudit.draw(*losses, **options)
