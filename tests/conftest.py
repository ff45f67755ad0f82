"""Keras has to know its backend before it is imported, and every test of a process shares it."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")
