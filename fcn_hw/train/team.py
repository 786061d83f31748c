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
from fcn_hw.train.cluster import JOIN_TIMEOUT_S, Cluster, check_subjects, not_joined
from fcn_hw.train.pixel_loss import PixelLoss, batch_signature
from fcn_hw.train.predict import BYTE_SCALE, Bytes

_SUBJECT = "fcn_hw/subject"


class Team:
    """The workers of a training, seen from one of them.

    All workers are there within a time, and all train the same, or each of them gets an error:
    TensorFlow's coordination service makes them wait at a barrier and keeps what each tells.
    TensorFlow's servers start here, so nothing may have run in TensorFlow before.

    Args:
        cluster: all workers.
        subject: a digest of what this worker is about to train.
        timeout_s: how long the workers wait for one another.

    Raises:
        FcnHwError: a worker did not come in time, or came with another subject.
    """

    def __init__(self, cluster: Cluster, subject: str, timeout_s: float = JOIN_TIMEOUT_S) -> None:
        tf = keras_env().tf
        self.cluster = cluster
        try:
            self._strategy, subjects = self._joined(subject, round(1000 * timeout_s))
        except tf.errors.OpError as error:
            raise not_joined(cluster, str(error), timeout_s) from error
        check_subjects(cluster, subjects)
        self.active = tf.Variable(1.0, trainable=False)

    active: Any
    """A variable: 0 while this worker has no image of the batch. TensorFlow's sums fail where one
    worker's tensors are empty, so it computes an image that counts nowhere."""

    def _joined(self, subject: str, timeout_ms: int) -> tuple[Any, list[str]]:
        """TensorFlow's strategy, once all workers have joined, and all subjects."""
        from tensorflow.python.eager import context

        tf, session = keras_env().tf, context.context()
        size = len(self.cluster.workers)
        session.configure_coordination_service(
            "standalone",
            service_leader="/job:worker/replica:0/task:0",
            cluster_register_timeout_in_ms=timeout_ms,
        )
        service = session.coordination_service
        service.cluster_register_with_barrier = True  # without it, TensorFlow waits for an hour
        service.coordinated_job_list.add(name="worker", num_tasks=size)
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        session.set_config_key_value(f"{_SUBJECT}/{self.cluster.index}", subject)
        subjects = [
            session.get_config_key_value(f"{_SUBJECT}/{index}", timeout_ms) for index in range(size)
        ]
        session.wait_at_barrier(_SUBJECT, timeout_ms)  # nobody leaves before all have read
        return strategy, subjects

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
        size = int(self._broadcast(np.array([len(data)], np.int32))[0])
        words = np.zeros(-(-size // 4), np.int32)
        if self.chief:
            words = np.frombuffer(data + bytes(-size % 4), np.int32)
        return self._broadcast(words).tobytes()[:size]

    def agreed(self, data: Any) -> Any:
        """The chief's ``data``, which JSON can hold, on every worker."""
        return json.loads(self.from_chief(json.dumps(data).encode()))

    def _broadcast(self, words: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """The chief's words; the others give as many, of any value.

        TensorFlow does it with the first value of a variable of the strategy.
        """
        with self.answering(), self._strategy.scope():
            found: npt.NDArray[np.int32] = keras_env().tf.Variable(words, trainable=False).numpy()
        return found

    def train_step(
        self,
        model: Any,
        optimizer: Any,
        pixel_loss: PixelLoss,
        after: Callable[[], None] | None = None,
    ) -> Callable[..., Any]:
        """As :func:`fcn_hw.train.loop.make_train_step`; it too takes the whole batch."""
        tf = keras_env().tf

        def gradients(weight: Any, images: Any, masks: Any, *answers: Any) -> Any:
            with tf.GradientTape() as tape:
                values = tf.cast(images, tf.float32) * BYTE_SCALE
                losses, _ = pixel_loss.of(model(values, training=True), values, masks, *answers)
                loss = self.active * tf.reduce_sum(losses) / weight
            return self._sum([loss, *tape.gradient(loss, model.trainable_variables)])

        def train_step(weight: Any, *batch: Any) -> Any:
            loss, *sums = self._strategy.run(gradients, args=(weight, *batch))
            optimizer.apply_gradients(zip(sums, model.trainable_variables, strict=True))
            if after is not None:
                after()
            return loss

        compiled = tf.function(
            train_step,
            input_signature=[tf.TensorSpec((), tf.float32), *batch_signature(model, pixel_loss)],
        )

        def step(images: Bytes, masks: Bytes, *answers: Bytes) -> Any:
            weight = max(float(pixel_loss.weights[masks].sum(dtype=np.float64)), 1e-6)
            mine = self.part(len(images))
            idle = mine.start == mine.stop
            self.active.assign(0.0 if idle else 1.0)
            mine = slice(0, 1) if idle else mine
            with self.answering():
                batch = (images[mine], masks[mine], *(item[mine] for item in answers))
                return compiled(np.float32(weight), *batch)

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
