"""Broken and strange programs made from sound ones."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_WORD = re.compile(r"[^\W\d]\w*")
_NUMBERS = (
    *("9" * 5000, "1e999", "-1", "1e-320", "0x" + "f" * 99),
    *("None", "'\\ud800'", "10**10**10", "1j", "b'\\xff'", "..."),
)
_PIECES = (
    *("\0", "\x1a", "\ufeff", "\u2028", "\\", "'''", '"""', "\r"),
    *("match x:\n case y: pass\n", "print 'a'\n", "async ", "type X = int\n", "await x\n", "yield x\n", "return\n"),
    *("del x\n", "global x\n", "x := 1\n", "*a, *b = c\n", "`x`"),
)
_MAGICS = ("", "", "", "%%time\n", "%%bash\n", "!ls \\\n", "%matplotlib inline\n", "x = !ls\n", "?x\n")


def mutant(rng: random.Random, sources: list[str]) -> tuple[str, bytes]:
    """A file name and its content: a source, mutated a few times, as a file or notebook in some encoding."""
    source = rng.choice(sources)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        source = rng.choice(_TEXTUAL)(rng, source, sources)
    if rng.random() < 0.25:
        return "a.ipynb", _notebook(rng, source)
    data = source.encode("utf-8", "surrogatepass")
    return "a.py", rng.choice(_BINARY)(rng, data) if rng.random() < 0.3 else data


def _tokens(source: str) -> list[str]:
    return _TOKEN.findall(source)


def _delete(rng: random.Random, source: str, _: list[str]) -> str:
    tokens = _tokens(source)
    at = rng.randrange(len(tokens) or 1)
    return "".join(tokens[:at] + tokens[at + rng.choice((1, 1, 2, 10)) :])


def _duplicate(rng: random.Random, source: str, _: list[str]) -> str:
    tokens = _tokens(source)
    at = rng.randrange(len(tokens) or 1)
    length = rng.choice((1, 2, 20))
    return "".join(tokens[:at] + tokens[at : at + length] * rng.choice((2, 3)) + tokens[at + length :])


def _rename(rng: random.Random, source: str, _: list[str]) -> str:
    """One name becomes another: functions call themselves, classes inherit from themselves, layers are labels."""
    words = sorted(set(_WORD.findall(source)))
    if len(words) < 2:
        return source
    old, new = rng.sample(words, 2)
    everywhere = rng.random() < 0.5
    return re.sub(rf"\b{old}\b", new, source, count=0 if everywhere else 1)


def _swap_lines(rng: random.Random, source: str, _: list[str]) -> str:
    lines = source.split("\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _drop_lines(rng: random.Random, source: str, _: list[str]) -> str:
    lines = source.split("\n")
    at = rng.randrange(len(lines))
    return "\n".join(lines[:at] + lines[at + rng.choice((1, 2, 5)) :])


def _indent(rng: random.Random, source: str, _: list[str]) -> str:
    lines = source.split("\n")
    at = rng.randrange(len(lines))
    lines[at] = rng.choice((" ", "    ", "\t", "\x0c")) + lines[at] if rng.random() < 0.5 else lines[at].lstrip()
    return "\n".join(lines)


def _splice(rng: random.Random, source: str, sources: list[str]) -> str:
    one, other = source.split("\n"), rng.choice(sources).split("\n")
    return "\n".join(one[: rng.randrange(len(one) + 1)] + other[rng.randrange(len(other) + 1) :])


def _truncate(rng: random.Random, source: str, _: list[str]) -> str:
    return source[: rng.randrange(len(source) + 1)]


def _nest(rng: random.Random, source: str, _: list[str]) -> str:
    """An expression, deep inside brackets, calls, operators, attributes or blocks."""
    depth = rng.choice((3, 30, 90, 150, 1000, 10_000))
    word = rng.choice(_WORD.findall(source) or ["x"])
    nested = rng.choice(
        (
            "(" * depth + word + ")" * depth,
            f"{word}(" * depth + ")" * depth,
            f"{word} + " * depth + word,
            f"{word}." * depth + word,
            f"{word} if {word} else " * depth + word,
            "not " * depth + word,
            "-" * depth + word,
            "lambda: " * depth + word,
            "[" * depth + "]" * depth,
            "{0: " * min(depth, 150) + "0" + "}" * min(depth, 150),
            f"[{word} for x in " * min(depth, 90) + word + "]" * min(depth, 90),
            f"f'{{{word}}}' " * depth,
            f"{word}\n" + "".join(" " * level + "if x:\n" for level in range(min(depth, 150))),
            "".join(
                f"def f{level}(x):\n    return f{level - 1}(x) + f{level - 1}(x)\n" for level in range(min(depth, 90))
            ),
            "".join(f"if x{level}: y = z{level}\n" for level in range(min(depth, 150))),
        )
    )
    at = rng.randrange(len(source) + 1)
    return rng.choice((source + f"\nx = {nested}\n", f"{nested}\n{source}", source[:at] + nested + source[at:]))


def _literal(rng: random.Random, source: str, _: list[str]) -> str:
    numbers = [match.span() for match in re.finditer(r"\b\d+\b", source)]
    if not numbers:
        return source
    start, end = rng.choice(numbers)
    return source[:start] + rng.choice(_NUMBERS) + source[end:]


def _insert(rng: random.Random, source: str, _: list[str]) -> str:
    at = rng.randrange(len(source) + 1)
    return source[:at] + rng.choice(_PIECES) + source[at:]


_Textual = Callable[[random.Random, str, list[str]], str]
_TEXTUAL: tuple[_Textual, ...] = (
    *(_delete, _duplicate, _rename, _rename, _rename, _swap_lines, _drop_lines),
    *(_indent, _splice, _truncate, _nest, _literal, _insert),
)


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 30)) if changed else 0):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _encode(rng: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    name = rng.choice(("utf-16", "utf-32", "latin-1", "utf-8-sig", "cp037", "shift_jis", "utf-7", "utf-16-le"))
    line = f"# coding: {rng.choice((name, 'utf-8', 'nonsense', 'rot13', 'hex', 'idna', 'unicode_escape'))}\n"
    return (line + text).encode(name, "replace")


def _crlf(rng: random.Random, data: bytes) -> bytes:
    return data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\r", b"\x0b")))


_BINARY = (_flip, _encode, _crlf, lambda rng, data: data[: rng.randrange(len(data) + 1)])


def _notebook(rng: random.Random, source: str) -> bytes:
    """The program cut into cells; now and then with a broken structure."""
    lines = source.split("\n")
    cells: list[object] = []
    while lines:
        length = rng.randrange(1, 30)
        text = "\n".join(lines[:length])
        del lines[:length]
        magic = rng.choice(_MAGICS)
        cell: dict[str, object] = {"cell_type": rng.choice(("code", "code", "markdown")), "source": magic + text}
        if rng.random() < 0.3:
            cell["source"] = (magic + text).splitlines(keepends=True)
        if rng.random() < 0.03:
            cell[rng.choice(("cell_type", "source"))] = rng.choice((None, 3, [], {}, [None], "code"))
        cells.append(cell if rng.random() < 0.98 else rng.choice((None, 3, [], "x")))
    notebook: object = {"cells": cells, "metadata": rng.choice(({}, None, {"kernelspec": {"language": "python"}}))}
    if rng.random() < 0.05:
        notebook = rng.choice((cells, {"worksheets": [{"cells": cells}]}, {"cells": {}}, {"worksheets": cells}, None))
    data = json.dumps(notebook).encode()
    return _flip(rng, data) if rng.random() < 0.1 else data
