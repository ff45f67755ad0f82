"""Geometry of losses: convexity, gradient response, measured saturation.

Nothing is imported here: `saturation` needs torch and not python-flint, `convexity` python-flint and not torch.
"""

from __future__ import annotations
