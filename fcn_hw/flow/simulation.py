"""What csim computes: the compiled sources against the oracle, and what that means for the images.

report/csim.json, segmentation.png, segmentation.npz   of a run on all images
report/sign_off.json                                   the same with the official ap_types
report/partial/<name>.json                             of fewer images: it replaces none of these
report/edited/<name>.json                              of sources that were edited by hand
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fcn_hw.design import Design
from fcn_hw.files import replace_file
from fcn_hw.flow.csim_report import CsimResult, csim_result, result_to_json
from fcn_hw.flow.images import AGREEMENT, CLASS_MAPS, validation_images, void_class
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.scenes import SCENES, save_scenes
from fcn_hw.frontend.proofs import Status
from fcn_hw.harness.compare import Comparison, Difference
from fcn_hw.harness.csim import SIGN_OFF_FOLDER
from fcn_hw.harness.whole_set import simulate_set
from fcn_hw.ir import Graph
from fcn_hw.train.palette import comparison

CSIM, SIGN_OFF = "csim", "sign_off"
"""Names of reports."""

PARTIAL, EDITED = "partial", "edited"
"""Folders below the reports."""

PICTURE = "segmentation.png"
PICTURE_IMAGES = 4


@dataclass(frozen=True)
class CsimRun:
    """A C simulation of a design.

    Args:
        name: of its report, :data:`CSIM` or :data:`SIGN_OFF`.
        program: folder of the compiled program, below the project.
        images: that run; ``of_images``: that the design asks for.
        edited: sources that were edited by hand.
    """

    name: str
    program: str
    images: int
    of_images: int
    edited: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """What it leaves in its folder: only a whole run of ``csim`` has pictures."""
        pictures = self.name == CSIM and not self.place
        return (f"{self.name}.json", *((PICTURE, SCENES) if pictures else ()))

    @property
    def place(self) -> str:
        """Its folder below the reports: "" of a run on all images of the sources as emitted."""
        if self.edited:
            return EDITED
        return PARTIAL if self.images < self.of_images else ""


def simulate_design(
    design: Design,
    graph: Graph,
    compared: Path,
    project: Path,
    planned: CsimRun,
    compile_s: float | None,
    progress: Progress,
) -> CsimResult:
    """Runs the compiled project on validation images; writes the report.

    Args:
        compared: folder of what export left: its comparison with QKeras and its class maps.
        project: folder of the HLS project.
        compile_s: what compiling took; None where the program was there.
    """
    split = validation_images(design, planned.images)
    progress.say(f"[cyan]{planned.name:<7}[/] {len(split.images)} images")
    with progress.counter("C simulation = oracle", len(split.images)) as update:
        finished = simulate_set(
            graph, project, split.images, folder=planned.program, on_frame=update
        )
    simulated = finished.class_maps
    assert simulated is not None, "a design's output is a class map"
    stored = np.load(compared / CLASS_MAPS)
    void = void_class(design)
    result = csim_result(
        graph,
        oracle=finished.compared,
        # export compared all images: its counts are never added to those of fewer
        qkeras={} if planned.images < planned.of_images else _equal_layers(compared),
        csim_maps=simulated,
        qkeras_maps=stored["quantized"][: len(simulated)],
        float_maps=stored["float"][: len(simulated)],
        masks=split.masks,
        void=void,
        compile_s=compile_s,
        simulate_s=finished.seconds,
        conv=design.hls.Conv,
        ap_types=planned.program == SIGN_OFF_FOLDER,
        metric="accuracy" if split.one_class else "mIoU",
        of_images=planned.of_images,
        edited=planned.edited,
    )
    report = project / "report" / planned.place
    text = json.dumps(result_to_json(result), indent=1) + "\n"
    replace_file(report / f"{planned.name}.json", text)
    if PICTURE in planned.outputs:
        # spread over the images: neighbours of a video sequence look alike
        shown = np.unique(np.linspace(0, len(simulated) - 1, PICTURE_IMAGES).astype(np.int64))
        maps = {
            "truth": split.masks[shown],
            "float": stored["float"][shown],
            "quantized": stored["quantized"][shown],
            "C simulation": simulated[shown],
        }
        image = io.BytesIO()
        comparison(split.images[shown], maps, void=void).save(image, "PNG")
        replace_file(report / PICTURE, image.getvalue())
        save_scenes(report / SCENES, split.images[shown], maps, void)
    return result


def _equal_layers(folder: Path) -> dict[str, Comparison]:
    """What export found of the layers that must be equal, by op.

    The others are measured: QKeras itself rounds there, and the graph is csim's reference.
    """
    stored: dict[str, Any] = json.loads((folder / AGREEMENT).read_text(encoding="utf-8"))
    found = {}
    for name, item in stored.items():
        status, first = item.pop("status"), item.pop("first")
        if first:
            first = Difference(**{**first, "index": tuple(first["index"])})
        if status != Status.MEASURED.value:
            found[name] = Comparison(**item, first=first)
    return found
