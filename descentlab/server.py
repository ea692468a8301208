"""An extension of the Jupyter server that lets its answers go at once: sliders answer in half the time.

A kernel answers a slider with several small messages: busy, what changed, idle. The server sends the first of them, and the
operating system keeps the others back until the browser has said that it has that one (Nagle's algorithm), which the browser
puts off for 40 ms. `jupyter server extension enable --sys-prefix descentlab.server` switches that off for the connections to
kernels.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "descentlab.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Put a connection that doesn't wait in the place of the server's usual one between browser and kernel."""
    usual: type = app.kernel_websocket_connection_class

    class Prompt(usual):
        def connect(self) -> Any:
            self.websocket_handler.set_nodelay(True)
            return super().connect()

    app.web_app.settings["kernel_websocket_connection_class"] = Prompt
