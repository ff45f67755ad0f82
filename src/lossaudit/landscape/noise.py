"""How far rounding can be trusted: Monte Carlo arithmetic.

Every operation, also in the backward passes, gets its operands disturbed by a relative 2^-40. What that does to a
result, scaled down to half a unit in the last place, is what rounding does to it, including where large terms cancel
and leave no trace in the result (Parker 1997, Monte Carlo arithmetic). The disturbance is far above rounding, so that
no node looks exact by luck, and small enough for the result to follow in proportion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

_DISTURBANCE = 2.0**-40
_UNIT = 2.0**-53
_TINY = 2.0**-1000
_UNDERFLOW = 2.0**-1062  # half of the least number above 0, enlarged as much
_RUNS = 4
_SAFETY = 32.0  # four runs may miss the worst signs, and functions such as exp may err by more than half a unit
_STEPS = frozenset({"floor", "ceil", "round", "trunc", "sign", "sgn", "sort", "argsort", "topk", "unique"})
_CHOICES = frozenset({"amax", "amin", "max", "min", "aminmax", "argmax", "argmin", "median", "kthvalue", "mode"})
"""What these return is one of the operands, without any rounding: the backward pass looks for it among them."""


class _Disturbed(TorchDispatchMode):
    def __init__(self, seed: int) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.ops.aten._log_softmax_backward_data.default:
            return self._log_softmax_backward(*args)
        schema = func._schema
        if schema.name.partition("::")[2] in _STEPS | _CHOICES or any(
            a.alias_info is not None for a in schema.arguments
        ):
            return func(*args, **kwargs)
        try:
            result = func(*pytree.tree_map(self._disturbed, args), **kwargs)
        except (RuntimeError, ValueError):  # it checks its operands, which may be probabilities: not above 1
            return func(*pytree.tree_map(self._lowered, args), **kwargs)
        if isinstance(result, Tensor) and not result.is_floating_point():  # a comparison: its answer is meant as it is
            return func(*args, **kwargs)
        return result

    def _log_softmax_backward(self, gradient: Tensor, output: Tensor, dim: int, dtype: Any) -> Tensor:
        """Taken apart: its inner exp(output) is rounded too, and a probability of 1 comes from an output of 0, to which
        a relative disturbance does nothing.
        """
        gradient = self._disturbed(gradient)
        return gradient - self._disturbed(output.exp()) * self._disturbed(gradient.sum(dim, keepdim=True))

    def _lowered(self, value: Any) -> Any:
        return self._disturbed(value, down=True)

    def _disturbed(self, value: Any, down: bool = False) -> Any:
        if not isinstance(value, Tensor) or value.dtype != torch.float64 or value.is_meta:
            return value
        noise = torch.rand(value.shape, generator=self.generator, dtype=value.dtype).to(value.device)
        noise = -noise if down else 2 * noise - 1
        tiny = (value.abs() < _TINY) & (value != 0)  # gradual underflow: the error is no longer relative
        return value * (1 + _DISTURBANCE * noise) + torch.where(tiny, noise * _UNDERFLOW, 0.0)


def rounding(compute: Callable[[], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """A bound of what rounding did to each number that `compute` returns; infinite where that cannot be told.

    The bound is that of a sample: 32 times the largest of four runs.

    >>> x = torch.tensor([1.0, 1e8], dtype=torch.float64)
    >>> (bound,) = rounding(lambda: ((x + 1) - x,))  # 1, after cancelling 1e8
    >>> bool(bound[0] < 1e-13), bool(1e-9 < bound[1] < 1e-5)
    (True, True)
    """
    exact = compute()
    worst = [torch.zeros_like(each) for each in exact]
    for seed in range(_RUNS):
        with _Disturbed(seed):
            noisy = compute()
        for k, (one, other) in enumerate(zip(exact, noisy, strict=True)):
            worst[k] = torch.maximum(worst[k], (one - other).abs())
    return tuple(
        torch.where(each.isfinite(), each * (_SAFETY * _UNIT / _DISTURBANCE), torch.inf).where(one.isfinite(), 0.0)
        for one, each in zip(exact, worst, strict=True)
    )
