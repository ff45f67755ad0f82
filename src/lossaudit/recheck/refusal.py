"""Why a certificate does not hold."""

from __future__ import annotations


class Refusal(ValueError):
    """The certificate does not hold, or is not one; the message says where, in a few words."""


def demand(holds: bool, why: str) -> None:
    """Go on only if it holds.

    Raises:
        Refusal: It does not.
    """
    if not holds:
        raise Refusal(why)
