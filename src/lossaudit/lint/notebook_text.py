"""Where the lines of a notebook's code stand in its JSON text, to the character."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """One string of a cell's source.

    Attributes:
        cell: Number of the code cell, first is 1.
        start, end: Its span in the JSON text, quotes included.
        text: What it says.
    """

    cell: int
    start: int
    end: int
    text: str


def pieces(notebook: str) -> tuple[Piece, ...]:
    r"""The strings of which the code cells' sources are made, in order; none for a text that is no notebook.

    >>> [each.text for each in pieces('{"cells": [{"source": ["a\\n", "b"], "cell_type": "code"}]}')]
    ['a\n', 'b']
    """
    found: list[Piece] = []
    number = 0
    try:
        for kind, sources in _cells(notebook):
            if kind == "code":
                number += 1
                found += [Piece(number, start, end, json.loads(notebook[start:end])) for start, end in sources]
    except (ValueError, IndexError):
        return ()
    return tuple(found)


def lines_of(notebook: str) -> dict[tuple[int, int], int]:
    """For each cell and line in it, the line of the JSON text."""
    found: dict[tuple[int, int], int] = {}
    row, at = 1, 0
    line: dict[int, int] = {}
    for piece in pieces(notebook):
        row += notebook.count("\n", at, piece.start)
        at = piece.start
        for text in re.findall(r"[^\n]*\n|[^\n]+", piece.text.replace("\r\n", "\n").replace("\r", "\n")):
            current = line.setdefault(piece.cell, 1)
            found.setdefault((piece.cell, current), row)
            line[piece.cell] = current + text.endswith("\n")
    return found


def _cells(notebook: str) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Kind of each cell, and the spans of its source's strings; a cell's keys may stand in any order."""
    path: list[str | int] = []  # keys and positions that lead to the next value
    kinds: dict[tuple[str | int, ...], str] = {}
    sources: dict[tuple[str | int, ...], list[tuple[int, int]]] = {}
    key_next: list[bool] = []  # of each open object: whether a key comes; False for lists too
    for match in _TOKEN.finditer(notebook):
        token = match.group()
        if token in "{[":
            key_next.append(token == "{")
            path.append("" if token == "{" else 0)
        elif token in "}]":
            key_next.pop()
            path.pop()
        elif token == ",":
            if isinstance(path[-1], int):
                path[-1] += 1
            else:
                key_next[-1] = True
        elif token == ":":
            key_next[-1] = False
        elif token.startswith('"') and path:
            if key_next[-1]:
                path[-1] = json.loads(token)
            else:
                _note(tuple(path), match.span(), token, kinds, sources)
    yield from ((kind, sources.get(cell, [])) for cell, kind in kinds.items())


def _note(
    path: tuple[str | int, ...],
    span: tuple[int, int],
    token: str,
    kinds: dict[tuple[str | int, ...], str],
    sources: dict[tuple[str | int, ...], list[tuple[int, int]]],
) -> None:
    """Keep a string when it is a cell's kind, or a part of its source (`input` before format 4)."""
    depth = 2 if path[:1] == ("cells",) else 4 if path[:1] == ("worksheets",) and path[2:3] == ("cells",) else 0
    cell, inside = path[:depth], path[depth:]
    if depth and inside == ("cell_type",):
        kinds[cell] = json.loads(token)
    elif depth and inside[:1] in (("source",), ("input",)) and len(inside) <= 2:
        sources.setdefault(cell, []).append(span)
