"""lossaudit: does a model's output head belong with its loss?

Public names are loaded on first use, so that `import lossaudit` touches neither torch nor numpy.
"""

from __future__ import annotations

__version__ = "0.1.0"
