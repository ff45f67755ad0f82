"""Elementwise arithmetic.

`input` and `other` are always the left and the right operand as written, so that `1 - p` is `sub` with `other=p`;
of the commutative `add` and `mul` the tensor is `input`.
"""

from __future__ import annotations

from lossaudit.catalogue.notation import Spellings, both, function, method, node, unary
from lossaudit.catalogue.schema import Op, Role


def _plain(name: str, spellings: Spellings = (), summary: str = "") -> Op:
    return Op(name, Role.ELEMENTWISE, unary(name) + spellings, summary=summary)


_ARITHMETIC = (
    Op(
        "add",
        Role.ELEMENTWISE,
        both("add", "other", alpha=1)
        + method("add_", "other", alpha=1)
        + method("__add__ __radd__ __iadd__", "other")
        + node("AddBackward0", "input other", "alpha")
        + node("AddBackward1"),
        summary="input + alpha other",
    ),
    Op(
        "sub",
        Role.ELEMENTWISE,
        both("sub subtract", "other", alpha=1)
        + method("sub_ subtract_", "other", alpha=1)
        + method("__sub__ __isub__", "other")
        + function("torch.rsub", "input:other", "other:input", alpha=1)
        + method("__rsub__", "other:input", receiver="other")
        + node("SubBackward0", "input other", "alpha")
        + node("SubBackward1")
        + node("RsubBackward0", "other input", "alpha")
        + node("RsubBackward1", "other", "alpha"),
        summary="input - alpha other",
    ),
    Op(
        "mul",
        Role.ELEMENTWISE,
        both("mul multiply", "other")
        + method("mul_ multiply_ __mul__ __rmul__ __imul__", "other")
        + node("MulBackward0", "input other")
        + node("MulBackward1", saved="other"),
    ),
    Op(
        "div",
        Role.ELEMENTWISE,
        both("div divide", "other", rounding_mode=None)
        + method("div_ divide_", "other", rounding_mode=None)
        + both("true_divide", "other")
        + method("true_divide_ __truediv__ __itruediv__ __div__ __idiv__", "other")
        + method("__rtruediv__ __rdiv__", "other:input", receiver="other")
        + node("DivBackward0", "input other")
        + node("DivBackward1", saved="other")
        + node("DivBackward2", "input other", "rounding_mode")
        + node("DivBackward3", saved="other rounding_mode"),
    ),
    Op(
        "floor_divide",
        Role.ELEMENTWISE,
        both("floor_divide", "other")
        + method("floor_divide_ __floordiv__ __ifloordiv__", "other")
        + method("__rfloordiv__", "other:input", receiver="other"),
    ),
    Op(
        "remainder",
        Role.ELEMENTWISE,
        both("remainder", "other")
        + method("remainder_ __mod__ __imod__", "other")
        + method("__rmod__", "other:input", receiver="other")
        + node("RemainderBackward0")
        + node("RemainderBackward1", "input other"),
    ),
    Op(
        "fmod",
        Role.ELEMENTWISE,
        both("fmod", "other") + method("fmod_", "other") + node("FmodBackward0") + node("FmodBackward1", "input other"),
    ),
    Op(
        "neg",
        Role.ELEMENTWISE,
        unary("neg negative") + method("__neg__") + node("NegBackward0"),
    ),
    Op("positive", Role.ELEMENTWISE, both("positive") + method("__pos__"), summary="the input itself"),
    Op(
        "pow",
        Role.ELEMENTWISE,
        both("pow", "exponent:other")
        + method("pow_", "exponent:other")
        + method("__pow__ __ipow__", "other")
        + method("__rpow__", "other:input", receiver="other")
        + node("PowBackward0", saved="exponent:other")
        + node("PowBackward1", "input other")
        + node("PowBackward2", "other", "self:input"),
        summary="input to the power other",
    ),
    Op(
        "float_power",
        Role.ELEMENTWISE,
        both("float_power", "exponent:other") + method("float_power_", "exponent:other"),
        summary="pow in double precision",
    ),
    _plain("square", summary="the graph shows it as pow"),
    _plain("sqrt", node("SqrtBackward0")),
    _plain("rsqrt", node("RsqrtBackward0")),
    _plain("reciprocal", node("ReciprocalBackward0")),
    Op(
        "addcmul",
        Role.ELEMENTWISE,
        both("addcmul", "tensor1", "tensor2", value=1)
        + method("addcmul_", "tensor1", "tensor2", value=1)
        + node("AddcmulBackward0", "input tensor1 tensor2", "value"),
        summary="input + value tensor1 tensor2",
    ),
    Op(
        "addcdiv",
        Role.ELEMENTWISE,
        both("addcdiv", "tensor1", "tensor2", value=1)
        + method("addcdiv_", "tensor1", "tensor2", value=1)
        + node("AddcdivBackward0", "input tensor1 tensor2", "value"),
        summary="input + value tensor1 / tensor2",
    ),
    Op(
        "lerp",
        Role.ELEMENTWISE,
        both("lerp", "end:other", "weight")
        + method("lerp_", "end:other", "weight")
        + node("LerpBackward0", "input other", "weight")
        + node("LerpBackward1", "input other weight"),
        summary="input + weight (other - input)",
    ),
    Op(
        "cross",
        Role.ELEMENTWISE,
        both("cross", "other", dim=None) + function("torch.linalg.cross", "input", "other", dim=-1),
        axis="dim",
    ),
)

