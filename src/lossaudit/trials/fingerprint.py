"""What an outcome depends on, so that the store knows when a trial has to be run again.

Two fingerprints are equal only if what they were taken of trains alike: source files and all that these import, code as
it is loaded, values that are bound to it or that it refers to, and what it computes. A change that does not matter,
such as a comment, may change a fingerprint: then a trial is run once more than needed. The reverse must not happen:
what cannot be looked into has another fingerprint each time.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import json
import platform
import sys
import sysconfig
import types
import uuid
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lossaudit import __version__
from lossaudit.trials.alone import alone

_OWN = str(Path(__file__).parents[1]) + "/"
_LIBRARIES = tuple({sysconfig.get_path(name) + "/" for name in ("stdlib", "platstdlib", "purelib", "platlib")} | {_OWN})
_PLAIN = (types.NoneType, bool, int, str)


def of(value: Any) -> str:
    """SHA-256 of any value: a callable with its code and what is bound to it, tensors with their bytes, objects.

    >>> of([1, 2.0]) == of([1, 2.0]), of(torch.zeros(2)) == of(torch.zeros(2, dtype=torch.float64))
    (True, False)
    """
    try:
        return _Looking().at(value)
    except RecursionError:
        return uuid.uuid4().hex


def of_model(make: Callable[[], nn.Module], batch: Any) -> dict[str, str]:
    """Of a model: its factory, its weights at seed 0, its code, and what it answers to a batch.

    Args:
        make: The factory.
        batch: Inputs, two rows or more: a tensor, a tuple, or a mapping of tensors.

    Returns:
        As JSON. Random states are left as they were.
    """
    with alone(0):
        model = make()
        state = [(name, value) for name, value in model.state_dict().items()]
        kinds = list({type(module): None for module in model.modules()})
        answers = [_answer(model.train(mode), batch) for mode in (False, True)]
    return {"factory": of(make), "state": of(state), "code": of(kinds), "answers": of(answers)}


def of_call(function: Callable[..., Any], *arguments: Any) -> dict[str, str]:
    """Of a user's function: what it is, and what it gives for these arguments."""
    with alone(0):
        given = _outcome(lambda: function(*arguments))
    return {"is": of(function), "gives": of(given)}


def environment() -> dict[str, str]:
    """What else decides the bits: versions, processor, device."""
    return {
        "lossaudit": __version__,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "python": ".".join(platform.python_version_tuple()[:2]),
        "processor": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "device": "cpu, one thread",
    }


def _answer(model: nn.Module, batch: Any) -> Any:
    def call() -> Any:
        torch.manual_seed(0)
        with torch.no_grad():
            if isinstance(batch, Mapping):
                return model(**batch)
            return model(*batch) if isinstance(batch, (tuple, list)) else model(batch)

    return _outcome(call)


def _outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # the trial meets it again, and tells it
        return f"{type(error).__name__}: {error}"


