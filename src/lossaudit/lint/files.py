"""Writes a file in one step: a reader meets the old or the new one, never half of it."""

from __future__ import annotations

import os
import shutil
import tempfile


def replace_file(path: str, data: bytes) -> None:
    """Put `data` in the stead of the file's content; its permissions stay, and a link keeps pointing to it.

    Raises:
        OSError: It cannot be written; the old file stands as it was.
    """
    real = os.path.realpath(path)
    if os.path.exists(real) and not os.access(real, os.W_OK):
        raise PermissionError(13, "Permission denied", path)
    descriptor, beside = tempfile.mkstemp(prefix=f".{os.path.basename(real)}.", dir=os.path.dirname(real))
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        if os.path.exists(real):
            shutil.copymode(real, beside)
        else:
            os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, real)
    except BaseException:
        os.unlink(beside)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
