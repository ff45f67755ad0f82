"""What a picture shows, in sentences: read off its arrays, and "proved" or "refuted" only where the prover said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossaudit.drawing.drawn import Drawn, Space
from lossaudit.drawing.slices import Slice
from lossaudit.drawing.witness import Judgement
from lossaudit.drawing.words import listed, number, percent
from lossaudit.landscape.picture import Curvature, MarkKind, Surface

_MOSTLY = 0.9  # of the nodes: more is almost everywhere, since a step is met by the nodes along it only
_HIDDEN = 0.5  # of the nodes without a certain sign: more say nothing of all; the edges of a simplex have none
_LONG = 3  # panels; of more, a title names only what stands out


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A loss, its surface, and what is known of it.

    Attributes:
        setting: The slider's value, in words.
        of_probabilities: Whether it is drawn over these, while verdicts speak of logits.
    """

    loss: Drawn
    surface: Surface
    judgement: Judgement
    setting: str = ""
    of_probabilities: bool = False

    @property
    def negative(self) -> float:
        """Share of the nodes where the curvature is negative beyond rounding."""
        return 0.0 if self.surface.negative is None else _share(self.surface.negative, self.surface)

    @property
    def signless(self) -> float:
        """Share of the nodes with a loss whose curvature, or what rounding does to it, is not known."""
        if self.surface.curvature is None:
            return 1.0
        known = np.isfinite(self.surface.curvature) & np.isfinite(self.surface.rounding)
        return _share(~known, self.surface)

    @property
    def plateau(self) -> float:
        """Share of the nodes on the plateau."""
        return 0.0 if self.surface.plateau is None else _share(self.surface.plateau, self.surface)

    @property
    def flat(self) -> float:
        """Share of the nodes where the gradient is exactly zero."""
        return 0.0 if self.surface.slope is None else _share(self.surface.slope == 0, self.surface)

    @property
    def almost_flat(self) -> bool:
        """Whether the gradient is zero nearly everywhere though the loss is not constant."""
        return self.flat > _MOSTLY and bool(np.ptp(self.surface.loss) > 0)


def _share(where: np.ndarray, surface: Surface) -> float:
    finite = np.isfinite(surface.loss)
    return float(np.mean(where[finite])) if finite.any() else 0.0


def title(seen: Sequence[Seen]) -> str:
    """What is seen, short enough to be read at a glance; shares and grounds are in the caption."""
    if len(seen) <= _LONG:
        return "; ".join(headline(each) for each in seen)
    dipping = [each.surface.name for each in seen if each.negative]
    proved = [each.surface.name for each in seen if each.judgement.proved and not each.of_probabilities]
    hidden = [each.surface.name for each in seen if each.signless > _HIDDEN and not each.judgement.proved]
    parts = [f"negative curvature: {listed(dipping)}"] if dipping else ["no negative curvature at any node"]
    if hidden:
        parts = [*parts[: bool(dipping)], f"curvature without a certain sign: {listed(hidden)}"]
    parts += [f"convex: {listed(proved)}"] if proved else []
    return _capital("; ".join(parts))


def headline(each: Seen) -> str:
    """One loss in a few words: "convex" and "not convex" only by a verdict about what is drawn."""
    name = f"{each.surface.name} at {each.setting}" if each.setting else each.surface.name
    if each.almost_flat:
        return f"{name} is flat almost everywhere"
    if each.judgement.proved and not each.of_probabilities:
        said = "is convex"
    elif each.judgement.refuted and not each.of_probabilities:
        said = "is not convex"
    elif each.negative:
        said = "has negative curvature"
    elif each.signless > _HIDDEN:
        said = "has a curvature without a certain sign"
    else:
        said = "has no negative curvature at any node"
    return f"{name} {said}" + (" and has a plateau" if each.plateau else "")


