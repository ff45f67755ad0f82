"""Verdicts per parameter block: of the head by theory, of small models by the prover.

Logits are affine in the weights and the bias of the last layer, and a convex function of an affine one is convex: what
is proved in the logits holds in the head, for any data. The other way round, one sample's logits can be moved anywhere
by the bias, so a counterexample in the logits is one in the head.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lossaudit import catalogue
from lossaudit.catalogue.schema import Role
from lossaudit.errors import LossauditError
from lossaudit.landscape.probe import called, size
from lossaudit.landscape.untouched import untouched
from lossaudit.pairing import Const, Pairing
from lossaudit.proving.failing import described
from lossaudit.proving.prove import prove
from lossaudit.readers.live import objective_of, prediction_node, trace_of
from lossaudit.result import BlockVerdict, Result
from lossaudit.verdict import Status

MOST = 100
"""Numbers in a model that the prover is asked about: it follows each of them exactly."""

_TANGENTS = 6  # at the parameters, and at others
_SAMPLES = 2  # of the data that the prover sees
_MATRIX = frozenset({"AddmmBackward0", "MmBackward0"})
_MOVES = frozenset({"TBackward0", "TransposeBackward0", "PermuteBackward0"})


@dataclass(frozen=True, slots=True)
class Head:
    """The parameters of the affine operation that makes the logits.

    Attributes:
        names: Of these parameters, in the order of the model.
        size: How many numbers these are.
        matrix: Whether it is a linear layer on one row for each sample.
        bias: Whether it has a bias.
        outputs: How many logits it makes.
    """

    names: tuple[str, ...]
    size: int
    matrix: bool
    bias: bool
    outputs: int


def block_verdicts(
    model: Callable[..., Any],
    loss_fn: Callable[..., Any],
    batch: tuple[Any, Any],
    result: Result,
    loss: Tensor,
    seconds: float,
) -> tuple[BlockVerdict, ...]:
    """A verdict for the head, for each parameter, and for all of them together.

    Args:
        model: A module; of a plain function nothing is known.
        loss_fn: As for `audit_batch`.
        batch: From which the prover takes a few samples.
        result: With the verdict in the logits.
        loss: Of a recorded forward pass, with its graph.
        seconds: After which the prover is asked nothing more.
    """
    if not isinstance(model, nn.Module):
        return ()
    head = head_of(model, loss)
    found = [] if head is None else [_checked(_of_head(head, result), model, loss_fn, batch)]
    return (*found, *_proved(model, loss_fn, batch, found, seconds))


def head_of(model: nn.Module, loss: Tensor) -> Head | None:
    """The last layer, if the loss depends on its parameters through the logits alone, and these are affine in them."""
    terms = objective_of(trace_of(loss), None)[1] if loss.grad_fn is not None else ()
    if len(terms) != 1 or terms[0].part is None:
        return None
    node = prediction_node(trace_of(loss), terms[0].values[0])
    if node is None:
        return None
    leaves = {id(leaf.variable): leaf for leaf in filter(None, map(_leaf, node.next_functions))}
    names = tuple(name for name, parameter in model.named_parameters() if id(parameter) in leaves)
    parameters = dict(model.named_parameters())
    weights = [name for name in names if parameters[name].ndim > 1]
    if len(names) != len(leaves) or len(weights) != 1 or any(_uses(loss, leaf) != 1 for leaf in leaves.values()):
        return None
    total = sum(parameters[name].numel() for name in names)
    outputs = len(parameters[weights[0]])
    return Head(names, total, node.name() in _MATRIX, len(names) == 2, outputs)


def _leaf(edge: tuple[Any, int]) -> Any:
    """The parameter at the end of an edge, behind transpositions only."""
    node = edge[0]
    while node is not None and node.name() in _MOVES:
        node = node.next_functions[0][0]
    return node if node is not None and isinstance(getattr(node, "variable", None), nn.Parameter) else None


def _uses(root: Tensor, leaf: Any) -> int:
    """How many operations of the graph take this leaf."""
    stack, seen, count = [root.grad_fn], set[Any](), 0
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        for below, _ in node.next_functions:
            count += below is leaf
            stack.append(below)
    return count


def _of_head(head: Head, result: Result) -> BlockVerdict:
    """What the verdict in the logits says of the head."""
    terms = [term for objective in result.objectives for term in objective.terms]
    verdict = result.pairings[0].verdict if len(result.pairings) == len(terms) == 1 else None
    positive = len(terms) == 1 and isinstance(terms[0].coefficient, Const) and _above_0(terms[0].coefficient.value)

    def said(status: str, argument: str, about: str = "") -> BlockVerdict:
        return BlockVerdict("the head", head.names, head.size, status, argument, about)

    if verdict is None or not positive:
        return said("undecided", "there is no verdict in the logits to start from")
    if verdict.status is Status.PROVED:
        argument = "the loss is convex in the logits, these are affine in the head, and so the composition is convex"
        return said("proved", argument, f"any data; targets: {verdict.scope.targets}")
    if verdict.status is Status.REFUTED and head.matrix and _straight(result.pairings[0].pairing, head):
        by = "the bias moves" if head.bias else "the weights move, where its features are not all 0,"
        argument = f"{by} one sample's logits anywhere, so the counterexample in the logits is one in the head"
        return said("refuted", argument, f"one sample; target: {verdict.scope.targets}")
    return said("undecided", f"in the logits: {verdict.headline}")


def _straight(pairing: Pairing, head: Head) -> bool:
    """Whether the layer's outputs are the logits, all of them and nothing else: then it can move them anywhere."""
    ops = [catalogue.op(step.op) for step in pairing.prediction.steps]
    plain = all(op is not None and op.role in (Role.HEAD, Role.VIEW, Role.CAST) for op in ops)
    return plain and len(pairing.prediction.dims) == 2 and pairing.prediction.dims[1].size == head.outputs


