"""Whether samples were measured to be stuck: wrong, and with almost no gradient."""

from __future__ import annotations

from lossaudit.pairing import Pairing
from lossaudit.rules.wording import share

# A share of one batch. A healthy run (digits, 64-64-10, batches of 32, 99 % accuracy) had up to 6 % of a batch stuck
# in passing; runs that lost something to it (unscaled inputs) had 59 % and more. 10 % lies between.
STUCK = 0.10

# Inputs this large make a fresh network confident by accident: its first logits grow with them.
LARGE_INPUT = 20.0


def many_stuck(pairing: Pairing) -> bool:
    """Whether so many samples were stuck that it cannot be passing noise."""
    observed = pairing.observed
    return observed is not None and observed.stuck is not None and observed.stuck >= STUCK


def evidence(pairing: Pairing) -> tuple[str, ...]:
    """What was measured about stuck samples, a sentence each."""
    observed = pairing.observed
    if observed is None or observed.stuck is None:
        return ()
    if observed.stuck <= 0:
        return ("no training sample was measured stuck so far",)
    worst = (
        f"{share(observed.stuck)} of training samples are wrong and get almost no gradient; "
        "cross-entropy would move them"
    )
    if observed.stuck_last is None or observed.stuck_last >= observed.stuck:
        return (worst,)
    return (worst, f"at the end of the run it is {share(observed.stuck_last)}")


def advice(pairing: Pairing) -> tuple[str, ...]:
    """Further advice where samples are stuck and the inputs explain why they were confidently wrong."""
    observed = pairing.observed
    scale = observed.input_scale if observed is not None else None
    if not many_stuck(pairing) or scale is None or scale <= LARGE_INPUT:
        return ()
    return (f"scale the inputs: values up to {scale:g} make the network confident before it has learned anything",)
