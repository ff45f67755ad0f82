"""The public functions: plain Python in, results out that print and show themselves."""

from __future__ import annotations

import contextlib
import inspect
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossaudit.errors import UsageError
from lossaudit.report.card import ShownCard
from lossaudit.report.losses import ShownLosses
from lossaudit.report.proof import ShownVerdict
from lossaudit.report.shown import Report

if TYPE_CHECKING:
    import torch

    from lossaudit.finding import Finding
    from lossaudit.geometry.refute import Minimum
    from lossaudit.landscape.picture import Picture
    from lossaudit.pairing import Reading
    from lossaudit.report.choice import ShownChoice
    from lossaudit.report.comparison.shown import ShownComparison
    from lossaudit.report.picture import ShownPicture
    from lossaudit.result import Result
    from lossaudit.training import Training


def audit(
    model: Callable[..., Any],
    loss_fn: Callable[..., Any] | None = None,
    data: Any = None,
    *,
    held_out: Any = None,
    samples: int | None = 10_000,
    landscape: bool = False,
) -> Report:
    """What a model's head and its loss make of given data: reading, findings, verdicts, and measures of every sample.

    Nothing is trained. Parameters, gradients, buffers, training mode and random state are as before. A compiled Keras
    model is given alone: it knows its losses, and it is read without being run, on every backend.

    Args:
        model: Called as `model(x)`; `model(*x)` for a tuple or list, `model(**x)` for a mapping. A compiled Keras model
            may stand alone.
        loss_fn: Called as `loss_fn(output, y)`; returns a scalar tensor.
        data: A batch `(x, y)`, as your training loop has it, or an iterable of such (a DataLoader).
        held_out: The same, of data that was not trained on: it is measured beside the first.
        samples: Of each of the two, at most; None for all.
        landscape: Draw the loss around the parameters as well. It shows in a notebook and in `.to_html()`.

    Returns:
        A report: `print` it, show it in a notebook, or look at `.findings`, `.reading`, `.pairings`.

    Raises:
        lossaudit.errors.UsageError: The data holds no pairs, the model or the loss raises, the loss is no scalar
            tensor, or the Keras model is not compiled.

    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> x, y = torch.randn(32, 8), torch.arange(32) % 4
    >>> model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Softmax(1))
    >>> [finding.rule for finding in audit(model, torch.nn.CrossEntropyLoss(), (x, y)).findings]
    ['double-softmax']
    """
    if loss_fn is None:
        return Report(_compiled(model))
    from lossaudit.audit import Asked, audit_training
    from lossaudit.training import Training

    module: Any = model  # a function is a model as well
    training = Training(module, loss_fn, data, held_out)
    return Report(*audit_training(training, Asked(samples, landscape=landscape)))


def _compiled(model: object) -> Result:
    from lossaudit.compiled import audit_compiled
    from lossaudit.readers.keras import is_model

    if not is_model(model):
        raise UsageError("audit takes a model, a loss and a batch (x, y); only a compiled Keras model is given alone")
    return audit_compiled(model)


def prove(
    loss: Callable[..., Any] | str,
    *arguments: Any,
    wrt: int | str | Sequence[int | str] | None = None,
    domain: str | tuple[float | None, float | None] | None = None,
    property: str = "convex",
    head: str | None = None,
    classes: int = 10,
    **options: Any,
) -> ShownVerdict:
    """Prove a loss convex as it is written, refute it by a confirmed counterexample, or say where the proof stopped.

    Args:
        loss: A function or module that returns one number as a tensor; or the name of a loss (`"focal"`).
        arguments: An example of its arguments. What is not among the variables is held fixed at its value.
        wrt: The variables: a position among the arguments, the name of an argument or of a module's parameter, a list
            of those, or `"all"` for all parameters of a module together. By default the first argument; for a loss by
            name, what it is a loss of.
        domain: Where the variables range: all real numbers, `"positive"`, `"nonnegative"`, `"unit"`, or a pair of ends.
        property: `"convex"`, `"bounded"`, `"lipschitz"` or `"proper"`.
        head: For a loss by name: what is applied to the logits before (`"softmax"`); by default what the loss is for.
        classes: For a loss by name: K.
        options: For a loss by name: its parameters (`gamma=2`).

    Returns:
        A verdict: `.status` is `"proved"`, `"refuted"` or `"undecided"`; print it for the argument.

    Raises:
        lossaudit.errors.UsageError: The function returns no number, is random, changes its input, ...

    >>> import torch
    >>> z, y = torch.zeros(2, 3), torch.tensor([0, 2])
    >>> prove(torch.nn.functional.cross_entropy, z, y).status
    'proved'
    >>> prove("mse", head="softmax", classes=3).status == "refuted"
    True
    """
    from lossaudit.proving.request import in_python, verdict

    return ShownVerdict.of(verdict(in_python(loss, arguments, head, classes, options), wrt, domain, property))