def _above_0(value: object) -> bool:
    return isinstance(value, int | float) and value > 0


class _Objective(nn.Module):
    """The loss of given data as a function of the parameters."""

    def __init__(self, model: nn.Module, loss_fn: Callable[..., Any]) -> None:
        super().__init__()
        self.model = model
        self._loss_fn = [loss_fn]  # in a list: parameters of the loss are none of the model

    def forward(self, x: Any, y: Any) -> Any:
        return self._loss_fn[0](self.model(x), y)


def _proved(
    model: nn.Module,
    loss_fn: Callable[..., Any],
    batch: tuple[Any, Any],
    found: Sequence[BlockVerdict],
    seconds: float,
) -> Iterator[BlockVerdict]:
    """Each parameter, and all of them, by the prover where they are small enough."""
    parameters = {name: p.numel() for name, p in model.named_parameters() if p.requires_grad and p.is_floating_point()}
    total = sum(parameters.values())
    blocks = [(name, (name,)) for name in parameters]
    blocks += [("all parameters", tuple(parameters))] if len(parameters) > 1 else []
    if total > MOST:
        blocks = blocks[-1:]  # one line says it
    start, few = time.monotonic(), _few(batch)
    for block, names in reversed(blocks):  # all together first: it says the most
        count = sum(parameters[name] for name in names)
        whole = next((each for each in found if each.status == "proved" and set(names) <= set(each.parameters)), None)
        if whole is not None:
            yield BlockVerdict(block, names, count, "proved", "within the head, in which it is convex", whole.about)
        elif total > MOST:
            argument = f"too large: the prover is asked about models of up to {MOST} numbers"
            yield BlockVerdict(block, names, count, "not tried", argument)
        elif few is None:
            yield BlockVerdict(block, names, count, "not tried", "the inputs are no single tensor")
        elif time.monotonic() - start > seconds:
            yield BlockVerdict(block, names, count, "not tried", f"the {seconds:g} seconds for proofs were over")
        else:
            yield _asked(model, loss_fn, few, block, names, count)


def _few(batch: tuple[Any, Any]) -> tuple[Tensor, Tensor] | None:
    """Some samples of a batch of tensors."""
    x, y = batch
    if not isinstance(x, Tensor) or size(y) is None or len(x) != len(y):
        return None
    return x[:_SAMPLES].detach().cpu(), y[:_SAMPLES].detach().cpu()


