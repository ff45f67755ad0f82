"""Losses over exclusive classes."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.notation import function, module, node
from lossaudit.catalogue.rows import of_class
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding

_HIDDEN = ("identity", "relu", "gelu", "silu", "tanh", "layer_norm", "dropout")


def linear_cross_entropy(x: torch.Tensor, weight: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the logits z = x weight'."""
    return torch.nn.functional.cross_entropy(x @ weight.T, y, reduction="sum")


def adaptive_log_softmax(
    x: torch.Tensor, y: torch.Tensor, head: torch.Tensor, projection: torch.Tensor, rare: torch.Tensor
) -> torch.Tensor:
    """-log p_y of a softmax in two stages; the last row of `head` stands for all rare classes together."""
    cutoff = len(head) - 1
    first = torch.log_softmax(x @ head.T, -1)
    second = torch.log_softmax(x @ projection.T @ rare.T, -1)
    within = of_class(second, (y - cutoff).clamp(min=0))
    return -(of_class(first, y.clamp(max=cutoff)) + (y >= cutoff) * within).sum()


def categorical_cross_entropy(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """-sum_k y_k log p_k, where p is divided by its sum and clipped."""
    return -(y * clipped(p).log()).sum()


def sparse_categorical_cross_entropy(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """-log p_y, where p is divided by its sum and clipped."""
    return -of_class(clipped(p), y).log().sum()


def clipped(p: torch.Tensor) -> torch.Tensor:
    """As Keras treats probabilities before it takes their logarithm."""
    return (p / p.sum(-1, keepdim=True)).clamp(1e-7, 1 - 1e-7)


def sparsemax(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Threshold t plus half of sum_k max(0, z_k - t)^2, less z_y, plus 1/2; the prediction is max(0, z - t).

    That threshold is the largest (sum of the j largest z - 1) / j.
    """
    largest = z.sort(-1, descending=True).values.cumsum(-1)
    t = ((largest - 1) / torch.arange(1, z.shape[-1] + 1)).amax(-1, keepdim=True)
    conjugate = t[:, 0] + (torch.relu(z - t) ** 2).sum(-1) / 2
    return (conjugate - of_class(z, y) + 0.5).sum()


def _sparsemax_at(z: torch.Tensor, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The same with any threshold: sparsemax's own makes it least."""
    return (t + (torch.relu(z - t[:, None]) ** 2).sum(-1) / 2 - of_class(z, y) + 0.5).sum()


# Features, weights and class; features, classes, and the weights of the first stage, the projection, the rare classes.
_LINEAR = (((0.4, -0.7),), ((0.9, 0.2), (-0.3, 1.1), (0.5, -0.6)), (1,))
_ADAPTIVE = (
    ((0.4, -0.7), (1.3, 0.6)),
    (1, 3),
    ((0.9, 0.2), (-0.3, 1.1), (0.5, -0.6)),
    ((0.8, -0.4),),
    ((0.7,), (-0.5,)),
)

_KERAS_CLIP = (
    "At the logits p - y, until the probability of the true class falls below 1e-7, at a gap of 16.1: from there on "
    "the clip makes it exactly zero, so the worst mistakes are not corrected at all. With from_logits=True it stays p "
    "- y."
)
_KERAS_LIMITS = (
    "Bounded by 16.118 through the clip, and therefore not convex in the logits, which cross-entropy is; the same in "
    "the JAX and PyTorch backends of Keras 3.15. keras.config.set_epsilon moves the clip. In float16 the gradient is "
    "lost from a gap of 11.1 on, before the clip: 1 / p overflows."
)

LOSSES = (
    Loss(
        name="cross_entropy",
        title="Cross-entropy",
        aliases=("ce", "softmax_cross_entropy", "softmax_loss", "multinomial_logistic"),
        family="multiclass",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}),
        formula="log(sum_k exp(z_k)) - z_y; for a distribution y, sum_k y_k (log(sum_j exp(z_j)) - z_k)",
        latex=r"\log\sum_k e^{z_k} - z_y = -\log \operatorname{softmax}(z)_y",
        callable="torch.nn.functional.cross_entropy",
        options=(
            Option("weight", None, "K numbers >= 0", "what an error on each class costs"),
            Option("label_smoothing", 0.0, "0 <= label_smoothing <= 1", "share of the target that goes to all classes"),
            Option("ignore_index", -100, "an integer", "a target that is left out, also of the mean"),
        ),
        gradient="p - y at the logits: at most sqrt(2) long, near that where the model is confident and wrong, and "
        "fading like e^-t where it is confident and right. It never saturates on a mistake.",
        optimises="q, the true probabilities: it is strictly proper.",
        when="By default, whenever exactly one class holds.",
        when_not="Where many labels are wrong it fits them all, and gce or bounded losses resist longer; if several "
        "labels may hold, use bce_with_logits; if classes are ordered, ordinal_cross_entropy knows it.",
        stable="torch.nn.functional.cross_entropy(z, y) on logits, or log_softmax and nll_loss; in Keras "
        "from_logits=True; in optax softmax_cross_entropy_with_integer_labels. Never log(softmax(z)).",
        limits="No finite minimiser for a hard label: logits grow for ever on separable data. A target distribution "
        "that does not sum to 1 changes the gradient to (sum y) p - y.",
        spellings=function(
            "torch.nn.functional.cross_entropy",
            "input",
            "target",
            weight=None,
            size_average=None,
            ignore_index=-100,
            reduce=None,
            reduction="mean",
            label_smoothing=0.0,
        )
        + module(
            "CrossEntropyLoss",
            weight=None,
            size_average=None,
            ignore_index=-100,
            reduce=None,
            reduction="mean",
            label_smoothing=0.0,
        ),
        implementations=(
            Implementation(
                "torch.nn.CrossEntropyLoss",
                "With class weights and indices the mean divides by the sum of the weights, not by the number of "
                "samples; with target distributions by the number.",
            ),
            Implementation("optax.losses.softmax_cross_entropy", "Takes one-hot rows or distributions; never reduced."),
            Implementation("optax.losses.softmax_cross_entropy_with_integer_labels", "Never reduced."),
            Implementation("keras.losses.CategoricalCrossentropy", "Only with from_logits=True; otherwise it clips."),
            Implementation("sklearn.metrics.log_loss", "Takes probabilities, and clips them at the type's precision."),
            Implementation("timm.loss.SoftTargetCrossEntropy", "Takes distributions, as Mixup and CutMix make them."),
        ),
        tasks=("multiclass",),
        references=(
            "Bridle 1990, Training stochastic model recognition algorithms as networks; Bishop 2006, eq. 4.108",
        ),
        class_axis=True,
        summary="minus the log-probability that softmax gives to the true class; in the graph it is nll after "
        "log_softmax",
    ),
    Loss(
        name="nll",
        title="Negative log-likelihood",
        aliases=("nll_loss", "negative_log_likelihood"),
        family="multiclass",
        expects=Expects.LOG_PROBABILITIES,
        heads=("log_softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="-log(p_y), where the input is log(p)",
        latex=r"-\log p_y",
        callable="torch.nn.functional.nll_loss",
        options=(
            Option("weight", None, "K numbers >= 0", "what an error on each class costs"),
            Option("ignore_index", -100, "an integer", "a target that is left out, also of the mean"),
        ),
        gradient="-1 at the true class of its input and 0 elsewhere; behind log_softmax that becomes p - y at the "
        "logits, which does not fade where the model is confident and wrong.",
        optimises="q, the true probabilities, if the input is a normalised log-probability.",
        when="When the log-probabilities are needed anyway, or come from several logits or models.",
        when_not="Otherwise cross_entropy on the logits says the same in one call that cannot be misfed.",
        stable="log_softmax(z, dim=1), then nll_loss; never log(softmax(z)), which is -inf from a gap of 104 in "
        "float32.",
        limits="It takes no logarithm: on probabilities or logits it is unbounded below and training runs off to "
        "-infinity.",
        spellings=function(
            "torch.nn.functional.nll_loss",
            "input",
            "target",
            weight=None,
            size_average=None,
            ignore_index=-100,
            reduce=None,
            reduction="mean",
        )
        + module("NLLLoss", weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean")
        + module("NLLLoss2d")
        + node("NllLossBackward0 NllLoss2DBackward0", "input", "weight reduction ignore_index"),
        implementations=(
            Implementation("torch.nn.NLLLoss", "With class weights the mean divides by the sum of the weights."),
        ),
        tasks=("multiclass",),
        references=("Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.108",),
        class_axis=True,
        summary="the negated input at the target class: it does not take a logarithm itself",
    ),
    Loss(
        name="linear_cross_entropy",
        title="Cross-entropy of a linear layer",
        aliases=("fused_linear_cross_entropy",),
        family="multiclass",
        expects=Expects.EMBEDDINGS,
        heads=_HIDDEN,
        encodings=frozenset({TargetEncoding.CLASS_INDEX, TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}),
        formula="log(sum_k exp(z_k)) - z_y, where z = linear_weight input + linear_bias",
        latex=r"\log\sum_k e^{z_k} - z_y, \quad z = W x + b",
        callable="torch.nn.functional.linear_cross_entropy",
        definition=linear_cross_entropy,
        example=View(
            variables="the hidden features",
            arguments=_LINEAR,
            wrong=(1, -1),
        ),
        views=(
            View(variables="the weights of the layer", arguments=_LINEAR, wrt=(1,)),
            View(variables="the features and the weights together", arguments=_LINEAR, wrt=(0, 1)),
        ),
        gradient="p - y at the logits, which it need not store all at once: W'(p - y) at the features and (p - y) x' "
        "at the weights. It does not fade where the model is confident and wrong.",
        optimises="q, the true probabilities.",
        when="For language models with very many classes, where the logits would fill the memory.",
        when_not="With few classes cross_entropy is as good, and shows the logits.",
        stable="torch.nn.functional.linear_cross_entropy(x, weight, y, options=torch.nn.LinearCrossEntropyOptions()): "
        "it takes the maximum out of each row itself. Without options it makes all logits, and saves nothing.",
        limits="Convex in the features and in the weights, each with the other held fixed; not in both together. With "
        "options the gradient is computed in the forward pass: no second derivatives and no torch.func.grad.",
        spellings=function(
            "torch.nn.functional.linear_cross_entropy",
            "input",
            "linear_weight",
            "target",
            linear_bias=None,
            weight=None,
            reduction="mean",
            ignore_index=None,
            label_smoothing=0.0,
            options=None,
        )
        + module(
            "LinearCrossEntropyLoss",
            "in_features",
            "num_classes",
            out_features=(),
            bias=False,
            device=None,
            dtype=None,
            reduction="mean",
            weight=None,
            ignore_index=None,
            label_smoothing=0.0,
            options=None,
        ),
        tasks=("multiclass", "many classes"),
        references=("PyTorch documentation, torch.nn.functional.linear_cross_entropy",),
        others=("linear_weight", "linear_bias"),
        class_axis=True,
        summary="computes the logits itself, with options without keeping them all: its input is the last hidden layer",
    ),
    Loss(
        name="adaptive_log_softmax",
        title="Adaptive softmax",
        aliases=("adaptive_softmax",),
        family="multiclass",
        expects=Expects.EMBEDDINGS,
        heads=_HIDDEN,
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="-log(p_cluster(y)) - log(p_y within its cluster), each a softmax of its own linear layer",
        latex=r"-\log p(c(y) \mid x) - \log p(y \mid c(y), x)",
        callable="torch.nn.AdaptiveLogSoftmaxWithLoss",
        definition=adaptive_log_softmax,
        example=View(
            variables="the hidden features",
            arguments=_ADAPTIVE,
        ),
        views=(
            View(
                variables="the weights of the rare classes and of their projection together",
                arguments=_ADAPTIVE,
                wrt=(3, 4),
            ),
        ),
        options=(
            Option(
                "cutoffs", None, "increasing class indices", "where the frequent classes end and each cluster begins"
            ),
            Option("div_value", 4.0, "> 0", "by how much the projection of each further cluster is narrower"),
        ),
        gradient="A softmax minus a one-hot row in each stage that the target takes part in: the layers of the rare "
        "classes get none from a frequent target, and a mistake in the first stage does not fade.",
        optimises="q, the true probabilities, as far as the narrow layers of the rare classes can express them.",
        when="With tens of thousands of classes whose frequencies fall off like those of words.",
        when_not="With classes of equal frequency it saves nothing; linear_cross_entropy saves memory without "
        "approximating.",
        stable="torch.nn.AdaptiveLogSoftmaxWithLoss(in_features, n_classes, cutoffs): log-softmax in each stage.",
        limits="Classes must be numbered from the most frequent down. It returns a pair, output and loss.",
        spellings=module(
            "AdaptiveLogSoftmaxWithLoss",
            "in_features",
            "n_classes",
            "cutoffs",
            div_value=4.0,
            head_bias=False,
            device=None,
            dtype=None,
        ),
        tasks=("multiclass", "many classes"),
        references=("Grave, Joulin, Cisse, Grangier, Jegou 2017, Efficient softmax approximation for GPUs",),
        prediction="input_",
        target="target_",
        class_axis=True,
        summary="computes the logits itself, rare classes through smaller layers",
    ),
    Loss(
        name="categorical_cross_entropy",
        title="Cross-entropy on probabilities",
        aliases=("categorical_crossentropy",),
        family="multiclass",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}),
        formula="-sum_k y_k log(p_k / sum_j p_j), each p between 1e-7 and 1 - 1e-7",
        latex=r"-\sum_k y_k \log \operatorname{clip}\Bigl(\frac{p_k}{\sum_j p_j},\, 10^{-7},\, 1 - 10^{-7}\Bigr)",
        callable="keras.losses.categorical_crossentropy",
        definition=categorical_cross_entropy,
        gradient=_KERAS_CLIP,
        optimises="q, the true probabilities, as long as the clip is not met.",
        when="When a Keras model must end in a softmax layer and starts from small logits.",
        when_not="When anything may start confident (pre-trained models, large logits): keep the last layer linear and "
        "set from_logits=True, which is cross_entropy.",
        stable="keras.losses.CategoricalCrossentropy(from_logits=True) on the logits.",
        limits=_KERAS_LIMITS,
        spellings=(),
        implementations=(
            Implementation("keras.losses.CategoricalCrossentropy", "With from_logits=True nothing is clipped."),
            Implementation("sklearn.metrics.log_loss", "Clips at the precision of the type instead of 1e-7."),
        ),
        tasks=("multiclass",),
        references=(
            "Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.108",
            "Keras documentation, keras.losses.CategoricalCrossentropy",
        ),
        class_axis=True,
        summary="takes logits with from_logits=True; it divides by the sum itself",
    ),
    Loss(
        name="sparse_categorical_cross_entropy",
        title="Cross-entropy on probabilities, of class indices",
        aliases=("sparse_categorical_crossentropy",),
        family="multiclass",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="-log(p_y / sum_k p_k), that probability between 1e-7 and 1 - 1e-7",
        latex=r"-\log \operatorname{clip}\Bigl(\frac{p_y}{\sum_k p_k},\, 10^{-7},\, 1 - 10^{-7}\Bigr)",
        callable="keras.losses.sparse_categorical_crossentropy",
        definition=sparse_categorical_cross_entropy,
        gradient=_KERAS_CLIP,
        optimises="q, the true probabilities, as long as the clip is not met.",
        when="When a Keras model must end in a softmax layer, starts from small logits, and labels are class indices.",
        when_not="When anything may start confident: keep the last layer linear and set from_logits=True, which is "
        "cross_entropy.",
        stable="keras.losses.SparseCategoricalCrossentropy(from_logits=True) on the logits.",
        limits=_KERAS_LIMITS,
        spellings=(),
        implementations=(
            Implementation("keras.losses.SparseCategoricalCrossentropy", "With from_logits=True nothing is clipped."),
        ),
        tasks=("multiclass",),
        references=(
            "Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.108",
            "Keras documentation, keras.losses.SparseCategoricalCrossentropy",
        ),
        class_axis=True,
        summary="takes logits with from_logits=True; some backends of Keras divide p by its sum before",
    ),
    Loss(
        name="sparsemax",
        title="Sparsemax loss",
        aliases=("sparsemax_loss", "multiclass_sparsemax"),
        family="multiclass",
        expects=Expects.SCORES,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        formula="max over p in the simplex of (p . z - |p|^2 / 2) - z_y + 1/2",
        latex=r"\max_{p \in \Delta} \Bigl(p^\top z - \tfrac12 \|p\|^2\Bigr) - z_y + \tfrac12",
        callable="optax.losses.multiclass_sparsemax_loss",
        definition=sparsemax,
        views=(
            View(
                variables="the scores and the threshold together",
                arguments=(((0.7, -0.4, 1.9),), (0.3,), (0,)),
                wrt=(0, 1),
                through=_sparsemax_at,
            ),
        ),
        gradient="sparsemax(z) - y: up to sqrt(2) long where the model is confident and wrong, and exactly zero once "
        "the true score leads all others by 1.",
        optimises="q = sparsemax(z), the projection of the scores onto the simplex: it can give a class exactly 0.",
        when="When probabilities of exactly zero are wanted, as with very long lists of classes.",
        when_not="For the log-probabilities of all classes, some of which are -infinity here: use cross_entropy.",
        stable="optax.losses.multiclass_sparsemax_loss(z, y), or entmax.SparsemaxLoss()(z, y): no exponentials at all.",
        limits="Predict with sparsemax, not with softmax: the two disagree. A maximum of affine functions plus an "
        "affine one, so convex in the scores; the card proves it for scores and threshold together, whose least value "
        "over the threshold is again convex.",
        spellings=(),
        implementations=(
            Implementation("optax.losses.sparsemax_loss", "The loss of two classes, of one score; not this one."),
            Implementation("entmax.SparsemaxLoss", "Averages over the samples by default."),
            Implementation("entmax.sparsemax_loss", "Never reduced."),
        ),
        tasks=("multiclass", "many classes"),
        references=(
            "Martins and Astudillo 2016, From softmax to sparsemax, section 3.2",
            "Blondel, Martins, Niculae 2020, Learning with Fenchel-Young losses, section 4.4",
        ),
        class_axis=True,
        summary="the loss whose link is the Euclidean projection onto the simplex, as softmax is cross-entropy's",
    ),
)
