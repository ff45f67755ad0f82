"""Pictures that were saved are shown again as they were."""

from __future__ import annotations

import numpy as np
import pytest

from lossaudit.drawing.named import draw_losses
from lossaudit.drawing.stored import stored
from lossaudit.errors import UsageError
from lossaudit.landscape.store import save


def test_a_picture_comes_back_and_stands_beside_another(tmp_path):
    one, other = draw_losses(["mse:softmax"], size=11), draw_losses(["cross_entropy"], size=11)
    paths = [tmp_path / "one.npz", tmp_path / "other.npz"]
    for picture, path in zip((one, other), paths, strict=True):
        save(picture, path)
    again = stored(paths[:1])
    assert (again.title, again.caption, dict(again.settings)) == (one.title, one.caption, dict(one.settings))
    assert again.panels[0].surface.loss.tobytes() == one.panels[0].surface.loss.tobytes()
    both = stored(paths)
    assert [panel.surface.name for panel in both.panels] == [
        "Squared error on softmax (one.npz)",
        "Cross-entropy (other.npz)",
    ]
    assert both.scale.high == other.scale.high
    np.testing.assert_array_equal(both.panels[1].surface.loss, other.panels[0].surface.loss)


def test_pictures_without_a_common_scale_or_axes_do_not_stand_side_by_side(tmp_path):
    shares = draw_losses(["mse:softmax", "cross_entropy"], size=11)
    plain, curve = draw_losses(["focal"], size=11), draw_losses(["huber"], size=11)
    paths = [tmp_path / f"{k}.npz" for k in range(3)]
    for picture, path in zip((plain, shares, curve), paths, strict=True):
        save(picture, path)
    with pytest.raises(UsageError, match="no scale holds both"):
        stored(paths[:2])
    with pytest.raises(UsageError, match="different axes"):
        stored([paths[0], paths[2]])
