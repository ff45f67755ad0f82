"""Hessian-vector products of a probe's loss over its parameters, by double backward."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.nn.attention import SDPBackend, sdpa_kernel

from lossaudit.errors import UsageError
from lossaudit.landscape.picture import Floats
from lossaudit.landscape.plane import Direction
from lossaudit.landscape.probe import Probe, called
from lossaudit.landscape.replay import InDouble
from lossaudit.landscape.untouched import untouched

Product: TypeAlias = Callable[[Floats], Floats]
"""A symmetric matrix, as what it does to a vector (n,) of float64."""

_MOST_RETAINED = 2**30  # bytes of activations that are kept between products where the data has several batches


@contextmanager
def hessian_products(probe: Probe) -> Iterator[Product]:
    """The Hessian of the probe's loss over all of its parameters, as a function on flat vectors.

    Products are computed in the precision of the model. Random numbers are the same in every product, and batch
    normalisation in train mode is differentiated through the batch's own statistics. The model is as it was when the
    context is left.

    >>> x, y = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0]])
    >>> fit = Probe(nn.Linear(2, 1, bias=False), nn.MSELoss(), ((x, y),))
    >>> with hessian_products(fit) as product:  # (w1 + 2 w2)^2
    ...     print(product(np.array([1.0, 0.0])))
    [2. 4.]
    """
    with untouched(probe.model), _twice_differentiable(probe.model):
        parameters = probe.parameters
        if not parameters:
            raise UsageError("there is nothing to differentiate by: all parameters of the model are frozen")
        if len(probe.batches) == 1 or _retained_bytes(probe) <= _MOST_RETAINED:
            yield _retained(probe, parameters)
        else:
            yield _streamed(probe, parameters)


def doubled(probe: Probe) -> Probe | None:
    """The same probe in float64, on a copy of the model; the parameters are equal to the last bit.

    None where that would be another function: where the model cannot be copied or computes in its own precision only,
    or where it draws random numbers, which float64 draws differently.
    """
    device = next((each.device for each in probe.model.parameters()), torch.device("cpu"))
    random = torch.cuda.get_rng_state if device.type == "cuda" else torch.get_rng_state
    with untouched(probe.model), torch.no_grad():
        probe.ready()
        before = random()
        loss = float(probe.loss())
        if not torch.equal(random(), before):
            return None
    try:
        copied = _Doubled(copy.deepcopy(probe.model).double())
        exact = replace(probe, model=copied, loss_fn=_Doubled(probe.loss_fn))
        with untouched(copied), torch.no_grad():
            exact.ready()
            found = exact.loss()
    except Exception:  # whatever a user's program raises there, it has no such copy
        return None
    same = found.dtype == torch.float64 and np.isclose(float(found), loss, rtol=1e-3, atol=1e-6, equal_nan=True)
    return exact if same else None


class _Doubled(nn.Module):
    """A model or a loss, computed in float64 whatever the precision of its inputs and constants."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        with InDouble():
            return self.function(*args, **kwargs)


def flat(direction: Sequence[Tensor]) -> Floats:
    """All tensors in one vector (n,) of float64."""
    if not direction:
        return np.zeros(0)
    return torch.cat([each.detach().reshape(-1).to("cpu", torch.float64) for each in direction]).numpy()


def shaped(vector: Floats, parameters: Sequence[Tensor]) -> Direction:
    """A vector (n,) as one tensor for each parameter, of its shape, precision and device."""
    parts = torch.from_numpy(vector).split([each.numel() for each in parameters])
    return tuple(part.to(each).reshape(each.shape) for part, each in zip(parts, parameters, strict=True))


@contextmanager
def _twice_differentiable(model: nn.Module) -> Iterator[None]:
    """Kernels that have a second derivative: fused attention and cuDNN's recurrent networks have none."""
    with ExitStack() as stack:
        stack.enter_context(torch.enable_grad())
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        if any(isinstance(module, nn.RNNBase) for module in model.modules()):
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield


def _retained_bytes(probe: Probe) -> int:
    """What all graphs together would keep, judged by the first batch."""
    kept = 0

    def keep(tensor: Tensor) -> Tensor:
        nonlocal kept
        kept += tensor.nbytes
        return tensor

    probe.ready()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        called(probe.model, probe.batches[0][0])
    return kept * len(probe.batches)


def _retained(probe: Probe, parameters: Sequence[Tensor]) -> Product:
    """One graph for all products: half the price of building it anew."""
    probe.ready()
    slope = gradient(probe.loss(), parameters)

    def product(vector: Floats) -> Floats:
        return flat(derivative(slope, parameters, shaped(vector, parameters)))

    return product


def _streamed(probe: Probe, parameters: Sequence[Tensor]) -> Product:
    """One batch in memory at a time, for a loss of all outputs together.

    With outputs z = (z_1, ..., z_B) of the batches and J_b = dz_b/dw, the product is
    sum_b J_b' (L'' J v)_b + (sum_k dL/dz_bk d2 z_bk) v: one pass for J v, one for the rest.
    """
    buffers = [(buffer, buffer.clone()) for buffer in probe.model.buffers()]
    targets = torch.cat([y for _, y in probe.batches])

    def passes() -> Iterator[Tensor]:
        """The output of each batch; the random numbers and buffers are those of a first pass."""
        for buffer, value in buffers:
            buffer.data.copy_(value)
        probe.ready()
        for x, _ in probe.batches:
            yield called(probe.model, x)

    with torch.no_grad():
        outputs = list(passes())
    sizes = [len(each) for each in outputs]
    z = torch.cat(outputs).requires_grad_()
    (slope,) = gradient(probe.loss_fn(z, targets), (z,))

    def product(vector: Floats) -> Floats:
        v = shaped(vector, parameters)
        pushed: list[Tensor] = []
        for out in passes():
            dummy = torch.zeros_like(out, requires_grad=True)
            pulled = torch.autograd.grad(out, parameters, dummy, create_graph=True, materialize_grads=True)
            pushed += derivative(pulled, (dummy,), v)
        (bent,) = derivative((slope,), (z,), (torch.cat(pushed),))
        total = np.zeros_like(vector)
        for out, g, h in zip(passes(), slope.detach().split(sizes), bent.split(sizes), strict=True):
            total += flat(derivative(gradient((out * g).sum(), parameters), parameters, v))
            total += flat(torch.autograd.grad(out, parameters, h, materialize_grads=True))
        return total

    return product


def gradient(loss: Tensor, variables: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The gradient, to be differentiated again; zero where the loss does not depend on a variable.

    Raises:
        RuntimeError: A part of the program cannot be differentiated twice. Torch itself would go on without that part.
    """
    if not loss.requires_grad:
        return tuple(torch.zeros_like(each) for each in variables)
    found = torch.autograd.grad(loss, variables, create_graph=True, materialize_grads=True)
    ahead = [each.grad_fn for each in found]
    seen: set[Node] = set()
    while ahead:
        node = ahead.pop()
        if node is None or node in seen:
            continue
        if node.name() == "torch::autograd::Error":
            raise RuntimeError("a part of it is marked as differentiable once only")
        seen.add(node)
        ahead += [after for after, _ in node.next_functions]
    return found


def derivative(of: Sequence[Tensor], by: Sequence[Tensor], along: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The gradient of <of, along>; zero where it does not depend on them."""
    pairs = [(each, v) for each, v in zip(of, along, strict=True) if each.requires_grad]
    if not pairs:
        return tuple(torch.zeros_like(each) for each in by)
    outputs, weights = zip(*pairs, strict=True)
    return torch.autograd.grad(outputs, by, weights, retain_graph=True, materialize_grads=True)
