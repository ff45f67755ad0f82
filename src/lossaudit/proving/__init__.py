"""Prove or refute a property of a loss as it is written: the recorder and the geometry, joined."""
