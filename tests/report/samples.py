"""Results made by hand, with figures as a run of the example would give them."""

from __future__ import annotations

import math
from dataclasses import replace

from lossaudit.card import GradientResponse
from lossaudit.finding import Confidence, Edit, Finding, Fix, Severity
from lossaudit.pairing import (
    AxisRole,
    Basis,
    Const,
    Dim,
    Flow,
    LossUse,
    Objective,
    Observed,
    Pairing,
    Place,
    Source,
    Step,
    Target,
    TargetEncoding,
    Term,
    Unresolved,
)
from lossaudit.result import PairingResult, Result, Series
from lossaudit.verdict import Certificate, Scope, Status, Verdict, Witness

SCRIPT = "examples/legacy_migration.py"
LOSS = Place(SCRIPT, 41, 12, 41, 50, scope="train")
HEAD = Place(SCRIPT, 33, 16, 33, 40, scope="predict")
CLASSES = 10

FINDING = Finding(
    rule="mse-on-softmax",
    code="LA104",
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    message="softmax (line 33) + MSELoss (line 41), 10 classes",
    why="its gradient vanishes exactly where the model is confident and wrong",
    places=(LOSS, HEAD),
    evidence=("62 % of training samples are wrong and get almost no gradient; cross-entropy would move them",),
    fix=Fix(
        title="use cross-entropy on the raw logits",
        before="loss_fn(model(x).softmax(1), onehot)",
        after="F.cross_entropy(model(x), y)",
        edits=(Edit(LOSS, "F.cross_entropy(model(x), y)"),),
    ),
)


def softmax(logits: list[float]) -> list[float]:
    top = max(logits)
    weights = [math.exp(z - top) for z in logits]
    return [w / sum(weights) for w in weights]


def squared_error(logits: list[float], target: int = 0) -> float:
    """Sum over classes of (p - y)^2."""
    return sum((p - (k == target)) ** 2 for k, p in enumerate(softmax(logits)))


def gradients(gap: float) -> tuple[float, float]:
    """Norms of d(squared error)/dz = 2 p * (d - <d, p>), d = p - y, and of d(cross-entropy)/dz = d."""
    p = softmax([0.0, gap] + [0.0] * (CLASSES - 2))
    d = [q - (k == 0) for k, q in enumerate(p)]
    mean = sum(x * q for x, q in zip(d, p, strict=True))
    return math.hypot(*(2 * q * (x - mean) for x, q in zip(d, p, strict=True))), math.hypot(*d)


def response() -> GradientResponse:
    gaps = tuple(0.25 * k for k in range(81))
    norms = [gradients(gap) for gap in gaps]
    (own, reference) = norms[0]
    return GradientResponse(
        gap=gaps,
        ratio=tuple(mine / own for mine, _ in norms),
        reference=tuple(theirs / reference for _, theirs in norms),
        at_uniform=own / reference,
    )


def witness() -> Witness:
    a, b = [0.0, 2.0] + [0.0] * 8, [0.0, 12.0] + [0.0] * 8
    middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
    values = squared_error(a), squared_error(middle), squared_error(b)
    return Witness(
        a=tuple(a),
        b=tuple(b),
        midpoint=tuple(middle),
        target=(1.0,) + (0.0,) * 9,
        gap=values[1] - (values[0] + values[2]) / 2 - 1e-9,
        values=values,
        as_coded_gap=0.1743,
    )


SCOPE = Scope(
    variables="the logits",
    function="mean squared error of softmax, averaged over classes",
    shape=(None, CLASSES),
    targets="every one-hot vector",
)
REFUTED = Verdict("convex", Status.REFUTED, SCOPE, "a Jensen violation at exact points", witness=witness())
PROVED = Verdict(
    "convex",
    Status.PROVED,
    replace(SCOPE, function="cross-entropy of softmax", targets="every class index"),
    "log-sum-exp is convex and the target's logit enters affinely",
    certificate=Certificate(
        "composition",
        {"nodes": 3},
        ("logsumexp(z) is convex (axiom)", "-z[y] is affine in z", "a sum of convex functions is convex"),
    ),
)


def wobble(k: int, size: float) -> float:
    return size * math.sin(12.9898 * k) * math.cos(4.1 * k)


def slow(n: int = 140, every: int = 36) -> Series:
    """A run that hardly learns."""
    t = [k / (n - 1) for k in range(n)]
    return Series(
        step=tuple(1 + every * k for k in range(n)),
        loss=tuple(0.176 - 0.02 * x + wobble(k, 0.004) for k, x in enumerate(t)),
        accuracy=tuple(0.08 + 0.11 * x**0.7 + wobble(k, 0.015) for k, x in enumerate(t)),
        confidently_wrong=tuple(0.88 - 0.1 * x + wobble(k, 0.02) for k, x in enumerate(t)),
        stuck=tuple(0.52 + 0.1 * x + wobble(k, 0.02) for k, x in enumerate(t)),
        median=tuple(0.006 * (1 + 0.6 * x) * math.exp(wobble(k, 0.3)) for k, x in enumerate(t)),
        low=tuple(3e-6 * math.exp(3 * x + wobble(k, 0.8)) for k, x in enumerate(t)),
        gradient=tuple(0.001 for _ in t),
    )


