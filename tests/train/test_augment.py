"""Variations of training images: mask and image move together, and repeat by their seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fcn_hw.design import Augmentation
from fcn_hw.train.augment import augment
from fcn_hw.train.datasets.base import Bytes

STILL = Augmentation(mirror=False, zoom=1.0, shift=0.0, contrast=0.0, brightness=0.0)


def batch(count: int = 6, size: tuple[int, int] = (16, 24)) -> tuple[Bytes, Bytes]:
    random = np.random.default_rng(1)
    masks = random.integers(0, 5, (count, *size)).astype(np.uint8)
    masks[:, 0] = 255
    return np.repeat(masks[..., None], 3, axis=-1), masks


def test_no_variation_changes_nothing() -> None:
    images, masks = batch()
    new_images, new_masks = augment(images, masks, STILL, np.random.default_rng(1))
    np.testing.assert_array_equal(new_images, images)
    np.testing.assert_array_equal(new_masks, masks)


def test_image_and_mask_move_together() -> None:
    images, masks = batch()
    moving = Augmentation(mirror=True, zoom=1.5, shift=0.2, contrast=0.0, brightness=0.0)
    new_images, new_masks = augment(images, masks, moving, np.random.default_rng(1))
    assert np.any(new_masks != masks)
    np.testing.assert_array_equal(new_images[..., 1], new_masks)
    assert set(np.unique(new_masks)) <= set(np.unique(masks))


def test_mirror_swaps_left_and_right_only_where_allowed() -> None:
    images, masks = batch(count=32)
    mirroring = Augmentation(mirror=True, zoom=1.0, shift=0.0, contrast=0.0, brightness=0.0)
    _, new_masks = augment(images, masks, mirroring, np.random.default_rng(1))
    same = [np.array_equal(new, old) for new, old in zip(new_masks, masks, strict=True)]
    mirrored = [
        np.array_equal(new, old[:, ::-1]) for new, old in zip(new_masks, masks, strict=True)
    ]
    assert 0 < sum(same) < 32
    assert sum(same) + sum(mirrored) == 32


def test_brightness_leaves_the_mask_alone() -> None:
    images, masks = batch()
    brighter = Augmentation(zoom=1.0, shift=0.0, contrast=0.3, brightness=40.0)
    new_images, new_masks = augment(images, masks, brighter, np.random.default_rng(1))
    assert np.any(new_images != images)
    np.testing.assert_array_equal(new_masks, masks)


@pytest.mark.parametrize("rotation_deg", [0, 1e-9])
def test_each_channel_has_a_gain_of_its_own(rotation_deg: float) -> None:
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=-1)
    coloured = STILL.model_copy(update={"colour": 0.5, "rotation_deg": rotation_deg})
    new_images, _ = augment(images, images[..., 0], coloured, np.random.default_rng(1))
    gains = set()
    for channel in range(3):
        old, new = (found[0, ..., channel].astype(float) - 128 for found in (images, new_images))
        whole = (new > -128) & (new < 127) & (old > 20)  # what no limit has cut
        low, high = np.max(new[whole] / old[whole]), np.min((new[whole] + 1) / old[whole])
        assert 0.5 < low < high < 1.5  # one gain explains the channel, rounded down
        gains.add(round(low, 2))
    assert len(gains) == 3


def test_a_seed_repeats() -> None:
    images, masks = batch()
    first, second = (
        augment(images, masks, Augmentation(mirror=True), np.random.default_rng(5))
        for _ in range(2)
    )
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_rotation_by_nothing_changes_nothing() -> None:
    images, masks = batch()
    hardly = STILL.model_copy(update={"rotation_deg": 1e-9})
    new_images, new_masks = augment(images, masks, hardly, np.random.default_rng(1))
    np.testing.assert_array_equal(new_images, images)
    np.testing.assert_array_equal(new_masks, masks)


def test_rotation_moves_mask_and_image_the_same_way() -> None:
    """A disc off the centre: the weighted centres of image and mask stay together, and turn."""
    rows, columns = np.mgrid[0:41, 0:41]
    disc = ((rows - 20) ** 2 + (columns - 32) ** 2 <= 25).astype(np.uint8)
    masks = np.repeat(disc[None], 40, axis=0)
    turning = STILL.model_copy(update={"rotation_deg": 90})
    new_images, new_masks = augment(
        (masks * 200)[..., None], masks, turning, np.random.default_rng(3)
    )
    angles = []
    for image, mask in zip(new_images[..., 0] / 200, new_masks, strict=True):
        centres = [
            (np.sum(rows * part) / part.sum() - 20, np.sum(columns * part) / part.sum() - 20)
            for part in (image, mask)
        ]
        np.testing.assert_allclose(centres[0], centres[1], atol=0.35)  # a raster
        assert np.hypot(*centres[1]) == pytest.approx(12, abs=0.35)
        angles.append(np.degrees(np.arctan2(*centres[1])))
    assert -91 < min(angles) < -40 and 40 < max(angles) < 91
    assert set(np.unique(new_masks)) == {0, 1}


@pytest.mark.parametrize("rotation", [0, 10])
def test_a_class_of_the_whole_image_stays(rotation: Any) -> None:
    images, _ = batch()
    masks = np.arange(6, dtype=np.uint8)[:, None, None]
    moving = Augmentation(mirror=True, zoom=1.5, shift=0.2, rotation_deg=rotation)
    new_images, new_masks = augment(images, masks, moving, np.random.default_rng(1))
    np.testing.assert_array_equal(new_masks, masks)
    assert np.any(new_images != images)


@pytest.mark.parametrize("rotation_deg", [0, 20])
def test_maps_of_any_size_move_as_the_mask_does(rotation_deg: float) -> None:
    rows, columns = np.mgrid[:32, :48]
    masks = np.stack([rows // 4 * 12 + columns // 4] * 3).astype(np.uint8)
    half = masks[:, ::2, ::2, None]
    moving = Augmentation(mirror=True, zoom=1.5, shift=0.2, rotation_deg=rotation_deg)
    images = np.zeros((*masks.shape, 3), np.uint8)
    _, new_masks, same, small = augment(
        images, masks, moving, np.random.default_rng(6), masks[..., None], half
    )
    assert np.array_equal(same[..., 0], new_masks)
    assert not np.array_equal(new_masks, masks)
    found = np.repeat(np.repeat(small[..., 0], 2, axis=1), 2, axis=2)
    # cells of 4 pixels: none is taken for another than its neighbour, and a map of half the size
    # that is only mirrored is that of the mirrored mask
    for place, wanted in zip(np.divmod(found, 12), np.divmod(new_masks, 12), strict=True):
        assert np.max(np.abs(place.astype(int) - wanted)) <= 1
    still = Augmentation(zoom=1, shift=0, contrast=0, brightness=0, mirror=True)
    _, new_masks, small = augment(images, masks, still, np.random.default_rng(2), half)
    assert np.array_equal(small[..., 0], new_masks[:, ::2, ::2])
