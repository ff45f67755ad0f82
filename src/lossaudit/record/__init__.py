"""Recorders: what a program computes, as it computes it."""
