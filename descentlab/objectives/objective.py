"""What a function to minimise is: value, gradient, Hessian, minimum, a box to draw, and a line of story; and a sum of such."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Objective:
    """A function J to minimise.

    ``value(theta)`` is a float for one point and an array of the leading shape for points stacked along the first axes (the
    last axis is the coordinate; a 1-D objective takes plain numbers). ``gradient(theta)`` has the shape of theta. `box` holds
    (low, high) for each coordinate, `start` a good point to begin from, `minima` the global minimisers: none where J falls
    without end. `saddles` are points of zero gradient from which J both rises and falls, where the story is about them.
    `levels` are the heights at which contours show the landscape best, where evenly grown ones don't.
    """

    name: str
    value: Callable[[Any], Any]
    gradient: Callable[[Any], Any]
    start: Any
    box: tuple[tuple[float, float], ...]
    minima: tuple[Any, ...]
    story: str
    hessian: Callable[[Any], Any] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    saddles: tuple[Any, ...] = ()
    levels: tuple[float, ...] = ()

    @property
    def dimension(self) -> int:
        """The number of coordinates; 1 means that theta is a plain number."""
        return len(self.box)

    @property
    def lowest(self) -> float | None:
        """J at its minimum, J(θ*); None where it has no minimum."""
        return min((float(self.value(point)) for point in self.minima), default=None)


@dataclass(frozen=True, kw_only=True)
class Sum(Objective):
    """A function J = J_1 + … + J_n, a term for each example, as learning from data has it.

    ``example_value(theta, i)`` is J_i at one point, ``example_gradient(theta, i)`` its gradient, of theta's shape; i counts from
    0. With an array of indices in the place of i both return the terms of these examples, stacked along a new first axis.
    `minimizers` holds the minimiser of each term where each has one, shape (n,) + theta's shape. `data` is what the terms are
    made of, arrays with a row for each example.
    """

    n_examples: int
    example_value: Callable[[Any, Any], Any]
    example_gradient: Callable[[Any, Any], Any]
    data: dict[str, np.ndarray]
    minimizers: np.ndarray | None = None

    @property
    def region_of_uncertainty(self) -> tuple[float, float] | None:
        """The interval from the smallest to the largest minimiser of a term, between which the terms disagree about the way.

        None where terms have no minimisers, or theta is no plain number.
        """
        if self.minimizers is None or self.minimizers.ndim != 1:
            return None
        return float(self.minimizers.min()), float(self.minimizers.max())
