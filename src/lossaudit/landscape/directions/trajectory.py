"""The plane that a training trajectory lies in best: principal directions about its final point.

Li et al. 2018 (arXiv 1712.09913), section 7. How much a plane explains says little by itself: so does a random walk's
(Antognini & Sohl-Dickstein 2018, arXiv 1806.08805), and `random_walk_share` says how much.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from lossaudit.errors import UsageError
from lossaudit.landscape.directions.checkpoints import Checkpoint, Recorder, State, differing, listed, loaded, set_state
from lossaudit.landscape.directions.random import count
from lossaudit.landscape.directions.vectors import flat, minus, norm, present
from lossaudit.landscape.evaluate import losses, on_plane
from lossaudit.landscape.picture import Floats, Mark, MarkKind
from lossaudit.landscape.plane import Plane
from lossaudit.landscape.probe import Probe
from lossaudit.landscape.products import shaped
from lossaudit.landscape.untouched import untouched

_MARGIN = 1.25  # how far beyond its furthest point a path is drawn


def trajectory_plane(probe: Probe, checkpoints: Sequence[Checkpoint] | Recorder, dims: int = 2) -> Plane:
    """The line or plane through the final point with the least squared distance to all points of the trajectory.

    The mark of the plane is the path: coordinates, true loss at each point (with the checkpoint's own buffers, on the
    data of the probe), and distance from the plane.

    Args:
        probe: Evaluates the true losses.
        checkpoints: In the order of training, the last one being the centre; or a `Recorder`.
        dims: 1 for a line, 2 for a plane.

    Raises:
        UsageError: There are fewer than two different checkpoints (three for a plane), or one does not fit the model.
    """
    given = present(probe)
    points = listed(checkpoints)
    if len(points) < 2:
        raise UsageError(f"a trajectory needs at least two checkpoints, there {_is(len(points))}")
    states = [loaded(probe, point, f"checkpoint {number}") for number, point in enumerate(points, 1)]
    origin = states[-1].parameters
    final = flat(origin)
    steps = torch.stack([flat(state.parameters) for state in states]) - final
    axes, coordinates, distances, shares = _principal(steps, count(dims))
    directions = tuple(shaped(axis.numpy(), origin) for axis in axes)
    plane = Plane(origin, directions, (), ())
    with on_plane(probe, plane) as mover:
        shown = losses(probe, mover, coordinates)[:, 0]
    true = _true(probe, states)
    path = Mark(MarkKind.PATH, "training", coordinates, loss=true, distance=distances)
    return replace(
        plane,
        axes=tuple(f"{which} principal direction (distance)" for which in ("first", "second")[:dims]),
        reach=tuple(_MARGIN * float(np.abs(coordinates[:, axis]).max()) for axis in range(dims)),
        marks=(path,),
        notes=(
            *_explained(shares, len(states) - 1, dims),
            _offset(true, shown, distances),
            *_elsewhere(probe, states[-1], norm(minus(given, origin))),
        ),
        settings={
            "directions": "trajectory",
            "checkpoints": len(states),
            "dims": dims,
            **{f"explained_{axis + 1}": float(share) for axis, share in enumerate(shares)},
        },
    )


def random_walk_share(steps: int, dims: int) -> float:
    """What principal directions about the final point explain of a random walk in infinitely many dimensions.

    With steps of equal size at right angles, the inner product of points i and j steps before the end is min(i, j). The
    eigenvalues of that matrix are 1 / (4 sin^2((2k - 1) pi / (4 n + 2))), their sum n (n + 1) / 2.

    >>> round(random_walk_share(1000, 1), 3), round(random_walk_share(1000, 2), 3)  # 8/pi^2, and 10/9 of it
    (0.811, 0.901)
    """
    values = [0.25 / math.sin((2 * k - 1) * math.pi / (4 * steps + 2)) ** 2 for k in range(1, min(dims, steps) + 1)]
    return sum(values) / (steps * (steps + 1) / 2)


def _principal(steps: torch.Tensor, dims: int) -> tuple[list[torch.Tensor], Floats, Floats, Floats]:
    """Axes, coordinates of all points, their distances from the slice, and the share of squares of each axis."""
    _, singular, right = torch.linalg.svd(steps, full_matrices=False)
    if int((singular > 1e-12 * singular[0]).sum()) < dims:
        same = "are all the same" if singular[0] == 0 else "lie on one line: draw that (dims=1)"
        raise UsageError(f"no {'plane' if dims == 2 else 'line'} of principal directions: the checkpoints {same}")
    axes = [axis * torch.sign(steps[0] @ axis + torch.finfo(torch.float64).tiny) for axis in right[:dims]]
    basis = torch.stack(axes)
    coordinates = steps @ basis.T
    distances = torch.linalg.vector_norm(steps - coordinates @ basis, dim=1)
    shares = (singular**2 / (singular**2).sum())[:dims]
    return axes, coordinates.numpy(), distances.numpy(), shares.numpy()


def _true(probe: Probe, states: Sequence[State]) -> Floats:
    """The loss of each checkpoint, with buffers of its own."""
    losses = np.empty(len(states))
    with untouched(probe.model, probe.loss_fn), torch.no_grad():
        for index, state in enumerate(states):
            set_state(probe, state)
            probe.ready()
            losses[index] = float(probe.loss())
    return losses


def _explained(shares: Floats, steps: int, dims: int) -> tuple[str, ...]:
    parts = " and ".join(f"{share:.1%}" for share in shares)
    total = f", together {shares.sum():.1%}" if dims == 2 else ""
    walk = random_walk_share(steps, dims)
    return (
        f"Principal directions of {steps + 1} checkpoints about the final point; they explain {parts}{total} of the "
        "squared distances from it.",
        f"A random walk of {steps} steps in many dimensions would give {walk:.1%}: a high share, or a smooth curve on "
        "the plane, does not show that training is low-dimensional (Antognini & Sohl-Dickstein 2018).",
    )


def _offset(true: Floats, shown: Floats, distances: Floats) -> str:
    """How far the path is from what is drawn under it."""
    gap = np.abs(true - shown)
    worst = int(np.argmax(np.where(np.isnan(gap), np.inf, gap)))
    return (
        f"Path points lie up to {distances.max():.3g} off the slice. Their true loss differs most from the surface's "
        f"at checkpoint {worst + 1}: {true[worst]:.4g} against {shown[worst]:.4g} on the surface."
    )


def _elsewhere(probe: Probe, last: State, distance: float) -> tuple[str, ...]:
    """What the surface's centre is not."""
    notes: list[str] = []
    if distance > 0:
        notes.append(f"The centre is the last checkpoint, not the model as given, which lies {distance:.3g} away.")
    if differing(probe, last):
        notes.append(
            "The model's buffers are not those of the last checkpoint: load it to draw the surface with its own."
        )
    return tuple(notes)


def _is(number: int) -> str:
    return f"is {number}" if number == 1 else f"are {number}"
