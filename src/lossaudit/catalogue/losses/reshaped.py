"""Cross-entropy with another shape: focused, smoothed, penalised."""

from __future__ import annotations

from lossaudit.catalogue.later import torch
from lossaudit.catalogue.losses.multiclass import clipped
from lossaudit.catalogue.rows import of_class
from lossaudit.catalogue.schema import Expects, Implementation, Loss, Option, View
from lossaudit.pairing import TargetEncoding


def focal(p: torch.Tensor, y: torch.Tensor, gamma: float = 2.0) -> torch.Tensor:
    """-(1 - p_y)^gamma log p_y."""
    true = of_class(p, y)
    return -((1 - true) ** gamma * true.log()).sum()


def categorical_focal(p: torch.Tensor, y: torch.Tensor, alpha: float = 0.25, gamma: float = 2.0) -> torch.Tensor:
    """-alpha sum_k y_k (1 - p_k)^gamma log p_k, where p is divided by its sum and clipped."""
    p = clipped(p)
    return -alpha * (y * (1 - p) ** gamma * p.log()).sum()


def poly1(z: torch.Tensor, y: torch.Tensor, epsilon: float = 1.0) -> torch.Tensor:
    """-sum_k y_k log p_k + epsilon (1 - sum_k y_k p_k), p = softmax(z)."""
    log_p = torch.log_softmax(z, -1)
    return (-(y * log_p).sum(-1) + epsilon * (1 - (y * log_p.exp()).sum(-1))).sum()


def _poly1_of_probabilities(p: torch.Tensor, y: torch.Tensor, epsilon: float = 1.0) -> torch.Tensor:
    """-log p_y + epsilon (1 - p_y)."""
    true = of_class(p, y)
    return (-true.log() + epsilon * (1 - true)).sum()


def label_smoothing(z: torch.Tensor, y: torch.Tensor, epsilon: float = 0.1) -> torch.Tensor:
    """Cross-entropy with (1 - epsilon) one-hot + epsilon / K."""
    return torch.nn.functional.cross_entropy(z, y, label_smoothing=epsilon, reduction="sum")


def confidence_penalty(p: torch.Tensor, y: torch.Tensor, beta: float = 0.1) -> torch.Tensor:
    """-log p_y - beta H(p)."""
    return -of_class(p, y).log().sum() + beta * (p * p.log()).sum()


def logit_penalty(z: torch.Tensor, y: torch.Tensor, beta: float = 1e-2) -> torch.Tensor:
    """Cross-entropy + beta |z|^2."""
    return torch.nn.functional.cross_entropy(z, y, reduction="sum") + beta * (z * z).sum()


def logit_normalisation(z: torch.Tensor, y: torch.Tensor, temperature: float = 1.0) -> torch.Tensor:
    """Cross-entropy of z / (temperature |z|)."""
    direction = z / (temperature * z.norm(dim=-1, keepdim=True))
    return torch.nn.functional.cross_entropy(direction, y, reduction="sum")


