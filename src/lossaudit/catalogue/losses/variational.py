"""Losses of variational inference: divergences that are taken under the prediction."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding

_P, _Q = (0.2, 0.5, 0.3), (0.6, 0.1, 0.3)


def reverse_kl(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """sum_k p_k log(p_k / q_k): under the prediction, not under the target."""
    return (p * (p.log() - q.log())).sum()


def gaussian_kl(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """(mu^2 + exp(s) - s - 1) / 2 for s = log sigma^2."""
    return (mean**2 + log_variance.exp() - log_variance - 1).sum() / 2


def gaussian_kl_of_deviation(mean: torch.Tensor, deviation: torch.Tensor) -> torch.Tensor:
    """The same of mu and sigma."""
    return (mean**2 + deviation**2 - 2 * deviation.log() - 1).sum() / 2


def negative_elbo(
    logits: torch.Tensor, x: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor, beta: float = 1.0
) -> torch.Tensor:
    """Bernoulli reconstruction of x from one draw, and beta times the divergence to the prior."""
    reconstruction = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return reconstruction + beta * gaussian_kl(mean, log_variance)


LOSSES = (
    Loss(
        name="reverse_kl",
        title="Reverse Kullback-Leibler divergence",
        aliases=("exclusive_kl", "mode_seeking_kl"),
        family="variational",
        tasks=("distillation", "variational"),
        summary="the divergence with the sides exchanged: what the prediction says and the target does not is what "
        "costs",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.DISTRIBUTION}),
        class_axis=True,
        formula="sum_k p_k log(p_k / q_k), q the target",
        latex=r"\sum_k p_k \log \frac{p_k}{q_k}",
        callable="lossaudit.catalogue.losses.variational.reverse_kl",
        definition=reverse_kl,
        example=View(variables="the logits", arguments=(((0.2, -0.5, 0.9),), (_Q,)), wrong=(0, 1, 0)),
        views=(View(variables="p", arguments=((_P,), (_Q,)), domain="unit"),),
        gradient="p_k (log(p_k / q_k) - loss) at the logits: with p_k in front it dies where the prediction is "
        "confident, right or wrong.",
        optimises="q where every distribution can be reached; otherwise one of its modes, without the tails.",
        when="Distilling generative models, and variational posteriors: better to miss a mode than to invent one.",
        when_not="Where the target has zeros (the loss is infinite, so one-hot labels are out) or must be covered: "
        "use kl_div.",
        stable="log_softmax of both: (exp(log_p) * (log_p - log_q)).sum(-1); kl_div(log_q, log_p, log_target=True) is "
        "the same.",
        limits="Infinite where q_k = 0 < p_k. Non-convex in the logits, though convex in p.",
        implementations=(
            Implementation("torch.nn.functional.kl_div", "with the sides exchanged: the target's logs as the input"),
            Implementation("scipy.special.rel_entr", "the terms of the sum, rel_entr(p, q)"),
        ),
        references=(
            "Minka 2005, Divergence measures and message passing, section 2",
            "Gu et al. 2024, MiniLLM: knowledge distillation of large language models, section 2",
        ),
    ),
    Loss(
        name="gaussian_kl",
        title="Gaussian divergence to a standard normal prior",
        aliases=("kl_to_prior", "vae_kl"),
        family="variational",
        tasks=("variational",),
        summary="KL(N(mu, sigma^2), N(0, 1)), the regulariser of a variational autoencoder",
        expects=Expects.REAL,
        heads=("identity",),
        encodings=frozenset(),
        prediction="mean",
        target="",
        others=("log_variance",),
        formula="(mu^2 + exp(s) - s - 1) / 2 for each dimension, s = log(sigma^2)",
        latex=r"\tfrac12\left(\mu^2 + e^{s} - s - 1\right), \quad s = \log\sigma^2",
        callable="lossaudit.catalogue.losses.variational.gaussian_kl",
        definition=gaussian_kl,
        example=View(
            variables="mean and log-variance", arguments=((0.2, 0.5), (0.6, -0.1)), wrt=(0, 1), wrong=(1, 0, 0, 0)
        ),
        views=(
            View(
                variables="mean and standard deviation, both above 0",
                arguments=((0.2,), (0.6,)),
                wrt=(0, 1),
                domain="positive",
                through=gaussian_kl_of_deviation,
            ),
        ),
        gradient="mu for the mean and (exp(s) - 1) / 2 for the log-variance: large variances are pulled back "
        "exponentially, small ones never harder than 1/2.",
        optimises="The prior: mean 0 and variance 1.",
        when="Together with a reconstruction term (elbo), or as a penalty on stochastic layers.",
        when_not="For other priors or mixtures there is no such formula: estimate log q(z) - log p(z) on draws.",
        stable="From the log-variance, as it stands; -s, not -log(exp(s)).",
        limits="exp(s) overflows at s = 89 in float32. Summed over dimensions: a mean over them weakens it by their "
        "number.",
        implementations=(
            Implementation(
                "torch.distributions.kl_divergence", "of two Normal distributions, from standard deviations"
            ),
        ),
        references=("Kingma and Welling 2014, Auto-encoding variational Bayes, appendix B",),
    ),
    Loss(
        name="elbo",
        title="Negative evidence lower bound",
        aliases=("negative_elbo", "vae", "beta_vae"),
        family="variational",
        tasks=("variational",),
        summary="reconstruction under Bernoulli pixels plus the divergence of the posterior to the prior",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.BINARY}),
        others=("mean", "log_variance"),
        formula="sum_pixels [log(1 + exp(z)) - x z] + beta sum_dimensions (mu^2 + exp(s) - s - 1) / 2",
        latex=r"\sum_i \left[\log(1 + e^{z_i}) - x_i z_i\right] "
        r"+ \frac{\beta}{2} \sum_j \left(\mu_j^2 + e^{s_j} - s_j - 1\right)",
        callable="lossaudit.catalogue.losses.variational.negative_elbo",
        definition=negative_elbo,
        options=(Option("beta", 1.0, "beta >= 0", "weight of the divergence; the bound holds from 1 upwards"),),
        example=View(
            variables="the decoder's logits, and mean and log-variance of the encoder",
            arguments=((0.2, -0.5), (1.0, 0.0), (0.3,), (0.6,)),
            wrt=(0, 2, 3),
            wrong=(-1, 1, 0, 0),
        ),
        gradient="sigmoid(z) - x at the decoder's logits; beta mu and beta (exp(s) - 1) / 2 at the encoder, besides "
        "what comes back through the draw mu + exp(s / 2) noise.",
        optimises="An upper bound on minus the log-likelihood, tight where the encoder is the true posterior.",
        when="Variational autoencoders of binary or nearly binary data.",
        when_not="For real-valued pixels: the Bernoulli term is then no likelihood. Use gaussian_nll for the "
        "reconstruction.",
        stable="binary_cross_entropy_with_logits summed over pixels, and the divergence from the log-variance.",
        limits="Mean over pixels but sum over latent dimensions (or the other way round) is beta in disguise. With a "
        "strong decoder the divergence may be driven to 0 (posterior collapse). Convex in what is listed, not in the "
        "encoder's weights.",
        implementations=(Implementation("pyro.infer.Trace_ELBO", "estimated on draws, for any model and guide"),),
        references=(
            "Kingma and Welling 2014, Auto-encoding variational Bayes, eq. 10",
            "Higgins et al. 2017, beta-VAE, eq. 4",
        ),
    ),
)
