"""Cox's partial likelihood, as statsmodels has it."""

from __future__ import annotations

import numpy as np
from statsmodels.duration.hazard_regression import PHReg
from tests.catalogue.truth.case import Case

RISK = (0.31, -1.24, 0.87, 0.05, 1.6, -0.7)
TIME = (2.0, 1.0, 3.5, 2.0, 0.5, 4.0)  # two events at 2
EVENT = (1.0, 1.0, 0.0, 1.0, 1.0, 0.0)

MODEL = PHReg(np.array(TIME), np.array(RISK)[:, None], status=np.array(EVENT), ties="breslow")

CASES = {"cox": (Case((RISK, TIME, EVENT), -float(MODEL.loglike(np.array([1.0]))), "statsmodels' PHReg, Breslow"),)}
