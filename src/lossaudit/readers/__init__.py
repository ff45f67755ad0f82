"""Readers: each makes a reading out of something (a live run, source text, a compiled model)."""
