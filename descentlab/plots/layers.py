"""Pictures that lie one over the other, so that only what changes has to be drawn again."""

from __future__ import annotations

import ipywidgets as widgets

from descentlab import svg


def stacked(*layers: widgets.HTML) -> widgets.GridBox:
    """Return widgets that lie one over the other: only the upper one is sent again when a slider moves."""
    for layer in layers:
        layer.layout.grid_area = "1 / 1 / 2 / 2"
    return widgets.GridBox(layers, layout={"width": f"{svg.WIDTH}px", "overflow": "hidden"})
