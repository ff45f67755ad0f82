"""Runs one program in this process and returns what was seen: for tests and for tools that build on lossaudit."""

from __future__ import annotations

from pathlib import Path

from lossaudit.result import Result
from lossaudit.run.hooks import watching
from lossaudit.run.outcome import result_of
from lossaudit.run.program import execute, script
from lossaudit.run.sampling import Schedule
from lossaudit.run.session import Session


def read_program(path: Path | str, schedule: Schedule | None = None) -> Result:
    """Run a script to its end and read every sampled backward pass in it.

    The script runs in this process: `sys.argv`, `sys.path[0]` and `__main__` are put back afterwards.

    Args:
        path: A Python script that uses PyTorch.
        schedule: Which backward passes are read; the default reads as `lossaudit run` does.

    Raises:
        UsageError: The script cannot be read.
    """
    program = script(str(path), ())
    session = Session(schedule or Schedule())
    with watching(session):
        ending = execute(program)
    return result_of(session, kind="run", program=program.name, ended=ending.ended, exit_code=ending.exit_code)
