"""The sections, in the order of the page."""

from collections.abc import Callable

from fcn_hw.flow.doubts import Stage
from fcn_hw.report.section import Section
from fcn_hw.report.sections.accuracy import accuracy
from fcn_hw.report.sections.cycles import cycles
from fcn_hw.report.sections.exactness import exactness
from fcn_hw.report.sections.exploration import exploration
from fcn_hw.report.sections.fifos import fifos
from fcn_hw.report.sections.network import network
from fcn_hw.report.sections.precision import precision
from fcn_hw.report.sections.resources import resources
from fcn_hw.report.sections.rtl import rtl
from fcn_hw.report.sections.scenes import scenes
from fcn_hw.report.sections.training import training
from fcn_hw.report.sections.versions import versions
from fcn_hw.report.sections.weights import weights
from fcn_hw.report.sources import Sources

SECTIONS: tuple[tuple[Callable[[Sources], Section], tuple[Stage, ...]], ...] = (
    (scenes, ("csim",)),
    (accuracy, ("train",)),
    (training, ("train",)),
    (exactness, ("export", "csim")),
    (network, ("export", "fifo")),
    (cycles, ("fifo",)),
    (resources, ("fifo",)),
    (fifos, ("fifo",)),
    (rtl, ("fifo",)),
    (precision, ("export",)),
    (weights, ("export",)),
    (exploration, ("train",)),
    (versions, ()),
)
"""Each with the stages whose results it shows: what is stale there is said of it."""

OF_DESIGNS = (scenes, accuracy, training, exploration)
"""What a graph without a design has none of."""
