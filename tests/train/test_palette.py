"""Class colours and pictures of segmentations."""

from __future__ import annotations

import numpy as np
import pytest

from fcn_hw.colours import class_colours
from fcn_hw.train.palette import colourise, comparison, side_by_side


def test_classes_of_voc_and_one_more_round_have_distinct_colours() -> None:
    colours = class_colours(42)
    assert len({tuple(colour) for colour in colours.tolist()}) == 42
    assert tuple(colours[0]) == (0, 0, 0)
    assert tuple(colours[1]) == (0xE6, 0x9F, 0x00)


def test_void_is_white_only_where_asked_for() -> None:
    mask = np.array([[0, 11]], np.uint8)
    assert colourise(mask, void=11)[0, 1].tolist() == [255, 255, 255]
    assert colourise(mask)[0, 1].tolist() == class_colours(12)[11].tolist()


@pytest.mark.parametrize("channels", [1, 3])
def test_comparison_has_a_row_an_image_and_a_column_a_mask(channels: int) -> None:
    images = np.full((2, 10, 20, channels), 77, np.uint8)
    masks = {"truth": np.ones((2, 10, 20), np.uint8), "csim": np.zeros((2, 10, 20), np.int64)}
    sheet = comparison(images, masks, scale=3)
    assert sheet.size == (3 * 66 + 6, 2 * 36 + 6 + 18)
    pixels = np.asarray(sheet)
    assert pixels[6 + 18 + 5, 6 + 5].tolist() == [77, 77, 77]
    assert pixels[6 + 18 + 36 + 5, 6 + 66 + 5].tolist() == class_colours(2)[1].tolist()
    assert pixels[6 + 18 + 5, 6 + 132 + 5].tolist() == [0, 0, 0]


def test_titles_are_drawn() -> None:
    picture = np.zeros((8, 40, 3), np.uint8)
    titled, plain = (np.asarray(side_by_side([[picture]], [title])) for title in ("float", ""))
    assert (titled != plain).any() and (titled[:24] != plain[:24]).any(axis=(1, 2)).sum() >= 5
