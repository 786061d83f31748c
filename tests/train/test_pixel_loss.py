"""What is asked of a pixel, against NumPy in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fcn_hw.design import Network
from fcn_hw.keras_env import keras_env
from fcn_hw.train.networks import build_float
from fcn_hw.train.pixel_loss import PixelLoss, teacher_answers
from fcn_hw.train.topology import Shape, build_topology

VOID = 255
CLASSES = 3


@pytest.fixture(scope="module")
def teacher() -> Any:
    keras_env().keras.utils.set_random_seed(4)
    network = Network(kind="fcn16s", filters=(4, 6))
    return build_float(build_topology(network, Shape(8, 10, 3), CLASSES), batchnorm=True)


@pytest.fixture
def batch() -> tuple[Any, Any, npt.NDArray[np.uint8]]:
    """Scores, images, masks with some void."""
    rng = np.random.default_rng(3)
    masks = rng.integers(0, CLASSES, (2, 8, 10)).astype(np.uint8)
    masks[0, 2:4] = VOID
    scores = rng.normal(0, 3, (*masks.shape, CLASSES)).astype(np.float32)
    images = rng.uniform(0, 1, (2, 8, 10, 3)).astype(np.float32)
    tf = keras_env().tf
    return tf.constant(scores), tf.constant(images), masks


def table() -> npt.NDArray[np.float32]:
    weights = np.zeros(256, np.float32)
    weights[:CLASSES] = (0.5, 1.0, 4.0)
    return weights


def log_softmax(scores: Any) -> npt.NDArray[np.float64]:
    values = np.asarray(scores, np.float64)
    return values - np.log(np.exp(values).sum(-1, keepdims=True))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_target_is_the_label_and_a_share_of_the_teacher(
    teacher: Any, batch: Any, share: float
) -> None:
    scores, images, masks = batch
    losses, weights = PixelLoss(table(), teacher, share).of(scores, images, masks)
    told = np.exp(log_softmax(teacher(images, training=False)))
    label = np.eye(CLASSES)[np.where(masks == VOID, 0, masks)]
    wanted = (1 - share) * label + share * told
    expected = -(wanted * log_softmax(scores)).sum(-1) * table()[masks]
    assert losses.numpy() == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert weights.numpy() == pytest.approx(table()[masks])
    assert np.all(losses.numpy()[masks == VOID] == 0)


def test_the_answers_of_a_teacher_are_a_share_of_the_target(batch: Any) -> None:
    scores, images, masks = batch
    shape = (*masks.shape, CLASSES)
    answers = np.random.default_rng(3).integers(0, 256, shape).astype(np.uint8)
    loss = PixelLoss(table(), share=0.3, answers=answers)
    rows = np.arange(len(masks))[::-1]
    losses, _ = loss.of(scores, images, masks, *loss.answers_to(rows))
    label = np.eye(CLASSES)[np.where(masks == VOID, 0, masks)]
    wanted = 0.7 * label + 0.3 * answers[::-1] / 255
    expected = -(wanted * log_softmax(scores)).sum(-1) * table()[masks]
    assert losses.numpy() == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert PixelLoss(table()).answers_to(rows) == ()


def test_a_teacher_answers_at_its_own_size_and_is_kept_at_half_that_of_the_masks() -> None:
    keras = keras_env().keras
    image = keras.Input((8, 12, 3))
    teacher = keras.Model(image, keras.layers.Lambda(lambda x: 100 * x)(image))
    channel = np.random.default_rng(4).integers(0, 3, (11, 1, 1))
    images = np.zeros((11, 5, 7, 3), np.uint8)
    np.put_along_axis(images, np.broadcast_to(channel[..., None], (11, 5, 7, 1)), 128, axis=-1)
    found = teacher_answers(teacher, images, (5, 7))
    certain = 255 * np.eye(3, dtype=np.uint8)[channel]
    assert found.dtype == np.uint8
    assert np.array_equal(found, np.broadcast_to(certain, (11, 3, 4, 3)))


def test_the_gradient_reaches_the_scores_and_not_the_teacher(teacher: Any, batch: Any) -> None:
    tf = keras_env().tf
    scores, images, masks = batch
    loss = PixelLoss(table(), teacher, 0.6)
    before = [value.copy() for value in teacher.get_weights()]
    with tf.GradientTape() as tape:
        tape.watch([scores, *teacher.trainable_variables])
        total = tf.reduce_sum(loss.of(scores, images, masks)[0])
    to_scores, *to_teacher = tape.gradient(total, [scores, *teacher.trainable_variables])
    told = np.exp(log_softmax(teacher(images, training=False)))
    label = np.eye(CLASSES)[np.where(masks == VOID, 0, masks)]
    wanted = 0.4 * label + 0.6 * told
    expected = (np.exp(log_softmax(scores)) - wanted) * table()[masks][..., None]
    assert to_scores.numpy() == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert all(gradient is None for gradient in to_teacher)
    for old, new in zip(before, teacher.get_weights(), strict=True):  # nor its moving averages
        assert np.array_equal(old, new)
