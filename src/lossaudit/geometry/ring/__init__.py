"""The second route: losses on probabilities as exact algebra in p and log p."""

from lossaudit.geometry.ring.margin import prove_by_margin

__all__ = ["prove_by_margin"]
