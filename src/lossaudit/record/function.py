"""Records a whole function: runs it once on real values and hands each of its operations to a lowering."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from lossaudit.errors import LossauditError, RecordingError, UsageError
from lossaudit.record.follower import Below, Follower
from lossaudit.record.lowering import Lowering
from lossaudit.record.recorded import Recorded


def record_function(function: Callable[..., Any], variables: Sequence[torch.Tensor], lowering: Lowering) -> Recorded:
    """Run a function once and take it apart.

    Args:
        function: Called as `function(*variables)`, with copies; returns a tensor of one element.
        variables: The point at which it is run; their elements become variables in this order.
        lowering: Gives ids to what it computes.

    Raises:
        UsageError: The function returns something else, or draws random numbers.
        RecordingError: It cannot be run under observation.
    """
    follower = Follower(lowering)
    points = [variable.detach().clone().requires_grad_().clone() for variable in variables]
    follower.begin(points)
    state = torch.get_rng_state()
    try:
        with _eager(), torch.enable_grad(), Below(follower), follower:
            value = function(*points)
        drew = not torch.equal(state, torch.get_rng_state())
    except LossauditError:
        raise
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "")
        raise RecordingError(f"the function cannot be followed: {type(error).__name__}: {reason}") from error
    finally:
        torch.set_rng_state(state)
    if drew:
        raise UsageError("the function draws random numbers: fix them, or put its modules into eval mode")
    if not isinstance(value, torch.Tensor):
        raise UsageError(f"the function returns {type(value).__name__}, not a tensor")
    if value.numel() != 1:
        raise UsageError(f"the function returns a tensor of shape {tuple(value.shape)}, not one number")
    output = int(follower.ids(value).reshape(()))
    return Recorded(output, tuple(follower.escapes), follower.detached, float(value.detach()), tuple(follower.unknown))


def _eager() -> AbstractContextManager[Any]:
    """Compiled functions run as they are written; without the compiler in memory there are none."""
    if "torch._dynamo" not in sys.modules or not hasattr(torch.compiler, "set_stance"):
        return nullcontext()
    return torch.compiler.set_stance("force_eager")
