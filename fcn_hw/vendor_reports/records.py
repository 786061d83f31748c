"""What C synthesis says of a function, whichever of its reports it is read from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HlsResources:
    """Resources as C synthesis counts them.

    Args:
        bram18: block RAMs of 18 Kib.
        uram: UltraRAMs, None where the report has none (Vivado HLS on devices without).
    """

    bram18: int
    dsp: int
    ff: int
    lut: int
    uram: int | None


@dataclass(frozen=True)
class Clock:
    """The clock of a synthesis, all in ns: asked for, kept in reserve, estimated."""

    target_ns: float
    uncertainty_ns: float
    estimated_ns: float

    @property
    def fits(self) -> bool:
        """Whether the estimate leaves the reserve."""
        return self.estimated_ns <= self.target_ns - self.uncertainty_ns + 5e-4


@dataclass(frozen=True)
class CycleRange:
    """Best and worst case, in cycles; None where the tool can't say (a loop without a bound)."""

    min: int | None
    max: int | None


@dataclass(frozen=True)
class Module:
    """A function below the top.

    Args:
        interval: of its calls.
    """

    name: str
    latency: CycleRange
    interval: CycleRange
    resources: HlsResources


@dataclass(frozen=True)
class CsynthReport:
    """C synthesis of a top function.

    Args:
        version: of the tool, as it names itself.
        latency: cycles from the start to the end of a call.
        interval: cycles from the start of a call to the start of the next.
        available: on the device.
        modules: the functions below, in the report's order; empty where it lists none.
    """

    top: str
    version: str
    part: str
    clock: Clock
    latency: CycleRange
    interval: CycleRange
    resources: HlsResources
    available: HlsResources
    modules: tuple[Module, ...]

    def measured(self) -> dict[str, float]:
        """The quantities that ``estimate.compare`` knows, by its names.

        A quantity that the tool could not tell is left out.
        """
        amounts: dict[str, float] = {
            "LUT": float(self.resources.lut),
            "FF": float(self.resources.ff),
            "DSP": float(self.resources.dsp),
            "BRAM36": self.resources.bram18 / 2,
        }
        if self.interval.max is not None:
            amounts["interval_cycles"] = float(self.interval.max)
        return amounts
