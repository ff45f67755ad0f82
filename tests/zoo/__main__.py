"""The zoo before the prover: a table by family, then every case without a verdict.

python -m tests.zoo [FAMILY...] [--cold]
"""

from __future__ import annotations

import argparse
import sys
import warnings

from tests.zoo.catalogue import FAMILIES, of_family
from tests.zoo.judge import Outcome, judge, table


def main() -> int:
    """Print the figures; 1 if any verdict is wrong or its evidence is refused."""
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
        mark = _mark(outcome)
        if mark:
            case = outcome.case
            print(f"{mark:8}{case.family}: {case.name} [{case.truth.value}]: {outcome.status}: {outcome.why}")
    return int(any(outcome.wrong or not outcome.rechecked for outcome in outcomes))


def _mark(outcome: Outcome) -> str:
    """Why a case is listed; empty where all is well."""
    if outcome.wrong:
        return "WRONG"
    if not outcome.rechecked:
        return "refused"
    if outcome.decided:
        return ""
    return "known" if outcome.case.expect_undecided else "open"


if __name__ == "__main__":
    sys.exit(main())
