"""A ``design.yaml`` for a point of the front, which ``make hls`` builds as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from fcn_hw.design import Design, HlsLayer
from fcn_hw.design_yaml import load_design
from fcn_hw.errors import ConfigError
from fcn_hw.files import replace_file
from fcn_hw.flow.workspace import Workspace
from fcn_hw.studies.float_training import share_float_training
from fcn_hw.studies.search.front import Point, SearchResult
from fcn_hw.studies.search.pricing import UNITS, Pricing
from fcn_hw.studies.search.space import Space

_LONGEST_NAME = 40


def write_point(
    workspace: Workspace,
    space: Space,
    pricing: Pricing,
    result: SearchResult,
    point: Point,
    folder: Path,
) -> Path:
    """Writes the design of a point, and gives it the float network, so that it only retrains.

    Args:
        folder: of the point, made where it is missing.

    Returns:
        the path of its ``design.yaml``.
    """
    wanted = _design(workspace.design, space, pricing, point)
    path = folder / "design.yaml"
    text = _edited(workspace.source.path.read_text(encoding="utf-8"), wanted)
    head = _head(workspace.design, result, point)
    replace_file(path, head + text)
    if not _reads_as(path, wanted):  # a form of YAML that the edit does not know: no comments then
        replace_file(path, head + _plain(wanted.model_dump(mode="json", exclude_unset=True)))
        assert _reads_as(path, wanted), "a design that was written reads as what was written"
    share_float_training(workspace.model, folder / "model")
    return path


def _design(design: Design, space: Space, pricing: Pricing, point: Point) -> Design:
    """The design with the point's bits, and the folds that its cost is of."""
    suffix = f"_t{point.number}"
    layers = {
        name: HlsLayer(ReuseFactor=reuse, Strategy=pricing.strategies.get(name))  # type: ignore[arg-type]
        for name, reuse in pricing.reuse.items()
    }
    hls = {
        **design.hls.model_dump(mode="json", exclude_unset=True, exclude={"target_fps"}),
        "LayerName": {name: layer.model_dump(exclude_none=True) for name, layer in layers.items()},
    }
    if hls.get("ReuseFactor") != "auto":  # which folds pools and upsampling for the board
        hls.pop("ReuseFactor", None)
    data = {
        **design.model_dump(mode="json", exclude_unset=True),
        "name": design.name[: _LONGEST_NAME - len(suffix)] + suffix,
        "precision": space.precision(point.configuration, design.precision).model_dump(
            mode="json", exclude_none=True
        ),
        "hls": hls,
    }
    return Design.model_validate(data)


def _head(design: Design, result: SearchResult, point: Point) -> str:
    cost = getattr(point.costs, result.cost)
    return (
        f"# Made by fcn-hw search: {point.name} of study {result.study}, from {design.name}.\n"
        f"# {result.metric} {100 * point.metric:.2f} % on the validation split after the search's "
        "short retraining;\n"
        f"# {cost:,g} {UNITS[result.cost]} on {result.board}, {point.average_bits:.2f} bits a "
        "weight on average.\n"
        f"# Bits are the search's; folds are those of {design.name} on {result.board}, so a frame "
        "takes as many\n"
        "# cycles: set hls.ReuseFactor to auto, without LayerName, to spend on speed what is "
        "saved.\n\n"
    )


def _edited(text: str, wanted: Design) -> str:
    """The text of the design with sections ``name``, ``precision`` and ``hls`` replaced."""
    data = wanted.model_dump(mode="json", exclude_unset=True)
    fresh = {key: _plain({key: data[key]}) for key in ("precision", "hls")}
    fresh["name"] = f"name: {wanted.name}\n"
    replaced = tuple(fresh)
    lines: list[str] = []
    between: list[str] = []  # comments and blank lines: they belong to what is behind them
    inside = ""
    for line in text.splitlines(keepends=True):
        is_key = line[:1].isalpha()
        if not is_key and line[:1] not in (" ", "\t"):
            between.append(line)
            continue
        if is_key:
            above, inside = inside, line.split(":", 1)[0]
            if not above:  # what stands above the first section is about the other design
                between = []
            elif inside in replaced:  # and these comments are about what was there
                between = [item for item in between if not item.strip()]
            lines += between
            if inside in fresh:
                lines.append(fresh.pop(inside))
        elif inside not in replaced:
            lines += between
        if inside not in replaced:
            lines.append(line)
        between = []
    return "".join([*lines, *fresh.values(), *([] if inside in replaced else between)])


def _plain(data: Any) -> str:
    return yaml.safe_dump(data, sort_keys=False, default_flow_style=None, width=100)


def _reads_as(path: Path, wanted: Design) -> bool:
    try:
        return load_design(path).model_dump() == wanted.model_dump()
    except ConfigError:
        return False
