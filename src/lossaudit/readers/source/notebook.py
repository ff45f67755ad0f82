"""The Python code of a notebook: its code cells, with what only IPython understands blanked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True, slots=True)
class CodeCell:
    """A code cell.

    Attributes:
        number: First is 1; only code cells are counted.
        text: Its Python text, as many lines as the cell has, columns unchanged.
        above: The line to be put above it: IPython takes the indentation of a whole cell away, Python does not.
    """

    number: int
    text: str
    above: str = "#"


class NotebookError(Exception):
    """A file that is no notebook with Python in it; the reason as one clause."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


def code_cells(content: bytes) -> tuple[CodeCell, ...]:
    r"""The code cells of a notebook of format 1 to 4.

    Raises:
        NotebookError: It is broken, or its language is not Python.

    Example:
        >>> code_cells(b'{"cells": [{"cell_type": "code", "source": ["!ls\\n", "x = 1"]}]}')[0].text
        'pass\nx = 1'
    """
    notebook = _parsed(content)
    language = _language(notebook)
    if not language.startswith(("python", "ipython", "sage")):
        raise NotebookError(f"is a notebook in {language[:40]}, not in Python; skipped")
    sources = [_source(cell) for cell in _cells(notebook) if _get(cell, "cell_type") == "code"]
    return tuple(_cell(number, source) for number, source in enumerate(sources, 1))


def _parsed(content: bytes) -> dict[str, object]:
    try:
        notebook: object = json.loads(content)
    except UnicodeDecodeError as error:
        raise NotebookError("is a broken notebook: not UTF-8; save it again") from error
    except json.JSONDecodeError as error:
        raise NotebookError(f"is a broken notebook: {error.msg}; save it again", error.lineno) from error
    except (RecursionError, MemoryError, ValueError) as error:
        raise NotebookError("is a broken notebook: nested too deep, or with absurd numbers") from error
    if not isinstance(notebook, dict):
        raise NotebookError("is no notebook: a notebook is a JSON object with cells")
    return cast("dict[str, object]", notebook)


def _get(value: object, *keys: str) -> object:
    """What stands under the keys, one inside the other, or None."""
    for key in keys:
        value = cast("dict[str, object]", value).get(key) if isinstance(value, dict) else None
    return value


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _cells(notebook: dict[str, object]) -> list[object]:
    if isinstance(notebook.get("cells"), list):
        return _list(notebook["cells"])
    if isinstance(notebook.get("worksheets"), list):  # before format 4
        return [cell for sheet in _list(notebook["worksheets"]) for cell in _list(_get(sheet, "cells"))]
    raise NotebookError("is no notebook: it has no list of cells")


def _language(notebook: dict[str, object]) -> str:
    """As the notebook says it, in lower case; one that does not say it is in Python."""
    first = next((cell for cell in _list(notebook.get("worksheets")) or []), None)
    old = next((_get(cell, "language") for cell in _list(_get(first, "cells")) if _get(cell, "language")), None)
    named = (
        _get(notebook, "metadata", "kernelspec", "language"),
        _get(notebook, "metadata", "language_info", "name"),
        old,
    )
    return next((name for name in named if isinstance(name, str) and name), "python").lower()


def _source(cell: object) -> str:
    source = _get(cell, "source")
    if source is None:
        source = _get(cell, "input")  # before format 4
    if isinstance(source, list):
        source = "".join(line for line in _list(source) if isinstance(line, str))
    text = source if isinstance(source, str) else ""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")


_KEEPING = ("time", "timeit", "capture", "prun", "memit", "snakeviz", "pyinstrument", "wandb", "debug", "scalene")
_CELL_MAGIC = re.compile(r"%%(\w*)")
_COMMANDS = r"(?:pip3?|conda|mamba|cd|ls|ll|mkdir|rmdir|rm|cp|mv|cat)[ \t]+[\w./~\"'*-][^=(]*$"  # work without a mark
_LINE_MAGIC = re.compile(rf"\s*(?:[%!?]|pip3?[ ]install\b|{_COMMANDS}|[\w.*]+\?\??\s*$)")
_TIMED = re.compile(r"(\s*)(%(?:time|timeit|prun|memit)\b(?:[ \t]+-[a-z]\w*(?:[ \t]+\d+(?=[ \t]))?)*[ \t]+)(?=\S)")
_COMPOUND = re.compile(r"(?:for|while|with|if|try|def|class|async|@)\b")
_ASSIGNED = re.compile(r"(\s*[A-Za-z_][\w., ]*(?:\[[^\]=]*\])?[ \t]*=[ \t]*)([%!]\S.*)$")
_MAYBE = re.compile(rf"[%!?]|^\s*(?:pip3? install\b|{_COMMANDS})", re.MULTILINE)
_PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: |$)")
_TOKEN = re.compile(
    r"""(?P<triple>'''|\"\"\")|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\#.*|(?P<open>[(\[{])|(?P<close>[)\]}])"""
)


def _cell(number: int, source: str) -> CodeCell:
    lines = source.split("\n")
    for index, line in enumerate(lines):
        magic = _CELL_MAGIC.match(line)
        if magic and magic[1] in _KEEPING:
            lines[index] = ""
        elif magic:
            return CodeCell(number, "\n" * (len(lines) - 1))
        elif line.strip():
            break
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    if first.startswith(">>>"):  # pasted with its prompts
        lines = [_PROMPT.sub(lambda prompt: " " * len(prompt[0]), line) for line in lines]
        first = " "
    text = _without_magics(lines) if _MAYBE.search(source) else "\n".join(lines)
    return CodeCell(number, text, "if True:" if first[:1] in {" ", "\t"} else "#")


def _without_magics(lines: list[str]) -> str:
    """Blank magics where a statement begins: `%` inside brackets or strings is Python's own."""
    kept: list[str] = []
    depth, quote, continued, magic = 0, "", False, False
    for line in lines:
        if magic and continued:  # a command that goes on over a backslash
            continued = line.rstrip().endswith("\\")
            kept.append("")
            continue
        magic = False
        if not (depth or quote or continued):
            plain = _plain(line)
            magic, line = plain != line and not _TIMED.match(line), plain
        kept.append(line)
        if not magic:
            depth, quote = _state(line, depth, quote)
        original = lines[len(kept) - 1]
        continued = original.rstrip().endswith("\\") and not quote
    return "\n".join(kept)


def _plain(line: str) -> str:
    """The line without its magic, the rest of it in the same columns."""
    timed = _TIMED.match(line)
    if timed and not _COMPOUND.match(line, timed.end()):  # `%time model.fit(x)` runs the rest of the line
        return f"{timed[1]}{'0;':{len(timed[2])}}{line[timed.end() :]}"
    if _LINE_MAGIC.match(line):
        return line[: len(line) - len(line.lstrip())] + "pass"
    assigned = _ASSIGNED.match(line)
    if assigned:
        timed = _TIMED.match(assigned[2])  # `x = %time f()`
        rest = assigned[2][timed.end() :] if timed else ""
        return assigned[1] + (" " * timed.end() + rest if timed else "_")
    return line


def _state(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Open brackets, and the triple quote that is open, after the line."""
    at = 0
    while at < len(line):
        if quote:
            end = re.compile(rf"(?:[^\\]|\\.)*?{quote}").match(line, at)
            if end is None:
                return depth, quote
            at, quote = end.end(), ""
        token = _TOKEN.search(line, at)
        if token is None:
            break
        at = token.end()
        quote = token["triple"] or ""
        depth = max(depth + (token["open"] is not None) - (token["close"] is not None), 0)
    return depth, quote
