"""``fcn-hw new``: a commented design.yaml that is valid as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from fcn_hw.backend.jinja import render
from fcn_hw.design import Dataset, Design, Network
from fcn_hw.errors import ConfigError, nearest
from fcn_hw.files import create_file
from fcn_hw.names import graph_refusal

DESIGN_FILE = "design.yaml"
COMMENT_COLUMN = 34


@dataclass(frozen=True)
class DesignContext:
    """What ``templates/design/design.yaml.j2`` sees; sizes in pixels."""

    name: str
    dataset: str
    network: str
    height: int
    width: int
    filters: tuple[int, ...]
    head_filters: int
    upsampling: str
    skip: str
    float_epochs: int
    retrain_epochs: int
    batch_size: int


@dataclass(frozen=True)
class _Start:
    """What is sensible to begin with."""

    height: int
    width: int
    filters: tuple[int, ...]
    head_filters: int
    float_epochs: int
    retrain_epochs: int
    batch_size: int = 8


_SMALL = _Start(64, 96, (6, 12, 20), 48, float_epochs=6, retrain_epochs=4)
_CLASSIFIER = _Start(28, 28, (16, 32, 64), 64, float_epochs=8, retrain_epochs=6, batch_size=100)
_PHOTOGRAPHS = _Start(192, 256, (12, 24, 48, 64), 96, float_epochs=50, retrain_epochs=20)
_STARTS = {"digit_scenes": _SMALL, "mnist": _CLASSIFIER}


def datasets() -> tuple[str, ...]:
    """The kinds of data sets."""
    kinds = get_args(get_args(Dataset)[0])
    return tuple(get_args(kind.model_fields["kind"].annotation)[0] for kind in kinds)


def choices(key: str) -> tuple[str, ...]:
    """The values of a key of section ``network``."""
    return tuple(get_args(Network.model_fields[key].annotation))


def new_design(
    name: str,
    root: Path,
    *,
    dataset: str = "digit_scenes",
    network: str | None = None,
    upsampling: str = "bilinear",
    skip: str = "add",
    height: int | None = None,
    width: int | None = None,
) -> Path:
    """Writes ``hls_projects/<name>/design.yaml``.

    Args:
        root: of the project.
        network: None takes fcn8s, or a cnn for a data set of one class an image.
        height, width: pixels; None takes a size that suits the data set.

    Returns:
        the path of the file.

    Raises:
        ConfigError: an impossible name, an unknown choice, a size out of range; or there is such a
            design already.
    """
    start = _STARTS.get(dataset, _PHOTOGRAPHS)
    if network is None:
        network = "cnn" if dataset == "mnist" else "fcn8s"
    for option, value, valid in (
        ("--dataset", dataset, datasets()),
        ("--network", network, choices("kind")),
        ("--upsampling", upsampling, choices("upsampling")),
        ("--skip", skip, choices("skip")),
    ):
        if value not in valid:
            raise ConfigError(f"{option}: there is no '{value}'; near: {nearest(value, valid)}")
    context = DesignContext(
        name=name,
        dataset=dataset,
        network=network,
        height=start.height if height is None else height,
        width=start.width if width is None else width,
        filters=start.filters,
        head_filters=start.head_filters,
        upsampling=upsampling,
        skip=skip,
        float_epochs=start.float_epochs,
        retrain_epochs=start.retrain_epochs,
        batch_size=start.batch_size,
    )
    _check(context)
    path = root / "hls_projects" / name / DESIGN_FILE
    try:
        create_file(path, aligned(render("design/design.yaml.j2", context)))
    except FileExistsError:
        raise ConfigError(
            f"{path}: there is such a design already",
            hint="Take another name, or remove the folder.",
        ) from None
    return path


def aligned(text: str) -> str:
    """The text with the comments behind values in one column; behind a long value, two spaces."""
    lines = []
    for line in text.splitlines():
        value, mark, comment = line.rpartition("  # ")
        behind = bool(mark) and bool(value.strip())
        lines.append(f"{value:<{COMMENT_COLUMN - 2}}  # {comment}" if behind else line)
    return "\n".join(lines) + "\n"


def _check(context: DesignContext) -> None:
    from pydantic import ValidationError

    dataset = {"kind": context.dataset, "height": context.height, "width": context.width}
    if context.dataset == "list":
        dataset |= {"train_list": "-", "val_list": "-", "classes": ["a", "b"]}
    network = {"kind": context.network, "filters": context.filters}
    try:
        Design.model_validate({"name": context.name, "dataset": dataset, "network": network})
    except ValidationError as error:
        first = error.errors()[0]
        what = first["loc"][-1] if first["loc"] else None
        if what == "name":
            told = graph_refusal(context.name)
            raise ConfigError(
                f"'{context.name}' can't be the name of a design" + (f": {told}" if told else ""),
                hint="A small letter, then at most 39 small letters, digits or underscores.",
            ) from None
        if what is None:
            raise ConfigError(f"new: {first['msg'].removeprefix('Value error, ')}") from None
        raise ConfigError(f"--{what} {first['input']}: {first['msg'].lower()}") from None