class _Looking:
    """Looks at a value and all that belongs to it."""

    def __init__(self) -> None:
        self._done: dict[int, tuple[Any, str]] = {}  # holds the objects, so that no number is given twice
        self._within: dict[int, int] = {}

    def at(self, value: Any) -> str:
        if isinstance(value, _PLAIN):
            return _hash([type(value).__name__, value])
        if isinstance(value, float | complex | bytes | np.generic):
            return _hash([type(value).__name__, repr(value)])
        known = self._done.get(id(value))
        if known is not None:
            return known[1]
        if id(value) in self._within:
            return _hash(["again", self._within[id(value)]])
        self._within[id(value)] = len(self._within)
        try:
            said = _hash(self._parts(value))
        finally:
            del self._within[id(value)]
        self._done[id(value)] = (value, said)
        return said

    def _parts(self, value: Any) -> list[Any]:
        """A kind, and what is in it, as JSON."""
        if isinstance(value, Tensor):
            return self._tensor(value)
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            content = hashlib.sha256(np.ascontiguousarray(value).data).hexdigest()
            return ["array", str(value.dtype), value.shape, content]
        if type(value) in (list, tuple):
            return [type(value).__name__, *map(self.at, value)]
        if type(value) in (set, frozenset):
            return ["set", *sorted(map(self.at, value))]
        if type(value) in (dict, types.MappingProxyType):
            return ["dict", *((self.at(key), self.at(each)) for key, each in value.items())]
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, types.MethodType):
            return ["method", self.at(value.__func__), self.at(value.__self__)]
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, (staticmethod, classmethod)):
            return [type(value).__name__, self.at(value.__func__)]
        if isinstance(value, property):
            return ["property", *map(self.at, (value.fget, value.fset, value.fdel))]
        if isinstance(value, types.ModuleType):
            return self._module(value)
        if isinstance(value, types.CodeType):
            return self._code(value)
        return self._object(value)

    def _tensor(self, value: Tensor) -> list[Any]:
        if value.layout is not torch.strided or value.is_quantized:
            return ["tensor", uuid.uuid4().hex]
        flat = value.detach().cpu().resolve_conj().resolve_neg().contiguous().flatten()
        content = hashlib.sha256(flat.view(torch.uint8).numpy().data).hexdigest() if len(flat) else ""
        return ["tensor", str(value.dtype), list(value.shape), value.requires_grad, content]

    def _function(self, value: types.FunctionType) -> list[Any]:
        said = ["function", value.__qualname__, *_origin(value.__module__)]
        if _is_library(_file(value.__module__)) and not value.__closure__:
            return said
        bound = [cell.cell_contents for cell in value.__closure__ or () if _is_full(cell)]
        seen = {name: value.__globals__[name] for name in _names(value.__code__) if name in value.__globals__}
        return said + [
            self.at(part)
            for part in (value.__code__, value.__defaults__, value.__kwdefaults__, vars(value), bound, seen)
        ]

    def _module(self, value: types.ModuleType) -> list[Any]:
        said = ["module", *_origin(value.__name__)]
        if _is_library(_file(value.__name__)):
            return said
        settings = {name: each for name, each in vars(value).items() if isinstance(each, (*_PLAIN, float))}
        return [*said, self.at({name: each for name, each in settings.items() if not name.startswith("__")})]

    def _class(self, value: type) -> list[Any]:
        said = ["class", value.__qualname__, *_origin(value.__module__)]
        if _is_library(_file(value.__module__)) or value.__module__ == "builtins":
            return said
        functions = (types.FunctionType, staticmethod, classmethod, property)
        own = {
            name: each
            for name, each in vars(value).items()
            if isinstance(each, functions) or not name.startswith(("__", "_abc_"))
        }
        return [*said, self.at(own), *map(self.at, value.__bases__)]

    def _code(self, value: types.CodeType) -> list[Any]:
        """Without the places, which change with every line above."""
        plain = [value.co_code.hex(), value.co_argcount, value.co_kwonlyargcount, value.co_flags]
        names = [value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars]
        return ["code", *plain, *names, *map(self.at, value.co_consts)]

    def _object(self, value: Any) -> list[Any]:
        """As it would be pickled: how it is made, and its state. What cannot be pickled is never the same."""
        if value is Ellipsis or value is NotImplemented:
            return [repr(value)]
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:
            return ["unknown", uuid.uuid4().hex]
        kind = self.at(type(value))
        if isinstance(reduced, str):
            module = getattr(value, "__module__", None) or type(value).__module__
            return ["named", kind, reduced, *_origin(module)]
        made, arguments, *state = reduced
        items = [None if each is None else list(each) if number else each for number, each in enumerate(state)]
        return ["object", kind, self.at(made), self.at(arguments), *map(self.at, items)]


def _is_full(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:  # a function that refers to itself, not yet defined
        return False


def _names(code: types.CodeType) -> list[str]:
    inner = [name for const in code.co_consts if isinstance(const, types.CodeType) for name in _names(const)]
    return list(dict.fromkeys([*code.co_names, *inner]))


def _origin(module: str | None) -> list[Any]:
    """Where something is from: the version of a library; of a user's module the sources of all that it imports."""
    if module is None or module == "builtins":
        return ["builtins"]
    path = _file(module)
    if path is None:
        return [module]
    if not _is_library(path):
        return [module, _sources(module)]
    top = module.partition(".")[0]
    version = getattr(sys.modules.get(top), "__version__", None) or _version(top)
    return [module, str(version), _content(path) if version is None or path.startswith(_OWN) else ""]


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None


def _file(module: str | None) -> str | None:
    """Of a module that is loaded, or that would be if its name were imported; nothing is imported here."""
    if module is None:
        return None
    loaded = sys.modules.get(module)
    if loaded is not None:
        return getattr(loaded, "__file__", None)
    where, spec, name = None, None, ""
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        try:
            spec = PathFinder.find_spec(name, where)
        except (ImportError, ValueError):
            return None
        if spec is None:
            return None
        where = spec.submodule_search_locations
    return None if spec is None else spec.origin


def _is_library(path: str | None) -> bool:
    return path is not None and path.startswith(_LIBRARIES)


def _content(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return uuid.uuid4().hex


def _sources(module: str) -> dict[str, str]:
    """Hashes of the files of a user's module and of all modules of the user's that it imports, anywhere in it."""
    found = dict[str, str]()
    todo = [module]
    while todo:
        name = todo.pop()
        path = _file(name)
        if name in found or path is None or _is_library(path):
            continue
        found[name] = _content(path)
        todo += _imports(name, path)
        todo += [name.rpartition(".")[0]]  # the package is run before what is in it
    return found


def _imports(module: str, path: str) -> list[str]:
    """Names that a module imports, and modules from which its values are."""
    loaded = sys.modules.get(module)
    values = list(vars(loaded).values()) if loaded is not None else []
    names = [str(value.__name__ if isinstance(value, types.ModuleType) else _module(value)) for value in values]
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return names
    package = module if Path(path).name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                try:
                    base = importlib.util.resolve_name("." * node.level + base, package)
                except ImportError:
                    continue
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return list(dict.fromkeys(names))


def _module(value: Any) -> Any:
    try:
        return getattr(value, "__module__", "") or ""
    except Exception:  # an object of the user's that answers oddly
        return ""


def _hash(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
