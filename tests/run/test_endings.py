"""However a script ends, its exit code and its messages are its own, and what was seen is reported."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest


def wait_for(path: Path, process, seconds=120):
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, f"{path.name} was never written"
        time.sleep(0.05)


def test_a_raised_exception_is_shown_as_python_shows_it(shell, training_script):
    script = training_script("""
        def fail():
            raise ValueError("no such <b>luck</b>")

        train(3)
        fail()
    """)
    plain, ran = shell.python(script.name), shell.audit(script.name)

    assert ran.code == plain.code == 1
    assert "lossaudit/run" not in ran.stderr
    assert "lossaudit/cli" not in ran.stderr
    assert plain.stderr in ran.stderr
    assert ran.result["ended"].startswith("raised ValueError: no such")
    assert "double-softmax" in ran.report
    assert "ValueError" in ran.report
    assert "<b>luck</b>" not in ran.report


def test_an_exception_inside_backward_keeps_its_traceback(shell, training_script):
    script = training_script("""
        train(2)
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        loss.backward()
    """)
    ran = shell.audit(script.name)

    assert ran.code == 1
    assert "Trying to backward through the graph a second time" in ran.stderr
    assert f'File "{script.name}", line' in ran.stderr or f'{script.name}", line' in ran.stderr
    assert "lossaudit/run" not in ran.stderr
    assert {finding["rule"] for finding in ran.result["findings"]} == {"double-softmax"}


@pytest.mark.parametrize(
    ("call", "code", "said"),
    [
        ("sys.exit()", 0, ""),
        ("sys.exit(0)", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit(True)", 1, ""),
        ("sys.exit(-1)", 255, ""),
        ("sys.exit('out of data')", 1, "out of data"),
        ("sys.exit(['a', 1])", 1, "['a', 1]"),
        ("exit(4)", 4, ""),
        ("raise SystemExit", 0, ""),
    ],
)
def test_sys_exit_means_what_it_means_in_python(shell, call, code, said):
    shell.write("script.py", f"import sys\nprint('begun')\n{call}\nprint('never')\n")
    plain, ran = shell.python("script.py"), shell.audit("script.py")

    assert ran.code == plain.code == code
    assert ran.stdout == plain.stdout == "begun\n"
    assert said in ran.stderr
    assert ran.result["exit_code"] == code
    assert (shell.folder / "lossaudit-report.html").exists()


def test_what_was_trained_before_sys_exit_is_reported(shell, training_script):
    ran = shell.audit(training_script("train(3)\nraise SystemExit(7)\n").name)

    assert ran.code == 7
    assert "double-softmax" in ran.report
    assert ran.result["backwards"] == 3


def test_an_interrupt_leaves_the_report_and_pythons_own_status(shell, training_script):
    script = training_script("""
        import pathlib, time
        train(3)
        pathlib.Path("ready").touch()
        while True:
            time.sleep(0.01)
    """)
    process = shell.start("--format", "json", "--output", "result.json", script.name)
    wait_for(shell.folder / "ready", process)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)

    assert process.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
    assert "KeyboardInterrupt" in stderr
    assert "lossaudit/run" not in stderr
    assert "double-softmax" in (shell.folder / "lossaudit-report.html").read_text(encoding="utf-8")


def test_a_script_may_handle_the_interrupt_itself(shell, training_script):
    script = training_script("""
        import pathlib, time
        try:
            train(2)
            pathlib.Path("ready").touch()
            while True:
                time.sleep(0.01)
        except KeyboardInterrupt:
            print("saved a checkpoint")
    """)
    process = shell.start(script.name)
    wait_for(shell.folder / "ready", process)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert stdout == "saved a checkpoint\n"


def test_after_sigterm_the_report_of_the_run_so_far_is_there(shell, training_script):
    script = training_script("""
        import pathlib
        steps = 0
        while True:
            train(1)
            steps += 1
            if steps == 60:
                pathlib.Path("ready").touch()
    """)
    process = shell.start(script.name)
    wait_for(shell.folder / "ready", process)
    process.terminate()
    process.communicate(timeout=60)

    assert process.returncode == -signal.SIGTERM
    assert "double-softmax" in (shell.folder / "lossaudit-report.html").read_text(encoding="utf-8")


def test_stop_after_ends_the_script_cleanly(shell, training_script):
    script = training_script("""
        import atexit
        atexit.register(print, "atexit ran")
        try:
            train(1000, torch.optim.SGD(model.parameters(), lr=0.1).step)
        finally:
            print("finally ran")
    """)
    ran = shell.audit("--stop-after", "5", script.name)

    assert ran.code == 0, ran.stderr
    assert ran.stdout == "finally ran\natexit ran\n"
    assert ran.result["steps"] == 5
    assert "Traceback" not in ran.stderr


def test_stop_after_more_steps_than_there_are_changes_nothing(shell, training_script):
    script = training_script("""
        train(4, torch.optim.SGD(model.parameters(), lr=0.1).step)
        print("end")
    """)
    ran = shell.audit("--stop-after", "50", script.name)

    assert (ran.code, ran.stdout) == (0, "end\n")
    assert ran.result["steps"] == 4


def test_atexit_functions_and_output_buffers_are_the_scripts_own(shell):
    shell.write(
        "script.py",
        """
        import atexit, sys
        atexit.register(lambda: print("last words"))
        sys.stdout.write("no newline")
        sys.stderr.write("to stderr\\n")
        """,
    )
    plain, ran = shell.python("script.py"), shell.run("script.py")

    assert ran.stdout == plain.stdout
    assert "to stderr" in ran.stderr


def test_a_thread_that_still_trains_is_waited_for(shell, training_script):
    script = training_script("""
        import threading, time
        def later():
            time.sleep(0.3)
            print("thread done", flush=True)
        threading.Thread(target=later).start()
        train(2)
    """)
    ran = shell.run(script.name)

    assert (ran.code, ran.stdout) == (0, "thread done\n")
