"""A user's source file, so that a fix can be written with the user's own text."""

from __future__ import annotations

import ast
import linecache
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from lossaudit.finding import Edit
from lossaudit.pairing import Place

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
Node = ast.expr | ast.stmt | ast.keyword
Span = tuple[int, int]

SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr)


@dataclass(frozen=True, slots=True)
class File:
    """Text and syntax tree. Spans are offsets into the text, in characters.

    Attributes:
        starts: Where each line begins.
        cells: Of a notebook, whose code cells stand one after another in the text: number, first and last line.
    """

    path: str
    text: str
    tree: ast.Module
    starts: tuple[int, ...]
    parents: dict[ast.AST, ast.AST]
    cells: tuple[tuple[int, int, int], ...] = ()

    def span(self, node: Node) -> Span:
        start = self._offset(node.lineno, node.col_offset)
        return start, self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def source(self, node: Node) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def at(self, place: Place) -> ast.expr | None:
        """The expression that fills exactly this place."""
        if place.path != self.path or not (place.line and place.col and place.end_line and place.end_col):
            return None
        if self._line(place.end_line, place.cell) > len(self.starts):
            return None
        wanted = self.place_span(place)
        lines = (self._line(place.line, place.cell), self._line(place.end_line, place.cell))
        expressions = (node for node in self.parents if isinstance(node, ast.expr))  # of the whole tree
        there = (node for node in expressions if (node.lineno, node.end_lineno) == lines)
        return next((node for node in there if self.span(node) == wanted), None)

    def place(self, span: Span) -> Place:
        (line, col), (end_line, end_col) = self._line_and_column(span[0]), self._line_and_column(span[1])
        cell, first = next(((cell, first) for cell, first, last in self.cells if first <= line <= last), (None, 1))
        return Place(self.path, line - first + 1, col, end_line - first + 1, end_col, cell)

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The statement around a node, when it is simple and alone on its lines."""
        while not isinstance(node, ast.stmt):
            if node not in self.parents:
                return None
            node = self.parents[node]
        start, end = self.span(node)
        before, behind = self.text[:start].rpartition("\n")[2], self.text[end:].partition("\n")[0].strip()
        alone = not before.strip() and (not behind or behind.startswith("#"))
        return node if alone and isinstance(node, SIMPLE) else None

    def scope(self, node: ast.AST) -> Scope:
        """The function (or the module) whose names `node` reads."""
        while not isinstance(node := self.parents[node], Scope):
            pass
        return node

    def names(self, scope: Scope) -> Iterator[ast.Name]:
        return (node for node in ast.walk(scope) if isinstance(node, ast.Name))

    def inside(self, inner: Node, outer: Node) -> bool:
        (a, b), (c, d) = self.span(inner), self.span(outer)
        return c <= a and b <= d

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The list of statements in which this one stands."""
        parent = self.parents[statement]
        bodies = (value for _, value in ast.iter_fields(parent) if isinstance(value, list))
        return next(body for body in bodies if statement in body)

    def line_span(self, statement: ast.stmt) -> Span:
        """The whole lines of a statement, the final line break included."""
        last = statement.end_lineno or statement.lineno
        end = self.starts[last] if last < len(self.starts) else len(self.text)
        return self.starts[statement.lineno - 1], end

    def edited(self, edits: Iterable[Edit], span: Span | None = None) -> str:
        """The text, or a span of it, after the edits."""
        low, high = span or (0, len(self.text))
        spans = [(self.place_span(edit.place), edit.text) for edit in edits if edit.place.path == self.path]
        text = self.text[low:high]
        for (start, end), new in sorted(spans, reverse=True):
            if low <= start and end <= high:
                text = text[: start - low] + new + text[end - low :]
        return text

    def place_span(self, place: Place) -> Span:
        line, end_line = self._line(place.line, place.cell), self._line(place.end_line, place.cell)
        return self._at(line, place.col), self._at(end_line, place.end_col)

    def _line(self, line: int, cell: int | None) -> int:
        """The line of the text for a line of a cell."""
        return line + next((first - 1 for number, first, _ in self.cells if number == cell), 0)

    def _at(self, line: int, col: int) -> int:
        return self.starts[line - 1] + col - 1 if line <= len(self.starts) else len(self.text)

    def _offset(self, line: int, column: int) -> int:
        """`ast` counts columns in bytes of UTF-8."""
        start = self.starts[line - 1]
        text = self.text[start : self.starts[line]] if line < len(self.starts) else self.text[start:]
        return start + (column if text.isascii() else len(text.encode()[:column].decode(errors="ignore")))

    def _line_and_column(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1


def load(path: str) -> File | None:
    """The file as Python sees it, or None when it cannot be read or is no Python."""
    text = "".join(linecache.getlines(path))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    return of(path, text, tree) if text else None


def of(path: str, text: str, tree: ast.Module, cells: tuple[tuple[int, int, int], ...] = ()) -> File:
    """A file of its text and tree."""
    starts = tuple(accumulate((len(line) for line in text.split("\n")), lambda at, length: at + length + 1, initial=0))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return File(path, text, tree, starts[:-1], parents, cells)


def spelled(file: File, path: str) -> str | None:
    """How this file can spell a dotted name with what it has imported; None when it cannot.

    A file with `import torch.nn.functional as F` spells `torch.nn.functional.softmax` as `F.softmax`.
    """
    best: str | None = None
    imports = (node for node in ast.walk(file.tree) if isinstance(node, ast.Import | ast.ImportFrom))
    for node in imports:
        if not isinstance(file.scope(node), ast.Module):
            continue  # bound in one function only
        if isinstance(node, ast.Import):
            for alias in node.names:
                best = _shorter(best, _below(alias.name, alias.asname, path))
        elif node.module is not None and not node.level:
            for alias in node.names:
                best = _shorter(best, _below(f"{node.module}.{alias.name}", alias.asname or alias.name, path))
    return best


def _below(module: str, bound: str | None, path: str) -> str | None:
    if bound is None:
        # `import torch.nn` binds `torch`; everything of torch hangs below it in every case.
        return path if module.partition(".")[0] == path.partition(".")[0] else None
    if module == path:
        return bound
    return f"{bound}{path.removeprefix(module)}" if path.startswith(f"{module}.") else None


def _shorter(one: str | None, other: str | None) -> str | None:
    return min((text for text in (one, other) if text is not None), key=len, default=None)
