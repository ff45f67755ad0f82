"""Pictures that people ask for: losses by name over their logits, models over their parameters."""

from __future__ import annotations
