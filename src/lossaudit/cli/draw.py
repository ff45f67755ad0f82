"""`lossaudit draw LOSS...` and `lossaudit draw --model MODULE:FACTORY`: pictures of losses, to look at and to keep."""

from __future__ import annotations

import argparse
import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lossaudit.cli.output import shown, writable
from lossaudit.cli.progress import Progress
from lossaudit.errors import UsageError

if TYPE_CHECKING:
    from lossaudit.landscape.picture import Picture

_OUTPUT = "lossaudit-picture"
_FORMATS = ("html", "png", "svg", "npz", "json")
_KINDS = ("surface", "simplex", "path", "field")
_TARGETS = ("index", "one-hot", "{0,1}", "{-1,+1}", "real", "distribution")
_INTERRUPTED = 130  # as a shell reports Ctrl-C
_OF_LOSSES: dict[str, Any] = {  # options that say something of losses only, and what they are unless they are given
    **dict.fromkeys(("head", "target", "at", "kind", "free", "slide", "shape", "domain", "share"), None),
    "classes": None,
    "set": [],
    "raw": False,
}
_OF_MODELS: dict[str, Any] = {
    **dict.fromkeys(
        ("directions", "normalize", "checkpoint", "checkpoints", "samples", "dims", "tolerance", "curvature"), None
    ),
    "seed": None,
    "train_mode": False,
    "resume": False,
}
Free: TypeAlias = "tuple[int, ...] | tuple[tuple[float, ...], ...]"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = (
        "lossaudit draw LOSS... [options] | lossaudit draw --model MODULE:FACTORY | lossaudit draw --from FILE"
    )
    parser.epilog = "The textbook pair and what both stand for: lossaudit draw mse:softmax cross_entropy zero_one"
    parser.add_argument(
        "losses",
        nargs="*",
        metavar="LOSS",
        help="losses side by side: by name (focal), behind a head (mse:softmax), or your own (file.py:loss)",
    )
    parser.add_argument("--output", metavar="FILE", help=f"the picture (default {_OUTPUT}.html)")
    parser.add_argument("--format", choices=_FORMATS, help="its format; the suffix of --output says it too")
    parser.add_argument("--size", type=int, metavar="N", help="nodes along a side, odd")
    parser.add_argument("--reach", type=float, metavar="R", help="half the width of the picture")
    _of_losses(parser.add_argument_group("losses, over the logits of one sample"))
    _of_models(parser.add_argument_group("a model, over its parameters"))
    stored = parser.add_argument_group("stored pictures")
    stored.add_argument(
        "--from", dest="stored", nargs="+", metavar="FILE", help="show .npz pictures again, several side by side"
    )
    parser.set_defaults(handler=handle)


def _of_losses(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--head", help="applied to the logits before each loss that does not bring its own: softmax, ...")
    add("--classes", type=int, metavar="K", help="number of classes (default 3)")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="gamma=2, temperature=4, ...")
    add("--slide", metavar="NAME=LOW..HIGH", help="a slider: gamma=0..5, gamma=0..5:21, temperature=1,2,4")
    add("--kind", choices=_KINDS, help="surface, simplex of probabilities, path to wrong, gradient field")
    add("--target", metavar="Y", help="true class, label or number; of your own loss: index, index:2, ...")
    add("--at", metavar="Z,Z,...", help="the point it goes through: --at=0,0,-2 (default: uniform logits)")
    add("--free", metavar="I,J", help="logits that vary, such as 0,1; or directions: '1,-1,0;0,0,1'")
    add("--share", type=float, metavar="S", help="plateau: gradient under S of cross-entropy's (0.01)")
    add("--raw", action="store_true", help="several losses as they are, not in shares of their largest")
    add("--shape", metavar="N,K", help="shape of your own loss's first argument, such as 4,10")
    add("--domain", metavar="DOMAIN", help="where the variables range: positive, unit, LOW,HIGH, ...")


