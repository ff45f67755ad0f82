"""What every process of the suite, and every program that it starts, finds in its environment."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")  # known before Keras is imported; all tests of a process share it
os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers with more threads than cores wait for each other
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # most programs run once: compiling costs more
