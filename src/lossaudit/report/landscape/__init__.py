"""How a picture is shown: interactive and offline, as SVG and PNG, in a notebook."""

from __future__ import annotations
