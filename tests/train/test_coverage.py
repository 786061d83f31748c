"""Classes that nobody labelled: what training says, and what the loss makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fcn_hw.errors import DataError
from fcn_hw.train.datasets.base import DataSet, Split, empty_split
from fcn_hw.train.datasets.coverage import absent_classes, check_labels
from fcn_hw.train.loop import loss_weights


def data(train: list[int], val: list[int], void: int | None = 9) -> DataSet:
    """Each image has one row of 4 pixels with these labels."""

    def split(labels: list[int]) -> Split:
        masks = np.array(labels, np.uint8).reshape(1, 1, -1)
        return Split(np.zeros((*masks.shape, 3), np.uint8), masks, ("x",))

    return DataSet("x", ("a", "b", "c"), void, split(train), split(val), empty_split(1, 4, 3))


def test_all_there_is_silent() -> None:
    assert absent_classes(data([0, 1, 2, 9], [2, 1, 0, 0])) == ()


def test_each_kind_of_absence_is_one_line() -> None:
    assert absent_classes(data([0, 1, 1, 9], [0, 1, 2, 9])) == (
        "data set 'x': no training mask holds class 'c': not learned, but scored, as validation "
        "masks do",
    )
    assert absent_classes(data([0, 1, 2, 9], [0, 0, 0, 9])) == (
        "data set 'x': no validation mask holds classes 'b', 'c': learned, but not scored",
    )
    assert absent_classes(data([0, 0, 0, 9], [0, 0, 0, 9])) == (
        "data set 'x': no mask holds classes 'b', 'c': not learned and not scored",
    )
    assert len(absent_classes(data([0, 0, 0, 0], [1, 1, 1, 1]))) == 3


@pytest.mark.parametrize("name", ["train", "val"])
def test_nothing_but_void_is_an_error(name: str) -> None:
    labels = {"train": [0, 1, 1, 1], "val": [0, 1, 1, 1], name: [9] * 4}
    with pytest.raises(DataError) as caught:
        check_labels(data(labels["train"], labels["val"]))
    assert str(caught.value) == f"data set 'x': every pixel of split '{name}' is void (9)"
    with pytest.raises(DataError, match=f"split '{name}' is empty"):
        check_labels(replace(data([0] * 4, [0] * 4), **{name: empty_split(1, 4, 3)}))


def test_an_absent_class_has_a_finite_weight_and_does_not_shift_the_others() -> None:
    """Balanced: the median is that of the classes that are there."""
    weights = loss_weights(data([0, 1, 1, 9], [0] * 4).train, 3, 9, power=1)
    assert weights[:2] == pytest.approx([(0.5 * (1 / 3 + 2 / 3)) * 3, 0.5 * 3 / 2])
    assert weights[2] == 1.0
    assert weights[9] == 0.0
    void_only = loss_weights(data([9] * 4, [0] * 4).train, 3, 9, power=1)
    assert np.isfinite(void_only).all()
