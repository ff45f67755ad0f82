"""Handwritten digits: 1797 images of 8 by 8 pixels, which come with scikit-learn."""

from __future__ import annotations

from lossaudit.advise.claims import training
from lossaudit.errors import UsageError
from lossaudit.trials.problem import Samples

WORDS = (
    "scikit-learn's digits: 1797 images of 8 by 8 pixels in 10 classes, pixels from 0 to 1.",
    "The split is fixed: 1078 for training, 270 for validation, 449 for the test.",
)


def parts() -> tuple[Samples, Samples, Samples]:
    """Training, validation and test images as rows of 64 pixels.

    Raises:
        UsageError: There is no scikit-learn.
    """
    try:
        split = training.digits()
    except ModuleNotFoundError:
        raise UsageError("digits needs scikit-learn: pip install 'lossaudit[compare]'") from None
    train, validation, test = (Samples(part.x.clone(), part.y.clone()) for part in split)
    return train, validation, test
