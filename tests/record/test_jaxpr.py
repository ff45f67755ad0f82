"""A loss of JAX as scalar operations: what they compute is what JAX computes, at other points too."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402
from jax.scipy import special  # noqa: E402

from lossaudit.errors import RecordingError, UsageError  # noqa: E402
from lossaudit.geometry.evaluate import floats  # noqa: E402
from lossaudit.geometry.lowering import Lowered  # noqa: E402
from lossaudit.record.jax_precision import double_precision  # noqa: E402
from lossaudit.record.jaxpr import record_jaxpr  # noqa: E402

Z = np.array([[0.3, -1.2, 2.0], [1.5, 0.7, -0.4]])
Y = np.array([2, 0])
MASK = np.array([True, False, True])


def recorded(function, z=Z):
    lowering = Lowered()
    with double_precision():
        found = record_jaxpr(function, [jnp.asarray(z)], lowering)
    return lowering, found


def follows(function, z=Z, *, unknown=(), shift=0.0):
    """Record at one point, and compare with JAX at others."""
    lowering, found = recorded(function, z)
    assert tuple(what.partition("jax.lax.")[2] for what in found.unknown) == unknown
    lowered = lowering.program(found.output, compact=False)
    random = np.random.default_rng(0)
    points = np.stack([z.ravel(), *(shift + 2 * random.standard_normal((5, z.size)))], axis=1)
    actual = floats(lowered.program, points)[lowered.program.output]
    with double_precision():
        compiled = jax.jit(function)
        expected = [float(compiled(jnp.asarray(point.reshape(z.shape)))) for point in points.T]
    np.testing.assert_allclose(np.broadcast_to(actual, len(expected)), expected, rtol=1e-11, atol=1e-12)
    return lowered.program


MOVES = {
    "reshape": lambda z: z.reshape(3, 2)[2, 0],
    "transpose": lambda z: z.T[2, 1] * z[1, 0],
    "broadcast": lambda z: (jnp.broadcast_to(z[0], (4, 3)) * jnp.arange(12.0).reshape(4, 3)).sum(),
    "new axis": lambda z: (z[:, None, :] * z[None, :, :] * jnp.arange(3.0)).sum(),
    "slices with steps": lambda z: (z[::-1, ::2] * jnp.array([1.0, 2.0])).sum(),
    "dynamic slice": lambda z: lax.dynamic_slice(z, (1, 1), (1, 2)).sum() ** 2,
    "dynamic slice past the end": lambda z: lax.dynamic_slice(z, (5, 5), (1, 2)).sum() ** 2,
    "take": lambda z: jnp.take(z, jnp.array([2, 0, 0]), axis=1)[0] @ jnp.arange(3.0),
    "take along an axis": lambda z: jnp.take_along_axis(z, Y[:, None], 1).sum(),
    "index arrays": lambda z: z[jnp.arange(2), Y].sum() ** 3,
    "boolean mask": lambda z: (z[:, MASK] * jnp.array([[1.0, 2], [3, 4]])).sum(),
    "negative index": lambda z: z[-1, -2] ** 2,
    "concatenate": lambda z: (jnp.concatenate([z, jnp.ones((1, 3)), z]) * jnp.arange(15.0).reshape(5, 3)).sum(),
    "stack": lambda z: (jnp.stack([z[0], z[1] ** 2], 1) * jnp.arange(6.0).reshape(3, 2)).sum(),
    "pad": lambda z: (jnp.pad(z, 1, constant_values=7.0) * jnp.arange(20.0).reshape(4, 5)).sum(),
    "pad inside": lambda z: (lax.pad(z, 0.5, ((-1, 0, 0), (0, 1, 2))) * jnp.arange(8.0)).sum(),
    "roll": lambda z: (jnp.roll(z, 1, 1) * jnp.arange(3.0)).sum(),
    "set": lambda z: (z.at[0, 1].set(5.0) * jnp.arange(3.0)).sum(),
    "set a row of its own": lambda z: (z.at[1].set(z[0] * 2) ** 2).sum(),
    "update slice": lambda z: (lax.dynamic_update_slice(z, z[:1, :2] ** 2, (1, 1)) * jnp.arange(3.0)).sum(),
    "where with a known mask": lambda z: jnp.where(MASK, z, -(z**2)).sum(),
    "split": lambda z: jnp.split(z, [1], axis=1)[1].sum() ** 2,
    "tile and repeat": lambda z: (jnp.tile(z, (1, 2)) * jnp.repeat(z, 2, axis=1)).sum(),
    "diagonal": lambda z: jnp.diag(z @ z.T).sum() + jnp.trace(z.T @ z),
    "flip": lambda z: (jnp.flip(z) * z).sum(),
    "swapped axes": lambda z: (jnp.einsum("ij->ji", z) * jnp.arange(6.0).reshape(3, 2)).sum(),
}

COMPUTATIONS = {
    "arithmetic": lambda z: (2 * z - z / 4 + z * z - (-z) + 1 / (1 + z**2)).sum(),
    "powers": lambda z: (z**2 + z**3 + jnp.abs(z) ** 2.5 + (1 + z**2) ** -1.5 + 2.0**z).sum(),
    "exponentials": lambda z: (jnp.exp(z) + jnp.expm1(z) + jnp.exp2(z)).sum(),
    "logarithms": lambda z: (jnp.log(1 + z**2) + jnp.log1p(z**2) + jnp.log2(2 + z**2) + jnp.log10(2 + z**2)).sum(),
    "roots": lambda z: (jnp.sqrt(1 + z**2) + lax.rsqrt(1 + z**2)).sum(),
    "trigonometry": lambda z: (jnp.sin(z) + jnp.cos(z) + jnp.arctan(z) + jnp.tan(z / 20)).sum(),
    "hyperbolic": lambda z: (jnp.tanh(z) + jnp.sinh(z) + jnp.cosh(z) + jnp.arcsinh(z)).sum(),
    "special": lambda z: (special.erf(z) + special.erfc(z) + special.gammaln(1 + z**2)).sum(),
    "sigmoid": lambda z: (jax.nn.sigmoid(z) * jnp.arange(3.0)).sum(),
    "softplus": lambda z: jax.nn.softplus(z).sum(),
    "log sigmoid": lambda z: jax.nn.log_sigmoid(z)[0] @ jnp.arange(3.0),
    "softmax": lambda z: jax.nn.softmax(z, axis=0)[0] @ jnp.arange(3.0),
    "log softmax": lambda z: jax.nn.log_softmax(z)[:, 1].sum(),
    "logsumexp": lambda z: special.logsumexp(z, axis=1).sum(),
    "weighted logsumexp": lambda z: special.logsumexp(z, axis=1, b=jnp.array([1.0, 0.0, 2.0])).sum(),
    "masked logsumexp": lambda z: special.logsumexp(jnp.where(MASK, z, -jnp.inf), axis=1).sum(),
    "softmax with where": lambda z: jax.nn.softmax(z, where=MASK).sum(0) @ jnp.arange(3.0),
    "logaddexp": lambda z: jnp.logaddexp(z[0], 2 * z[1]).sum() + jnp.logaddexp2(z[0], z[1]).sum(),
    "xlogy": lambda z: special.xlogy(jnp.arange(3.0), 1 + z**2).sum() + special.xlog1py(z, z**2).sum(),
    "activations": lambda z: (jax.nn.relu(z) + jax.nn.elu(z) + jax.nn.leaky_relu(z) + jax.nn.silu(z)).sum(),
    "gelu": lambda z: (jax.nn.gelu(z) + jax.nn.gelu(z, approximate=False)).sum(),
    "extremes": lambda z: (jnp.maximum(z, 0.5) + jnp.minimum(z, z.T.reshape(2, 3)) + z.max() - z.min(0)).sum(),
    "clip": lambda z: jnp.clip(z, -0.5, 0.5).sum() + lax.clamp(-0.1, z, 0.7).sum(),
    "comparisons": lambda z: (z > 0.2).sum() + (z <= 0).astype(z.dtype).sum() + 0.0,
    "logic": lambda z: jnp.where((z > 0) & ~(z > 1) | (z < -1), z, 0.0).sum(),
    "any and all": lambda z: jnp.where((z > 0).any(1), z[:, 0], 0.0).sum() + jnp.where((z > 0).all(), 1.0, z[0, 0]),
    "sign": lambda z: (jnp.sign(z) * z).sum(),
    "where": lambda z: jnp.where(z > 0, z**2, -z).sum(),
    "nan guards": lambda z: jnp.where(jnp.isnan(z), 0.0, z).sum() + jnp.where(jnp.isfinite(z), z, 0.0).sum(),
    "moments": lambda z: z.mean() + z.var() + z.std(axis=1).sum() + z.prod(),
    "running": lambda z: (jnp.cumsum(z, 1) * jnp.cumprod(z, 0)).sum() + lax.cumsum(z, axis=1, reverse=True)[0] @ z[1],
    "norm": lambda z: jnp.linalg.norm(z) + jnp.linalg.norm(z, axis=1).sum() + jnp.abs(z).sum(),
    "matrices": lambda z: (z @ jnp.arange(12.0).reshape(3, 4)).sum() ** 2 + (jnp.arange(2.0) @ z).sum(),
    "products of variables": lambda z: (z @ z.T).sum() + jnp.vdot(z, z) + jnp.outer(z[0], z[1]).sum(),
    "einsum": lambda z: jnp.einsum("ij,kj,jl->ikl", z, z, jnp.arange(6.0).reshape(3, 2)).sum(),
    "batched": lambda z: jnp.matmul(z.reshape(2, 3, 1), z.reshape(2, 1, 3)).sum(0)[1] @ jnp.arange(3.0),
    "other widths": lambda z: (z.astype(jnp.float64) * 2).sum(),
    "empty axes": lambda z: lax.reduce_sum_p.bind(z[0, 0], axes=(), **_sharding()) ** 2,
    "stop_gradient": lambda z: (z - lax.stop_gradient(z.max())).sum(),
}

PROGRAMS = {
    "jit": jax.jit(lambda z: jnp.exp(z).sum()),
    "checkpoint": lambda z: jax.checkpoint(lambda a: jnp.exp(a).sum())(z),
    "vmap": lambda z: jax.vmap(lambda row, k: special.logsumexp(row) - row[k])(z, Y).mean(),
    "nested vmap": lambda z: jax.vmap(jax.vmap(lambda a: jnp.where(a > 0, a, a**2)))(z).sum(),
    "gradient": lambda z: (jax.grad(lambda w: jax.nn.softplus(w).sum())(z) ** 2).sum(),
    "forward mode": lambda z: jax.jvp(lambda w: jnp.exp(w).sum(), (z,), (jnp.ones_like(z),))[1],
    "second derivative": lambda z: jnp.trace(jax.hessian(lambda w: (w**4).sum())(z[0])),
    "scan": lambda z: lax.scan(lambda c, row: (c + (row**2).sum(), c), 0.0, z)[1].sum(),
    "scan back": lambda z: lax.scan(lambda c, row: (c * 0.5 + row.sum(), c), 0.0, z, reverse=True)[0],
    "fori": lambda z: lax.fori_loop(0, 2, lambda i, c: c + z[i].sum() ** 2, 0.0),
    "while": lambda z: lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1] * z[0, 0]), (0, 1.0))[1],
    "map": lambda z: lax.map(lambda row: jnp.exp(row).sum(), z).sum(),
    "associative scan": lambda z: lax.associative_scan(jnp.add, z[0])[2] ** 2,
    "cond": lambda z: lax.cond(z[0, 0] > 0, lambda a: a**2, lambda a: a - 1, z[0, 0]),
    "cond not": lambda z: lax.cond(z[0, 0] > 0, lambda a: (a**2, 1.0), lambda a: (a, 2.0), z[0, 1])[0],
    "known branch": lambda z: lax.switch(1, [lambda a: a.sum(), lambda a: (a**2).sum(), jnp.prod], z),
    "python loop": lambda z: sum((row**2).sum() for row in z),
    "debug print": lambda z: (jax.debug.print("{}", 1), z.sum())[1],
}


def _sharding():
    return {"out_sharding": None}


@pytest.mark.parametrize("name", MOVES)
def test_elements_are_moved_as_jax_moves_them(name):
    follows(MOVES[name])


@pytest.mark.parametrize("name", COMPUTATIONS)
def test_operations_mean_what_jax_computes(name):
    follows(COMPUTATIONS[name])


@pytest.mark.parametrize("name", PROGRAMS)
def test_calls_loops_and_branches_are_entered(name):
    follows(PROGRAMS[name])


def test_a_function_with_its_own_gradient_counts_by_its_value():
    @jax.custom_vjp
    def odd(x):
        return x**2

    odd.defvjp(lambda x: (x**2, x), lambda x, g: (g * 100.0 * x,))
    follows(lambda z: odd(z).sum())
    assert recorded(lambda z: odd(z).sum())[1].detached
    assert not recorded(lambda z: (z**2).sum())[1].detached


def test_softplus_stays_whole():
    assert len(follows(lambda z: jax.nn.softplus(z[0, 0])).instructions) <= 3 + Z.size


@pytest.mark.parametrize("body", [lambda x, y: x * y, lambda x, y: jnp.maximum(x, y) + jnp.log1p(jnp.exp(-abs(x - y)))])
def test_another_function_of_the_same_name_is_entered(body):
    @jax.custom_jvp
    def logaddexp(x, y):
        return body(x, y)

    logaddexp.defjvp(lambda primals, tangents: (logaddexp(*primals), tangents[0] * 0.0))
    follows(lambda z: logaddexp(z[0], z[1]).sum())


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda z: jnp.sort(z).sum(), "sort"),
        (lambda z: jnp.round(z).sum(), "round"),
        (lambda z: jnp.floor(z).sum(), "floor"),
        (lambda z: special.digamma(z).sum(), "digamma"),
        (lambda z: z.astype(int).sum() + 0.0, "convert_element_type"),
        (lambda z: z.astype(jnp.float8_e4m3fn).astype(float).sum(), "convert_element_type"),
        (lambda z: (z > 0).astype(jnp.uint8).sum().astype(float), "convert_element_type"),
        (lambda z: jnp.take(z[0], jnp.argmax(z[1])), "argmax"),
        (lambda z: z.at[0].add(1.0).sum(), "scatter-add"),
        (lambda z: (z > 0).astype(int).sum() // 2 + 0.0, "div"),
        (lambda z: jnp.abs(jnp.fft.fft(z)).sum(), "fft"),
        (lambda z: lax.reduce_precision(z, 5, 10).sum(), "reduce_precision"),
        (lambda z: lax.while_loop(lambda c: c < 100, lambda c: c * 2, 1 + z[0, 0] ** 2), "while"),
        (lambda z: jax.pure_callback(lambda a: a, jax.ShapeDtypeStruct((), z.dtype), z[0, 0]), "pure_callback"),
    ],
)
def test_of_what_is_not_known_nothing_is_known(function, name):
    lowering, found = recorded(function)
    assert any(what.endswith(f"jax.lax.{name}") for what in found.unknown)
    program = lowering.program(found.output).program
    assert any(instruction.op == "opaque" for instruction in program.instructions)
    assert np.isnan(floats(program, np.zeros((program.variables, 1)))[program.output]).all()


def test_a_lookup_outside_of_the_array_is_no_number():
    lowering, found = recorded(lambda z: z.at[7, 0].get(mode="fill"))
    program = lowering.program(found.output).program
    assert program.instructions[program.output].op == "opaque"
    follows(lambda z: z.at[7, 0].get(mode="fill", fill_value=2.0) + z[0, 0])


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        (lambda z: z.sum() if z.sum() > 0 else -z.sum(), UsageError, "JAX cannot trace"),
        (lambda z: jnp.array(np.sum(np.asarray(z))), UsageError, "JAX cannot trace"),
        (lambda z: z[z > 0].sum(), Exception, "NonConcreteBooleanIndexError|boolean"),
        (lambda z: z, UsageError, r"shape \(2, 3\), not one number"),
        (lambda z: (z.sum(), z.sum()), UsageError, "2 arrays, not one number"),
        (lambda z: z.nothing(), RecordingError, "cannot be traced: AttributeError"),
    ],
)
def test_what_cannot_be_recorded_is_said_in_one_line(function, error, words):
    with pytest.raises(error, match=words) as caught:
        recorded(function)
    assert "\n" not in str(caught.value)


def test_the_user_s_configuration_stays_as_it_is():
    before = jax.config.jax_enable_x64
    recorded(lambda z: jnp.exp(z).sum())
    assert jax.config.jax_enable_x64 == before
    assert jnp.ones(1).dtype == (jnp.float64 if before else jnp.float32)


def test_places_are_lines_of_the_program():
    _, found = recorded(lambda z: jnp.sort(z).sum())
    [where] = found.unknown
    line = test_places_are_lines_of_the_program.__code__.co_firstlineno + 1
    assert where.endswith(f"test_jaxpr.py:{line}: jax.lax.sort")
