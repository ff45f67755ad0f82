"""What a model and a loss make of given data, without training: reading, measures, verdicts, curvature, landscape."""

from __future__ import annotations

from lossaudit.audit.reading import audit_batch
from lossaudit.audit.whole import Asked, audit_training

__all__ = ["Asked", "audit_batch", "audit_training"]