def _of_models(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--model", metavar="MODULE:FACTORY", help="a function that returns model, loss_fn, data")
    add("--checkpoint", metavar="FILE", help="weights for it")
    add(
        "--directions",
        metavar="HOW",
        help="random (default), hessian (largest and smallest eigenvalue), hessian-largest (the two largest), "
        "trajectory, between (to the one of --checkpoints), permutation[:LAYER] (to a copy with permuted units), head, "
        "head-gradient (steepest descent), head-wrong (towards exchanged classes); or two parameters: "
        "'w1.weight:0,w2.weight:0'",
    )
    add("--normalize", choices=("filter", "layer", "none"), help="of random directions (default filter)")
    add("--checkpoints", nargs="+", metavar="FILE", help="the trajectory, in order")
    add("--samples", type=int, metavar="N", help="use a sub-sample of the data, with its error band")
    add("--train-mode", action="store_true", help="evaluate in train mode: batch statistics, dropout")
    add("--seed", type=int, metavar="S", help="of directions, sub-sample and dropout (default 0)")
    add("--dims", type=int, choices=(1, 2), help="a line or a plane (default 2)")
    add(
        "--tolerance",
        type=float,
        metavar="T",
        help="refine until so small a share of the range is off (default 0.005); 0 for every node",
    )
    add("--curvature", choices=("differences", "derivatives"), help="how it is obtained (default second differences)")
    add("--resume", action="store_true", help="go on where this command was interrupted")


def handle(options: argparse.Namespace) -> int:
    """Draw, write, say what is seen, and return 0; 130 if it was interrupted.

    Raises:
        UsageError: Something that was asked for does not exist, cannot be drawn, or cannot be written.
    """
    from lossaudit.report.picture import ShownPicture

    given = [bool(options.losses), options.model is not None, options.stored is not None]
    if sum(given) != 1:
        raise UsageError(
            "name losses (mse:softmax cross_entropy), or --model MODULE:FACTORY, or --from FILE"
            + ("; one of them at a time" if sum(given) else "")
        )
    _refuse(options, *([] if options.losses else [_OF_LOSSES]), *([] if options.model else [_OF_MODELS]))
    path = _destination(options)
    partial = path.with_name(path.name + ".part")
    progress = Progress("drawing")
    try:
        picture = _picture(options, partial, progress)
    except KeyboardInterrupt:
        progress.end()
        kept = f"; what is done is in {shown(partial)}: the same command with --resume goes on" * partial.exists()
        print(f"lossaudit: interrupted{kept}", file=sys.stderr)
        return _INTERRUPTED
    finally:
        progress.end()
    ShownPicture(picture).save(path)
    print(_told(picture))
    print(f"\nPicture: {shown(path)}")
    return 0


def _picture(options: argparse.Namespace, partial: Path, progress: Progress) -> Picture:
    if options.stored is not None:
        from lossaudit.drawing.stored import stored

        return stored([Path(name) for name in options.stored])
    return _losses(options, progress) if options.losses else _model(options, partial, progress)


def _losses(options: argparse.Namespace, progress: Progress) -> Picture:
    from lossaudit.cli.prove import domain_of, parameters, shape_of
    from lossaudit.drawing.named import SHARE, draw_losses

    kind, target = _target(options.target)
    return draw_losses(
        options.losses,
        head=options.head,
        classes=3 if options.classes is None else options.classes,
        target=target,
        at=_numbers("--at", options.at),
        kind=options.kind,
        free=_free(options.free),
        reach=options.reach,
        size=options.size,
        slider=options.slide,
        options=parameters(options),
        share=SHARE if options.share is None else options.share,
        raw=options.raw,
        shape=shape_of(options.shape),
        targets=kind,
        domain=domain_of(options.domain),
        progress=progress,
    )


def _model(options: argparse.Namespace, partial: Path, progress: Progress) -> Picture:
    from lossaudit.drawing.model import draw_model
    from lossaudit.landscape.picture import Curvature
    from lossaudit.training import load_training

    if options.resume and not partial.exists():
        raise UsageError(f"--resume: there is no {shown(partial)} to go on from; leave --resume out")
    if not options.resume:
        partial.unlink(missing_ok=True)
    if options.normalize is not None and options.directions not in (None, "random", "head", "head-gradient"):
        raise UsageError(f"--normalize is for random directions, which --directions {options.directions} has not")
    training = load_training(options.model, options.checkpoint)
    chosen: dict[str, Any] = {
        "directions": options.directions,
        "normalize": options.normalize,
        "size": options.size,
        "reach": options.reach,
        "samples": options.samples,
        "seed": options.seed,
        "checkpoints": options.checkpoints,
        "dims": options.dims,
        "tolerance": options.tolerance,
        "curvature": None if options.curvature is None else Curvature[options.curvature.upper()],
    }
    asked = {name: value for name, value in chosen.items() if value is not None}
    return draw_model(training, **asked, training_mode=options.train_mode, progress=progress, partial=partial)


def _refuse(options: argparse.Namespace, *groups: dict[str, Any]) -> None:
    """Options of what is not drawn are mistakes, not wishes."""
    for group in groups:
        for name, default in group.items():
            if getattr(options, name) != default:
                what = "losses by name" if group is _OF_LOSSES else "--model"
                raise UsageError(f"--{name.replace('_', '-')} belongs to {what}, which is not what is drawn here")


def _destination(options: argparse.Namespace) -> Path:
    """The file, checked before anything is computed; its suffix is the format."""
    if options.output is None:
        return writable(f"{_OUTPUT}.{options.format or 'html'}")
    suffix = Path(options.output).suffix.lower().removeprefix(".")
    if suffix not in _FORMATS:
        ending = f"ends in .{suffix}" if suffix else "has no suffix"
        raise UsageError(f"--output {options.output} {ending}: end it in .{', .'.join(_FORMATS)}")
    if options.format not in (None, suffix):
        raise UsageError(f"--output {options.output} and --format {options.format} disagree: leave one of them out")
    return writable(options.output)


def _told(picture: Picture) -> str:
    """What is seen, in a few lines."""
    from lossaudit.report.landscape.words import facts, heading

    lines = [picture.title, ""]
    for panel in picture.panels:
        lines += [heading(panel), *(f"  {fact}" for fact in facts(panel))]
    encoding = sys.stdout.encoding or "utf-8"
    return "\n".join(lines).encode(encoding, errors="backslashreplace").decode(encoding)


def _target(text: str | None) -> tuple[str | None, float | None]:
    """Which kind of targets, and which target: `2`, `index`, `index:2`."""
    if text is None:
        return None, None
    kind, _, value = text.rpartition(":") if ":" in text else (text, "", "") if text in _TARGETS else ("", "", text)
    if kind and kind not in _TARGETS:
        raise UsageError(f"--target {text}: there are no {kind!r} targets; there is {', '.join(_TARGETS)}")
    try:
        return kind or None, float(value) if value else None
    except ValueError:
        raise UsageError(f"--target {text}: write a number, or one of {', '.join(_TARGETS)}") from None


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(map(_finite, text.split(",")))
    except ValueError:
        raise UsageError(f"{option} {text}: write numbers, such as 0,2,-1") from None


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _free(text: str | None) -> Free | None:
    """Positions, or with a semicolon (or more than two numbers) directions."""
    if text is None:
        return None
    if re.fullmatch(r"\d+(,\d+)?", text):
        return tuple(map(int, text.split(",")))
    rows = [_numbers("--free", row) for row in text.split(";") if row]
    return tuple(row for row in rows if row is not None)