_EXPONENTIAL = (
    _plain("exp", node("ExpBackward0")),
    Op("exp2", Role.ELEMENTWISE, unary("exp2") + function("torch.special.exp2", "input") + node("Exp2Backward0")),
    _plain("expm1", function("torch.special.expm1", "input") + node("Expm1Backward0")),
    _plain("log", node("LogBackward0")),
    _plain("log2", node("Log2Backward0")),
    _plain("log10", node("Log10Backward0")),
    _plain("log1p", function("torch.special.log1p", "input") + node("Log1PBackward0")),
    Op(
        "logit",
        Role.ELEMENTWISE,
        both("logit logit_", eps=None)
        + function("torch.special.logit", "input", eps=None)
        + node("LogitBackward0", saved="eps"),
        summary="log(input / (1 - input)): undoes sigmoid",
    ),
    Op("logaddexp", Role.ELEMENTWISE, both("logaddexp", "other") + node("LogaddexpBackward0", "input other")),
    Op("logaddexp2", Role.ELEMENTWISE, both("logaddexp2", "other") + node("Logaddexp2Backward0", "input other")),
    Op(
        "xlogy",
        Role.ELEMENTWISE,
        both("xlogy", "other")
        + function("torch.xlogy_ torch.special.xlogy", "input", "other")
        + method("xlogy_", "other")
        + node("XlogyBackward0", "input other")
        + node("XlogyBackward1", "other", "self:input")
        + node("XlogyBackward2", "input", "other"),
        summary="input log(other), and 0 where input = 0",
    ),
    Op(
        "xlog1py",
        Role.ELEMENTWISE,
        function("torch.special.xlog1py", "input", "other")
        + node("SpecialXlog1PyBackward0", "input other")
        + node("SpecialXlog1PyBackward1", "other", "self:input")
        + node("SpecialXlog1PyBackward2", "input", "other"),
        summary="input log(1 + other), and 0 where input = 0",
    ),
    Op(
        "entr",
        Role.ELEMENTWISE,
        function("torch.special.entr", "input") + node("SpecialEntrBackward0"),
        summary="-input log(input)",
    ),
    Op(
        "ldexp",
        Role.ELEMENTWISE,
        both("ldexp", "other") + method("ldexp_", "other") + node("LdexpBackward0", "input other"),
        summary="input 2^other",
    ),
)

