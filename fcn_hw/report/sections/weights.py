"""Histograms of the weights before and after quantization."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from fcn_hw.flow.workspace import Workspace
from fcn_hw.report.figures.histogram import Floats, histogram_figure
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sections.precision import weights_of
from fcn_hw.report.sources import Sources

ID, TITLE = "weights", "Weights before and after quantization"


@dataclass(frozen=True)
class WeightsContext:
    """``weights.html.j2``.

    Args:
        compared, lacking: how many histograms show the float weights too, how many can't.
        command: that makes the float model.
    """

    figures: tuple[Markup, ...]
    compared: int
    lacking: int
    command: str


def weights(sources: Sources) -> Section:
    """A histogram a convolution."""
    graph = sources.graph
    constants = {} if graph is None else weights_of(graph)
    if graph is None or not constants:
        what = "Histograms of the weights of each layer, float and quantized."
        return missing(ID, TITLE, what, sources.command("export", board=False))
    before: dict[str, Floats | None] = {}
    for name, constant in constants.items():
        kernel = (sources.weights or {}).get(name)
        same = kernel is not None and kernel.size == constant.codes.size > 0
        before[name] = kernel.ravel() if kernel is not None and same else None
    figures = tuple(
        histogram_figure(f"weights-{number}", name, constant, before[name])
        for number, (name, constant) in enumerate(constants.items(), start=1)
    )
    compared = sum(item is not None for item in before.values())
    command = sources.command("train", board=False)
    of_design = isinstance(sources.workspace, Workspace)
    lacking = len(figures) - compared if of_design else 0
    return made(ID, TITLE, WeightsContext(figures, compared, lacking, command))