def card(
    loss: Callable[..., Any] | str,
    *arguments: Any,
    domain: str | tuple[float | None, float | None] | None = None,
    head: str | None = None,
    classes: int = 10,
    **options: Any,
) -> ShownCard:
    """Everything known of a loss: curvature, gradient response, constants, statistics, and floating-point health.

    Args:
        loss: A callable that returns one number, or the name of a loss that lossaudit knows (`"focal"`).
        arguments: For a callable: an example of its arguments, raw outputs first and then the target.
        domain: Where the raw outputs range, as for `prove`.
        head: For a loss by name: what is applied to the logits before (`"softmax"`).
        classes: For a loss by name: K.
        options: For a loss by name: its parameters (`gamma=2`).

    Returns:
        A card: print it, or look at `.entries`, each with its value, how it is known, and by which argument.

    Raises:
        lossaudit.errors.UsageError: The function cannot be recorded.

    >>> shown = card("cross_entropy", classes=3)
    >>> shown.entries["proper"].value, shown.entries["proper"].ground.value
    ('strictly', 'proved')
    """
    from lossaudit.proving.card import card as made
    from lossaudit.proving.derive import card_by_name
    from lossaudit.proving.request import in_python

    if isinstance(loss, str) and not arguments:
        return ShownCard.of(card_by_name(loss, head, classes, options, domain))
    return ShownCard.of(made(in_python(loss, arguments, head, classes, options), domain=domain))


def draw(
    loss: Callable[..., Any] | str | None = None,
    *others: Any,
    head: str | None = None,
    classes: int = 3,
    target: float | None = None,
    at: Sequence[float] | None = None,
    kind: str | None = None,
    free: Sequence[int] | Sequence[Sequence[float]] | None = None,
    reach: float | None = None,
    size: int | None = None,
    slide: str | tuple[str, Sequence[float]] | None = None,
    share: float = 0.01,
    raw: bool = False,
    domain: str | tuple[float | None, float | None] | None = None,
    model: Training | str | tuple[Any, ...] | None = None,
    **options: Any,
) -> ShownPicture:
    """A picture of losses over the logits of one sample, or of a model's loss over its parameters.

    Args:
        loss: The name of a loss, alone (`"mse"`) or behind a head (`"mse:softmax"`); an address (`"file.py:loss"`); or
            a callable that returns one number as a tensor.
        others: Further losses, drawn beside the first on the same scale; of a callable: an example of its arguments.
        head: What is applied to the logits before each loss that does not bring its own head.
        classes: For losses by name: K.
        target: The true class, the label, or the target number.
        at: The point that the slice goes through; by default uniform logits.
        kind: `"surface"`, `"simplex"`, `"path"` (to confident and wrong) or `"field"` (gradients as arrows); by default
            what fits the loss.
        free: Which one or two variables are drawn, or one or two directions.
        reach: Half the width of the picture.
        size: Nodes along a side, odd.
        slide: A slider over a parameter: `"gamma=0..5"`, or a name and values.
        share: Of cross-entropy's gradient, under which a high loss is a plateau.
        raw: Several losses as they are, and not in shares of their largest values.
        domain: Where the variables range, as for `prove`.
        model: In the place of losses: `"module:factory"`, or a model with its loss and data.
        options: Parameters of the losses (`gamma=2`), and `temperature`, which divides the logits; or, with a model,
            how its parameters are drawn (`directions="hessian"`, `normalize`, `samples`, `checkpoints`, ...).

    Returns:
        A picture: show it in a notebook, print it, or look at `.picture` for the arrays.

    Raises:
        lossaudit.errors.UsageError: Something that was asked for does not exist or cannot be drawn.

    >>> shown = draw("mse:softmax", "cross_entropy", size=21)
    >>> [bool(panel.surface.negative.any()) for panel in shown.picture.panels]
    [True, False]
    """
    from lossaudit.report.picture import ShownPicture

    if model is not None:
        if loss is not None:
            raise UsageError("draw takes losses or a model: leave one of them out")
        of_losses = {"head": head, "target": target, "at": at, "kind": kind, "free": free, "slide": slide}
        for name, value in of_losses.items():
            if value is not None:
                raise UsageError(f"{name}= belongs to losses by name, which are not what is drawn here")
        return ShownPicture(_of_model(model, {"size": size, "reach": reach, **options}))
    if loss is None:
        raise UsageError("name a loss to draw, such as 'mse:softmax', or give model=")
    if others and callable(others[0]):
        raise UsageError("a model is drawn by draw(model=(model, loss_fn, data))")
    from lossaudit.drawing.named import draw_losses

    several = all(isinstance(other, str) for other in (loss, *others))
    picture = draw_losses(
        [loss, *others] if several else [loss],
        head=head,
        classes=classes,
        target=target,
        at=at,
        kind=kind,
        free=free,
        reach=reach,
        size=size,
        slider=slide,
        options=options,
        share=share,
        raw=raw,
        arguments=() if several else others,
        domain=domain,
    )
    return ShownPicture(picture)


