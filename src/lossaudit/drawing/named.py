"""A picture of losses by name, or of the user's own, over the logits of one sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from lossaudit.drawing.drawn import Drawn, Request, Space, drawn, parameters
from lossaudit.drawing.scale import measured, scale
from lossaudit.drawing.slices import Free, Slice, sliced
from lossaudit.drawing.slider import Slide, slide
from lossaudit.drawing.titles import Seen, caption, described, title
from lossaudit.drawing.witness import judged
from lossaudit.drawing.words import number
from lossaudit.errors import UsageError
from lossaudit.landscape import minima, overlays, simplex, slices
from lossaudit.landscape.picture import Bools, Floats, Mark, MarkKind, Panel, Picture, Setting, Slider, Surface
from lossaudit.proving import failing

SHARE = 0.01
"""Of cross-entropy's gradient: under this one it has vanished."""


def draw_losses(
    losses: Sequence[str | Callable[..., Any]],
    *,
    head: str | None = None,
    classes: int = 3,
    target: float | None = None,
    at: Sequence[float] | None = None,
    kind: str | None = None,
    free: Free | None = None,
    reach: float | None = None,
    size: int | None = None,
    slider: str | tuple[str, Sequence[float]] | None = None,
    options: Mapping[str, Any] | None = None,
    share: float = SHARE,
    raw: bool = False,
    arguments: Sequence[Any] = (),
    shape: tuple[int, ...] | None = None,
    targets: str | None = None,
    domain: str | tuple[float | None, float | None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Picture:
    """Losses side by side over the same slice, on one colour scale.

    Args:
        losses: Names (`"mse"`), names with a head (`"mse:softmax"`), addresses (`"file.py:loss"`), or one callable.
        head: What is applied to the logits before each loss that does not bring its own.
        classes: K.
        target: The true class, label or number.
        at: The point that the slice goes through, a number for each variable; by default uniform logits.
        kind: `"surface"`, `"simplex"`, `"path"` or `"field"`; by default what fits the loss.
        free: Which one or two variables are drawn, or one or two directions.
        reach: Half the width.
        size: Nodes along a side, odd.
        slider: `"gamma=0..5"`, or a name and values: one frame for each.
        options: Parameters of the losses; `temperature` divides the logits.
        share: Of cross-entropy's gradient, under which a high loss is a plateau.
        raw: Show several losses as they are, and not in multiples of a unit.
        arguments: Of a callable: an example.
        shape: Of an address: that of its first argument.
        targets: Of an address: which kind of targets it takes.
        domain: Where the variables range, as the prover takes it.
        progress: Called with the number of surfaces that are done, and of all.

    Raises:
        UsageError: Something asked for does not exist, or a loss does not run.
    """
    if not losses:
        raise UsageError("name a loss to draw, such as mse:softmax")
    if not 0 < share < 1:
        raise UsageError(f"share {share}: a share lies between 0 and 1, such as 0.01")
    request = Request(head, classes, target, dict(options or {}), tuple(arguments), shape, targets, domain)
    slid = None if slider is None else slide(slider, losses)
    steps = [request] if slid is None else [request.moved(slid.name, value) for value in slid.values]
    start = 0 if slid is None else slid.start
    made = [drawn(losses, step) for step in steps]
    first = made[start]
    _comparable(first)
    where = sliced(first[0], kind, at=at, free=free, reach=reach, size=size)
    moving = [slid is not None and _moves(loss, one, slid.name) for loss, one in zip(losses, first, strict=True)]
    reference = None if first[0].reference is None else _computed(first[0].reference, where, "cross-entropy")
    total, panels = sum(len(steps) if moves else 1 for moves in moving), list[Frames]()
    for index, moves in enumerate(moving):
        frames: list[Seen] = []
        for step, losses_then in enumerate(made):
            if not moves and step != start:
                continue
            value = slid.values[step] if slid is not None and moves else None
            frames.append(_seen(losses_then[index], where, reference, share, value))
            if progress is not None:
                progress(sum(len(panel.seen) for panel in panels) + len(frames), total)
        panels.append(Frames(tuple(frames), slid if moves else None))
    settings = _settings(losses, request, where, share, raw, slider)
    return _without_repetition(_picture(panels, where, share, raw, settings))


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """One loss, at each value of the slider."""

    seen: tuple[Seen, ...]
    slide: Slide | None

    @property
    def first(self) -> Seen:
        """At the value that is shown first."""
        if self.slide is None:
            return self.seen[0]
        found = self.seen[self.slide.start]
        return replace(found, setting=described(self.slide.values[self.slide.start], self.slide.name))


def _moves(loss: str | Callable[..., Any], made: Drawn, option: str) -> bool:
    """Whether a loss has the parameter; every logit has a temperature."""
    return option in parameters([loss]) or (option == "temperature" and made.space in (Space.CLASSES, Space.SCORE))


def _comparable(made: Sequence[Drawn]) -> None:
    """Losses side by side are functions of the same variables.

    Raises:
        UsageError: They are not.
    """
    for other in made[1:]:
        if other.axes != made[0].axes:
            raise UsageError(
                f"{made[0].name} is drawn over {_over(made[0])} and {other.name} over {_over(other)}: "
                "they have no axes in common; give a head (mse:softmax), or draw them apart"
            )


def _over(loss: Drawn) -> str:
    return f"{len(loss.variables)} logits" if loss.space is Space.CLASSES else loss.space.value


def _seen(loss: Drawn, where: Slice, reference: Surface | None, share: float, value: float | None) -> Seen:
    """A loss over the slice, with everything that is marked on it."""
    judgement = judged(loss, where)
    surface = _computed(loss.function, where, loss.name)
    plateau = _plateau(surface, _alike(reference, loss, where), where, share)
    if not where.simplex:
        surface = minima.with_minima(surface, loss.function, where.centre, where.directions)
    marks = [*surface.marks]
    if judgement.witness is not None:
        marks.append(judgement.witness)
    if where.called and _within(where, where.middle):
        marks.append(Mark(MarkKind.CENTRE, where.called, where.middle[None, :]))
    notes = (*loss.notes, judgement.note) if judgement.note else loss.notes
    arrows = surface.arrows if where.kind == "field" else None
    surface = replace(
        surface, plateau=plateau, marks=tuple(marks), notes=(*surface.notes, *notes), arrows=arrows, value=value
    )
    return Seen(loss, surface, judgement, of_probabilities=where.simplex)


def _plateau(surface: Surface, reference: Surface | None, where: Slice, share: float) -> Bools | None:
    """Where the gradient has vanished; None where no point of the picture says what is high."""
    if not _within(where, where.measure):
        return None
    return overlays.plateau(surface, reference, share, at=where.measure.tolist()).plateau


def _alike(reference: Surface | None, loss: Drawn, where: Slice) -> Surface | None:
    """The reference with a gradient that equals the loss's own at the middle: a constant factor makes no plateau."""
    if reference is None or reference.slope is None or loss.reference is None:
        return reference
    own, other = (_slope(function, where.node) for function in (loss.function, loss.reference))
    return replace(reference, slope=reference.slope * own / other) if own > 0 and other > 0 else reference


def _slope(function: Callable[[torch.Tensor], torch.Tensor], point: Floats) -> float:
    at = torch.from_numpy(point.copy()).requires_grad_()
    value = function(at)
    if not value.requires_grad:
        return 0.0
    (gradient,) = torch.autograd.grad(value.reshape(()), at, materialize_grads=True)
    return float(gradient.norm())


def _within(where: Slice, point: Floats) -> bool:
    axes = [axis.values for axis in (where.x, where.y) if axis is not None]
    return all(values[0] <= at <= values[-1] for values, at in zip(axes, point, strict=True))


def _computed(function: Callable[[torch.Tensor], torch.Tensor], where: Slice, name: str) -> Surface:
    """The engine's surface; what the loss raises is said in one line."""
    try:
        value = function(torch.from_numpy(where.node))
        if not isinstance(value, torch.Tensor) or value.numel() != 1:
            raise UsageError(f"{name} has to return one number as a tensor")
        if where.simplex:
            return simplex.surface(function, len(where.x.values), name=name, logits=True)
        return slices.surface(function, where.centre, where.directions, where.x, where.y, name=name)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{name} raises {failing.described(error)}") from None


def _picture(
    panels: Sequence[Frames], where: Slice, share: float, raw: bool, settings: Mapping[str, Setting]
) -> Picture:
    """The panels on one scale, with what is seen."""
    units, name = _units(panels, raw)
    shown = [
        Panel(
            tuple(measured(seen.surface, unit) for seen in panel.seen),
            None if panel.slide is None else Slider(panel.slide.name, panel.slide.start),
        )
        for panel, unit in zip(panels, units, strict=True)
    ]
    colours, beyond = scale(name, [frame for panel in shown for frame in panel.frames])
    first = [panel.first for panel in panels]
    said: list[str] = []
    if name != "loss":
        said.append(f"Colours, heights and what is derived from them: {name}.")
        each = [f"{panel.first.surface.name} {number(unit)}" for panel, unit in zip(panels, units, strict=True)]
        said.append(f"The largest values: {', '.join(each)}.")
    said += [beyond] if beyond else []
    return Picture(title(first), caption(first, where, share, said), tuple(shown), colours, where.arrays, settings)


def _without_repetition(picture: Picture) -> Picture:
    """What is said of every surface is said once."""
    surfaces = [frame for panel in picture.panels for frame in panel.frames]
    common = [note for note in surfaces[0].notes if all(note in surface.notes for surface in surfaces)]
    if len(surfaces) == 1 or not common:
        return picture
    panels = [
        replace(
            panel,
            frames=tuple(
                replace(frame, notes=tuple(note for note in frame.notes if note not in common))
                for frame in panel.frames
            ),
        )
        for panel in picture.panels
    ]
    return replace(picture, caption=(*picture.caption, *common), panels=tuple(panels))


def _units(panels: Sequence[Frames], raw: bool) -> tuple[list[float], str]:
    """What each loss is divided by, so that several can share a scale; and what that makes of them."""
    if raw or len(panels) == 1:
        return [1.0] * len(panels), "loss"
    largest = [_largest(panel) for panel in panels]
    if any(unit == 0 for unit in largest):
        return [1.0] * len(panels), "loss"
    return largest, "loss / its largest value here"


def _largest(panel: Frames) -> float:
    """The largest size of a loss over all of its frames; 0 where it is constantly so, or never a number."""
    sizes = [np.abs(seen.surface.loss[np.isfinite(seen.surface.loss)]) for seen in panel.seen]
    return max((float(each.max()) for each in sizes if each.size), default=0.0)


def _settings(
    losses: Sequence[str | Callable[..., Any]],
    request: Request,
    where: Slice,
    share: float,
    raw: bool,
    slider: str | tuple[str, Sequence[float]] | None,
) -> dict[str, Setting]:
    """All that was asked for, to draw it again."""
    named = [loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__) for loss in losses]
    given: dict[str, Setting] = {
        "losses": " ".join(named),
        "head": request.head,
        "classes": request.classes,
        "target": request.target,
        "kind": where.kind,
        "size": len(where.x.values),
        "share": share,
        "raw": raw,
    }
    if slider is not None:
        given["slide"] = slider if isinstance(slider, str) else f"{slider[0]}={','.join(map(str, slider[1]))}"
    return given | {f"set {name}": value for name, value in request.options.items()}
