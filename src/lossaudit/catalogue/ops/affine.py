"""Affine operations: what computes logits.

Whether an operand is a parameter, so that the result really is a model's logits, is for the reader to see: a
matrix product of two predictions is none.
"""

from __future__ import annotations

from lossaudit.catalogue.notation import Spellings, both, function, method, module, node
from lossaudit.catalogue.schema import Op, Role


def _convolution(rank: int) -> Spellings:
    return (
        function(
            f"torch.nn.functional.conv{rank}d torch.conv{rank}d",
            "input",
            "weight",
            bias=None,
            stride=1,
            padding=0,
            dilation=1,
            groups=1,
        )
        + module(
            f"Conv{rank}d",
            "in_channels",
            "out_channels",
            "kernel_size",
            stride=1,
            padding=0,
            dilation=1,
            groups=1,
            bias=True,
            padding_mode="zeros",
            device=None,
            dtype=None,
        )
        + module(
            f"LazyConv{rank}d",
            "out_channels",
            "kernel_size",
            stride=1,
            padding=0,
            dilation=1,
            groups=1,
            bias=True,
            padding_mode="zeros",
            device=None,
            dtype=None,
        )
    )


def _transposed(rank: int) -> Spellings:
    return (
        function(
            f"torch.nn.functional.conv_transpose{rank}d torch.conv_transpose{rank}d",
            "input",
            "weight",
            bias=None,
            stride=1,
            padding=0,
            output_padding=0,
            groups=1,
            dilation=1,
        )
        + module(
            f"ConvTranspose{rank}d",
            "in_channels",
            "out_channels",
            "kernel_size",
            stride=1,
            padding=0,
            output_padding=0,
            groups=1,
            bias=True,
            dilation=1,
            padding_mode="zeros",
            device=None,
            dtype=None,
        )
        + module(
            f"LazyConvTranspose{rank}d",
            "out_channels",
            "kernel_size",
            stride=1,
            padding=0,
            output_padding=0,
            groups=1,
            bias=True,
            dilation=1,
            padding_mode="zeros",
            device=None,
            dtype=None,
        )
    )


