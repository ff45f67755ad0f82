"""Fifteen interview questions about loss functions, each with a checked answer and one number from a derived card."""

from __future__ import annotations

from dataclasses import dataclass

from lossaudit.card import Ground
from lossaudit.cards import shipped


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the shipped cards.

    Attributes:
        words: What it is.
        loss: Whose card.
        entry: Which entry of it.
    """

    words: str
    loss: str
    entry: str

    @property
    def value(self) -> str:
        """As the prover derived it.

        >>> Figure("", "cross_entropy", "smoothness").value
        '0.5'
        """
        return self._known()[0]

    @property
    def ground(self) -> Ground:
        """How it is known."""
        return self._known()[1]

    def _known(self) -> tuple[str, Ground]:
        card = shipped(self.loss)
        assert card is not None, self.loss
        entry = card.entries[self.entry]
        return entry.value, entry.ground


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its answer.

    Attributes:
        number: From 1.
        difficulty: `"easy"`, `"medium"` or `"hard"`.
        asked: The question.
        answer: What a good candidate says, in a few sentences.
        gradient: The answer's tie to the gradient.
        optimises: What is optimised.
        figure: One number of the engine's.
        see: What `lossaudit explain` has on it.
    """

    number: int
    difficulty: str
    asked: str
    answer: str
    gradient: str
    optimises: str
    figure: Figure
    see: str


