"""What evaluate computes: models, and on request the emitted C++, on batches of images.

The float, the directly quantized and the retrained model and the C++ see the same batches, one
after another: memory does not grow with the number of images.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from rich.markup import escape

from fcn_hw.errors import ConfigError
from fcn_hw.flow.csim_report import layer_row
from fcn_hw.flow.emitted import Emitted, Simulation
from fcn_hw.flow.evaluation import MODELS, Evaluation, HardwareRun
from fcn_hw.flow.progress import Progress
from fcn_hw.train.boundary import squared_tolerance
from fcn_hw.train.datasets.base import Bytes
from fcn_hw.train.datasets.images import in_own_size
from fcn_hw.train.datasets.streams import Stream
from fcn_hw.train.tally import Tally

_CHUNK_BYTES = 16 << 20
_CHUNK_IMAGES = 1024
"""Images in memory at a time: enough to keep all cores of a simulation at work."""

_BATCH_BYTES = 2 << 20
"""Images that TensorFlow sees at a time; its activations are some hundred times as large."""


def measure(
    design: str,
    file: str,
    models: Mapping[str, Path],
    stream: Stream,
    hardware: Emitted | None,
    progress: Progress,
    *,
    own_size: bool = False,
) -> Evaluation:
    """Measures the models of a design on images.

    Args:
        design: its name.
        file: name of the document, without its ending.
        models: files of the float, the directly quantized and the retrained model, by their keys in
            :data:`fcn_hw.flow.evaluation.MODELS`.
        hardware: the compiled project, to be compared with the oracle; None: it is not run.
        own_size: whether class maps are also measured in the sizes of the images.

    Raises:
        ConfigError: ``own_size``, and the images have no size but the frame's, or are cropped.
    """
    own_masks = _own_masks(stream) if own_size else None
    from fcn_hw.frontend.model_file import load_model
    from fcn_hw.train.predict import Predictor

    with_what = "" if hardware is None else ", C simulation = oracle"
    progress.say(f"[cyan]evaluate[/] {escape(stream.name)}: {stream.count} images{with_what}")
    predictors = {key: Predictor(load_model(path)) for key, path in models.items()}
    keys = [key for key in MODELS if key in predictors or hardware is not None]
    tallies = {key: Tally(stream.classes, stream.void) for key in keys}
    own = {key: Tally(stream.classes, stream.void) for key in keys}
    simulation, flips = None if hardware is None else Simulation(hardware), 0
    size = min(_CHUNK_IMAGES, max(1, _CHUNK_BYTES // stream.frame_bytes))
    batch = min(_CHUNK_IMAGES, max(1, _BATCH_BYTES // stream.frame_bytes))
    done, shape = 0, (1, 1)
    with progress.counter("evaluation", stream.count) as update:
        for images in stream.batches(size):
            maps = {key: predict(images.images, batch) for key, predict in predictors.items()}
            if simulation is not None:
                graph = simulation.made.graph
                codes = {graph.inputs[0].name: images.images}
                maps["hardware"] = simulation.run(codes, done, update)[graph.outputs[0]]
                flips += int(np.count_nonzero(maps["hardware"] != maps["retrained"]))
            for key, found in maps.items():
                tallies[key].add(images.masks, found)
            if own_masks is not None:
                for index, mask in enumerate(own_masks(done, len(images))):
                    for key, found in maps.items():
                        scaled = in_own_size(found[index], mask.shape, stream.fit)
                        own[key].add(mask[None], scaled[None])
            done, shape = done + len(images), images.masks.shape[1:]
            update(done)
    metrics = {key: tally.metrics() for key, tally in tallies.items()}
    present = tallies["float"].confusion.sum(axis=1)
    return Evaluation(
        design=design,
        name=stream.name,
        file=file,
        metric=stream.metric,
        images=done,
        labelled_pixels=int(present.sum()),
        absent=tuple(c for c, n in zip(stream.classes, present, strict=True) if not n),
        boundary_tolerance_px=None if shape == (1, 1) else math.sqrt(squared_tolerance(*shape)),
        models=metrics,
        own_size={key: tally.metrics() for key, tally in own.items()} if own_masks else None,
        hardware=None if simulation is None else _hardware_run(simulation, flips),
    )


def _own_masks(stream: Stream) -> Callable[[int, int], Iterator[Bytes]]:
    if stream.own_masks is None:
        raise ConfigError(
            f"the images of {stream.name} have no size but that of the design's frame",
            hint="leave --own-size out",
        )
    if stream.fit == "crop":
        raise ConfigError(
            "dataset.fit is crop: nothing is predicted for what it cuts off",
            hint="leave --own-size out",
        )
    return stream.own_masks


def _hardware_run(simulation: Simulation, flips: int) -> HardwareRun:
    made = simulation.made
    layers = tuple(layer_row(made.graph, name, item) for name, item in simulation.compared.items())
    return HardwareRun(
        board=made.board.name,
        values_compared=sum(row.values for row in layers),
        mismatches=sum(row.mismatches for row in layers),
        argmax_flips=flips,
        layers=layers,
    )
