"""Finds a callable by what a user types: `mypkg.losses:my_loss`, `file.py:loss`, `'mypkg:Focal(gamma=2)'`."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from lossaudit import catalogue
from lossaudit.errors import UsageError
from lossaudit.proving.failing import described

_FORM = re.compile(r"(?P<where>[^:()]+):(?P<name>[^\W\d][\w.]*)(?P<call>\(.*\))?", re.DOTALL)


def load(spec: str) -> Callable[..., Any]:
    """The callable that a specification names.

    Args:
        spec: A module or a file, a colon, and a name in it; a call with plain literals as arguments may follow. A class
            without a call is called without arguments. The working directory is importable.

    Raises:
        UsageError: There is none; one line says why.

    >>> load("torch.nn.functional:mse_loss").__name__
    'mse_loss'
    >>> load("torch.nn:HuberLoss(delta=2.0)").delta
    2.0
    """
    found = find(spec)
    if not callable(found):
        where, _, name = spec.strip().partition(":")
        raise UsageError(f"{name.partition('(')[0]} in {where} is {type(found).__name__}, not callable")
    return found


def find(spec: str) -> Any:
    """What a specification names, callable or not: as `load` does.

    Raises:
        UsageError: There is none; one line says why.

    >>> find("math:tau")
    6.283185307179586
    """
    found, arguments = deferred(spec)
    where, name = _form(spec)
    if arguments is not None:
        return _called(found, name, *arguments)
    return _instance(found, where, name) if inspect.isclass(found) else found


def deferred(spec: str) -> tuple[Any, tuple[list[Any], dict[str, Any]] | None]:
    """What a specification names, not called, and the arguments that are written behind it; None without a call.

    Raises:
        UsageError: There is none; one line says why.

    >>> deferred("math:dist([0, 0], [3, 4])")[1]
    ([[0, 0], [3, 4]], {})
    """
    where, name = _form(spec)
    call = spec.strip().removeprefix(f"{where}:{name}")
    module = _file(where) if where.endswith(".py") else _module(where)
    return _attribute(module, where, name), _literals(name + call) if call else None


def _form(spec: str) -> tuple[str, str]:
    """Where, and the name there."""
    form = _FORM.fullmatch(spec.strip())
    if form is None:
        raise UsageError(f"{spec!r} names no callable: write module:name, file.py:name or 'module:Name(x=1)'")
    return form["where"], form["name"]


def _module(name: str) -> ModuleType:
    directory = os.getcwd()
    if directory not in sys.path and "" not in sys.path:
        sys.path.insert(0, directory)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise UsageError(f"there is no module {name!r}, neither here nor installed") from None
        raise UsageError(f"importing {name} raises {described(error)}") from None
    except (Exception, SystemExit) as error:
        raise UsageError(f"importing {name} raises {described(error)}") from None


def _file(path: str) -> ModuleType:
    if not os.path.isfile(path):
        raise UsageError(f"there is no file {path}")
    full = os.path.abspath(path)
    directory = os.path.dirname(full)
    if directory not in sys.path:
        sys.path.insert(0, directory)  # what stands beside a script is importable, as when it is run
    name = f"lossaudit_of_{os.path.basename(full).removesuffix('.py')}"
    spec = importlib.util.spec_from_file_location(name, full)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} cannot be imported")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UsageError(f"importing {path} raises {described(error)}") from None
    return module


def _attribute(module: ModuleType, where: str, name: str) -> Any:
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            there = _public(found)
            near = catalogue.nearest(part, there) or there[:5]
            hint = f"; there is {', '.join(near)}" if near else ""
            raise UsageError(f"{where} has no {name}{hint}")
        found = getattr(found, part)
    return found


def _public(found: Any) -> list[str]:
    """Names in a module or an object that may be meant; what it has imported is not."""
    return [name for name, each in vars(found).items() if not name.startswith("_") and not inspect.ismodule(each)]


def _literals(text: str) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call that is written with literals only."""
    try:
        call = ast.parse(text, mode="eval").body
        if not isinstance(call, ast.Call):
            raise ValueError
        keywords = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
        if len(keywords) != len(call.keywords):
            raise ValueError
        return [ast.literal_eval(argument) for argument in call.args], keywords
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise UsageError(f"{text}: the arguments have to be plain literals, such as 2, 0.5, 'mean' or [1, 2]") from None


def _called(found: Any, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    if not callable(found):
        raise UsageError(f"{name} is {type(found).__name__}, not callable")
    try:
        return found(*args, **keywords)
    except Exception as error:
        raise UsageError(f"{name}(...) raises {described(error)}") from None


def _instance(found: type, where: str, name: str) -> Any:
    """An object of a class that needs no arguments."""
    try:
        inspect.signature(found).bind()
    except TypeError:
        raise UsageError(f"{name} needs arguments: write '{where}:{name}{_parameters(found)}'") from None
    except ValueError:  # a class without a signature
        pass
    return _called(found, name, [], {})


def _parameters(found: type) -> str:
    """The arguments that a class needs, for the user to fill in."""
    needed = [p.name for p in inspect.signature(found).parameters.values() if p.default is p.empty and p.kind < 2]
    return f"({', '.join(f'{name}=...' for name in needed)})"
