"""Prove sums of piecewise functions of affine scalars convex; find the joint where one is not."""

from __future__ import annotations

from typing import Any, TypeAlias

from flint import arb, fmpq

from lossaudit.geometry.evaluate import balls
from lossaudit.geometry.interval import Interval
from lossaudit.geometry.piecewise.analysis import Analysis, Joint, Passage, Piece, analyse
from lossaudit.geometry.piecewise.curvature import as_program, facts_certificate, prove_piece
from lossaudit.geometry.piecewise.form import TooLarge
from lossaudit.geometry.piecewise.groups import Affine, Group, Term, split
from lossaudit.geometry.program import Builder, Program, as_json
from lossaudit.verdict import Certificate

Point: TypeAlias = tuple[fmpq, ...]
Data: TypeAlias = dict[str, Any]

_CASES = frozenset({"abs", "max", "step", "step_closed", "select", "huber"})


def prove_by_pieces(program: Program) -> Certificate | None:
    """Prove a program convex whose output is a sum of functions of one affine scalar each.

    Args:
        program: Of any number of variables.

    Returns:
        A certificate with the rule `pieces`, or None: nothing is piecewise or a product, or no proof was found.
    """
    if not (_has_cases(program) or _has_products(program)):
        return None
    parts = split(program)
    if not parts.groups:
        return None
    known: dict[Program, int] = {}
    functions: list[Data] = []
    steps: list[str] = []
    groups: list[Data] = []
    for group in parts.groups:
        index = known.setdefault(group.function, len(functions))
        if index == len(functions):
            proved = _prove(group.function)
            if proved is None:
                return None
            functions.append(proved[0])
            steps += [f"function {len(functions)}: {line}" for line in proved[1]]
        groups.append(_group_data(group, index))
    rest = _prove_rest(program, parts.rest)
    if rest is None and parts.rest:
        return None
    data = {"program": as_json(program), "groups": groups, "functions": functions, "rest": rest}
    return Certificate("pieces", data, (*steps, _conclusion(len(groups), len(functions), bool(parts.rest))))


def _has_cases(program: Program) -> bool:
    """Whether something is piecewise; a broken power may be: sqrt(x^2) is |x|."""
    return any(op in _CASES or (op == "power" and constants[0].q != 1) for op, _, constants in program.instructions)


def _has_products(program: Program) -> bool:
    """Whether there are products, which one piece may hold that no composition proves: x^4 - 2 x^3 + 2 x^2."""
    return any(op == "multiply" or (op == "power" and constants[0] > 2) for op, _, constants in program.instructions)


def _group_data(group: Group, function: int) -> Data:
    return {
        "terms": [index for index, _ in group.terms],
        "argument": {
            "coefficients": [[v, str(c * group.argument.size)] for v, c in group.argument.direction],
            "bias": str(group.argument.bias),
        },
        "scale": str(group.scale),
        "function": function,
    }


def _prove(function: Program) -> tuple[Data, list[str]] | None:
    """The proof that one function of one variable is convex, as data and in words."""
    analysis = _analyse(function)
    if analysis is None or not all(joint.passage.keeps_convexity for joint in analysis.joints):
        return None
    pieces: list[Data] = []
    lines: list[str] = []
    for piece in analysis.pieces:
        try:
            proof = prove_piece(piece)
        except TooLarge:
            proof = None
        if proof is None:
            return None
        domain = Interval(piece.low, piece.high)
        pieces.append({**_piece_data(piece), "proof": proof})
        lines.append(f"convex for u in {domain} ({_WORDS[proof['rule']]})")
    lines += [f"at u = {joint.at}: {_PASSAGES[joint.passage]}" for joint in analysis.joints]
    data = {
        "function": as_json(function),
        "breakpoints": [str(point) for point in analysis.breakpoints],
        "pieces": pieces,
        "joints": [{"at": str(joint.at), "passage": joint.passage.value} for joint in analysis.joints],
    }
    return data, lines


