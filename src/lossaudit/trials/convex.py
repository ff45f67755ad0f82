"""Whether a loss that takes part is convex in the logits: the prover's answer, about its own head and options."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from lossaudit.cards import said
from lossaudit.catalogue import LOSSES
from lossaudit.errors import LossauditError
from lossaudit.proving.named import usual_head
from lossaudit.proving.prove import prove
from lossaudit.trials.contender import Contender
from lossaudit.trials.problem import Problem, Task
from lossaudit.verdict import Status

_MOST = 128  # classes
_COVERED = 16  # targets of one proof
_ROWS = frozenset({"softmax", "log_softmax"})  # heads in which the outputs of a sample meet


def convex(contender: Contender, problem: Problem) -> bool | None:
    """Whether a loss is convex in the logits: True proved, False refuted, None not known.

    The targets are those that there can be, or as many as a proof can take: of more than 16 classes three, of numbers
    the quantiles of the training data. A proof about some of the targets is none where the others may differ: for a
    callable of the user's, for ordered classes, and for several labels whose outputs meet.

    >>> from lossaudit.trials.contender import contender
    >>> from lossaudit.trials.problem import Samples
    >>> three = Samples(torch.zeros(3, 1), torch.arange(3))
    >>> problem = Problem("three", Task.MULTICLASS, three, three, outputs=3)
    >>> [convex(contender(name, problem), problem) for name in ("ce", "mse:softmax", "mse")]
    [True, False, True]
    """
    apart = _apart(contender)
    y, complete = _targets(problem, own=not contender.loss, apart=apart)
    if problem.outputs > _MOST or _known_undecided(contender):
        return None
    shape = (len(y), problem.outputs) if problem.task is Task.MULTICLASS else y.shape
    encoded = contender.encode(y)
    encoded = encoded.double() if encoded.is_floating_point() else encoded

    def loss(z: Tensor, target: Tensor) -> Tensor:
        return contender.value(z, target)

    z = torch.linspace(0.1, 0.9, shape.numel() if isinstance(shape, torch.Size) else shape[0] * shape[1]).double()
    try:
        status = prove(loss, z.reshape(shape), encoded).status
    except LossauditError:
        return None
    if status is Status.REFUTED:
        return False
    return True if status is Status.PROVED and (complete or _alike(contender, problem, apart=apart)) else None


def _apart(contender: Contender) -> bool:
    """Whether a loss scores each output of a sample for itself."""
    return bool(contender.loss) and not LOSSES[contender.loss].class_axis and _ROWS.isdisjoint(contender.head)


def _alike(contender: Contender, problem: Problem, *, apart: bool) -> bool:
    """Whether a loss is of the same form for the targets that the proof has left out."""
    if not contender.loss or "ordinal" in LOSSES[contender.loss].tasks:
        return False
    return apart or problem.task is not Task.MULTILABEL


def _known_undecided(contender: Contender) -> bool:
    """Whether the shipped card has no answer, so that none is looked for again."""
    if not contender.loss:
        return False
    usual = (contender.head or ("identity",))[-1] == usual_head(LOSSES[contender.loss])
    return usual and said(contender.loss).get("convex", ("", ""))[1] == "unknown"


def _targets(problem: Problem, *, own: bool, apart: bool) -> tuple[Tensor, bool]:
    """Targets of a proof, and whether there are no others."""
    k = problem.outputs
    if problem.task is Task.MULTICLASS:
        every = k <= _COVERED
        return (torch.arange(k) if every else torch.tensor([0, 1, k - 1])), every
    if problem.task is Task.BINARY:
        return torch.tensor([0, 1]), True
    if problem.task is Task.MULTILABEL:
        if not apart and 2**k <= _COVERED:
            return torch.tensor(list(itertools.product((0.0, 1.0), repeat=k))), True
        return torch.tensor([[0.0], [1.0]]).expand(2, k).clone(), False
    y = problem.train.y.double()
    if own and y.ndim > 1:
        return y[:_COVERED], False
    return torch.quantile(y.flatten()[:1_000_000], torch.linspace(0, 1, _COVERED).double()).unique(), False