def _asked(
    model: nn.Module,
    loss_fn: Callable[..., Any],
    few: tuple[Tensor, Tensor],
    block: str,
    names: tuple[str, ...],
    count: int,
) -> BlockVerdict:
    objective = _Objective(model, loss_fn).eval()
    about = f"{len(few[1])} samples of the data, the other parameters as they are, eval mode"
    try:
        verdict = prove(objective, *few, wrt=[f"model.{name}" for name in names])
    except LossauditError as error:
        return BlockVerdict(block, names, count, "undecided", str(error), about)
    except Exception as error:  # of the model, under the recorder
        return BlockVerdict(block, names, count, "undecided", f"it cannot be recorded: {described(error)}", about)
    if not _same_elsewhere(objective, few, names):
        argument = "the loss takes parameters from elsewhere than from the model's output: they cannot be followed"
        return BlockVerdict(block, names, count, "undecided", argument, about)
    argument = verdict.reason if verdict.status is not Status.REFUTED else verdict.refuted_by
    return _checked(
        BlockVerdict(block, names, count, verdict.status.value, argument, about, verdict), model, loss_fn, few
    )


def _same_elsewhere(objective: _Objective, few: tuple[Tensor, Tensor], names: Sequence[str]) -> bool:
    """Whether a copy of the model, which the prover works on, has the loss of the model, also with other parameters.

    A loss that reads the model's weights by itself still reads the old ones.
    """
    own = copy.deepcopy(objective)
    with untouched(objective), torch.no_grad():
        for turn in range(2):
            _move(own.model, names, turn)
            there = float(own(*few))
            _move(objective.model, names, turn)
            here = float(objective(*few))
            if not math.isclose(here, there, rel_tol=1e-5, abs_tol=1e-7) and not (math.isnan(here) and here != there):
                return False
    return True


def _move(model: nn.Module, names: Sequence[str], seed: int) -> None:
    """Add noise of the size of the parameters themselves."""
    parameters, random = dict(model.named_parameters()), torch.Generator().manual_seed(seed)
    for name in names:
        noise = torch.randn(parameters[name].shape, generator=random).to(parameters[name])
        parameters[name].data.add_(noise * (parameters[name].detach().square().mean().sqrt() + 0.1))


def _checked(
    found: BlockVerdict, model: nn.Module, loss_fn: Callable[..., Any], batch: tuple[Any, Any]
) -> BlockVerdict:
    """The verdict; what is proved of what was recorded is not said of a loss whose own values contradict it.

    A part that was detached, or weights that a penalty reads, are in no recording.
    """
    if found.status != "proved" or not _below_tangent(model, loss_fn, batch, found.parameters):
        return found
    argument = "the loss falls below its tangents: it depends on these parameters past what was recorded (detach?)"
    return BlockVerdict(found.block, found.parameters, found.size, "undecided", argument, found.about)


def _below_tangent(model: nn.Module, loss_fn: Callable[..., Any], batch: tuple[Any, Any], names: Sequence[str]) -> bool:
    """Whether the loss lies below one of its own tangents, beyond rounding; no convex function does.

    A tangent of the wrong slope, as it comes from a detached part, is crossed by every function.
    """
    x, y = batch
    random = torch.Generator().manual_seed(0)
    with untouched(model, loss_fn), torch.enable_grad():
        model.eval()
        block = [parameter for name, parameter in model.named_parameters() if name in names]

        def value() -> Tensor:
            torch.manual_seed(0)
            return loss_fn(called(model, x), y)

        eps = max(torch.finfo(each.dtype).eps for each in block)
        for turn in range(_TANGENTS):
            if turn:
                _move(model, names, turn)
            start = [each.detach().clone() for each in block]
            middle = value()
            slopes = torch.autograd.grad(middle, block, allow_unused=True)
            for step in (1.0, -1.0, 0.1, -0.1, 0.01, -0.01):
                tangent, size = middle.item(), abs(middle.item())
                for each, begin, slope in zip(block, start, slopes, strict=True):
                    along = torch.randn(each.shape, generator=random).to(each)
                    each.data = begin + step * along * (begin.square().mean().sqrt() + 0.1)
                    change = 0.0 if slope is None else float((slope * (each.data - begin)).double().sum())
                    tangent, size = tangent + change, size + abs(change)
                with torch.no_grad():
                    there = float(value())
                if there < tangent - 1000 * eps * (size + abs(there)):
                    return True
            for each, begin in zip(block, start, strict=True):
                each.data = begin
    return False
