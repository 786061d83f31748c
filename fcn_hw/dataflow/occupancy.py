"""What FIFOs hold over time, as ``report/fifo_occupancy.json`` keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from fcn_hw.dataflow.simulate import Simulation
from fcn_hw.results import STRICT

_SAMPLES = 400
"""Spans of time in which the most pixels of a FIFO are kept."""


@dataclass(frozen=True, config=STRICT)
class Held:
    """What one FIFO holds.

    Args:
        cycles: the starts of spans of time, ascending.
        pixels: the most pixels that the FIFO holds in each span.
    """

    cycles: Annotated[list[int], Field(min_length=1)]
    pixels: list[int]

    @model_validator(mode="after")
    def _pairs_up(self) -> Held:
        if len(self.cycles) != len(self.pixels):
            raise ValueError("cycles and pixels are not of one length")
        return self


@dataclass(frozen=True, config=STRICT)
class Occupancy:
    """What FIFOs hold over the frames of a simulation.

    Args:
        cycles: of the simulation in all.
        frame_ends: the cycle in which each frame ends.
        fifos: by name.
    """

    cycles: Annotated[int, Field(gt=0)]
    frame_ends: list[int]
    fifos: dict[str, Held]


def occupancy(run: Simulation, names: Sequence[str]) -> Occupancy:
    """What the named FIFOs hold."""
    cycles, pixels = run.held(_SAMPLES) if names else (np.zeros(0), {})
    fifos = {name: Held(cycles=cycles.tolist(), pixels=pixels[name].tolist()) for name in names}
    return Occupancy(cycles=run.frame_ends[-1] + 1, frame_ends=list(run.frame_ends), fifos=fifos)
