"""The program of a pairing that is known by name: one sample's loss in its logits, before reduction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lossaudit.geometry.formula import Formula, NotCovered, formula
from lossaudit.geometry.lowering import Lowered
from lossaudit.geometry.program import Program
from lossaudit.pairing import Args, Const, Place, TargetEncoding, Value

_OVER_CLASSES = frozenset({"softmax", "log_softmax"})


@dataclass(frozen=True, slots=True)
class _Tracked:
    ids: Any


@dataclass(frozen=True, slots=True)
class _Known:
    values: Any


@dataclass(frozen=True, slots=True)
class _Call:
    op: str
    operands: Mapping[str, Any]
    args: Args = field(default_factory=dict[str, Value])
    shapes: tuple[tuple[int, ...], ...] = ()
    spelled: str = ""
    place: Place | None = None


def named_program(
    loss: str,
    head: tuple[str, ...],
    params: Args,
    classes: int,
    encoding: TargetEncoding,
    target: int | Sequence[float] | None = None,
    semantics: str = "ideal",
) -> Program:
    """The loss of one sample as a program in its logits, summed over classes.

    Args:
        loss: Name in the catalogue.
        head: Names of the operations between logits and loss, in the order in which they are applied.
        params: The loss's arguments, by the catalogue's names.
        classes: K, the number of logits; variable k of the program is logit k.
        encoding: Of the target.
        target: A class, or one number for each logit. By default class 0: 1 for the first logit, and 0 (or -1) for
            all others.
        semantics: `"ideal"` or `"as coded"`.

    Raises:
        NotCovered: The pairing cannot be written down, with the reason.

    >>> program = named_program("cross_entropy", (), {}, 3, TargetEncoding.CLASS_INDEX)
    >>> program.variables, program.instructions[program.output].op
    (3, 'linear')
    """
    written = formula(loss, head, params, classes, encoding)
    lowered = Lowered(semantics)
    x = lowered.variables(classes).reshape(1, classes)
    for op in written.head:
        args = {"dim": Const(1)} if op in _OVER_CLASSES else {}
        x = _one(lowered, _Call(op, {"input": _Tracked(x)}, args, ((1, classes),), op))
    total = _loss(lowered, written, x, _target(written, target))
    return lowered.program(int(total), compact=False).program


def _target(written: Formula, given: int | Sequence[float] | None) -> Any:
    """One number for each logit."""
    other = -1.0 if written.encoding is TargetEncoding.SIGNED else 0.0
    if given is None or isinstance(given, int):
        hit = given or 0
        if not 0 <= hit < written.classes:
            raise NotCovered(f"class {hit} does not exist among {written.classes}")
        return np.array([1.0 if k == hit else other for k in range(written.classes)])
    values = np.array([float(y) for y in given])
    if values.shape != (written.classes,):
        raise NotCovered(f"the target has {values.size} entries for {written.classes} classes")
    return values


def _loss(lowered: Lowered, written: Formula, x: Any, target: Any) -> Any:
    """The sum of the loss's terms, through the tables of the tensor operations."""
    if written.loss == "nll":
        return _linear_likelihood(lowered, written, x, target)
    args: dict[str, Value] = {name: Const(_plain(value)) for name, value in written.options.items()}
    args["reduction"] = Const("sum")
    operands: dict[str, Any] = {"input": _Tracked(x), "target": _Known(target[None])}
    if written.loss == "multi_margin":
        operands["target"] = _Known(np.array([int(target.argmax())]))
    for name, factors in (("weight", written.weight), ("pos_weight", written.pos_weight)):
        if factors:
            operands[name] = _Known(np.array([float(factor) for factor in factors]))
    return _one(lowered, _Call(written.loss, operands, args, ((),), written.loss))


def _linear_likelihood(lowered: Lowered, written: Formula, x: Any, target: Any) -> Any:
    """-sum_k w_k y_k x_k: what nll means for a target that is not a class."""
    factors = [target, *([[float(w) for w in written.weight]] if written.weight else [])]
    for factor in factors:
        operands = {"input": _Tracked(x), "other": _Known(np.array(factor))}
        x = _one(lowered, _Call("mul", operands, {}, (x.shape,), written.loss))
    total = _one(lowered, _Call("sum", {"input": _Tracked(x)}, {}, ((),), written.loss))
    return _one(lowered, _Call("neg", {"input": _Tracked(total)}, {}, ((),), written.loss))


def _one(lowered: Lowered, call: _Call) -> Any:
    results = lowered.apply(call)
    if results is None:
        raise NotCovered(f"no rule covers {call.op} with these arguments")
    return results[0]


def _plain(value: Any) -> bool | float:
    return value if isinstance(value, bool) else float(value)
