"""What was asked for: a loss by name, one of the user's by its address, or a callable; and a property of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lossaudit.errors import UsageError
from lossaudit.proving.loading import load
from lossaudit.proving.properties import bounded, lipschitz, proper
from lossaudit.proving.prove import Domain, prove
from lossaudit.verdict import Scope, Verdict

PROPERTIES: Mapping[str, Callable[..., Verdict]] = MappingProxyType(
    {"convex": prove, "bounded": bounded, "lipschitz": lipschitz, "proper": proper}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A loss, ready to be recorded.

    Attributes:
        function: Returns one number.
        arguments: An example of its arguments.
        scope: What a verdict says of it; None: what can be seen of the function.
        wrt: Which arguments are the variables.
        domain: Where these range, where that is not all of R^n.
        said: What was chosen without being asked for, for the user to know.
        framework: What the function is written in; None: that of the arguments.
        sampled: Whether the arguments may be raw outputs and targets of samples.
        wrong: A direction in the variables in which the prediction gets confident and is wrong; empty for none.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    scope: Scope | None = None
    wrt: int | tuple[int, ...] = 0
    domain: Domain = None
    said: tuple[str, ...] = ()
    framework: str | None = None
    sampled: bool = True
    wrong: tuple[int, ...] = ()

    @property
    def positions(self) -> int | list[int]:
        """The variables, as `prove` takes them."""
        return self.wrt if isinstance(self.wrt, int) else list(self.wrt)


def by_name(name: str, head: str | None, classes: int, options: Mapping[str, Any]) -> Asked:
    """A loss of the catalogue, behind a head."""
    from lossaudit.proving.named import named

    known = named(name, head, classes, options)
    wrt = known.wrt if len(known.wrt) > 1 else known.wrt[0]
    shape = () if len(known.wrt) > 1 else tuple(known.arguments[known.wrt[0]].shape)
    scope = Scope(known.variables, known.words, shape, known.targets)
    return Asked(known.function, known.arguments, scope, wrt, known.domain, sampled=known.sampled, wrong=known.wrong)


def by_address(address: str, shape: tuple[int, ...] | None, target: str | None, framework: str | None = None) -> Asked:
    """A loss of the user's: `package.module:name`, `file.py:name`, `'module:Name(gamma=2)'`.

    Raises:
        UsageError: It cannot be found or called, or it runs with several kinds of targets.
    """
    from lossaudit.proving.examples import guess

    function = load(address)
    found = guess(function, shape, target, framework)
    if len({example.target for example in found}) > 1:
        kinds = "; ".join(map(str, found))
        raise UsageError(f"{address} runs with several: {kinds}. Say which one is meant: --target and --shape")
    said = () if shape and target else (f"tried on {found[0]}",)
    return Asked(function, found[0].args, said=said, framework=framework)


def verdict(asked: Asked, wrt: Any, domain: Domain, property: str) -> Verdict:
    """The verdict about one property of one loss; without `wrt`, in the variables that are meant for it.

    Raises:
        UsageError: There is no such property, or the loss cannot be recorded.
    """
    if property not in PROPERTIES:
        raise UsageError(f"there is no property {property!r}; there is {', '.join(PROPERTIES)}")
    return PROPERTIES[property](
        asked.function,
        *asked.arguments,
        wrt=asked.positions if wrt is None else wrt,
        domain=domain or asked.domain,
        described=asked.scope,
        framework=asked.framework,
    )


def in_python(
    loss: Callable[..., Any] | str, arguments: Sequence[Any], head: str | None, classes: int, options: Mapping[str, Any]
) -> Asked:
    """A loss as the functions of this package take it: a callable with an example, or a name.

    Raises:
        UsageError: A name with an example, or a callable with a named loss's options.
    """
    if isinstance(loss, str):
        if arguments:
            raise UsageError(f"{loss!r} is the name of a loss, which takes no example: give its head and classes")
        return by_name(loss, head, classes, options)
    if options or head is not None:
        name = next(iter(options), "head")
        raise UsageError(f"{name}= is for a loss by name; bind it to yours: functools.partial(loss, {name}=...)")
    return Asked(loss, tuple(arguments))
