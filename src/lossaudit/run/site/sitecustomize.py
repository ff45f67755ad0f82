"""Starts lossaudit in a child process, then makes way for the sitecustomize that this one hides."""

import contextlib
import os
import sys

sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(__file__)]
sys.modules.pop("sitecustomize", None)
with contextlib.suppress(ImportError):
    import sitecustomize  # noqa: F401
with contextlib.suppress(ImportError):
    from lossaudit.run.children import start

    start()
