"""Losses between a predicted distribution, or its parameters, and a target."""

from __future__ import annotations

from lossaudit.catalogue.notation import REDUCTION, function, module
from lossaudit.catalogue.schema import Expects, Loss
from lossaudit.pairing import TargetEncoding

LOSSES = (
    Loss(
        name="kl_div",
        title="Kullback-Leibler divergence",
        family="distribution",
        expects=Expects.LOG_PROBABILITIES,
        heads=("log_softmax",),
        encodings=frozenset({TargetEncoding.DISTRIBUTION, TargetEncoding.ONE_HOT}),
        formula="sum_k y_k (log(y_k) - log(p_k)), where the input is log(p), and the target log(y) with log_target",
        callable="torch.nn.functional.kl_div",
        spellings=function("torch.nn.functional.kl_div", "input", "target", **REDUCTION, log_target=False)
        + module("KLDivLoss", **REDUCTION, log_target=False),
        tasks=("distillation", "multiclass"),
        references=("Kullback and Leibler 1951, On information and sufficiency, eq. 2.4",),
        class_axis=True,
        summary="reduction='mean' also divides by the number of classes; 'batchmean' does not",
    ),
    Loss(
        name="poisson_nll",
        aliases=("poisson",),
        encoding=TargetEncoding.COUNT,
        title="Poisson negative log-likelihood",
        family="distribution",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.COUNT, TargetEncoding.REAL}),
        formula="exp(z) - y z; without log_input, z - y log(z + eps)",
        callable="torch.nn.functional.poisson_nll_loss",
        spellings=function(
            "torch.nn.functional.poisson_nll_loss",
            "input",
            "target",
            log_input=True,
            full=False,
            size_average=None,
            eps=1e-8,
            reduce=None,
            reduction="mean",
        )
        + module(
            "PoissonNLLLoss",
            log_input=True,
            full=False,
            size_average=None,
            eps=1e-8,
            reduce=None,
            reduction="mean",
        ),
        tasks=("counts",),
        references=("McCullagh and Nelder 1989, Generalized Linear Models, chapter 6",),
        summary="takes the logarithm of the rate; the rate itself, which has to be positive, with log_input=False",
    ),
    Loss(
        name="gaussian_nll",
        title="Gaussian negative log-likelihood",
        family="distribution",
        expects=Expects.REAL,
        heads=("identity", "sigmoid", "tanh", "relu", "softplus"),
        encodings=frozenset({TargetEncoding.REAL, TargetEncoding.COUNT}),
        formula="(log(v) + (z - y)^2 / v) / 2, where v = max(var, eps)",
        callable="torch.nn.functional.gaussian_nll_loss",
        spellings=function(
            "torch.nn.functional.gaussian_nll_loss", "input", "target", "var", full=False, eps=1e-6, reduction="mean"
        )
        + module("GaussianNLLLoss", full=False, eps=1e-6, reduction="mean"),
        tasks=("regression", "uncertainty"),
        references=("Nix and Weigend 1994, Estimating the mean and variance of the target probability distribution",),
        others=("var",),
        summary="the gradient with respect to var ignores the bound eps",
    ),
    Loss(
        name="kl_divergence",
        title="Kullback-Leibler divergence of probabilities",
        family="distribution",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.DISTRIBUTION, TargetEncoding.ONE_HOT}),
        formula="sum_k y_k log(y_k / p_k), each between 1e-7 and 1",
        callable="keras.losses.kl_divergence",
        spellings=(),
        tasks=("distillation", "multiclass"),
        references=("Kullback and Leibler 1951, On information and sufficiency, eq. 2.4",),
        class_axis=True,
        summary="takes probabilities, unlike kl_div",
    ),
)
