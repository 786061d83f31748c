"""``python -m benchmarks.training``: float training, QKeras and fcn_hw in turns, in one run.

Three models of one network, all with the same weights to begin with, trained the same way: the
float network without batch normalization (folded, as quantized retraining begins with), QKeras'
layers with its own quantizers, and with the fused ones that ``fcn-hw train`` uses. They take their
steps in turn, one by one and in changing order, so that what else the machine does weighs on all;
a ratio is that of the steps of one round. The images are random bytes: the time of a step does not
depend on them. The weights of both quantized models are compared behind the rounds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.machine import facts
from benchmarks.spread import spread
from fcn_hw.design import Design, Network
from fcn_hw.design_yaml import load_design
from fcn_hw.files import replace_file
from fcn_hw.keras_env import keras_env, seed_everything
from fcn_hw.train.augment import augment
from fcn_hw.train.batches import ahead
from fcn_hw.train.datasets.base import Bytes, DataSet, Split
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.loop import make_train_step
from fcn_hw.train.networks import build_float, folded_weights, set_weights
from fcn_hw.train.pixel_loss import PixelLoss
from fcn_hw.train.precision import wishes
from fcn_hw.train.quantized import build_quantized
from fcn_hw.train.study import Study, design_phase
from fcn_hw.train.topology import multiplications

RESULTS = Path(__file__).parent / "results_training.json"
DESIGNS = ("digits_fcn8s", "camvid_fcn8s", "camvid_unet", "voc_mobilenet_fcn8s")
ROUNDS = 9
STEPS = 12
"""Of a model in a round."""

KINDS = ("float", "qkeras", "ours")

Batch = tuple[Bytes, Bytes]
Step = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Subject:
    """A model in training."""

    model: Any
    step: Step


def main() -> None:
    """Prints the ratios and writes ``benchmarks/results_training.json``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--design", choices=DESIGNS, action="append", help="only this one")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    machine = facts("tensorflow", "tf-keras", "qkeras", "numpy")
    found = {}
    for name in options.design or DESIGNS:
        path = Path(__file__).parent.parent / "hls_projects" / name / "design.yaml"
        found[name] = measure(with_random_weights(load_design(path)), options.rounds)
        show(name, found[name])
    document = {"machine": machine, "rounds": options.rounds, "steps": STEPS, "designs": found}
    replace_file(options.output, json.dumps(document, indent=1) + "\n")


def with_random_weights(design: Design) -> Design:
    """A design without the file of its encoder, if it has one: speed does not depend on it."""
    network = design.network
    if not isinstance(network, Network) or network.encoder is None:
        return design
    encoder = network.encoder.model_copy(update={"weights": None})
    network = network.model_copy(update={"encoder": encoder})
    return design.model_copy(update={"network": network})


def measure(design: Design, rounds: int) -> dict[str, Any]:
    """One network in all its forms."""
    seed_everything(1)
    batch = random_batch(design)
    subjects = make_subjects(design, batch)
    wall: dict[str, list[float]] = {kind: [] for kind in KINDS}
    processor: dict[str, list[float]] = {kind: [] for kind in KINDS}
    train(subjects, batch)  # compiles
    for _ in range(rounds):
        for kind, (seconds, processor_s) in train(subjects, batch).items():
            wall[kind].append(STEPS * len(batch[0]) / seconds)
            processor[kind].append(STEPS * len(batch[0]) / processor_s)
    unequal = differences(subjects["qkeras"].model, subjects["ours"].model)
    inline, threaded = [], []
    for _ in range(rounds):
        inline.append(images_of_plain_loop(design, subjects["ours"].step, batch))
        threaded.append(images_of_loop_ahead(design, subjects["ours"].step, batch))
    return {
        "batch_size": len(batch[0]),
        "mega_macs": round(multiplications(design_topology(design)) / 1e6, 1),
        "images_per_s": _compared(wall),
        "images_per_cpu_s": _compared(processor),
        "varied_images_per_s": {
            "plain_loop": spread(inline),
            "batches_ahead": spread(threaded),
            "ratio": spread([a / b for a, b in zip(threaded, inline, strict=True)]),
        },
        "weights_that_differ": unequal,
    }


def random_batch(design: Design) -> Batch:
    """Images and masks of the design's size."""
    topology = design_topology(design)
    count, random = design.training.batch_size, np.random.default_rng(1)
    first, last = topology[0].shape, topology[-1].shape
    size = (first.height, first.width)
    images = random.integers(0, 256, (count, *size, first.channels), np.uint8)
    return images, random.integers(0, last.channels, (count, *size), np.uint8)


