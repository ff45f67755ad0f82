"""Starts lossaudit in a child process, then makes way for the sitecustomize that this one hides."""

import contextlib
import os
import sys

sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(__file__)]
_own = sys.modules.pop("sitecustomize", None)
try:
    import sitecustomize  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "sitecustomize":
        raise
    if _own is not None:  # the import that is under way wants to find it there at its end
        sys.modules["sitecustomize"] = _own
finally:
    with contextlib.suppress(ImportError):
        from lossaudit.run.children import start

        start()
