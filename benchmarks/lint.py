"""What `lossaudit lint` finds in public code, and how fast.

    python -m benchmarks.lint cases CASES.jsonl CORPUS
    python -m benchmarks.lint corpus CORPUS [--repo NAME ...] [--out FINDINGS.jsonl] [--processes 2]
    python -m benchmarks.lint speed TREE ... [--rounds 3]
    python -m benchmarks.lint competitors CASES.jsonl CORPUS --tool torch-preflight=PROGRAM [--everywhere]

CORPUS is a folder as `benchmarks/lint_corpus.py` describes it. Labels of findings stand in `lint_labels.jsonl`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import lint_cases, lint_competitors, lint_corpus, lint_speed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)

    cases = commands.add_parser("cases", help="recall and false alarms on labelled cases")
    cases.add_argument("cases", type=Path)
    cases.add_argument("corpus", type=Path)
    cases.set_defaults(run=lambda args: lint_cases.run(args.cases, args.corpus))

    corpus = commands.add_parser("corpus", help="all repositories: files, losses, findings by rule")
    corpus.add_argument("corpus", type=Path)
    corpus.add_argument("--repo", action="append", default=[])
    corpus.add_argument("--out", type=Path)
    corpus.add_argument("--processes", type=int, default=2)
    corpus.set_defaults(run=lambda args: lint_corpus.run(args.corpus, args.repo, args.out, args.processes))

    speed = commands.add_parser("speed", help="seconds beside ruff")
    speed.add_argument("trees", type=Path, nargs="+")
    speed.add_argument("--rounds", type=int, default=3)
    speed.set_defaults(run=lambda args: lint_speed.run(args.trees, args.rounds))

    others = commands.add_parser("competitors", help="the same files, other linters")
    others.add_argument("cases", type=Path)
    others.add_argument("corpus", type=Path)
    others.add_argument("--tool", action="append", default=[], metavar="NAME=PROGRAM")
    others.add_argument("--everywhere", action="store_true")
    others.set_defaults(
        run=lambda args: lint_competitors.run(
            args.cases, args.corpus, dict(tool.split("=", 1) for tool in args.tool), args.everywhere
        )
    )
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
