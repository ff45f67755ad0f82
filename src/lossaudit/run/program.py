"""Runs a Python program in this process as `python` would have: arguments, `__main__`, path, exit code, traceback."""

from __future__ import annotations

import builtins
import importlib.util
import io
import os
import signal
import sys
import types
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType, TracebackType

from lossaudit.errors import UsageError

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is ready to run.

    Attributes:
        name: As the user gave it.
        arguments: `sys.argv` of the program; the first is its path.
        path: File that is run.
        code: Compiled code, or None when it could not be compiled; `error` says why.
        spec: Of a module that is run with `-m`; None for a script.
        search: What stands first on `sys.path`.
    """

    name: str
    arguments: tuple[str, ...]
    path: str
    code: CodeType | None
    spec: ModuleSpec | None
    search: str
    error: SyntaxError | ValueError | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a program ended.

    Attributes:
        exit_code: What its process would have returned.
        ended: In words.
        interrupted: Whether it was ended by Ctrl-C.
    """

    exit_code: int
    ended: str
    interrupted: bool = False


def script(path: str, arguments: tuple[str, ...]) -> Program:
    """A script, as `python PATH ARGS` runs it.

    Raises:
        UsageError: There is no such file, or it cannot be read.
    """
    if os.path.isdir(path):
        inside = os.path.join(path, "__main__.py")
        if not os.path.exists(inside):
            raise UsageError(f"{path} is a directory without a __main__.py: name the script to run")
        return _compiled(path, (path, *arguments), inside, None, os.path.abspath(path))
    if not os.path.exists(path):
        raise UsageError(f"{path}: no such file; name a Python script, or a module with -m")
    here = os.path.abspath(path)  # as Python names a script, so that the name outlives a change of directory
    return _compiled(path, (path, *arguments), here, None, os.path.dirname(os.path.realpath(here)))


def module(name: str, arguments: tuple[str, ...]) -> Program:
    """A module, as `python -m NAME ARGS` runs it.

    Raises:
        UsageError: There is no such module, or it is not made of source text.
    """
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except (ImportError, ValueError) as error:
        raise UsageError(f"-m {name}: {error}") from error
    if spec is None:
        raise UsageError(f"-m {name}: no such module; it has to be importable from {os.getcwd()} or installed")
    if spec.origin is None or not isinstance(spec.loader, SourceFileLoader):
        raise UsageError(f"-m {name}: not made of Python source, so it cannot be run here")
    return _compiled(f"-m {name}", (spec.origin, *arguments), spec.origin, spec, os.getcwd())


def _compiled(name: str, arguments: tuple[str, ...], path: str, spec: ModuleSpec | None, search: str) -> Program:
    path = os.path.abspath(path)  # as Python does since 3.9
    try:
        with io.open_code(path) as file:
            source = file.read()
    except OSError as error:
        raise UsageError(f"{name}: cannot be read ({error.strerror})") from error
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return Program(name, arguments, path, None, spec, search, error)
    return Program(name, arguments, path, code, spec, search)


def execute(program: Program) -> Ending:
    """Run a program to its end. Its exceptions are shown as Python shows them, without our own frames."""
    sys.argv = list(program.arguments)
    if program.spec is None:
        sys.path[0] = program.search
    if program.code is None:
        assert program.error is not None
        _show(program.error)
        return Ending(1, f"raised {type(program.error).__name__}: {program.error}")
    main = _main_module(program)
    sys.modules["__main__"] = main
    try:
        exec(program.code, main.__dict__)
    except SystemExit as ending:
        return _exited(ending)
    except KeyboardInterrupt as error:
        _show(error)
        return Ending(128 + signal.SIGINT, "interrupted", interrupted=True)
    except BaseException as error:
        _show(error)
        first_line = str(error).splitlines()[0] if str(error) else ""
        return Ending(1, f"raised {type(error).__name__}: {first_line}".rstrip(": "))
    return Ending(0, "finished")


def _main_module(program: Program) -> ModuleType:
    main = types.ModuleType("__main__")
    main.__file__ = program.path
    main.__builtins__ = builtins  # type: ignore[attr-defined]
    main.__spec__ = program.spec
    if program.spec is not None:
        main.__package__ = program.spec.parent
        main.__loader__ = program.spec.loader
    else:
        main.__package__ = None
        main.__loader__ = SourceFileLoader("__main__", program.path)
    main.__dict__.setdefault("__annotations__", {})
    return main


def _exited(ending: SystemExit) -> Ending:
    """What `sys.exit` means: nothing is success, a number is the code, anything else is said and means failure."""
    code = ending.code
    if code is None:
        return Ending(0, "finished")
    if isinstance(code, int):
        return Ending(code & 0xFF, "finished" if code == 0 else f"exited with {code}")
    print(code, file=sys.stderr)
    return Ending(1, f"exited: {code}")


def _show(error: BaseException) -> None:
    """Print a traceback without the frames of this package, which the program did not write."""
    frames: list[TracebackType] = []
    trace = error.__traceback__
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(_OWN):
            frames.append(trace)
        trace = trace.tb_next
    rebuilt: TracebackType | None = None
    for frame in reversed(frames):
        rebuilt = TracebackType(rebuilt, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    error.__traceback__ = rebuilt
    sys.excepthook(type(error), error, rebuilt)
