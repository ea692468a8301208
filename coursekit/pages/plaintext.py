"""Text from students' code made fit to show: nothing invisible, nothing that reorders what is read, bounded."""

from __future__ import annotations

import re

# Colours and cursor moves; then operating system commands (window titles, links).
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
# Controls but tab and line feed; soft hyphen, zero-width and bidirectional marks; tags; lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Return `text` with every invisible or reordering character as a visible name such as \u202e, line ends as \n."""
    return _UNSEEN.sub(_name, text.replace("\r\n", "\n"))


def _name(match: re.Match) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printed(text: str, max_lines: int = 60, max_characters: int = 6000) -> str:
    """Return what a program printed as it may be shown: colours gone, overwritten progress lines gone, cut if long."""
    # One look at no more than could be shown, before regular expressions run over it.
    head = text[: 4 * max_characters]
    head = _ANSI.sub("", head).replace("\r\n", "\n")
    head = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in head.split("\n"))
    lines = visible(head).rstrip("\n").split("\n")
    shown = "\n".join(lines[:max_lines])[:max_characters]
    whole = len(lines) <= max_lines and len("\n".join(lines)) <= max_characters and len(text) <= 4 * max_characters
    return shown if whole else f"{shown}\n… the rest is left out ({len(text)} characters in all)"
