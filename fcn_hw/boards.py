"""Boards: ``constraints/<board>.yaml`` and its pins. A new board is a new pair of files, anywhere.

The pins are in ``<board>.xdc``, Vivado's constraints, or in ``<board>.lpf``, those of nextpnr-ecp5.
Both files are read as untrusted input: of an XDC, which is Tcl, only what places and times ports.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator
from pydantic_core.core_schema import ValidationInfo

from fcn_hw.costs.family import Family
from fcn_hw.errors import ConfigError, nearest
from fcn_hw.resources import data_folder
from fcn_hw.schema import config_error, validate
from fcn_hw.yaml_source import read_text, read_yaml, shown

SHORTEST_CLOCK_NS = {"7series": 1.6, "ultrascale+": 1.13, "ecp5": 2.5}
"""Of a global clock buffer in the fastest speed grade: 628 MHz (DS187, F_MAX_BUFG) and 891 MHz
(DS925); of an ECP5's PLL, 400 MHz (FPGA-DS-02012). No design gets near it."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Resources(_Section):
    """What the programmable logic holds."""

    dsp: int = Field(ge=0)
    """DSP48 slices; multipliers of 18 x 18 bits of an ECP5."""
    bram36: int = Field(ge=0)
    """Block RAMs of 36 Kib; each is also two of 18 Kib. Of an ECP5 two EBRs of 18 Kib."""
    uram: int = Field(ge=0)
    """UltraRAMs of 288 Kib."""
    lut: int = Field(ge=1)
    """Look-up tables of six inputs; of four in an ECP5."""
    ff: int = Field(ge=1)
    """Flip-flops."""


class Ecp5(_Section):
    """What yosys, nextpnr-ecp5 and ecppack have to know of a board with an ECP5."""

    device: Literal["12k", "25k", "45k", "85k", "um5g-25k", "um5g-45k", "um5g-85k"]
    """The option of nextpnr-ecp5 that chooses the device."""
    package: Literal["CABGA256", "CABGA285", "CABGA381", "CABGA554", "CABGA756"]
    """Of the device, as nextpnr-ecp5 names it."""
    speed_grade: Literal[6, 7, 8]
    """Of the device; 6 is the slowest. One of 5G is always 8."""
    oscillator_mhz: float = Field(ge=8, le=400)
    """Frequency at the port ``oscillator``; a PLL makes the clock of the design from it."""
    baud_rate: int = Field(ge=9600, le=3_000_000)
    """Bits a second of the byte port: eight data bits, no parity, one stop bit."""
    high: tuple[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], ...] = ()
    """Further ports of the pins file that are outputs and always 1."""


class Board(_Section):
    """A board that designs are built for."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """That of the file."""
    description: str
    """For people."""
    part: str = Field(pattern=r"^(xc|LFE5)[A-Za-z0-9-]+$")
    """The device, as its vendor names it."""
    board_part: str = Field(default="", pattern=r"^[A-Za-z0-9_.:-]*$")
    """The board, as Vivado's board store names it; another version of its files may be needed."""
    family: Family
    """It says what look-up tables, memories and DSP slices are."""
    clock_period_ns: float = Field(gt=0)
    """Default clock of the programmable logic."""
    resources: Resources
    """Of the device."""
    ps: Literal["ps7", "psu", "none"]
    """The processing system: Zynq-7000's or Zynq UltraScale+'s; an ECP5 has none."""
    ps_preset: str = ""
    """How the processing system gets its settings, and what must be added."""
    axi_stream_width_bits: Literal[8, 32, 64, 128]
    """Width of the DMA's streams: that of the processing system's high-performance ports."""
    control: Literal["axi_lite", "none"] = "axi_lite"
    """How the IP is started: by a register, which tells counters too, or by its reset alone."""
    memory_mib: int = Field(ge=0)
    """DRAM of the processing system; 0 without one."""
    ecp5: Ecp5 | None = Field(default=None, validate_default=True)
    """Of a board with an ECP5, what the open tools have to know."""
    sources: tuple[str, ...] = Field(min_length=1)
    """The documents that these facts are from."""
    _folder: Path | None = PrivateAttr(default=None)

    @field_validator("clock_period_ns")
    @classmethod
    def _of_the_family(cls, period_ns: float, info: ValidationInfo) -> float:
        shortest = SHORTEST_CLOCK_NS.get(info.data.get("family", ""), 0.0)
        if period_ns < shortest:
            raise ValueError(f"{period_ns:g} must be at least {shortest:g} for this family")
        return period_ns

    @field_validator("ecp5")
    @classmethod
    def _of_an_ecp5(cls, chip: Ecp5 | None, info: ValidationInfo) -> Ecp5 | None:
        known = info.data
        if "family" not in known or "ps" not in known:  # refused already
            return chip
        is_ecp5 = known["family"] == "ecp5"
        if is_ecp5 != (chip is not None) or is_ecp5 != (known["ps"] == "none"):
            raise ValueError("family ecp5, this section and 'ps: none' go together")
        if not is_ecp5 and not all(known.get(k) for k in ("board_part", "ps_preset", "memory_mib")):
            raise ValueError("without it a board has board_part, ps_preset and memory_mib")
        return chip

    @property
    def pins_file(self) -> str:
        """Name of the file that places the ports."""
        return f"{self.name}.{'lpf' if self.ecp5 else 'xdc'}"

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._folder or data_folder("constraints")

    @property
    def argument(self) -> str:
        """What ``--board`` is given for it, without a folder of this machine."""
        own = self.folder.resolve() == data_folder("constraints").resolve()
        return self.name if own else f"{self.name}{SUFFIX}"


