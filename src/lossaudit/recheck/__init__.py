"""The small independent checker of certificates and witnesses: no torch, no search, no shared code with the prover.

A certificate is plain JSON. It is about a pairing that is known by name (`named`), or about a program: the scalar
operations that a loss was taken apart into (`replay` has the table of rules). Everything that is claimed is derived
again, in exact fractions and balls, from the base facts in `axioms`; data of any other form do not hold.
"""

from lossaudit.recheck.verdicts import as_json, from_json, recheck

__all__ = ["as_json", "from_json", "recheck"]
