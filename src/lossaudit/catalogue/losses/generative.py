"""Losses of two networks against each other: discriminators, critics and generators."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.schema import Expects, Implementation, Loss, View

_PAIR = ((0.3, -0.4), (0.7, -0.9))
_BOTH = View(
    variables="the outputs for real and for generated samples", arguments=_PAIR, wrt=(0, 1), wrong=(-1, -1, 1, 1)
)
_GENERATED = View(variables="the logits of generated samples", arguments=_PAIR[:1], wrong=(-1, -1))


def minimax_discriminator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """-log D(real) - log(1 - D(fake)), where D is the sigmoid of what is given."""
    return torch.nn.functional.softplus(-real).sum() + torch.nn.functional.softplus(fake).sum()


def saturating_generator(fake: torch.Tensor) -> torch.Tensor:
    """log(1 - D(fake))."""
    return torch.nn.functional.logsigmoid(-fake).sum()


def non_saturating_generator(fake: torch.Tensor) -> torch.Tensor:
    """-log D(fake)."""
    return -torch.nn.functional.logsigmoid(fake).sum()


def hinge_discriminator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """max(0, 1 - real) + max(0, 1 + fake)."""
    return (1 - real).relu().sum() + (1 + fake).relu().sum()


def wasserstein_critic(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """The critic's value on generated samples, less that on real ones."""
    return fake.sum() - real.sum()


