"""The network that a design names: one of the kinds that are built, or a float model file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fcn_hw.design import (
    AnyNetwork,
    Design,
    Distillation,
    KerasNetwork,
    ListDataset,
    Mnist,
    Network,
    QonnxNetwork,
    Training,
)
from fcn_hw.errors import ConfigError, nearest
from fcn_hw.train.encoder_weights import EncoderWeights, check_head, read_encoder
from fcn_hw.train.encoders import encoder_layers
from fcn_hw.train.float_model import FloatModel, model_ends, read_float_model
from fcn_hw.train.topology import Shape, Topology, build_topology, quantizable, unweighted


def design_topology(design: Design, n_classes: int | None = None) -> Topology:
    """The topology of a design; ``n_classes`` defaults to what its data set declares.

    Raises:
        ConfigError: an impossible network; a model file that is missing or damaged, or does not fit
            the data set.
        UnsupportedLayer: a layer of the model file can't be quantized.
    """
    dataset, classes = design.dataset, n_classes or design.dataset.n_classes
    if isinstance(design.network, KerasNetwork):
        topology = float_model(design).topology
        size = (dataset.height, dataset.width)
        _check_scores(design, design.network.model, topology[-1].shape, classes, size)
        return topology
    if isinstance(design.network, QonnxNetwork):
        raise ConfigError(
            f"design '{design.name}' has the network of a QONNX file, which is not trained here",
            hint="use export, hls, csim, estimate and the verbs behind them",
        )
    stored = encoder_weights(design)
    topology = build_topology(
        design.network,
        Shape(dataset.height, dataset.width, _channels(design)),
        classes,
        dataset.input.of_bytes(),
        folded=() if stored is None else stored.folded,
    )
    if stored is not None:
        check_head(stored, topology)
    return topology


def encoder_weights(design: Design) -> EncoderWeights | None:
    """The weights that the encoder of a design begins with; None: it has none, or no file.

    Raises:
        ConfigError: see :func:`fcn_hw.train.encoder_weights.read_encoder`.
    """
    encoder = getattr(design.network, "encoder", None)
    if encoder is None or encoder.weights is None:
        return None
    return read_encoder(encoder, _channels(design))


def encoder_names(design: Design) -> tuple[str, ...]:
    """The layers with weights of a design's encoder."""
    encoder = getattr(design.network, "encoder", None)
    if encoder is None:
        return ()
    return tuple(layer.name for layer in encoder_layers(encoder).convolutions)


def _channels(design: Design) -> int:
    """Of the images."""
    if isinstance(design.dataset, ListDataset):
        return design.dataset.channels
    return 1 if isinstance(design.dataset, Mnist) else 3


def float_model(design: Design) -> FloatModel:
    """The float model of a design whose network is a file's.

    Raises:
        ConfigError, UnsupportedLayer: see :func:`fcn_hw.train.float_model.read_float_model`.
    """
    network, dataset = design.network, design.dataset
    assert isinstance(network, KerasNetwork)
    return read_float_model(
        Path(network.model),
        size=(dataset.height, dataset.width),
        scaling=dataset.input.of_bytes(),
        bgr=network.channel_order == "bgr",
        output=network.output,
    )


def teacher_model(design: Design) -> FloatModel | None:
    """The teacher of a file, at its own size or that of the images; None: the design names none.

    Raises:
        ConfigError, UnsupportedLayer: see :func:`fcn_hw.train.float_model.read_float_model`; or it
            has other classes.
    """
    found, dataset = design.training.distillation, design.dataset
    if not isinstance(found, Distillation):
        return None
    path = Path(found.teacher)
    ends = model_ends(path)
    size = (ends.height or dataset.height, ends.width or dataset.width)
    teacher = read_float_model(path, size=size, scaling=found.input.of_bytes())
    _check_scores(design, found.teacher, teacher.topology[-1].shape, dataset.n_classes, size)
    return teacher


