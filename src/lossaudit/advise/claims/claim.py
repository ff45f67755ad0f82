"""A claim about losses, what is true of it, and a check that derives the answer again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    TRUE = "true"
    FALSE = "false"
    DEPENDS = "it depends"
    OPEN = "open"


class Means(Enum):
    """How a check establishes what it says."""

    CERTIFICATE = "certificate"
    WITNESS = "witness"
    LIMIT = "limit"
    IDENTITY = "identity"  # two computations that agree, or do not
    EXPERIMENT = "experiment"  # a short training with a seed
    NONE = "no check"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a check found.

    Attributes:
        holds: Whether it established that what is claimed is so, somewhere it was claimed (everywhere, if the claim is
            of that kind and a proof was found).
        fails: Whether it established a case that the claim covers, in which it is not so.
        shown: The figures, in one line.
    """

    holds: bool
    fails: bool
    shown: str

    @property
    def answer(self) -> Answer:
        """What follows from the evidence alone.

        >>> Evidence(holds=True, fails=True, shown="").answer
        <Answer.DEPENDS: 'it depends'>
        """
        return {
            (True, False): Answer.TRUE,
            (False, True): Answer.FALSE,
            (True, True): Answer.DEPENDS,
            (False, False): Answer.OPEN,
        }[self.holds, self.fails]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Something that people repeat about losses.

    Attributes:
        number: From 1, without gaps.
        name: Short, for the command line (`mse-is-convex`).
        said: What is said, one sentence.
        answer: What is true of it.
        reason: Why, in two sentences.
        means: How the check works.
        check: Derives evidence from which the answer follows (`Evidence.answer`), without looking at `answer`; None
            only if nothing can be computed about it. It may load torch, and trains with a fixed seed.
        terms: Words of the claim whose meaning had to be settled; `""` if they were clear.
    """

    number: int
    name: str
    said: str
    answer: Answer
    reason: str
    means: Means
    check: Callable[[], Evidence] | None = None
    terms: str = ""
