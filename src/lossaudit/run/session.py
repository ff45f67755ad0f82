"""What one watched process has seen: backward passes, their objectives, and the findings so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace

import torch

from lossaudit.finding import Finding
from lossaudit.pairing import Objective, Place, Reading, Term, Unresolved
from lossaudit.readers.live import LiveTrace, objective_of, prediction_node, reaches_a_parameter, trace_of
from lossaudit.recognise.objective import Found
from lossaudit.record.spans import Spots, place_of
from lossaudit.rules.judge import judge_reading
from lossaudit.run.sampling import Schedule
from lossaudit.run.sight import Capture
from lossaudit.run.terms import identity, sight_of, watch_of
from lossaudit.run.watch import Watch

_RECOGNISED_KEPT = 512


@dataclass(slots=True)
class Entry:
    """One term of one call site, over the run."""

    found: Found
    watch: Watch

    @property
    def named(self) -> bool:
        return self.found.part is not None


@dataclass(slots=True)
class Site:
    """One place that calls `backward`, over the run.

    Attributes:
        entries: Its terms, by what identifies them.
        cut: Why no gradient reaches a parameter, where that was met.
        nonfinite: Backward passes whose root was NaN or infinite.
        roots: Values of the root that are still to be looked at.
    """

    place: Place
    entries: dict[Hashable, Entry] = field(default_factory=dict[Hashable, Entry])
    cut: str = ""
    nonfinite: int = 0
    roots: list[torch.Tensor] = field(default_factory=list[torch.Tensor])

    def count_nonfinite(self) -> None:
        """Look at the roots that were put by; on an accelerator this is where the run waits for it."""
        if self.roots:
            values = torch.stack([root.reshape(()).float() for root in self.roots])
            self.nonfinite += int((~torch.isfinite(values)).sum())
            self.roots.clear()

    def objective(self) -> Objective:
        terms: list[Term] = []
        for entry in self.entries.values():
            term = entry.found.term
            if entry.named:
                term = replace(term, alternatives=(entry.watch.pairing(entry.watch.observed()),))
            terms.append(term)
        return Objective(self.place, tuple(terms), self.cut, self.nonfinite)


class Session:
    """Reads backward passes as they come.

    Args:
        schedule: Which passes are read.
        announce: Called once with each finding, at the pass that first shows it.
        publish: Called now and then, so that what was seen survives the process.
    """

    def __init__(
        self,
        schedule: Schedule,
        announce: Callable[[Finding], None] = lambda _: None,
        publish: Callable[[Session], None] = lambda _: None,
    ) -> None:
        self.schedule = schedule
        self.sites: dict[Hashable, Site] = {}
        self.unresolved: dict[Hashable, Unresolved] = {}
        self.notes: dict[str, None] = {}
        self.steps = 0
        self._announce = announce
        self._publish = publish
        self._suspect: Site | None = None  # its last loss reached no parameter
        self._captures: list[Capture] = []
        self._announced: set[Hashable] = set()
        self._known: dict[Hashable, tuple[Found, ...]] = {}
        self._written_at = 0.0
        self._writing_took = 0.0

    def pass_by(self, spots: Spots) -> bool:
        """Count a backward pass that is not read; the answer says whether to record the next forward pass."""
        return self.schedule.passed(site_key(spots), sampled=False)

    def read_backward(
        self, root: torch.Tensor, spots: Spots, *, recorded: bool, input_peak: torch.Tensor | None = None
    ) -> bool:
        """Read one backward pass before it runs; the answer says whether to record the next forward pass.

        Args:
            root: The scalar that is differentiated.
            spots: Where the program calls it.
            recorded: Whether the forward pass was recorded.
            input_peak: Largest absolute value of the model's input, where it was seen.
        """
        key = site_key(spots)
        sampled = recorded and self.schedule.due(key)
        site = self._site(key, spots)
        self._suspect = None
        if root.grad_fn is None:
            self._cut_root(site, root)
        elif sampled:
            self._read(site, root, self.schedule.passes(key) + 1, input_peak)
        return self.schedule.passed(key, sampled=sampled)

    def note(self, text: str) -> None:
        """A line for the reader of the report, once."""
        self.notes.setdefault(text)

    def list_unresolved(self, what: str, reason: str, spots: Spots) -> None:
        place = place_of(spots)
        self.unresolved.setdefault((what, str(place)), Unresolved(what, reason, place))

    def unlist(self, what: str, spots: Spots) -> None:
        self.unresolved.pop((what, str(place_of(spots))), None)

    def flush(self) -> None:
        """Measure everything that is still pending."""
        for site in self.sites.values():
            site.count_nonfinite()
            for entry in site.entries.values():
                entry.watch.flush()

    def reading(self) -> Reading:
        objectives = tuple(site.objective() for site in self.sites.values() if site.entries or site.cut)
        unresolved = [item for o in objectives for term in o.terms for item in term.unresolved]
        return Reading(objectives, (*unresolved, *self.unresolved.values()))

    def findings(self) -> tuple[Finding, ...]:
        return judge_reading(self.reading())

    def _site(self, key: Hashable, spots: Spots) -> Site:
        site = self.sites.get(key)
        if site is None:
            site = self.sites[key] = Site(place_of(spots) or Place("<unknown>", 0))
        return site

    @property
    def suspects(self) -> bool:
        """Whether the last loss reached no parameter of any module."""
        return self._suspect is not None

    def stepped_without_gradients(self) -> None:
        """An optimizer stepped, and none of its parameters had a gradient."""
        if self._suspect is not None:
            self._cut(self._suspect, "its gradient ends in a tensor that was cut off from the model")

    def _cut_root(self, site: Site, root: torch.Tensor) -> None:
        if isinstance(root, torch.nn.Parameter):
            return
        if root.requires_grad:
            self._cut(site, "it is a new tensor that no operation made, so its gradient ends in itself")
        else:
            self._cut(site, "it carries no gradient")

    def _cut(self, site: Site, how: str) -> None:
        if not site.cut:
            site.cut = how
            self._judge(site)

    def _read(self, site: Site, root: torch.Tensor, step: int, input_peak: torch.Tensor | None) -> None:
        live = trace_of(root)
        found = self._recognised(live, site.place)
        site.roots.append(root.detach())
        fresh = measured = False
        for item in found:
            key = identity(live, item)
            entry = site.entries.get(key)
            if entry is None:
                fresh = True
                entry = site.entries[key] = Entry(item, watch_of(item))
            alone = root.detach() if len(found) == 1 else None
            capture = self._capture(live, item) if entry.watch.wants_capture else None
            measured = entry.watch.see(sight_of(live, item, alone, step, input_peak, capture)) or measured
        if fresh and not reaches_a_parameter(root):
            self._suspect = site
        if fresh or measured:
            site.count_nonfinite()
            self._judge(site)
            self._publish_now_and_then()

    def _capture(self, live: LiveTrace, item: Found) -> Capture | None:
        node = prediction_node(live, item.values[0])
        if node is None:
            return None
        capture = Capture(node)
        self._captures.append(capture)
        return capture

    def end_backward(self) -> None:
        """The backward pass is over: let the graph go."""
        while self._captures:
            self._captures.pop().close()

    def _recognised(self, live: LiveTrace, place: Place) -> tuple[Found, ...]:
        """Equal traces are recognised once."""
        known = self._known.get(live.key)
        if known is None:
            if len(self._known) >= _RECOGNISED_KEPT:
                self._known.clear()
            known = self._known[live.key] = objective_of(live, place)[1]
        return known

    def _judge(self, site: Site) -> None:
        for finding in judge_reading(Reading((site.objective(),))):
            key = (finding.rule, finding.places[:1])
            if key not in self._announced:
                self._announced.add(key)
                self._announce(finding)

    def _publish_now_and_then(self) -> None:
        """Write at most one hundredth of the time away."""
        now = time.monotonic()
        if now - self._written_at < max(2.0, 100.0 * self._writing_took):
            return
        self._publish(self)
        self._written_at = time.monotonic()
        self._writing_took = self._written_at - now


def site_key(spots: Spots) -> Hashable:
    """Call sites are told apart by the two innermost places of the user's program."""
    if len(spots) < 2:
        return tuple((id(code), instruction) for code, instruction in spots)
    (code, instruction), (caller, call) = spots[:2]
    return id(code), instruction, id(caller), call
