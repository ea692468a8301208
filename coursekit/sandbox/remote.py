"""The student as the course's checks see one, when the code runs in a child of the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from coursekit.sandbox import Child, Outcome


class RemoteStudent:
    """The functions and values of a child's namespace, by name, as they stand at the moment of asking."""

    def __init__(self, child: Child):
        self._child = child

    def call(self, name: str, arguments: Mapping[str, Any], helpers: Mapping[str, Callable] | None = None) -> Outcome:
        """Call the student's function `name` on copies of `arguments`, with `helpers` standing in the namespace meanwhile.

        What the function raises is in the outcome; ChildDied where the call ended the child.
        """
        return self._child.call(name, arguments, helpers)

    def value(self, name: str) -> Any:
        """Return a plain value of the namespace; NameError where it is missing."""
        return self._child.value(name)
