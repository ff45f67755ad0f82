"""Runs a mended script for `lossaudit run --with-fix` and leaves what was seen in a file: `FILE SCRIPT ARGS...`."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from lossaudit.errors import LossauditError
from lossaudit.run import children
from lossaudit.run.after_import import after_import
from lossaudit.run.program import execute, script


def main() -> int:
    """Run the script and save its result."""
    answer, path, *arguments = sys.argv[1:]
    try:
        program = script(path, tuple(arguments))
    except LossauditError as error:
        print(f"lossaudit: {error}", file=sys.stderr)
        return 2
    seen: list[object] = []

    def start(_: ModuleType) -> None:
        from lossaudit.run.hooks import Hooks
        from lossaudit.run.sampling import Schedule
        from lossaudit.run.session import Session

        session = Session(Schedule())
        seen.append(session)
        Hooks(session, None).install()

    after_import("torch", start)
    ending = execute(program)
    from lossaudit.run.outcome import result_of
    from lossaudit.run.session import Session

    session = seen[0] if seen and isinstance(seen[0], Session) else None
    result = result_of(session, kind="run", program=program.name, ended=ending.ended, exit_code=ending.exit_code)
    children.save(result, Path(answer))
    return ending.exit_code


if __name__ == "__main__":
    sys.exit(main())
