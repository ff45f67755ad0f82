"""A loss that takes part: how targets reach it, what it computes, and what the outputs mean under it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lossaudit import catalogue
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.errors import UsageError
from lossaudit.pairing import TargetEncoding
from lossaudit.proving.failing import described
from lossaudit.proving.loading import load
from lossaudit.proving.named import HEADS, usual_head
from lossaudit.trials import fingerprint
from lossaudit.trials.asked import LossLike
from lossaudit.trials.elicited import by_exp, softmax_elicits
from lossaudit.trials.options import checked, function_of, literals
from lossaudit.trials.own_loss import Averaged
from lossaudit.trials.problem import Problem, Task


class Link(Enum):
    """What the model's outputs mean under a loss."""

    SOFTMAX = "softmax"  # softmax of a row makes the probabilities
    SIGMOID = "sigmoid"  # sigmoid of each output makes its probability
    SCORES = "scores"  # the largest wins; no probabilities
    NUMBERS = "numbers"  # the outputs are the predictions


def _as_it_is(outputs: Tensor) -> Tensor:
    return outputs


@dataclass(frozen=True, slots=True, eq=False)
class Contender:
    """A loss that takes part.

    Attributes:
        name: As it was asked for, unique in a comparison: `"mse:softmax"`.
        words: In words: `"mse on softmax"`.
        encode: Makes of the targets of a problem what `value` takes, once for all samples.
        value: `value(outputs, encoded)`: the mean loss of a batch, a scalar, as PyTorch reduces it by default.
        link: What the outputs mean.
        loss: Name in the catalogue; `""` for a callable of the user's.
        head: Names of what is applied to the logits before it.
        options: The loss's own parameters.
        source: For a callable of the user's: what its outcome depends on (hash of its source file), for the store.
        predict: What the model's outputs predict, where `link` is `NUMBERS`: `exp` under a loss of a logarithm.
        notes: What has to be said of this loss, a sentence each.
    """

    name: str
    words: str
    encode: Callable[[Tensor], Tensor]
    value: Callable[[Tensor, Tensor], Tensor]
    link: Link
    loss: str = ""
    head: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    source: str = ""
    predict: Callable[[Tensor], Tensor] = _as_it_is
    notes: tuple[str, ...] = ()


_FORM = re.compile(r"\s*(?P<loss>[\w .-]+?)\s*(?::\s*(?P<head>\w+)\s*)?(?:\((?P<options>.*)\)\s*)?", re.DOTALL)
_SHORT = {"ce": "cross_entropy"}
_USUAL = {
    Task.MULTICLASS: "cross_entropy",
    Task.BINARY: "bce_with_logits",
    Task.MULTILABEL: "bce_with_logits",
    Task.REGRESSION: "mse",
}
_ROWS = frozenset({"softmax", "log_softmax"})
_ZERO_ONE = frozenset({TargetEncoding.BINARY, TargetEncoding.ONE_HOT})
_NUMBERS = frozenset({TargetEncoding.REAL, TargetEncoding.COUNT})
_NORMALISED = frozenset({Expects.LOGITS, Expects.PROBABILITIES, Expects.LOG_PROBABILITIES})


def contenders(losses: Sequence[LossLike], problem: Problem) -> tuple[Contender, ...]:
    """The losses that were asked for, with unique names.

    Args:
        losses: `"ce"`, `"mse:softmax"`, `"focal(gamma=5)"`, `"FILE.py:NAME"`, `"MODULE:NAME"`, or callables
            `loss(outputs, y)`.
        problem: What they are trained on. Only its training targets are looked at.

    Raises:
        UsageError: One of them cannot take part; one line says why, and what can.
    """
    if not losses:
        raise UsageError("no losses to compare; give some, such as ce and mse:softmax")
    made = [contender(loss, problem) for loss in losses]
    seen: Counter[str] = Counter()
    taken = {one.name for one in made}
    unique: list[Contender] = []
    for one in made:
        seen[one.name] += 1
        name = one.name
        if seen[one.name] > 1:
            while (name := f"{one.name} ({seen[one.name]})") in taken:
                seen[one.name] += 1
            taken.add(name)
        unique.append(replace(one, name=name))
    return tuple(unique)


