"""Losses of JAX before the prover: what is a subject, what is said of it, and what is refused in one line."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

import lossaudit  # noqa: E402
from lossaudit.cli.main import main  # noqa: E402
from lossaudit.errors import UsageError  # noqa: E402
from lossaudit.proving.frameworks import framework_of, subject_of  # noqa: E402
from lossaudit.proving.jax_subject import JaxSubject  # noqa: E402

Z = jnp.array([[0.1, 0.2, 0.3], [1.0, 2.0, -1.0]])
Y = jnp.array([0, 2])


def cross_entropy(z, y):
    return -jax.nn.log_softmax(z)[jnp.arange(len(y)), y].mean()


def network(params, x):
    return ((jax.nn.sigmoid(x @ params["w"][0]) @ params["w"][1] - params["b"]) ** 2).sum()


PARAMS = {"w": [jnp.ones((2, 2)) / 2, jnp.ones(2)], "b": jnp.array(0.5)}
X = jnp.array([[1.0, 2.0], [3.0, -1.0]])


def test_cross_entropy_is_proved_and_squared_error_behind_softmax_refuted():
    assert lossaudit.prove(cross_entropy, Z, Y).status == "proved"
    refuted = lossaudit.prove(lambda z, t: ((jax.nn.softmax(z) - t) ** 2).sum(), Z, jnp.eye(3)[Y])
    assert refuted.status == "refuted"
    assert refuted.witness.as_coded_gap > 0


def test_an_undecided_one_says_where_it_stopped():
    verdict = lossaudit.prove(lambda z: jnp.sort(z[0] ** 3)[0], Z)
    assert verdict.status == "undecided"
    assert "jax.lax.sort" in verdict.reason


@pytest.mark.parametrize(
    ("wrt", "status"),
    [
        ("params.w.1", "proved"),  # least squares
        ("params.b", "proved"),
        (["params.w.1", "params.b"], "proved"),
        ("params.w.0", "refuted"),  # bounded, not constant
        ("params", "refuted"),
        (0, "refuted"),
    ],
)
def test_trees_of_weights_are_variables_leaf_by_leaf_or_jointly(wrt, status):
    assert lossaudit.prove(network, PARAMS, X, wrt=wrt).status == status


def test_names_shapes_and_words():
    subject = JaxSubject.of(network, (PARAMS, X), ["params.b", "params.w"])
    assert subject.variables == (("params.b", ()), ("params.w.0", (2, 2)), ("params.w.1", (2,)))
    assert subject.words == "params.b, params.w.0 and params.w.1 jointly"
    assert subject.shape == (7,)
    assert subject.example == (0.5, 0.5, 0.5, 0.5, 0.5, 1.0, 1.0)
    assert subject.fixed == "x as given (2x2 float64)"
    assert JaxSubject.of(network, (PARAMS, X), -1).words == "x"


def test_values_and_gradients_are_those_of_double_precision():
    subject = JaxSubject.of(lambda z: jnp.exp(z).sum() + jnp.sum(z * jnp.array([1.0, 2.0])), (jnp.zeros(2),))
    point = (0.3, -1.7)
    assert subject.value(point) == pytest.approx(np.exp(0.3) + np.exp(-1.7) + 0.3 - 3.4, rel=1e-14)
    assert subject.gradient(point) == pytest.approx((np.exp(0.3) + 1, np.exp(-1.7) + 2), rel=1e-14)


def test_what_does_not_run_in_double_precision_is_taken_as_given():
    half = jnp.array([1.0, 2.0, 3.0], jnp.float32)
    subject = JaxSubject.of(lambda z: jax.lax.mul(z, half).sum(), (jnp.zeros(3, jnp.float32),))
    assert not subject.double
    assert subject.notes[0].startswith("computed in float32: in float64 the function raises TypeError")
    assert subject.value((1, 1, 1)) == 6.0
    assert lossaudit.prove(lambda z: jax.lax.mul(z, half).sum(), jnp.zeros(3, jnp.float32)).status != "refuted"


def test_a_variable_without_a_gradient_is_named():
    subject = JaxSubject.of(lambda a, b: (a**2).sum() + jax.lax.stop_gradient(b).sum(), (Z, Z), [0, 1])
    assert subject.notes == ("no gradient reaches b",)


def test_a_random_key_is_an_argument_like_any_other():
    def noisy(z, key):
        return ((z + jax.random.normal(key, z.shape)) ** 2).sum()

    assert lossaudit.prove(noisy, Z, jax.random.PRNGKey(0)).status == "proved"
    assert lossaudit.prove(noisy, Z, jax.random.key(0)).status == "proved"


def test_keywords_numbers_and_numpy_arrays_are_held_fixed():
    subject = JaxSubject.of(
        lambda z, y, *, scale, name: scale * ((z - y) ** 2).sum() if name == "mse" else None,
        (Z, np.zeros((2, 3), np.float32)),
        keywords={"scale": 2.0, "name": "mse"},
    )
    assert subject.value((1, 0, 0, 0, 0, 2)) == 10.0
    assert subject.fixed == "y as given (2x3 float64), name = 'mse', scale = 2.0"


def per_sample(z, y):
    return -jax.nn.log_softmax(z)[jnp.arange(len(y)), y]


def branching(z, y):
    return z.sum() if z.sum() > 0 else -z.sum()


def drawing(z, y):
    return (z * np.random.default_rng().standard_normal()).sum()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (per_sample, r"shape \(2,\), not one number: wrap it in a mean or a sum"),
        (branching, "reads values that depend on its variables"),
        (lambda z, y: float(z.sum()), "reads values that depend on its variables"),
        (drawing, "another one each time"),
        (lambda z, y: jnp.argmax(z) * 1.0, "not differentiable"),
        (lambda z, y: jax.lax.stop_gradient(z).sum(), "not differentiable"),
        (lambda z, y: 3.0, "not differentiable"),
        (lambda z, y: jnp.log(z - 100).sum(), "nan at the example, not finite"),
        (lambda z, y: (z > 0).sum(), "returns int64, not a real number"),
        (lambda z, y: (z.sum(), y), "returns tuple, not an array"),
        (lambda z, y: (z * 1j).sum(), "returns complex128, not a real number"),
        (lambda z, y: z @ y, "the function raises TypeError"),
        (lambda z, y: jax.pure_callback(np.sum, jax.ShapeDtypeStruct((), z.dtype), z), "backward pass"),
        (3, "int is not callable"),
    ],
)
def test_what_is_no_subject_is_refused_in_one_line(function, words):
    with pytest.raises(UsageError, match=words) as caught:
        JaxSubject.of(function, (Z, Y))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrt", "words"),
    [
        (2, "there are 2 arguments"),
        (1, "y holds int32, not real numbers"),
        ("x", "there is z, y"),
        ("all", "all parameters of a module"),
        ([], "name one variable"),
        ([0, 0], "name one variable"),
    ],
)
def test_wrt_has_to_name_arrays_of_real_numbers(wrt, words):
    with pytest.raises(UsageError, match=words):
        JaxSubject.of(cross_entropy, (Z, Y), wrt)


def test_the_framework_is_that_of_the_arguments():
    torch = pytest.importorskip("torch")
    assert framework_of([Z, Y]) == framework_of([{"w": [Z]}]) == "jax"
    assert framework_of([torch.ones(2)]) == framework_of([np.ones(2)]) == "torch"
    assert type(subject_of(lambda z: (z**2).sum(), [np.ones(2, np.float32)], framework="jax")) is JaxSubject
    with pytest.raises(UsageError, match="there is torch, jax"):
        subject_of(cross_entropy, [Z, Y], framework="keras")


def test_a_file_of_the_user_s_is_told_to_be_jax(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "import jax\n\ndef loss(z, y):\n    return jax.nn.logsumexp(z, axis=1).sum() - (z * y).sum()\n"
    )
    arguments = ["prove", "mine.py:loss", "--framework", "jax", "--shape", "2,3", "--target", "one-hot"]
    assert main([*arguments, "--format", "concise"]) == 0
    assert "CONVEX" in capsys.readouterr().out


def _run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_neither_framework_loads_the_other():
    loaded = "import sys; print('torch' in sys.modules, 'jax' in sys.modules)"
    prove = "import lossaudit; assert lossaudit.prove(lambda z: (z ** 2).sum(), z).status == 'proved'"
    assert _run(f"import jax.numpy as jnp; z = jnp.ones(2); {prove}; {loaded}") == ["False", "True"]
    assert _run(f"import torch; z = torch.ones(2); {prove}; {loaded}") == ["True", "False"]
