"""What a user may ask for wrongly: one clear line, exit code 2, and the script is not started."""

from __future__ import annotations

import os

import pytest


def one_line(ran):
    lines = ran.stderr.strip().splitlines()
    assert len(lines) == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    return lines[0]


def test_a_missing_script(shell):
    ran = shell.run("nowhere.py")

    assert ran.code == 2
    assert "nowhere.py" in one_line(ran)


def test_no_script_at_all(shell):
    ran = shell.run()

    assert ran.code == 2
    assert "SCRIPT" in one_line(ran)


def test_a_directory(shell):
    (shell.folder / "package").mkdir()
    ran = shell.run("package")

    assert ran.code == 2
    assert "package is a directory" in one_line(ran)


def test_a_directory_with_a_main_file_runs_as_in_python(shell):
    shell.write("app/__main__.py", "import sys, helper\nprint(__name__, sys.argv, helper.VALUE)\n")
    shell.write("app/helper.py", "VALUE = 5\n")
    plain, ran = shell.python("app"), shell.run("app")

    assert ran.stdout == plain.stdout
    assert ran.code == 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_script(shell):
    shell.write("script.py", "print(1)\n").chmod(0)
    ran = shell.run("script.py")

    assert ran.code == 2
    assert "script.py" in one_line(ran)


def test_a_syntax_error_is_shown_as_python_shows_it(shell):
    shell.write("script.py", "x = 1\ndef broken(:\n    pass\n")
    plain, ran = shell.python("script.py"), shell.run("script.py")

    assert ran.code == plain.code == 1
    assert "SyntaxError" in ran.stderr
    assert "line 2" in ran.stderr
    assert "lossaudit/run" not in ran.stderr


def test_a_script_with_null_bytes_is_refused_without_our_frames(shell):
    (shell.folder / "script.py").write_bytes(b"print(1)\0")
    ran = shell.run("script.py")

    assert ran.code != 0
    assert "null bytes" in ran.stderr
    assert "lossaudit/run" not in ran.stderr


def test_a_missing_module(shell):
    ran = shell.run("-m", "no_such_package.train")

    assert ran.code == 2
    assert "no_such_package" in one_line(ran)


def test_m_without_a_module(shell):
    ran = shell.run("-m")

    assert ran.code == 2
    assert "module" in one_line(ran).lower()


@pytest.mark.parametrize("option", ["--report", "--output"])
def test_an_output_that_cannot_be_written_is_said_before_the_script_starts(shell, option):
    shell.write("script.py", "print('started')\n")
    ran = shell.run(option, "no/such/folder/out.html", "script.py")

    assert ran.code == 2
    assert ran.stdout == ""
    assert "no/such/folder" in one_line(ran)


@pytest.mark.parametrize("option", ["--report", "--output"])
def test_an_output_that_is_a_directory(shell, option):
    shell.write("script.py", "print('started')\n")
    (shell.folder / "folder").mkdir()
    ran = shell.run(option, "folder", "script.py")

    assert (ran.code, ran.stdout) == (2, "")
    assert "folder is a directory" in one_line(ran)


@pytest.mark.parametrize("value", ["0", "-3", "many", "1.5"])
def test_stop_after_wants_a_positive_number(shell, value):
    shell.write("script.py", "print('started')\n")
    ran = shell.run(f"--stop-after={value}", "script.py")

    assert (ran.code, ran.stdout) == (2, "")
    assert "--stop-after" in one_line(ran)


def test_an_unknown_rule_for_fail_on_gets_the_nearest_one(shell):
    shell.write("script.py", "print('started')\n")
    ran = shell.run("--fail-on", "double-sofmax", "script.py")

    assert (ran.code, ran.stdout) == (2, "")
    assert "double-softmax" in one_line(ran)


@pytest.mark.parametrize(
    ("level", "code"), [("error", 1), ("warning", 1), ("double-softmax", 1), ("mse-on-softmax", 0)]
)
def test_fail_on(shell, training_script, level, code):
    ran = shell.run("--fail-on", level, training_script("train(2)\n").name)

    assert ran.code == code


def test_fail_on_keeps_the_scripts_own_failure(shell, training_script):
    ran = shell.run("--fail-on", "error", training_script("train(2)\nraise SystemExit(5)\n").name)

    assert ran.code == 5