def clause(each: Seen) -> str:
    """All that is seen of one loss, with its shares, and what the prover says."""
    said: list[str] = []
    of = "curve" if each.surface.y is None else "picture"
    inside = " in the logits" if each.of_probabilities else ""
    if each.judgement.proved:
        said.append(f"convex{inside} (proved)")
    elif each.judgement.refuted:
        said.append(f"not convex{inside} (refuted)")
    almost = each.almost_flat
    if almost:
        said.append("flat almost everywhere")
    elif each.flat > _MOSTLY / 2:
        said.append(f"flat in {percent(each.flat)} of the {of}")
    if each.negative and not almost:
        said.append(f"negative curvature in {percent(each.negative)} of the {of}")
    elif not each.judgement.proved or each.of_probabilities:
        place = " in the probabilities" if inside else ""
        unknown = f"curvature{place} without a certain sign in {percent(each.signless)} of the {of}"
        none = f"no negative curvature{place} at any node"
        said += [] if almost else [unknown if each.signless > _HIDDEN else none]
    if each.plateau:
        said.append(f"{percent(each.plateau)} plateau")
    at = f" at {each.setting}" if each.setting else ""
    return f"{each.surface.name}{at}: {', '.join(said)}"


def caption(seen: Sequence[Seen], where: Slice, share: float, scale: Sequence[str]) -> tuple[str, ...]:
    """How it was made and how to read it."""
    surfaces = [each.surface for each in seen]
    target = seen[0].loss.target
    subject = f"One sample with {target}" if target else f"An example of {seen[0].loss.words}"
    sentences = [f"{subject}, over {where.place}.", *where.notes]
    sentences += [f"{_capital(clause(each))}." for each in seen]
    sentences += [f"{_capital(name)} reads {words}." for name, words in _functions(seen)]
    sentences += _of_curvature(surfaces, where)
    if any(surface.plateau is not None and surface.plateau.any() for surface in surfaces):
        sentences.append(plateau_words(seen[0].loss, where, share))
    if any(mark.kind is MarkKind.WITNESS for surface in surfaces for mark in surface.marks):
        sentences.append(
            "Witness: at the middle of the marked segment the loss is larger than the mean of its ends, "
            "confirmed in exact arithmetic; no convex function does that."
        )
    if any(each.flat > _MOSTLY / 2 for each in seen):
        sentences.append("Flat: the gradient is exactly zero.")
    if where.called:
        sentences.append(f"The centre mark is {where.called}.")
    sentences += scale
    return tuple(dict.fromkeys(sentence for sentence in sentences if sentence))


def plateau_words(loss: Drawn, where: Slice, share: float) -> str:
    """How the plateau is defined."""
    at = where.called or f"{where.place} = {', '.join(number(float(v)) for v in where.measure)}"
    if loss.space is Space.NUMBER:
        at = "one unit above the target"
    if loss.reference is None:
        own = f"{percent(share)} of its own at {at}"
        return f"Plateau: the gradient is under {own}, while the loss is at least what it is there."
    other = f"{percent(share)} of cross-entropy's at the same point, each in units of its own at {at}"
    return f"Plateau: the gradient is under {other}, while the loss is at least what it is there."


def _of_curvature(surfaces: Sequence[Surface], where: Slice) -> list[str]:
    by = {surface.curvature_by for surface in surfaces if surface.curvature_by is not None}
    if not by:
        return []
    how = " or ".join(sorted(Curvature(each).value for each in by))
    what = "the second derivative" if where.y is None else "the smallest eigenvalue of the Hessian"
    return [
        f"Curvature: {what} with respect to {where.place}, by {how}; it is negative only beyond what rounding can do."
    ]


def _functions(seen: Sequence[Seen]) -> list[tuple[str, str]]:
    return [(each.surface.name, each.loss.words) for each in seen if each.loss.words != each.surface.name]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def described(value: float, name: str) -> str:
    """A slider's value.

    >>> described(2.0, "gamma")
    'gamma = 2'
    """
    return f"{name} = {number(value)}"
