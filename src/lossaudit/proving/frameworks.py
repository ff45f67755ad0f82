"""Which framework a callable is written in; each is loaded only for its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from lossaudit.errors import UsageError

if TYPE_CHECKING:
    from lossaudit.proving.jax_subject import JaxSubject
    from lossaudit.proving.subject import Subject as TorchSubject

    Subject: TypeAlias = TorchSubject | JaxSubject

FRAMEWORKS = ("torch", "jax")


def subject_of(
    function: Callable[..., Any], arguments: Sequence[Any], wrt: Any = 0, framework: str | None = None
) -> Subject:
    """A callable as a real function of some of its arguments.

    Args:
        function: Returns one number, as a tensor or an array.
        arguments: An example of its arguments.
        wrt: Which of them are the variables.
        framework: One of `FRAMEWORKS`; None: that of the arguments.

    Raises:
        UsageError: It is no such function, or JAX is not installed.
    """
    framework = framework or framework_of(arguments)
    if framework not in FRAMEWORKS:
        raise UsageError(f"there is no framework {framework!r}; there is {', '.join(FRAMEWORKS)}")
    if framework == "torch":
        from lossaudit.proving.subject import Subject

        return Subject.of(function, arguments, wrt)
    require_jax()
    from lossaudit.proving.jax_subject import JaxSubject

    return JaxSubject.of(function, arguments, wrt)


def framework_of(arguments: Sequence[Any]) -> str:
    """JAX if any of the arguments holds an array of JAX, otherwise torch.

    >>> framework_of([1.0])
    'torch'
    """
    jax = sys.modules.get("jax")  # who has an array has imported it
    if jax is None:
        return "torch"
    return "jax" if any(isinstance(leaf, jax.Array) for leaf in jax.tree_util.tree_leaves(list(arguments))) else "torch"


def require_jax() -> None:
    """Import JAX.

    Raises:
        UsageError: It is not installed.
    """
    try:
        import jax  # noqa: F401
    except ImportError:
        raise UsageError("JAX is not installed: pip install 'lossaudit[jax]'") from None
