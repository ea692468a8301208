"""A small model that learns its data by heart: a curve fitted with more waves than there are points, on data made from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class CurveFit:
    """The least squares fit of noisy points of one sine wave by a sum of cosines.

    Half of the points are for training and half for validation, equally many, so that sums over them can be compared. The
    parameters theta, shape (waves,), are the heights of the waves; the finer a wave, the smaller the share with which it enters.
    """

    x: np.ndarray
    y: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    waves: int

    @property
    def start(self) -> np.ndarray:
        """The flat curve, zeros of shape (waves,)."""
        return np.zeros(self.waves)

    @property
    def lowest(self) -> float:
        """The lowest training loss: with as many waves as points there is a curve through all of them."""
        if self.waves < len(self.x):
            raise ValueError(f"{self.waves} waves cannot go through {len(self.x)} points, and the lowest loss is not known")
        return 0.0

    def truth(self, x: Any) -> np.ndarray:
        """Return the curve from which the points were drawn, without their noise."""
        return np.sin(2 * np.pi * np.asarray(x))

    def curve(self, theta: Any, x: Any) -> np.ndarray:
        """Return the fitted curve at the places x, shape (n,)."""
        return self._waves(x) @ np.asarray(theta, dtype=np.float64)

    def value(self, theta: Any) -> float:
        """Return the training loss: half the sum of the squared distances from the training points."""
        return _half_square(self.curve(theta, self.x) - self.y)

    def gradient(self, theta: Any) -> np.ndarray:
        """Return the gradient of the training loss, shape (waves,)."""
        return self._waves(self.x).T @ (self.curve(theta, self.x) - self.y)

    def validation(self, theta: Any) -> float:
        """Return the same sum over the validation points, which the gradient never sees."""
        return _half_square(self.curve(theta, self.x_validation) - self.y_validation)

    def states(self, points: Any, seconds: float = 0.1) -> list[dict[str, Any]]:
        """Return what `stop_reason` is told at each of these points of a walk, if a step takes so many seconds."""
        validation = [self.validation(point) for point in points]
        first = {"J0": self.value(points[0]), "gradient0": self.gradient(points[0])}
        return [
            {
                "iteration": t, "seconds": seconds * t, "J": self.value(point), "gradient": self.gradient(point),
                "validation": validation[: t + 1], **first,
            }
            for t, point in enumerate(points)
        ]  # fmt: skip

    def _waves(self, x: Any) -> np.ndarray:
        k = np.arange(self.waves)
        return np.cos(np.pi * k * np.asarray(x, dtype=np.float64)[:, np.newaxis]) / (1 + k)


def make(points: int = 24, waves: int = 30, noise: float = 0.35, seed: int = 2) -> CurveFit:
    """Return the model with `points` training and as many validation points, drawn from `seed`."""
    rng = np.random.default_rng(seed)

    def draw() -> tuple[np.ndarray, np.ndarray]:
        x = np.sort(rng.uniform(0, 1, size=points))
        return x, np.sin(2 * np.pi * x) + noise * rng.normal(size=points)

    return CurveFit(*draw(), *draw(), waves)


def _half_square(distances: np.ndarray) -> float:
    return float(distances @ distances / 2)
