"""The zoo before the prover: a table by family, then every case without a verdict.

python -m tests.zoo [FAMILY...] [--cold]
"""

from __future__ import annotations

import argparse
import sys
import warnings

from tests.zoo.catalogue import FAMILIES, of_family
from tests.zoo.judge import judge, table


def main() -> int:
    """Print the figures; 1 if any verdict is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description="Put the zoo before the prover.")
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"of {', '.join(FAMILIES)}; all by default")
    parser.add_argument("--cold", action="store_true", help="ask once, without a warm-up call")
    options = parser.parse_args()
    unknown = [name for name in options.families if name not in FAMILIES]
    if unknown:
        parser.error(f"no family {unknown[0]!r}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = [case for name in options.families or FAMILIES for case in of_family(name)]
        outcomes = [judge(case, warm=not options.cold) for case in cases]
    print(table(outcomes))
    for outcome in outcomes:
        if outcome.wrong or not outcome.decided:
            mark = "WRONG" if outcome.wrong else "known" if outcome.case.expect_undecided else "open"
            print(
                f"{mark:6}{outcome.case.family}: {outcome.case.name} [{outcome.case.truth.value}]: {outcome.status}: "
                f"{outcome.error or outcome.reason}"
            )
    return int(any(outcome.wrong for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
