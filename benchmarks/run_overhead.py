"""What `lossaudit run` costs while a program trains: CPU time of the training loop with and without it.

    python -m benchmarks.run_overhead [--rounds 31] [--quick]

Rounds are interleaved (plain, watched, plain again) on one thread; ratios are taken within a round, and the second
plain loop is the A/A control: its interval says what the machine's noise alone does. Memory is the extra peak of a
whole process, measured while the script trains.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from benchmarks.training import cnn, mlp, train
from lossaudit.report import html
from lossaudit.run.hooks import Hooks
from lossaudit.run.outcome import result_of
from lossaudit.run.sampling import Schedule
from lossaudit.run.session import Session


def watched(make: Callable[[], nn.Module], steps: int) -> tuple[float, float]:
    """CPU seconds of the same loop under `lossaudit run`'s hooks, its report included, and the share of steps seen."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")

        def publish(session: Session) -> None:
            page.write_text(html.render(result_of(session, kind="run", program="bench", ended="running", final=False)))

        session = Session(Schedule(), publish=publish)
        uninstall = Hooks(session, None).install()
        try:
            seconds = train(make, steps)
        finally:
            uninstall()
    return seconds, session.schedule.sampled / session.schedule.seen


def interval(ratios: list[float]) -> tuple[float, float]:
    """95 % bootstrap interval of the median."""
    draw = random.Random(0)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(2000))
    return medians[50], medians[1949]


def measure(name: str, make: Callable[[], nn.Module], steps: int, rounds: int, bar: float) -> None:
    train(make, max(20, steps // 10))
    watched(make, 40)
    with_it: list[float] = []
    control: list[float] = []
    share = 0.0
    for number in range(rounds):
        order = ["plain", "watched", "again"] if number % 2 == 0 else ["again", "watched", "plain"]
        times: dict[str, float] = {}
        for arm in order:
            if arm == "watched":
                times[arm], share = watched(make, steps)
            else:
                times[arm] = train(make, steps)
        base = (times["plain"] + times["again"]) / 2
        with_it.append(times["watched"] / base)
        control.append(times["again"] / times["plain"])
    for label, ratios in (("watched / plain", with_it), ("plain / plain (control)", control)):
        low, high = interval(ratios)
        print(f"{name:<22} {label:<24} {statistics.median(ratios):.3f}x  [{low:.3f}, {high:.3f}]")
    print(f"{name:<22} {steps:,} steps, {rounds} rounds, {share:.1%} of the backward passes seen; bar {bar}x")


def peak(arguments: list[str]) -> float:
    """Peak memory of a process that trains and says so itself, in MB."""
    output = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True).stdout
    return float(output.strip().splitlines()[-1])


def memory() -> None:
    program = "\n".join(
        (
            "import resource, sys",
            f"sys.path.insert(0, {str(Path(__file__).parent.parent)!r})",
            "from benchmarks.training import cnn, train",
            "train(cnn, 300)",
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)",
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script.py")
        script.write_text(program)
        report = str(Path(folder, "report.html"))
        runs = [
            (peak([str(script)]), peak(["-m", "lossaudit", "run", "--report", report, str(script)])) for _ in range(5)
        ]
    extra = [after - before for before, after in runs]
    low, middle, high = min(extra), statistics.median(extra), max(extra)
    print(f"{'extra peak memory':<22} {middle:.1f} MB (5 pairs, {low:.1f} to {high:.1f}); bar 32 MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--quick", action="store_true", help="a few short rounds, to see that it works")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rounds, scale = (3, 10) if options.quick else (options.rounds, 1)
    measure("digits MLP 64-64-10", mlp, 5000 // scale, rounds, 1.05)
    measure("digits CNN, 100k", cnn, 500 // scale, rounds, 1.02)
    memory()


if __name__ == "__main__":
    main()
