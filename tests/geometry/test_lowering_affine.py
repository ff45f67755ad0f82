"""Products, convolutions and layers: the program's values are torch's own, and large ones stand for themselves."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch
from tests.geometry.torch_calls import Case, check

from lossaudit.geometry.lowering import Lowered
from lossaudit.geometry.lowering.lowered import ATOM
from lossaudit.pairing import Const
from lossaudit.record.lowering import Call, Known, Tracked

F = "torch.nn.functional."


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def every_way(path: str, tensors: dict[str, Any], **given: Any) -> None:
    """Each tensor alone as the variables, and all together."""
    for name in tensors:
        known = {n: t for n, t in tensors.items() if n != name}
        check(Case(path, {name: tensors[name]}, **known, **given))
    check(Case(path, tensors, **given))


def test_linear() -> None:
    for x in (normal(3, 4), normal(4), normal(2, 3, 4)):
        every_way(F + "linear", {"input": x, "weight": normal(2, 4, seed=1), "bias": normal(2, seed=2)})
    every_way(F + "linear", {"input": normal(3, 4), "weight": normal(4, seed=1)})


@pytest.mark.parametrize(
    ("p", "q"),
    [((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (2, 3, 2)), ((2, 1, 2, 3), (3, 3, 2))],
)
def test_matmul(p: Any, q: Any) -> None:
    every_way("torch.matmul", {"input": normal(*p), "other": normal(*q, seed=1)})


def test_products() -> None:
    x, y, v, w = normal(2, 3), normal(3, 2, seed=1), normal(3, seed=2), normal(3, seed=3)
    every_way("torch.mm", {"input": x, "mat2": y})
    every_way("torch.bmm", {"input": x[None], "mat2": y[None]})
    every_way("torch.mv", {"input": x, "vec": v})
    every_way("torch.dot", {"input": v, "tensor": w})
    every_way("torch.inner", {"input": x, "other": normal(4, 3)})
    every_way("torch.outer", {"input": v, "vec2": w})
    every_way("torch.kron", {"input": x, "other": y})
    every_way("torch.linalg.vecdot", {"x": x, "y": normal(2, 3, seed=5)})
    every_way("torch.addmm", {"input": normal(2, 2), "mat1": x, "mat2": y}, beta=0.5, alpha=2)
    every_way("torch.addmv", {"input": normal(2), "mat": x, "vec": v}, beta=0.5, alpha=2)
    every_way("torch.addr", {"input": normal(3, 3), "vec1": v, "vec2": w}, alpha=2)
    every_way("torch.baddbmm", {"input": normal(2, 2, 2), "batch1": normal(2, 2, 3), "batch2": normal(2, 3, 2)})
    every_way("torch.addbmm", {"input": normal(2, 2), "batch1": normal(2, 2, 3), "batch2": normal(2, 3, 2)})
    every_way(
        F + "bilinear",
        {"input1": normal(2, 3), "input2": normal(2, 2), "weight": normal(4, 3, 2), "bias": normal(4)},
    )
    every_way("torch.tensordot", {"a": normal(2, 3, 2), "b": normal(3, 2, 4)}, dims=2)


def lowered_einsum(equation: str, *tensors: torch.Tensor) -> None:
    lowered = Lowered()
    ids = lowered.variables(tensors[0].numel()).reshape(tuple(tensors[0].shape))
    operands: dict[str, Any] = {"operands.0": Tracked(ids)}
    for k, tensor in enumerate(tensors[1:], 1):
        operands[f"operands.{k}"] = Known(tensor.numpy())
    wanted = torch.einsum(equation, *tensors)
    call = Call("einsum", operands, {"equation": Const(equation)}, (tuple(wanted.shape),))
    results = lowered.apply(call)
    assert results is not None, equation
    from lossaudit.geometry.evaluate import floats
    from lossaudit.geometry.program import Program

    real = lowered.real(results[0])
    program = Program(tuple(lowered.builder.instructions), 0, tensors[0].numel())
    values = floats(program, tensors[0].numpy().reshape(-1, 1))
    got = np.array([values[i][0] for i in real.ravel().tolist()]).reshape(real.shape)
    assert np.allclose(got, wanted.numpy()), equation


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", ((2, 3), (3, 2))),
        ("ij,jk", ((2, 3), (3, 2))),
        ("ij->ji", ((2, 3),)),
        ("ij->", ((2, 3),)),
        ("ii->i", ((3, 3),)),
        ("ii", ((3, 3),)),
        ("bij,bjk->bik", ((2, 2, 3), (2, 3, 2))),
        ("...ij,jk->...ik", ((2, 2, 3), (3, 2))),
        ("i,j,k->kij", ((2,), (3,), (2,))),
        ("bi,bi->b", ((2, 3), (2, 3))),
    ],
)
def test_einsum(equation: str, shapes: Any) -> None:
    lowered_einsum(equation, *(normal(*shape, seed=k) for k, shape in enumerate(shapes)))


@pytest.mark.parametrize(
    "given", [{}, {"stride": 2}, {"padding": 1}, {"padding": "same"}, {"dilation": 2}, {"groups": 2}]
)
def test_convolutions(given: dict[str, Any]) -> None:
    groups = given.get("groups", 1)
    weight = {"weight": normal(4, 2 // groups, 3, seed=1), "bias": normal(4, seed=2)}
    every_way(F + "conv1d", {"input": normal(1, 2, 7), **weight}, **given)
    check(Case(F + "conv1d", {"input": normal(2, 7)}, **weight, **given))
    weight = {"weight": normal(2, 2 // groups, 3, 2, seed=1), "bias": normal(2, seed=2)}
    check(Case(F + "conv2d", {"input": normal(1, 2, 5, 4)}, **weight, **given))


@pytest.mark.parametrize("rank", [1, 2])
def test_pools(rank: int) -> None:
    x = {"input": normal(1, 2, *(6, 5)[:rank])}
    for kind in ("avg", "max"):
        check(Case(F + f"{kind}_pool{rank}d", x, kernel_size=2), enclose=kind == "avg")
        check(Case(F + f"{kind}_pool{rank}d", x, kernel_size=3, stride=1, padding=1), enclose=False)
        check(Case(F + f"adaptive_{kind}_pool{rank}d", x, output_size=1))
        check(Case(F + f"adaptive_{kind}_pool{rank}d", x, output_size=3 if rank == 1 else (4, 2)))


def test_normalisation() -> None:
    x = {"input": normal(3, 4)}
    weight = {"weight": normal(4, seed=1), "bias": normal(4, seed=2)}
    check(Case(F + "layer_norm", x, normalized_shape=(4,)), tolerance=1e-8)
    check(Case(F + "layer_norm", {**x, **weight}, normalized_shape=(4,)), tolerance=1e-8)
    check(Case(F + "layer_norm", {"input": normal(2, 2, 3)}, normalized_shape=(2, 3), eps=0.1), tolerance=1e-8)
    check(Case(F + "rms_norm", x, normalized_shape=(4,), weight=weight["weight"]), tolerance=1e-8)
    check(Case(F + "group_norm", {"input": normal(2, 4, 3)}, num_groups=2, **weight), tolerance=1e-8)
    check(Case(F + "instance_norm", {"input": normal(2, 4, 3)}, **weight), tolerance=1e-8)
    running = {"running_mean": normal(4, seed=3), "running_var": normal(4, seed=4).abs() + 0.1}
    every_way(F + "batch_norm", {**x, **weight}, **running)
    check(Case(F + "batch_norm", x, running_mean=None, running_var=None, training=True, **weight), tolerance=1e-8)
    check(Case(F + "batch_norm", {"input": normal(2, 4, 3)}, **running, **weight))


def test_an_embedding_only_picks_rows() -> None:
    lowered = Lowered()
    weight = lowered.variables(3_000_000).reshape(1_000_000, 3)
    call = Call("embedding", {"input": Known(np.array([[5, 999_999]])), "weight": Tracked(weight)}, {}, ((1, 2, 3),))
    (rows,) = lowered.apply(call)
    assert (rows == weight[[[5, 999_999]]]).all()
    assert not lowered.builder.instructions


def classifier(lowered: Lowered, n: int, features: int, k: int) -> Any:
    x = np.random.default_rng(0).standard_normal((n, features))
    weight = lowered.variables(features * k).reshape(k, features)
    bias = lowered.variables(k)
    operands = {"input": Known(x), "weight": Tracked(weight), "bias": Tracked(bias)}
    (z,) = lowered.apply(Call("linear", operands, {}, ((n, k),)))
    target = Known(np.arange(n) % k)
    (loss,) = lowered.apply(Call("cross_entropy", {"input": Tracked(z), "target": target}, {}, ((),)))
    return loss


def test_a_million_weights_cost_nothing() -> None:
    start = time.perf_counter()
    lowered = Lowered()
    made = lowered.program(int(classifier(lowered, 4, 1000, 1000)))
    assert time.perf_counter() - start < 3
    assert made.program.through_affine
    assert made.program.variables < 10_000  # not the weights
    assert ATOM in made.used


def test_a_small_layer_is_written_out() -> None:
    lowered = Lowered()
    made = lowered.program(int(classifier(lowered, 4, 20, 3)))
    assert not made.program.through_affine
    assert made.used == tuple(range(63))


def test_atoms_stand_only_for_what_is_affine() -> None:
    lowered = Lowered()
    hidden = lowered.variables(1000)
    (bent,) = lowered.apply(Call("relu", {"input": Tracked(hidden)}, {}, ((1000,),)))
    weight = Known(np.ones((1000, 1000)))
    assert lowered.apply(Call("linear", {"input": Tracked(bent), "weight": weight}, {}, ((1000,),))) is None
    (flat,) = lowered.apply(Call("linear", {"input": Tracked(hidden), "weight": weight}, {}, ((1000,),)))
    assert (flat < 0).all()
    # Two operands that both depend on the variables make no affine function.
    other = lowered.variables(1_000_000).reshape(1000, 1000)
    assert lowered.apply(Call("linear", {"input": Tracked(hidden), "weight": Tracked(other)}, {}, ((1000,),))) is None
    # An infinite factor is none either.
    bad = Known(np.full((1000, 1000), np.inf))
    assert lowered.apply(Call("linear", {"input": Tracked(hidden), "weight": bad}, {}, ((1000,),))) is None


def test_a_chain_of_large_layers_stays_affine() -> None:
    lowered = Lowered()
    x = lowered.variables(1000)
    for _ in range(3):
        weight = Known(np.random.default_rng(1).standard_normal((1000, 1000)))
        (x,) = lowered.apply(Call("linear", {"input": Tracked(x), "weight": weight}, {"bias": Const(None)}, ((1000,),)))
    assert not lowered.builder.instructions


def test_affine_arithmetic_on_many_weights() -> None:
    lowered = Lowered()
    w = lowered.variables(1_000_000)
    (scaled,) = lowered.apply(Call("mul", {"input": Tracked(w)}, {"other": Const(2.0)}, ((1_000_000,),)))
    (total,) = lowered.apply(Call("sum", {"input": Tracked(scaled)}, {}, ((),)))
    made = lowered.program(int(total))
    assert made.program.through_affine
    assert made.used == (ATOM,)
    assert lowered.apply(Call("mul", {"input": Tracked(w), "other": Tracked(w)}, {}, ((1_000_000,),))) is None
    assert lowered.apply(Call("exp", {"input": Tracked(w)}, {}, ((1_000_000,),))) is None
