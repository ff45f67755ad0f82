"""Watches the processes that a program starts (`mp.spawn`, torchrun), through the environment as coverage does.

The parent puts a folder with a `sitecustomize.py` first on the children's `PYTHONPATH`; each Python child then
starts watching when it imports torch, and leaves what it saw in a private folder when it ends.
"""

from __future__ import annotations

import atexit
import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from lossaudit.run.after_import import after_import, cancel

if TYPE_CHECKING:
    from lossaudit.result import Result

_VARIABLE = "LOSSAUDIT_CHILDREN"
_SITE = str(Path(__file__).parent / "site")


@dataclass(frozen=True, slots=True)
class Nursery:
    """Where children leave what they saw."""

    folder: Path

    def collect(self) -> tuple[Result, ...]:
        """What the children left, in the order of their process numbers."""
        return tuple(load(path) for path in sorted(self.folder.glob("*.result")))


@contextmanager
def watched() -> Iterator[Nursery]:
    """Children that are started inside the block are watched."""
    folder = Path(tempfile.mkdtemp(prefix="lossaudit-"))
    before = {name: os.environ.get(name) for name in (_VARIABLE, "PYTHONPATH")}
    os.environ[_VARIABLE] = str(folder)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (_SITE, before["PYTHONPATH"])))
    try:
        yield Nursery(folder)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)


def start() -> None:
    """In a child: watch, if a parent asked for it."""
    folder = os.environ.get(_VARIABLE)
    if folder and os.path.isdir(folder):
        after_import("torch", _start_here)


def resign() -> None:
    """In a child that is itself `lossaudit run`: it watches for itself."""
    if os.environ.pop(_VARIABLE, None) is not None:
        cancel("torch", _start_here)


def save(result: Result, path: Path) -> None:
    """Leave a result for the parent, in one step."""
    beside = path.with_suffix(".part")
    beside.write_bytes(pickle.dumps(result))
    os.replace(beside, path)


def load(path: Path) -> Result:
    """A result that a process of ours left in a private folder."""
    return pickle.loads(path.read_bytes())


def _start_here(_: ModuleType) -> None:
    from lossaudit.run.hooks import Hooks
    from lossaudit.run.outcome import result_of
    from lossaudit.run.sampling import Schedule
    from lossaudit.run.session import Session

    pid = os.getpid()
    path = Path(os.environ[_VARIABLE], f"{pid:010}.result")

    def leave(session: Session, *, final: bool = False) -> None:
        if os.getpid() == pid and session.schedule.seen and path.parent.is_dir():
            save(result_of(session, kind="run", program=" ".join(sys.argv), final=final), path)

    session = Session(Schedule(), publish=leave)
    Hooks(session, None).install()
    atexit.register(leave, session, final=True)