OPS = (
    Op(
        "linear",
        Role.AFFINE,
        function("torch.nn.functional.linear", "input", "weight", bias=None)
        + module("Linear", "in_features", "out_features", bias=True, device=None, dtype=None)
        + module("LazyLinear", "out_features", bias=True, device=None, dtype=None)
        + node("LinearBackward0", "input weight bias"),
        summary="input times transposed weight plus bias; the graph shows it as addmm, or as mm without bias",
    ),
    Op(
        "bilinear",
        Role.AFFINE,
        function("torch.nn.functional.bilinear torch.bilinear", "input1:input", "input2:other", "weight", bias=None)
        + module("Bilinear", "in1_features", "in2_features", "out_features", bias=True, device=None, dtype=None),
    ),
    Op(
        "matmul",
        Role.AFFINE,
        both("matmul", "other")
        + function("torch.linalg.matmul", "input", "other")
        + method("__matmul__", "other")
        + method("__rmatmul__", "other:input", receiver="other")
        + node("MatmulBackward0", "input other"),
    ),
    Op("mm", Role.AFFINE, both("mm", "mat2:other", out_dtype=None) + node("MmBackward0", "input other")),
    Op("bmm", Role.AFFINE, both("bmm", "mat2:other", out_dtype=None) + node("BmmBackward0", "input other")),
    Op("mv", Role.AFFINE, both("mv", "vec:other") + node("MvBackward0", "input other")),
    Op("dot", Role.AFFINE, both("dot", "tensor:other") + node("DotBackward0", "input other")),
    Op("vdot", Role.AFFINE, both("vdot", "other") + node("VdotBackward0", "input other")),
    Op("inner", Role.AFFINE, both("inner", "other")),
    Op("vecdot", Role.AFFINE, function("torch.linalg.vecdot", "x:input", "y:other", dim=-1), axis="dim"),
    Op("outer", Role.AFFINE, both("outer ger", "vec2:other")),
    Op("kron", Role.AFFINE, both("kron", "other")),
    Op(
        "addmm",
        Role.AFFINE,
        both("addmm", "mat1", "mat2", out_dtype=None, beta=1, alpha=1)
        + method("addmm_", "mat1", "mat2", beta=1, alpha=1)
        + node("AddmmBackward0", "input mat1 mat2", "beta alpha"),
        summary="beta input + alpha mat1 mat2",
    ),
    Op(
        "addmv",
        Role.AFFINE,
        both("addmv", "mat", "vec", beta=1, alpha=1)
        + method("addmv_", "mat", "vec", beta=1, alpha=1)
        + node("AddmvBackward0", "input mat vec", "beta alpha"),
    ),
    Op(
        "addr",
        Role.AFFINE,
        both("addr", "vec1", "vec2", beta=1, alpha=1)
        + method("addr_", "vec1", "vec2", beta=1, alpha=1)
        + node("AddrBackward0", "input vec1 vec2", "beta alpha"),
    ),
    Op(
        "baddbmm",
        Role.AFFINE,
        both("baddbmm", "batch1", "batch2", out_dtype=None, beta=1, alpha=1)
        + method("baddbmm_", "batch1", "batch2", beta=1, alpha=1)
        + node("BaddbmmBackward0", "input batch1 batch2", "beta alpha"),
    ),
    Op(
        "addbmm",
        Role.AFFINE,
        both("addbmm", "batch1", "batch2", beta=1, alpha=1)
        + method("addbmm_", "batch1", "batch2", beta=1, alpha=1)
        + node("AddbmmBackward0", "input batch1 batch2", "beta alpha"),
    ),
    Op("einsum", Role.AFFINE, function("torch.einsum", "equation", "*operands")),
    Op("tensordot", Role.AFFINE, function("torch.tensordot", "a:input", "b:other", dims=2, out=None)),
    Op("multi_dot", Role.AFFINE, function("torch.linalg.multi_dot", "tensors")),
    Op("chain_matmul", Role.AFFINE, function("torch.chain_matmul", "*matrices:tensors", out=None)),
    Op("conv1d", Role.AFFINE, _convolution(1)),
    Op(
        "conv2d",
        Role.AFFINE,
        _convolution(2)
        + node("ConvolutionBackward0", "input weight bias", "stride padding dilation transposed output_padding groups"),
        summary="the graph shows every convolution under this node",
    ),
    Op("conv3d", Role.AFFINE, _convolution(3)),
    Op("conv_transpose1d", Role.AFFINE, _transposed(1)),
    Op("conv_transpose2d", Role.AFFINE, _transposed(2)),
    Op("conv_transpose3d", Role.AFFINE, _transposed(3)),
    Op(
        "conv_tbc",
        Role.AFFINE,
        function("torch.nn.functional.conv_tbc torch.conv_tbc", "input", "weight", "bias", pad=0)
        + node("ConvTbcBackward0", "input weight bias", "pad"),
    ),
    Op(
        "embedding",
        Role.AFFINE,
        function(
            "torch.nn.functional.embedding",
            "input",
            "weight",
            padding_idx=None,
            max_norm=None,
            norm_type=2.0,
            scale_grad_by_freq=False,
            sparse=False,
        )
        + module(
            "Embedding",
            "num_embeddings",
            "embedding_dim",
            padding_idx=None,
            max_norm=None,
            norm_type=2.0,
            scale_grad_by_freq=False,
            sparse=False,
            _weight=None,
            _freeze=False,
            device=None,
            dtype=None,
        )
        + node("EmbeddingBackward0", "weight", "padding_idx scale_grad_by_freq sparse"),
        summary="rows of `weight` at the indices `input`",
    ),
    Op(
        "embedding_bag",
        Role.AFFINE,
        function(
            "torch.nn.functional.embedding_bag",
            "input",
            "weight",
            offsets=None,
            max_norm=None,
            norm_type=2,
            scale_grad_by_freq=False,
            mode="mean",
            sparse=False,
            per_sample_weights=None,
            include_last_offset=False,
            padding_idx=None,
        )
        + module(
            "EmbeddingBag",
            "num_embeddings",
            "embedding_dim",
            max_norm=None,
            norm_type=2.0,
            scale_grad_by_freq=False,
            mode="mean",
            sparse=False,
            _weight=None,
            include_last_offset=False,
            padding_idx=None,
            device=None,
            dtype=None,
        )
        + node("EmbeddingBagBackward0", "weight per_sample_weights", "mode padding_idx scale_grad_by_freq sparse"),
        summary="sums, means or maxima of rows of `weight`",
    ),
)
