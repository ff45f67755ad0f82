"""Selections: some of the numbers."""

from __future__ import annotations

from lossaudit.catalogue.notation import both, function, method, node
from lossaudit.catalogue.schema import Op, Role

OPS = (
    Op(
        "getitem",
        Role.SELECT,
        method("__getitem__", "key:index")
        + node("SliceBackward0", saved="dim start end step")
        + node("IndexBackward0 UnsafeIndexBackward0", saved="indices:index"),
        summary="input[index]",
    ),
    Op("select", Role.SELECT, both("select", "dim", "index") + node("SelectBackward0", saved="dim index"), axis="dim"),
    Op("narrow", Role.SELECT, both("narrow", "dim", "start", "length"), axis="dim"),
    Op(
        "narrow_copy",
        Role.SELECT,
        both("narrow_copy", "dim", "start", "length") + node("NarrowCopyBackward0", saved="dim start length"),
        axis="dim",
    ),
    Op(
        "gather",
        Role.SELECT,
        both("gather", "dim", "index", sparse_grad=False) + node("GatherBackward0", saved="dim sparse_grad"),
        axis="dim",
        summary="along dim, the elements that index names: picks the target class",
    ),
    Op("take_along_dim", Role.SELECT, both("take_along_dim", "indices:index", dim=None), axis="dim"),
    Op(
        "index_select",
        Role.SELECT,
        both("index_select", "dim", "index") + node("IndexSelectBackward0", saved="dim"),
        axis="dim",
    ),
    Op("masked_select", Role.SELECT, both("masked_select", "mask") + node("MaskedSelectBackward0")),
    Op("take", Role.SELECT, both("take", "index") + node("TakeBackward0")),
    Op("chunk", Role.SELECT, both("chunk unsafe_chunk", "chunks", dim=0) + node("ChunkBackward0"), axis="dim"),
    Op(
        "split",
        Role.SELECT,
        function("torch.split", "tensor:input", "split_size_or_sections", dim=0)
        + method("split", "split_size:split_size_or_sections", dim=0)
        + both("unsafe_split", "split_size:split_size_or_sections", dim=0)
        + both("split_with_sizes unsafe_split_with_sizes", "split_sizes:split_size_or_sections", dim=0)
        + node("SplitBackward0 UnsafeSplitBackward0", saved="dim split_size:split_size_or_sections")
        + node("SplitWithSizesBackward0 UnsafeSplitWithSizesBackward0", saved="dim split_sizes:split_size_or_sections"),
        axis="dim",
    ),
    Op("tensor_split", Role.SELECT, both("tensor_split", "sections", dim=0), axis="dim"),
    Op("hsplit", Role.SELECT, both("hsplit", "sections")),
    Op("vsplit", Role.SELECT, both("vsplit", "sections")),
    Op("unbind", Role.SELECT, both("unbind", dim=0) + node("UnbindBackward0", saved="dim"), axis="dim"),
    Op(
        "diagonal",
        Role.SELECT,
        both("diagonal", offset=0, dim1=0, dim2=1) + node("DiagonalBackward0", saved="offset dim1 dim2"),
    ),
    Op("diag", Role.SELECT, both("diag", diagonal=0)),
    Op(
        "tril",
        Role.SELECT,
        both("tril", diagonal=0) + method("tril_", diagonal=0) + node("TrilBackward0", saved="diagonal"),
    ),
    Op(
        "triu",
        Role.SELECT,
        both("triu", diagonal=0) + method("triu_", diagonal=0) + node("TriuBackward0", saved="diagonal"),
    ),
    Op(
        "topk",
        Role.SELECT,
        both("topk", "k", dim=-1, largest=True, sorted=True) + node("TopkBackward0", saved="dim"),
        axis="dim",
    ),
    Op(
        "sort",
        Role.SELECT,
        both("sort", dim=-1, descending=False, stable=None) + node("SortBackward0 SortBackward1", saved="dim"),
        axis="dim",
    ),
    Op("msort", Role.SELECT, both("msort")),
    Op(
        "kthvalue",
        Role.SELECT,
        both("kthvalue", "k", dim=-1, keepdim=False) + node("KthvalueBackward0", saved="dim keepdim"),
        axis="dim",
    ),
    Op(
        "unfold",
        Role.SELECT,
        method("unfold", "dimension:dim", "size", "step") + node("UnfoldBackward0", saved="dimension:dim size step"),
        axis="dim",
    ),
)
