"""The errors that a user may meet. Each message says what, where and how to go on, in one line."""

from __future__ import annotations


class LossauditError(Exception):
    """Base of all errors that lossaudit raises on purpose."""


class UsageError(LossauditError):
    """The request cannot be carried out as it was put: exit code 2."""


class RecordingError(LossauditError):
    """A program could not be recorded or read; the program itself is not at fault."""