SUFFIX = ".yaml"
TAKEN = frozenset({"evaluation", "graph", "model", "search"})
"""Folders beside a design's projects, which have the names of their boards."""

_CONSTRAINT = re.compile(
    r"(set_(property|false_path|multicycle_path|clock_groups|(in|out)put_delay|(max|min)_delay)"
    r"|create_(generated_)?clock)\b"
)
_QUERY = re.compile(
    r"get_(ports|cells|nets|pins|clocks|iobanks|package_pins)|current_design|[0-9:*]+"
)
"""What may stand in brackets; the last is an index of a bus."""


def board_names(folder: Path | None = None) -> tuple[str, ...]:
    """All boards, in alphabetical order.

    Args:
        folder: where the files are; None takes fcn_hw's own ``constraints``.
    """
    folder = data_folder("constraints") if folder is None else folder
    return tuple(sorted(path.stem for path in folder.glob(f"*{SUFFIX}")))


def load_board(name: str, folder: Path | None = None) -> Board:
    """Reads a board.

    Args:
        name: as in :func:`board_names`, or the path of a board's ``.yaml`` anywhere.
        folder: where the files are; None takes fcn_hw's own ``constraints``.

    Raises:
        ConfigError: there is no such board, its file is wrong, its pins file is missing or holds
            more than constraints, or a board of another folder has the name of one of fcn_hw's.
    """
    own = data_folder("constraints")
    if folder is None and name.endswith(SUFFIX):
        path = Path(name)
        taken = TAKEN if path.parent.resolve() == own.resolve() else {*TAKEN, *board_names(own)}
        if path.stem in taken:
            raise config_error(
                read_yaml(path), [(("name",), f"the name '{path.stem}' is taken: choose another")]
            )
        return _read_board(path)
    folder = own if folder is None else folder
    names = board_names(folder)
    if name not in names:
        raise ConfigError(
            f"unknown board '{name}'; near: {nearest(name, names)}"
            if names
            else f"unknown board '{name}': {folder} holds no boards",
            hint="A new board is a new <board>.yaml and beside it its pins, <board>.xdc or .lpf: "
            "give the path of the first.",
        )
    return _read_board(folder / f"{name}{SUFFIX}")


def _read_board(path: Path) -> Board:
    source = read_yaml(path)
    board = validate(Board, source, "the board")
    if board.name != path.stem:
        problem = f"name '{board.name}' differs from the file's name"
        raise config_error(source, [(("name",), problem)])
    board._folder = path.parent.resolve()
    pins = constraints_file(board)
    text = read_text(pins)
    if board.ecp5 is None:
        _check_xdc(pins, text)
    return board


def _check_xdc(path: Path, text: str) -> None:
    """Refuses Tcl that is no constraint: Vivado executes the file.

    Raises:
        ConfigError: with the first such line.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        command = re.sub(r"(^|;)\s*#.*$|;\s*$", "", line.strip())
        called = re.findall(r"\[\s*([^\s\]]*)", command)
        if command and (
            not _CONSTRAINT.match(command)
            or ";" in command
            or not all(_QUERY.fullmatch(word) for word in called)
        ):
            raise ConfigError(
                f"{shown(path)}:{number}: '{line.strip()[:80]}' constrains no port or clock",
                hint="A line is a comment, or set_property, create_clock and their like; in "
                "brackets get_ports, get_clocks and their like.",
            )


def period_ns_of(board: Board, asked_ns: float | None) -> float:
    """The clock of a design: what it asks for, else the board's.

    Raises:
        ConfigError: the device has no such clock.
    """
    if asked_ns is None:
        return board.clock_period_ns
    shortest = SHORTEST_CLOCK_NS[board.family]
    if asked_ns < shortest:
        raise ConfigError(
            f"hls.ClockPeriod: {asked_ns:g} ns is less than the {shortest:g} ns of the clock tree "
            f"of board '{board.name}' ({board.family})",
            hint=f"The period is in ns, not in GHz; the board's own is {board.clock_period_ns:g}.",
        )
    return asked_ns


def constraints_file(board: Board) -> Path:
    """The file that places a board's ports.

    Raises:
        ConfigError: it is missing.
    """
    path = board.folder / board.pins_file
    if not path.is_file():
        raise ConfigError(
            f"board '{board.name}' has no {path.name} beside its {board.name}.yaml",
            hint="Add the file; it may hold comments only."
            if board.ecp5 is None
            else "Add the file; it places the ports oscillator, uart_rx, uart_tx and heartbeat.",
        )
    return path
