"""A program runs as `python` would run it: what Python itself does is the truth here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lossaudit.errors import UsageError
from lossaudit.run.program import execute, module, script


@pytest.fixture(autouse=True)
def _put_back(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.chdir(tmp_path)


def _python(*arguments, cwd):
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def _run(program, capfd):
    capfd.readouterr()
    ending = execute(program)
    sys.stdout.flush()
    out, err = capfd.readouterr()
    return ending, out, err


FACTS = """
import sys, os
print(__name__, __file__, sys.argv, __package__, __spec__ is None, sys.path[0])
print(sorted(k for k in globals() if k.startswith("__")))
print(sys.modules["__main__"].__dict__ is globals(), os.getcwd())
x: int = 3
print(__annotations__)
"""


def _same(text):
    """Facts on which Python itself differs by version or by how it was started."""
    return text.replace(", '__cached__'", "")


@pytest.mark.parametrize("where", ["facts.py", "folder/facts.py"])
def test_a_script_meets_the_world_as_python_shows_it(tmp_path, capfd, where):
    file = tmp_path / where
    file.parent.mkdir(exist_ok=True)
    file.write_text(FACTS)
    ending, out, err = _run(script(where, ("--a", "b c")), capfd)
    expected = _python(where, "--a", "b c", cwd=tmp_path)
    assert _same(out) == _same(expected.stdout)
    assert (ending.exit_code, err) == (0, "")


def test_a_module_and_a_package_too(tmp_path, capfd):
    package = tmp_path / "pack_of_facts"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("VALUE = 7")
    (package / "__main__.py").write_text(
        "import sys\nfrom .inner import VALUE\nprint(VALUE, __package__, sys.argv[1:])"
    )
    (package / "tool.py").write_text("from .inner import VALUE\nprint(__name__, __spec__.name, VALUE)")
    for name in ("pack_of_facts", "pack_of_facts.tool"):
        ending, out, _ = _run(module(name, ("-x",)), capfd)
        assert out == _python("-m", name, "-x", cwd=tmp_path).stdout
        assert ending.exit_code == 0


ENDINGS = {
    "nothing": "",
    "exit()": "raise SystemExit",
    "exit(0)": "import sys; sys.exit(0)",
    "exit(3)": "import sys; sys.exit(3)",
    "exit(256)": "import sys; sys.exit(256)",
    "exit(-1)": "import sys; sys.exit(-1)",
    "exit(True)": "import sys; sys.exit(True)",
    "exit(text)": "import sys; sys.exit('no data')",
    "exit(tuple)": "import sys; sys.exit((1, 2))",
    "exit(empty text)": "import sys; sys.exit('')",
    "error": "def f():\n    1 / 0\nf()",
    "error without a message": "raise ValueError",
    "error with a cause": "try:\n    {}['a']\nexcept KeyError as e:\n    raise RuntimeError('two\\nlines') from e",
    "syntax": "x = = 1",
    "null byte": "x = 1\0",
}


@pytest.mark.parametrize("name", ENDINGS)
def test_it_ends_as_python_ends_it(tmp_path, capfd, name):
    (tmp_path / "end.py").write_text(ENDINGS[name])
    ending, out, err = _run(script("end.py", ()), capfd)
    expected = _python("end.py", cwd=tmp_path)
    if name == "null byte" and expected.returncode == 0:
        pytest.skip("this Python ends such a file at its null byte, without a word")  # before 3.11.4
    assert ending.exit_code == expected.returncode
    assert out == expected.stdout
    assert "lossaudit" not in err
    if name == "null byte":  # Python words it differently by version
        assert "null bytes" in err
    else:
        assert err == expected.stderr


def test_the_words_for_an_ending_are_one_line(tmp_path, capfd):
    for name, text in ENDINGS.items():
        (tmp_path / "end.py").write_text(text)
        ended = execute(script("end.py", ())).ended
        assert ended, name
        if name != "syntax":
            assert "\n" not in ended, name
    capfd.readouterr()


def test_ctrl_c_is_told_from_an_error(tmp_path, capfd):
    (tmp_path / "end.py").write_text("raise KeyboardInterrupt")
    ending, _, err = _run(script("end.py", ()), capfd)
    assert (ending.exit_code, ending.interrupted) == (130, True)
    assert err.strip().endswith("KeyboardInterrupt")


def test_classes_of_main_can_be_pickled(tmp_path, capfd):
    (tmp_path / "p.py").write_text(
        "import pickle\nclass A: pass\nif __name__ == '__main__':\n"
        "    print(type(pickle.loads(pickle.dumps(A()))) is A)"
    )
    _, out, _ = _run(script("p.py", ()), capfd)
    assert out == "True\n"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: script("absent.py", ()), "absent.py: no such file"),
        (lambda: script(".", ()), "is a directory without a __main__.py"),
        (lambda: module("no_such_module_at_all", ()), "no such module"),
        (lambda: module("no_such_package.inner", ()), "no_such_package"),
        (lambda: module("sys", ()), "not made of Python source"),
    ],
)
def test_a_program_that_is_not_there_is_a_usage_error_in_one_line(make, message):
    with pytest.raises(UsageError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
