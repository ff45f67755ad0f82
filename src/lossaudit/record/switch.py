"""Puts a recorder at the bottom of the mode stack, and takes it away again.

At the bottom every mode of the user's program acts first, and what it asks for is what is recorded. Each thread has
a stack of its own; the recorder is on in those threads that train.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from torch.overrides import TorchFunctionMode, _len_torch_function_stack, _pop_mode, _push_mode


class Switch:
    """Turns one recorder on and off in the current thread."""

    def __init__(self, recorder: TorchFunctionMode) -> None:
        self._recorder = recorder
        self._here = threading.local()

    @property
    def is_on(self) -> bool:
        return getattr(self._here, "on", False)

    def recorded(self) -> bool:
        """Whether this thread was recording until it was last switched off; asked once, the answer is no again."""
        recorded, self._here.recorded = getattr(self._here, "recorded", False), False
        return recorded

    def on(self) -> None:
        """Record from now on."""
        if self.is_on:
            return
        self._here.recorded = False
        above = [_pop_mode() for _ in range(_len_torch_function_stack())]
        _push_mode(self._recorder)
        for mode in reversed(above):
            _push_mode(mode)
        self._here.on = True

    def off(self) -> None:
        """Record no more."""
        if not self.is_on:
            return
        above = []
        for _ in range(_len_torch_function_stack()):
            mode = _pop_mode()
            if mode is self._recorder:
                break
            above.append(mode)
        for mode in reversed(above):
            _push_mode(mode)
        self._here.on = False
        self._here.recorded = True

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Off for a while: compiled code must not see a mode that comes and goes."""
        if not self.is_on:
            yield
            return
        self.off()
        try:
            yield
        finally:
            self.on()
