"""The places in torch at which a run is watched. Installed right after the program has imported torch.

Whatever goes wrong in here is counted and noted; it never reaches the program.
"""

from __future__ import annotations

import functools
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from lossaudit.record.spans import Spots, called_by_us, current_spots
from lossaudit.record.switch import Switch
from lossaudit.record.torch_mode import Recorder
from lossaudit.run.after_import import after_import
from lossaudit.run.session import Session


@dataclass(slots=True)
class _Pending:
    """A call of `autograd.grad` that counts once its inputs have been updated in place."""

    root: torch.Tensor
    spots: Spots
    inputs: list[tuple[weakref.ref[torch.Tensor], int]]

    @property
    def drove_an_update(self) -> bool:
        alive = [(ref(), version) for ref, version in self.inputs]
        return bool(alive) and any(tensor is not None and tensor._version > version for tensor, version in alive)


def _wrap(owner: Any, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[[], None]:
    """Replace a function of torch by a wrapped one; the answer puts it back."""
    original = getattr(owner, name)
    setattr(owner, name, wrapper(original))
    return lambda: setattr(owner, name, original)


def _is_plain(tensors: Any) -> bool:
    """One tensor that operations made: what nearly every `backward` is called on."""
    return isinstance(tensors, torch.Tensor) and tensors.grad_fn is not None and tensors.dim() == 0


@contextmanager
def watching(session: Session) -> Iterator[Hooks]:
    """Watch what happens inside the block, in this thread."""
    hooks = Hooks(session, None)
    uninstall = hooks.install()
    try:
        yield hooks
    finally:
        uninstall()


class Hooks:
    """Connects one session with torch in this process."""

    def __init__(self, session: Session, stop_after: int | None) -> None:
        self.session = session
        self.recorder = Recorder()
        self.switch = Switch(self.recorder)
        self._stop_after = stop_after
        self._active = True
        self._wanted = True  # whether the coming forward pass is to be recorded
        self._lock = threading.Lock()
        self._pending: _Pending | None = None

    def install(self) -> Callable[[], None]:
        """Wrap `backward` and `grad`, and follow the optimizers' steps. The answer undoes it."""
        undo = [
            _wrap(torch.Tensor, "backward", self._tensor_backward),
            _wrap(torch.autograd, "backward", self._backward),
            _wrap(torch.autograd, "grad", self._grad),
        ]
        before = register_optimizer_step_pre_hook(self._before_step)
        after = register_optimizer_step_post_hook(self._after_step)
        after_import("torch._dynamo.eval_frame", self._around_compiled)
        os.register_at_fork(after_in_child=self._stand_down)
        self.switch.on()

        def uninstall() -> None:
            self._stand_down()
            for action in undo:
                action()
            before.remove()
            after.remove()

        return uninstall

    def _stand_down(self) -> None:
        """A forked child (a DataLoader's worker) is not watched."""
        self._active = self._wanted = False
        self.switch.off()

    def _tensor_backward(self, original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def backward(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> None:
            self.switch.off()
            return original(tensor, *args, **kwargs)

        return backward

    def _backward(self, original: Callable[..., None]) -> Callable[..., None]:
        graph_task = torch._C._current_graph_task_id

        @functools.wraps(original)
        def backward(tensors: Any, *args: Any, **kwargs: Any) -> None:
            if not self._active or graph_task() != -1:
                return original(tensors, *args, **kwargs)
            if self._wanted or self._pending is not None or not _is_plain(tensors):
                self.switch.off()
                self._wanted = bool(self._guarded(self._read_backward, tensors, args, kwargs))
                self.recorder.forget()
            else:  # the common case: nothing was recorded, nothing is to be read
                self._wanted = self.session.pass_by(current_spots(2))
            try:
                return original(tensors, *args, **kwargs)
            finally:
                self.session.end_backward()
                if self._wanted:
                    self.switch.on()

        return backward

    def _grad(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def grad(outputs: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            if self._active and torch._C._current_graph_task_id() == -1 and not called_by_us():
                with self.switch.suspended():
                    keeps_graph = bool(kwargs.get("create_graph") or kwargs.get("retain_graph") or args[1:3])
                    self._guarded(self._read_grad, outputs, inputs, keeps_graph)
                    return original(outputs, inputs, *args, **kwargs)
            return original(outputs, inputs, *args, **kwargs)

        return grad

    def _guarded(self, action: Callable[..., Any], *args: Any) -> Any:
        """Run our own code: one thread at a time, no gradient, no modes of the program, and no exception outwards."""
        try:
            with self._lock, torch._C.DisableTorchFunction(), torch.no_grad():
                return action(*args)
        except Exception as error:
            self.session.note(f"a backward pass could not be read: {type(error).__name__}: {error}")
            return True

    def _read_backward(self, tensors: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        spots = current_spots()
        self._settle()
        recorded = self.switch.recorded() and self._wanted
        wanted = True
        weights = args[0] if args else kwargs.get("grad_tensors")
        for root in [tensors] if isinstance(tensors, torch.Tensor) else list(tensors):
            if not isinstance(root, torch.Tensor):
                self.session.list_unresolved("backward from a gradient edge", "it has no value to read", spots)
            elif root.numel() != 1 or (weights is not None and root.dim() != 0):
                shape = "x".join(map(str, root.shape))
                self.session.list_unresolved(f"backward from a tensor of shape {shape}", "it is no scalar loss", spots)
            else:
                peak = self.recorder.input_peak
                wanted = self.session.read_backward(root, spots, recorded=recorded, input_peak=peak)
        return wanted

    def _read_grad(self, outputs: Any, inputs: Any, keeps_graph: bool) -> None:
        self._settle()
        spots = current_spots()
        roots = [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)
        leaves = [inputs] if isinstance(inputs, torch.Tensor) else list(inputs)
        leaves = [x for x in leaves if isinstance(x, torch.Tensor) and x.is_leaf and not x.is_inference()]
        scalar = len(roots) == 1 and isinstance(roots[0], torch.Tensor) and roots[0].numel() == 1
        if scalar and leaves and not keeps_graph:  # to hold on to a whole graph would cost memory
            self._pending = _Pending(roots[0], spots, [(weakref.ref(x), x._version) for x in leaves])
        self.session.list_unresolved("torch.autograd.grad", "listed, not judged: it drives no update by itself", spots)

    def _settle(self) -> None:
        """Judge an earlier `autograd.grad` whose inputs have been updated since."""
        pending, self._pending = self._pending, None
        if pending is not None and pending.drove_an_update:
            self.session.unlist("torch.autograd.grad", pending.spots)
            self.session.read_backward(pending.root, pending.spots, recorded=True)

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        closure = args[1] if len(args) > 1 else kwargs.get("closure")  # the first is the optimizer itself
        if closure is None:  # a closure runs the model inside the step
            self.switch.off()
        if self.session.suspects and not any(p.grad is not None for g in optimizer.param_groups for p in g["params"]):
            self._guarded(self.session.stepped_without_gradients)

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if not self._active:
            return
        self.session.steps += 1
        if self._wanted:
            self.switch.on()
        if self._stop_after is not None and self.session.steps >= self._stop_after:
            self.session.note(f"stopped after {self.session.steps} optimizer steps, as asked")
            raise SystemExit(0)

    def _around_compiled(self, module: ModuleType) -> None:
        """Step aside while compiled code runs: dynamo guards on the mode stack."""
        context = module._TorchDynamoContext
        original = context.__call__

        @functools.wraps(original)
        def call(this: Any, fn: Any) -> Any:
            compiled = original(this, fn)
            if isinstance(compiled, torch.nn.Module | type):
                return compiled

            @functools.wraps(compiled)
            def stepping_aside(*args: Any, **kwargs: Any) -> Any:
                if not self.switch.is_on:
                    return compiled(*args, **kwargs)
                self.session.note("parts of the program are hidden by torch.compile")
                with self.switch.suspended():
                    return compiled(*args, **kwargs)

            return stepping_aside

        context.__call__ = call
