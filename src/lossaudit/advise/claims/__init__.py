"""What people repeat about losses, what is true of it, and checks that derive the answers again.

Every module of this folder that has `CLAIMS` is a group: nothing is registered.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

from lossaudit.advise.claims.claim import Answer, Claim, Evidence, Means

__all__ = ["CLAIMS", "Answer", "Claim", "Evidence", "Means", "find", "group_of", "nearest"]


def _groups() -> tuple[tuple[str, tuple[Claim, ...]], ...]:
    """What each group is called, and its claims, by their numbers."""
    modules = (import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__))
    found = [(_title(module.__doc__ or ""), module.CLAIMS) for module in modules if hasattr(module, "CLAIMS")]
    return tuple(sorted(found, key=lambda group: group[1][0].number))


def _title(text: str) -> str:
    """The first line of a module's text, without its full stop.

    >>> _title("Claims 1 and 2: two things.")
    'Claims 1 and 2: two things'
    """
    return text.partition("\n")[0].rstrip(".")


_GROUPS = _groups()
CLAIMS: tuple[Claim, ...] = tuple(
    sorted((claim for _, claims in _GROUPS for claim in claims), key=lambda claim: claim.number)
)


def group_of(claim: Claim) -> str:
    """What the group of a claim is called."""
    return next(title for title, claims in _GROUPS if any(claim.number == each.number for each in claims))


def find(name: str) -> Claim | None:
    """The claim of this number or name, in any case.

    >>> find("18").name
    'cross-entropy-convex'
    """
    wanted = name.strip().lower().replace("_", "-")
    return next((claim for claim in CLAIMS if wanted in (str(claim.number), claim.name)), None)


def nearest(name: str, count: int = 3) -> tuple[str, ...]:
    """The names that are most like this one, best first."""
    names = [claim.name for claim in CLAIMS]
    return tuple(get_close_matches(name.strip().lower().replace("_", "-"), names, n=count, cutoff=0.0))
