"""What is proved about, for JAX: a callable as a real function of some of its arrays, all others held fixed."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lossaudit.errors import LossauditError, UsageError
from lossaudit.proving.failing import described
from lossaudit.proving.jax_setting import Setting, Wrt
from lossaudit.record.jax_precision import double_precision
from lossaudit.record.jaxpr import record_jaxpr, traced
from lossaudit.record.lowering import Lowering
from lossaudit.record.recorded import Recorded


@dataclass(frozen=True, slots=True)
class JaxSubject:
    """A real function of a list of arrays.

    Attributes:
        function: Called with the variables; the user's own code with everything else filled in.
        compiled: The same, compiled.
        names: Of the variables, as the user calls them.
        shapes: Of the variables.
        dtypes: In which the function takes them.
        example: A point at which the function has a finite value and a gradient; all variables, flattened.
        double: Whether it is evaluated in double precision; otherwise as JAX is configured.
        described: What the function is called.
        fixed: What is held fixed, in words.
        notes: What else a reader of the verdict should know.
    """

    function: Callable[..., Any]
    compiled: Callable[..., Any]
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[Any, ...]
    example: tuple[float, ...]
    double: bool = True
    described: str = ""
    fixed: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, fn: Callable[..., Any], args: Sequence[Any] = (), wrt: Wrt = 0, keywords: Mapping[str, Any] | None = None
    ) -> JaxSubject:
        """A callable as a function of some of its arrays.

        Everything is computed in float64 where that works, whatever JAX is configured to.

        Args:
            fn: Returns an array of one element.
            args: Its arguments, an example; an argument may be a tree of arrays, such as a dictionary of weights.
            wrt: The variables: positions among the arguments, names of arguments, or names of what lies in them
                (`"params.layer.w"`); or a list of such.
            keywords: Further arguments, by name.

        Raises:
            UsageError: It is no such function; one line says why.

        >>> subject = JaxSubject.of(lambda z, y: ((z - y) ** 2).sum(), (jnp.zeros(3), jnp.ones(3)))
        >>> subject.variables, subject.value((1, 1, 4))
        ((('z', (3,)),), 9.0)
        """
        if not callable(fn):
            raise UsageError(f"{type(fn).__name__} is not callable")
        setting = Setting.of(fn, args, keywords or {}, wrt)
        try:
            with _as_given(True):
                return _checked(setting.double(), double=True)
        except _Raised as error:
            dtype = jnp.result_type(setting.examples()[0])
            if dtype == jnp.float64:
                raise
            note = f"computed in {dtype}: in float64 the function raises {error.reason}"
        with _as_given(False):
            return _checked(setting, double=False, notes=(note,))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the variable; of several, how many numbers they are together."""
        return self.shapes[0] if len(self.shapes) == 1 else (len(self.example),)

    @property
    def epsilon(self) -> float:
        """Relative distance of neighbouring numbers of the coarsest type in which it is evaluated."""
        return max(float(jnp.finfo(dtype).eps) for dtype in self.dtypes)

    @property
    def words(self) -> str:
        """The variables as a person would say it."""
        *others, last = self.names
        return f"{', '.join(others)} and {last} jointly" if others else last

    @property
    def variables(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Name and shape of each variable."""
        return tuple(zip(self.names, self.shapes, strict=True))

    def arrays(self, point: Sequence[float]) -> list[Any]:
        """The variables at a flat point."""
        sizes = [math.prod(shape) for shape in self.shapes]
        parts = np.split(np.array(point, dtype=np.float64), np.cumsum(sizes)[:-1])
        with double_precision(self.double):
            return [
                jnp.asarray(part.reshape(shape), dtype)
                for part, shape, dtype in zip(parts, self.shapes, self.dtypes, strict=True)
            ]

    def value(self, point: Sequence[float]) -> float:
        """What the user's code computes at a flat point, rounding and all; nan where it raises.

        >>> JaxSubject.of(jnp.sum, (jnp.zeros(3),)).value((1, 2, 3.5))
        6.5
        """
        with _as_given(self.double):
            try:
                return float(self.compiled(*self.arrays(point)).reshape(()))
            except Exception:
                return math.nan

    def gradient(self, point: Sequence[float]) -> tuple[float, ...]:
        """What JAX computes at a flat point.

        >>> JaxSubject.of(lambda z: (z * z).sum(), (jnp.zeros(2),)).gradient((1, 3))
        (2.0, 6.0)
        """
        arrays = self.arrays(point)
        with _as_given(self.double):
            parts = jax.grad(_scalar(self.function), tuple(range(len(arrays))))(*arrays)
            return tuple(float(x) for part in parts for x in np.ravel(part))

    def record(self, lowering: Lowering) -> Recorded:
        """Take the function apart, at the example."""
        with _as_given(self.double):
            return record_jaxpr(self.function, self.arrays(self.example), lowering, double=self.double)


class _Raised(UsageError):
    """The user's code raised."""

    def __init__(self, error: Exception) -> None:
        self.reason = described(error)
        super().__init__(f"the function raises {self.reason}")


def _checked(setting: Setting, *, double: bool, notes: tuple[str, ...] = ()) -> JaxSubject:
    """The subject, after two traces and a run that show that it is one."""
    examples = [jnp.asarray(leaf) for leaf in setting.examples()]
    try:
        (once, shape), (again, _) = (traced(setting, examples, double=double) for _ in range(2))
    except LossauditError:
        raise
    except Exception as error:
        raise _Raised(error) from None
    _check_shape(shape)
    if not _same(once, again):
        raise UsageError("the function is another one each time it is traced: it is random, or keeps a state")
    compiled = jax.jit(setting)
    value = float(compiled(*examples).reshape(()))
    if not math.isfinite(value):
        raise UsageError(f"the function is {value} at the example, not finite: give another example")
    reached = _reached(setting, examples)
    names = tuple(setting.names[index] for index in setting.variables)
    missed = (f"no gradient reaches {name}" for name, there in zip(names, reached, strict=True) if not there)
    return JaxSubject(
        setting,
        compiled,
        names,
        tuple(tuple(example.shape) for example in examples),
        tuple(example.dtype for example in examples),
        tuple(float(x) for example in examples for x in np.ravel(example)),
        double,
        setting.described(),
        setting.words_for_fixed(),
        (*notes, *missed),
    )


def _scalar(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same with a result without axes."""

    def scalar(*points: Any) -> Any:
        return jnp.reshape(function(*points), ())

    return scalar


def _check_shape(found: Any) -> None:
    if not isinstance(found, jax.ShapeDtypeStruct):
        raise UsageError(f"the function returns {type(found).__name__}, not an array")
    if math.prod(found.shape) != 1:
        raise UsageError(
            f"the function returns an array of shape {found.shape}, not one number: "
            "wrap it in a mean or a sum, as in lambda z, y: loss(z, y).mean()"
        )
    if not jnp.issubdtype(found.dtype, jnp.floating):
        raise UsageError(f"the function returns {found.dtype}, not a real number")


def _same(one: Any, other: Any) -> bool:
    """Whether two jaxprs are equal, with the numbers that they hold."""
    if str(one) != str(other):
        return False
    fresh = [(x, y) for x, y in zip(one.consts, other.consts, strict=True) if x is not y]
    return all(np.array_equal(*map(_bits, (x, y)), equal_nan=True) for x, y in fresh)


def _bits(value: Any) -> Any:
    """A constant as numbers: random keys have a type of their own."""
    is_key = isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(value) if is_key else value)


def _reached(setting: Setting, examples: Sequence[Any]) -> list[bool]:
    """Which variables a gradient reaches: those where the change of the loss enters the backward pass."""

    def backward(change: Any, *points: Any) -> Any:
        return jax.vjp(_scalar(setting), *points)[1](change)

    try:
        jaxpr = jax.make_jaxpr(backward)(1.0, *examples).jaxpr
    except Exception as error:
        raise UsageError(f"the backward pass of the function raises {described(error)}") from None
    moved = {id(jaxpr.invars[0])}
    for eqn in jaxpr.eqns:
        if any(id(atom) in moved for atom in eqn.invars):
            moved.update(map(id, eqn.outvars))
    reached = [id(atom) in moved for atom in jaxpr.outvars]
    if not any(reached):
        raise UsageError(
            "the function is not differentiable: no gradient reaches the variables "
            "(a stop_gradient, an argmax or a comparison stands between, or they are not used)"
        )
    return reached


@contextmanager
def _as_given(double: bool) -> Iterator[None]:
    """Run the user's code without its warnings: it is run many times."""
    with warnings.catch_warnings(), double_precision(double):
        warnings.simplefilter("ignore")
        yield
