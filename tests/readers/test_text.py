"""Any bytes become a program or one clear line."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossaudit.readers.source.text import LARGEST_PROGRAM, Text, Unreadable, load


def refusal(path: str | Path, data: bytes | None = None) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        load(str(path), data)
    assert caught.value.reason
    assert "\n" not in caught.value.reason
    return caught.value


def outcome(path: str, data: bytes) -> str:
    """What was wrong, in one line; "" for a program."""
    try:
        load(path, data)
    except Unreadable as error:
        (line,) = error.reason.splitlines()  # one, never none
        return line
    return ""


def notebook(*cells: str | list[str], **more: object) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "source": source} for source in cells], **more}).encode()


def names(text: Text) -> list[str]:
    return [node.id for node in ast.walk(text.tree) if isinstance(node, ast.Name)]


# --- encodings


@pytest.mark.parametrize(
    "data",
    [
        "name = 'größe'".encode(),
        b"\xef\xbb\xbf" + "name = 'größe'".encode(),
        "# -*- coding: latin-1 -*-\nname = 'größe'".encode("latin-1"),
        "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nname = 'größe'".encode("cp1252"),
        "# coding: euc_kr\nname = 'größe'".replace("größe", "손실").encode("euc_kr"),
    ],
)
def test_declared_encodings_are_python_s_own(data: bytes) -> None:
    assert ast.dump(load("a.py", data).tree) == ast.dump(ast.parse(data))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("x = 1".encode("utf-16"), "UTF-16"),
        ("x = 1".encode("utf-32"), "UTF-32"),
        (b"ok = 1\n\n\nx = '\xf6'", "utf-8"),
        (b"# coding: no-such-code\nx = 1", "unknown encoding"),
        (b"# coding: hex\nx = 1", "hex"),
        (b"# coding: punycode\nx = 1", "punycode"),
        (b"\xef\xbb\xbf# coding: latin-1\nx = 1", "encoding problem"),
        (b"x = 1\ny = '\0'", "null bytes"),
    ],
)
def test_what_is_no_text_says_so_and_what_to_do(data: bytes, says: str) -> None:
    assert says in refusal("a.py", data).reason


def test_the_line_of_a_bad_byte_is_named() -> None:
    assert refusal("a.py", b"ok = 1\n\n\nx = '\xf6'").line == 4
    assert refusal("a.py", b"x = 1\ny = '\0'").line == 2


# --- Pythons


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("x = 1\nprint 'loss', x", 2),
        ("try:\n    pass\nexcept ValueError, error:\n    pass", 3),
        ("def f(:\n    pass", 1),
        ("if x:\n\ty = 1\n        z = 2", 3),
        ("x = 0777", 1),
        ("x = (1,\n", 1),
    ],
)
def test_another_python_is_named_with_its_line(program: str, line: int) -> None:
    error = refusal("a.py", program.encode())
    assert error.reason.startswith("is not Python 3.")
    assert error.line == line


@pytest.mark.parametrize("deep", ["(" * 10_000, "-" * 100_000 + "1", "f" + "(f" * 300, "[" * 99 + "]" * 98])
def test_what_no_parser_bears_is_refused(deep: str) -> None:
    refusal("a.py", deep.encode())


def test_ten_thousand_deep_sums_and_blocks_are_read_or_refused_in_one_line() -> None:
    programs = (
        "x = " + "1 + " * 10_000 + "1",
        "x = " + "a." * 10_000 + "b",
        "\n".join(" " * i + "if x:" for i in range(120)),
        "x = " + "9" * 10_000,
        "x = lambda: " * 5000 + "1",
    )
    for program in programs:
        outcome("a.py", program.encode())


def test_other_linters_warnings_are_not_ours() -> None:
    assert names(load("a.py", b"x = '\\d'\nif x is 'a': pass\nassert (x, 'y')"))[0] == "x"


def test_lines_may_end_in_any_way_and_be_parted_by_form_feeds() -> None:
    text = load("a.py", b"x = 1\r\n\x0cy = 2\rz = 3\n")
    assert [node.lineno for node in text.tree.body] == [1, 2, 3]


# --- files


def test_folders_pipes_devices_and_loops_are_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "gone.py").symlink_to(tmp_path / "nothing")
    assert "pipe" in refusal(tmp_path / "pipe.py").reason
    assert "loop" in refusal(tmp_path / "loop.py").reason
    assert "folder" in refusal(tmp_path / "folder.py").reason
    assert "does not exist" in refusal(tmp_path / "gone.py").reason
    assert "does not exist" in refusal(tmp_path / "never.py").reason
    assert "device" in refusal("/dev/zero").reason
    refusal("a\0b.py")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "secret.py"
    path.write_text("x = 1")
    path.chmod(0)
    assert "may not be read" in refusal(path).reason


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.py"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    assert f"larger than {LARGEST_PROGRAM // 1_000_000} MB" in refusal(path).reason


def test_an_empty_file_is_an_empty_program() -> None:
    assert load("a.py", b"").tree.body == []


# --- places


@given(st.text(alphabet="aö中𝛼 ", max_size=20), st.booleans())
def test_columns_count_characters(before: str, crlf: bool) -> None:
    program = f"x = '{before}'; loss = f(y)"
    text = load("a.py", (("z = 1\r\n" if crlf else "z = 1\n") + program).encode())
    call = next(node for node in ast.walk(text.tree) if isinstance(node, ast.Call))
    place = text.place(call)
    assert program[place.col - 1 : place.end_col - 1] == "f(y)"
    assert (place.line, place.end_line, place.path, place.cell) == (2, 2, "a.py", None)


def test_places_of_a_notebook_are_those_of_its_cell() -> None:
    text = load("a.ipynb", notebook("%matplotlib inline\nimport torch", ["\n", "loss = \\\n", "  criterion(\n", "x)"]))
    call = next(node for node in ast.walk(text.tree) if isinstance(node, ast.Call))
    place = text.place(call)
    assert (place.cell, place.line, place.col, place.end_line, place.end_col) == (2, 3, 3, 4, 3)


# --- notebooks


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("%matplotlib inline\nx = a", "x a"),
        ("!pip install torch \\\n   torchvision\nx = a", "x a"),
        ("pip install torch\nx = a", "x a"),
        ("cd /content/data\nx = a", "x a"),
        ("x = !ls -l\ny = a", "x _ y a"),
        ("x = %time f(a)", "x f a"),
        ("%time x = f(a)", "x f a"),
        ("%timeit -n 10 f(a)", "f a"),
        ("%time for b in a: f(b)", ""),
        ("if x:\n    !ls\nelse:\n    %cd ..\n    y = a", "x y a"),
        ("f?\nx = a\nf.g??", "x a"),
        ("?f\nx = a", "x a"),
        ("%%time\nx = a", "x a"),
        ("%%capture out\n%%time\n\nx = a", "x a"),
        ("%%bash\nls -l | wc", ""),
        ("%%writefile net.py\nx = a", ""),
        ("x = ('%s'\n     % a)", "x a"),
        ("x = '''\n%cd\n!ls\n'''\ny = a", "x y a"),
        ("x = a \\\n  % b", "x a b"),
        ("x != a", "x a"),
        ("print('a = %d' % x)", "print x"),
        ("x = await f(a);", "x f a"),
        ("  x = a\n  y = b", "x a y b"),
        (">>> x = a\n>>> for y in x:\n...     f(y)\n", "x a y x f y"),
        ("# %%bash\nx = a", "x a"),
        ("ls = a\nls -= b\ncat = ls", "ls a ls b cat ls"),
    ],
)
def test_magics_go_and_python_stays(cell: str, kept: str) -> None:
    text = load("a.ipynb", notebook(cell, "last = 0"))
    assert text.problems == ()
    found = [(node.lineno, node.col_offset, node.id) for node in ast.walk(text.tree) if isinstance(node, ast.Name)]
    assert sorted(name for *_, name in found) == sorted([*kept.split(), "last"])
    for node in ast.walk(text.tree):  # what stays stays in its place
        if isinstance(node, ast.Name) and node.id not in {"last", "_"}:
            place = text.place(node)
            assert cell.split("\n")[place.line - 1][place.col - 1 : place.end_col - 1] == node.id


def test_a_broken_cell_goes_and_the_others_stay() -> None:
    text = load("a.ipynb", notebook("x = 1", "y = (\nprint 'a'", "z = 2"))
    assert names(text) == ["x", "z"]
    assert [text.place(node).cell for node in text.tree.body] == [1, 3]
    (problem,) = text.problems
    assert problem.path == "a.ipynb"
    assert problem.message.startswith("cell 2, line 1: is not Python 3.")


def test_cells_that_only_parse_together_are_broken() -> None:
    text = load("a.ipynb", notebook("x = 1 + \\", "2", "y = (", ")", "z = 1"))
    assert [text.place(node).cell for node in text.tree.body] == [2, 5]
    assert len(text.problems) == 3


def test_old_notebooks_are_read() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "language": "python", "input": ["x = 1\n", "y = 2"]}]}]}
    assert names(load("a.ipynb", json.dumps(old).encode())) == ["x", "y"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "broken notebook"),
        (b"{", "broken notebook"),
        (b"[" * 100_000, "broken notebook"),
        (b"\xff\xfe\xfd", "broken notebook"),
        (b"[]", "no notebook"),
        (b"{}", "no list of cells"),
        (notebook("x <- 1", metadata={"kernelspec": {"language": "R"}}), "in r, not in Python"),
        (b'{"cells": 3}', "no list of cells"),
    ],
)
def test_what_is_no_python_notebook_says_so(data: bytes, says: str) -> None:
    assert says in refusal("a.ipynb", data).reason


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["cells", "cell_type", "source", "input", "worksheets", "metadata", "language"]), inner
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_a_notebook_or_one_line(value: object) -> None:
    for content in ({"cells": value}, value):
        outcome("a.ipynb", json.dumps(content).encode())


_LINES = st.sampled_from(
    [
        "x = 1",
        "%time y = f(x)",
        "!ls",
        "x = !ls -l",
        "if x:",
        "    %cd ..",
        "    y = (x",
        "       % 2)",
        "'''",
        "s = '''a",
        "%magic",
        "z = x % y",
        "f(x)?",
        "# a",
        "",
        "  w = 1",
        "for i in x:",
        "print('%d = 1' % x)",
        "x != 3",
    ]
)


@settings(deadline=None)  # IPython is imported in the first example
@given(st.lists(_LINES, max_size=8))
def test_a_cell_parses_when_it_does_for_ipython(lines: list[str]) -> None:
    transform = pytest.importorskip("IPython.core.inputtransformer2").TransformerManager().transform_cell
    cell = "\n".join(lines)
    try:
        ast.parse(transform(cell))
    except SyntaxError:
        return
    assert load("a.ipynb", notebook(cell)).problems == ()
