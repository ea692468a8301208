"""What a cell or a call shows: text, values, figures and errors in their order, bounded, with a note where it was cut."""

from __future__ import annotations

import io
from typing import Any

CUT = "\n[output cut]\n"
ITEMS = 200


class Outputs:
    """The outputs of one cell: ["stream", name, text], ["data", kind, text, png or None], ["error", name, message, lines]."""

    def __init__(self, text_bytes: int, image_bytes: int = 0):
        self.items: list[list] = []
        self._text_left = text_bytes
        self._images_left = image_bytes
        self._cut = False
        self._clear_first = False
        self._shown: dict[str, list] = {}

    def stream(self, name: str, text: str) -> None:
        """Add what was written to stdout or stderr; pieces of the same stream are joined."""
        self._begin()
        if text := self._fitting(text):
            if self.items and self.items[-1][:2] == ["stream", name]:
                self.items[-1][2].append(text)
            else:
                self._add(["stream", name, [text]])

    def data(self, kind: str, bundle: dict[str, Any], display_id: str | None = None, *, update: bool = False) -> None:
        """Add a displayed value: its text and, where it has one, its picture. An update replaces the one of the same id."""
        self._begin()
        png, text = bundle.get("image/png"), bundle.get("text/plain")
        text = self._fitting(text if isinstance(text, str) else "")
        if not isinstance(png, bytes) or len(png) > self._images_left:
            if png is not None:
                text += " [a picture too large to keep]"
            png = None
        self._images_left -= len(png or b"")
        item = ["data", kind, text, png]
        if display_id is not None and update:
            if display_id in self._shown:
                self._shown[display_id][2:] = item[2:]
            return
        if display_id is not None:
            self._shown[display_id] = item
        self._add(item)

    def error(self, name: str, message: str, lines: list[str]) -> None:
        """Add an exception with its traceback as plain text."""
        self._begin()
        self._add(["error", name, self._fitting(message), [self._fitting(line) for line in lines[:100]]])

    def clear(self, wait: bool) -> None:
        """Take away what was shown so far; with `wait`, when the next output comes."""
        self._clear_first = wait
        if not wait:
            self.items.clear()

    def text(self) -> str:
        """Return all that was written to the streams."""
        return "".join("".join(item[2]) for item in self.items if item[0] == "stream")

    def _begin(self) -> None:
        if self._clear_first:
            self._clear_first = False
            self.items.clear()

    def _fitting(self, text: str) -> str:
        if self._cut:
            return ""
        # A character is at most six bytes of JSON; counting characters is enough to bound it.
        if len(text) > self._text_left:
            self._cut = True
            return text[: self._text_left] + CUT
        self._text_left -= len(text)
        return text

    def _add(self, item: list) -> None:
        if len(self.items) < ITEMS:
            self.items.append(item)
        elif not self._cut:
            self._cut = True
            self.items.append(["stream", "stderr", [CUT]])


class Stream(io.TextIOBase):
    """What stands for stdout or stderr: writes to the outputs of the request that is being answered, or nowhere."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, name: str):
        self.name = f"<{name}>"
        self._kind = name
        self.target: Outputs | None = None

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.target is not None and text:
            self.target.stream(self._kind, text)
        return len(text)

    def writable(self) -> bool:
        return True


class Capture:
    """A context in which both streams write to fresh outputs, which it gives."""

    __slots__ = ("_before", "_outputs", "_streams")

    def __init__(self, streams: tuple[Stream, Stream], outputs: Outputs):
        self._streams = streams
        self._outputs = outputs

    def __enter__(self) -> Outputs:
        self._before = self._streams[0].target
        for stream in self._streams:
            stream.target = self._outputs
        return self._outputs

    def __exit__(self, *_: object) -> None:
        for stream in self._streams:
            stream.target = self._before
