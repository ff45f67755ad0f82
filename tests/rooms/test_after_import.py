"""An action after an import: it happens once, changes nothing about the module, and causes no import."""

from __future__ import annotations

import importlib
import sys

import pytest

from lossaudit.run.after_import import after_import, cancel

NAME = "lossaudit_test_subject"


@pytest.fixture
def subject(tmp_path, monkeypatch):
    """A module that can be imported and has not been; everything is put back."""
    file = tmp_path / f"{NAME}.py"
    file.write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield file
    sys.modules.pop(NAME, None)


def test_it_happens_once_right_after_the_import_and_causes_none(subject):
    met = []
    after_import(NAME, met.append)
    assert NAME not in sys.modules
    assert met == []
    found = importlib.import_module(NAME)
    assert met == [found]
    assert found.value == 1
    importlib.import_module(NAME)
    assert len(met) == 1


def test_a_module_that_is_there_is_acted_on_at_once(subject):
    found = importlib.import_module(NAME)
    met = []
    before = list(sys.meta_path)
    after_import(NAME, met.append)
    assert met == [found]
    assert sys.meta_path == before


def test_the_module_is_as_it_would_have_been(subject):
    plain = importlib.import_module(NAME)
    wanted = {name: type(getattr(plain, name)) for name in ("__loader__", "__spec__", "__file__", "__cached__")}
    wanted_loader = type(plain.__spec__.loader)
    del sys.modules[NAME]
    before = list(sys.meta_path)
    after_import(NAME, lambda _: None)
    found = importlib.import_module(NAME)
    assert {name: type(getattr(found, name)) for name in wanted} == wanted
    assert type(found.__spec__.loader) is wanted_loader
    assert sys.meta_path == before
    assert found.__spec__.loader.get_source(NAME) == "value = 1\n"


def test_a_reload_is_no_second_time(subject):
    met = []
    after_import(NAME, met.append)
    found = importlib.import_module(NAME)
    subject.write_text("value = 2  # changed\n")
    importlib.reload(found)
    assert found.value == 2
    assert len(met) == 1


def test_an_import_that_fails_is_no_import(subject):
    subject.write_text("import no_such_module_anywhere\n")
    met = []
    after_import(NAME, met.append)
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        importlib.import_module(NAME)
    assert met == []
    assert NAME not in sys.modules


def test_a_module_that_does_not_exist_is_reported_as_ever(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    after_import("no_such_module_anywhere", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such_module_anywhere'"):
        importlib.import_module("no_such_module_anywhere")


def test_two_that_wait_are_both_served_and_others_are_left_alone(subject):
    met = []
    after_import(NAME, lambda _: met.append("first"))
    after_import(NAME, lambda _: met.append("second"))
    importlib.import_module(NAME)
    assert sorted(met) == ["first", "second"]


def test_one_that_was_taken_back_does_not_happen(subject):
    met = []
    before = list(sys.meta_path)
    after_import(NAME, met.append)
    cancel(NAME, print)
    assert len(sys.meta_path) == len(before) + 1
    cancel(NAME, met.append)
    assert sys.meta_path == before
    importlib.import_module(NAME)
    assert met == []
