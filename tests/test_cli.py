"""The command line: what it says, and with which code it ends."""

from __future__ import annotations

import pytest

import lossaudit
from lossaudit.cli.main import COMMANDS, PLANNED, main


def test_help_lists_every_command_and_nothing_that_is_only_planned(capsys):
    assert main([]) == 0
    bare = capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown == bare
    for command, summary in COMMANDS.items():
        assert command in shown
        assert summary in " ".join(shown.split())
    assert not any(f"    {name} " in shown for name in PLANNED)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_own_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"lossaudit {command}" in capsys.readouterr().out


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"lossaudit {lossaudit.__version__}\n"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("rn", "run"),
        ("rule", "rules"),
        ("lnt", "lint"),
        ("explian", "explain"),
        ("check", "recheck"),
        ("xyzzy", "there is lint"),
    ],
)
def test_an_unknown_command_gets_the_nearest_ones(name, wanted, capsys):
    assert main([name]) == 2
    error = capsys.readouterr().err
    assert f"there is no command '{name}'" in error
    assert wanted in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", PLANNED)
def test_a_planned_command_says_so(name, capsys):
    assert main([name, "whatever", "--option"]) == 2
    error = capsys.readouterr().err
    assert f"{name} is planned" in error
    assert lossaudit.__version__ in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["losses", "foo"], "unrecognized arguments: foo; see lossaudit losses --help"),
        (["rules", "extra"], "see lossaudit rules --help"),
        (["--nonsense"], "see lossaudit --help"),
    ],
)
def test_a_word_too_many_points_to_the_help_of_its_command(arguments, wanted, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert wanted in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["run"], "run needs a script"),
        (["run", "-m"], "-m needs the name of a module"),
        (["run", "no_such_script.py"], "no_such_script.py: no such file"),
        (["run", "--every", "0", "x.py"], "'0' is no whole number above 0"),
        (["run", "--stop-after", "few", "x.py"], "'few' is no whole number above 0"),
        (["run", "--format", "pdf", "x.py"], "pdf"),
        (["explain", "mse-on-sofmax"], "mse-on-softmax"),
        (["rules", "extra"], "extra"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_a_wrong_call_ends_with_2_and_one_line(arguments, wanted, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.py").write_text("")
    try:
        code = main(arguments)
    except SystemExit as ended:
        code = ended.code
    error = capsys.readouterr().err
    assert code == 2
    assert wanted in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--report", "no/such/folder.html"], "there is no folder"),
        (["--report", "."], "is a directory"),
        (["--output", "no/such/file"], "there is no folder"),
        (["--fail-on", "mse-on-sofmax"], "did you mean mse-on-softmax"),
    ],
)
def test_options_are_checked_before_the_script_runs(options, wanted, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.py").write_text("open('ran', 'w')")
    assert main(["run", *options, "x.py"]) == 2
    assert wanted in capsys.readouterr().err
    assert not (tmp_path / "ran").exists()


def test_rules_and_explain_agree(capsys):
    assert main(["rules"]) == 0
    rows = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert len(rows) > 10
    assert len({code for code, _ in rows}) == len({name for _, name in rows}) == len(rows)
    for code, name in rows:
        assert main(["explain", name]) == 0
        by_name = capsys.readouterr().out
        assert main(["explain", code]) == 0
        assert capsys.readouterr().out == by_name
        assert name in by_name
