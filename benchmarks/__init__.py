"""Measurements a reader can repeat; each module runs with `python -m benchmarks.NAME`."""
