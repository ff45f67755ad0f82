"""Gets the outcomes of trials: from the store, or by running them; each one once."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lossaudit.trials import worker
from lossaudit.trials.trial import Outcome, Trainer, Trial, key
from lossaudit.trials.workshop import Workshop

INTERRUPTED = "interrupted"
OUT_OF_TIME = "out of time"


@dataclass(frozen=True, slots=True, eq=False)
class Executed:
    """What is finished of the trials that were asked for.

    Attributes:
        outcomes: Of the finished ones, in the order that was asked for.
        stopped: Why others are missing: `"interrupted"` or `"out of time"`; None if none is.
    """

    outcomes: Mapping[Trial, Outcome]
    stopped: str | None = None


def execute(trainer: Trainer, trials: Sequence[Trial], workshop: Workshop, *, sealed: bool = True) -> Executed:
    """The outcomes of trials: those in the store as they are, the others by running them.

    Each outcome is stored as soon as it is there, by this process. Ctrl-C ends what runs and keeps what is finished.

    Args:
        trainer: Runs them.
        trials: Which; what is named twice runs once.
        workshop: With what.
        sealed: Whether `Outcome.sealed` is needed, for `Trainer.test`: where the store has forgotten it, the trial is
            run again. False: it is left empty, which saves memory while rates are chosen.

    Raises:
        UsageError: A trial raised something, or the store cannot be used: one line. What was finished before is stored.
    """
    identities = {loss: trainer.identity(loss) for loss in dict.fromkeys(trial.loss for trial in trials)}
    keys = {trial: key(identities[trial.loss], trial) for trial in trials}
    store, tell = workshop.store, workshop.progress or (lambda done, total, words: None)
    found: dict[str, Outcome] = {}
    missing: dict[str, Trial] = {}
    for trial, name in keys.items():
        if name not in found and name not in missing:
            outcome = store.outcome(name, sealed=sealed)
            if outcome is None:
                missing[name] = trial
            else:
                found[name] = outcome
    total, stopped = len(found) + len(missing), None
    tell(len(found), total, "")
    if missing:
        store.check_writable()
        names, left = list(missing), list(missing.values())
        with contextlib.closing(workshop.backend.run(trainer, left, workshop.deadline)) as arriving:
            try:
                for position, outcome in arriving:
                    name, trial = names[position], left[position]
                    store.keep(name, identities[trial.loss], replace(outcome, trial=trial))
                    found[name] = outcome if sealed else replace(outcome, sealed=b"")
                    tell(len(found), total, worker.named(trial))
            except KeyboardInterrupt:
                stopped = INTERRUPTED
    if len(found) < total:
        stopped = stopped or OUT_OF_TIME
    outcomes = {trial: replace(found[name], trial=trial) for trial, name in keys.items() if name in found}
    return Executed(outcomes, stopped if len(found) < total else None)