LOSSES = (
    Loss(
        name="gan_minimax",
        title="GAN discriminator (minimax)",
        aliases=("gan_discriminator", "discriminator_loss"),
        family="generative",
        tasks=("generative",),
        summary="binary cross-entropy: real samples are 1, generated ones 0",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset(),
        prediction="real",
        target="",
        others=("fake",),
        formula="log(1 + exp(-z_real)) + log(1 + exp(z_fake)), which is -log D(real) - log(1 - D(fake)) for D = "
        "sigmoid(z)",
        latex=r"-\log D(x) - \log\left(1 - D(G(\xi))\right), \quad D = \sigma(z)",
        callable="lossaudit.catalogue.losses.generative.minimax_discriminator",
        definition=minimax_discriminator,
        example=_BOTH,
        gradient="D(real) - 1 on the logits of real samples and D(fake) on those of generated ones: like any logistic "
        "regression, strong where it is wrong.",
        optimises="D = p_data / (p_data + p_generated): the logit is the log-ratio of the two densities.",
        when="The discriminator of a classical GAN.",
        when_not="With supports that do not overlap it becomes perfect, and tells the generator little: add a "
        "gradient penalty, or use wasserstein_critic or gan_hinge.",
        stable="binary_cross_entropy_with_logits with ones and zeros, or softplus of the logits; not log(sigmoid(z)).",
        limits="Its value says nothing of the quality of samples: at the equilibrium it is 2 log 2 for a pair.",
        implementations=(
            Implementation("torch.nn.functional.binary_cross_entropy_with_logits", "called twice, with ones and zeros"),
            Implementation("keras.losses.BinaryCrossentropy", "with from_logits=True, called twice"),
            Implementation(
                "tensorflow_gan.losses.minimax_discriminator_loss", "smooths the real labels by 0.25 by default"
            ),
        ),
        references=("Goodfellow et al. 2014, Generative adversarial nets, eq. 1 and proposition 1",),
    ),
    Loss(
        name="gan_generator_saturating",
        title="GAN generator (minimax)",
        aliases=("minimax_generator",),
        family="generative",
        tasks=("generative",),
        summary="what the generator of the minimax game minimises; it gets no gradient while its samples are "
        "recognised",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset(),
        prediction="fake",
        target="",
        formula="-log(1 + exp(z_fake)), which is log(1 - D(fake)) for D = sigmoid(z)",
        latex=r"\log\left(1 - D(G(\xi))\right), \quad D = \sigma(z)",
        callable="lossaudit.catalogue.losses.generative.saturating_generator",
        definition=saturating_generator,
        example=_GENERATED,
        gradient="-D(fake) on each logit: it vanishes like e^z where the discriminator is sure of a fake, just when "
        "the generator has the most to learn.",
        optimises="In the game with the best discriminator, twice the Jensen-Shannon divergence of the two "
        "distributions, less 2 log 2.",
        when="For theory: it makes the game zero-sum.",
        when_not="For training take gan_generator_non_saturating, which has the same fixed point.",
        stable="-softplus(z) or logsigmoid(-z); not log(1 - sigmoid(z)).",
        limits="Concave in the logits and without a lower bound.",
        implementations=(Implementation("tensorflow_gan.losses.minimax_generator_loss", ""),),
        references=("Goodfellow et al. 2014, Generative adversarial nets, eq. 1 and section 3",),
    ),
    Loss(
        name="gan_generator_non_saturating",
        title="GAN generator (non-saturating)",
        aliases=("non_saturating_gan",),
        family="generative",
        tasks=("generative",),
        summary="the discriminator's cross-entropy with the labels turned round",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset(),
        prediction="fake",
        target="",
        formula="log(1 + exp(-z_fake)), which is -log D(fake) for D = sigmoid(z)",
        latex=r"-\log D(G(\xi)), \quad D = \sigma(z)",
        callable="lossaudit.catalogue.losses.generative.non_saturating_generator",
        definition=non_saturating_generator,
        example=_GENERATED,
        gradient="D(fake) - 1 on each logit: near -1 for samples that are recognised, near 0 for those that deceive.",
        optimises="With the best discriminator its gradient is that of KL(generated || data) - 2 JS: dropped modes "
        "cost little.",
        when="The generator of a classical GAN.",
        when_not="With a critic without a sigmoid: there the generator minimises minus the critic's value.",
        stable="binary_cross_entropy_with_logits with ones, or softplus(-z).",
        limits="The discriminator has to stay in the graph but must not be updated by this loss.",
        implementations=(
            Implementation("torch.nn.functional.binary_cross_entropy_with_logits", "with ones as targets"),
            Implementation("tensorflow_gan.losses.modified_generator_loss", ""),
        ),
        references=(
            "Goodfellow et al. 2014, Generative adversarial nets, section 3",
            "Arjovsky and Bottou 2017, Towards principled methods for training GANs, theorem 2.5",
        ),
    ),
    Loss(
        name="gan_hinge",
        title="GAN discriminator (hinge)",
        aliases=("hinge_gan",),
        family="generative",
        tasks=("generative",),
        summary="a hinge with margin 1 on either side; the generator minimises minus the output",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset(),
        prediction="real",
        target="",
        others=("fake",),
        formula="max(0, 1 - z_real) + max(0, 1 + z_fake)",
        latex=r"\max(0, 1 - f(x)) + \max(0, 1 + f(G(\xi)))",
        callable="lossaudit.catalogue.losses.generative.hinge_discriminator",
        definition=hinge_discriminator,
        example=_BOTH,
        gradient="-1 on real outputs below 1 and +1 on generated ones above -1, exactly 0 beyond: clear cases are "
        "left alone.",
        optimises="The sign of p_data - p_generated, at -1 or 1; no density ratio.",
        when="Large image GANs with spectral normalisation.",
        when_not="Where the output has to be a probability or a log-ratio: use gan_minimax.",
        stable="relu(1 - z) and relu(1 + z) on the raw output, without a sigmoid.",
        limits="Gives no gradient at all once every sample is beyond its margin.",
        implementations=(
            Implementation("sklearn.metrics.hinge_loss", "the same value as a mean, with labels 1 and -1; no gradient"),
            Implementation("tensorflow_gan.losses.wasserstein_hinge_discriminator_loss", ""),
        ),
        references=(
            "Lim and Ye 2017, Geometric GAN",
            "Miyato et al. 2018, Spectral normalization for generative adversarial networks, eq. 16",
        ),
    ),
    Loss(
        name="wasserstein_critic",
        title="Wasserstein critic",
        aliases=("wgan", "wgan_critic"),
        family="generative",
        tasks=("generative",),
        summary="difference of the critic's means; only a bound on its slope gives it a minimum",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset(),
        prediction="real",
        target="",
        others=("fake",),
        formula="z_fake - z_real",
        latex=r"f(G(\xi)) - f(x), \quad \lVert f \rVert_{\mathrm{Lip}} \le 1",
        callable="lossaudit.catalogue.losses.generative.wasserstein_critic",
        definition=wasserstein_critic,
        example=_BOTH,
        gradient="-1 on every real output and +1 on every generated one, always: it never saturates and never rests.",
        optimises="Among functions with slope at most 1, minus the Wasserstein-1 distance of the two distributions.",
        when="Where the value of the loss should follow the quality of samples.",
        when_not="Without a gradient penalty, spectral normalisation or clipping: the critic then only grows.",
        stable="fake.mean() - real.mean() plus the gradient penalty; no sigmoid on the critic.",
        limits="Affine, and unbounded below in the outputs. Batch normalisation in the critic does not go with a "
        "penalty per sample.",
        implementations=(
            Implementation(
                "tensorflow_gan.losses.wasserstein_discriminator_loss", "without any penalty, which is separate"
            ),
        ),
        references=(
            "Arjovsky, Chintala, Bottou 2017, Wasserstein GAN, eq. 2",
            "Gulrajani et al. 2017, Improved training of Wasserstein GANs, eq. 3",
        ),
    ),
)
