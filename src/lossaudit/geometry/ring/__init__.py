"""The second route: losses on probabilities as exact algebra in p and log p."""

from lossaudit.geometry.ring.constants import Constants, Enclosure, constants
from lossaudit.geometry.ring.limits import Limit, gradient_limit, gradient_square_at_zero
from lossaudit.geometry.ring.margin import prove_by_margin
from lossaudit.geometry.ring.radial import for_two_classes
from lossaudit.geometry.ring.templates import prove_by_ring
from lossaudit.geometry.ring.values import Lead, value_lead

__all__ = [
    "Constants",
    "Enclosure",
    "Lead",
    "Limit",
    "constants",
    "for_two_classes",
    "gradient_limit",
    "gradient_square_at_zero",
    "prove_by_margin",
    "prove_by_ring",
    "value_lead",
]
