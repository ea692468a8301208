"""Figures that are driven by the student's own functions, with the recorded reference as a ghost beside them."""

from descentlab.plots.animation import race_animation
from descentlab.plots.curves import curves
from descentlab.plots.gradient_map import GradientMap
from descentlab.plots.landscapes import critical_points, loss_surfaces, measures, recorded_landscapes, ways_out
from descentlab.plots.panels import panels
from descentlab.plots.runs import coordinates, race, rates
from descentlab.plots.step_slider import StepSlider
from descentlab.plots.steps import step_view
from descentlab.plots.stopping import early_stopping, lights
from descentlab.plots.sums import epochs, uncertainty
from descentlab.plots.surfaces import surfaces
from descentlab.plots.walks import losses, walks

__all__ = [
    "GradientMap",
    "StepSlider",
    "coordinates",
    "critical_points",
    "curves",
    "early_stopping",
    "epochs",
    "lights",
    "loss_surfaces",
    "losses",
    "measures",
    "panels",
    "race",
    "race_animation",
    "rates",
    "recorded_landscapes",
    "step_view",
    "surfaces",
    "uncertainty",
    "walks",
    "ways_out",
]