_QUESTIONS = (
    Question(
        1,
        "easy",
        "What is a loss function?",
        "A number that says how bad one prediction is for one target. Training minimises its mean over the data "
        "(the empirical risk) by following its gradient; the metric that is reported may be another one. Not all "
        "objectives split over samples: ranking, contrastive and Dice losses do not.",
        "What a sample teaches is the loss's gradient at its raw outputs; the weights only see that, multiplied "
        "by the features.",
        "the mean loss on the training data, in place of the expected loss on new data",
        Figure(
            "the most that one sample can pull at its logits, with cross-entropy (length of the gradient)",
            "cross_entropy",
            "Lipschitz",
        ),
        "empirical-risk",
    ),
    Question(
        2,
        "easy",
        "What is the mean squared error, and when is it right?",
        "The mean of the squared differences between prediction and target. It is the negative log-likelihood of "
        "Gaussian noise of constant variance, and it is convex in the prediction. It suits numbers whose mean is "
        "wanted; one outlier counts with its square.",
        "It is twice the residual: it grows without bound, so large errors dominate.",
        "the mean of the target given the input",
        Figure("how strongly it is convex in the prediction", "mse", "strongly convex"),
        "mse",
    ),
    Question(
        3,
        "easy",
        "What is binary cross-entropy?",
        "-y log p - (1 - y) log(1 - p): the negative log-likelihood of a Bernoulli variable with p = sigmoid(z). "
        "Compute it from the logit, where log and exponential cancel; from a clipped probability it loses its "
        "gradient far out.",
        "p - y in the logit: 1 at most, and near 1 when confident and wrong.",
        "the true probability of a yes",
        Figure("its largest curvature in the logit", "bce_with_logits", "smoothness"),
        "bce_with_logits",
    ),
    Question(
        4,
        "easy",
        "What is cross-entropy over several classes?",
        "-log of the probability that the model gives to the true class; for a target distribution, the mean of "
        "that under it. It is the entropy of the target plus the divergence of the prediction from it, so that "
        "for hard labels cross-entropy and KL divergence are the same.",
        "softmax(z) - y in the logits: it pushes the true logit up and every other down, in proportion to its "
        "probability.",
        "the true class probabilities",
        Figure("its gradient when confident and wrong", "cross_entropy", "gradient when wrong"),
        "softmax-with-cross-entropy",
    ),
    Question(
        5,
        "medium",
        "Why softmax with cross-entropy, and not softmax with the squared error?",
        "Both are least at the true probabilities; they differ in how they get there. Cross-entropy undoes the "
        "exponential: it is convex in the logits. The squared error of probabilities is bounded, hence not "
        "convex, and softmax's flat ends are left in its gradient. From an ordinary start the difference is "
        "small; from a very confidently wrong one it may not recover; with many wrong labels it is the better one.",
        "p - y against 2 (diag(p) - p p')(p - y): the second dies like exp(-t) on a mistake of gap t, and starts "
        "2/K times as large.",
        "the true probabilities, in both cases",
        Figure(
            "the squared error's gradient on softmax when confident and wrong, three classes",
            "brier",
            "gradient when wrong",
        ),
        "mse-on-softmax",
    ),
    Question(
        6,
        "medium",
        "What is the hinge loss?",
        "max(0, 1 - y z) for labels -1 and +1: the loss of the support vector machine. It is convex, stops at a "
        "margin of 1, and makes the right decisions in the limit, but its scores are no probabilities.",
        "-y until the margin is reached, then 0: satisfied samples stop teaching.",
        "the likelier class, and not how likely it is",
        Figure("its gradient when confident and wrong", "hinge", "gradient when wrong"),
        "hinge",
    ),
    Question(
        7,
        "medium",
        "Huber or squared error?",
        "Huber is the squared error near zero and the absolute error beyond delta. Use it when some targets are "
        "far off and should not decide. It is differentiable everywhere, at the joins too (only the second "
        "derivative jumps); delta is in the units of the target, so scale first.",
        "The residual, cut at delta: an outlier pulls with delta and no more, where the squared error's pull has "
        "no limit.",
        "a compromise between mean and median, which delta sets",
        Figure("the most that one sample can pull, delta = 1", "huber", "Lipschitz"),
        "huber",
    ),
    Question(
        8,
        "easy",
        "What is L2 regularisation, and is it weight decay?",
        "A price of lambda |w|^2 on the weights. For plain SGD it is the same as shrinking the weights by a "
        "factor each step; for adaptive methods it is not, since they rescale its gradient: that is why AdamW "
        "exists, and why Adam's weight_decay is L2. It often helps new data, it does not always.",
        "2 lambda w, whatever the data say: every step pulls every weight towards zero.",
        "the data's loss plus a price for size: one minimiser at a finite distance, where the model is linear",
        Figure("how strongly the term is convex in the weights, lambda = 0.01", "l2_penalty", "strongly convex"),
        "regularisation",
    ),
    Question(
        9,
        "medium",
        "Why not train on accuracy?",
        "It is constant in the logits except where a decision changes, and there it jumps. Gradient descent has "
        "nothing to follow. One minimises a surrogate with a slope that makes the same decisions in the limit (a "
        "calibrated one), and reports accuracy.",
        "Zero wherever it exists.",
        "the share of right answers, which no gradient leads to",
        Figure("the zero-one loss's gradient when confident and wrong", "zero_one", "gradient when wrong"),
        "why-not-accuracy",
    ),
    Question(
        10,
        "hard",
        "What is focal loss, and what does it cost?",
        "-(1 - p_y)^gamma log p_y: cross-entropy with easy samples turned down, made for detection with very many"
        " easy negatives. It acts on easiness, not on rarity. It costs convexity (it curves downwards far on the "
        "wrong side) and properness: its probabilities are too timid where one class holds most, though they can "
        "be mapped back.",
        "At p_y = 0.9 and gamma = 2 it is 3 % of cross-entropy's, at p_y = 0.05 it is 119 %; it does not vanish "
        "on mistakes.",
        "the right decisions, and a distorted version of the probabilities, flatter where one class holds most",
        Figure("the largest gradient of a sample, gamma = 2 (cross-entropy: 1.414)", "focal", "Lipschitz"),
        "focal",
    ),
    Question(
        11,
        "medium",
        "What do you do about imbalanced classes?",
        "First look at the metric, the threshold and whether the rare class is in the batches. Then plain "
        "cross-entropy with a threshold from validation data; then class weights, logit adjustment or resampling."
        " Weights change what the outputs mean; a metric is no remedy by itself.",
        "A weight multiplies the gradient of the rare class's samples, its wrong labels included.",
        "with weights w, probabilities proportional to w q",
        Figure("what the weighted loss elicits", "weighted_cross_entropy", "elicits"),
        "imbalance",
    ),
    Question(
        12,
        "medium",
        "What does label smoothing do?",
        "It trains towards (1 - e) of the label and e spread over all classes. There is then a best finite gap "
        "between the logits, so confidence stops growing; it regularises, often calibrates, and makes worse "
        "teachers for distillation.",
        "p - ((1 - e) y + e/K): zero at a finite gap (4.5 for K = 10, e = 0.1), and with the opposite sign beyond.",
        "(1 - e) q + e/K",
        Figure(
            "its gradient when confident and wrong, three classes, e = 0.1", "label_smoothing", "gradient when wrong"
        ),
        "label-smoothing",
    ),
    Question(
        13,
        "hard",
        "Where is the KL divergence used as a loss?",
        "Where the target is a distribution: distillation (soft targets of a teacher at temperature T, scaled by "
        "T^2), variational models (distance to a prior), policies. It is not symmetric: KL(target, model) covers "
        "all of the target, KL(model, target) picks a part of it. PyTorch's kl_div takes log-probabilities first,"
        " and divides by the classes with reduction='mean'.",
        "With soft targets q at temperature T, times T^2: T (p_T - q_T), so that its size does not fall as T grows.",
        "the target distribution: its least value is 0, where the two are equal",
        Figure("its least value for hard targets", "kl_div", "infimum"),
        "kl_div",
    ),
    Question(
        14,
        "easy",
        "Which loss for several labels at once?",
        "One sigmoid for each label, and binary cross-entropy on the logits. Softmax makes the labels compete for"
        " a sum of one. Mind the average over labels: with hundreds of labels, nearly all negative, it makes each"
        " positive's gradient small.",
        "p_k - y_k for each label on its own; no label takes anything from another.",
        "each label's own probability",
        Figure("the most that one label can pull at its logit", "bce_with_logits", "Lipschitz"),
        "choosing",
    ),
    Question(
        15,
        "medium",
        "How do you pick a loss for a new task?",
        "Target first: it fixes head and encoding. Then what the output is for (probabilities want a proper "
        "loss). Then what is wrong with the data (outliers, wrong labels, rare classes), each remedy with its "
        "price. Then where training starts. Keep the metric apart.",
        "Ask for the gradient on a confident mistake: constant, growing or vanishing. That is how outliers, wrong"
        " labels and bad starts are treated.",
        "decide by what the loss elicits: a mean, a median, a probability, an order",
        Figure("cross-entropy: proper?", "cross_entropy", "proper"),
        "choosing",
    ),
)


def questions() -> tuple[Question, ...]:
    """All of them, in the order of an interview."""
    return _QUESTIONS


def as_text(*, quiz: bool = False) -> str:
    """The questions as Markdown; `quiz` hides what answers them."""
    return "\n\n".join(_shown(question, quiz) for question in _QUESTIONS) + "\n"


def _shown(question: Question, quiz: bool) -> str:
    head = f"## {question.number}. {question.asked} ({question.difficulty})"
    if quiz:
        return head
    figure = question.figure
    source = f"{figure.ground.value}; `lossaudit explain {figure.loss}`"
    return "\n\n".join(
        (
            head,
            question.answer,
            f"**Gradient:** {question.gradient}",
            f"**What it optimises:** {question.optimises}.",
            f"**One number:** {figure.words}: {figure.value} ({source})",
            f"More: `lossaudit explain {question.see}`",
        )
    )