def of_two_classes(loss: LossLike) -> bool:
    """Whether a loss is by name one for two classes, told apart by one number for a sample.

    >>> of_two_classes("bce_with_logits"), of_two_classes("hinge"), of_two_classes("mse:sigmoid"), of_two_classes("ce")
    (True, True, True, False)
    """
    form = _FORM.fullmatch(loss) if isinstance(loss, str) else None
    known = None if form is None else _known(form["loss"])
    if known is None or form is None:
        return False
    return not known.class_axis and (known.tasks[0] == "binary" or form["head"] == "sigmoid")


def contender(loss: LossLike, problem: Problem) -> Contender:
    """One loss, by name or as a callable of the user's.

    Raises:
        UsageError: It cannot take part.

    >>> from lossaudit.trials.problem import Samples
    >>> samples = Samples(torch.zeros(2, 1), torch.tensor([0, 1]))
    >>> problem = Problem("two", Task.MULTICLASS, samples, samples, outputs=2)
    >>> mse = contender("mse:softmax", problem)
    >>> float(mse.value(torch.zeros(2, 2), mse.encode(samples.y)))  # (1/2)^2, mean over samples and classes
    0.25
    """
    made = _found(loss, problem) if isinstance(loss, str) else _own(loss, _name(loss), problem)
    _try(made, problem)
    return made


def _found(text: str, problem: Problem) -> Contender:
    """By name: in the catalogue, else a callable of the user's."""
    where, colon, _ = text.partition(":")
    form = _FORM.fullmatch(text)
    known = None if form is None else _known(form["loss"])
    if known is None or form is None:
        if colon and (where.endswith(".py") or _importable(where)):
            return _own(load(text), text.strip(), problem)
        raise UsageError(_unknown(text, where, problem.task))
    head = form["head"] or _usual_head(known)
    if head not in HEADS:
        near = catalogue.nearest(head, HEADS) or tuple(HEADS)
        raise UsageError(
            f"{text}: there is no head {head!r}; there is {', '.join(near)}; your own loss is written FILE.py:NAME"
        )
    return _named(text.strip(), known, head, literals(text, form["options"] or ""), problem)


def _usual_head(loss: Loss) -> str:
    """The head that a loss is meant for; one that makes positive numbers, where it needs these."""
    return "softplus" if loss.expects is Expects.POSITIVE and "softplus" in loss.heads else usual_head(loss)


def _known(name: str) -> Loss | None:
    return catalogue.find_loss(_SHORT.get(name.strip().lower(), name))


def _importable(module: str) -> bool:
    import importlib.util
    import os
    import sys

    if not re.fullmatch(r"[\w.]+", module):
        return False
    if os.path.isfile(f"{module.replace('.', os.sep)}.py") or module.partition(".")[0] in sys.modules:
        return True
    try:
        return importlib.util.find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def _unknown(text: str, where: str, task: Task) -> str:
    name = where.partition("(")[0].strip()
    near = catalogue.nearest(name, [*eligible(task), *_SHORT])
    there = f"nearest: {', '.join(near)}" if near else "`lossaudit losses` lists them"
    return f"there is no loss {text.strip()!r}; {there}; your own is written FILE.py:NAME or MODULE:NAME"


def eligible(task: Task) -> tuple[str, ...]:
    """Names of the losses in the catalogue that can take part.

    >>> "focal" in eligible(Task.MULTICLASS), "triplet_margin" in eligible(Task.MULTICLASS)
    (True, False)
    """
    return tuple(name for name, loss in catalogue.LOSSES.items() if not _unfit(loss, usual_head(loss), task))


