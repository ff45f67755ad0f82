"""What a user trains, as `MODULE:FACTORY` gives it: a model, its loss, and data."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lossaudit.errors import UsageError
from lossaudit.proving.failing import described
from lossaudit.proving.loading import find

FORM = (
    "def make(): return model, loss_fn, data  (or model, loss_fn, data, held_out); data is (x, y) or a loader of such"
)
_FIELDS = ("model", "loss_fn", "data", "held_out")
_NEEDED = frozenset(_FIELDS[:3])
_WRAPPERS = ("state_dict", "model_state_dict", "model")
_SHOWN = 3  # names of a list that are written out


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A model, a loss, and data.

    Attributes:
        model: Called as `model(x)`; `model(*x)` for a tuple or list, `model(**x)` for a mapping.
        loss_fn: Called as `loss_fn(output, y)`; returns a scalar.
        data: A batch `(x, y)`, or an iterable of such (a DataLoader).
        held_out: The same, of data that was not trained on.
        name: For the reader.
    """

    model: nn.Module
    loss_fn: Callable[..., Any]
    data: Any
    held_out: Any = None
    name: str = ""


def load_training(address: str, checkpoint: str | Path | None = None, held_out: str | None = None) -> Training:
    """The training that an address names. The factory is called; nothing else of the user's is.

    Args:
        address: `MODULE:FACTORY` or `FILE.py:FACTORY`. The factory returns a tuple `(model, loss_fn, data)` or
            `(model, loss_fn, data, held_out)`, a mapping with these names, or a `Training`. Plain literals may be given
            to it: `'train.py:make(hidden=64)'`.
        checkpoint: Weights for the model, see `load_weights`.
        held_out: Address of held-out data, or of a function that returns it.

    Raises:
        UsageError: There is no such factory, it raises, or it returns something else; or as `load_weights` does.
    """
    training = _training(made(address), address)
    if checkpoint is not None:
        load_weights(training.model, checkpoint)
    if held_out is not None:
        training = replace(training, held_out=made(held_out))
        if training.held_out is None:
            raise UsageError(f"--held-out {held_out} gives None; it has to return (x, y) or a loader of such")
    return training


def made(address: str) -> Any:
    """What is found there, or what it returns if it is a function. A call that is written out has been made already.

    Raises:
        UsageError: There is nothing of that name, or it raises.
    """
    found = find(address)
    if not callable(found) or "(" in address or isinstance(found, nn.Module):
        return found
    try:
        return found()
    except (Exception, SystemExit) as error:
        raise UsageError(f"{address} raises {described(error)}") from error


def _training(made: Any, address: str) -> Training:
    """What a factory returned, as a training."""
    if isinstance(made, Training):
        return made if made.name else replace(made, name=address)
    if isinstance(made, Mapping):
        odd = sorted(map(str, made.keys() - set(_FIELDS)))
        missing = sorted(_NEEDED - made.keys())
        if odd or missing:
            told = f"has no {', '.join(missing)}" if missing else f"has {', '.join(odd)}, which is not known"
            raise UsageError(f"{address} returns a mapping that {told}; its names are {', '.join(_FIELDS)}")
        given = dict(made)
    elif isinstance(made, tuple) and len(made) in (3, 4):
        given = dict(zip(_FIELDS, made, strict=False))
    else:
        size = f" of {len(made)}" if isinstance(made, Sequence) else ""
        raise UsageError(f"{address} gives {type(made).__name__}{size}; the form is: {FORM}")
    for name in ("model", "loss_fn"):
        if not callable(given[name]):
            raise UsageError(
                f"{address}: its {name} is {type(given[name]).__name__}, not callable; the form is: {FORM}"
            )
    return Training(**given, name=address)


def load_weights(model: nn.Module, path: str | Path) -> None:
    """Put a checkpoint's weights into a model. No code of the file is run: only tensors are read.

    Args:
        model: Takes all of them, or none.
        path: What `torch.save(model.state_dict(), path)` wrote, or a mapping that holds it as `"state_dict"`,
            `"model_state_dict"` or `"model"`; or a `.safetensors` file. A prefix that all names share, such as the
            `module.` of a parallel model, is left out where the model's names have none.

    Raises:
        UsageError: The file is no such checkpoint, or belongs to another model.
    """
    if not isinstance(model, nn.Module):
        raise UsageError(f"{path}: the model is {type(model).__name__}, no torch module, and takes no checkpoint")
    put_weights(model, read_weights(path), path)


