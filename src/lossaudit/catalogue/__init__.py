"""Every operation and loss that lossaudit knows, each once, with its spelling in every framework."""

from __future__ import annotations
