"""`%load_ext lossaudit` and `%%lossaudit`: watch what one notebook cell trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossaudit.report.shown import Report


def load_ipython_extension(shell: Any) -> None:
    """Register the cell magic `%%lossaudit`."""

    def lossaudit(line: str, cell: str) -> Report | None:
        """Run the cell and report what it trained on."""
        return watch_cell(shell, cell)

    shell.register_magic_function(lossaudit, magic_kind="cell")


def watch_cell(shell: Any, cell: str) -> Report | None:
    """Run a cell as it is and report on it; None after an error, which the shell has shown."""
    from lossaudit.report.shown import Report
    from lossaudit.run.hooks import watching
    from lossaudit.run.outcome import result_of
    from lossaudit.run.sampling import Schedule
    from lossaudit.run.session import Session

    session = Session(Schedule())
    with watching(session):
        outcome = shell.run_cell(cell)
    error = outcome.error_in_exec
    ended = "finished" if error is None else f"raised {type(error).__name__}: {error}"
    if outcome.error_before_exec is not None or (error is not None and not session.schedule.seen):
        return None
    return Report(result_of(session, kind="run", program=f"cell {shell.execution_count}", ended=ended))
