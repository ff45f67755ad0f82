"""Slices through the parameters of a network: each module makes a `Plane` of one kind."""

from __future__ import annotations

from lossaudit.landscape.directions.between import between, permutation_path
from lossaudit.landscape.directions.checkpoints import Checkpoint, Recorder, loaded
from lossaudit.landscape.directions.head import Towards, head_plane
from lossaudit.landscape.directions.hessian import Which, hessian_plane
from lossaudit.landscape.directions.random import Normalization, random_plane
from lossaudit.landscape.directions.scalars import scalar_names, scalar_plane
from lossaudit.landscape.directions.trajectory import trajectory_plane

__all__ = [
    "Checkpoint",
    "Normalization",
    "Recorder",
    "Towards",
    "Which",
    "between",
    "head_plane",
    "hessian_plane",
    "loaded",
    "permutation_path",
    "random_plane",
    "scalar_names",
    "scalar_plane",
    "trajectory_plane",
]
