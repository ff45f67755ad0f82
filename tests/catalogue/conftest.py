"""Keras needs to know its backend before it is imported; the losses here are compared on PyTorch's."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
