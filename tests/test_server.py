"""The extension of the Jupyter server: it loads where it is switched on, and connections to kernels then don't wait."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import labbrowser

import descentlab
from descentlab import server


def test_a_connection_stops_waiting_before_it_does_whatever_it_did():
    class Usual:
        def connect(self):
            return ("connected", self.websocket_handler.without_delay)

    app = SimpleNamespace(kernel_websocket_connection_class=Usual, web_app=SimpleNamespace(settings={"port": 1}))
    server._load_jupyter_server_extension(app)
    connection = app.web_app.settings.pop("kernel_websocket_connection_class")()
    assert app.web_app.settings == {"port": 1}
    assert isinstance(connection, Usual)
    handler = connection.websocket_handler = SimpleNamespace(without_delay=None)
    handler.set_nodelay = lambda value: setattr(handler, "without_delay", value)
    assert connection.connect() == ("connected", True)


def test_the_server_finds_and_loads_it(tmp_path):
    bundle, config = tmp_path / "bundle", tmp_path / "home" / "config"
    bundle.mkdir()
    config.mkdir(parents=True)
    (bundle / "descentlab").symlink_to(Path(descentlab.__file__).parent)
    settings = {"ServerApp": {"jpserver_extensions": {"descentlab.server": True}}}
    (config / "jupyter_server_config.json").write_text(json.dumps(settings), encoding="utf-8")
    with labbrowser.lab(bundle, tmp_path / "home") as lab:
        assert "descentlab.server | extension was successfully loaded." in lab.log
