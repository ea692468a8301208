"""Figures that are driven by the student's own functions, with the recorded reference as a ghost beside them."""

from descentlab.plots.curves import curves
from descentlab.plots.landscapes import critical_points, measures, recorded_landscapes, surfaces, ways_out
from descentlab.plots.runs import coordinates, race, rates
from descentlab.plots.walks import losses, walks

__all__ = [
    "coordinates",
    "critical_points",
    "curves",
    "losses",
    "measures",
    "race",
    "rates",
    "recorded_landscapes",
    "surfaces",
    "walks",
    "ways_out",
]
