"""Losses of a difference that hardly feel outliers."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.numbers import HEADS, NUMBERS
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option
from lossaudit.pairing import TargetEncoding


def log_cosh(f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """log cosh(f - y)."""
    r = f - y
    log_sigmoid = torch.nn.functional.logsigmoid
    return (
        r - log_sigmoid(2 * r) + log_sigmoid(0 * r)
    ).sum()  # log sigmoid(0) is -log 2, and exactly so for the prover


def charbonnier(f: torch.Tensor, y: torch.Tensor, delta: float = 1.0) -> torch.Tensor:
    """delta^2 (sqrt(1 + (r/delta)^2) - 1).

    >>> import torch
    >>> charbonnier(torch.tensor([3.0]), torch.tensor([-1.0]), delta=3.0)  # 9 (5/3 - 1)
    tensor(6.0000)
    """
    return (delta**2 * (torch.sqrt(1 + ((f - y) / delta) ** 2) - 1)).sum()


def tukey(f: torch.Tensor, y: torch.Tensor, c: float = 4.685) -> torch.Tensor:
    """c^2 / 6 (1 - (1 - (r/c)^2)^3) for |r| <= c, then constant."""
    inside = torch.clamp(1 - ((f - y) / c) ** 2, min=0)
    return (c**2 / 6 * (1 - inside**3)).sum()


def cauchy(f: torch.Tensor, y: torch.Tensor, c: float = 1.0) -> torch.Tensor:
    """c^2 / 2 log(1 + (r/c)^2)."""
    return (c**2 / 2 * torch.log1p(((f - y) / c) ** 2)).sum()


def welsch(f: torch.Tensor, y: torch.Tensor, c: float = 1.0) -> torch.Tensor:
    """c^2 (1 - exp(-(r/c)^2 / 2))."""
    return (c**2 * (1 - torch.exp(-(((f - y) / c) ** 2) / 2))).sum()


def geman_mcclure(f: torch.Tensor, y: torch.Tensor, c: float = 1.0) -> torch.Tensor:
    """c^2 / 2 (r/c)^2 / (1 + (r/c)^2)."""
    square = ((f - y) / c) ** 2
    return (c**2 / 2 * (square / (1 + square))).sum()


LOSSES = (
    Loss(
        name="log_cosh",
        title="Log-cosh",
        aliases=("logcosh",),
        family="regression",
        tasks=("regression", "robust regression"),
        summary="half the squared error near 0, absolute error far out, and smooth everywhere",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="log(cosh(z - y))",
        latex=r"\log \cosh(z - y)",
        callable="optax.log_cosh",
        definition=log_cosh,
        gradient="It is tanh(z - y): the error itself while it is small, and never above 1.",
        optimises="a compromise between mean and median; the centre of a symmetric target",
        when="Huber's behaviour is wanted together with derivatives of all orders, as second-order methods and "
        "boosting need.",
        when_not="What counts as an outlier must be chosen: there is no threshold but the scale of the target; take "
        "huber or charbonnier.",
        stable="`optax.log_cosh(z, y)` or `keras.losses.log_cosh`; by hand `torch.logaddexp(r, -r) - math.log(2)`.",
        limits="Written as `torch.log(torch.cosh(r))` it is infinite from |r| = 89.42 on in float32. It turns linear "
        "about |r| = 1 in the target's unit: standardise.",
        implementations=(
            Implementation("optax.log_cosh", "left unreduced"),
            Implementation("keras.losses.log_cosh", "the mean over the last axis"),
        ),
        references=(
            "Green 1990, Bayesian reconstructions from emission tomography data using a modified EM algorithm",
        ),
    ),
    Loss(
        name="charbonnier",
        title="Charbonnier (pseudo-Huber)",
        aliases=("pseudo_huber", "l1_l2"),
        family="regression",
        tasks=("regression", "robust regression"),
        summary="a hyperbola: half the squared error near 0, delta times the absolute error far out",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="delta^2 (sqrt(1 + ((z - y) / delta)^2) - 1)",
        latex=r"\delta^2 \left( \sqrt{1 + \left( \frac{z - y}{\delta} \right)^2} - 1 \right)",
        callable="lossaudit.catalogue.losses.robust.charbonnier",
        definition=charbonnier,
        options=(Option("delta", 1.0, "delta > 0", "about where it turns linear, in the target's unit"),),
        gradient="It is r / sqrt(1 + (r/delta)^2) for r = z - y: the error while it is small, and always below delta.",
        optimises="the median as delta goes to 0, the mean as it grows, and a compromise between; the centre of a "
        "symmetric target",
        when="Image restoration and flow, with a small delta as a smooth absolute error; wherever huber should be "
        "smooth.",
        when_not="Outliers should have no influence at all: tukey or welsch.",
        stable="`delta * (torch.hypot(r, torch.full_like(r, delta)) - delta)`: no square overflows.",
        limits="For |r| far below delta the difference from 1 cancels: in float32 errors below delta / 2400 cost "
        "exactly 0, though their gradient is right.",
        implementations=(
            Implementation("kornia.losses.charbonnier_loss", "delta = 1, left unreduced by default"),
            Implementation("scipy.special.pseudo_huber", "of (delta, r): for arrays of NumPy, without a gradient"),
            Implementation("xgboost reg:pseudohubererror", "huber_slope is delta"),
        ),
        references=(
            "Charbonnier, Blanc-Feraud, Aubert and Barlaud 1994, Two deterministic half-quadratic regularization "
            "algorithms for computed imaging",
            "Barron 2019, A general and adaptive robust loss function, eq. 8",
        ),
    ),
    Loss(
        name="tukey",
        title="Tukey's biweight",
        aliases=("biweight", "bisquare", "tukey_biweight"),
        family="regression",
        tasks=("robust regression",),
        summary="like half the squared error near 0, constant from |r| = c on: what is out there has no say",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="c^2 / 6 (1 - (1 - (r/c)^2)^3) where |r| <= c, else c^2 / 6; r = z - y",
        latex=r"\begin{cases} \frac{c^2}{6} \left( 1 - \left( 1 - (r/c)^2 \right)^3 \right) & \lvert r \rvert \le c \\ "
        r"c^2 / 6 & \text{otherwise} \end{cases}",
        callable="lossaudit.catalogue.losses.robust.tukey",
        definition=tukey,
        options=(Option("c", 4.685, "c > 0", "from there on an error has no influence, in units of the noise"),),
        gradient="It is r (1 - (r/c)^2)^2 within c and exactly 0 beyond: a sample that is far off teaches nothing, "
        "also if it is the model that is wrong.",
        optimises="a robust centre: a mode of the target, smoothed at scale c",
        when="A share of the targets is plainly wrong and may be ignored, and a good start is at hand (a fit with "
        "huber).",
        when_not="Training starts from random weights: most errors may lie beyond c, where there is no gradient. Take "
        "huber, or shrink c as training goes on.",
        stable="Clamp before the power, as the definition does: `torch.clamp(1 - (r / c) ** 2, min=0)`. Divide the "
        "errors by a robust scale first (their median absolute value times 1.4826).",
        limits="Convex only up to |r| = c / sqrt(5), 2.095 for the default. c = 4.685 keeps 95 % of the efficiency of "
        "least squares under normal noise of scale 1.",
        implementations=(Implementation("statsmodels.robust.norms.TukeyBiweight", "for its linear models only"),),
        references=(
            "Beaton and Tukey 1974, The fitting of power series, meaning polynomials, illustrated on "
            "band-spectroscopic data",
        ),
    ),
    Loss(
        name="cauchy",
        title="Cauchy (Lorentzian)",
        aliases=("lorentzian",),
        family="regression",
        tasks=("robust regression",),
        summary="grows like a logarithm: the likelihood of noise with Cauchy's heavy tails",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="c^2 / 2 log(1 + (r/c)^2); r = z - y",
        latex=r"\frac{c^2}{2} \log\left( 1 + (r/c)^2 \right)",
        callable="lossaudit.catalogue.losses.robust.cauchy",
        definition=cauchy,
        options=(Option("c", 1.0, "c > 0", "the error at which the pull is strongest, in units of the noise"),),
        gradient="It is r / (1 + (r/c)^2): strongest at |r| = c, and falling like c^2 / r beyond, so that outliers "
        "keep a little influence.",
        optimises="the location of a Cauchy distribution; for other targets a robust centre",
        when="Some targets are grossly wrong, but none should be thrown away for good.",
        when_not="Convexity is needed: huber. The scale should be learned as well: student_t_nll.",
        stable="`torch.log1p((r / c) ** 2)`; not `torch.log(1 + ...)`, which loses small errors.",
        limits="Convex only for |r| <= c. c = 2.385 keeps 95 % of the efficiency of least squares under normal noise "
        "of scale 1.",
        implementations=(
            Implementation("kornia.losses.cauchy_loss", "log(1 + r^2 / 2): this one with c = sqrt(2)"),
            Implementation("scipy.optimize.least_squares", "loss='cauchy' with f_scale = c"),
        ),
        references=(
            "Black and Anandan 1996, The robust estimation of multiple motions",
            "Barron 2019, A general and adaptive robust loss function, eq. 8",
        ),
    ),
    Loss(
        name="welsch",
        title="Welsch (Leclerc)",
        aliases=("leclerc", "correntropy"),
        family="regression",
        tasks=("robust regression",),
        summary="an upturned bell: outliers cost a constant",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="c^2 (1 - exp(-(r/c)^2 / 2)); r = z - y",
        latex=r"c^2 \left( 1 - e^{-(r/c)^2 / 2} \right)",
        callable="lossaudit.catalogue.losses.robust.welsch",
        definition=welsch,
        options=(Option("c", 1.0, "c > 0", "the error at which the pull is strongest, in units of the noise"),),
        gradient="It is r exp(-(r/c)^2 / 2): strongest at |r| = c, and dying faster than any power beyond. In float32 "
        "it is exactly 0 from |r| = 15 c on.",
        optimises="a mode of the target, smoothed by a Gaussian of scale c",
        when="Outliers are many and may be ignored, smoothly, after a good start.",
        when_not="Training starts far from the targets: nothing pulls there. Take huber or cauchy.",
        stable="`-c**2 * torch.expm1(-(r / c) ** 2 / 2)` keeps small errors that `1 - torch.exp(...)` loses.",
        limits="Convex only for |r| <= c. c = 2.11 keeps 95 % of the efficiency of least squares under normal noise of "
        "scale 1. Many texts put c^2 / 2 (1 - exp(-(r/c)^2)): the same with c larger by sqrt(2).",
        implementations=(Implementation("kornia.losses.welsch_loss", "c = 1, left unreduced by default"),),
        references=(
            "Dennis and Welsch 1978, Techniques for nonlinear least squares and robust regression",
            "Barron 2019, A general and adaptive robust loss function, eq. 8",
        ),
    ),
    Loss(
        name="geman_mcclure",
        title="Geman-McClure",
        family="regression",
        tasks=("robust regression",),
        summary="a rational function that levels off: outliers cost c^2 / 2",
        expects=Expects.REAL,
        heads=HEADS,
        encodings=NUMBERS,
        encoding=TargetEncoding.REAL,
        formula="r^2 / 2 / (1 + (r/c)^2); r = z - y",
        latex=r"\frac{r^2 / 2}{1 + (r/c)^2}",
        callable="lossaudit.catalogue.losses.robust.geman_mcclure",
        definition=geman_mcclure,
        options=(Option("c", 1.0, "c > 0", "the error at which half of the largest loss is reached"),),
        gradient="It is r / (1 + (r/c)^2)^2: strongest at |r| = c / sqrt(3), and falling like c^4 / r^3 beyond.",
        optimises="a robust centre: a mode of the target, smoothed at scale c",
        when="Registration and other problems of vision with many wrong correspondences, with c lowered step by step.",
        when_not="Training starts far from the targets: the pull there is next to nothing. Take huber or cauchy.",
        stable="As written: nothing overflows before r^2 does.",
        limits="Convex only for |r| <= c / sqrt(3), 0.577 for the default.",
        implementations=(Implementation("kornia.losses.geman_mcclure_loss", "2 r^2 / (r^2 + 4): this one with c = 2"),),
        references=(
            "Geman and McClure 1985, Bayesian image analysis: an application to single photon emission tomography",
            "Barron 2019, A general and adaptive robust loss function, eq. 8",
        ),
    ),
)
