"""The result for machines."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace

from tests.report import samples

from lossaudit.pairing import TargetEncoding
from lossaudit.report import json as report_json
from lossaudit.result import Result, Series


def read(result: Result) -> dict:
    """The document by a strict reader: NaN and Infinity are not JSON."""

    def refuse(literal: str) -> None:
        raise AssertionError(f"{literal} is not JSON")

    return json.loads(report_json.render(result), parse_constant=refuse)


def test_every_field_is_there_under_its_own_name() -> None:
    document = read(samples.demo())
    assert set(document) == {field.name for field in fields(Result)} | {"schema", "tool"}
    assert document["schema"] == 1
    assert document["tool"] == "lossaudit"
    finding = document["findings"][0]
    assert finding["severity"] == "error"
    assert finding["places"][1]["line"] == 33
    assert finding["fix"]["edits"][0]["text"] == "F.cross_entropy(model(x), y)"
    met = document["pairings"][0]
    assert met["pairing"]["loss"]["params"] == {"reduction": {"value": "mean"}}
    assert met["verdict"]["status"] == "refuted"
    assert tuple(met["verdict"]["witness"]["a"]) == samples.REFUTED.witness.a
    assert tuple(met["series"]["loss"]) == samples.slow().loss
    assert document["versions"] == {"python": "3.11.9", "torch": "2.13.0", "lossaudit": "0.1.0"}


def test_keys_are_sorted_at_every_depth() -> None:
    def check(value: object) -> None:
        if isinstance(value, dict):
            assert list(value) == sorted(value)
        for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            check(child)

    check(read(samples.demo()))


def test_what_json_cannot_write() -> None:
    series = Series(step=(1, 2, 3, 4), loss=(math.nan, math.inf, -math.inf, 0.5))
    met = replace(samples.demo().pairings[0], series=series)
    document = read(replace(samples.demo(), pairings=(met,)))
    assert document["pairings"][0]["series"]["loss"] == [None, "inf", "-inf", 0.5]


def test_sets_come_in_one_order() -> None:
    encodings = (TargetEncoding.REAL, TargetEncoding.ONE_HOT, TargetEncoding.BINARY)
    observed = replace(samples.OBSERVED, encodings=frozenset(encodings))
    met = replace(samples.demo().pairings[0], pairing=samples.pairing(observed))
    document = read(replace(samples.demo(), pairings=(met,)))
    assert document["pairings"][0]["pairing"]["observed"]["encodings"] == ["one-hot", "real", "{0,1}"]


def test_hostile_text_comes_back_as_it_was() -> None:
    text = report_json.render(samples.hostile())
    assert text.isascii()
    assert json.loads(text)["program"] == samples.HOSTILE
