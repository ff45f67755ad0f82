"""The recorder must not be noticed by the program: same numbers, same memory, same modes, no exceptions."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from lossaudit.readers.live import objective_of, trace_of
from lossaudit.record.records import KEY, notes_of
from lossaudit.record.sample import ELEMENTS, ROWS, Grid, grid_of, take
from lossaudit.record.switch import Switch
from lossaudit.record.torch_mode import Recorder

torch.manual_seed(0)
Y = torch.tensor([0, 1, 2, 3, 0, 1])
X = torch.randn(6, 5)


class _On:
    """A recorder that is on inside the block, and has met nothing it stumbled over."""

    def __enter__(self) -> Recorder:
        self.recorder = Recorder()
        self.switch = Switch(self.recorder)
        self.switch.on()
        return self.recorder

    def __exit__(self, kind, *_) -> None:
        self.switch.off()
        assert kind is not None or self.recorder.failures == 0


def _names(loss):
    return [pairing.loss.loss for term in objective_of(trace_of(loss), None)[0].terms for pairing in term.alternatives]


def _train():
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 4))
    optimizer = torch.optim.Adam(model.parameters())
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        x = X + torch.randn_like(X)
        p = model(x).softmax(1)
        loss = F.mse_loss(p, F.one_hot(Y, 4).float()) - 0.1 * torch.log(p[range(6), Y]).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    state = [*model.state_dict().values(), *(p.grad for p in model.parameters())]
    return [*losses, *state, torch.get_rng_state()]


def test_values_gradients_buffers_and_random_state_are_the_same():
    plain = _train()
    with _On():
        recorded = _train()
    assert all(torch.equal(a, b) for a, b in zip(plain, recorded, strict=True))


@pytest.mark.parametrize(
    "nothing",
    [
        torch.Tensor.contiguous,
        torch.Tensor.float,
        lambda z: z.to(torch.float32),
        lambda z: F.dropout(z, 0.5, training=False),
        nn.Dropout(0.3).eval(),
        nn.Identity(),
        lambda z: z.reshape(z.shape),
        lambda z: z.requires_grad_(),
        lambda z: z.expand_as(z),
    ],
    ids=[
        "contiguous",
        "float",
        "to",
        "dropout off",
        "Dropout in eval",
        "Identity",
        "reshape",
        "requires_grad_",
        "expand",
    ],
)
def test_what_does_nothing_keeps_what_was_known(nothing):
    model = nn.Linear(5, 4)
    with _On():
        loss = F.cross_entropy(nothing(model(X).softmax(1)), Y)
    (term,) = objective_of(trace_of(loss), None)[0].terms
    steps = [step for step in term.alternatives[0].prediction.steps if step.op == "softmax"]
    assert [step.axis for step in steps] == [1]
    assert term.alternatives[0].prediction.source.value == "affine"


def test_the_copies_are_of_the_moment_of_the_loss():
    model, target = nn.Linear(5, 4), F.one_hot(Y, 4).float()
    with _On():
        p = model(X).softmax(1)
        loss = F.mse_loss(p, target)
        expected, shown = target.clone(), p.detach().clone()
        target.zero_()
        with torch.no_grad():
            p.mul_(0)
    record = notes_of(loss.grad_fn)[KEY]
    assert torch.equal(record.copies["target"], expected)
    assert torch.equal(record.copies["input"], shown)


def test_records_die_with_the_graph():
    gc.collect()
    gc.disable()  # reference counts alone have to do it: no cycle may hold the user's tensors
    try:
        with _On() as recorder:
            z = nn.Linear(5, 4)(X)
            alive = weakref.ref(z)
            loss = F.cross_entropy(z.softmax(1), F.one_hot(Y, 4).float())
            copied = weakref.ref(notes_of(loss.grad_fn)[KEY].copies["input"])
            del z
        assert copied() is not None
        del loss
        assert alive() is None
        assert copied() is None
        recorder.forget()
        assert recorder._made == {}
    finally:
        gc.enable()


def test_an_evaluation_without_a_backward_does_not_pile_up():
    model = nn.Linear(5, 4)
    with _On() as recorder, torch.no_grad():
        first = F.cross_entropy(model(X), Y)
        start = weakref.ref(first)
        total = first.clone()
        for _ in range(2000):
            total = total + F.cross_entropy(model(X), Y)
        assert recorder.record_of(total).depth < 600  # so that at most this many records are held
        assert len(recorder._made) < 50
        assert not recorder.record_of(first).copies
        del first
    assert start() is None


def test_copies_are_bounded():
    with _On():
        z = torch.zeros(2048, 5000, requires_grad=True)
        loss = F.cross_entropy(z * 1.0, torch.zeros(2048, dtype=torch.long))
    copies = notes_of(loss.grad_fn)[KEY].copies
    assert 0 < copies["input"].numel() <= ELEMENTS
    assert len(copies["input"]) == len(copies["target"])
    assert copies["input"].untyped_storage().nbytes() <= 4 * ELEMENTS  # a copy, not a view of the user's memory


@pytest.mark.parametrize(
    "shape", [(7,), (300,), (7, 3), (1000, 10), (3, 300_000), (4, 5, 6, 7), (2, 3, 400, 500), (0, 4)]
)
def test_rows_are_evenly_spaced_and_few(shape):
    for axis in (None, *range(len(shape))):
        tensor = torch.arange(torch.Size(shape).numel()).reshape(shape)
        grid = grid_of(shape, axis)
        rows = take(tensor, axis, grid)
        if tensor.numel() == 0:
            assert rows is None
            continue
        assert rows is not None
        every = tensor.movedim(axis, -1).reshape(-1, shape[axis]) if axis is not None else tensor.reshape(-1)
        assert torch.equal(rows, every[:: grid.stride])
        assert len(rows) <= ROWS
        assert rows.numel() <= max(ELEMENTS, shape[axis] if axis is not None else 0)


def test_rows_of_another_grid_are_refused():
    assert take(torch.zeros(5, 3), 1, Grid(6, 3, 1)) is None


class _Doubling(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        return out * 2 if func is F.linear else out


class _Counting(TorchDispatchMode):
    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        type(self).count += 1
        return func(*args, **(kwargs or {}))


def test_the_programs_own_modes_work_above_ours():
    model = nn.Linear(5, 4)
    plain = model(X)
    with _On():
        with _Doubling():
            assert torch.equal(model(X), 2 * plain)
        with _Counting():
            loss = F.cross_entropy(model(X), Y)
        with torch.device("meta"):
            assert torch.zeros(2).device.type == "meta"
        assert torch.zeros(2).device.type == "cpu"
    assert _Counting.count > 0
    assert _names(loss) == ["cross_entropy"]


def test_switching_on_and_off_under_a_mode_of_the_program_keeps_its_place():
    recorder = Recorder()
    switch = Switch(recorder)
    with _Doubling():
        switch.on()
        switch.on()
        assert switch.is_on
        with switch.suspended():
            assert not switch.is_on
        assert switch.is_on
        assert torch.equal(F.linear(X, torch.eye(5)), 2 * X)
        switch.off()
        switch.off()
        assert torch.equal(F.linear(X, torch.eye(5)), 2 * X)
    assert torch.equal(F.linear(X, torch.eye(5)), X)
    assert torch.overrides._len_torch_function_stack() == 0


def test_function_transforms_pass_through():
    def loss(w, x, y):
        return F.cross_entropy((w @ x)[None], y[None])

    w = torch.randn(4, 5)
    plain = torch.func.vmap(torch.func.grad(loss), (None, 0, 0))(w, X, Y)
    with _On():
        recorded = torch.func.vmap(torch.func.grad(loss), (None, 0, 0))(w, X, Y)
        jacobian = torch.func.jacrev(lambda w: w.sin())(w)
    assert torch.equal(plain, recorded)
    assert jacobian.shape == (4, 5, 4, 5)


class _Tagged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return super().__torch_function__(func, types, args, kwargs or {})


def _nested():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch: a prototype
        nested = torch.nested.nested_tensor([torch.randn(2, 3), torch.randn(4, 3)], layout=torch.jagged)
        return (nested * 2).sin().values().sum()


def _sparse():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sparse = torch.eye(4).to_sparse().requires_grad_()
        return torch.sparse.mm(sparse, torch.randn(4, 2)).sum() + torch.eye(3).to_sparse_csr().to_dense().sum()


STRANGE = {
    "subclass": lambda: F.cross_entropy(torch.randn(6, 4).as_subclass(_Tagged).requires_grad_() * 2, Y),
    "nested": _nested,
    "sparse": _sparse,
    "complex": lambda: (torch.randn(4, dtype=torch.complex64, requires_grad=True).exp().abs() ** 2).mean(),
    "empty": lambda: F.cross_entropy(
        torch.zeros(0, 4, requires_grad=True) * 1, torch.zeros(0, dtype=torch.long), reduction="sum"
    ),
    "no classes": lambda: torch.zeros(3, 0, requires_grad=True).softmax(1).sum(),
    "scalar": lambda: F.mse_loss(torch.tensor(1.0, requires_grad=True) * 2, torch.tensor(2.0)),
    "meta": lambda: F.cross_entropy(torch.zeros(6, 4, device="meta", requires_grad=True) * 1, Y.to("meta")),
    "half": lambda: F.mse_loss(torch.randn(6, 4, requires_grad=True).half().softmax(1), torch.zeros(6, 4).half()),
    "bool index": lambda: torch.randn(6, 4, requires_grad=True).softmax(1)[Y > 1].sum(),
    "autocast": lambda: _autocast(),
    "einsum": lambda: torch.einsum("ij,kj->ik", torch.randn(2, 3, requires_grad=True), torch.randn(4, 3)).sum(),
    "unhashable keyword": lambda: torch.randn(6, 4, requires_grad=True).sum(dim=[0, 1]),
    "out": lambda: torch.add(torch.ones(2), 1, out=torch.empty(2)).requires_grad_().sum(),
    "attention": lambda: F.scaled_dot_product_attention(*(torch.randn(1, 2, 3, 4, requires_grad=True),) * 3).sum(),
    "ctc": lambda: F.ctc_loss(
        torch.randn(9, 2, 5, requires_grad=True).log_softmax(2), torch.ones(2, 3, dtype=torch.long), [9, 9], [3, 3]
    ),
}


def _autocast():
    with torch.autocast("cpu", torch.bfloat16):
        return F.cross_entropy(nn.Linear(5, 4)(X), Y)


@pytest.mark.parametrize("what", STRANGE)
def test_strange_tensors_are_no_trouble(what):
    torch.manual_seed(1)
    plain = STRANGE[what]()
    torch.manual_seed(1)
    recorder = Recorder()
    switch = Switch(recorder)
    switch.on()
    try:
        recorded = STRANGE[what]()
    finally:
        switch.off()
    trace_of(recorded)
    if plain.device.type != "meta":
        assert torch.equal(plain.detach(), recorded.detach())
        if recorded.grad_fn is not None and plain.dtype.is_floating_point and what != "sparse":
            recorded.backward()


def test_inference_mode_is_no_trouble():
    with _On(), torch.inference_mode():
        p = nn.Linear(5, 4)(X).softmax(1)
        p.mul_(2)
        assert p.is_inference()


def test_another_thread_is_not_recorded():
    losses = []

    def work():
        losses.append(F.cross_entropy(nn.Linear(5, 4)(X), Y))

    with _On():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert KEY not in notes_of(losses[0].grad_fn)


def test_an_error_of_the_program_stays_its_own():
    with _On(), pytest.raises(IndexError, match="Target 9 is out of bounds"):
        F.cross_entropy(torch.zeros(1, 4), torch.tensor([9]))
    assert torch.overrides._len_torch_function_stack() == 0
