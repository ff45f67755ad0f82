"""What a rule is.

A rule is one file in this folder that defines `RULE`, beside a page of the same name (`mse_on_softmax.md`) with
the headings What it does / Why is this bad? / When it is fine / Example / Use instead / References. It sees one
pairing (or one whole objective, or one comment that silences rules) and says what is wrong with it, or nothing. It
never decides over alternatives: `judge` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lossaudit.finding import Severity
from lossaudit.pairing import Objective, Pairing, Place, Scalar, Step


@dataclass(frozen=True, slots=True)
class Respelling:
    """One expression of the prediction, spelled otherwise, with the same value.

    Attributes:
        steps: The steps that the expression computes, innermost first; they stand one after another in the flow.
        op: Name in the catalogue of the one operation that does the same.
        arguments: Which of the steps has the arguments that go along (`dim`); None for none.
        negated: Whether the new operation takes the operand with the other sign.
    """

    steps: tuple[Step, ...]
    op: str
    arguments: int | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Arguments:
    """Other arguments for one call, with the same value.

    Attributes:
        step: A step of the prediction, or None for the loss.
        drop: Keywords to take away.
        add: Keywords to give.
    """

    step: Step | None
    drop: tuple[str, ...] = ()
    add: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])


if TYPE_CHECKING:
    from lossaudit.rules.suppression import Comment


@dataclass(frozen=True, slots=True)
class Remedy:
    """The mended pairing, in the catalogue's words; `fix.py` writes it with the user's own names.

    Attributes:
        title: The advice in one sentence.
        loss: Loss to use instead (`"cross_entropy"`), or `""` to keep the loss.
        drop_head: Operations to take away in front of the loss (`("softmax",)`).
        target: Target encoding that the mended pairing takes, or `""` to keep it (`"class index"`).
        also: Further advice, a sentence each.
        keeps_values: Whether the mended pairing computes the same values.
        respelling: An expression to spell otherwise.
        arguments: A call that takes other arguments.
    """

    title: str
    loss: str = ""
    drop_head: tuple[str, ...] = ()
    target: str = ""
    also: tuple[str, ...] = ()
    keeps_values: bool = False
    respelling: Respelling | None = None
    arguments: Arguments | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What a rule found.

    Attributes:
        message: One sentence that says what is wrong, naming the head's and the loss's line.
        why: Why it matters, in one clause.
        places: First the loss, then the head, then the target, as far as they are known.
        severity: Overrides the rule's own, where evidence asks for it.
        evidence: What was measured, a sentence each.
    """

    message: str
    why: str
    places: tuple[Place, ...]
    severity: Severity | None = None
    evidence: tuple[str, ...] = ()
    remedy: Remedy | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name says the mistake, its code is for machines. At least one of the checks is given.

    Attributes:
        name: Kebab case (`mse-on-softmax`); the file is the same in snake case.
        code: `LA1xx` head and loss, `LA2xx` targets, `LA3xx` unstable spelling, `LA4xx` signal, `LA5xx` reduction,
            `LA9xx` style.
        summary: One line for `lossaudit rules`.
        unnamed: Whether it speaks of the flow alone, so that it also sees what reaches a loss without a name.
        since: Version that brought it.
        needs_run: Whether it asks for measurements: then reading source text can never make it fire.
    """

    name: str
    code: str
    severity: Severity
    summary: str
    check: Callable[[Pairing], Problem | None] | None = None
    check_objective: Callable[[Objective], Problem | None] | None = None
    unnamed: bool = False
    check_comment: Callable[[Comment], Problem | None] | None = None
    since: str = "0.1.0"
    needs_run: bool = False
