"""What losses of a predicted number have in common."""

from __future__ import annotations

from lossaudit.pairing import TargetEncoding

# A difference can be taken from every numerical target; what a loss is for, `tasks` says.
NUMBERS = frozenset(TargetEncoding) - {TargetEncoding.CLASS_INDEX, TargetEncoding.RANKING}

# Any of these may bound or bend a real prediction. A softmax makes probabilities instead, which compete.
HEADS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "exp", "hardtanh", "hardsigmoid", "relu6")
