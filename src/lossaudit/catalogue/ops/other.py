"""Layers that are neither affine nor a head: normalisation, attention, resampling."""

from __future__ import annotations

from lossaudit.catalogue.notation import function, module, node
from lossaudit.catalogue.schema import Op, Role

_BATCH = {"eps": 1e-5, "momentum": 0.1, "affine": True, "track_running_stats": True, "device": None, "dtype": None}
_INSTANCE = {**_BATCH, "affine": False, "track_running_stats": False}

OPS = (
    Op(
        "batch_norm",
        Role.OTHER,
        function(
            "torch.nn.functional.batch_norm",
            "input",
            "running_mean",
            "running_var",
            weight=None,
            bias=None,
            training=False,
            momentum=0.1,
            eps=1e-5,
        )
        + module("BatchNorm1d BatchNorm2d BatchNorm3d", "num_features", **_BATCH, bias=True)
        + node("NativeBatchNormBackward0", "input weight bias", "eps training"),
    ),
    Op(
        "instance_norm",
        Role.OTHER,
        function(
            "torch.nn.functional.instance_norm",
            "input",
            running_mean=None,
            running_var=None,
            weight=None,
            bias=None,
            use_input_stats=True,
            momentum=0.1,
            eps=1e-5,
        )
        + module("InstanceNorm1d InstanceNorm2d InstanceNorm3d", "num_features", **_INSTANCE, bias=True),
    ),
    Op(
        "layer_norm",
        Role.OTHER,
        function("torch.nn.functional.layer_norm", "input", "normalized_shape", weight=None, bias=None, eps=1e-5)
        + module("LayerNorm", "normalized_shape", eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None)
        + node("NativeLayerNormBackward0", "input weight bias", "normalized_shape"),
    ),
    Op(
        "group_norm",
        Role.OTHER,
        function("torch.nn.functional.group_norm", "input", "num_groups", weight=None, bias=None, eps=1e-5)
        + module("GroupNorm", "num_groups", "num_channels", eps=1e-5, affine=True, device=None, dtype=None, bias=True)
        + node("NativeGroupNormBackward0", "input weight bias", "eps group:num_groups"),
    ),
    Op(
        "rms_norm",
        Role.OTHER,
        function("torch.nn.functional.rms_norm", "input", "normalized_shape", weight=None, eps=None)
        + module("RMSNorm", "normalized_shape", eps=None, elementwise_affine=True, device=None, dtype=None),
    ),
    Op(
        "local_response_norm",
        Role.OTHER,
        function("torch.nn.functional.local_response_norm", "input", "size", alpha=1e-4, beta=0.75, k=1.0)
        + module("LocalResponseNorm", "size", alpha=1e-4, beta=0.75, k=1.0),
    ),
    Op(
        "scaled_dot_product_attention",
        Role.OTHER,
        function(
            "torch.nn.functional.scaled_dot_product_attention",
            "query",
            "key",
            "value",
            attn_mask=None,
            dropout_p=0.0,
            is_causal=False,
            scale=None,
            enable_gqa=False,
        ),
    ),
    Op(
        "multi_head_attention",
        Role.OTHER,
        function(
            "torch.nn.functional.multi_head_attention_forward",
            "query",
            "key",
            "value",
            "embed_dim_to_check",
            "num_heads",
            "in_proj_weight",
            "in_proj_bias",
            "bias_k",
            "bias_v",
            "add_zero_attn",
            "dropout_p",
            "out_proj_weight",
            "out_proj_bias",
            training=True,
            key_padding_mask=None,
            need_weights=True,
            attn_mask=None,
            use_separate_proj_weight=False,
            q_proj_weight=None,
            k_proj_weight=None,
            v_proj_weight=None,
            static_k=None,
            static_v=None,
            average_attn_weights=True,
            is_causal=False,
        )
        + module(
            "MultiheadAttention",
            "embed_dim",
            "num_heads",
            dropout=0.0,
            bias=True,
            add_bias_kv=False,
            add_zero_attn=False,
            kdim=None,
            vdim=None,
            batch_first=False,
            device=None,
            dtype=None,
        ),
    ),
    Op(
        "interpolate",
        Role.OTHER,
        function(
            "torch.nn.functional.interpolate",
            "input",
            size=None,
            scale_factor=None,
            mode="nearest",
            align_corners=None,
            recompute_scale_factor=None,
            antialias=False,
        )
        + module(
            "Upsample", size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None
        ),
    ),
    Op(
        "grid_sample",
        Role.OTHER,
        function(
            "torch.nn.functional.grid_sample",
            "input",
            "grid",
            mode="bilinear",
            padding_mode="zeros",
            align_corners=None,
        ),
    ),
    *(Op(name, Role.OTHER, summary="a recurrent layer, whatever it returns") for name in ("lstm", "gru", "rnn")),
)
