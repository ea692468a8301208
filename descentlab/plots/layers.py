"""Pictures that lie one over the other, so that only what changes has to be drawn again."""

from __future__ import annotations

import ipywidgets as widgets

from descentlab import svg


def stacked(*layers: widgets.HTML) -> widgets.GridBox:
    """Return widgets that lie one over the other: only the upper one is sent again when a slider moves."""
    for layer in layers:
        layer.layout.grid_area = "1 / 1 / 2 / 2"
    # Narrower than the picture where the window is: the picture then shrinks, and nothing of it is cut.
    narrow = {"width": "100%", "max_width": f"{svg.WIDTH}px", "grid_template_columns": "minmax(0, 1fr)", "overflow": "hidden"}
    return widgets.GridBox(layers, layout=narrow)
