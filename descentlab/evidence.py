"""What the first ten thousand rates of a schedule show: the rates themselves, their sum, the sum of their squares, and an error."""

from __future__ import annotations

from typing import Any

import numpy as np

N_STEPS = 10_000

# The steps at which they are shown, evenly spaced in their logarithm.
STEPS = np.unique(np.geomspace(1, N_STEPS, 61).round().astype(int))


def evidence(rates: Any, errors: Any) -> np.ndarray:
    """Return the four at STEPS, shape (4, len(STEPS)), from N_STEPS rates and the N_STEPS + 1 errors at t = 0, 1, ..."""
    rates, errors = np.asarray(rates, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    with np.errstate(all="ignore"):
        return np.array([rates, np.cumsum(rates), np.cumsum(rates**2), errors[1:]])[:, STEPS - 1]
