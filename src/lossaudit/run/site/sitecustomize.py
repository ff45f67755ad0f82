"""Starts lossaudit in a child process, then makes way for the sitecustomize that this one hides."""

import contextlib
import os
import sys

_this = sys.modules.pop("sitecustomize")
sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(__file__)]
with contextlib.suppress(ImportError):
    import sitecustomize  # noqa: F401
sys.modules.setdefault("sitecustomize", _this)
with contextlib.suppress(ImportError):
    from lossaudit.run.children import start

    start()
