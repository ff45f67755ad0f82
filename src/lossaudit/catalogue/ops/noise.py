"""Noise: dropout and random numbers."""

from __future__ import annotations

from lossaudit.catalogue.notation import both, function, method, module, node
from lossaudit.catalogue.schema import Op, Param, Role

OPS = (
    Op(
        "dropout",
        Role.NOISE,
        function("torch.nn.functional.dropout", "input", p=0.5, training=True, inplace=False)
        + function("torch.dropout torch.dropout_", "input", "p", "train:training")
        + module("Dropout", p=0.5, inplace=False)
        + node("NativeDropoutBackward0 FusedDropoutBackward0", saved="p"),
        summary="on the CPU the graph shows it as mul",
    ),
    *(
        Op(
            f"dropout{rank}d",
            Role.NOISE,
            function(f"torch.nn.functional.dropout{rank}d", "input", p=0.5, training=True, inplace=False)
            + module(f"Dropout{rank}d", p=0.5, inplace=False),
        )
        for rank in (1, 2, 3)
    ),
    Op(
        "feature_dropout",
        Role.NOISE,
        function("torch.feature_dropout torch.feature_dropout_", "input", "p", "train:training"),
    ),
    Op(
        "alpha_dropout",
        Role.NOISE,
        function("torch.nn.functional.alpha_dropout", "input", p=0.5, training=False, inplace=False)
        + function("torch.alpha_dropout torch.alpha_dropout_", "input", "p", "train:training")
        + module("AlphaDropout", p=0.5, inplace=False),
    ),
    Op(
        "feature_alpha_dropout",
        Role.NOISE,
        function("torch.nn.functional.feature_alpha_dropout", "input", p=0.5, training=False, inplace=False)
        + function("torch.feature_alpha_dropout torch.feature_alpha_dropout_", "input", "p", "train:training")
        + module("FeatureAlphaDropout", p=0.5, inplace=False),
    ),
    Op(
        "bernoulli", Role.NOISE, both("bernoulli", p=None, generator=None) + method("bernoulli_", p=0.5, generator=None)
    ),
    Op("multinomial", Role.NOISE, both("multinomial", "num_samples", replacement=False, generator=None)),
    Op("poisson", Role.NOISE, function("torch.poisson", "input", generator=None)),
    Op(
        "normal",
        Role.NOISE,
        function("torch.normal", "mean:input", std=1.0) + method("normal_", mean=0, std=1, generator=None),
    ),
    Op("rand", Role.NOISE, function("torch.rand", "*size")),
    Op("randn", Role.NOISE, function("torch.randn", "*size")),
    Op("randint", Role.NOISE, function("torch.randint", "*args")),
    Op("randperm", Role.NOISE, function("torch.randperm", "n")),
    Op("rand_like", Role.NOISE, function("torch.rand_like", "input", dtype=None, device=None)),
    Op("randn_like", Role.NOISE, function("torch.randn_like", "input", dtype=None, device=None)),
    Op("randint_like", Role.NOISE, function("torch.randint_like", "input", "*bounds", dtype=None, device=None)),
    Op("uniform_", Role.NOISE, method("uniform_", Param("from", 0, "low"), Param("to", 1, "high"), generator=None)),
)