def _of_model(model: Training | str | tuple[Any, ...], options: Mapping[str, Any]) -> Picture:
    from lossaudit.drawing.model import draw_model
    from lossaudit.training import Training, load_training

    if isinstance(model, str):
        training = load_training(model)
    elif isinstance(model, tuple) and len(model) in (3, 4):
        training = Training(*model)
    elif isinstance(model, Training):
        training = model
    else:
        raise UsageError(
            "model= takes 'module:factory' or a tuple (model, loss_fn, data), with held-out data or without"
        )
    given = {name: value for name, value in options.items() if value is not None}
    known = inspect.signature(draw_model).parameters
    for name in given:
        if name not in known:
            raise UsageError(f"a model's picture has no option {name!r}; it has {', '.join(list(known)[1:])}")
    return draw_model(training, **given)


def losses(
    *,
    task: str | None = None,
    head: str | None = None,
    family: str | None = None,
    target: str | None = None,
    framework: str | None = None,
    **properties: bool,
) -> ShownLosses:
    """The losses of the catalogue that fit, with what their cards say.

    Args:
        task: `"multiclass"`, `"regression"`, ...
        head: What stands between the raw outputs and the loss; `"identity"` for nothing.
        family: What the loss compares.
        target: Target encoding (`"class index"`, `"one-hot"`, `"{0,1}"`, ...).
        framework: `"torch"`, `"keras"`, `"tensorflow"`, `"jax"`, or a package.
        properties: `convex`, `strictly_convex`, `proper`, `calibrated`, `bounded`, `lipschitz`, `symmetric`,
            `saturating`: True for losses that have it, False for losses that are known not to.

    Returns:
        Rows: print them, go through them, or take `.to_json()`.

    Raises:
        lossaudit.errors.UsageError: Nothing is called so.

    >>> "brier" in [row.name for row in losses(task="multiclass", proper=True, convex=False)]
    True
    """
    from lossaudit.advise.losses import select

    asked = {name.replace("_", "-"): wanted for name, wanted in properties.items()}
    found = select(task=task, head=head, family=family, target=target, framework=framework, properties=asked)
    return ShownLosses.of(found)


def minima(loss: Callable[..., Any], *arguments: Any, near: Sequence[float], wrt: int | str = 0) -> tuple[Minimum, ...]:
    """Local minima of a loss in one number, each enclosed between two numbers and verified in ball arithmetic.

    Args:
        loss: Returns one number as a tensor.
        arguments: An example of its arguments.
        near: Where to look, a number for each valley.
        wrt: The variable, one number.

    Returns:
        Several only where the loss is verified to be larger, somewhere between two of them, than at both.

    Raises:
        lossaudit.errors.UsageError: The variable is not one number, or the function cannot be followed.

    >>> import torch
    >>> def neuron(w):  # sigmoid and squared error, two examples (Auer, Herbster and Warmuth 1995)
    ...     x, y = torch.tensor([10.0, -0.1]), torch.tensor([0.9, 0.9])
    ...     return ((torch.sigmoid(w * x) - y) ** 2).sum()
    >>> [round(float(m.low), 2) for m in minima(neuron, torch.tensor(1.0), near=[0.2, -20])]
    [-21.97, 0.21]
    """
    from lossaudit.proving.minima import minima as verified

    return verified(loss, *arguments, near=near, wrt=wrt)


