"""A training step for each spelling of each loss: with the head that it is for, and with one that it is not for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent

from lossaudit import catalogue
from lossaudit.catalogue.schema import REQUIRED, Expects, Kind, Loss, Spelling
from lossaudit.pairing import TargetEncoding as T

N, K, STEPS = 6, 3, 8

RIGHT = {
    Expects.LOGITS: "identity",
    Expects.SCORES: "identity",
    Expects.REAL: "identity",
    Expects.EMBEDDINGS: "identity",
    Expects.LOG_PROBABILITIES: "log_softmax",
}
# A head that makes what the loss does not take. `""`: none would be wrong, whatever it is (embeddings may be anything).
WRONG = {
    Expects.LOG_PROBABILITIES: "softmax",
    Expects.PROBABILITIES: "identity",
    Expects.REAL: "softmax",
    Expects.SCORES: "softmax",
    Expects.EMBEDDINGS: "softmax",
    Expects.POSITIVE: "softmax",
}


@dataclass(frozen=True)
class Step:
    """A script, and what is to be read in it.

    Attributes:
        id: For the test.
        loss: The entry.
        spelling: How it is asked for.
        head: The operation before the loss; `"identity"` for none.
        right: Whether that is what the loss is for.
        text: The script.
    """

    id: str
    loss: Loss
    spelling: Spelling
    head: str
    right: bool
    text: str


def head_of(loss: Loss, *, right: bool) -> str:
    if right:
        if loss.expects in RIGHT:
            return RIGHT[loss.expects]
        return next(name for name in loss.heads if name in _HEADS)
    if loss.expects is Expects.LOGITS:
        return "softmax" if loss.class_axis else "sigmoid"
    return WRONG[loss.expects]


def steps() -> Iterator[Step]:
    for loss in catalogue.LOSSES.values():
        for framework, made in (("torch", _torch), ("keras", _keras), ("jax", _jax)):
            for spelling in catalogue.spelled(framework, loss.name):
                for right in (True, False):
                    head = head_of(loss, right=right)
                    text = made(loss, spelling, head)
                    if text is not None:
                        way = "right" if right else "wrong"
                        yield Step(f"{spelling.path}-{spelling.kind.value}-{way}", loss, spelling, head, right, text)


# Targets of N samples, by encoding; the first that a loss takes is given to it.
_TARGETS = {
    T.CLASS_INDEX: "torch.tensor([0, 1, 2, 0, 1, 2])",
    T.SIGNED: "torch.tensor([1.0, -1, 1, 1, -1, -1])",
    T.BINARY: "torch.tensor([[1.0, 0, 1], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 0]])",
    T.ONE_HOT: "torch.eye(3)[torch.tensor([0, 1, 2, 0, 1, 2])]",
    T.COUNT: "torch.tensor([[1.0], [0], [3], [2], [1], [5]])",
    T.REAL: "torch.tensor([[0.5], [1.5], [-2.0], [0.1], [3.0], [0.7]])",
}
_LABELS = "torch.tensor([[0, -1, -1], [1, 2, -1], [2, -1, -1], [0, 1, -1], [1, -1, -1], [0, 2, -1]])"
_HEADS = {
    "identity": "z",
    "softmax": "torch.softmax(z, dim=-1)",
    "log_softmax": "torch.log_softmax(z, dim=-1)",
    "sigmoid": "torch.sigmoid(z)",
    "pairwise_distance": "F.pairwise_distance(z, other(x))[:, None]",
}
# What else functions of PyTorch ask for.
_FURTHER = {
    "input2": "other(x)",
    "positive": "other(x)",
    "negative": "model(-x)",
    "var": "F.softplus(other(x))",
    "linear_weight": "last.weight",
    "input_lengths": f"torch.full(({N},), {STEPS})",
    "target_lengths": f"torch.full(({N},), 2)",
    "in_features": "8",
    "num_classes": f"{K}",
    "n_classes": "4",
    "cutoffs": "[2]",
}


def _encoding(loss: Loss, head: str) -> T:
    if loss.family == "regression" and head == "softmax":
        return T.ONE_HOT
    order = (T.REAL, *_TARGETS) if loss.family == "regression" else tuple(_TARGETS)
    return next((encoding for encoding in order if encoding in loss.encodings), T.REAL)


def _torch(loss: Loss, spelling: Spelling, head: str) -> str | None:
    if spelling.kind not in (Kind.FUNCTION, Kind.MODULE):
        return None
    encoding = _encoding(loss, head)
    outputs = 1 if encoding in (T.REAL, T.COUNT) and head != "softmax" else K
    outputs = 8 if loss.name in ("linear_cross_entropy", "adaptive_log_softmax") else outputs
    target = _LABELS if loss.name == "multilabel_margin" else _TARGETS[encoding]
    if loss.name in ("soft_margin", "margin_ranking", "hinge_embedding"):
        target += "[:, None]"
    if loss.name == "ctc":
        target = "torch.tensor([[1, 2]] * 6)"
    z = "model(x)" if loss.name != "ctc" else f"model(torch.randn({STEPS}, 6, 5))"
    sides = {loss.prediction: "p", loss.target: "y", **_FURTHER}
    if spelling.kind is Kind.FUNCTION:
        given = [f"{p.name}={sides[p.canonical]}" for p in spelling.params if p.default is REQUIRED]
        call = f"{spelling.path}({', '.join(given)})"
    else:
        made = [f"{p.name}={_FURTHER[p.canonical]}" for p in spelling.params if p.default is REQUIRED]
        of_function = _function_params(loss)
        call = f"{spelling.path}({', '.join(made)})({', '.join(sides[name] for name in of_function)})"
    if loss.name == "adaptive_log_softmax":
        call += ".loss"
    return dedent(
        f"""\
        import torch
        import torch.nn.functional as F

        torch.manual_seed(0)
        model, other = torch.nn.Linear(5, {outputs}), torch.nn.Linear(5, {outputs})
        last = torch.nn.Linear({outputs}, {K})
        x = torch.randn({N}, 5)
        y = {target}
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            z = {z}
            p = {_HEADS[head]}
            loss = {call}
            loss.backward()
            optimizer.step()
        """
    )


def _function_params(loss: Loss) -> list[str]:
    """What a module's call takes, in order."""
    asked = [s for s in catalogue.spelled("torch", loss.name) if s.kind is Kind.FUNCTION]
    skipped = {"linear_weight"}
    if not asked:
        return [loss.prediction, loss.target]
    return [p.canonical for p in asked[0].params if p.default is REQUIRED and p.canonical not in skipped]


