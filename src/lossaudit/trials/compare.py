"""A comparison from the first trial to the table: rounds of trials, all choices, and only then the test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from lossaudit.comparison import Comparison, Measure
from lossaudit.trials.asked import Asked
from lossaudit.trials.entrant import Entrant
from lossaudit.trials.execute import execute
from lossaudit.trials.problem import Sealed
from lossaudit.trials.summary import summarise
from lossaudit.trials.trial import Outcome, Tested, Trainer, Trial
from lossaudit.trials.trial import key as trial_key
from lossaudit.trials.tuning import choose, needed, outstanding
from lossaudit.trials.workshop import Workshop


def compare(
    trainer: Trainer,
    entrants: Sequence[Entrant],
    asked: Asked,
    workshop: Workshop,
    *,
    sealed: Sealed | None,
    title: str,
    setting: Sequence[str],
    measures: Sequence[Measure],
) -> Comparison:
    """Run what is not in the store yet, choose, test, and say what is decided. The comparison is kept in the store.

    Args:
        trainer: Trains and tests.
        entrants: The losses, in the order of the table.
        asked: Seeds, rates, level, reference.
        workshop: Where trials are run and kept, and until when.
        sealed: The test samples; None where the trainer's outcomes hold their own results. They are opened after the
            choices of all losses; if trials of the tuning are missing, they stay closed.
        title: In one line, what is compared on what.
        setting: What is the same for all losses, a sentence each.
        measures: In the order of the table; the first decides.

    Returns:
        The comparison; partial (`missing` above 0) where the workshop was stopped.
    """
    names = [entrant.name for entrant in entrants]
    finished, stopped = _trained(trainer, names, asked, workshop)
    choices = {name: choose(name, asked, finished) for name in names}
    made = all(choice.made for choice in choices.values())
    chosen = [trial for choice in choices.values() for trial in choice.trials(range(asked.seeds)) if trial in finished]
    if sealed is None:  # which measures there are, and which way they are better, lies with the results
        finished |= execute(trainer, chosen, _quietly(workshop)).outcomes
    tested = _tested(trainer, chosen, workshop, sealed) if made else {}
    comparison = summarise(
        key=key(trainer, names, asked),
        title=title,
        setting=setting,
        measures=measures,
        entrants=entrants,
        asked=asked,
        choices=choices,
        finished=finished,
        tested=tested,
        missing=outstanding(names, asked, finished),
        stopped=stopped,
    )
    workshop.store.keep_comparison(comparison)
    if not comparison.missing:
        _forget(trainer, names, [trial for trial in finished if trial not in chosen], workshop)
    return comparison


def _trained(
    trainer: Trainer, names: Sequence[str], asked: Asked, workshop: Workshop
) -> tuple[dict[Trial, Outcome], str | None]:
    """All outcomes that are needed, or as many as there were when it was stopped, and by what."""
    finished = dict[Trial, Outcome]()
    while trials := needed(names, asked, finished):
        counted = _further(workshop, len(finished), outstanding(names, asked, finished))
        executed = execute(trainer, trials, counted, sealed=False)
        finished |= executed.outcomes
        if executed.stopped:
            return finished, executed.stopped
    return finished, None


def _further(workshop: Workshop, before: int, left: int) -> Workshop:
    """The same workshop; its progress counts the trials of all rounds."""
    tell = workshop.progress
    if tell is None:
        return workshop
    return replace(workshop, progress=lambda done, _, what: tell(before + done, before + left, what))


def _tested(
    trainer: Trainer, chosen: Sequence[Trial], workshop: Workshop, sealed: Sealed | None
) -> dict[Trial, Tested]:
    """The finished trials at the chosen rates, on the test samples. All choices are made."""
    samples = None if sealed is None else sealed.open()
    return {
        trial: trainer.test(outcome, samples)
        for one in chosen  # weights of one trial at a time
        for trial, outcome in execute(trainer, [one], _quietly(workshop)).outcomes.items()
    }


def _quietly(workshop: Workshop) -> Workshop:
    """For what is finished already, and is run again only where the store has forgotten its sealed part."""
    return replace(workshop, progress=None, deadline=None)


def _forget(trainer: Trainer, names: Sequence[str], spare: Sequence[Trial], workshop: Workshop) -> None:
    """Give up the weights of the trials that nothing is tested with: they take nearly all the space."""
    identities = {name: trainer.identity(name) for name in names}
    workshop.store.forget_sealed(trial_key(identities[trial.loss], trial) for trial in spare)


def key(trainer: Trainer, names: Sequence[str], asked: Asked) -> str:
    """The same for a comparison that goes on: of all that was asked for but the time."""
    said = asdict(replace(asked, losses=(), budget=None)) | {
        "losses": [(name, trainer.identity(name)) for name in names]
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