def read_weights(path: str | Path) -> Mapping[str, Tensor]:
    """The tensors of a checkpoint by name, as `load_weights` takes it. No code of the file is run.

    Raises:
        UsageError: The file is no checkpoint.
    """
    return _state(_read(Path(path)), path)


def put_weights(model: nn.Module, weights: Mapping[str, Tensor], path: str | Path) -> None:
    """Put all tensors of a checkpoint into a model: as `load_weights` does, when they have been read from the path.

    Raises:
        UsageError: They belong to another model.
    """
    own = model.state_dict()
    weights = next((names for names in without_prefixes(weights) if names.keys() == own.keys()), weights)
    missing, unexpected = own.keys() - weights.keys(), weights.keys() - own.keys()
    if missing or unexpected:
        told = [f"{kind} {_few(names)}" for kind, names in (("no", missing), ("unknown", unexpected)) if names]
        raise UsageError(f"{path} belongs to another model: {'; '.join(told)}")
    wrong = [name for name, value in own.items() if isinstance(value, Tensor) and value.shape != weights[name].shape]
    if wrong:
        first = wrong[0]
        theirs, ours = tuple(weights[first].shape), tuple(own[first].shape)
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise UsageError(f"{path} belongs to another model: {first} has shape {theirs}, the model's {ours}{more}")
    model.load_state_dict(dict(weights))


def _read(path: Path) -> Any:
    """What the file holds, tensors and plain containers only."""
    if not path.is_file():
        raise UsageError(f"{path}: {'is a directory' if path.is_dir() else 'no such file'}; give a checkpoint")
    if path.suffix == ".safetensors":
        return _safe(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files that are refused below
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "global" in str(error).lower() or "Unsupported class" in str(error):
            raise UsageError(
                f"{path} holds more than weights and was not loaded: what it wants to run is not run; "
                "save model.state_dict() and give that"
            ) from None
        raise UsageError(f"{path} is no checkpoint that torch.load can read") from None
    except Exception as error:
        raise UsageError(f"{path} is no checkpoint that torch.load can read ({described(error)})") from None


def _safe(path: Path) -> Any:
    try:
        from safetensors.torch import load_file
    except ImportError:
        raise UsageError(f"{path}: reading it needs safetensors: pip install safetensors") from None
    try:
        return load_file(path)
    except Exception as error:
        raise UsageError(f"{path} is no safetensors file: {described(error)}") from None


def _state(read: Any, path: str | Path) -> Mapping[str, Tensor]:
    """The state dict in what was read, plain or under a usual name."""
    inner = [read[name] for name in _WRAPPERS if isinstance(read, Mapping) and isinstance(read.get(name), Mapping)]
    for found in (read, *inner):
        if isinstance(found, Mapping) and found and all(isinstance(value, Tensor) for value in found.values()):
            return found
    held = f"a mapping with {_few(map(str, read))}" if isinstance(read, Mapping) else type(read).__name__
    raise UsageError(f"{path} holds {held}, and no state dict: plain, or as {', '.join(_WRAPPERS)}")


def without_prefixes(weights: Mapping[str, Tensor]) -> Iterator[Mapping[str, Tensor]]:
    """The weights by their names, then without the first part of the names, as long as all share it.

    >>> [list(names) for names in without_prefixes({"module.w": torch.zeros(1), "module.b": torch.zeros(1)})]
    [['module.w', 'module.b'], ['w', 'b']]
    """
    yield weights
    first = {name.partition(".")[0] for name in weights}
    while len(first) == 1 and all("." in name for name in weights):
        weights = {name.partition(".")[2]: value for name, value in weights.items()}
        yield weights
        first = {name.partition(".")[0] for name in weights}


def _few(names: Any) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
