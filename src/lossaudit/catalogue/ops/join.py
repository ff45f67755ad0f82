"""Joins: several tensors side by side, or one with something around it."""

from __future__ import annotations

from lossaudit.catalogue.notation import both, function, module, node
from lossaudit.catalogue.schema import Op, Role

OPS = (
    Op(
        "cat",
        Role.JOIN,
        function("torch.cat torch.concat torch.concatenate", "tensors", dim=0) + node("CatBackward0", "tensors", "dim"),
        axis="dim",
    ),
    Op(
        "stack",
        Role.JOIN,
        function("torch.stack", "tensors", dim=0) + node("StackBackward0", "tensors", "dim"),
        axis="dim",
    ),
    Op("hstack", Role.JOIN, function("torch.hstack", "tensors")),
    Op("vstack", Role.JOIN, function("torch.vstack torch.row_stack", "tensors")),
    Op("dstack", Role.JOIN, function("torch.dstack", "tensors")),
    Op("column_stack", Role.JOIN, function("torch.column_stack", "tensors")),
    Op("block_diag", Role.JOIN, function("torch.block_diag", "*tensors") + node("BlockDiagBackward0", "tensors")),
    Op("meshgrid", Role.JOIN, function("torch.meshgrid", "*tensors", indexing=None)),
    Op("cartesian_prod", Role.JOIN, function("torch.cartesian_prod", "*tensors")),
    Op(
        "diag_embed",
        Role.JOIN,
        both("diag_embed", offset=0, dim1=-2, dim2=-1) + node("DiagEmbedBackward0", saved="offset dim1 dim2"),
    ),
    Op(
        "pad",
        Role.JOIN,
        function("torch.nn.functional.pad", "input", "pad", mode="constant", value=None)
        + node("ConstantPadNdBackward0", saved="pad"),
    ),
    *(
        Op(f"{kind}_pad{rank}d", Role.JOIN, module(f"{title}Pad{rank}d", "padding:pad", *more))
        for kind, title, more in (
            ("zero", "Zero", ()),
            ("constant", "Constant", ("value",)),
            ("reflection", "Reflection", ()),
            ("replication", "Replication", ()),
        )
        for rank in (1, 2, 3)
    ),
)
