"""The second route: losses on probabilities as exact algebra in p and log p."""

from lossaudit.geometry.ring.margin import prove_by_margin
from lossaudit.geometry.ring.templates import prove_by_ring

__all__ = ["prove_by_margin", "prove_by_ring"]
