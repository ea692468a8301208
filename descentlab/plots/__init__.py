"""Figures that are driven by the student's own functions, with the recorded reference as a ghost beside them."""

from descentlab.plots.curves import curves
from descentlab.plots.runs import coordinates, race, rates
from descentlab.plots.stopping import early_stopping, lights
from descentlab.plots.sums import epochs, uncertainty
from descentlab.plots.walks import losses, walks

__all__ = ["coordinates", "curves", "early_stopping", "epochs", "lights", "losses", "race", "rates", "uncertainty", "walks"]
