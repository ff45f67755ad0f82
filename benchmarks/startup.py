"""How long what needs no framework takes to answer, beside Python itself.

    python -m benchmarks.startup [--rounds 15]

Each round runs every command once, in an order of its own, `python -c pass` among them; medians are printed, and
the median of the ratios within a round. Commands that this version does not have are left out.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import time

from lossaudit.cli.main import COMMANDS

NOTHING = ("-c", "pass")
ASKED = (
    ("losses",),
    ("losses", "--task", "multiclass", "--convex"),
    ("explain",),
    ("explain", "mse"),
    ("explain", "mse-on-softmax"),
    ("explain", "--questions"),
    ("choose", "--task", "multiclass"),
    ("claims",),
)
BAR = 0.25  # seconds


def seconds(*arguments: str) -> float:
    """Of one run of Python, its start included."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
    return time.perf_counter() - start


def measure(programs: list[tuple[str, ...]], rounds: int) -> dict[tuple[str, ...], list[float]]:
    """Seconds of each program in each round."""
    for program in programs:
        seconds(*program)  # files are read and compiled once
    taken: dict[tuple[str, ...], list[float]] = {program: [] for program in programs}
    order = random.Random(0)
    for _ in range(rounds):
        for program in order.sample(programs, len(programs)):
            taken[program].append(seconds(*program))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    programs = [("-m", "lossaudit", *words) for words in ASKED if words[0] in COMMANDS]
    taken = measure([NOTHING, *programs], rounds)
    print(f"{'':<48}{'median':>8}{'ratio':>8}")
    for program, times in taken.items():
        ratio = statistics.median(mine / base for mine, base in zip(times, taken[NOTHING], strict=True))
        name = " ".join(("python", *program) if program == NOTHING else ("lossaudit", *program[2:]))
        print(f"{name:<48}{statistics.median(times):>6.3f} s{ratio:>8.2f}")
    slow = [" ".join(program[2:]) for program in programs if statistics.median(taken[program]) > BAR]
    print(f"over {BAR} s: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    main()
