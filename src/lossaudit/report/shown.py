"""A result that prints well in a terminal and shows well in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lossaudit.finding import Finding
from lossaudit.pairing import Reading
from lossaudit.report import full, html, json
from lossaudit.report.frame import framed
from lossaudit.result import PairingResult, Result

if TYPE_CHECKING:
    from lossaudit.landscape.picture import Picture


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found.

    Attributes:
        result: Everything, as plain data.
        landscapes: Pictures of the loss over the parameters, as arrays.
    """

    result: Result
    landscapes: tuple[Picture, ...] = field(default=(), compare=False)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Mistakes and remarks, worst first."""
        return self.result.findings

    @property
    def pairings(self) -> tuple[PairingResult, ...]:
        """What was compared with what, and what was measured of it."""
        return self.result.pairings

    @property
    def reading(self) -> Reading:
        """The objectives and what was not understood."""
        return Reading(self.result.objectives, self.result.unresolved)

    def to_json(self) -> str:
        """The whole result as JSON."""
        return json.render(self.result)

    def to_html(self) -> str:
        """The whole result as one offline page."""
        return html.render(self.result, landscapes=self.landscapes)

    def __str__(self) -> str:
        return full.render(self.result, report_path=None)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return framed(self.to_html(), scripts=bool(self.landscapes))
