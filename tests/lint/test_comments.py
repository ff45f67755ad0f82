"""Comments that silence, and what is said about them; their rules' pages are read by the command."""

from __future__ import annotations

import re

import pytest
from tests.lint.conftest import BAD, Lint, Write, notebook

from lossaudit.rules import RULES, page
from lossaudit.rules.suppression import comments

LOSS = "F.softmax(z, dim=1), y)\n"
MARK = re.compile(r"# (error|warning|info): \[([a-z0-9-]+)\]")


def commented(comment: str) -> str:
    return BAD.replace(LOSS, f"{LOSS.rstrip()}  {comment}\n")


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# lossaudit: ignore[double-softmax]", []),
        ("# lossaudit: ignore[LA101]  # on purpose", []),
        ("# noqa  # lossaudit:ignore[ Double-Softmax , la101 ]", []),
        ("# lossaudit: ignore", ["double-softmax", "unknown-suppression"]),
        ("# lossaudit: ignore[]", ["double-softmax", "unknown-suppression"]),
        ("# lossaudit: ignore[duble-softmax]", ["double-softmax", "unknown-suppression"]),
        ("# lossaudit: ignore[double-softmax, nope]", ["unknown-suppression"]),
        ("# lossaudit: ignore[double-sigmoid]", ["double-softmax", "unused-suppression"]),
        ("# lossaudit: ignore[double-softmax, double-sigmoid]", ["unused-suppression"]),
        ("# lossaudit: ignore[double-softmax, loss-not-finite]", []),
        ("# lossaudit: ignored elsewhere", ["double-softmax"]),
        ("# what lossaudit: does", ["double-softmax"]),
    ],
)
def test_a_comment_on_the_line_of_the_loss(comment: str, expected: list[str], lint: Lint, write: Write) -> None:
    write("bad.py", commented(comment))
    ended = lint()
    assert sorted(rule for _, _, rule in ended.rules) == expected
    assert {line for _, line, _ in ended.rules} <= {6}


def test_a_comment_silences_its_own_line_only(lint: Lint, write: Write) -> None:
    write("bad.py", commented("# lossaudit: ignore[double-softmax]") + BAD)
    assert lint().rules == [("bad.py", 13, "double-softmax")]


def test_a_whole_file(lint: Lint, write: Write) -> None:
    write("bad.py", "# lossaudit: ignore-file[double-softmax]\n" + BAD + BAD)
    ended = lint()
    assert (ended.code, ended.rules, ended.json["counts"]["hidden"]) == (0, [], 2)


def test_any_line_of_a_long_call(lint: Lint, write: Write) -> None:
    long = "loss = F.cross_entropy(\n    F.softmax(z, dim=1),\n    y,\n)  # lossaudit: ignore[double-softmax]\n"
    write("bad.py", BAD.replace("loss = F.cross_entropy(F.softmax(z, dim=1), y)\n", long))
    assert lint().rules == []


def test_strings_are_no_comments(lint: Lint, write: Write) -> None:
    write("bad.py", BAD.replace(LOSS, LOSS.rstrip() + "; s = '# lossaudit: ignore[double-softmax]'\n"))
    assert lint().rules == [("bad.py", 6, "double-softmax")]


def test_in_a_notebook(lint: Lint, write: Write) -> None:
    write("a.ipynb", notebook("%%time\nimport os", commented("# lossaudit: ignore[double-softmax]")))
    assert lint().rules == []
    write("a.ipynb", notebook("%%time\nimport os", commented("# lossaudit: ignore[double-sigmoid]")))
    ended = lint()
    assert {
        (each["rule"], each["places"][0]["cell"], each["places"][0]["line"]) for each in ended.json["findings"]
    } == {
        ("double-softmax", 2, 6),
        ("unused-suppression", 2, 6),
    }


def test_what_is_not_asked_is_not_called_unused(lint: Lint, write: Write) -> None:
    write("bad.py", commented("# lossaudit: ignore[double-sigmoid]"))
    assert lint("--select", "double-softmax,unused-suppression").rules == [("bad.py", 6, "double-softmax")]
    assert [rule for _, _, rule in lint("--ignore", "unused-suppression").rules] == ["double-softmax"]


def test_an_unknown_one_fails_and_an_unused_one_does_not(lint: Lint, write: Write) -> None:
    write("a.py", "# lossaudit: ignore[nope]\n# torch loss\n")
    assert lint().code == 1
    write("a.py", "# lossaudit: ignore-file[LA101]\n# torch loss\n")
    ended = lint()
    assert (ended.code, [rule for _, _, rule in ended.rules]) == (0, ["unused-suppression"])


def test_text_that_does_not_tokenise_has_no_comments() -> None:
    assert comments("a.py", "x = (  # lossaudit: ignore[stuck]") == ()


BLOCKS = [
    pytest.param(name, block, id=f"{name}-{number}")
    for name in ("unknown-suppression", "unused-suppression")
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page(RULES[name]), re.DOTALL))
]


@pytest.mark.parametrize(("rule", "block"), BLOCKS)
def test_the_page_says_what_is_found(rule: str, block: str, lint: Lint, write: Write) -> None:
    """A page's block may use names that it does not import; what it trains is of no interest here."""
    write("block.py", f"{block}# torch loss\n")
    lines = enumerate(block.splitlines(), 1)
    expected = [("block.py", number, name) for number, line in lines for _, name in MARK.findall(line)]
    assert lint("--select", f"{rule},LA1").rules == expected
