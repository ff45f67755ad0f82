"""Landscapes: a loss evaluated over a slice of logit space or of a network's parameters.

`picture` says what a landscape is; `slices`, `paths` and `simplex` draw over a loss's own variables, `probe` and what
builds on it over parameters.
"""

from __future__ import annotations