def _check_scores(
    design: Design, model: str, scores: Shape, classes: int, size: tuple[int, int]
) -> None:
    """A model's output is a map of the data set's classes.

    Args:
        size: height and width of the images that the model reads.
    """
    if isinstance(design.dataset, Mnist):
        size = (1, 1)
    if (scores.height, scores.width) != size:
        raise ConfigError(
            f"{model}: the model gives {scores.height} x {scores.width} pixels, the masks "
            f"have {size[0]} x {size[1]}",
            hint="let it upsample to the size of its input",
        )
    if scores.channels != classes and (scores.channels, classes) != (1, 2):
        raise ConfigError(
            f"{model}: the model gives {scores.channels} scores a pixel, the data set has "
            f"{classes} classes",
            hint="one score for each class; or one score for two classes, above 0 for the second",
        )


def network_identity(network: AnyNetwork, *, exclude_defaults: bool = True) -> dict[str, Any]:
    """What a network is, whatever path its model file has; JSON-able, for digests."""
    found = network.model_dump(mode="json", exclude_defaults=exclude_defaults)
    if not isinstance(network, Network):
        found["model"] = _file_digest(Path(network.model))
    elif network.encoder is None:
        found.pop("encoder", None)  # studies of before there were encoders stay valid
    elif network.encoder.weights is not None:
        found["encoder"]["weights"] = _file_digest(Path(network.encoder.weights))
    return found


def training_identity(training: Training, *, exclude_defaults: bool = True) -> dict[str, Any]:
    """How a network is trained, whatever path its teacher has; JSON-able, for digests."""
    found = training.model_dump(mode="json", exclude_defaults=exclude_defaults)
    if isinstance(training.distillation, Distillation):
        found["distillation"]["teacher"] = _file_digest(Path(training.distillation.teacher))
    return found


def quantization_identity(training: Training) -> list[object]:
    """What quantizing a float network reads of its design beside the formats; JSON-able, for
    digests. What is off adds nothing: digests of before the key was there stay valid."""
    found: list[object] = [key for key in ("equalize", "bias_correction") if getattr(training, key)]
    return [*found, training.calibration_images] if found else []


def _file_digest(path: Path) -> str:
    stat = path.stat() if path.is_file() else None
    return _stamped_digest(path, stat and (stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=8)
def _stamped_digest(path: Path, stamp: Any) -> str:
    digest = hashlib.sha256()
    if stamp is not None:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def layer_names(design: Design) -> tuple[str, ...]:
    """Names that ``precision.layers`` and ``hls.LayerName`` may use, in network order."""
    if isinstance(design.network, QonnxNetwork):
        return ()  # its precision is in the file
    return tuple(node.name for node in quantizable(design_topology(design)))


def activation_names(design: Design) -> tuple[str, ...]:
    """Layers without weights whose ``activation`` ``precision.layers`` may give, in order."""
    if isinstance(design.network, QonnxNetwork):
        return ()
    return tuple(node.name for node in unweighted(design_topology(design)))


def check_layer_names(design: Design, topology: Topology | None = None) -> None:
    """Checks the layer names of the design against its network.

    Args:
        topology: the network; None: the design's.

    Raises:
        ConfigError: a name is not a layer of the network; gives the nearest that are.
    """
    topology = topology or design_topology(design)
    valid = [node.name for node in quantizable(topology)]
    activations = [node.name for node in unweighted(topology)]
    sections: dict[str, Mapping[str, object]] = {
        "precision.layers": design.precision.layers,
        "hls.LayerName": design.hls.LayerName,
        "training.pruning.layers": design.training.pruning.layers
        if design.training.pruning
        else {},
    }
    for section, entries in sections.items():
        for name in entries:
            known = [*valid, *(activations if section == "precision.layers" else ())]
            if name not in known:
                raise ConfigError(
                    f"{section}: '{name}' is not a layer of this {design.network.kind}",
                    hint=f"nearest: {nearest(name, known)}",
                )
