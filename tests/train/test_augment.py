"""Variations of training images: mask and image move together, and repeat by their seed."""

from __future__ import annotations

import numpy as np

from fcn_hw.train.augment import Augmentation, augment

STILL = Augmentation(mirror=False, zoom=1.0, shift=0.0, contrast=0.0, brightness=0.0)


def batch(count=6, size=(16, 24)):
    random = np.random.default_rng(1)
    masks = random.integers(0, 5, (count, *size)).astype(np.uint8)
    masks[:, 0] = 255
    return np.repeat(masks[..., None], 3, axis=-1), masks


def test_no_variation_changes_nothing():
    images, masks = batch()
    new_images, new_masks = augment(images, masks, STILL, np.random.default_rng(1))
    np.testing.assert_array_equal(new_images, images)
    np.testing.assert_array_equal(new_masks, masks)


def test_image_and_mask_move_together():
    images, masks = batch()
    moving = Augmentation(mirror=True, zoom=1.5, shift=0.2, contrast=0.0, brightness=0.0)
    new_images, new_masks = augment(images, masks, moving, np.random.default_rng(1))
    assert np.any(new_masks != masks)
    np.testing.assert_array_equal(new_images[..., 1], new_masks)
    assert set(np.unique(new_masks)) <= set(np.unique(masks))


def test_mirror_swaps_left_and_right_only_where_allowed():
    images, masks = batch(count=32)
    mirroring = Augmentation(mirror=True, zoom=1.0, shift=0.0, contrast=0.0, brightness=0.0)
    _, new_masks = augment(images, masks, mirroring, np.random.default_rng(1))
    same = [np.array_equal(new, old) for new, old in zip(new_masks, masks, strict=True)]
    mirrored = [
        np.array_equal(new, old[:, ::-1]) for new, old in zip(new_masks, masks, strict=True)
    ]
    assert 0 < sum(same) < 32
    assert sum(same) + sum(mirrored) == 32


def test_brightness_leaves_the_mask_alone():
    images, masks = batch()
    brighter = Augmentation(zoom=1.0, shift=0.0, contrast=0.3, brightness=40.0)
    new_images, new_masks = augment(images, masks, brighter, np.random.default_rng(1))
    assert np.any(new_images != images)
    np.testing.assert_array_equal(new_masks, masks)


def test_a_seed_repeats():
    images, masks = batch()
    first, second = (
        augment(images, masks, Augmentation(mirror=True), np.random.default_rng(5))
        for _ in range(2)
    )
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
