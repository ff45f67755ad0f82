"""Elementwise operations, reductions and heads: the program's values are torch's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from flint import fmpq
from tests.geometry.torch_calls import Case, check

from lossaudit import catalogue
from lossaudit.geometry.evaluate import floats
from lossaudit.geometry.interval import POSITIVE
from lossaudit.geometry.lowering import Lowered
from lossaudit.geometry.lowering.table import RULES
from lossaudit.pairing import Const, Unknown
from lossaudit.record.lowering import Call, Known, Tracked

F = "torch.nn.functional."
REAL = torch.tensor([[-3.5, -1.0, -0.25, 0.0], [0.5, 1.0, 2.75, 30.0]], dtype=torch.float64)
SMALL = torch.tensor([[-3.5, -1.0, -0.25], [0.5, 1.0, 2.75]], dtype=torch.float64)
POSITIVE_VALUES = torch.tensor([[0.1, 0.5, 1.0], [1.5, 3.0, 20.0]], dtype=torch.float64)
UNIT = torch.tensor([[0.01, 0.25, 0.5], [0.625, 0.875, 0.99]], dtype=torch.float64)


def normal(*shape: int, seed: int = 0, scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


EXTREME = [-1e3, -40.0, -20.5, -7.0, -1e-3, 0.0, 1e-3, 5.99, 6.0, 7.0, 19.5, 20.5, 40.0, 700.0]

ON_REALS = (
    "torch.neg torch.positive torch.square torch.abs torch.sign torch.sgn torch.sin torch.cos torch.atan torch.erf "
    "torch.erfc torch.relu torch.sigmoid torch.tanh torch.logical_not torch.rad2deg torch.deg2rad torch.special.expit "
    "torch.asinh"
)
ACTIVATIONS = (
    "relu relu6 leaky_relu elu celu selu gelu silu mish softplus logsigmoid hardsigmoid hardtanh softsign tanhshrink "
    "softshrink hardshrink hardswish rrelu"
)
ON_SMALL = "torch.exp torch.exp2 torch.expm1 torch.cosh torch.sinh torch.tan torch.special.ndtr torch.special.log_ndtr"
ON_POSITIVE = "torch.log torch.log2 torch.log10 torch.log1p torch.sqrt torch.rsqrt torch.reciprocal torch.lgamma"
ON_UNIT = "torch.logit torch.atanh torch.special.entr torch.asin torch.acos"


@pytest.mark.parametrize("path", [*ON_REALS.split(" "), *(F + name for name in ACTIVATIONS.split(" "))])
def test_functions_of_all_reals(path: str) -> None:
    tolerance = 1e-7 if "asinh" in path else 1e-9
    values = [-7.0, -0.5, 0.0, 0.5, 3.0] if "asinh" in path else EXTREME
    check(Case(path, {"input": values}), tolerance=tolerance)


@pytest.mark.parametrize(
    ("path", "at"),
    [(p, SMALL) for p in ON_SMALL.split()]
    + [(p, POSITIVE_VALUES) for p in ON_POSITIVE.split()]
    + [(p, UNIT) for p in ON_UNIT.split()]
    + [("torch.acosh", POSITIVE_VALUES + 1)],
)
def test_functions_of_some_reals(path: str, at: torch.Tensor) -> None:
    check(Case(path, {"input": at}))


@pytest.mark.parametrize(
    ("path", "given"),
    [
        (F + "leaky_relu", {"negative_slope": 0.2}),
        (F + "leaky_relu", {"negative_slope": 1.5}),
        (F + "leaky_relu", {"negative_slope": -0.5}),
        (F + "elu", {"alpha": 0.5}),
        (F + "elu", {"alpha": 2.0}),
        (F + "celu", {"alpha": 0.5}),
        (F + "gelu", {"approximate": "tanh"}),
        (F + "softplus", {"beta": 2.0, "threshold": 5.0}),
        (F + "softplus", {"beta": 0.25}),
        (F + "hardtanh", {"min_val": -2.0, "max_val": 0.5}),
        (F + "softshrink", {"lambd": 1.5}),
        (F + "hardshrink", {"lambd": 6.0}),
        (F + "threshold", {"threshold": 0.5, "value": -3.0}),
        (F + "rrelu", {"lower": 0.1, "upper": 0.5}),
        ("torch.clamp", {"min": -1.0}),
        ("torch.clamp", {"max": 2.5}),
        ("torch.clamp", {"min": -1.0, "max": 2.5}),
        ("torch.clamp", {"min": 2.0, "max": 1.0}),
        ("torch.clamp_min", {"min": 0.1}),
        ("torch.clamp_max", {"max": 0.1}),
        ("torch.pow", {"exponent": 2}),
        ("torch.pow", {"exponent": 3}),
        ("torch.pow", {"exponent": 0}),
        ("torch.float_power", {"exponent": 4}),
    ],
)
def test_parameters_of_functions(path: str, given: dict[str, object]) -> None:
    at = [x for x in EXTREME if abs(x) < 500]
    check(Case(path, {"input": at}, **given))


@pytest.mark.parametrize("exponent", [-1, -2, 0.5, -0.5, 1.7, 0.1])
def test_powers_of_positive_numbers(exponent: float) -> None:
    check(Case("torch.pow", {"input": POSITIVE_VALUES}, exponent=exponent))


@pytest.mark.parametrize("base", [2.0, 0.5, 1.0, 10.0])
def test_constant_to_a_power(base: float) -> None:
    case = Case("torch.pow", {"exponent": SMALL}, input=torch.tensor(base, dtype=torch.float64))
    check(case)


TWO = ("add", "sub", "mul", "maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2", "hypot")
COMPARISONS = ("gt", "ge", "lt", "le", "eq", "ne")


@pytest.mark.parametrize("name", [*TWO, *COMPARISONS])
@pytest.mark.parametrize("known", [None, "input", "other"])
def test_functions_of_two_numbers(name: str, known: str | None) -> None:
    x, y = normal(2, 3), normal(3, seed=1)
    y[0] = x[0, 0]
    tensors = {"input": x, "other": y}
    if known:
        case = Case(f"torch.{name}", {n: t for n, t in tensors.items() if n != known}, **{known: tensors[known]})
    else:
        case = Case(f"torch.{name}", tensors)
    check(case, enclose=name in TWO)


@pytest.mark.parametrize("name", ["div", "pow", "xlogy"])
@pytest.mark.parametrize("known", [None, "input", "other"])
def test_functions_of_two_positive_numbers(name: str, known: str | None) -> None:
    second = "exponent" if name == "pow" else "other"
    tensors = {"input": normal(2, 3).abs() + 0.1, second: normal(3, seed=1).abs() + 0.1}
    known = second if known == "other" else known
    kept = {n: t for n, t in tensors.items() if n != known}
    check(Case(f"torch.{name}", kept, **({known: tensors[known]} if known else {})))


def test_more_functions_of_several_tensors() -> None:
    x, y, z = normal(2, 3), normal(2, 3, seed=1), normal(2, 3, seed=2)
    mask = torch.tensor([[True, False, True], [False, False, True]])
    check(Case("torch.add", {"input": x, "other": y}, alpha=2.5))
    check(Case("torch.sub", {"input": x}, other=y, alpha=-3))
    check(Case("torch.add", {"input": x}, other=1.5))
    check(Case("torch.addcmul", {"input": x, "tensor1": y}, tensor2=z, value=0.3))
    check(Case("torch.addcdiv", {"input": x, "tensor2": y}, tensor1=z, value=-2))
    check(Case("torch.lerp", {"input": x, "end": y}, weight=0.3))
    check(Case("torch.lerp", {"input": x, "weight": y}, end=z))
    check(Case("torch.where", {"input": x, "other": y}, condition=mask))
    check(Case("torch.masked_fill", {"input": x}, mask=mask, value=-1e9))
    check(Case("torch.masked_fill", {"input": x}, mask=mask, value=float("-inf")), enclose=False)
    check(Case("torch.cross", {"input": x, "other": y}, dim=1))
    check(Case("torch.linalg.cross", {"input": x}, other=y))
    check(Case("torch.ldexp", {"input": x}, other=torch.tensor([1, -2, 3])))
    check(Case("torch.special.xlog1py", {"input": x, "other": y.abs()}))
    check(Case("torch.logit", {"input": x}, eps=0.1))
    check(Case("torch.heaviside", {"input": x}, values=y))
    check(Case(F + "glu", {"input": normal(2, 4)}))
    check(Case(F + "prelu", {"input": x}, weight=torch.tensor([0.25], dtype=torch.float64)))
    check(Case(F + "prelu", {"input": x, "weight": torch.tensor([0.25, 0.5, 2.0])}))


def test_logic_of_comparisons() -> None:
    lowered = Lowered()
    x = lowered.variables(1)
    zero = Known(np.zeros(1))
    (positive,) = lowered.apply(Call("gt", {"input": Tracked(x), "other": zero}, {}, ((1,),)))
    (small,) = lowered.apply(Call("lt", {"input": Tracked(x)}, {"other": Const(2.0)}, ((1,),)))
    points = np.array([[-1.0, 0.0, 1.0, 2.0, 3.0]])
    truths = {
        "and": (points[0] > 0) & (points[0] < 2),
        "or": (points[0] > 0) | (points[0] < 2),
        "xor": (points[0] > 0) ^ (points[0] < 2),
    }
    for form in ("logical", "bitwise"):
        for name, wanted in truths.items():
            call = Call(f"{form}_{name}", {"input": Tracked(positive), "other": Tracked(small)}, {}, ((1,),))
            (out,) = lowered.apply(call)
            program = lowered.program(int(out[0])).program
            assert (floats(program, points)[program.output] == wanted).all()
        (out,) = lowered.apply(Call(f"{form}_not", {"input": Tracked(positive)}, {}, ((1,),)))
        program = lowered.program(int(out[0])).program
        assert (floats(program, points)[program.output] == (points[0] <= 0)).all()
    # A truth value may be cast to an integer and back; any other number would be rounded.
    assert lowered.apply(Call("long", {"input": Tracked(positive)}, {}, ((1,),))) is not None
    assert lowered.apply(Call("long", {"input": Tracked(x)}, {}, ((1,),))) is None
    assert lowered.apply(Call("bitwise_not", {"input": Tracked(x)}, {}, ((1,),))) is None


DIMS = [{}, {"dim": 1}, {"dim": -1, "keepdim": True}, {"dim": (0, 2)}, {"dim": (0, 2), "keepdim": True}]


@pytest.mark.parametrize("given", DIMS)
@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin", "logsumexp", "var", "std"])
def test_reductions(name: str, given: dict[str, object]) -> None:
    if name == "logsumexp" and not given:
        given = {"dim": (0, 1, 2)}
    check(Case(f"torch.{name}", {"input": normal(2, 3, 2, scale=3)}, **given), tolerance=1e-8)


@pytest.mark.parametrize("given", [{}, {"dim": 1}, {"dim": 0, "keepdim": True}])
@pytest.mark.parametrize("name", ["prod", "max", "min"])
def test_reductions_along_one_axis(name: str, given: dict[str, object]) -> None:
    check(Case(f"torch.{name}", {"input": normal(2, 3)}, **given))


@pytest.mark.parametrize("correction", [{"unbiased": False}, {"unbiased": True}, {"correction": 0}, {"correction": 2}])
def test_variance_divides_by_what_it_is_told(correction: dict[str, object]) -> None:
    check(Case("torch.var", {"input": normal(2, 4)}, dim=1, **correction), tolerance=1e-8)
    check(Case("torch.std_mean", {"input": normal(2, 4)}, dim=1, **correction), tolerance=1e-8)


@pytest.mark.parametrize("p", [0, 0.5, 1, 2, 3, 4, 2.5, float("inf"), float("-inf")])
@pytest.mark.parametrize("dim", [None, 1])
def test_norms(p: float, dim: int | None) -> None:
    check(Case("torch.linalg.vector_norm", {"x": normal(2, 3)}, ord=p, dim=dim), enclose=p != 0)
    check(Case("torch.norm", {"input": normal(2, 3)}, p=p, dim=dim), enclose=p != 0)


def test_other_reductions() -> None:
    x, y = normal(3, 4), normal(3, 4, seed=1)
    for name in ("cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"):
        check(Case(f"torch.{name}", {"input": x}, dim=1))
        check(Case(f"torch.{name}", {"input": x}, dim=0))
    check(Case("torch.norm", {"input": x}))
    check(Case("torch.linalg.norm", {"A": x}))
    check(Case("torch.linalg.matrix_norm", {"A": x}))
    check(Case("torch.diff", {"input": x}, dim=0))
    check(Case("torch.diff", {"input": x}, n=2))
    check(Case("torch.trace", {"input": x}))
    check(Case("torch.aminmax", {"input": x}, dim=1))
    check(Case("torch.dist", {"input": x, "other": y}, p=3))
    check(Case("torch.count_nonzero", {"input": x}), enclose=False)
    check(Case("torch.maximum", {"input": x, "other": y}))
    check(Case("torch.max", {"input": x, "other": y}))
    for name in ("all", "any"):
        check(Case(f"torch.{name}", {"input": x}, dim=1), enclose=False)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_heads_over_classes(name: str, scale: float) -> None:
    x = normal(2, 3, 2, scale=scale)
    others = [{"input": normal(2, 3, 2, seed=k, scale=scale)} for k in (1, 2)]
    for dim in (0, 1, -1):
        check(Case(F + name, {"input": x}, dim=dim), others)


def test_a_masked_logit_has_probability_zero() -> None:
    lowered = Lowered()
    z = lowered.variables(3)
    mask = Known(np.array([False, True, False]))
    (masked,) = lowered.apply(
        Call("masked_fill", {"input": Tracked(z), "mask": mask}, {"value": Const(float("-inf"))}, ((3,),))
    )
    (p,) = lowered.apply(Call("softmax", {"input": Tracked(masked)}, {"dim": Const(0)}, ((3,),)))
    assert lowered.builder.value(int(p[1])) == 0
    assert lowered.program(int(p[0])).used == (0, 2)


def test_distances() -> None:
    x, y = normal(3, 4), normal(3, 4, seed=1)
    for p in (1.0, 2.0, 3.0, float("inf")):
        check(Case(F + "pairwise_distance", {"x1": x, "x2": y}, p=p))
        check(Case("torch.cdist", {"x1": x}, x2=y, p=p))
        check(Case(F + "normalize", {"input": x}, p=p))
        check(Case("torch.pdist", {"input": x}, p=p))
    check(Case(F + "pairwise_distance", {"x1": x}, x2=y, keepdim=True, eps=0.1))
    check(Case(F + "normalize", {"input": x}, dim=0))
    check(Case(F + "normalize", {"input": x * 0.01}, eps=0.5))
    for dim in (0, 1):
        check(Case(F + "cosine_similarity", {"x1": x, "x2": y}, dim=dim))
        check(Case(F + "cosine_similarity", {"x1": x}, x2=y, dim=dim, eps=3.0))


# --- ids, programs, what is not known ---------------------------------------------------------------------------


def test_variables_are_numbered_compactly_and_only_when_used() -> None:
    lowered = Lowered()
    z = lowered.variables(1_000_000)
    assert not lowered.builder.instructions
    (y,) = lowered.apply(Call("exp", {"input": Tracked(z[[7, 999_999]])}, {}, ((2,),), "torch.exp"))
    (out,) = lowered.apply(Call("sum", {"input": Tracked(y)}, {}, ((),), "torch.sum"))
    made = lowered.program(int(out), POSITIVE)
    assert made.used == (7, 999_999)
    assert made.program.variables == 2
    assert made.program.domain == POSITIVE
    assert [step.spelled for step in made.program.steps] == ["torch.exp", "torch.sum"]
    assert len(made.program.steps[0].outputs) == 2


def test_constants_are_exact() -> None:
    lowered = Lowered()
    ids = lowered.constants(np.array([0.1, 3.0, np.inf, -np.inf, np.nan]))
    b = lowered.builder
    assert b.value(int(ids[0])) == fmpq(3602879701896397, 2**55)  # the double next to one tenth
    assert b.value(int(ids[1])) == 3
    assert [b.infinite(int(i)) for i in ids[2:4]] == [1, -1]
    assert b.instructions[int(ids[4])].op == "opaque"
    assert (lowered.constants([0.1, 0.1]) == ids[0]).all()


def test_the_larger_of_two_tensors_in_any_spelling() -> None:
    lowered = Lowered()
    x, y = Tracked(lowered.variables(2)), Known(np.array([0.0, 1.0]))
    spellings = [
        Call("max", {"input": x, "dim": y}, {"keepdim": Const(False)}, ((2,),)),
        Call("max", {"input": x, "other": y}, {}, ((2,),)),
        Call("maximum", {"input": x, "other": y}, {}, ((2,),)),
    ]
    results = {tuple(lowered.apply(call)[0].tolist()) for call in spellings}
    assert len(results) == 1


def test_what_is_not_known_is_not_lowered() -> None:
    lowered = Lowered()
    z = lowered.variables(4)
    x = {"input": Tracked(z)}
    assert lowered.apply(Call("torch.some_custom_op", x, {}, ((4,),))) is None
    assert lowered.apply(Call("floor", x, {}, ((4,),))) is None
    assert lowered.apply(Call("div", x, {"other": Const(2), "rounding_mode": Const("floor")}, ((4,),))) is None
    assert lowered.apply(Call("leaky_relu", x, {"negative_slope": Unknown("a tensor")}, ((4,),))) is None
    assert lowered.apply(Call("sum", x, {"dtype": Const("torch.int64")}, ((),))) is None
    assert lowered.apply(Call("sum", x, {"dim": Const("no axis")}, ((),))) is None
    assert lowered.apply(Call("ctc", {"log_probs": Tracked(z)}, {}, ((),))) is None
    assert lowered.apply(Call("exp", x, {}, ((2, 2),))) is None  # a shape that the rule does not give
    (made,) = lowered.opaque(Call("floor", x, {}, ((4,),), "torch.floor"))
    program = lowered.program(int(made[0])).program
    assert program.variables == 4  # it may depend on all of them
    assert program.name(program.output) == "torch.floor"


def test_every_rule_has_a_name_in_the_catalogue() -> None:
    assert not set(RULES) - set(catalogue.OPS) - set(catalogue.LOSSES)


def test_results_share_no_memory_with_operands() -> None:
    """A recorder writes in place: a clone must not change with what it was made of."""
    lowered = Lowered()
    z = lowered.variables(3)
    (copy,) = lowered.apply(Call("clone", {"input": Tracked(z)}, {}, ((3,),)))
    copy[0] = 0
    assert z.tolist() == [-1, -2, -3]


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("torch.topk", {"k": 2}),
        ("torch.topk", {"k": 3, "largest": False}),
        ("torch.topk", {"k": 1, "dim": 0}),
        ("torch.sort", {}),
        ("torch.sort", {"dim": 0, "descending": True}),
        ("torch.msort", {}),
        ("torch.kthvalue", {"k": 2}),
        ("torch.kthvalue", {"k": 4, "keepdim": True}),
        ("torch.median", {}),
        ("torch.median", {"dim": 1}),
        ("torch.median", {"dim": 0, "keepdim": True}),
        ("torch.quantile", {"q": 0.5}),
        ("torch.quantile", {"q": 0.8, "dim": 1}),
        ("torch.quantile", {"q": 1.0, "dim": 0, "keepdim": True}),
    ],
)
def test_order_statistics(path: str, given: dict[str, object]) -> None:
    """Also where several elements are equal."""
    check(Case(path, {"input": normal(2, 5)}, **given), [{"input": normal(2, 5, seed=1).round()}])


@pytest.mark.parametrize(("path", "given"), [("torch.topk", {"k": 2, "sorted": False}), ("torch.topk", {"k": 10})])
def test_order_statistics_that_are_not_lowered(path: str, given: dict[str, object]) -> None:
    """Elements in no order; too many subsets."""
    assert Case(path, {"input": normal(20)}, **given).results is None


def test_ends_of_a_long_row_in_order() -> None:
    """Of a hundred numbers the two at each end need few subsets; all others are opaque."""
    case = Case("torch.sort", {"input": normal(100)})
    assert case.results is not None
    ops = [case.lowered.builder.instructions[i].op for i in case.results[0].tolist()]
    assert [k for k, op in enumerate(ops) if op != "opaque"] == [0, 99]
