"""What csim computes: the compiled sources against the oracle, and what that means for the images.

report/csim.json, segmentation.png, segmentation.npz   of a run on all images
report/sign_off.json                                   the same with the official ap_types
report/partial/<name>.json                             of fewer images: it replaces none of these
report/edited/<name>.json                              of sources that were edited by hand
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.markup import escape

from fcn_hw.design import ConvEmitter, Design
from fcn_hw.files import replace_file
from fcn_hw.flow.csim_report import CsimResult, layer_row
from fcn_hw.flow.images import (
    AGREEMENT,
    CLASS_MAPS,
    QKerasComparisons,
    validation_images,
    void_class,
)
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.scenes import SCENES, save_scenes
from fcn_hw.frontend.proofs import Status
from fcn_hw.harness.compare import Comparison
from fcn_hw.harness.csim import SIGN_OFF_FOLDER, frame_count
from fcn_hw.harness.whole_set import simulate_set
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import digest
from fcn_hw.results import read_result, write_result
from fcn_hw.train.metrics import confusion_matrix, mean_iou, pixel_accuracy
from fcn_hw.train.palette import comparison

CSIM, SIGN_OFF = "csim", "sign_off"
"""Names of reports."""

PARTIAL, EDITED = "partial", "edited"
"""Folders below the reports."""

PICTURE = "segmentation.png"
PICTURE_IMAGES = 4


@dataclass(frozen=True)
class CsimRun:
    """A C simulation.

    Args:
        name: of its report, :data:`CSIM` or :data:`SIGN_OFF`.
        program: folder of the compiled program, below the project.
        images: that run; ``of_images``: that the design asks for, 0 of a graph without one.
        edited: sources that were edited by hand.
    """

    name: str
    program: str
    images: int
    of_images: int
    edited: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """What it leaves in its folder: only a whole run of a design's ``csim`` has pictures."""
        pictures = self.name == CSIM and not self.place and self.of_images > 0
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
    result, simulated = simulate_project(
        graph,
        project,
        {graph.inputs[0].name: split.images},
        planned,
        compile_s,
        progress,
        conv=design.hls.Conv,
        # export compared all images: its counts are never added to those of fewer
        qkeras={} if planned.images < planned.of_images else _equal_layers(compared),
    )
    assert simulated is not None, "a design's output is a class map"
    stored = np.load(compared / CLASS_MAPS)
    qkeras_maps = stored["quantized"][: len(simulated)]
    void = void_class(design)
    n_classes = design.dataset.n_classes
    measure = pixel_accuracy if split.one_class else mean_iou

    def score(maps: npt.NDArray[np.uint8]) -> float:
        return float(measure(confusion_matrix(split.masks, maps, n_classes, void)))

    result = replace(
        result,
        argmax_flips=int(np.count_nonzero(simulated != qkeras_maps)),
        score_float=score(stored["float"][: len(simulated)]) if "float" in stored else None,
        score_quantized=score(qkeras_maps),
        score_csim=score(simulated),
        metric="accuracy" if split.one_class else "mIoU",
    )
    report = project / "report" / planned.place
    write_result(report / f"{planned.name}.json", result)
    if PICTURE in planned.outputs:
        # spread over the images: neighbours of a video sequence look alike
        shown = np.unique(np.linspace(0, len(simulated) - 1, PICTURE_IMAGES).astype(np.int64))
        maps = {
            "truth": split.masks[shown],
            **({"float": stored["float"][shown]} if "float" in stored else {}),
            "quantized": stored["quantized"][shown],
            "C simulation": simulated[shown],
        }
        image = io.BytesIO()
        comparison(split.images[shown], maps, void=void).save(image, "PNG")
        replace_file(report / PICTURE, image.getvalue())
        save_scenes(report / SCENES, split.images[shown], maps, void)
    return result


def simulate_project(
    graph: Graph,
    project: Path,
    codes: Mapping[str, npt.NDArray[np.integer]],
    planned: CsimRun,
    compile_s: float | None,
    progress: Progress,
    *,
    conv: ConvEmitter,
    qkeras: Mapping[str, Comparison] | None = None,
    data: str = "",
) -> tuple[CsimResult, npt.NDArray[np.uint8] | None]:
    """Runs a compiled project and compares every tensor with the oracle; writes no report.

    Args:
        graph: as it is emitted.
        project: folder of the HLS project.
        codes: frames (N, H, W, C) of each input.
        compile_s: seconds that compiling took; None where the program was there.
        conv: whose convolutions run.
        qkeras: oracle against QKeras on the same frames, by op.
        data: where the frames are from; "" of a design's own.

    Returns:
        the result, without scores; and the class maps (N, H, W) of the first output, where it is
        one.
    """
    count = frame_count(codes)
    frames = f"{count} frames: {escape(data)}" if data else f"{count} images"
    progress.say(f"[cyan]{planned.name:<7}[/] {frames}")
    with progress.counter("C simulation = oracle", count) as update:
        finished = simulate_set(graph, project, codes, folder=planned.program, on_frame=update)
    known, found = qkeras or {}, finished.compared
    layers = tuple(
        layer_row(graph, op.name, found[op.name], known.get(op.name)) for op in graph.computed
    )
    result = CsimResult(
        images=count,
        values_compared=sum(row.values for row in layers),
        mismatches=sum(row.mismatches for row in layers),
        argmax_flips=0,
        score_float=None,
        score_quantized=None,
        score_csim=None,
        compile_s=None if compile_s is None else round(compile_s, 3),
        csim_images_per_s=round(count / finished.seconds, 3),
        layers=layers,
        conv=conv,
        ap_types=planned.program == SIGN_OFF_FOLDER,
        graph=digest(graph),
        of_images=planned.of_images,
        edited=planned.edited,
        data=data,
    )
    return result, finished.class_maps.get(graph.outputs[0])


def _equal_layers(folder: Path) -> dict[str, Comparison]:
    """What export found of the layers that must be equal, by op.

    The others are measured: QKeras itself rounds there, and the graph is csim's reference.
    """
    stored = read_result(folder / AGREEMENT, QKerasComparisons).root
    return {name: item for name, item in stored.items() if item.status is not Status.MEASURED}
