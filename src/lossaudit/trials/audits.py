"""The audit of each loss's model: the first seed at the chosen rate, after all choices are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from lossaudit.audit import Asked, audit_training
from lossaudit.comparison import Comparison
from lossaudit.errors import LossauditError
from lossaudit.result import Result
from lossaudit.training import Training
from lossaudit.trials.contender import Contender
from lossaudit.trials.execute import execute
from lossaudit.trials.loop import Loop
from lossaudit.trials.problem import Samples, Sealed
from lossaudit.trials.stuck import as_real
from lossaudit.trials.trial import Trial
from lossaudit.trials.workshop import Workshop

BRIEF = Asked(samples=2_000, seconds=1.0, landscape=False)
"""Of twelve losses nobody waits longer for the audits than for the training."""


def audits(
    loop: Loop, comparison: Comparison, workshop: Workshop, sealed: Sealed | None, asked: Asked = BRIEF
) -> Mapping[str, Result | str]:
    """What an audit says of the model that each loss has made. Nothing is trained: the trials come from the store.

    Args:
        loop: What trained them.
        comparison: Finished or partial; a loss without a finished trial at its rate is left out.
        workshop: Where the trials are kept.
        sealed: The test samples, which are audited as well if they were opened: never before the choices are made.
        asked: How much an audit does.

    Returns:
        For each loss its audit, or in words why there is none.
    """
    held_out = sealed.open() if sealed is not None and sealed.opened else None
    found: dict[str, Result | str] = {}
    for each in comparison.contestants:
        if not each.seeds:
            continue
        trial = Trial(each.name, each.rate, each.seeds[0])
        outcome = execute(loop, [trial], replace(workshop, progress=None, deadline=None)).outcomes[trial]
        if outcome.diverged is not None:
            found[each.name] = f"seed {trial.seed} diverged in epoch {outcome.diverged}: there is no model to audit"
            continue
        contender = loop.contenders[each.name]
        model = loop.model(outcome)
        dtype = next((of.dtype for of in model.parameters() if of.is_floating_point()), torch.get_default_dtype())
        training = Training(
            model,
            _loss_of(contender),
            _given(loop.problem.train, contender, dtype),
            None if held_out is None else _given(held_out, contender, dtype),
            f"{each.name}, learning rate {each.rate:.3g}, seed {trial.seed}",
        )
        try:
            found[each.name] = audit_training(training, asked)[0]
        except LossauditError as error:
            found[each.name] = str(error)
    return found


def _loss_of(contender: Contender) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss as `audit` calls it, on targets that are encoded already."""

    def loss(outputs: Tensor, y: Tensor) -> Tensor:
        one = outputs.ndim == 2 and outputs.shape[1] == 1 and y.ndim == 1  # one number for each sample
        return contender.value(outputs[:, 0] if one else outputs, y)

    return loss


def _given(samples: Samples, contender: Contender, dtype: torch.dtype) -> tuple[Any, Tensor]:
    """A batch with the targets as the loss takes them."""
    return samples.x, as_real(contender.encode(samples.y), dtype)
