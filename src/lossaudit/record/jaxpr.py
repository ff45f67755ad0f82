"""Records a function of JAX: traces it once and hands each equation of its jaxpr to a lowering.

What does not depend on the variables is computed by JAX as it stands. Primitives that move elements are carried out on
ids (`jax_moves`); calls, loops of known length and branches are entered; all others are the lowering's. Of the results
of an equation that nobody knows nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lossaudit.errors import LossauditError, RecordingError, UsageError
from lossaudit.pairing import Const, Place
from lossaudit.record.jax_composites import whole
from lossaudit.record.jax_moves import moved, moved_values
from lossaudit.record.jax_operations import Asked, asked_of, product
from lossaudit.record.jax_precision import double_precision
from lossaudit.record.lowering import Call, Ids, Known, Lowering, Operand, Tracked
from lossaudit.record.recorded import Recorded
from lossaudit.record.spans import is_library, is_own, shown

# Calls of another jaxpr, and the parameter that holds it.
_ENTERED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "jit": ("jaxpr",),
        "pjit": ("jaxpr",),
        "closed_call": ("call_jaxpr",),
        "core_call": ("call_jaxpr",),
        "checkpoint": ("jaxpr",),
        "remat": ("jaxpr",),
        "remat2": ("jaxpr",),
        "custom_jvp_call": ("call_jaxpr",),
        "custom_vjp_call": ("call_jaxpr", "fun_jaxpr"),
        "custom_vjp_call_jaxpr": ("call_jaxpr", "fun_jaxpr"),
    }
)
_OWN_GRADIENT = frozenset({"stop_gradient", "custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr"})
_SAY_SOMETHING = frozenset({"debug_callback", "debug_print"})
_MOST_EQUATIONS = 20_000  # followed in one function, with every turn of a loop counted


def record_jaxpr(
    function: Callable[..., Any], variables: Sequence[Any], lowering: Lowering, *, double: bool = True
) -> Recorded:
    """Trace a function once and take it apart.

    Args:
        function: Called as `function(*variables)`; returns an array of one element.
        variables: The point at which it is traced; their elements become variables in this order.
        lowering: Gives ids to what it computes.
        double: Whether it is traced in double precision; otherwise as JAX is configured.

    Raises:
        UsageError: The function returns something else, or reads the values of its variables in Python.
        RecordingError: It cannot be traced, or has effects besides its value.
    """
    try:
        closed, shape = traced(function, variables, double=double)
    except LossauditError:
        raise
    except Exception as error:
        said = next(iter(str(error).strip().splitlines()), "")
        raise RecordingError(f"the function cannot be traced: {type(error).__name__}: {said}") from error
    results = jax.tree_util.tree_leaves(shape)
    if len(results) != 1 or np.prod(results[0].shape) != 1:
        found = f"an array of shape {tuple(results[0].shape)}" if len(results) == 1 else f"{len(results)} arrays"
        raise UsageError(f"the function returns {found}, not one number")
    counts = [int(np.prod(variable.shape, dtype=np.int64)) for variable in variables]
    parts = np.split(np.asarray(lowering.variables(sum(counts))), np.cumsum(counts)[:-1])
    inputs = [Tracked(part.reshape(v.shape)) for part, v in zip(parts, variables, strict=True)]
    walker = _Walker(lowering)
    with double_precision():
        [output] = walker.run(closed.jaxpr, closed.consts, inputs)
    with double_precision(double):
        value = float(np.asarray(jax.jit(function)(*variables), dtype=np.float64).reshape(()))
    ids = walker.ids(output)
    return Recorded(int(ids.reshape(())), (), walker.detached, value, tuple(walker.unknown))


def traced(function: Callable[..., Any], variables: Sequence[Any], *, double: bool = True) -> tuple[Any, Any]:
    """The jaxpr of a function, and the shape of what it returns.

    Raises:
        UsageError: It reads the values of its variables in Python.
    """

    def fresh(*arrays: Any) -> Any:  # of the same function JAX would remember the first trace
        return function(*arrays)

    tracing = jax.make_jaxpr(fresh, return_shape=True)
    try:
        with double_precision(double):
            return tracing(*variables)
    except (jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError) as error:
        raise UsageError(
            f"the function reads values that depend on its variables ({type(error).__name__}), and JAX cannot trace "
            "`if`, bool(), float() or NumPy of those: use jnp.where and jax.numpy"
        ) from None


class _Walker:
    """Goes through the equations of a jaxpr, and knows which scalar stands where."""

    def __init__(self, lowering: Lowering) -> None:
        self._lowering = lowering
        self._equations = 0
        self._place: Place | None = None  # of the outermost call at work: the jaxprs of inner ones are remembered
        self.unknown: dict[str, None] = {}  # in order, each once
        self.detached = False

    def ids(self, operand: Operand) -> Ids:
        """The ids of all elements; known ones become constants."""
        return operand.ids if isinstance(operand, Tracked) else self._constants(operand.values)

    def run(self, jaxpr: Any, consts: Sequence[Any], inputs: Sequence[Operand]) -> list[Operand]:
        """The results of a jaxpr."""
        held: dict[Any, Operand] = {}
        held.update(zip(jaxpr.constvars, map(Known, consts), strict=True))
        held.update(zip(jaxpr.invars, inputs, strict=True))

        def read(atom: Any) -> Operand:
            return Known(np.asarray(atom.val, atom.aval.dtype)) if hasattr(atom, "val") else held[atom]

        for eqn in _needed(jaxpr):
            results = self._results(eqn, [read(atom) for atom in eqn.invars])
            held.update(zip(eqn.outvars, results, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def _results(self, eqn: Any, operands: list[Operand]) -> Sequence[Operand]:
        self._equations += 1
        if self._equations > _MOST_EQUATIONS:
            raise RecordingError(f"the function takes more than {_MOST_EQUATIONS} operations")
        if all(isinstance(operand, Known) for operand in operands):
            return _computed(eqn, [operand.values for operand in operands])  # type: ignore[union-attr]
        self.detached |= eqn.primitive.name in _OWN_GRADIENT
        shapes = [tuple(var.aval.shape) for var in eqn.outvars]
        outer, self._place = self._place, self._place or _place(eqn)
        found = self._called(eqn, operands) or self._looped(eqn, operands) or self._followed(eqn, operands)
        if found is None or [np.shape(_content(part)) for part in found] != shapes:
            found = self._unknown(_spelled(eqn), shapes, operands)
        self._place = outer
        return found

    # Calls, loops and branches

    def _called(self, eqn: Any, operands: list[Operand]) -> list[Operand] | None:
        keys = _ENTERED.get(eqn.primitive.name)
        if keys is None:
            return None
        asked = whole(eqn, operands)
        if asked is not None:
            made = self._apply(eqn, asked, f"jax.{asked[0]}")
            if made is not None:
                return made
        inner = next((eqn.params[key] for key in keys if key in eqn.params), None)
        return None if inner is None else self._inside(inner, operands)

    def _inside(self, inner: Any, operands: Sequence[Operand]) -> list[Operand] | None:
        closed = hasattr(inner, "consts")
        jaxpr, consts = (inner.jaxpr, inner.consts) if closed else (inner, ())
        return self.run(jaxpr, consts, operands) if len(jaxpr.invars) == len(operands) else None

    def _looped(self, eqn: Any, operands: list[Operand]) -> list[Operand] | None:
        name = eqn.primitive.name
        if name == "scan":
            return self._scan(eqn, operands)
        if name == "while":
            return self._while(eqn, operands)
        return self._branch(eqn, operands) if name == "cond" else None

    def _scan(self, eqn: Any, operands: list[Operand]) -> list[Operand] | None:
        """Every turn of a loop over the first axis."""
        params = eqn.params
        length, body = int(params["length"]), params["jaxpr"]
        first, last = params["num_consts"], params["num_consts"] + params["num_carry"]
        if length * len(body.jaxpr.eqns) > _MOST_EQUATIONS - self._equations:
            return None
        fixed, carry, rows = operands[:first], operands[first:last], operands[last:]
        turns = range(length)[::-1] if params["reverse"] else range(length)
        written: dict[int, list[Operand]] = {}
        for turn in turns:
            out = self._inside(body, [*fixed, *carry, *(_row(row, turn) for row in rows)])
            if out is None:
                return None
            carry, written[turn] = out[: len(carry)], out[len(carry) :]
        columns = zip(*(written[turn] for turn in range(length)), strict=True) if length else ()
        stacked: list[Operand] = [Tracked(np.stack([self.ids(part) for part in column])) for column in columns]
        return [*carry, *stacked]

    def _while(self, eqn: Any, operands: list[Operand]) -> list[Operand] | None:
        """Every turn of a loop whose end does not depend on the variables."""
        params = eqn.params
        first, last = params["cond_nconsts"], params["cond_nconsts"] + params["body_nconsts"]
        asks, fixed, carry = operands[:first], operands[first:last], operands[last:]
        while True:
            going = self._inside(params["cond_jaxpr"], [*asks, *carry])
            if going is None or not isinstance(going[0], Known):
                return None
            if not bool(going[0].values):
                return carry
            self._equations += 1
            if self._equations > _MOST_EQUATIONS:
                return None
            turned = self._inside(params["body_jaxpr"], [*fixed, *carry])
            if turned is None:
                return None
            carry = turned

    def _branch(self, eqn: Any, operands: list[Operand]) -> list[Operand] | None:
        """The branch that is known to be taken; or one of two, by a condition on the variables."""
        which, *rest = operands
        branches = eqn.params["branches"]
        if isinstance(which, Known):
            return self._inside(branches[min(max(int(which.values), 0), len(branches) - 1)], rest)
        if len(branches) != 2 or any(len(branch.jaxpr.effects) for branch in branches):
            return None
        if_not, if_so = (self._inside(branch, rest) for branch in branches)
        condition = self._apply_to("gt", {"input": which, "other": Known(np.array(0))}, which.ids.shape)
        if if_not is None or if_so is None or condition is None:
            return None
        return [self._either(condition, *pair) for pair in zip(if_so, if_not, strict=True)]

    def _either(self, condition: Operand, if_so: Operand, if_not: Operand) -> Operand:
        given = {"condition": condition, "input": if_so, "other": if_not}
        shape = np.shape(_content(if_so))
        found = self._apply_to("where", given, shape)
        return found if found is not None else self._unknown("jax.lax.cond", [shape], list(given.values()))[0]

    # Everything else

    def _followed(self, eqn: Any, operands: list[Operand]) -> list[Operand] | None:
        made = moved(eqn, operands, self._constants)
        if made is not None:
            return [Tracked(np.array(ids, dtype=np.int64)) for ids in made]
        if eqn.primitive.name == "dot_general":
            asked = product(eqn, operands)
            if asked is None:
                return None
            found = self._apply(eqn, asked[0], shapes=(asked[1],))
            shape = tuple(eqn.outvars[0].aval.shape)
            return None if found is None else [Tracked(self.ids(part).reshape(shape)) for part in found]
        plain = asked_of(eqn, operands)
        if plain is None or not eqn.params.get("reverse"):
            return None if plain is None else self._apply(eqn, plain)
        axis = eqn.params["axis"]  # a running sum from behind
        found = self._apply(eqn, (plain[0], {name: _flipped(x, axis) for name, x in plain[1].items()}, plain[2]))
        return None if found is None else [_flipped(x, axis) for x in found]

    def _apply(
        self, eqn: Any, asked: Asked, spelled: str = "", shapes: tuple[tuple[int, ...], ...] | None = None
    ) -> list[Operand] | None:
        op, operands, args = asked
        if shapes is None:
            shapes = tuple(tuple(var.aval.shape) for var in eqn.outvars)
        given = {name: _plain(operand) for name, operand in operands.items()}
        call = Call(op, given, args, shapes, spelled or _spelled(eqn), self._place)
        found = self._lowering.apply(call)
        return None if found is None else [Tracked(np.asarray(ids, dtype=np.int64)) for ids in found]

    def _apply_to(self, op: str, operands: dict[str, Operand], shape: tuple[int, ...]) -> Operand | None:
        given = {name: _plain(operand) for name, operand in operands.items()}
        found = self._lowering.apply(Call(op, given, {}, (shape,), "jax.lax.cond", self._place))
        return None if found is None else Tracked(np.asarray(found[0], dtype=np.int64))

    def _unknown(self, what: str, shapes: Sequence[tuple[int, ...]], operands: Sequence[Operand]) -> list[Operand]:
        """From now on nothing is known of these results, but that they depend on the operands."""
        place = self._place
        self.unknown[f"{place}: {what}" if place is not None else what] = None
        tracked = {f"arg{k}": operand for k, operand in enumerate(operands) if isinstance(operand, Tracked)}
        call = Call(what, dict(tracked), {"spelled": Const(what)}, tuple(shapes), what, place)
        return [Tracked(np.asarray(ids, dtype=np.int64)) for ids in self._lowering.opaque(call)]

    def _constants(self, values: Any) -> Ids:
        return np.asarray(self._lowering.constants(_numbers(values)), dtype=np.int64)


def _needed(jaxpr: Any) -> list[Any]:
    """The equations on which the results of a jaxpr depend, in order.

    Raises:
        RecordingError: One of them all has an effect besides its results.
    """
    wanted = {id(atom) for atom in jaxpr.outvars}
    kept: list[Any] = []
    for eqn in reversed(jaxpr.eqns):
        name = eqn.primitive.name
        if eqn.effects and name not in _SAY_SOMETHING and not _harmless(eqn.effects):
            raise RecordingError(f"the function has effects besides its value ({name}): these cannot be followed")
        if any(id(var) in wanted for var in eqn.outvars):
            kept.append(eqn)
            wanted.update(id(atom) for atom in eqn.invars)
    return kept[::-1]


def _harmless(effects: Any) -> bool:
    """Whether the only effect is that something is printed."""
    return all("Debug" in type(effect).__name__ for effect in effects)


def _computed(eqn: Any, values: Sequence[Any]) -> list[Operand]:
    """What an equation comes to that does not depend on the variables."""
    made = moved_values(eqn, values)
    if made is not None:
        return [Known(value) for value in made]
    bound = eqn.primitive.get_bind_params(eqn.params)
    functions, params = bound if isinstance(bound, tuple) else ((), bound)  # a pair before JAX 0.10
    found = eqn.primitive.bind(*functions, *values, **params)
    return [Known(value) for value in (found if eqn.primitive.multiple_results else [found])]


def _content(operand: Operand) -> Any:
    return operand.ids if isinstance(operand, Tracked) else operand.values


def _row(operand: Operand, index: int) -> Operand:
    return Tracked(operand.ids[index]) if isinstance(operand, Tracked) else Known(operand.values[index])


def _flipped(operand: Operand, axis: int) -> Operand:
    return Tracked(np.flip(operand.ids, axis)) if isinstance(operand, Tracked) else Known(np.flip(operand.values, axis))


def _plain(operand: Operand) -> Operand:
    return operand if isinstance(operand, Tracked) else Known(_numbers(operand.values))


def _numbers(values: Any) -> Any:
    """Known values for a lowering: floats as float64, all others as they are."""
    array = np.asarray(values)
    return array.astype(np.float64) if jnp.issubdtype(array.dtype, jnp.floating) else array


def _spelled(eqn: Any) -> str:
    return f"jax.lax.{eqn.primitive.name}"


def _place(eqn: Any) -> Place | None:
    """The line of the user's program that asked for an equation."""
    traceback = getattr(eqn.source_info, "traceback", None)
    for frame in getattr(traceback, "frames", ()):
        if is_own(frame.file_name):
            return None  # what called this package is not what was asked for
        if not is_library(frame.file_name):
            return Place(shown(frame.file_name), frame.line_num, scope=frame.function_name)
    return None