def _analyse(function: Program) -> Analysis | None:
    try:
        return analyse(function)
    except TooLarge:
        return None


_WORDS = {
    "polynomial": "polynomial whose second derivative is not negative there: Sturm",
    "derivative": "second derivative not negative there",
    "facts": "composition of convex functions",
    "sum": "convex polynomial plus a composition of convex functions",
}
_PASSAGES = {
    Passage.SMOOTH: "value and slope continuous",
    Passage.UP: "value continuous, slope jumps up",
}


def _piece_data(piece: Piece) -> Data:
    expression = as_program(piece.form, Interval(piece.low, piece.high))
    ends = [None if end is None else str(end) for end in (piece.low, piece.high)]
    return {"interval": ends, "expression": as_json(expression)}


def _prove_rest(program: Program, rest: tuple[Term, ...]) -> Data | None:
    """The terms that are not functions of one affine scalar, proved convex together by facts."""
    if not rest:
        return None
    builder = Builder(program)
    output = builder.linear((c, i) for i, c in rest)
    found = facts_certificate(builder.build(output, program.variables, domain=program.domain))
    return None if found is None else {"terms": [index for index, _ in rest], "certificate": found}


def _conclusion(groups: int, functions: int, rest: bool) -> str:
    what = f"{groups} term{'s' * (groups > 1)} in one affine scalar each ({functions} different)"
    return f"sum of {what}{' and a convex rest' * rest}: convex"


def non_convex_joint(program: Program) -> tuple[Point, Point] | None:
    """Two points whose midpoint lies above the chord, across a joint where the slope or the value jumps the wrong way.

    Args:
        program: Of any number of variables.

    Returns:
        The exact end points, already confirmed in balls, or None, which means nothing.
    """
    if not _has_cases(program):
        return None
    seen: dict[Program, Analysis | None] = {}
    for group in split(program).groups:
        if group.function not in seen:
            seen[group.function] = _analyse(group.function)
        analysis = seen[group.function]
        for joint in analysis.joints if analysis else ():
            if joint.passage in (Passage.DOWN, Passage.JUMP):
                found = _across(program, group.argument, joint)
                if found:
                    return found
    return None


_CHORDS = tuple((fmpq(a), fmpq(b)) for a, b in ((-1, 1), (-1, 3), (-3, 1), (0, 2), (-2, 0)))
_EXPONENTS = (0, 2, 4, 7, 10, 15, 20, 30, 40, 60)


def _across(program: Program, argument: Affine, joint: Joint) -> tuple[Point, Point] | None:
    variable, coefficient = max(argument.direction, key=lambda part: abs(part[1]))
    slope = coefficient * argument.size
    base = [_inner_point(program.domain)] * program.variables
    for k in _EXPONENTS:
        h = fmpq(1, 1 << k)
        for a, b in _CHORDS:
            ends = [_moved(base, argument, variable, slope, joint.at + h * t) for t in (a, b)]
            if all(program.domain.contains(x) for end in ends for x in end) and _is_above_chord(program, *ends):
                return tuple(ends[0]), tuple(ends[1])
    return None


def _inner_point(domain: Interval) -> fmpq:
    low, high = domain.low, domain.high
    if domain.contains(fmpq(0)):
        return fmpq(0)
    if low is None:
        return fmpq(0) if high is None else high - 1
    return low + 1 if high is None else (low + high) / 2


def _moved(base: list[fmpq], argument: Affine, variable: int, slope: fmpq, u: fmpq) -> list[fmpq]:
    """The base point with one variable moved so that the argument takes the value u."""
    now = argument.bias + sum((argument.size * c * base[v] for v, c in argument.direction), fmpq(0))
    moved = list(base)
    moved[variable] += (u - now) / slope
    return moved


def _is_above_chord(program: Program, a: list[fmpq], b: list[fmpq]) -> bool:
    middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
    left, right, centre = (balls(program, [arb(x) for x in p], bits=256)[program.output] for p in (a, b, middle))
    return bool(centre - (left + right) / 2 > 0)
