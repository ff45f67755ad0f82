"""From words and targets to the answer."""

from __future__ import annotations

import re
from typing import Any

from lossaudit.advise.choose.decide import Choice, choose
from lossaudit.advise.choose.question import question
from lossaudit.advise.choose.snippets import FRAMEWORKS
from lossaudit.advise.choose.words import did_you_mean, one_line
from lossaudit.errors import UsageError

_ALIASES = {"pytorch": "torch", "jax": "optax", "flax": "optax", "tensorflow": "keras", "tf": "keras"}

_ARGUMENTS = "task|classes|imbalance|noise|outliers|need|metric|costs|targets|groups|framework"


def in_python(message: str) -> str:
    """A message in which options of the command line are named as arguments of a call.

    >>> in_python("--task nope: no such task"), in_python("say --task TASK")
    ('task nope: no such task', 'say task=TASK')
    """
    return re.sub(rf"--({_ARGUMENTS})\b( (?=[A-Z][A-Z]))?", lambda found: found[1] + ("=" if found[2] else ""), message)


def ask(targets: Any = None, groups: Any = None, framework: str | None = None, **words: Any) -> Choice:
    """The advice for these targets and these words.

    Args:
        targets: A path (`"y.npy"`, `"y.csv:column"`), a sequence, an array; or None.
        groups: The name of a column, or for targets in memory one group for each.
        framework: One of `FRAMEWORKS`; by default all.
        words: As `question` takes them.

    Raises:
        UsageError: A word is not known, or the targets cannot be read.
    """
    asked = question(**words)
    name = None
    if framework is not None:
        wanted = str(framework).strip().lower()
        name = _ALIASES.get(wanted, wanted)
        if name not in FRAMEWORKS:
            raise UsageError(
                f"--framework {one_line(str(framework))}: no such framework; {did_you_mean(name, FRAMEWORKS)}"
            )
    if targets is None:
        if groups is not None:
            raise UsageError("--groups says which of the targets form a list: give both")
        return choose(asked, None, name)
    from lossaudit.advise.choose.tables import of_object

    return choose(asked, of_object(targets, groups), name)
