"""Views: the same numbers in another shape or order."""

from __future__ import annotations

from lossaudit.catalogue.notation import both, function, method, module, node
from lossaudit.catalogue.schema import Op, Role

OPS = (
    Op("identity", Role.VIEW, module("Identity"), summary="nothing at all; as a head, the logits themselves"),
    Op(
        "view",
        Role.VIEW,
        method("view", "*size:shape") + node("ViewBackward0 UnsafeViewBackward0 ReshapeAliasBackward0"),
        summary="with a type in place of a shape it reads the same bits as other numbers",
    ),
    Op("view_as", Role.VIEW, method("view_as", "other")),
    Op("reshape", Role.VIEW, function("torch.reshape", "input", "shape") + method("reshape", "*shape")),
    Op("reshape_as", Role.VIEW, method("reshape_as", "other")),
    Op("flatten", Role.VIEW, both("flatten", start_dim=0, end_dim=-1) + module("Flatten", start_dim=1, end_dim=-1)),
    Op("ravel", Role.VIEW, both("ravel")),
    Op(
        "unflatten",
        Role.VIEW,
        both("unflatten", "dim", "sizes") + module("Unflatten", "dim", "unflattened_size:sizes"),
        axis="dim",
    ),
    Op(
        "permute",
        Role.VIEW,
        function("torch.permute", "input", "dims")
        + method("permute", "*dims")
        + node("PermuteBackward0", saved="dims"),
    ),
    Op(
        "transpose",
        Role.VIEW,
        both("transpose swapdims", "dim0", "dim1")
        + method("transpose_ swapdims_", "dim0", "dim1")
        + both("swapaxes", "axis0:dim0", "axis1:dim1")
        + method("swapaxes_", "axis0:dim0", "axis1:dim1")
        + node("TransposeBackward0 TransposeBackward1", saved="dim0 dim1"),
    ),
    Op("t", Role.VIEW, both("t") + method("t_") + node("TBackward0 TBackward1"), summary="transpose of a matrix"),
    Op("T", Role.VIEW, method("T"), summary="all axes in reverse"),
    Op("mT", Role.VIEW, method("mT H mH") + both("adjoint"), summary="last two axes exchanged, of real numbers"),
    Op("movedim", Role.VIEW, both("movedim moveaxis", "source", "destination")),
    Op(
        "squeeze",
        Role.VIEW,
        both("squeeze", dim=None)
        + method("squeeze_", dim=None)
        + node("SqueezeBackward0 SqueezeBackward3")
        + node("SqueezeBackward1 SqueezeBackward2 SqueezeBackward4 SqueezeBackward5", saved="dim"),
        axis="dim",
    ),
    Op(
        "unsqueeze",
        Role.VIEW,
        both("unsqueeze", "dim")
        + method("unsqueeze_", "dim")
        + node("UnsqueezeBackward0 UnsqueezeBackward1", saved="dim"),
        axis="dim",
    ),
    Op("expand", Role.VIEW, method("expand", "*size:shape", implicit=False) + node("ExpandBackward0")),
    Op("expand_as", Role.VIEW, method("expand_as", "other")),
    Op(
        "broadcast_to",
        Role.VIEW,
        function("torch.broadcast_to", "input", "size:shape") + method("broadcast_to", "size:shape"),
    ),
    Op("broadcast_tensors", Role.VIEW, function("torch.broadcast_tensors", "*tensors")),
    Op("repeat", Role.VIEW, method("repeat", "*repeats") + node("RepeatBackward0", saved="repeats")),
    Op(
        "repeat_interleave",
        Role.VIEW,
        both("repeat_interleave", "repeats", dim=None, output_size=None),
        axis="dim",
    ),
    Op("tile", Role.VIEW, function("torch.tile", "input", "dims:repeats") + method("tile", "*dims:repeats")),
    Op("contiguous", Role.VIEW, method("contiguous", memory_format=None)),
    Op(
        "flip",
        Role.VIEW,
        function("torch.flip", "input", "dims") + method("flip", "*dims") + node("FlipBackward0", saved="dims"),
    ),
    Op("fliplr", Role.VIEW, both("fliplr")),
    Op("flipud", Role.VIEW, both("flipud")),
    Op("roll", Role.VIEW, both("roll", "shifts", dims=None) + node("RollBackward0", saved="shifts dims")),
    Op("rot90", Role.VIEW, both("rot90", k=1, dims=(0, 1)) + node("Rot90Backward0", saved="k dims")),
    Op(
        "as_strided",
        Role.VIEW,
        both("as_strided", "size", "stride", storage_offset=None)
        + method("as_strided_", "size", "stride", storage_offset=None)
        + node("AsStridedBackward0 AsStridedBackward1", saved="size stride storage_offset"),
    ),
    Op("atleast_1d", Role.VIEW, function("torch.atleast_1d", "*tensors")),
    Op("atleast_2d", Role.VIEW, function("torch.atleast_2d", "*tensors")),
    Op("atleast_3d", Role.VIEW, function("torch.atleast_3d", "*tensors")),
    Op(
        "pixel_shuffle",
        Role.VIEW,
        function("torch.nn.functional.pixel_shuffle torch.pixel_shuffle", "input", "upscale_factor")
        + module("PixelShuffle", "upscale_factor")
        + node("PixelShuffleBackward0", saved="upscale_factor"),
    ),
    Op(
        "pixel_unshuffle",
        Role.VIEW,
        function("torch.nn.functional.pixel_unshuffle torch.pixel_unshuffle", "input", "downscale_factor")
        + module("PixelUnshuffle", "downscale_factor")
        + node("PixelUnshuffleBackward0", saved="downscale_factor"),
    ),
    Op(
        "channel_shuffle",
        Role.VIEW,
        function("torch.nn.functional.channel_shuffle torch.channel_shuffle", "input", "groups")
        + module("ChannelShuffle", "groups")
        + node("ChannelShuffleBackward0", saved="groups"),
    ),
    Op("alias", Role.VIEW, node("AliasBackward0"), summary="the graph's name for the same tensor seen once more"),
    Op("real", Role.VIEW, function("torch.real", "input") + method("real")),
    Op("requires_grad_", Role.VIEW, method("requires_grad_", requires_grad=True)),
)
