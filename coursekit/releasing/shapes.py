"""Code as shapes that can be compared: functions whatever their names, bodies and statements as they are, values of text."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

# Statements shorter than this, as a dumped syntax tree, are anybody's: `return x`, `theta = theta - step`.
BODY, STATEMENT = 100, 250
# A body longer than this, in characters of its dump, is found by its function or by one of its long statements.
LONGEST_BODY = 6000

_MAGIC = re.compile(r"^\s*[%!?].*$", re.MULTILINE)
_FENCE = re.compile(r"^[ \t>]*(`{3,}|~{3,})[^\n]*\n(.*?)^[ \t>]*\1", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^[ \t]*(?:#|//|>|\*)[ \t]?", re.MULTILINE)
_HEAD = re.compile(r"^([ \t]*)(?:async )?def \w+\(", re.MULTILINE)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def shapes_to_hide(code: str) -> Iterator[tuple[str, int, str]]:
    """Yield (shape, line, name) of what must be found nowhere else: each function and each value of text in a hidden module."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = _body(node)
            found = [_function_shape(node)]
            if BODY < len(joined := "\n".join(map(_dump, body))) <= LONGEST_BODY:
                found.append(joined)
            found += [dump for item in body if len(dump := _dump(item)) > STATEMENT]
            yield from ((shape, node.lineno, node.name) for shape in found if shape)
        elif _is_text_value(node):
            yield _dump(node), node.lineno, ast.unparse(node.targets[0])


def shapes_in(text: str, depth: int = 0) -> Iterator[str]:
    """Yield all shapes of the code in a text: Python, prose with code blocks, or a file in which functions are buried."""
    for tree in _trees(text):
        for node in ast.walk(tree):
            if isinstance(node, _FUNCTIONS):
                yield _function_shape(node)
            elif _is_text_value(node):
                yield _dump(node)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value and depth < 2:
                yield from shapes_in(node.value, depth + 1)
            for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
                if isinstance(block, list):
                    yield from _runs([_dump(item) for item in block])


def _trees(text: str) -> Iterator[ast.AST]:
    """Yield the syntax trees of a text: its own where it is Python, and those of its code blocks and of the functions in it."""
    whole = _parsed(text)
    if whole:
        yield whole
    for _, block in _FENCE.findall(text):
        tree = _parsed(block)
        if tree:
            yield tree
    for variant in {_COMMENT.sub("", text)} if whole else {text, _COMMENT.sub("", text)}:
        for tree in map(_parsed, _buried(variant)):
            if tree:
                yield tree


def _parsed(code: str) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(_MAGIC.sub("", code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _buried(text: str) -> Iterator[str]:
    """Yield the lines from each `def` on that are indented more than it is."""
    for match in _HEAD.finditer(text):
        head, *rest = text[match.start() :].split("\n")
        margin = len(head) - len(head.lstrip())
        lines = [head]
        for line in rest:
            if line.strip() and len(line) - len(line.lstrip()) <= margin:
                break
            lines.append(line)
        yield "\n".join(lines)


def _body(node: ast.AST) -> list[ast.stmt]:
    """Return a function's statements without its docstring; none where nothing is left but constants such as `...`."""
    if isinstance(node, ast.Lambda):
        return [ast.Return(node.body)]
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return [] if all(isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) for item in body) else body


def _function_shape(node: ast.AST) -> str:
    """Return the shape of a function whatever its own name and the names in it; "" where it does nothing."""
    body = _body(node)
    if not body:
        return ""
    module = ast.parse(ast.unparse(ast.fix_missing_locations(ast.Module(body, []))))
    names: dict[str, str] = {}
    arguments = _arguments(node.args)
    for name in [*(argument.arg for argument in arguments), *_own_names(module)]:
        names.setdefault(name, f"v{len(names)}")
    return f"{len(arguments)}:{_dump(_Renamed(names).visit(module))}"


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]


def _own_names(module: ast.AST) -> Iterator[str]:
    """Yield the names that code gives to things of its own: variables, inner functions and their arguments."""
    for item in ast.walk(module):
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
            yield item.id
        elif isinstance(item, ast.arg):
            yield item.arg
        elif isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield item.name


def _runs(dumps: list[str]) -> Iterator[str]:
    """Yield the statements of a block and all runs of them, as bodies are kept."""
    for start in range(len(dumps)):
        run = ""
        for dump in dumps[start:]:
            run = f"{run}\n{dump}" if run else dump
            yield run
            if len(run) > LONGEST_BODY:
                break


def _is_text_value(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _dump(node: ast.AST) -> str:
    return ast.dump(node, annotate_fields=False)


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]):
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self._names.get(node.arg, node.arg))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.name = self._names.get(node.name, node.name)
        node.returns = None
        return node