def choose(
    targets: Any = None,
    *,
    groups: Any = None,
    task: str | None = None,
    classes: int | None = None,
    imbalance: str | float | None = None,
    noise: float | None = None,
    outliers: bool = False,
    need: str | Sequence[str] = (),
    metric: str | None = None,
    costs: str | Sequence[Sequence[float]] | None = None,
    framework: str | None = None,
) -> ShownChoice:
    """Which loss fits a task and its targets: a short list with reasons and code, and what is refused.

    Args:
        targets: An array, a tensor, a sequence, or a path (`"y.npy"`, `"y.csv:column"`). Words win over data.
        groups: For ranking: which list each row belongs to; the name of a column if targets is a CSV file.
        task: What is predicted (`"multiclass"`, `"counts"`, ...).
        classes: How many classes, labels or levels.
        imbalance: The rarest class against the most common one (`"1:500"`, or 500).
        noise: Share of wrong labels.
        outliers: Whether some targets are far off.
        need: `"calibrated-probabilities"`, `"ranking"`, `"quantiles"`, `"uncertainty"`, or several of them.
        metric: What you report (`"f1"`, `"mae"`, ...).
        costs: What each decision costs, a row for each true class; or a CSV file.
        framework: `"torch"`, `"keras"` or `"optax"`; by default code for all.

    Returns:
        An answer: print it, show it in a notebook, or look at `.ranked`, `.refused`, `.changes`.

    Raises:
        lossaudit.errors.UsageError: A word is not known, or there is nothing to learn from the targets.

    >>> [each.loss for each in choose([0, 3, 1, 0, 12, 2, 0, 1], metric="rmsle").ranked][:2]
    ['msle', 'poisson_nll']
    """
    from lossaudit.advise.choose.ask import ask, in_python
    from lossaudit.report.choice import ShownChoice

    asked: dict[str, Any] = {
        "task": task,
        "classes": classes,
        "imbalance": imbalance,
        "noise": noise,
        "outliers": outliers,
        "need": need,
        "metric": metric,
        "costs": costs,
    }
    try:
        return ShownChoice.of(ask(targets, groups, framework, **asked))
    except UsageError as error:
        raise UsageError(in_python(str(error))) from None


