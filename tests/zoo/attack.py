"""Float64 attacks on the zoo's labels, and nothing of lossaudit: the labels are the prover's judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from tests.zoo.case import Case
from torch import Tensor, nn

SCALES = (1e-3, 1e-1, 1.0, 4.0, 16.0, 100.0, 1000.0)
CUTS = 16
"""Each random segment is cut into so many pieces; each pair of cuts with a cut in the middle is a chord."""
CHORDS = tuple((i, (i + j) // 2, j) for i in range(CUTS + 1) for j in range(i + 2, CUTS + 1, 2))
ROUNDING = 1e-9
"""What rounding may do to a gap, relative to the values and to the function's size near the origin."""
ROUNDING_AT_WITNESS = 1e-12
"""The same at two given points, relative to the values alone."""


@dataclass(frozen=True, slots=True)
class Flat:
    """The case as a function of one vector."""

    value: Callable[[Tensor], float]
    start: Tensor


def flat(case: Case, *, ideal: bool = False) -> Flat:
    function = case.ideal if ideal and case.ideal is not None else case.function
    args = case.example()
    if isinstance(function, nn.Module) and not isinstance(case.wrt, int) and not _positions(case.wrt):
        return _of_parameters(function, args, case.wrt)
    if any(hasattr(arg, "keys") or type(arg).__module__.startswith("jax") for arg in args):
        return _of_arrays(function, args, case.wrt)
    places = case.wrt if isinstance(case.wrt, (tuple, list)) else (case.wrt,)
    parts = [args[place] for place in places]

    def value(x: Tensor) -> float:
        given = list(args)
        for place, part, piece in zip(places, parts, x.split([p.numel() for p in parts]), strict=True):
            given[place] = piece.view(part.shape).clone()
        return float(function(*given))

    return Flat(value, torch.cat([p.reshape(-1) for p in parts]))


def _positions(wrt: object) -> bool:
    return isinstance(wrt, (tuple, list)) and all(isinstance(place, int) for place in wrt)


def _of_parameters(module: nn.Module, args: tuple[Tensor, ...], wrt: object) -> Flat:
    names = [wrt] if isinstance(wrt, str) else list(wrt)  # type: ignore[call-overload]
    held = dict(module.named_parameters())
    parts = [held[name].detach() for name in names]

    def value(x: Tensor) -> float:
        pieces = x.split([p.numel() for p in parts])
        new = {name: piece.view(p.shape) for name, p, piece in zip(names, parts, pieces, strict=True)}
        return float(torch.func.functional_call(module, new, args))

    return Flat(value, torch.cat([p.reshape(-1) for p in parts]))


def _of_arrays(function: Callable[..., object], args: tuple[object, ...], wrt: object) -> Flat:
    """A function of JAX: compiled, in double precision."""
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree

    from lossaudit.record.jax_precision import double_precision

    place, _, key = str(wrt if isinstance(wrt, int) else f"0.{wrt.partition('.')[2]}").partition(".")
    part = args[int(place)][key] if key else args[int(place)]  # type: ignore[index]

    def whole(piece: object) -> object:
        given = list(args)
        given[int(place)] = {**args[int(place)], key: piece} if key else piece  # type: ignore[dict-item]
        return function(*given)

    compiled = jax.jit(whole)
    with double_precision():
        start, unravel = ravel_pytree(jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), part))

    def value(x: Tensor) -> float:
        with double_precision():
            return float(compiled(unravel(jnp.asarray(x.numpy()))))  # type: ignore[arg-type]

    return Flat(value, torch.tensor(start.tolist(), dtype=torch.float64))


class Attack:
    """Random segments of many scales; reports the worst chord."""

    def __init__(self, case: Case, *, ideal: bool = False, seed: int = 0) -> None:
        self.case = case
        self.flat = flat(case, ideal=ideal)
        self.random = torch.Generator().manual_seed(seed)
        self.unit = max(
            [abs(v) for v in (self._at(self.point(1.0)) for _ in range(8)) if v == v and abs(v) < 1e300] or [1]
        )

    def _at(self, x: Tensor) -> float:
        with torch.no_grad():
            return self.flat.value(x)

    def point(self, scale: float) -> Tensor:
        """A random point of the domain; now and then with few coordinates that differ from 0."""
        size = self.flat.start.numel()
        normal = torch.randn(size, dtype=torch.float64, generator=self.random)
        if size > 1 and torch.rand((), generator=self.random) < 0.3:
            normal *= torch.rand(size, generator=self.random) < 0.5
        domain = self.case.domain
        if domain is None:
            return normal * scale
        if domain in ("positive", "nonnegative"):
            return (normal * min(2.0, scale)).exp() * min(scale, 1e3)
        low, high = (0.0, 1.0) if domain == "unit" else domain  # type: ignore[misc]
        return low + (high - low) * torch.sigmoid(normal * min(scale, 8.0))

    def scale(self) -> float:
        scales = [s for s in SCALES if s <= self.case.reach]
        return scales[int(torch.randint(len(scales), (), generator=self.random))]

    def chord(self, a: Tensor, b: Tensor) -> float:
        """f(midpoint) - (f(a) + f(b)) / 2, less what rounding may have done."""
        return self._gap(self._at(a), self._at((a + b) / 2), self._at(b), ROUNDING_AT_WITNESS, 0.0)

    def _gap(
        self, left: float, middle: float, right: float, rounding: float = ROUNDING, unit: float | None = None
    ) -> float:
        size = max(abs(left), abs(middle), abs(right))
        if not size < 1e300:  # infinite or nan: says nothing
            return -1.0
        return middle - (left + right) / 2 - rounding * (size + (self.unit if unit is None else unit))

    def segment(self) -> float:
        """The worst gap on a random segment that is cut into pieces."""
        scale = self.scale()
        a = self.point(scale)
        b = self.point(scale) if torch.rand((), generator=self.random) < 0.5 else a + self.point(min(scale, 1.0))
        if self.case.domain is not None:
            b = self.point(scale)
        values = [self._at(a + (b - a) * (i / CUTS)) for i in range(CUTS + 1)]
        return max(self._gap(values[i], values[m], values[j]) for i, m, j in CHORDS)
