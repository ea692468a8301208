"""The matplotlib backend of the box: `plt.show()` and the end of a cell turn open figures into pictures among the outputs."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

DPI = 72
MOST = 20  # figures of one cell
SIDE = 3000  # pixels; a larger figure is drawn coarser

Show = Callable[[dict[str, Any]], None]

# Whether figures are drawn at all: set anew for each cell.
drawn = True


def use(show: Show) -> None:
    """Make figures go to `show` as {"image/png": bytes, "text/plain": text}; does nothing where there is no matplotlib."""
    if "matplotlib.pyplot" not in sys.modules:
        return
    import matplotlib
    from matplotlib.backend_bases import FigureManagerBase
    from matplotlib.backends import backend_agg

    class FigureManager(FigureManagerBase):
        def show(self) -> None:
            show(picture(self.canvas.figure))

        @classmethod
        def pyplot_show(cls, *, block: bool | None = None) -> None:
            flush(show)

    # pyplot's own way for backends: the canvas names its manager.
    backend_agg.FigureCanvasAgg.manager_class = FigureManager
    backend_agg.FigureManager = FigureManager
    matplotlib.use("agg")
    matplotlib.rcParams["figure.dpi"] = DPI


def flush(show: Show) -> None:
    """Show all open figures in their order, and close them, as a notebook does at the end of a cell."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for number in pyplot.get_fignums()[:MOST]:
        show(picture(pyplot.figure(number)))
    pyplot.close("all")


def picture(figure: Any) -> dict[str, Any]:
    """Return a figure as PNG bytes and its text; where it cannot be drawn, the reason as text; its text alone if none is drawn."""
    text = repr(figure)
    if not drawn:
        return {"text/plain": text}
    try:
        dpi = min(DPI, SIDE / max(*figure.get_size_inches(), 1e-9))
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=dpi)
    except Exception as error:
        return {"text/plain": f"{text} could not be drawn: {type(error).__name__}: {error}"}
    return {"image/png": buffer.getvalue(), "text/plain": text}
