"""The reference's functions as text: the head that a student sees, and the body that nobody but the solution gets."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

# What a reference may import, (module, as): numpy, and the clock, which a first line may name as a default. A notebook shows
# answers alone, so its setup cell has to import the same.
_IMPORTS = {("numpy", "np"), ("time", None)}


@dataclass(frozen=True)
class Answer:
    """A function (`head` ends with its docstring, `body` is what follows) or a value (`head` empty, `body` its expression)."""

    name: str
    head: str
    body: str
    line: int
    documented: bool = True

    @property
    def is_value(self) -> bool:
        return not self.head


def read_reference(path: Path) -> tuple[dict[str, Answer], list[str]]:
    """Return a reference module's answers by name, in order, and the faults found, each as "file:line: what, what to do"."""
    if not path.is_file():
        return {}, [f"{path}:1: there is no such file; the section's answers stand there"]
    text = path.read_text(encoding="utf-8")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        return {}, [f"{path}:{error.lineno}: this is no Python: {error.msg}"]
    lines = text.splitlines()
    answers: dict[str, Answer] = {}
    faults = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and _is_of_another_section(node, path):
            continue
        answer, fault = _answer(node, text, lines)
        if fault:
            faults.append(f"{path}:{node.lineno}: {fault}")
        if answer:
            if answer.name in answers:
                faults.append(f"{path}:{answer.line}: the name {answer.name} was used already in line {answers[answer.name].line}")
            answers[answer.name] = answer
    return answers, faults


def borrowed(path: Path) -> dict[str, int]:
    """Return the names that a reference module takes from other sections' modules, with their lines: a notebook carries them."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError):  # `read_reference` has told it
        return {}
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and _is_of_another_section(node, path)]
    return {name.name: node.lineno for node in imports for name in node.names}


def _is_of_another_section(node: ast.ImportFrom, path: Path) -> bool:
    package, _, module = (node.module or "").rpartition(".")
    renamed = any(name.asname or name.name == "*" for name in node.names)
    return package == path.parent.name and module != path.stem and not (node.level or renamed)


def _answer(node: ast.stmt, text: str, lines: list[str]) -> tuple[Answer | None, str]:
    if isinstance(node, ast.FunctionDef):
        first = node.body[0]
        documented = ast.get_docstring(node) is not None
        if node.decorator_list:
            return None, f"{node.name} has a decorator, which a student's cell could not show: remove it"
        if not documented:
            return Answer(node.name, lines[node.lineno - 1], "", node.lineno, False), (
                f"{node.name} has no docstring: say what it takes and returns, since the stub is made of it"
            )
        head = "\n".join(lines[node.lineno - 1 : first.end_lineno])
        body = "\n".join(lines[first.end_lineno : node.end_lineno]).strip("\n")
        return Answer(node.name, head, body, node.lineno), "" if body.strip() else f"{node.name} has no body"
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return Answer(node.targets[0].id, "", ast.get_source_segment(text, node.value) or "", node.lineno), ""
    if isinstance(node, ast.Import) and {(name.name, name.asname) for name in node.names} <= _IMPORTS:
        return None, ""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return None, ""
    return (
        None,
        "a reference holds import numpy as np, import time, functions and values, nothing else: a notebook could not show this",
    )
