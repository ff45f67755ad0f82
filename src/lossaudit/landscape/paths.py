"""A loss along the path to confident and wrong: one logit moves, and the wrong answer gets ever more certain."""

from __future__ import annotations

import numpy as np

from lossaudit.errors import UsageError
from lossaudit.landscape import slices
from lossaudit.landscape.derivatives import Function
from lossaudit.landscape.picture import Coordinate, Floats, Surface


def towards_wrong(variables: int, true: int, wrong: int | None = None) -> tuple[Floats, Floats, str]:
    """Where the path starts, its direction (1, n), and the name of its coordinate.

    With one logit for each class, that of a wrong class rises from uniform logits. With a single logit, it falls if the
    positive class is the true one, and rises otherwise.

    Args:
        variables: How many logits there are.
        true: The true class; with a single logit 1 for the positive class, else 0 or -1.
        wrong: Of several classes; None: the first one that is not true.

    Raises:
        UsageError: There is no such class, or both are the same.

    >>> towards_wrong(3, true=0)[1].tolist(), towards_wrong(1, true=1)[1].tolist()
    ([[0.0, 1.0, 0.0]], [[-1.0]])
    """
    if variables == 1:
        return np.zeros(1), np.array([[-1.0 if true > 0 else 1.0]]), "logit against the true class (nats)"
    wrong = next(k for k in range(variables) if k != true) if wrong is None else wrong
    if not (0 <= true < variables and 0 <= wrong < variables) or true == wrong:
        raise UsageError(f"a path from class {true} to class {wrong} needs two different classes below {variables}")
    return np.zeros(variables), np.eye(variables)[[wrong]], f"logit of class {wrong} above the others (nats)"


def path(
    function: Function,
    variables: int,
    *,
    true: int,
    wrong: int | None = None,
    reach: float = 20.0,
    size: int = 401,
    name: str,
) -> Surface:
    """A loss from uniform logits to confident and wrong.

    >>> import torch
    >>> drawn = path(lambda z: -torch.log_softmax(z, 0)[0], 2, true=0, reach=50.0, size=3, name="cross-entropy")
    >>> drawn.loss.round(6).tolist(), drawn.slope.round(6).tolist()
    ([0.693147, 25.0, 50.0], [0.707107, 1.414214, 1.414214])
    """
    centre, direction, axis = towards_wrong(variables, true, wrong)
    return slices.surface(function, centre, direction, Coordinate(axis, np.linspace(0.0, reach, size)), name=name)