def compare(
    model_factory: Callable[..., torch.nn.Module] | str | None = None,
    data: Any = None,
    losses: Sequence[str | Callable[..., Any]] = (),
    *,
    train: Callable[..., Any] | str | None = None,
    start: str | None = None,
    noise: float | None = None,
    imbalance: float | None = None,
    seeds: int = 5,
    epochs: int | None = None,
    budget: float | str | None = None,
    batch: int | None = None,
    optimizer: str | None = None,
    weight_decay: float | None = None,
    rates: Sequence[float] | None = None,
    metric: Callable[..., Any] | str | None = None,
    metric_better: str = "larger",
    level: float | None = None,
    reference: str = "",
    race: bool = False,
    backend: str = "loky",
    jobs: int | None = None,
    scheduler: str | None = None,
    store: str | os.PathLike[str] | None = None,
    audits: bool = False,
) -> ShownComparison:
    """Train the same model under several losses, fairly, and say what that decides.

    Every loss gets the same initial weights, order of the data, seeds and epochs. Its learning rate is chosen on
    validation data, from the same grid; test data is read after all choices are made. Ctrl-C gives what can be said of
    the trials that are finished.

    Args:
        model_factory: Makes a fresh `torch.nn.Module` that returns logits, or numbers for regression; called without
            arguments, or with `inputs=` and `outputs=`. Or by name: `"mlp"` (the default), `"linear"`, `"cnn"`.
        data: `(x, y)`, `"digits"` (the default), `"FILE.csv:TARGET"`, `"FILE.npz"`, `"MODULE:DATA"`.
        losses: By name (`"ce"`, `"mse:softmax"`, `"focal(gamma=5)"`), or functions `loss(outputs, y)` that return the
            mean or one number for each sample. None: the usual ones of the task.
        train: Your own `train(loss, seed, lr, budget) -> metrics` in place of a model and data.
        start: `"checkpoint:FILE"`, or `"legacy:FILE"`, which loads what fits; by default fresh weights.
        noise: Share of labels of the training data to replace by wrong ones.
        imbalance: How much more common the first class is to be than the last.
        seeds: How often each loss is trained at its learning rate.
        epochs: Of each trial: 30, or as many as fit into the budget.
        budget: Seconds for training all of it, or `"10m"`; by default no limit.
        batch: Samples in a step, by default 64.
        optimizer: `"sgd"` (momentum 0.9, the default), `"adam"`, `"adamw"`.
        weight_decay: Of the optimizer.
        rates: Learning rates that every loss starts with, by default 0.01 to 1.
        metric: Your `metric(outputs, y)`. It then decides.
        metric_better: Which way it is better: `"larger"` or `"smaller"`.
        level: For epochs to a level; by default 95 % of the best final score.
        reference: The loss that the others are compared with, by default the first.
        race: Only the last layer, on frozen features: seconds instead of minutes.
        backend: Where trials run, through joblib: `"loky"`, `"serial"`, `"dask"`, `"ray"`.
        jobs: How many at once.
        scheduler: Address of a Dask or Ray cluster.
        store: A file that keeps finished trials, which are then never run again.
        audits: Audit the model of each loss as well, for the HTML report.

    Returns:
        A comparison: print it, show it in a notebook, or look at `.table`, `.sentences`, `.contrasts`.

    Raises:
        lossaudit.errors.UsageError: Something of it does not exist or does not fit.

    A loss against itself is never decided:

    >>> import torch
    >>> x, y = torch.randn(60, 4, generator=torch.Generator().manual_seed(0)), torch.arange(60) % 3
    >>> shown = compare("linear", (x, y), ["ce", "ce"], seeds=2, epochs=1, rates=[0.1], backend="serial")
    >>> {contrast.better for contrast in shown.contrasts}
    {None}
    """
    from lossaudit.report.comparison.shown import ShownComparison
    from lossaudit.trials.backend import backend as backend_of
    from lossaudit.trials.duration import seconds
    from lossaudit.trials.prepare import audited, plan, prepare, run
    from lossaudit.trials.request import Request
    from lossaudit.trials.store import Store
    from lossaudit.trials.workshop import Workshop

    asked: dict[str, Any] = {
        "model": model_factory,
        "data": data,
        "train": train,
        "start": start,
        "noise": noise,
        "imbalance": imbalance,
        "epochs": epochs,
        "budget": seconds(budget) if isinstance(budget, str) else budget,
        "batch": batch,
        "optimizer": optimizer,
        "weight_decay": weight_decay,
        "rates": rates,
        "metric": metric,
        "metric_better": metric_better,
        "level": level,
        "race": race or None,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    try:
        request = Request(losses=losses, seeds=seeds, reference=reference, **given)
        prepared = prepare(request)
        kept = Store(None if store is None else Path(store))
        with contextlib.closing(kept), contextlib.closing(backend_of(backend, jobs, scheduler)) as where:
            workshop = Workshop(kept, where)
            planned = plan(prepared, workshop)
            comparison = run(prepared, planned, workshop)
            found = audited(prepared, comparison, planned.epochs, workshop) if audits else {}
            return ShownComparison(comparison, found)
    except UsageError as error:
        raise UsageError(re.sub(r"--([a-z]+)(?:-([a-z]+))?", _argument, str(error))) from None


def _argument(option: re.Match[str]) -> str:
    return "_".join(filter(None, option.groups()))


def lint(targets: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = ".") -> list[Finding]:
    r"""What reading training code finds wrong between heads and losses. Nothing of it is run or imported.

    The same as the command `lossaudit lint`: with the project's configuration, comments and baseline, in this process.

    Args:
        targets: Files and folders.

    Returns:
        Findings by path and line. A file that cannot be read gives a warning, and the others are read.

    Raises:
        lossaudit.errors.UsageError: The configuration holds what is none.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "train.py")
    ...     _ = file.write_text(
    ...         "import torch\n"
    ...         "model = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.Softmax(1))\n"
    ...         "loss = torch.nn.functional.cross_entropy(model(x), y)\n"
    ...     )
    ...     [(finding.rule, finding.places[0].line) for finding in lint(file)]
    [('double-softmax', 3)]
    """
    from lossaudit.lint.run import Request, settings_of
    from lossaudit.lint.run import lint as made

    several = isinstance(targets, Sequence) and not isinstance(targets, str)
    named = targets if several else [targets]
    request = Request(tuple(os.fspath(target) for target in named), processes=1)
    result = made(request, settings_of(request))
    for problem in result.problems:
        warnings.warn(f"{problem.path}: {problem.message}", stacklevel=2)
    return list(result.findings)


def read(loss: torch.Tensor) -> Reading:
    """What a live loss tensor compares with what: see `lossaudit.readers.live.read`.

    >>> import torch
    >>> z = torch.zeros(2, 3, requires_grad=True)
    >>> loss = torch.nn.functional.cross_entropy(z, torch.tensor([0, 1]))
    >>> read(loss).pairings[0].loss.loss
    'cross_entropy'
    """
    from lossaudit.readers import live

    return live.read(loss)
