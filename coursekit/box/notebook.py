"""A notebook's cells in one namespace, with Jupyter's semantics: magics, last value, display, await, figures, tracebacks."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from . import figures
from .calls import Calls, raised
from .outputs import Capture, Outputs, Stream
from .wire import Packer, Unpacker, clean

PRINTED = 10_000  # characters of what one call prints
FRAMES = 15  # at either end of a traceback


class _Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        self.shell.outputs.data("execute_result", format_dict)

    def finish_displayhook(self) -> None:
        self._is_active = False


class _Publisher(DisplayPublisher):
    def publish(self, data: dict, metadata: Any = None, *, transient: Any = None, update: bool = False, **_: Any) -> None:
        display_id = (transient or {}).get("display_id")
        self.shell.outputs.data("display_data", data, display_id, update=update)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear(wait)


class Shell(InteractiveShell):
    """IPython without a terminal, a history, or a choice of backends."""

    outputs = Outputs(0)
    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: figures become pictures, whatever `%gui` asks for."""

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str, str]:
        """Do nothing: the same for `%matplotlib`."""
        return "inline", "agg"

    def system(self, cmd: str) -> None:
        """Run `!command`; its output is the cell's."""
        done = subprocess.run(self.var_expand(cmd, depth=1), shell=True, capture_output=True, text=True, errors="replace")
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        self.user_ns["_exit_code"] = done.returncode

    def _get_exc_info(self, exc_tuple: tuple | None = None) -> tuple:
        etype, value, trace = super()._get_exc_info(exc_tuple)
        frames = []
        while trace is not None:
            frames.append(trace)
            trace = trace.tb_next
        if len(frames) > 2 * FRAMES:  # an endless recursion: to look at every frame takes seconds
            frames[FRAMES].tb_next = frames[-FRAMES]
        return etype, value, frames[0] if frames else None

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        kinds, message, _ = raised(evalue)
        self.outputs.error(kinds[0], message, [clean(str(line)) for line in stb])


class Notebook:
    """The shell, its streams, and the answer to the judge's request to run a cell."""

    def __init__(self, text_bytes: int, image_bytes: int):
        self._bounds = (text_bytes, image_bytes)
        self._streams = (Stream("stdout"), Stream("stderr"))
        sys.stdout, sys.stderr = self._streams
        sys.__stdout__, sys.__stderr__ = self._streams
        config = Config()
        config.HistoryManager.enabled = False
        config.HistoryManager.hist_file = ":memory:"
        config.InteractiveShell.colors = "nocolor"
        config.InteractiveShell.history_length = 0
        self.shell = Shell.instance(config=config)
        self.shell.display_formatter.active_types = ["text/plain", "image/png"]
        figures.use(self._show)
        self._draw_returned_figures()

    def warm_up(self) -> None:
        """Run what loads modules on first use, so that no child pays for it, and forget it."""
        cells = ["1 / 0", "1 +", "%timeit -n1 -r1 0", "print(1)\n2"]
        if "matplotlib.pyplot" in sys.modules:
            cells.append("import matplotlib.pyplot as plt; plt.plot([1, 2], label='$x$'); plt.title('x'); plt.legend()")
        for cell in cells:
            self._run(cell)
        self.shell.reset(new_session=True)
        self.shell.execution_count = 1
        for name in ("last_type", "last_value", "last_traceback", "last_exc"):
            with contextlib.suppress(AttributeError):
                delattr(sys, name)

    def attach(self, talk: Any) -> None:
        """Answer the requests that come over `talk`."""
        Calls(self.shell.user_ns, talk, lambda: Capture(self._streams, Outputs(PRINTED)))
        talk.handlers.update(cell=self._cell, files=self._files)

    def _cell(self, message: list, _unpacker: Unpacker, _blob: bytes) -> tuple[list, Packer | None]:
        """["cell", nonce, source, drawn]: run a cell; pictures go into the blob, one after the other, unless they aren't drawn."""
        figures.drawn = message[3]
        outputs, error, count = self._run(message[2])
        packer, items = Packer(None), []
        for item in outputs.items:
            if item[0] == "stream":
                items.append(["stream", item[1], clean("".join(item[2]))])
            elif item[0] == "data":
                png = item[3] or b""
                packer.blobs.append(png)
                items.append(["data", item[1], clean(item[2]), len(png)])
            else:
                items.append(["error", item[1], item[2], item[3]])
        return ["ran", "", items, error, count], packer

    def _run(self, source: str) -> tuple[Outputs, list | None, int]:
        outputs = self.shell.outputs = Outputs(*self._bounds)
        count = self.shell.execution_count
        failure: BaseException | None = None
        with Capture(self._streams, outputs):
            try:
                result = self.shell.run_cell(source, store_history=True)
                failure = result.error_before_exec or result.error_in_exec
                figures.flush(self._show)
            except BaseException as error:  # a shell that the student's code has bent
                failure = error
        return outputs, raised(failure) if failure is not None else None, count

    def _files(self, message: list, _unpacker: Unpacker, blob: bytes) -> tuple[list, Packer | None]:
        """["files", nonce, [[name, size], …]]: write files into the working directory, their bytes one after the other."""
        at = 0
        for name, size in message[2]:
            os.makedirs(os.path.dirname(os.path.join(".", name)), exist_ok=True)
            with open(name, "xb") as file:
                file.write(blob[at : at + size])
            at += size
        return ["done", "", None, [], [], ""], None

    def _show(self, bundle: dict[str, Any]) -> None:
        self.shell.outputs.data("display_data", bundle)

    def _draw_returned_figures(self) -> None:
        if "matplotlib.figure" in sys.modules:
            from matplotlib.figure import Figure

            formatter = self.shell.display_formatter.formatters["image/png"]
            formatter.for_type(Figure, lambda figure: figures.picture(figure).get("image/png"))
