"""Derives the shipped cards: `python tools/cards.py [--check] [LOSS...]`; all of them, on all cores, without names.

With `--check` nothing is written: it prints what differs from what is shipped, and exits with 1 if anything does.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor


def text(name: str) -> tuple[str, str, str]:
    """The name of a loss, the file of its card, and why there is none."""
    import torch

    from lossaudit.cards import as_text
    from lossaudit.errors import LossauditError
    from lossaudit.proving.derive import derive

    torch.set_num_threads(1)
    try:
        return name, as_text(derive(name)), ""
    except LossauditError as error:
        return name, "", str(error)


def derived(names: list[str]) -> Iterator[tuple[str, str, str]]:
    """The files of these cards."""
    if len(names) == 1:
        yield text(names[0])
        return
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(text, names)


def main() -> int:
    from lossaudit import catalogue
    from lossaudit.cards import FOLDER
    from lossaudit.cards.compare import differences

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("losses", nargs="*", metavar="LOSS")
    parser.add_argument("--check", action="store_true", help="compare with what is shipped, and write nothing")
    options = parser.parse_args()
    names = options.losses or sorted(catalogue.LOSSES)
    changed = 0
    for name, made, why in derived(names):
        if why:
            changed += 1
            print(f"{name}: {why}", flush=True)
            continue
        path = FOLDER / f"{name}.json"
        before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        found = differences(before, json.loads(made))
        changed += bool(found)
        for line in found:
            print(f"{name}: {line}", flush=True)
        if found and not options.check:
            path.write_text(made, encoding="utf-8")
    if not options.losses:
        for path in sorted(FOLDER.glob("*.json")):
            if path.stem not in catalogue.LOSSES:
                changed += 1
                print(f"{path.stem}: no loss of the catalogue")
                if not options.check:
                    path.unlink()
    print(f"{len(names)} cards, {changed} changed")
    return int(bool(changed) and options.check)


if __name__ == "__main__":
    sys.exit(main())
