"""The look at the bytes: what it may leave out, and what never."""

from __future__ import annotations

import pytest
from tests.lint.conftest import Lint, Write, notebook

from lossaudit.catalogue import LOSSES
from lossaudit.lint.relevant import glance


@pytest.mark.parametrize(
    ("text", "imports"),
    [
        ("import a", ["a"]),
        ("import a.b as c, d", ["a.b", "d"]),
        ("from a import b, c as d", ["a", "a.b", "a.c"]),
        ("from . import b", [".", ".b"]),
        ("from ..a.b import (\n    c,\n    d,\n)", ["..a.b", "..a.b.c", "..a.b.d"]),
        ("if x:\n    from a import *", ["a"]),
        ("try: import a\nexcept: pass", []),
        ("x = 'import a'", []),
    ],
)
def test_imports(text: str, imports: list[str]) -> None:
    assert list(glance(text.encode()).imports) == imports


def test_imports_of_a_notebook() -> None:
    assert list(glance(notebook("x = 1\nfrom a import b\n", "import c").encode()).imports) == ["a", "a.b", "c"]


def test_every_loss_of_the_catalogue_is_a_mention() -> None:
    spelled = [spelling.path for loss in LOSSES.values() for spelling in loss.spellings]
    assert len(spelled) > 50
    # A Keras loss by string stands in `compile(`, which is a mention itself.
    missed = [path for path in spelled if "." in path and not glance(f"import torch\n{path}".encode()).loss]
    assert [path for path in missed if not path.startswith("keras.")] == []


def test_a_chain_of_imports_leads_to_a_loss(lint: Lint, write: Write) -> None:
    write("end.py", "import torch\ndef fit(z, y):\n    return torch.nn.functional.cross_entropy(z, y)\n")
    write("pkg/__init__.py", "from pkg.middle import *\n")
    write("pkg/middle.py", "from end import fit\n")
    write("main.py", "import torch\nfrom pkg import fit\nz = torch.nn.Linear(8, 4)(x)\nfit(torch.softmax(z, 1), y)\n")
    write("other.py", "import json\n")
    assert lint().rules == [("end.py", 3, "double-softmax")]
    assert lint("main.py").rules == [("end.py", 3, "double-softmax")]
    assert lint("end.py", "other.py").rules == []


def test_what_has_nothing_to_do_with_losses_is_not_even_parsed(lint: Lint, write: Write) -> None:
    write("old.py", "print 'Python 2'\n")
    write("statistics.py", "import numpy\nloss = (\n")
    ended = lint()
    assert (ended.code, ended.json["files"], ended.json["problems"]) == (0, ["old.py", "statistics.py"], [])
    write("old.py", "import torch\nprint 'loss'\n")
    assert lint().code == 2