def _keras(loss: Loss, spelling: Spelling, head: str) -> str | None:
    if spelling.path.startswith(("keras.ops.", "keras.backend.")):
        return None  # on tensors: they read like those of PyTorch
    if spelling.kind is Kind.STRING:
        written = repr(spelling.path)
    elif spelling.kind is Kind.MODULE:
        written = f"{spelling.path}()"
    else:
        written = spelling.path
    activation = {"identity": "", "log_softmax": ', activation="log_softmax"'}.get(head, f', activation="{head}"')
    outputs = K if loss.class_axis or head == "softmax" else 1
    return dedent(
        f"""\
        import keras

        model = keras.Sequential([keras.Input((5,)), keras.layers.Dense({outputs}{activation})])
        model.compile(optimizer="sgd", loss={written})
        """
    )


def _jax(loss: Loss, spelling: Spelling, head: str) -> str | None:
    if not spelling.path.startswith("optax.") or spelling.kind is not Kind.FUNCTION:
        return None
    heads = {
        "identity": "z",
        "softmax": "jax.nn.softmax(z)",
        "log_softmax": "jax.nn.log_softmax(z)",
        "sigmoid": "jax.nn.sigmoid(z)",
        "softplus": "jax.nn.softplus(z)",
    }
    sides = {loss.prediction: "p", loss.target: "y"}
    given = [
        f"{p.name}={sides.get(p.canonical, 'other')}"
        for p in spelling.params
        if p.name and (p.default is REQUIRED or p.canonical in sides)
    ]
    return dedent(
        f"""\
        import flax.linen as nn
        import jax
        import optax

        model = nn.Dense(3)
        optimizer = optax.sgd(0.1)

        def step(params, state, x, y, other):
            def loss_fn(params):
                z = model.apply(params, x)
                p = {heads[head]}
                return {spelling.path}({", ".join(given)}).mean()

            grads = jax.grad(loss_fn)(params)
            updates, state = optimizer.update(grads, state)
            return optax.apply_updates(params, updates), state
        """
    )