def _unfit(loss: Loss, head: str, task: Task) -> str:
    """Why a loss cannot score outputs against targets sample by sample; `""`: it can."""
    if loss.name == "multilabel_margin":
        return "" if task is Task.MULTILABEL else "takes several labels for a sample"
    if loss.example is not None or not loss.encodings:
        return f"(for {loss.tasks[0]}) does not score one prediction against one target, sample by sample"
    if loss.definition is None and not loss.callable.startswith("torch.nn.functional."):
        return "has no formula here"
    if task is Task.REGRESSION:
        if loss.class_axis or head in _ROWS:
            return "compares the classes of a row, and the targets are numbers"
        return "" if loss.encodings & _NUMBERS else "takes labels, and the targets are numbers"
    if not loss.class_axis:
        fits = loss.encodings & (_ZERO_ONE | {TargetEncoding.SIGNED})
        if fits and task is Task.BINARY and head in _ROWS:
            return f"on {head} needs a row of classes, and the model has one output"
        return "" if fits else "takes numbers, and the targets are labels"
    if task is not Task.MULTICLASS:
        return f"compares the classes of a row, and the targets are {task.value}"
    return ""


def _named(name: str, loss: Loss, head: str, given: Mapping[str, Any], problem: Problem) -> Contender:
    task = problem.task
    why = _unfit(loss, head, task)
    if why:
        raise UsageError(
            f"{name}: the loss {loss.name} {why}; nearest that can take part: {', '.join(_alike(loss, task))}"
        )
    options = checked(name, loss, given, problem)
    function = function_of(loss, options)
    encode = _encoder(loss, task, problem.outputs)
    through = HEADS[head]
    value = (_as_pytorch if loss.definition is None else _by_definition)(function, through)
    log = task is Task.REGRESSION and by_exp(loss, given)
    applied = () if head == "identity" else (head,)
    shown = "".join(f", {key} = {option}" for key, option in given.items())
    predict = torch.exp if log else through if task is Task.REGRESSION else _as_it_is
    words = f"{loss.name}{f' on {head}' if applied else ''}{shown}"
    link = Link.NUMBERS if task is Task.REGRESSION else _link(loss, head, task)
    return Contender(
        name, words, encode, value, link, loss.name, applied, options, "", predict, _notes(loss, head, given, options)
    )


def _alike(loss: Loss, task: Task) -> tuple[str, ...]:
    """Losses that can take part and share a word of their name with this one; else the task's usual one."""
    words = set(loss.name.split("_"))
    shared = [name for name in eligible(task) if words & set(name.split("_"))]
    return tuple(shared[:3]) or (_USUAL[task],)


def _encoder(loss: Loss, task: Task, k: int) -> Callable[[Tensor], Tensor]:
    """What makes of the targets what the loss takes."""
    signed = loss.encoding is TargetEncoding.SIGNED or loss.encodings == {TargetEncoding.SIGNED}

    def labels(y: Tensor) -> Tensor:
        hot = F.one_hot(y, k) if task is Task.MULTICLASS else y
        hot = hot.to(torch.get_default_dtype())
        return 2 * hot - 1 if signed and not loss.class_axis else hot

    if task is Task.REGRESSION or (
        task is Task.MULTICLASS and loss.class_axis and TargetEncoding.CLASS_INDEX in loss.encodings
    ):
        return _as_it_is
    return _positions if loss.name == "multilabel_margin" else labels


def _positions(y: Tensor) -> Tensor:
    """Indices of the labels that hold, filled up with -1, as `multilabel_margin_loss` takes them.

    >>> _positions(torch.tensor([[0.0, 1.0, 1.0]])).tolist()
    [[1, 2, -1]]
    """
    held, order = torch.sort(y, dim=1, descending=True, stable=True)
    return torch.where(held > 0.5, order, -1)


def _as_pytorch(
    function: Callable[[Tensor, Tensor], Tensor], head: Callable[[Tensor], Tensor]
) -> Callable[[Tensor, Tensor], Tensor]:
    def value(outputs: Tensor, y: Tensor) -> Tensor:
        return function(head(outputs), y)

    return value


def _by_definition(
    function: Callable[[Tensor, Tensor], Tensor], head: Callable[[Tensor], Tensor]
) -> Callable[[Tensor, Tensor], Tensor]:
    """The sum over the samples, divided by their number.

    In double precision: the formulas are written for people and for proofs, as `p.log()`. In single precision softmax
    is 0 from a gap of 104 on, and such a loss infinite; in double precision that is at 745.
    """

    def value(outputs: Tensor, y: Tensor) -> Tensor:
        target = y.double() if y.is_floating_point() else y
        return function(head(outputs.double()), target) / len(outputs)

    return value


