"""Starts lossaudit in a child process, then makes way for the sitecustomize that this one hides."""

import contextlib
import os
import sys

sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(__file__)]
_own = sys.modules.pop("sitecustomize")
try:
    import sitecustomize  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "sitecustomize":
        raise
    sys.modules["sitecustomize"] = _own  # the import that is under way wants to find something there
finally:
    with contextlib.suppress(ImportError):
        from lossaudit.run.children import start

        start()