LOSSES = (
    Loss(
        name="focal",
        title="Focal loss",
        aliases=("focal_loss", "softmax_focal"),
        family="multiclass",
        tasks=("multiclass", "imbalance"),
        summary="cross-entropy that turns down the examples which are already right",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-(1 - p_y)^gamma log p_y",
        latex=r"-(1 - p_y)^\gamma \log p_y",
        callable="lossaudit.catalogue.losses.reshaped.focal",
        definition=focal,
        options=(Option("gamma", 2.0, "gamma >= 0", "how strongly easy examples are turned down; 0 is cross-entropy"),),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="(1 - p)^gamma - gamma p (1 - p)^(gamma - 1) log p times cross-entropy's, p that of the true class: "
        "0.029 of it at p = 0.9 with gamma = 2, all of it where confident and wrong, and up to 1.13 of its greatest "
        "in between.",
        optimises="Not q but something else in the same order, flatter where one class holds more than half: with "
        "gamma = 2 the best answer to q = 0.8 of two classes is 0.627. Over many classes that are all improbable it is "
        "a little sharper. q can be recovered from it.",
        when="For detection and other tasks where almost all examples are easy background.",
        when_not="For calibrated probabilities use cross_entropy, or undo the bias; against rare classes, which it "
        "does not look at, logit_adjusted or weighted_cross_entropy.",
        stable="log_p = log_softmax(z); take log_p and log_p.exp() at the true class: -(1 - p) ** gamma * log_p.",
        limits="Not convex in the logits for any gamma > 0: with gamma = 2 the curvature is negative where p_y < "
        "0.0578. With 0 < gamma < 1 its gradient in code is not a number where p_y rounds to 1.",
        implementations=(
            Implementation(
                "keras.losses.CategoricalFocalCrossentropy",
                "Times alpha = 0.25; it clips at 1e-7, also with from_logits=True: no gradient from a gap of 16.1.",
            ),
            Implementation(
                "torchvision.ops.sigmoid_focal_loss", "One sigmoid per class and alpha = 0.25: multi-label."
            ),
            Implementation("optax.losses.sigmoid_focal_loss", "One sigmoid per class: multi-label."),
            Implementation(
                "segmentation_models_pytorch.losses.FocalLoss",
                "With mode='multiclass' a sum over the classes of sigmoid focal losses, not of a softmax.",
            ),
        ),
        references=(
            "Lin, Goyal, Girshick, He, Dollar 2017, Focal loss for dense object detection, eq. 4 (without alpha)",
            "Charoenphakdee, Vongkulbhisal, Chairatanakul, Sugiyama 2021, On focal loss for class-posterior "
            "probability estimation",
        ),
    ),
    Loss(
        name="categorical_focal",
        title="Focal loss over classes, as Keras has it",
        aliases=("categorical_focal_crossentropy",),
        family="multiclass",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}),
        formula="-sum_k y_k alpha (1 - p_k)^gamma log(p_k), p divided by its sum, between 1e-7 and 1 - 1e-7",
        latex=r"-\alpha \sum_k y_k (1 - \tilde p_k)^\gamma \log \tilde p_k, \quad "
        r"\tilde p = \operatorname{clip}\Bigl(\frac{p}{\sum_j p_j},\, 10^{-7},\, 1 - 10^{-7}\Bigr)",
        callable="keras.losses.categorical_focal_crossentropy",
        definition=categorical_focal,
        options=(
            Option("alpha", 0.25, "alpha > 0, one or K numbers", "a factor, or the weights of the classes"),
            Option("gamma", 2.0, "gamma >= 0", "how strongly easy examples are turned down; 0 is cross-entropy"),
        ),
        gradient="alpha times that of focal, until the probability of the true class falls below 1e-7, at a gap of "
        "16.1: from there on the clip makes it exactly zero.",
        optimises="Not q but something else in the same order, as focal does: flatter where one class holds more than "
        "half.",
        when="In Keras, for tasks where almost all examples are easy.",
        when_not="For calibrated probabilities, or a model that starts confident: from_logits=True does not help "
        "here, since it takes the softmax and clips it all the same. Use cross_entropy with from_logits=True, or "
        "write focal with log_softmax.",
        stable="-(1 - p) ** gamma * log_p with log_p = keras.ops.log_softmax(z): Keras's own spelling always clips.",
        limits="alpha = 0.25 as one number only scales the loss, and so the learning rate, by four; as a list it "
        "weighs the classes. Bounded by 4.03 through the clip.",
        spellings=(),
        tasks=("multiclass", "imbalance"),
        references=(
            "Lin, Goyal, Girshick, He, Dollar 2017, Focal loss for dense object detection, eq. 5",
            "Keras documentation, keras.losses.CategoricalFocalCrossentropy",
        ),
        class_axis=True,
        summary="takes logits with from_logits=True",
    ),
    Loss(
        name="poly1",
        title="Poly-1 cross-entropy",
        aliases=("polyloss", "poly_loss", "poly1_cross_entropy"),
        family="multiclass",
        tasks=("multiclass",),
        summary="cross-entropy with another weight on the first term of its series in 1 - p",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.ONE_HOT, TargetEncoding.DISTRIBUTION}),
        class_axis=True,
        formula="-log p_y + epsilon (1 - p_y), p = softmax(z); for a distribution y, -sum_k y_k log p_k + epsilon (1 "
        "- y . p)",
        latex=r"-\log p_y + \varepsilon (1 - p_y)",
        callable="optax.losses.poly_loss_cross_entropy",
        definition=poly1,
        views=(
            View(
                variables="p",
                arguments=(((0.2, 0.5, 0.3),), (1,)),
                domain="unit",
                through=_poly1_of_probabilities,
            ),
        ),
        options=(Option("epsilon", 1.0, "epsilon >= -1", "weight added to 1 - p_y; 0 is cross-entropy"),),
        gradient="(1 + epsilon p_y)(p - y) for a class y: cross-entropy's where confident and wrong, 1 + epsilon times "
        "it where the model is nearly right.",
        optimises="Not q but, with epsilon > 0, something sharper in the same order, and with epsilon < 0 something "
        "flatter.",
        when="When tuning one more number on a large image classifier pays; epsilon = 2 was best on ImageNet.",
        when_not="For calibrated probabilities: cross_entropy.",
        stable="optax.losses.poly_loss_cross_entropy(z, one_hot, epsilon=...), which starts from the logits.",
        limits="Convex in the logits if and only if -1 <= epsilon <= 1: the recommended epsilon = 2 is not, where p_y "
        "< 1/4.",
        implementations=(
            Implementation("optax.losses.poly_loss_cross_entropy", "epsilon = 2 by default; never reduced."),
            Implementation("timm.loss.PolyCrossEntropy", "epsilon = 2 by default; takes indices or distributions."),
        ),
        references=("Leng et al. 2022, PolyLoss: a polynomial expansion perspective of classification losses, eq. 4",),
    ),
    Loss(
        name="label_smoothing",
        title="Cross-entropy with label smoothing",
        aliases=("smoothed_cross_entropy", "label_smoothing_cross_entropy"),
        family="multiclass",
        tasks=("multiclass", "calibration"),
        summary="cross-entropy against one-hot labels mixed with the uniform distribution",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-(1 - epsilon) log p_y - (epsilon / K) sum_k log p_k, p = softmax(z)",
        latex=r"-(1 - \varepsilon) \log p_y - \frac{\varepsilon}{K} \sum_k \log p_k",
        callable="lossaudit.catalogue.losses.reshaped.label_smoothing",
        definition=label_smoothing,
        options=(Option("epsilon", 0.1, "0 <= epsilon <= 1", "share of the target that goes to all classes alike"),),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="p - (1 - epsilon) y - epsilon / K: nearly as strong as cross-entropy's where confident and wrong, "
        "and pulling back where the gap exceeds ln((K (1 - epsilon) + epsilon) / epsilon), 4.5 for K = 10 and epsilon "
        "= 0.1.",
        optimises="(1 - epsilon) q + epsilon / K, which is flatter than q in the same order.",
        when="For over-confident classifiers with nearly clean labels; it keeps the logits bounded.",
        when_not="For teachers in distillation, whose small differences it wipes out, and for probabilities as they "
        "are: cross_entropy, with a temperature fitted afterwards.",
        stable="torch.nn.functional.cross_entropy(z, y, label_smoothing=0.1); optax.losses.smooth_labels on one-hot "
        "rows.",
        limits="Never reaches zero. With class weights torch weighs the smoothed target, so every weight enters each "
        "sample.",
        implementations=(
            Implementation("torch.nn.CrossEntropyLoss", "With label_smoothing=epsilon."),
            Implementation("optax.losses.smooth_labels", "Makes the targets; the loss is softmax_cross_entropy."),
            Implementation(
                "keras.losses.CategoricalCrossentropy", "With label_smoothing=epsilon, one-hot targets only."
            ),
            Implementation("timm.loss.LabelSmoothingCrossEntropy", "smoothing = 0.1; the mean over the samples."),
            Implementation("segmentation_models_pytorch.losses.SoftCrossEntropyLoss", "With smooth_factor=epsilon."),
        ),
        references=(
            "Szegedy, Vanhoucke, Ioffe, Shlens, Wojna 2016, Rethinking the Inception architecture, section 7",
            "Mueller, Kornblith, Hinton 2019, When does label smoothing help?",
        ),
    ),
    Loss(
        name="confidence_penalty",
        title="Cross-entropy with a confidence penalty",
        family="multiclass",
        tasks=("multiclass", "calibration"),
        summary="cross-entropy minus a multiple of the prediction's entropy",
        expects=Expects.PROBABILITIES,
        heads=("softmax",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-log p_y - beta H(p)",
        latex=r"-\log p_y - \beta H(p), \quad H(p) = -\sum_k p_k \log p_k",
        callable="lossaudit.catalogue.losses.reshaped.confidence_penalty",
        definition=confidence_penalty,
        options=(Option("beta", 0.1, "beta >= 0", "weight of the entropy"),),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="p - y + beta p (log p + H(p)), element by element: cross-entropy's where confident and wrong; the "
        "penalty itself fades at every vertex, so it hardly pulls back a model that is already sure.",
        optimises="Something flatter than q in the same order; a hard label has a finite best gap.",
        when="When outputs collapse to one class early, as in reinforcement learning or sequence models.",
        when_not="When convexity or q itself matters: label_smoothing is convex, cross_entropy elicits q.",
        stable="log_p = log_softmax(z); cross_entropy(z, y) + beta * (log_p.exp() * log_p).sum(-1).mean().",
        limits="Not convex in the logits: the entropy bends the other way far out. It may be slightly negative.",
        references=(
            "Pereyra, Tucker, Chorowski, Kaiser, Hinton 2017, Regularizing neural networks by penalizing confident "
            "output distributions, section 3",
        ),
    ),
    Loss(
        name="logit_penalty",
        title="Cross-entropy with a logit penalty",
        aliases=("logit_squeezing",),
        family="multiclass",
        tasks=("multiclass",),
        summary="cross-entropy plus a multiple of the squared length of the logits",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-log p_y + beta sum_k z_k^2, p = softmax(z)",
        latex=r"-\log p_y + \beta \|z\|^2",
        callable="lossaudit.catalogue.losses.reshaped.logit_penalty",
        definition=logit_penalty,
        options=(Option("beta", 0.01, "beta >= 0", "weight of the squared logits"),),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="p - y + 2 beta z: unlike cross-entropy's it grows with the logits, where the model is wrong and "
        "where it is right.",
        optimises="Something flatter than q in the same order.",
        when="To bound the logits and make the problem strongly convex in them, with one finite minimiser.",
        when_not="For probabilities as they are: cross_entropy, with weight decay for the weights.",
        stable="cross_entropy(z, y) + beta * z.square().sum(-1).mean(), on logits.",
        limits="Sees a common shift of all logits, which softmax does not. Its gradient is not bounded.",
        references=(
            "Kornblith, Chen, Lee, Norouzi 2021, Why do better loss functions lead to less transferable features?",
        ),
    ),
    Loss(
        name="logit_norm",
        title="Cross-entropy of normalised logits",
        aliases=("logitnorm", "logit_normalisation", "logit_normalization"),
        family="multiclass",
        tasks=("multiclass", "calibration"),
        summary="cross-entropy of the direction of the logits alone",
        expects=Expects.LOGITS,
        heads=("identity",),
        encodings=frozenset({TargetEncoding.CLASS_INDEX}),
        class_axis=True,
        formula="-log softmax(z / (temperature |z|))_y",
        latex=r"-\log \operatorname{softmax}\Bigl(\frac{z}{\tau \|z\|}\Bigr)_y",
        callable="lossaudit.catalogue.losses.reshaped.logit_normalisation",
        definition=logit_normalisation,
        options=(
            Option("temperature", 1.0, "temperature > 0", "how peaked the prediction can get; Wei et al. use 0.04"),
        ),
        encoding=TargetEncoding.CLASS_INDEX,
        gradient="Cross-entropy's at z / (temperature |z|), projected at right angles to z and divided by temperature "
        "|z|: it falls like 1 / |z| wherever the logits are long, wrong or right, and every step makes them longer.",
        optimises="Something that depends on the temperature, in the order of q; the length of z means nothing.",
        when="To detect inputs from elsewhere, or to stop training from buying confidence with long logits.",
        when_not="For probabilities: cross_entropy with a temperature fitted afterwards.",
        stable="cross_entropy(torch.nn.functional.normalize(z, dim=-1) / temperature, y), which guards |z| = 0.",
        limits="Not defined at z = 0 and steep around it; bounded above and below, so it never reaches zero.",
        references=(
            "Wei, Xie, Cheng, Feng, An, Li 2022, Mitigating neural network overconfidence with logit normalization",
            "Kornblith, Chen, Lee, Norouzi 2021, Why do better loss functions lead to less transferable features?",
        ),
    ),
)