def fast(n: int = 140, every: int = 36) -> Series:
    """A run that learns."""
    t = [k / (n - 1) for k in range(n)]
    return Series(
        step=tuple(1 + every * k for k in range(n)),
        loss=tuple(5.2 * math.exp(-5 * x) + 0.12 + abs(wobble(k, 0.03)) for k, x in enumerate(t)),
        accuracy=tuple(0.96 - 0.88 * math.exp(-7 * x) + wobble(k, 0.01) * (1 - x) for k, x in enumerate(t)),
        confidently_wrong=tuple(0.88 * math.exp(-8 * x) for x in t),
        stuck=tuple(0.0 for _ in t),
        median=tuple(1.05 * math.exp(-4 * x) for x in t),
        low=tuple(0.6 * math.exp(-7 * x) for x in t),
        gradient=tuple(0.1 for _ in t),
    )


def pairing(observed: Observed | None = None) -> Pairing:
    dims = (Dim(64, AxisRole.BATCH), Dim(CLASSES, AxisRole.CLASS))
    encodings = frozenset({TargetEncoding.ONE_HOT})
    return Pairing(
        prediction=Flow(Source.AFFINE, (Step("softmax", axis=1, place=HEAD),), dims, "float32", "LegacyNet"),
        loss=LossUse("mse", {"reduction": Const("mean")}, place=LOSS, name="MSELoss"),
        target=Target(Flow(Source.LABELS, dims=dims), encodings, Basis.OBSERVED),
        observed=observed,
    )


OBSERVED = Observed(
    backwards=5000,
    samples=8960,
    encodings=frozenset({TargetEncoding.ONE_HOT}),
    target_sums=(1.0, 1.0),
    wrong=0.81,
    confidently_wrong=0.78,
    stuck=0.62,
    stuck_last=0.62,
    accuracy=0.19,
    prediction_range=(0.0, 1.0),
)


def demo() -> Result:
    """The case that started the project."""
    met = PairingResult(
        pairing=pairing(OBSERVED),
        where=f"{SCRIPT}:42",
        series=slow(),
        verdict=REFUTED,
        response=response(),
        scale=2 / CLASSES**2,
    )
    return Result(
        kind="run",
        program=f"{SCRIPT} --epochs 5",
        exit_code=0,
        objectives=(Objective(Place(SCRIPT, 42), (Term(Const(1.0), (met.pairing,)),)),),
        pairings=(met,),
        findings=(FINDING,),
        backwards=5000,
        sampled=140,
        steps=5000,
        versions={"python": "3.11.9", "torch": "2.13.0", "lossaudit": "0.1.0"},
    )


def fixed() -> Result:
    """The same program with the fix: nothing to find."""
    good = replace(
        pairing(replace(OBSERVED, accuracy=0.96, stuck=0.0, stuck_last=0.0, confidently_wrong=0.004, wrong=0.04)),
        prediction=Flow(Source.AFFINE, (), (Dim(64, AxisRole.BATCH), Dim(CLASSES, AxisRole.CLASS))),
        loss=LossUse("cross_entropy", place=LOSS, name="F.cross_entropy"),
    )
    reference = response().reference
    met = PairingResult(
        pairing=good,
        where=f"{SCRIPT}:42",
        series=fast(),
        verdict=PROVED,
        response=replace(response(), ratio=reference, at_uniform=1.0),
        scale=1.0,
    )
    return replace(demo(), program=f"{SCRIPT} --fixed", pairings=(met,), findings=(), objectives=())


UNRESOLVED = Unresolved(
    "a sum over 3 branches",
    "the custom function FocalTail hides its operations",
    Place("examples/tail.py", 12),
    ("FocalTail", "index_put"),
)


def clean() -> Result:
    """Nothing found, one thing not understood, one remark."""
    remark = replace(FINDING, rule="explicit-log-softmax", severity=Severity.INFO, message="cross-entropy by hand")
    return replace(fixed(), findings=(remark,), unresolved=(UNRESOLVED,))


HOSTILE = "<script>alert(1)</script> \"quoted\" 'too' ]]> & \u202eevil\u2066 \x1b[31m\x00 one\ntwo \ud800 " + "x" * 300


def hostile() -> Result:
    """The demo with a hostile text in every place where a program can put one."""
    place = Place(HOSTILE, 3, 1, scope=HOSTILE)
    finding = replace(
        FINDING,
        message=HOSTILE,
        why=HOSTILE,
        places=(place, place),
        evidence=(HOSTILE,),
        fix=Fix(HOSTILE, before=HOSTILE, after=HOSTILE),
    )
    met = demo().pairings[0]
    step = Step(HOSTILE, place=place)
    bad = replace(
        met,
        pairing=replace(
            met.pairing,
            prediction=replace(met.pairing.prediction, steps=(step,), network=HOSTILE),
            loss=replace(met.pairing.loss, name=HOSTILE, place=place),
        ),
        where=HOSTILE,
        verdict=replace(REFUTED, reason=HOSTILE, scope=replace(SCOPE, function=HOSTILE, targets=HOSTILE)),
    )
    return replace(
        demo(),
        program=HOSTILE,
        ended=f"raised ValueError: {HOSTILE}",
        exit_code=1,
        pairings=(bad, replace(bad, verdict=replace(PROVED, certificate=Certificate(HOSTILE, {}, (HOSTILE,))))),
        findings=(finding, replace(finding, severity=Severity.INFO)),
        unresolved=(Unresolved(HOSTILE, HOSTILE, place, (HOSTILE,)),),
        versions={HOSTILE: HOSTILE},
        notes=(HOSTILE,),
    )


def empty() -> Result:
    """A program without any backward pass."""
    return Result(kind="run", program="train.py")
