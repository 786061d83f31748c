"""Training on several machines: every worker takes its part of each batch, all take the same step.

The workers hold the same weights. In a step each computes the gradients of its images, TensorFlow
adds them up over the network (``MultiWorkerMirroredStrategy``), and each worker applies the sum.
The loss is divided by the weight of all pixels of the whole batch, and batch normalization takes
its mean and variance over the whole batch, so the model is that of one worker with the same batch
size, but for the order of float32 sums.

Variables are plain ones: constraints, pruning, checkpoints and the loop are those of one worker.
The chief's word counts where a difference would let the workers part: at the start of a phase and
after each epoch all take over its state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from fcn_hw.errors import FcnHwError
from fcn_hw.keras_env import keras_env
from fcn_hw.train.cluster import Cluster
from fcn_hw.train.pixel_loss import PixelLoss
from fcn_hw.train.predict import BYTE_SCALE, Bytes

_CHUNK_WORDS = 1 << 16
"""Of what the chief tells the others at a time: a sum of one size is compiled once."""


class Team:
    """The workers of a training, seen from one of them.

    Args:
        cluster: whose workers have met (:func:`fcn_hw.train.cluster.meet`); TensorFlow's servers
            start here, so nothing may have run in TensorFlow before.
    """

    def __init__(self, cluster: Cluster) -> None:
        tf = keras_env().tf
        self.cluster = cluster
        with self.answering():
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        self.active = tf.Variable(1.0, trainable=False)
        self._total = tf.function(
            lambda words: self._strategy.run(
                lambda mine: self._sum(tf.identity(mine)),  # on a device, as the sum wants it
                args=(words,),
            ),
            input_signature=[tf.TensorSpec((_CHUNK_WORDS,), tf.int32)],
        )

    active: Any
    """A variable: 0 while this worker has no image of the batch. TensorFlow's sums fail where one
    worker's tensors are empty, so it computes an image that counts nowhere."""

    @property
    def chief(self) -> bool:
        """Whether this worker writes the files."""
        return self.cluster.chief

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Turns TensorFlow's error about a worker that is gone into one that says what to do.

        Raises:
            FcnHwError: a worker does not answer.
        """
        errors = keras_env().tf.errors
        try:
            yield
        except (
            errors.UnavailableError,
            errors.AbortedError,
            errors.CancelledError,
            errors.DeadlineExceededError,
        ) as error:
            raise FcnHwError(
                "a worker of this training is gone, and the others can't go on without it",
                hint="start all workers again: the chief's checkpoint holds every finished epoch",
            ) from error

    def from_chief(self, data: bytes) -> bytes:
        """The chief's ``data``, on every worker."""
        length = int(self._chunk(np.array([len(data)], np.int32))[0])
        words = np.frombuffer(data + bytes(-len(data) % 4), np.int32)
        chunks = [
            self._chunk(words[start : start + _CHUNK_WORDS])
            for start in range(0, -(-length // 4), _CHUNK_WORDS)
        ]
        return b"".join(chunk.tobytes() for chunk in chunks)[:length]

    def agreed(self, data: Any) -> Any:
        """The chief's ``data``, which JSON can hold, on every worker."""
        return json.loads(self.from_chief(json.dumps(data).encode()))

    def _chunk(self, words: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """The chief's words, filled up with zeros: a sum to which the others add zeros."""
        mine = np.zeros(_CHUNK_WORDS, np.int32)
        if self.chief:
            mine[: len(words)] = words
        with self.answering():
            total: npt.NDArray[np.int32] = self._total(mine).numpy()
        return total

    def train_step(
        self,
        model: Any,
        optimizer: Any,
        pixel_loss: PixelLoss,
        after: Callable[[], None] | None = None,
    ) -> Callable[[Bytes, Bytes], Any]:
        """As :func:`fcn_hw.train.loop.make_train_step`; it too takes the whole batch."""
        tf = keras_env().tf

        def gradients(images: Any, masks: Any, weight: Any) -> Any:
            with tf.GradientTape() as tape:
                values = tf.cast(images, tf.float32) * BYTE_SCALE
                losses, _ = pixel_loss.of(model(values, training=True), values, masks)
                loss = self.active * tf.reduce_sum(losses) / weight
            return self._sum([loss, *tape.gradient(loss, model.trainable_variables)])

        def train_step(images: Any, masks: Any, weight: Any) -> Any:
            loss, *sums = self._strategy.run(gradients, args=(images, masks, weight))
            optimizer.apply_gradients(zip(sums, model.trainable_variables, strict=True))
            if after is not None:
                after()
            return loss

        compiled = tf.function(
            train_step,
            input_signature=[
                tf.TensorSpec(model.input_shape, tf.uint8),
                tf.TensorSpec((None, *model.output_shape[1:3]), tf.uint8),
                tf.TensorSpec((), tf.float32),
            ],
        )

        def step(images: Bytes, masks: Bytes) -> Any:
            weight = max(float(pixel_loss.weights[masks].sum(dtype=np.float64)), 1e-6)
            mine = self.part(len(images))
            idle = mine.start == mine.stop
            self.active.assign(0.0 if idle else 1.0)
            mine = slice(0, 1) if idle else mine
            with self.answering():
                return compiled(images[mine], masks[mine], np.float32(weight))

        return step

    def part(self, count: int) -> slice:
        """Which of ``count`` images are this worker's; of few images it may be none."""
        size, index = len(self.cluster.workers), self.cluster.index
        return slice(count * index // size, count * (index + 1) // size)

    @staticmethod
    def _sum(values: Any) -> Any:
        """Over all workers; called where each does its part."""
        distribute = keras_env().tf.distribute
        return distribute.get_replica_context().all_reduce(distribute.ReduceOp.SUM, values)
