"""Trains the model that a factory makes, under each loss in the same way."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property, lru_cache, partial
from typing import Any

import torch
from torch import Tensor, nn

from lossaudit.comparison import Better
from lossaudit.errors import LossauditError, UsageError
from lossaudit.landscape.probe import called
from lossaudit.landscape.untouched import untouched
from lossaudit.proving.failing import described
from lossaudit.trials import fingerprint
from lossaudit.trials.alone import alone
from lossaudit.trials.contender import Contender
from lossaudit.trials.convex import convex
from lossaudit.trials.entrant import Entrant
from lossaudit.trials.inputs import evaluated, rows
from lossaudit.trials.measures import Measured, Metric, inverse_temperature, of_labels, of_numbers, reliability_of
from lossaudit.trials.models import Factory
from lossaudit.trials.problem import Problem, Samples, Task
from lossaudit.trials.start import Fresh, Start
from lossaudit.trials.stuck import as_real, independent, stuck
from lossaudit.trials.trial import Outcome, Recipe, Tested, Trial
from lossaudit.trials.weights import packed, unpacked


class Loop:
    """Trains and tests, on the CPU.

    The same trial gives the same bits: weights, order of the data and dropout come from its seed, and one thread does
    its operations in one order, so that no choice between algorithms is left (`torch.use_deterministic_algorithms`
    chooses between such as add with several threads at once).

    Where the model has batch normalisation, a last batch of one sample is left out of an epoch: it has no variance, and
    torch refuses it.
    """

    def __init__(
        self,
        factory: Factory,
        problem: Problem,
        contenders: Sequence[Contender],
        recipe: Recipe = Recipe(),  # noqa: B008
        start: Start = Fresh(),  # noqa: B008
        metric: Metric | None = None,
    ) -> None:
        """What every trial has in common.

        Args:
            factory: Makes the model, given the seed.
            problem: Training and validation samples.
            contenders: The losses, by unique names.
            recipe: How every loss is trained.
            start: Where the weights come from.
            metric: A measure of the user's, which then decides.

        Raises:
            UsageError: The recipe cannot be.
        """
        self.factory, self.problem, self.recipe, self.start, self.metric = factory, problem, recipe, start, metric
        self.contenders = {contender.name: contender for contender in contenders}
        if recipe.optimizer not in _OPTIMIZERS:
            raise UsageError(f"there is no optimizer {recipe.optimizer!r} here; there is {', '.join(_OPTIMIZERS)}")
        if recipe.epochs < 1 or recipe.batch < 1:
            raise UsageError(f"{recipe.epochs} epochs of batches of {recipe.batch}: both have to be 1 or more")

    def identity(self, loss: str) -> Mapping[str, Any]:
        """All on which an outcome under this loss depends, besides rate and seed."""
        contender = self.contenders[loss]
        return {
            **self._common,
            "loss": [contender.loss, list(contender.head), fingerprint.of(dict(contender.options)), contender.source],
        }

    @cached_property
    def _common(self) -> Mapping[str, Any]:
        return {
            "trainer": "loop",
            "model": fingerprint.of_model(self.factory.make, rows(self.problem.train.x, slice(2))),
            "data": [self.problem.task.value, self.problem.outputs, _of_data(self.problem)],
            "recipe": asdict(self.recipe),
            "start": self.start.identity,
            "metric": None if self.metric is None else [self.metric.source, self.metric.better.value],
            "environment": fingerprint.environment(),
        }

    def entrants(self) -> tuple[Entrant, ...]:
        """The losses, as a table knows them."""
        with untouched():
            affine = _affine(self._fresh(0))
            return tuple(self._entrant(contender, affine) for contender in self.contenders.values())

    def _entrant(self, contender: Contender, affine: bool) -> Entrant:
        y, notes = self.problem.train.y, list(contender.notes)
        shape = (len(y), self.problem.outputs) if self.problem.task is Task.MULTICLASS else y.shape
        outputs = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        if self.problem.task is not Task.REGRESSION and not independent(contender, outputs, y):
            notes.append(f"{contender.name} does not score samples independently: there is no stuck share.")
        proved = convex(contender, self.problem)
        if proved and affine:
            notes.append(f"Training under {contender.name} is a convex problem here: the model is affine.")
        return Entrant(contender.name, contender.words, proved, tuple(notes))

    def setting(self) -> tuple[str, ...]:
        """What is the same for all losses, a sentence each."""
        recipe, train = self.recipe, self.problem.train
        momentum = f" (momentum {recipe.momentum:g})" if recipe.optimizer == "sgd" else ""
        decay = f", weight decay {recipe.weight_decay:g}" if recipe.weight_decay else ""
        clipped = "" if recipe.clip is None else f", gradients clipped to norm {recipe.clip:g}"
        with untouched():
            torch.manual_seed(0)
            model = self.factory.make()
            told = self.start.apply(model)
        count = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
        said = [
            f"Model: {self.factory.name}, {count:,} trainable parameters.",
            f"{recipe.epochs} epochs in batches of {recipe.batch} with {recipe.optimizer}{momentum}{decay}{clipped}.",
            *told,
        ]
        if _normalises(model) and len(train) % recipe.batch == 1:
            said.append("The last batch of an epoch has one sample and is left out: batch normalisation refuses it.")
        return tuple(said)

    def train(self, trial: Trial) -> Outcome:
        """Run a trial.

        Raises:
            UsageError: The model or the loss raises something.
        """
        with alone(trial.seed):
            try:
                return self._train(trial)
            except LossauditError:
                raise
            except Exception as error:
                raise UsageError(f"{self.factory.name} under {trial.loss} raises {described(error)}") from error

    def _train(self, trial: Trial) -> Outcome:
        began = time.perf_counter()
        contender, recipe, validation = self.contenders[trial.loss], self.recipe, self.problem.validation
        loss = copy.deepcopy(contender.value)  # a loss of the user's may keep something from step to step
        model = self._fresh(trial.seed)
        torch.manual_seed(trial.seed)  # the stream of dropout, however many numbers the weights took
        order = torch.Generator().manual_seed(trial.seed)
        optimizer = _OPTIMIZERS[recipe.optimizer](model.parameters(), trial.rate, recipe)
        outputs = self.outputs(model, validation.x)
        encoded = as_real(contender.encode(self.problem.train.y), outputs.dtype)
        points, losses, diverged = [self._point(contender, outputs)], list[float](), None
        for epoch in range(1, recipe.epochs + 1):
            first, mean = self._epoch(model, optimizer, loss, encoded, order)
            losses += [mean] if losses else [first, mean]
            outputs = self.outputs(model, validation.x)
            if not math.isfinite(mean) or not _finite(model):
                diverged = epoch
                losses[-1] = math.nan
                break
            points.append(self._point(contender, outputs))
        seconds = time.perf_counter() - began
        curves = {name: [point[name] for point in points] for name in points[0]} | {"training loss": losses}
        whole = {name: (*each, *[math.nan] * (recipe.epochs + 1 - len(each))) for name, each in curves.items()}
        return Outcome(trial, whole, self._end(contender, model, outputs), diverged, seconds, packed(model))

    def _epoch(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        loss: Callable[[Tensor, Tensor], Tensor],
        encoded: Tensor,
        order: torch.Generator,
    ) -> tuple[float, float]:
        """A pass over the training data: the loss of the first batch before its step, and the mean over all."""
        x, clip, shaped = self.problem.train.x, self.recipe.clip, _shaping(self.problem.task)
        batches = torch.randperm(len(encoded), generator=order).split(self.recipe.batch)
        if len(batches) > 1 and len(batches[-1]) == 1 and _normalises(model):
            batches = batches[:-1]
        model.train()
        values: list[Tensor] = []
        for batch in batches:
            value = loss(shaped(called(model, rows(x, batch))), encoded[batch])
            optimizer.zero_grad()
            value.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            values.append(value.detach())
        sizes = torch.tensor([len(batch) for batch in batches], dtype=torch.float64)
        each = torch.stack(values).double().flatten()
        return float(each[0]), float(each @ sizes / sizes.sum())

    def _end(self, contender: Contender, model: nn.Module, outputs: Tensor) -> Mapping[str, float]:
        """Measures on validation data, and the stuck share of the training samples."""
        train = self.problem.train
        measured = self._measured(contender, outputs, self.problem.validation)
        held = stuck(contender, self.outputs(model, train.x), train.y, self.problem.task)
        return {**measured.values, **({} if held is None else {"stuck": held})}

    def _point(self, contender: Contender, outputs: Tensor) -> Mapping[str, float]:
        """What the curves show of a model's outputs for the validation samples."""
        samples, task = self.problem.validation, self.problem.task
        if task is Task.REGRESSION:
            rmse = of_numbers(contender.predict(outputs), samples.y).values["rmse"]
            score, shown = -rmse, {"validation rmse": rmse}
        else:
            score = accuracy(outputs, samples.y, task)
            shown = {"validation accuracy": score}
            if samples.true is not None:
                shown["validation accuracy, true labels"] = accuracy(outputs, samples.true, task)
        if self.metric is not None:
            own = self.metric(contender.predict(outputs), samples.y)
            score = own if self.metric.better is Better.LARGER else -own
            shown[f"validation {self.metric.name}"] = own
        return {"score": score, **shown}

    def _fresh(self, seed: int) -> nn.Module:
        """The model at its start."""
        torch.manual_seed(seed)
        model = self.factory.make()
        self.start.apply(model)
        return model

    def outputs(self, model: nn.Module, x: Any) -> Tensor:
        """Of all samples, in eval mode, without a gradient."""
        shaped = _shaping(self.problem.task)
        model.eval()
        return evaluated(lambda some: shaped(called(model, some)), x)

    def _measured(
        self, contender: Contender, outputs: Tensor, samples: Samples, inverse: float | None = None
    ) -> Measured:
        if self.problem.task is Task.REGRESSION:
            measured = of_numbers(contender.predict(outputs), samples.y)
        else:
            measured = of_labels(outputs, samples.y, self.problem.task, contender.link, inverse)
        if self.metric is None:
            return measured
        own = {self.metric.name: self.metric(contender.predict(outputs), samples.y)}
        return Measured({**own, **measured.values}, measured.samples)

    def model(self, outcome: Outcome) -> nn.Module:
        """The model with the weights at the end of a trial, in eval mode."""
        with alone(outcome.trial.seed):
            torch.manual_seed(outcome.trial.seed)
            model = self.factory.make()
            model.load_state_dict(dict(unpacked(outcome.sealed)))
        return model.eval()

    def test(self, outcome: Outcome, samples: Samples | None) -> Tested:
        """What a trial reached on test samples; the temperature is that of the validation samples.

        Raises:
            UsageError: There are no test samples.
        """
        if samples is None:
            raise UsageError("there are no test samples to test on")
        contender, problem = self.contenders[outcome.trial.loss], self.problem
        model = self.model(outcome)
        with alone(outcome.trial.seed):
            outputs = self.outputs(model, samples.x)
            inverse, reliability, shown = None, None, contender.predict(outputs)
            if problem.task is not Task.REGRESSION:
                validation = self.outputs(model, problem.validation.x)
                inverse = inverse_temperature(validation, problem.validation.y, problem.task)
                reliability = partial(reliability_of, outputs, samples.y, problem.task, contender.link)
            measured = self._measured(contender, outputs, samples, inverse)
        held = {name: outcome.validation[name] for name in ("stuck",) if name in outcome.validation}
        return Tested({**measured.values, **held}, measured.samples, shown.float().numpy(), reliability)


