"""For people: the steps of a proof by facts, and where such a proof stopped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from lossaudit.geometry.facts import Stop
from lossaudit.geometry.known import AFFINE, CONCAVE, CONSTANT, CONVEX, NEGATED, Known
from lossaudit.geometry.primitives import PRIMITIVES
from lossaudit.geometry.program import Program
from lossaudit.geometry.relations import quotient

_WORDS: Mapping[int, str] = MappingProxyType(
    {
        0: "neither proved convex nor concave",
        CONVEX: "convex",
        CONCAVE: "concave",
        AFFINE: "affine",
        CONSTANT: "constant",
    }
)
_BECAUSE: Mapping[str, str] = MappingProxyType(
    {
        "sum": "a sum with fitting signs",
        "quadratic": "its quadratic form has no negative eigenvalue",
        "even softplus": "log(1 + exp(w)) = log(2 cosh(w/2)) + w/2, max(w, 0) = (|w| + w)/2: even parts add up",
        "sum inside max": "r + max(x, y) = max(r + x, r + y)",
        "log of log-curved": "the log of a log-convex or log-concave function",
        "log-convex": "log-convex functions are convex",
        "complement log-convex": "1 - f is log-convex",
        "norm": "a norm",
        "largest": "one of its arguments is always the largest",
        "decided case": "always the same case",
        "product": "a product of a known kind",
    }
)
_DOMAINS: Mapping[str, str] = MappingProxyType(
    {"log": "> 0", "lgamma": "> 0", "xlogx": ">= 0", "power": "where the power exists"}
)


# ---- The steps of a proof ----------------------------------------------------------------------------------------


def steps(program: Program, known: Known) -> tuple[str, ...]:
    """One line for each operation that matters; operations that say the same are told once."""
    groups = (
        [(step.spelled, [i for i in step.outputs if i < len(known.ranges)]) for step in program.steps]
        if program.steps
        else [(_formula(known, i), [i]) for i in range(len(known.ranges))]
    )
    lines: dict[str, int] = {}
    for name, outputs in groups:
        said = [i for i in outputs if known.instructions[i].op not in ("variable", "constant")]
        if any(known.curvature[i] & AFFINE != AFFINE for i in said):
            line = f"{name}: {_together(known, said)}"
            lines[line] = lines.get(line, 0) + 1
    told = [line if n == 1 else f"{line}; {n} times" for line, n in lines.items()]
    return (*told, f"the value is {_WORDS[known.curvature[program.output]]} on the whole domain")


def _together(known: Known, indices: Iterable[int]) -> str:
    return " / ".join(dict.fromkeys(_facts(known, i) for i in indices))


def _facts(known: Known, index: int) -> str:
    """Curvature, log-curvature where it says more, sign, and why."""
    curvature, log, range = known.curvature[index], known.log[index], known.ranges[index]
    words = [_WORDS[curvature]]
    if log and log != curvature & CONCAVE and curvature != CONSTANT:
        words.append(f"log-{_WORDS[log]}")
    if range.positive and range.high is not None and range.high == 1:
        words.append("in (0, 1)")
    elif range.positive:
        words.append("> 0")
    rule = known.rule[index]
    why = f"by its {rule}" if rule.startswith("expansion") else _BECAUSE.get(rule, "")
    return ", ".join(words) + (f" ({why})" if why and curvature else "")


def _formula(known: Known, index: int) -> str:
    """The instruction in a few words: its operation, and what it is applied to."""
    op, args, constants = known.instructions[index]
    if op == "linear" and not any(known.curvature[a] & AFFINE != AFFINE for a in args):
        return "an affine function"
    parts = quotient(known, *args) if op == "multiply" else None
    if parts is not None:
        return f"{_short(known, parts[0])} / {_short(known, parts[1])}"
    if op == "linear":
        return f"a sum of {len(args)}" if len(args) > 1 else f"{_short(known, args[0])} scaled"
    inner = " and ".join(dict.fromkeys(_short(known, a) for a in args)) if len(args) <= 3 else f"{len(args)} values"
    return f"{op} {constants[0]} of {inner}" if op == "power" else f"{op} of {inner}"


def _short(known: Known, index: int) -> str:
    op, args, constants = known.instructions[index]
    if op == "variable":
        return "z"
    if op == "constant":
        return str(constants[0])
    if op == "linear":
        return "an affine function" if known.curvature[index] & AFFINE == AFFINE else f"a sum of {len(args)}"
    return "a quotient" if op == "multiply" and quotient(known, *args) else op


# ---- Where a proof stopped ---------------------------------------------------------------------------------------


def explain(program: Program, known: Known) -> Stop:
    """The deepest instruction that lacks what is asked of it, on the way down from the value."""
    if not known.defined[program.output]:
        return _undefined(program, known)
    index, wanted, of_log = program.output, CONVEX, False
    while True:
        failing = next(
            (
                (child, needed, log)
                for child, needed, log in _asked(known, index, wanted, of_log)
                if needed & ~(known.log if log else known.curvature)[child]
            ),
            None,
        )
        if failing is None:
            return _stop(known, index, wanted, of_log)
        index, wanted, of_log = failing


def _undefined(program: Program, known: Known) -> Stop:
    index = program.output
    while True:
        op, args, constants = program.instructions[index]
        missing = next((a for a in args if not known.defined[a]), None)
        if missing is None:
            break
        index = missing
    if op == "opaque":
        return Stop(index, f"nothing is known of {program.name(index) or 'an operation'}")
    if op == "infinity":
        return Stop(index, "the value is infinite")
    if op not in PRIMITIVES:
        return Stop(index, f"nothing is known of the operation {op}")
    need = _DOMAINS.get(op, "where it has a value")
    what = f"x^{constants[0]}" if op == "power" else op
    reach = known.ranges[args[0]]
    return Stop(
        index,
        f"{what} has no value for some arguments: no more is proved of its argument than that it is in {reach}",
        f"an argument that is proved {need} on the whole domain",
    )


def _asked(known: Known, index: int, wanted: int, of_log: bool) -> Sequence[tuple[int, int, bool]]:
    """What would suffice of the arguments: (argument, curvature, whether of its log); empty if no rule would."""
    op, args, constants = known.instructions[index]
    opposite = NEGATED[wanted]
    if of_log:
        if not known.ranges[index].positive:
            return ()
        if op == "exp":
            return [(args[0], wanted, False)]
        if op == "power":
            return [(args[0], wanted if constants[0].p > 0 else opposite, True)]
        if op == "multiply" or (op == "linear" and wanted == CONVEX and all(c.p >= 0 for c in constants)):
            return [(a, wanted, True) for a in args if known.ranges[a].positive]
        return ()
    if op == "linear":
        return [(a, wanted if c.p > 0 else opposite, False) for c, a in zip(constants, args, strict=False) if c]
    if op == "log":
        return [(args[0], wanted, True)]
    primitive = PRIMITIVES.get(op)
    if primitive is None:
        return ()
    boxes = [known.ranges[a] for a in args]
    own = _own_curvature(known, index)
    if not own & wanted:
        return ()
    directions = primitive.monotone(boxes, constants)
    return [
        (a, wanted if d > 0 else opposite if d < 0 else AFFINE, False) for a, d in zip(args, directions, strict=True)
    ]


def _own_curvature(known: Known, index: int) -> int:
    """Curvature of the operation itself on the box of its arguments; of composites what is known as common."""
    op, args, constants = known.instructions[index]
    primitive = PRIMITIVES[op]
    if primitive.expansion is not None:
        return {"logsumexp": CONVEX, "softplus": CONVEX}.get(op, 0)
    return int(primitive.curvature([known.ranges[a] for a in args], constants))


def _stop(known: Known, index: int, wanted: int, of_log: bool) -> Stop:
    op, args, _ = known.instructions[index]
    word = f"log-{_WORDS[wanted]}" if of_log else _WORDS[wanted]
    what = _formula(known, index)
    if of_log and not known.ranges[index].positive:
        return Stop(index, f"{what} is not proved to be positive", "a proof that it is > 0")
    sufficient = f"the proof goes on if {what} is {word}"
    if op == "multiply":
        return Stop(index, f"{what} should be {word}; no rule proves it of a product of two that vary", sufficient)
    if op in ("opaque", "infinity") or op not in PRIMITIVES:
        return Stop(index, f"nothing is known of {op}")
    ranges = " and ".join(dict.fromkeys(str(known.ranges[a]) for a in args))
    return Stop(index, f"{what} should be {word}; no rule proves it for arguments in {ranges}", sufficient)
