"""The map against the definitions of contrast (WCAG 2.2) and of colour vision deficiency (Machado et al. 2009)."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from lossaudit.landscape.picture import MarkKind, Scale
from lossaudit.report.landscape.colours import CASING, DARK, INK, LIGHT, LINES, MAP, MARKS, Ground, code, colours, level

DEFICIENCIES = {  # on linear light, complete deficiency
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(rgb) -> np.ndarray:
    c = np.asarray(rgb) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def rgb(css: str) -> tuple[int, ...]:
    return tuple(int(css[k : k + 2], 16) for k in (1, 3, 5))


def contrast(one, other) -> float:
    low, high = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb, deficiency: str = "none") -> np.ndarray:
    """CIE L*a*b* (D65): not the space that the map was made in."""
    light = np.clip(linear(rgb) @ DEFICIENCIES[deficiency].T, 0, 1)
    xyz = light @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
    f = xyz / [0.9505, 1.0, 1.089]
    f = np.where(f > (6 / 29) ** 3, np.cbrt(f), f / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_lightness_rises_for_everybody(deficiency: str) -> None:
    lightness = lab(np.array(MAP), deficiency)[::4, 0]
    assert (np.diff(lightness) > 0).all()
    assert lightness[-1] - lightness[0] > 45


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_every_tenth_of_the_map_can_be_told_from_the_next(deficiency: str) -> None:
    tenths = lab(np.array(MAP)[np.linspace(0, 255, 11).astype(int)], deficiency)
    assert np.linalg.norm(np.diff(tenths, axis=0), axis=-1).min() > 4  # about 2.3 is a just noticeable difference


def test_steps_are_even() -> None:
    tenths = lab(np.array(MAP)[np.linspace(0, 255, 11).astype(int)])
    steps = np.linalg.norm(np.diff(tenths, axis=0), axis=-1)
    assert steps.max() < 2.5 * steps.min()


def test_ink_shows_on_the_whole_map() -> None:
    assert min(contrast(rgb(INK), each) for each in MAP) >= 3


@pytest.mark.parametrize("kind", MarkKind)
def test_every_mark_stands_out_from_its_casing_and_has_its_own_shape(kind: MarkKind) -> None:
    assert contrast(rgb(MARKS[kind].colour), rgb(CASING)) >= 4.5
    assert [look.shape for look in MARKS.values()].count(MARKS[kind].shape) == 1


@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_text_and_lines_on_the_page(ground: Ground) -> None:
    paper = rgb(ground.paper)
    assert min(contrast(rgb(ground.ink), paper), contrast(rgb(ground.soft), paper)) >= 4.5
    assert contrast(rgb(ground.missing_ink), rgb(ground.missing)) >= 3
    for look in LINES:  # a curve's name stands beside it in its colour
        assert contrast(rgb(look.light if ground is LIGHT else look.dark), paper) >= 4.5


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_grey_is_no_colour_of_the_map(deficiency: str) -> None:
    for ground in (LIGHT, DARK):
        gap = np.linalg.norm(lab(np.array(MAP), deficiency) - lab(np.array(rgb(ground.missing)), deficiency), axis=-1)
        assert gap.min() > 4


def test_eight_curves_differ_without_colour() -> None:
    assert len(LINES) == 8
    assert len({look.dash for look in LINES}) == 8


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_neighbouring_curves_differ_in_colour(mode: str) -> None:
    shown = [lab(np.array(rgb(getattr(look, mode)))) for look in LINES]
    assert min(math.dist(p, q) for p, q in itertools.pairwise(shown)) > 20


def test_fewer_colours_keep_the_ends() -> None:
    assert colours(2) == (code(MAP[0]), code(MAP[-1]))
    assert len(colours(32)) == 32


def test_level_of_a_linear_and_a_logarithmic_scale() -> None:
    values = np.array([-np.inf, 0.0, 2.0, 5.0, 10.0, 11.0, np.inf, np.nan])
    assert level(Scale("", 0.0, 10.0), values)[:-1].tolist() == [0, 0, 0.2, 0.5, 1, 1, 1]
    assert np.isnan(level(Scale("", 0.0, 10.0), values)[-1])
    assert level(Scale("", 1e-3, 10.0, log=True), np.array([0.0, 1e-3, 1e-1, 10.0])).tolist() == [0, 0, 0.5, 1]


def test_level_of_scales_without_width_and_of_any_size() -> None:
    assert level(Scale("", 3.0, 3.0), np.array([3.0, np.nan]))[0] == 0.5
    assert level(Scale("", -1.5e308, 1.5e308), 0.0) == 0.5