@lru_cache(maxsize=1)  # of the same data several loops are made
def _of_data(problem: Problem) -> str:
    return fingerprint.of([(part.x, part.y, part.true) for part in (problem.train, problem.validation)])


def accuracy(outputs: Tensor, y: Tensor, task: Task) -> float:
    """Share of right answers; NaN if an output is not finite.

    >>> accuracy(torch.tensor([0.5, -0.5]), torch.tensor([1, 1]), Task.BINARY)
    0.5
    """
    if not bool(torch.isfinite(outputs).all()):
        return math.nan
    right = outputs.argmax(1) == y if task is Task.MULTICLASS else (outputs > 0) == (y > 0.5)
    return float(right.double().mean())


def _sgd(parameters: Any, rate: float, recipe: Recipe) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay)


def _adam(parameters: Any, rate: float, recipe: Recipe) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, rate, weight_decay=recipe.weight_decay)


def _adamw(parameters: Any, rate: float, recipe: Recipe) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, rate, weight_decay=recipe.weight_decay)


_OPTIMIZERS: Mapping[str, Callable[[Any, float, Recipe], torch.optim.Optimizer]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
}


def _finite(model: nn.Module) -> bool:
    """Whether all weights are, and what else the model keeps."""
    return all(bool(torch.isfinite(each).all()) for each in (*model.parameters(), *model.buffers()))


def _normalises(model: nn.Module) -> bool:
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())


def _affine(model: nn.Module) -> bool:
    """Whether the outputs are an affine function of the parameters, as far as is easily seen."""
    if isinstance(model, nn.Sequential):
        parts = [part for part in model if not isinstance(part, nn.Flatten | nn.Identity)]
        return len(parts) == 1 and _affine(parts[0])
    return type(model) is nn.Linear


def _shaping(task: Task) -> Callable[[Tensor], Tensor]:
    """What brings outputs to the shape of the task: one number for each sample as (N,)."""

    def flat(outputs: Tensor) -> Tensor:
        return outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs

    return flat if task in (Task.BINARY, Task.REGRESSION) else lambda outputs: outputs
