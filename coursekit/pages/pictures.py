"""Pictures that students' code drew: decoded, bounded and encoded anew, so that no byte of theirs is passed on."""

from __future__ import annotations

import base64
import binascii
import io
import struct
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_BYTES = 8_000_000
_MAX_PIXELS = 12_000_000
_MAX_SIDE = 1600


@dataclass(frozen=True)
class Picture:
    """A PNG picture made here; `width` and `height` in pixels."""

    png: bytes
    width: int
    height: int

    @property
    def base64(self) -> str:
        """Return the picture as it stands in notebooks and data URLs."""
        return base64.b64encode(self.png).decode("ascii")


# The same figure goes into the autograded notebook and into the feedback page.
@lru_cache(maxsize=64)
def redrawn(encoded: str) -> Picture:
    """Return the picture of a notebook output (base64 text of a PNG file), encoded anew, at most 1600 pixels a side.

    Errors: ValueError with a reason to show, for anything but one whole PNG picture of reasonable size.
    """
    if len(encoded) > _MAX_BYTES * 4 // 3 + 1000:
        raise ValueError(f"it is larger than {_MAX_BYTES // 1_000_000} MB")
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it is not a PNG picture") from None
    if len(data) < 33 or not data.startswith(_SIGNATURE) or data[12:16] != b"IHDR":
        raise ValueError("it is not a PNG picture")
    # Looked at before anything is unpacked: a few bytes can claim to be gigabytes of pixels.
    width, height = struct.unpack(">II", data[16:24])
    if not 0 < width * height <= _MAX_PIXELS:
        raise ValueError(f"it says that it is {width} by {height} pixels, too many to show")
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            image.load()
            plain = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
    except Exception:
        # Pillow raises many kinds of errors for broken files; what it says could carry the file's own text.
        raise ValueError("its data is broken, or does not fit the size that it says it has") from None
    plain.info.clear()
    plain.thumbnail((_MAX_SIDE, _MAX_SIDE))
    buffer = io.BytesIO()
    plain.save(buffer, format="PNG")
    return Picture(buffer.getvalue(), *plain.size)
