"""Finds and reads ``design.yaml``; every complaint names the line."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fcn_hw.design import Design, Distillation, Encoder, Network, Section
from fcn_hw.errors import ConfigError, nearest
from fcn_hw.names import Names
from fcn_hw.schema import config_error, validate
from fcn_hw.yaml_source import Keys, YamlSource, read_yaml, shown


@dataclass(frozen=True)
class DesignSource:
    """A design with the positions of its keys.

    Args:
        design: the checked content.
        yaml: the file it comes from.
    """

    design: Design
    yaml: YamlSource

    @property
    def path(self) -> Path:
        return self.yaml.path

    def line_of(self, keys: Keys) -> int:
        """The line of ``keys``, for instance ``("network", "filters")``, or of what is around."""
        return self.yaml.line_of(keys)


def load_design(path: Path) -> Design:
    """Reads a design.

    Raises:
        ConfigError: see :func:`load_design_source`.
    """
    return load_design_source(path).design


def load_design_source(path: Path) -> DesignSource:
    """Reads a design and keeps the positions of its keys; paths that begin at its folder are whole.

    Raises:
        ConfigError: unreadable, or an unknown key or a wrong value: ``file:line: what``. All
            problems of the file are reported, the first in the message, the others in the hint.
    """
    source = read_yaml(path)
    design = validate(Design, source, "the design")
    return DesignSource(_with_whole_paths(design, path.resolve().parent), source)


def _with_whole_paths(design: Design, folder: Path) -> Design:
    """A design whose paths of models and weights begin at no folder."""

    def whole(section: Section, key: str) -> Section:
        path = folder / Path(getattr(section, key)).expanduser()
        return section.model_copy(update={key: str(path)})

    network, training = design.network, design.training
    if not isinstance(network, Network):
        design = design.model_copy(update={"network": whole(network, "model")})
    elif network.encoder is not None and network.encoder.weights is not None:
        encoder = _with_found_weights(network.encoder, folder)
        network = network.model_copy(update={"encoder": encoder})
        design = design.model_copy(update={"network": network})
    if isinstance(training.distillation, Distillation):
        distillation = whole(training.distillation, "teacher")
        training = training.model_copy(update={"distillation": distillation})
        design = design.model_copy(update={"training": training})
    return design


def _with_found_weights(encoder: Encoder, folder: Path) -> Encoder:
    """An encoder whose file of weights is that of a design's folder, or else of the data's."""
    assert encoder.weights is not None
    given = Path(encoder.weights).expanduser()
    path, data = folder / given, os.environ.get("FCN_HW_DATA")
    if data and not path.is_file() and (Path(data) / given).is_file():
        path = Path(data).resolve() / given
    return encoder.model_copy(update={"weights": str(path)})


def find_design(name: str, root: Path) -> Path:
    """The path of a design.

    Args:
        name: of a folder of ``root/hls_projects``; or the path of a YAML file, or of a folder
            that holds a ``design.yaml``.
        root: of the project.

    Raises:
        ConfigError: there is no such design; names the nearest.
    """
    given = Path(name).expanduser()
    if given.suffix in (".yaml", ".yml") or len(given.parts) > 1:
        path = given / "design.yaml" if given.is_dir() else given
        if not path.is_file():
            raise ConfigError(f"{name}: no such design file")
        return path
    folder = root / "hls_projects"
    designs = sorted(path.parent.name for path in folder.glob("*/design.yaml"))
    if name in designs:
        return folder / name / "design.yaml"
    if not designs:
        raise ConfigError(f"unknown design '{name}': {shown(folder)} holds no designs")
    raise ConfigError(
        f"unknown design '{name}'; near: {nearest(name, designs)}",
        hint="Give the name of a folder of hls_projects, or the path of a design.yaml.",
    )


def check_layer_names(
    source: DesignSource, valid_names: Iterable[str], activations: Iterable[str] = ()
) -> None:
    """Every layer that the design names is one of the network, and none has the design's name.

    Args:
        source: the design.
        valid_names: the layers of its network.
        activations: layers without weights, which ``precision.layers`` may name too.

    Raises:
        ConfigError: names the line, the layer and the nearest that exist.
    """
    valid, others = list(valid_names), list(activations)
    design = source.design
    pruning = design.training.pruning
    sections: tuple[tuple[tuple[str, ...], Iterable[str], list[str]], ...] = (
        (("precision", "layers"), design.precision.layers, [*valid, *others]),
        (("training", "pruning", "layers"), pruning.layers if pruning else (), valid),
        (("hls", "LayerName"), design.hls.LayerName, valid),
    )
    problems = [
        (
            (*keys, name),
            f"unknown layer '{name}' in {'.'.join(keys)}; near: {nearest(name, known)}",
        )
        for keys, layers, known in sections
        for name in layers
        if name not in known
    ]
    names = Names(design.name)
    problems += [
        (("name",), f"name: the network has a layer '{name}', so the design needs another name")
        for name in (*valid, *others)
        if names.refusal(name)
    ]
    if problems:
        raise config_error(source.yaml, problems)
