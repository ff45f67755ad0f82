"""Property tags that a survey of loss functions prints, and what the prover derives for the argument in question.

The survey is Ciampiconi, Elwood, Leonardi, Mohamed and Rozza, arXiv 2301.05579, first version. Nothing is derived by
reading its formulas: each loss stands in `rows` as a function of its argument, and is recorded and taken apart.
"""

from lossaudit.advise.survey.derive import Derived, Row, Survey, Tag
from lossaudit.advise.survey.rows import ARGUMENTS, AS_PRINTED, ROWS
from lossaudit.advise.survey.sentences import SENTENCES

__all__ = ["ARGUMENTS", "AS_PRINTED", "ROWS", "SENTENCES", "Derived", "Row", "Survey", "Tag"]