def _link(loss: Loss, head: str, task: Task) -> Link:
    if head in _ROWS:
        return Link.SOFTMAX
    if head in ("sigmoid", "logsigmoid"):
        return Link.SIGMOID
    if head != "identity":
        return Link.SCORES
    if loss.class_axis:
        row = task is Task.MULTICLASS and loss.expects is Expects.LOGITS and softmax_elicits(loss)
        return Link.SOFTMAX if row else Link.SCORES
    from lossaudit.cards import said

    proper = loss.expects is Expects.SCORES and said(loss.name).get("proper", ("", ""))[0] == "strictly"
    return Link.SIGMOID if loss.expects is Expects.LOGITS or proper else Link.SCORES


def _notes(loss: Loss, head: str, given: Mapping[str, Any], options: Mapping[str, Any]) -> tuple[str, ...]:
    notes: list[str] = []
    if loss.expects in _NORMALISED and head not in loss.heads:
        notes.append(f"{loss.name} expects {loss.expects.value}; {head} does not give them.")
    made = sorted(options.keys() - given.keys())
    if made:
        notes.append(f"{' and '.join(made)} of {loss.name}: from the classes of the training samples.")
    return tuple(notes)


def _name(function: Callable[..., Any]) -> str:
    if isinstance(function, nn.Module):
        return type(function).__name__
    return getattr(function, "__name__", type(function).__name__)


def _own(function: Callable[..., Any], name: str, problem: Problem) -> Contender:
    """A callable of the user's."""
    if not callable(function):
        raise UsageError(f"{name} is {type(function).__name__}, and neither a name of a loss nor callable")
    link = {
        Task.MULTICLASS: Link.SOFTMAX,
        Task.BINARY: Link.SIGMOID,
        Task.MULTILABEL: Link.SIGMOID,
        Task.REGRESSION: Link.NUMBERS,
    }[problem.task]
    notes = (
        ()
        if link is Link.NUMBERS
        else (
            f"Probabilities under {name} are taken to be {link.value} of the outputs: what a loss means is not known.",
        )
    )
    return Contender(
        name,
        f"{name}, your own",
        _as_it_is,
        Averaged(function, name),
        link,
        source=fingerprint.of(function),
        notes=notes,
    )


def _try(made: Contender, problem: Problem) -> None:
    """One batch: a scalar that is finite and has a gradient.

    Raises:
        UsageError: It is none.
    """
    y = problem.train.y[:64]
    generator = torch.Generator().manual_seed(0)
    shape = y.shape if problem.task in (Task.REGRESSION, Task.BINARY) else (len(y), problem.outputs)
    z = torch.randn(shape, generator=generator) / 10
    if problem.task is not Task.BINARY and y.is_floating_point():
        z = z.to(y.dtype)
    z.requires_grad_()
    said = f"{made.name} on a batch of {tuple(z.shape)} outputs and {tuple(y.shape)} targets"
    with torch.enable_grad():
        try:
            value = made.value(z, made.encode(y))
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(f"{said} raises {described(error)}") from None
        if not isinstance(value, Tensor):
            raise UsageError(f"{said} returns {type(value).__name__}; it has to return a tensor with the mean loss")
        if value.numel() != 1:
            raise UsageError(f"{said} has the shape {tuple(value.shape)}; return a number, or one for each sample")
        if not value.requires_grad:
            raise UsageError(f"{said} has no gradient: it is not computed from the outputs by operations of torch")
        if not bool(torch.isfinite(value)):
            raise UsageError(
                f"{said} is {float(value.detach()):g} already before training; look at its options and its targets"
            )
        (gradient,) = torch.autograd.grad(value, z, allow_unused=True)
    if gradient is None or not bool(torch.isfinite(gradient).all()):
        raise UsageError(f"{said} has a gradient that is not finite already before training")
    if not bool(gradient.any()):
        raise UsageError(f"{said} has the gradient 0 everywhere; nothing can be trained with it")
