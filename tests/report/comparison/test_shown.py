"""What `compare` returns: it prints itself, and writes every format that a file's ending names."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from tests.report import samples
from tests.report.comparison import made

from lossaudit import document
from lossaudit.errors import UsageError
from lossaudit.report.comparison.shown import ShownComparison, ShownStudy


@pytest.mark.parametrize("shown", [ShownComparison(made.comparison()), ShownStudy(made.study())])
def test_every_ending_has_its_format(shown: ShownComparison | ShownStudy, tmp_path: Path) -> None:
    for ending, begins in ((".html", "<!doctype html>"), (".md", "# "), (".json", "{"), (".txt", shown.title)):
        shown.save(tmp_path / f"page{ending}")
        assert (tmp_path / f"page{ending}").read_text(encoding="utf-8").startswith(begins)
    assert len(list(tmp_path.iterdir())) == 4
    with pytest.raises(UsageError, match=r"let it end in \.html, \.md, \.json, \.txt"):
        shown.save(tmp_path / "page.pdf")
    with pytest.raises(UsageError, match="cannot write"):
        shown.save(tmp_path / "nowhere" / "page.md")


def test_the_json_is_the_comparison() -> None:
    comparison = made.comparison(2)
    read = document.loads(ShownComparison(comparison).to_json())
    assert repr(read) == repr(comparison)  # NaN is not equal to itself


def test_the_table_has_a_row_for_each_loss() -> None:
    comparison = made.comparison(4, diverging=True)
    rows = ShownComparison(comparison).table
    assert [row["loss"] for row in rows] == list(made.NAMES[:4])
    assert [row["diverged"] for row in rows] == [0, 0, 0, 2]
    assert rows[1]["accuracy"] == comparison.contestants[1].figures["accuracy"].mean
    assert rows[1]["accuracy_better"] == "ce"


def test_a_notebook_gets_the_page_in_a_sandbox() -> None:
    frame = ShownComparison(made.comparison(2))._repr_html_()
    assert frame.startswith('<iframe title="lossaudit report" sandbox=""')


def test_audits_lie_beside_the_page_under_safe_names(tmp_path: Path) -> None:
    whole = made.comparison(3)
    odd = replace(whole.contestants[1], name="../../evil:<b>")
    comparison = replace(whole, contestants=(whole.contestants[0], odd, whole.contestants[2]))
    shown = ShownComparison(
        comparison, {"ce": samples.clean(), odd.name: samples.demo(), "focal(gamma=5)": "it diverged in epoch 3"}
    )
    shown.save(tmp_path / "all losses.html")
    page = (tmp_path / "all losses.html").read_text(encoding="utf-8")
    assert sorted(file.name for file in (tmp_path / "all losses").iterdir()) == ["1-ce.html", "2-evil-b.html"]
    assert page.count('href="all%20losses/1-ce.html"') == page.count('href="all%20losses/2-evil-b.html"') == 2
    assert "it diverged in epoch 3" in page
    assert shown.audit("ce").result == samples.clean()
    with pytest.raises(UsageError, match="it diverged in epoch 3"):
        shown.audit("focal(gamma=5)")


def test_a_study_says_everything_in_every_format() -> None:
    study = made.study()
    shown = ShownStudy(study)
    for form in (str(shown), shown.to_markdown(), shown.to_html()):
        flat = " ".join(unescape(form).replace("\\", "").split())
        for said in (study.source, *study.claims, *study.setting, *study.agrees, *study.limits, study.command):
            assert said in flat
        assert "Partial: 2 trials are not finished." in flat
        for table in (table for section in study.sections for table in section.tables):
            assert all(cell in flat for row in table.rows for cell in row)