_PIECEWISE = (
    Op("abs", Role.ELEMENTWISE, unary("abs") + both("absolute") + method("absolute_ __abs__") + node("AbsBackward0")),
    Op("sign", Role.ELEMENTWISE, both("sign") + method("sign_") + node("SignBackward0")),
    Op("sgn", Role.ELEMENTWISE, both("sgn") + method("sgn_") + node("SgnBackward0")),
    Op(
        "copysign",
        Role.ELEMENTWISE,
        both("copysign", "other")
        + method("copysign_", "other")
        + node("CopysignBackward0", "input other")
        + node("CopysignBackward1"),
    ),
    Op(
        "clamp",
        Role.ELEMENTWISE,
        both("clamp clamp_ clip clip_", min=None, max=None)
        + node("ClampBackward0", "input min max")
        + node("ClampBackward1", saved="min max"),
    ),
    Op(
        "clamp_min",
        Role.ELEMENTWISE,
        both("clamp_min clamp_min_", "min")
        + node("ClampMinBackward0", saved="min")
        + node("ClampMinBackward1", "input min"),
    ),
    Op(
        "clamp_max",
        Role.ELEMENTWISE,
        both("clamp_max clamp_max_", "max")
        + node("ClampMaxBackward0", saved="max")
        + node("ClampMaxBackward1", "input max"),
    ),
    Op("maximum", Role.ELEMENTWISE, both("maximum", "other") + node("MaximumBackward0", "input other")),
    Op("minimum", Role.ELEMENTWISE, both("minimum", "other") + node("MinimumBackward0", "input other")),
    Op("fmax", Role.ELEMENTWISE, both("fmax", "other") + node("FmaxBackward0", "input other")),
    Op("fmin", Role.ELEMENTWISE, both("fmin", "other") + node("FminBackward0", "input other")),
    Op(
        "where",
        Role.ELEMENTWISE,
        function("torch.where", "condition", input=None, other=None)
        + method("where", "condition", "other")
        + node("WhereBackward0", "input other"),
        summary="input where condition holds, else other; with a condition alone, the indices where it holds",
    ),
    Op(
        "masked_fill",
        Role.ELEMENTWISE,
        both("masked_fill", "mask", "value")
        + method("masked_fill_", "mask", "value")
        + node("MaskedFillBackward0")
        + node("MaskedFillBackward1", "input value"),
        summary="value where mask holds, else input",
    ),
    Op(
        "masked_scatter",
        Role.ELEMENTWISE,
        both("masked_scatter", "mask", "source")
        + method("masked_scatter_", "mask", "source")
        + node("MaskedScatterBackward0", "input source"),
    ),
    Op(
        "nan_to_num",
        Role.ELEMENTWISE,
        both("nan_to_num nan_to_num_", nan=None, posinf=None, neginf=None) + node("NanToNumBackward0"),
    ),
    _plain("floor", node("FloorBackward0")),
    _plain("ceil", node("CeilBackward0")),
    _plain("trunc", both("fix fix_") + node("TruncBackward0")),
    _plain("frac", node("FracBackward0")),
    Op(
        "round",
        Role.ELEMENTWISE,
        both("round round_", decimals=None)
        + function("torch.special.round", "input", decimals=0)
        + node("RoundBackward0 RoundBackward1"),
    ),
    Op("heaviside", Role.ELEMENTWISE, both("heaviside", "values") + method("heaviside_", "values")),
)

