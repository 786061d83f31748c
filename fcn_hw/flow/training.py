"""When the trained models of a design are those of the design as it is now.

A trained model depends on sections of design.yaml and on the data. The code that trains is no part
of its key: a change of it must not cost anybody a training of hours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fcn_hw.design import Design, QonnxNetwork
from fcn_hw.errors import ConfigError
from fcn_hw.flow.stage import StageRecord, digest_of
from fcn_hw.flow.workspace import Workspace
from fcn_hw.train.datasets import dataset_digest
from fcn_hw.train.design_network import network_identity, training_identity

MODEL = "quantized.h5"
FLOAT_MODEL = "float.h5"
DIRECT_MODEL = "direct.h5"
MODEL_FILES = (MODEL, FLOAT_MODEL, DIRECT_MODEL)
"""Files that a training leaves, beside :data:`TRAINING`."""

SECTIONS = ("dataset", "network", "precision", "training")
"""Of design.yaml, that a trained model depends on."""

_NAMED = 6
"""Changed keys that a message names; of more it gives the number."""


def trained_models(workspace: Workspace) -> Path:
    """The folder of the design's models, which are not trained here.

    Raises:
        ConfigError: they are missing, or of another design.yaml or other data.
    """
    if not is_trained(workspace):
        raise not_trained(workspace)
    return workspace.model


def is_trained(workspace: Workspace) -> bool:
    """Whether the models of the design, as it is now, are there."""
    record = train_record(workspace.model, workspace.design)
    return all((record.folder / name).is_file() for name in MODEL_FILES) and record.is_current()


def train_record(folder: Path, design: Design) -> StageRecord:
    """When the models of a folder are those of a design.

    Raises:
        DataError: the data set is not there.
    """
    data = dataset_digest(design.dataset)
    inputs = {**_sections(design, exclude_defaults=False), "data": data}
    return StageRecord("train", folder, _digest(design, data), inputs)


def training_digest(design: Design) -> str:
    """Of all that a trained model depends on: sections of the design, and the data."""
    return _digest(design, dataset_digest(design.dataset))


def _digest(design: Design, data: str) -> str:
    # without defaults: a key that a later version adds must not cost anybody a training
    return digest_of(_sections(design, exclude_defaults=True), data)


def _sections(design: Design, *, exclude_defaults: bool) -> dict[str, Any]:
    """What a trained model depends on, files by their digests."""
    found = design.model_dump(mode="json", include=set(SECTIONS), exclude_defaults=exclude_defaults)
    found["network"] = network_identity(design.network, exclude_defaults=exclude_defaults)
    if "training" in found:
        found["training"] = training_identity(design.training, exclude_defaults=exclude_defaults)
    return found


def not_trained(workspace: Workspace) -> ConfigError:
    """What is to be said where the design's models are missing, or are of another design."""
    name, folder = workspace.folder.name, workspace.model
    if isinstance(workspace.design.network, QonnxNetwork):
        return ConfigError(
            f"design '{name}' has the network of a QONNX file, which is not trained here",
            hint="use export, hls, csim, estimate and the verbs behind them",
        )
    what = " is not trained"
    if all((folder / file).is_file() for file in MODEL_FILES):
        reason = why_not(train_record(folder, workspace.design))
        what = f" is not trained as it is now: {reason}"
    return ConfigError(f"design '{name}'{what}", hint=f"run: fcn-hw train {name}")


def why_not(record: StageRecord) -> str:
    """Why finished models are not those of the design as it is now, in words."""
    found = record.standing()
    if found.state == "damaged":
        return f"changed or lost since they were trained: model/{', model/'.join(found.files)}"
    if found.state == "absent":
        return "the last training did not finish"
    before = record.last_inputs()
    if not before:
        return "design.yaml or the data have changed since they were trained"
    changes = list(_changes(before, record.inputs))
    more = f" and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
    return f"changed since they were trained: {', '.join(changes[:_NAMED])}{more}"


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """The keys whose values differ, as "training.patience 15 -> 11"."""
    for key in dict.fromkeys([*before, *now]):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if key == "data" and not where:
            yield "the images or masks of the data set"
        elif isinstance(old, dict) and isinstance(new, dict):
            yield from _changes(old, new, f"{where}{key}.")
        else:
            yield f"{where}{key} {_text(old)} -> {_text(new)}"


def _text(value: Any) -> str:
    return "(none)" if value is None else json.dumps(value).strip('"')
