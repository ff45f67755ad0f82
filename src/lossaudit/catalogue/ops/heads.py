"""Heads: what turns logits into numbers with another meaning, and the activations of hidden layers."""

from __future__ import annotations

from lossaudit.catalogue.notation import both, function, module, node, unary
from lossaudit.catalogue.schema import Op, Role

OPS = (
    Op(
        "softmax",
        Role.HEAD,
        function("torch.nn.functional.softmax", "input", dim=None, _stacklevel=3, dtype=None)
        + both("softmax", "dim", dtype=None)
        + function("torch.special.softmax", "input", "dim", dtype=None)
        + module("Softmax", dim=None)
        + node("SoftmaxBackward0 SafeSoftmaxBackward0", saved="dim"),
        axis="dim",
        summary="exp(z_k) / sum_j exp(z_j): probabilities over exclusive classes",
    ),
    Op(
        "softmax2d",
        Role.HEAD,
        module("Softmax2d"),
        summary="softmax over the channels (axis -3) of an image",
    ),
    Op(
        "log_softmax",
        Role.HEAD,
        function("torch.nn.functional.log_softmax", "input", dim=None, _stacklevel=3, dtype=None)
        + both("log_softmax", "dim", dtype=None)
        + function("torch.special.log_softmax", "input", "dim", dtype=None)
        + module("LogSoftmax", dim=None)
        + node("LogSoftmaxBackward0", saved="dim"),
        axis="dim",
        summary="z_k - log(sum_j exp(z_j)): log-probabilities over exclusive classes",
    ),
    Op(
        "softmin",
        Role.HEAD,
        function("torch.nn.functional.softmin", "input", dim=None, _stacklevel=3, dtype=None)
        + module("Softmin", dim=None),
        axis="dim",
        summary="softmax of the negated input",
    ),
    Op(
        "gumbel_softmax",
        Role.HEAD,
        function("torch.nn.functional.gumbel_softmax", "logits:input", tau=1, hard=False, eps=1e-10, dim=-1),
        axis="dim",
        summary="softmax of (input + Gumbel noise) / tau: a relaxed sample",
    ),
    Op(
        "sigmoid",
        Role.HEAD,
        function("torch.nn.functional.sigmoid torch.special.expit", "input")
        + unary("sigmoid")
        + module("Sigmoid")
        + node("SigmoidBackward0"),
        summary="1 / (1 + exp(-z)): a probability for each value",
    ),
    Op(
        "logsigmoid",
        Role.HEAD,
        function("torch.nn.functional.logsigmoid", "input") + module("LogSigmoid") + node("LogSigmoidBackward0"),
        summary="-log(1 + exp(-z)): a log-probability for each value",
    ),
    Op(
        "hardsigmoid",
        Role.HEAD,
        function("torch.nn.functional.hardsigmoid", "input", inplace=False)
        + module("Hardsigmoid", inplace=False)
        + node("HardsigmoidBackward0"),
        summary="clamp(z / 6 + 1 / 2, 0, 1)",
    ),
    Op(
        "tanh",
        Role.HEAD,
        function("torch.nn.functional.tanh", "input") + unary("tanh") + module("Tanh") + node("TanhBackward0"),
    ),
    Op(
        "hardtanh",
        Role.HEAD,
        function("torch.nn.functional.hardtanh", "input", min_val=-1.0, max_val=1.0, inplace=False)
        + function("torch.nn.functional.hardtanh_", "input", min_val=-1.0, max_val=1.0)
        + module("Hardtanh", min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None)
        + node("HardtanhBackward0", saved="min_val max_val"),
        summary="clamp(z, min_val, max_val)",
    ),
    Op(
        "softsign",
        Role.HEAD,
        function("torch.nn.functional.softsign", "input") + module("Softsign"),
        summary="z / (1 + |z|)",
    ),
    Op(
        "tanhshrink",
        Role.HEAD,
        function("torch.nn.functional.tanhshrink", "input") + module("Tanhshrink"),
        summary="z - tanh(z)",
    ),
    Op(
        "softshrink",
        Role.HEAD,
        function("torch.nn.functional.softshrink", "input", lambd=0.5)
        + module("Softshrink", lambd=0.5)
        + node("SoftshrinkBackward0", saved="lambd"),
        summary="sign(z) max(|z| - lambd, 0)",
    ),
    Op(
        "hardshrink",
        Role.HEAD,
        function("torch.nn.functional.hardshrink", "input", lambd=0.5)
        + both("hardshrink", lambd=0.5)
        + module("Hardshrink", lambd=0.5)
        + node("HardshrinkBackward0", saved="lambd"),
        summary="z where |z| > lambd, else 0",
    ),
    Op(
        "threshold",
        Role.HEAD,
        function("torch.nn.functional.threshold", "input", "threshold", "value", inplace=False)
        + function("torch.nn.functional.threshold_ torch.threshold torch.threshold_", "input", "threshold", "value")
        + module("Threshold", "threshold", "value", inplace=False)
        + node("ThresholdBackward0", saved="threshold"),
        summary="z where z > threshold, else value",
    ),
    Op(
        "relu",
        Role.HEAD,
        function("torch.nn.functional.relu", "input", inplace=False)
        + function("torch.nn.functional.relu_", "input")
        + unary("relu")
        + module("ReLU", inplace=False)
        + node("ReluBackward0"),
        summary="max(z, 0)",
    ),
    Op(
        "relu6",
        Role.HEAD,
        function("torch.nn.functional.relu6", "input", inplace=False) + module("ReLU6", inplace=False),
        summary="clamp(z, 0, 6); the graph shows it as hardtanh",
    ),
    Op(
        "leaky_relu",
        Role.HEAD,
        function("torch.nn.functional.leaky_relu", "input", negative_slope=0.01, inplace=False)
        + function("torch.nn.functional.leaky_relu_", "input", negative_slope=0.01)
        + module("LeakyReLU", negative_slope=0.01, inplace=False)
        + node("LeakyReluBackward0 LeakyReluBackward1", saved="negative_slope"),
        summary="max(z, 0) + negative_slope min(z, 0)",
    ),
    Op(
        "prelu",
        Role.HEAD,
        function("torch.nn.functional.prelu", "input", "weight")
        + both("prelu", "weight")
        + module("PReLU", num_parameters=1, init=0.25, device=None, dtype=None)
        + node("PreluKernelBackward0", "input weight"),
        summary="leaky_relu with a learned slope `weight`",
    ),
    Op(
        "rrelu",
        Role.HEAD,
        function(
            "torch.nn.functional.rrelu", "input", lower=0.125, upper=0.3333333333333333, training=False, inplace=False
        )
        + function(
            "torch.nn.functional.rrelu_ torch.rrelu torch.rrelu_",
            "input",
            lower=0.125,
            upper=0.3333333333333333,
            training=False,
        )
        + module("RReLU", lower=0.125, upper=0.3333333333333333, inplace=False)
        + node("RreluWithNoiseBackward0 RreluWithNoiseBackward1", saved="lower upper training"),
        summary="leaky_relu with a random slope while training",
    ),
    Op(
        "elu",
        Role.HEAD,
        function("torch.nn.functional.elu", "input", alpha=1.0, inplace=False)
        + function("torch.nn.functional.elu_", "input", alpha=1.0)
        + module("ELU", alpha=1.0, inplace=False)
        + node("EluBackward0 EluBackward1", saved="alpha scale input_scale"),
        summary="z where z > 0, else alpha (exp(z) - 1); the graph shows selu as elu with scale and input_scale",
    ),
    Op(
        "celu",
        Role.HEAD,
        function("torch.nn.functional.celu", "input", alpha=1.0, inplace=False)
        + function("torch.nn.functional.celu_ torch.celu torch.celu_", "input", alpha=1.0)
        + module("CELU", alpha=1.0, inplace=False)
        + node("CeluBackward0 CeluBackward1", saved="alpha"),
        summary="z where z > 0, else alpha (exp(z / alpha) - 1)",
    ),
    Op(
        "selu",
        Role.HEAD,
        function("torch.nn.functional.selu", "input", inplace=False)
        + function("torch.nn.functional.selu_ torch.selu torch.selu_", "input")
        + module("SELU", inplace=False),
        summary="elu with fixed scales, 1.0507 and alpha 1.6733",
    ),
    Op(
        "gelu",
        Role.HEAD,
        function("torch.nn.functional.gelu", "input", approximate="none")
        + module("GELU", approximate="none")
        + node("GeluBackward0", saved="approximate"),
        summary="z times the normal distribution function of z",
    ),
    Op(
        "silu",
        Role.HEAD,
        function("torch.nn.functional.silu", "input", inplace=False)
        + module("SiLU", inplace=False)
        + node("SiluBackward0"),
        summary="z sigmoid(z)",
    ),
    Op(
        "mish",
        Role.HEAD,
        function("torch.nn.functional.mish", "input", inplace=False)
        + module("Mish", inplace=False)
        + node("MishBackward0"),
        summary="z tanh(softplus(z))",
    ),
    Op(
        "hardswish",
        Role.HEAD,
        function("torch.nn.functional.hardswish", "input", inplace=False)
        + module("Hardswish", inplace=False)
        + node("HardswishBackward0"),
        summary="z hardsigmoid(z)",
    ),
    Op(
        "glu",
        Role.HEAD,
        function("torch.nn.functional.glu", "input", dim=-1)
        + module("GLU", dim=-1)
        + node("GluBackward0", saved="dim"),
        axis="dim",
        summary="first half times the sigmoid of the second half",
    ),
    Op(
        "softplus",
        Role.HEAD,
        function("torch.nn.functional.softplus", "input", beta=1, threshold=20)
        + module("Softplus", beta=1.0, threshold=20.0)
        + node("SoftplusBackward0", saved="beta threshold"),
        summary="log(1 + exp(beta z)) / beta, and z itself where beta z > threshold",
    ),
    Op(
        "normalize",
        Role.HEAD,
        function("torch.nn.functional.normalize", "input", p=2.0, dim=1, eps=1e-12, out=None),
        axis="dim",
        summary="z / max(norm of z along dim, eps)",
    ),
)
