"""What the best outputs under a loss are, as far as the meaning of a model's outputs depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax

from lossaudit import catalogue
from lossaudit.cards import said
from lossaudit.catalogue.schema import Loss

_TRUE = (0.6, 0.3, 0.1)
_STARTS = np.array([[0.2, -0.1, 0.1], [-0.6, 0.3, -0.3]])  # two: where the scale is free, the best is not one place
_NEAR = 0.1  # label smoothing with 0.1 is off by 0.03, a squared error on the outputs by 0.2


def softmax_elicits(loss: Loss) -> bool:
    """Whether softmax of the outputs that are best on average is near the true probabilities, all classes alike.

    >>> softmax_elicits(catalogue.LOSSES["label_smoothing"]), softmax_elicits(catalogue.LOSSES["squared_outputs"])
    (True, False)
    """
    return _elicits(loss.name)


@cache
def _elicits(name: str) -> bool:
    from lossaudit.trials.options import function_of

    loss = catalogue.LOSSES[name]
    alike = {option.name: torch.ones(3, dtype=torch.float64) for option in loss.options if option.name == "counts"}
    alike |= {option.name: torch.ones(3, dtype=torch.float64) for option in loss.options if option.name == "weight"}
    function = function_of(loss, alike)
    indices = any(encoding.value == "class index" for encoding in loss.encodings)
    targets = torch.arange(3) if indices else torch.eye(3, dtype=torch.float64)

    def expected(z: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        outputs = torch.tensor(z[None], requires_grad=True)
        with torch.enable_grad():
            rows = [function(outputs, targets[k : k + 1]) for k in range(3)]
            value = (torch.stack(rows).flatten() * torch.tensor(_TRUE, dtype=torch.float64)).sum()
        (gradient,) = torch.autograd.grad(value, outputs)
        return float(value.detach()), gradient[0].numpy()

    found = [minimize(expected, start, jac=True, method="L-BFGS-B").x for start in _STARTS]
    return all(bool(np.abs(softmax(each) - _TRUE).max() < _NEAR) for each in found)


def by_exp(loss: Loss, options: Mapping[str, Any]) -> bool:
    """Whether exp of the output predicts the target: the output is the logarithm of a mean.

    >>> by_exp(catalogue.LOSSES["poisson_nll"], {}), by_exp(catalogue.LOSSES["mse"], {})
    (True, False)
    """
    log = said(loss.name).get("elicits", ("", ""))[0].endswith("by exp of the output")
    return log and bool(options.get("log_input", True))
