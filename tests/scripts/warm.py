"""Runs programs in forks of a process that has done the imports already, which saves most of their time.

Reads one request per line from stdin, `{"argv": [...], "cwd": ..., "stdout": ..., "stderr": ..., "timeout": ...}`,
where `argv` is what follows `python -m` or, if it ends in .py, a script; answers with the exit code per line.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import sys
import threading
import time
import traceback

import sklearn.datasets  # noqa: F401
import torch
import torch._dynamo  # the first optimizer would import it, which takes as long as torch itself

import lossaudit.cli.run
import lossaudit.report.html
import lossaudit.report.json
import lossaudit.run.hooks
import lossaudit.run.outcome  # noqa: F401

torch.set_num_threads(1)


def become(request):
    """In the fork: turn into the program that was asked for, and end as it ends."""
    os.setsid()
    os.chdir(request["cwd"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    program, *arguments = request["argv"]
    sys.argv = [program, *arguments]
    code = 0
    try:
        if program.endswith(".py"):
            sys.path[0] = os.path.dirname(program)
            runpy.run_path(program, run_name="__main__")
        else:
            sys.path[0] = request["cwd"]
            runpy.run_module(program, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    # What an interpreter does at its end, but for the second that it takes to clear torch's modules.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def wait(pid, timeout):
    """The exit code as `subprocess` gives it; a program that takes too long is ended, its children with it."""
    end = time.monotonic() + timeout
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            os.killpg(pid, signal.SIGKILL)
            end = float("inf")
        time.sleep(0.01)


if __name__ == "__main__":
    gc.freeze()  # forks need not copy what no collection will touch
    while line := sys.stdin.readline():
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(request)
        print(wait(pid, request["timeout"]), flush=True)
