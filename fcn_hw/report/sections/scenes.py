"""Images of the validation split and what each model makes of them."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from fcn_hw import colours
from fcn_hw.flow.scenes import Scenes
from fcn_hw.report.figures.legend import Key
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sources import Sources
from fcn_hw.train.palette import colourise

ID, TITLE = "scenes", "Pictures"
MOST_PIXELS = 480
"""Longer sides are scaled down, so that the file stays small."""

_RIGHT, _WRONG, _DIFFERS, _VOID = (238, 240, 243), (230, 159, 0), (0, 0, 0), (255, 255, 255)

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """An image in the page; ``src`` holds the whole PNG file."""

    src: str
    width: int
    height: int
    alt: str
    caption: str


@dataclass(frozen=True)
class ScenesContext:
    """``scenes.html.j2``; a scene has six pictures."""

    scenes: tuple[tuple[Picture, ...], ...]
    classes: tuple[Key, ...]
    marks: tuple[Key, ...]
    flips: int
    images: int


def scenes(sources: Sources) -> Section:
    """Image, truth, float, quantized, C simulation and what differs."""
    found, csim = sources.scenes, sources.csim
    if found is None or csim is None:
        what = "Images, their truth, and the class maps of all models, down to the simulated C++."
        return missing(ID, TITLE, what, sources.command("csim"))
    names = class_names(sources)
    seen = np.unique(np.concatenate([item.ravel() for item in found.maps.values()]))
    palette = colours.class_colours(256)
    classes = tuple(
        Key(_name(names, index), colours.css(tuple(palette[index])))
        for index in seen.tolist()
        if index != found.void
    )
    if found.void in seen.tolist():
        classes += (Key("does not count", colours.css(_VOID)),)
    marks = (
        Key("right", colours.css(_RIGHT)),
        Key("wrong, quantized model and C++ alike", colours.css(_WRONG)),
        Key("C++ differs from the quantized model", colours.css(_DIFFERS)),
    )
    rows = tuple(_scene(found, number, names) for number in range(len(found.images)))
    return made(ID, TITLE, ScenesContext(rows, classes, marks, csim.argmax_flips, csim.images))


def class_names(sources: Sources) -> tuple[str, ...]:
    """As the training report lists them; none where it is not there."""
    return tuple(sources.training.retrained.iou) if sources.training else ()


def _scene(found: Scenes, number: int, names: Sequence[str]) -> tuple[Picture, ...]:
    image, what = found.images[number], f"Scene {number + 1}"
    height, width = image.shape[:2]
    rgb = np.broadcast_to(image, (height, width, 3)) if image.shape[2] == 1 else image
    alt = f"{what}: the image, {width} × {height} pixels"
    pictures = [picture(rgb, alt, "image", smooth=True)]
    truth = found.maps["truth"]
    counts = np.ones((height, width), bool)
    if found.void is not None:
        counts = truth[number] != found.void
    for column, maps in found.maps.items():
        mask = maps[number]
        listed = ", ".join(
            _name(names, index) for index in np.unique(mask).tolist() if index != found.void
        )
        alt = f"{what}, {column}: classes {listed}"
        if column != "truth":
            right = np.mean((mask == truth[number])[counts]) if counts.any() else 0.0
            alt += f"; {100 * right:.1f} % of the pixels are as in the truth"
        pictures.append(picture(colourise(mask, found.void), alt, column))
    simulated, quantized = found.maps["C simulation"][number], found.maps["quantized"][number]
    wrong, differs = (simulated != truth[number]) & counts, simulated != quantized
    colour = np.full((height, width, 3), _RIGHT, np.uint8)
    colour[~counts] = _VOID
    colour[wrong] = _WRONG
    colour[differs] = _DIFFERS
    total = int(np.count_nonzero(differs))
    alt = (
        f"{what}, difference: {np.count_nonzero(wrong):,} pixels are wrong in the C simulation, "
        f"{total:,} differ between C simulation and quantized network"
    )
    pictures.append(picture(colour, alt, f"C++ ≠ quantized: {total:,}"))
    return tuple(pictures)


def picture(rgb: Bytes, alt: str, caption: str, *, smooth: bool = False) -> Picture:
    """A picture of (height, width, 3) bytes, at most :data:`MOST_PIXELS` long.

    Args:
        alt, caption: its texts.
        smooth: scale it down as a photograph, not as a class map.
    """
    image = Image.fromarray(np.ascontiguousarray(rgb))
    scale = MOST_PIXELS / max(image.size)
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(
            size, Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
        )
    data = io.BytesIO()
    image.save(data, "PNG", optimize=True)
    text = base64.b64encode(data.getvalue()).decode()
    return Picture(f"data:image/png;base64,{text}", image.width, image.height, alt, caption)


def _name(names: Sequence[str], index: int) -> str:
    return names[index] if index < len(names) else f"class {index}"
