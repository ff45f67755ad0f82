"""How long `lossaudit lint` takes beside `ruff check --no-cache` on the same files, start-up included."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.lint_corpus import programs


def seconds(command: list[str], cores: Iterable[int], rounds: int) -> tuple[float, int]:
    """The shortest of some runs on these cores, and the peak memory of the largest process in KB."""

    def pin() -> None:
        os.sched_setaffinity(0, set(cores))

    shortest, memory = float("inf"), 0
    for _ in range(rounds):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin)
        _, _, usage = os.wait4(process.pid, 0)
        shortest, memory = min(shortest, time.perf_counter() - start), max(memory, usage.ru_maxrss)
    return shortest, memory


def run(trees: list[Path], rounds: int) -> None:
    """Print a table: one line per tree, tool and number of cores."""
    tools = {"lossaudit": [sys.executable, "-m", "lossaudit", "lint", "--exit-zero", "--isolated"]}
    ruff = shutil.which("ruff")
    if ruff:
        tools["ruff"] = [ruff, "check", "--no-cache", "--isolated", "--exit-zero"]
    everything = sorted(os.sched_getaffinity(0))
    for tree in trees:
        paths = [tree / path for path in programs(str(tree))]
        lines = sum(path.read_bytes().count(b"\n") for path in paths if path.suffix == ".py")
        print(f"{tree}: {len(paths)} files, {lines} lines of Python")
        for cores in (everything[:1], everything):
            times = {name: seconds([*command, str(tree)], cores, rounds) for name, command in tools.items()}
            for name, (took, memory) in times.items():
                rate = f"{len(paths) / took:8.0f} files/s  {1e4 * took / max(lines, 1):6.2f} s per 10,000 lines"
                print(f"  {len(cores)} cores  {name:10} {took:7.2f} s  {rate}  {memory / 1024:6.0f} MB")
            if "ruff" in times:
                print(f"  {len(cores)} cores  lossaudit/ruff {times['lossaudit'][0] / times['ruff'][0]:.1f}x")