def make_subjects(design: Design, batch: Batch) -> dict[str, Subject]:
    """All models, with the same weights."""
    built = design_topology(design)
    start = folded_weights(build_float(built, batchnorm=False), built)
    split = Split(*batch, tuple(map(str, range(len(batch[0])))))
    classes = tuple(map(str, range(built[-1].shape.channels)))
    study = Study(design, DataSet("random", classes, None, split, split, split), built, start)
    topology, weights = study.topology, study.weights
    table = study.table(wishes(design, topology))
    models = {
        "float": build_float(topology, batchnorm=False),
        "qkeras": build_quantized(topology, table),
        "ours": build_quantized(topology, table, fused=True),
    }
    subjects = {}
    for kind, model in models.items():
        set_weights(model, weights)
        optimizer = keras_env().keras.optimizers.Adam(design.training.retrain_learning_rate)
        optimizer.build(model.trainable_variables)
        step = make_train_step(model, optimizer, PixelLoss(np.ones(256, np.float32)))
        subjects[kind] = Subject(model, step)
    return subjects


def train(subjects: dict[str, Subject], batch: Batch) -> dict[str, tuple[float, float]]:
    """A round: a step of each model in turn, in changing order; seconds, and of all cores."""
    taken = dict.fromkeys(KINDS, (0.0, 0.0))

    def once(step: Callable[..., Any]) -> float:
        return float(step(*batch))

    for turn in range(STEPS):
        for kind in KINDS[turn % 3 :] + KINDS[: turn % 3]:
            wall, processor = timed(partial(once, subjects[kind].step))
            taken[kind] = (taken[kind][0] + wall, taken[kind][1] + processor)
    return taken


def varied(design: Design, batch: Batch) -> Any:
    """The batches of a round, varied as the design says."""
    how = design_phase(design, "retrain", 1, 1.0).augmentation
    random = np.random.default_rng(1)
    assert how is not None
    return (augment(*batch, how, random) for _ in range(STEPS))


def images_of_plain_loop(design: Design, step: Step, batch: Batch) -> float:
    """Images a second where each batch is varied before its step."""

    def work() -> None:
        for images, masks in varied(design, batch):
            step(images, masks)

    return STEPS * len(batch[0]) / timed(work)[0]


def images_of_loop_ahead(design: Design, step: Step, batch: Batch) -> float:
    """Images a second where a thread varies them ahead."""

    def work() -> None:
        with ahead(varied(design, batch)) as batches:
            for images, masks in batches:
                step(images, masks)

    return STEPS * len(batch[0]) / timed(work)[0]


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds, and seconds of all cores."""
    started, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - processor


def differences(qkeras: Any, ours: Any) -> int:
    """How many weights two models do not have in common."""
    pairs: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = list(
        zip(qkeras.get_weights(), ours.get_weights(), strict=True)
    )
    return sum(int(np.sum(a != b)) for a, b in pairs)


def _compared(speeds: dict[str, list[float]]) -> dict[str, Any]:
    """Speeds, and how much of the float speed is left, round by round."""
    result = {kind: spread(values) for kind, values in speeds.items()}
    for kind in KINDS[1:]:
        pairs = zip(speeds[kind], speeds["float"], strict=True)
        result[f"{kind}_to_float"] = spread([value / reference for value, reference in pairs])
    return result


def show(name: str, found: dict[str, Any]) -> None:
    """A block of lines for one network."""
    print(f"\n{name}: {found['mega_macs']:.1f} MMAC an image, {found['batch_size']} images a step")
    print(f"  {'':26}{'float':>9}{'QKeras':>9}{'fcn_hw':>9}   QKeras/float       fcn_hw/float")
    for key, label in (
        ("images_per_s", "images/s"),
        ("images_per_cpu_s", "images/s of one core"),
    ):
        row = found[key]
        speeds = "".join(f"{row[kind]['median']:9.1f}" for kind in KINDS)
        qkeras, ours = (_text(row[f"{kind}_to_float"]) for kind in KINDS[1:])
        print(f"  {label:26}{speeds}   {qkeras:18}{ours}", flush=True)
    pipe = found["varied_images_per_s"]
    print(
        f"  with augmentation: {pipe['plain_loop']['median']:.1f} images/s one after the other, "
        f"{pipe['batches_ahead']['median']:.1f} made ahead: {_text(pipe['ratio'])}"
    )
    print(f"  weights that differ between QKeras and fcn_hw: {found['weights_that_differ']}")


def _text(values: dict[str, Any]) -> str:
    return f"{values['median']:.2f} ({values['least']:.2f}-{values['most']:.2f})"


if __name__ == "__main__":
    main()