_TRANSCENDENTAL = (
    _plain("sin", node("SinBackward0")),
    _plain("cos", node("CosBackward0")),
    _plain("tan", node("TanBackward0")),
    _plain("sinh", node("SinhBackward0")),
    _plain("cosh", node("CoshBackward0")),
    *(
        Op(name, Role.ELEMENTWISE, unary(f"{name} arc{name[1:]}") + node(nodes))
        for name, nodes in (
            ("asin", "AsinBackward0"),
            ("acos", "AcosBackward0"),
            ("atan", "AtanBackward0"),
            ("asinh", "AsinhBackward0 AsinhBackward1"),
            ("acosh", "AcoshBackward0 AcoshBackward1"),
            ("atanh", "AtanhBackward0 AtanhBackward1"),
        )
    ),
    Op(
        "atan2",
        Role.ELEMENTWISE,
        both("atan2 arctan2", "other") + method("atan2_ arctan2_", "other") + node("Atan2Backward0", "input other"),
    ),
    Op(
        "hypot",
        Role.ELEMENTWISE,
        both("hypot", "other") + method("hypot_", "other") + node("HypotBackward0", "input other"),
    ),
    _plain("erf", function("torch.special.erf", "input") + node("ErfBackward0")),
    _plain("erfc", function("torch.special.erfc", "input") + node("ErfcBackward0")),
    Op(
        "erfinv",
        Role.ELEMENTWISE,
        both("erfinv") + method("erfinv_") + function("torch.special.erfinv", "input") + node("ErfinvBackward0"),
    ),
    Op("erfcx", Role.ELEMENTWISE, function("torch.special.erfcx", "input") + node("SpecialErfcxBackward0")),
    Op(
        "ndtr",
        Role.ELEMENTWISE,
        function("torch.special.ndtr", "input"),
        summary="distribution function of the standard normal",
    ),
    Op("ndtri", Role.ELEMENTWISE, function("torch.special.ndtri", "input") + node("SpecialNdtriBackward0")),
    Op("log_ndtr", Role.ELEMENTWISE, function("torch.special.log_ndtr", "input") + node("SpecialLogNdtrBackward0")),
    Op(
        "lgamma",
        Role.ELEMENTWISE,
        both("lgamma") + method("lgamma_") + function("torch.special.gammaln", "input") + node("LgammaBackward0"),
    ),
    Op(
        "digamma",
        Role.ELEMENTWISE,
        both("digamma")
        + method("digamma_")
        + function("torch.special.digamma torch.special.psi", "input")
        + node("DigammaBackward0"),
    ),
    Op(
        "polygamma",
        Role.ELEMENTWISE,
        function("torch.polygamma torch.special.polygamma", "n", "input")
        + method("polygamma polygamma_", "n")
        + node("PolygammaBackward0 PolygammaBackward1", saved="n"),
    ),
    Op(
        "mvlgamma",
        Role.ELEMENTWISE,
        both("mvlgamma", "p")
        + method("mvlgamma_", "p")
        + function("torch.special.multigammaln", "input", "p")
        + node("MvlgammaBackward0", saved="p"),
    ),
    Op("gammainc", Role.ELEMENTWISE, function("torch.special.gammainc torch.igamma", "input", "other")),
    Op("gammaincc", Role.ELEMENTWISE, function("torch.special.gammaincc torch.igammac", "input", "other")),
    Op("zeta", Role.ELEMENTWISE, function("torch.special.zeta", "input", "other")),
    _plain("sinc", function("torch.special.sinc", "input") + node("SincBackward0")),
    _plain("i0", function("torch.special.i0", "input") + node("I0Backward0")),
    Op("i0e", Role.ELEMENTWISE, function("torch.special.i0e", "input") + node("SpecialI0EBackward0")),
    Op("i1", Role.ELEMENTWISE, function("torch.special.i1", "input") + node("SpecialI1Backward0")),
    Op("i1e", Role.ELEMENTWISE, function("torch.special.i1e", "input") + node("SpecialI1EBackward0")),
    _plain("deg2rad", node("Deg2RadBackward0")),
    _plain("rad2deg", node("Rad2DegBackward0")),
)

OPS = (*_ARITHMETIC, *_EXPONENTIAL, *_PIECEWISE, *_TRANSCENDENTAL)
