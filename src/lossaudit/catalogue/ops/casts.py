"""Casts: the same numbers in another type, on another device, or copied."""

from __future__ import annotations

from lossaudit.catalogue.notation import both, method, node
from lossaudit.catalogue.schema import Op, Role

OPS = (
    Op(
        "to",
        Role.CAST,
        method("to", "*args", dtype=None, device=None, non_blocking=False, copy=False, memory_format=None)
        + node("ToCopyBackward0"),
        summary="`args` is a type, a device, both, or a tensor to be like",
    ),
    *(
        Op(name, Role.CAST, method(name, memory_format=None))
        for name in ("float", "double", "half", "bfloat16", "int", "long", "short", "char", "byte", "bool")
    ),
    Op("type", Role.CAST, method("type", dtype=None, non_blocking=False)),
    Op("type_as", Role.CAST, method("type_as", "other")),
    Op("cpu", Role.CAST, method("cpu", memory_format=None)),
    Op("cuda", Role.CAST, method("cuda", device=None, non_blocking=False, memory_format=None)),
    Op("pin_memory", Role.CAST, method("pin_memory", device=None)),
    Op("clone", Role.CAST, both("clone", memory_format=None) + node("CloneBackward0")),
    Op(
        "copy_",
        Role.CAST,
        method("copy_", "other:input", receiver="out", non_blocking=False) + node("CopyBackwards", "out input"),
        summary="the values of input, written over those of out",
    ),
)
