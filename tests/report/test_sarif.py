"""SARIF: valid by the standard's own schema, places that a viewer finds, fingerprints that stay.

`sarif-schema-2.1.0.json` is OASIS's, unchanged (errata 01; sha256 c3b4bb2d...2682e). OASIS allows anybody to ship it
(oasis-tcs/sarif-spec issue 583); no small package on PyPI does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft4Validator
from tests.report import lint_samples as samples

from lossaudit import rules
from lossaudit.finding import Severity
from lossaudit.pairing import Place
from lossaudit.report import sarif
from lossaudit.result import LintResult

SCHEMA = Path(__file__).with_name("sarif-schema-2.1.0.json")
VALIDATOR = Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)


def run_of(result: LintResult, root: str = ".") -> dict[str, Any]:
    document = json.loads(sarif.render(result, root=root))
    VALIDATOR.validate(document)
    (run,) = document["runs"]
    return run


def fingerprints(result: LintResult) -> list[str]:
    return [each["partialFingerprints"]["lossauditFinding/v1"] for each in run_of(result)["results"]]


def test_the_schema_is_the_standards() -> None:
    digest = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
    assert hashlib.sha256(SCHEMA.read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("result", [samples.FOUND, samples.CLEAN, LintResult()])
def test_valid(result: LintResult) -> None:
    run_of(result)


def test_every_rule_is_described() -> None:
    described = run_of(LintResult())["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in described] == [rule.code for rule in rules.RULES.values()]
    for rule in described:
        assert rule["help"]["markdown"].startswith(f"# {rule['name']} ({rule['id']})")
        page = Path(rules.__file__).with_name(rule["helpUri"].rpartition("/")[2])
        assert page.is_file()


def test_levels() -> None:
    for severity, level in zip(Severity, ("error", "warning", "note"), strict=True):
        finding = replace(samples.DOUBLE_SOFTMAX, severity=severity)
        assert run_of(LintResult(findings=(finding,)))["results"][0]["level"] == level


def test_regions_hold_the_text_of_loss_and_head() -> None:
    run = run_of(samples.FOUND)
    assert run["columnKind"] == "unicodeCodePoints"
    result = run["results"][1]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "LA101"
    found = [held(location) for location in (*result["locations"], *result["relatedLocations"])]
    assert found == ["criterion(net(x), y)", "torch.softmax(self.head(x), dim=1)"]
    assert result["relatedLocations"][0]["message"]["text"] == "softmax"


def held(location: dict[str, Any]) -> str:
    """What a viewer would mark."""
    physical = location["physicalLocation"]
    region = physical["region"]
    line = Path(unquote(physical["artifactLocation"]["uri"])).read_text().splitlines()[region["startLine"] - 1]
    assert region["startLine"] == region["endLine"]
    return line[region["startColumn"] - 1 : region["endColumn"] - 1]


def test_columns_count_code_points() -> None:
    Path("wide.py").write_text("x = '𝔏'; f(a)\n", encoding="utf-8")  # one code point, two UTF-16 units, four bytes
    place = Place("wide.py", 1, 10, 1, 14)
    (result,) = run_of(LintResult(findings=(replace(samples.DOUBLE_SOFTMAX, places=(place,)),)))["results"]
    assert held(result["locations"][0]) == "f(a)"


def test_a_notebook_is_one_artifact() -> None:
    run = run_of(samples.FOUND)
    book = next(each for each in run["artifacts"] if each["location"]["uri"] == "book.ipynb")
    assert book["mimeType"] == "application/x-ipynb+json"
    (result,) = (each for each in run["results"] if each["ruleId"] == "LA103")
    assert result["message"]["text"].startswith("Cell 2, line 3: ")
    line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert "loss = criterion(p, y)" in Path("book.ipynb").read_text(encoding="utf-8").splitlines()[line - 1]
    assert "fixes" not in result  # its edits are of the cell, not of the file


def test_a_fix_mends_the_file() -> None:
    (fix,) = run_of(samples.FOUND)["results"][1]["fixes"]
    (change,) = fix["artifactChanges"]
    (edit,) = change["replacements"]
    region = edit["deletedRegion"]
    lines = Path(change["artifactLocation"]["uri"]).read_text().splitlines()
    line = lines[region["startLine"] - 1]
    mended = line[: region["startColumn"] - 1] + edit["insertedContent"]["text"] + line[region["endColumn"] - 1 :]
    assert mended == "        return self.head(x)"


def test_paths_are_relative_to_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    monkeypatch.chdir(folder)
    places = (Place("c%d#é.py", 1), Place("../train.py", 1), Place("<model>", 0))
    run = run_of(LintResult(findings=(replace(samples.DOUBLE_SOFTMAX, places=places),)), root=str(folder))
    assert run["originalUriBaseIds"] == {"SRCROOT": {"uri": (tmp_path / "a b").as_uri() + "/"}}
    inside, outside, model = (each["location"] for each in run["artifacts"])
    assert inside == {"uri": "c%25d%23%C3%A9.py", "uriBaseId": "SRCROOT"}
    assert outside == {"uri": (tmp_path / "train.py").as_uri()}
    assert model == {"uri": "%3Cmodel%3E"}


def test_fingerprints_stay_when_lines_move() -> None:
    before = fingerprints(LintResult(findings=(samples.DOUBLE_SOFTMAX,)))
    text = Path("train.py").read_text()
    Path("train.py").write_text("# one line more\n\n" + text.replace("\treturn", "\t\treturn"))
    moved = Place("train.py", 6, 10, 6, 30, scope="train")
    finding = replace(samples.DOUBLE_SOFTMAX, places=(moved, samples.HEAD), message="... (line 6)")
    assert fingerprints(LintResult(findings=(finding,))) == before


def test_fingerprints_differ_between_findings() -> None:
    other_rule = replace(samples.DOUBLE_SOFTMAX, code="LA102")
    other_place = replace(samples.DOUBLE_SOFTMAX, places=(replace(samples.LOSS, line=3), samples.HEAD))
    found = fingerprints(LintResult(findings=(*2 * (samples.DOUBLE_SOFTMAX,), other_rule, other_place)))
    assert len(set(found)) == 4


def test_what_was_not_linted_is_a_notification() -> None:
    (invocation,) = run_of(samples.FOUND)["invocations"]
    (note,) = invocation["toolExecutionNotifications"]
    assert note["message"]["text"] == "not linted: invalid syntax"
    assert run_of(samples.FOUND)["properties"] == {"files": 4, "pairingsRead": 2, "pairingsNotUnderstood": 1}
