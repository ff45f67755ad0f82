"""Verdicts about properties other than convexity: bounded, Lipschitz, proper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from lossaudit.card import Entry, Ground
from lossaudit.errors import UsageError
from lossaudit.geometry.interval import Interval
from lossaudit.geometry.properties import boundedness, propriety, strictness
from lossaudit.geometry.properties import lipschitz as constants
from lossaudit.geometry.properties.family import Family, Task
from lossaudit.proving.frameworks import subject_of
from lossaudit.proving.prove import Domain, domain_of, prove, record
from lossaudit.verdict import Scope, Status, Verdict

_STATUS: Mapping[Ground, Status] = MappingProxyType({Ground.PROVED: Status.PROVED, Ground.REFUTED: Status.REFUTED})


def bounded(
    function: Callable[..., Any],
    *arguments: Any,
    wrt: Any = 0,
    domain: Domain = None,
    described: Scope | None = None,
    framework: str | None = None,
) -> Verdict:
    """Whether all values of a loss lie between two numbers, as `prove` takes it."""
    family, scope = _whole(function, arguments, wrt, domain, described, framework)
    convex = prove(function, *arguments, wrt=wrt, domain=domain, framework=framework).status is Status.PROVED
    return _verdict("bounded", boundedness.bounded(family, convex=convex), scope)


def lipschitz(
    function: Callable[..., Any],
    *arguments: Any,
    wrt: Any = 0,
    domain: Domain = None,
    described: Scope | None = None,
    framework: str | None = None,
) -> Verdict:
    """Whether a loss is Lipschitz in its variables, and its constant, as `prove` takes it."""
    family, scope = _whole(function, arguments, wrt, domain, described, framework)
    return _verdict("Lipschitz", constants.lipschitz(family)[0], scope)


def proper(
    function: Callable[..., Any],
    *arguments: Any,
    wrt: Any = 0,
    domain: Domain = None,
    described: Scope | None = None,
    framework: str | None = None,
) -> Verdict:
    """Whether a loss is proper: in expectation no prediction is better than the true probabilities.

    Raises:
        UsageError: It is not a loss of raw outputs and a target, or its variables are others than its first argument.
    """
    if framework == "jax":
        raise UsageError("--property proper knows losses of torch only")
    if wrt != 0:
        raise UsageError("proper is a property in the predictions: they are the first argument")
    from lossaudit.proving.samples import samples  # torch comes with it

    found = samples(function, arguments)
    if found is None:
        raise UsageError("proper is a property of a loss of raw outputs and a target for each sample")
    interval, where = domain_of(domain)
    family = found.family(interval)
    entry = propriety.proper(family, convex=strictness.convexity(family))
    subject = subject_of(function, arguments, 0, framework)
    scope = described or Scope(subject.words, subject.described, subject.shape, subject.fixed)
    return _verdict("proper", entry, replace(scope, domain=where))


def _whole(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    wrt: Any,
    domain: Domain,
    described: Scope | None,
    framework: str | None,
) -> tuple[Family, Scope]:
    """The function as a family of one program."""
    interval: Interval
    interval, where = domain_of(domain)
    subject = subject_of(function, arguments, wrt, framework)
    recording = record(subject, interval, "ideal")
    if recording.recorded.escapes:
        raise UsageError(
            f"nothing is known past a place where the code looks at values: {recording.recorded.escapes[0]}"
        )
    scope = described or Scope(subject.words, subject.described, subject.shape, subject.fixed)
    family = Family((recording.program,), (0.0,), Task.REAL, complete=False)
    return family, replace(scope, domain=where, points=recording.points)


def _verdict(name: str, entry: Entry, scope: Scope) -> Verdict:
    status = _STATUS.get(entry.ground, Status.UNDECIDED)
    reason = f"{entry.value}: {entry.how}"
    return Verdict(name, status, scope, reason, entry.certificate if status is Status.PROVED else None)
