"""What an ECP5 has around a network: clock, byte port, pins; and the script of the host.

hdl/fcn_hw_board.v      top: PLL, reset, heartbeat
hdl/fcn_hw_serial.v     the network behind its byte port
hdl/fcn_hw_byte_port.v  bytes to pixels and back, fcn_hw_uart_rx.v and fcn_hw_uart_tx.v beside it
host/segment.py         sends an image, writes the class map
constraints/            the pins
"""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.backend.block_design import HEARTBEAT_S
from fcn_hw.backend.jinja import render
from fcn_hw.boards import Board, constraints_file, period_ns_of
from fcn_hw.colours import class_colours
from fcn_hw.errors import ConfigError
from fcn_hw.ir import Graph
from fcn_hw.ir.outputs import class_maps, meaning
from fcn_hw.ops import Tensor
from fcn_hw.plan import Plan
from fcn_hw.resources import data_folder

TOP = "fcn_hw_board"
"""The module whose ports are pins."""

SERIAL = "fcn_hw_serial"
"""The module that has a serial line and no pins, for a simulation."""

BLOCK_BITS = 8
"""The byte port tells of each 256 bytes that it has passed on; the host has at most 512 on the
way."""

MOST_BAUD_ERROR = 0.02
"""A bit is sampled in its middle, so over the ten bits of a byte the ends may differ by 5 %; the
host's own error and the sampling take the rest."""

LEAST_DIVIDER = 4

_PFD_MHZ, _VCO_MHZ = (10.0, 400.0), (400.0, 800.0)
_DIVIDERS = range(1, 129)
"""Of the PLL: phase detector, inner oscillator, dividers (FPGA-DS-02012, "sysCLOCK PLL Timing";
FPGA-TN-02200)."""


@dataclass(frozen=True)
class Pll:
    """Settings of an EHXPLLL whose feedback is its output.

    Args:
        vco_mhz: of the inner oscillator.
        frequency_mhz: of the output: input / input_divider * feedback_divider.
    """

    input_divider: int
    feedback_divider: int
    output_divider: int
    vco_mhz: float
    frequency_mhz: float

    @property
    def phase(self) -> int:
        """CPHASE of the output that is not shifted: a whole count of its divider."""
        return self.output_divider - 1


@dataclass(frozen=True)
class PixelPort:
    """A stream of the network at the byte port.

    Args:
        width: bits of a code in hardware.
        bytes: of a code on the line.
        signed: 1 or 0.
        low, high: codes of the format.
        meaning: what a code stands for.
    """

    name: str
    height: int
    columns: int
    channels: int
    width: int
    bytes: int
    signed: int
    low: int
    high: int
    meaning: str

    @property
    def bits(self) -> int:
        """Of a pixel in hardware."""
        return self.channels * self.width


@dataclass(frozen=True)
class SerialBoard:
    """What the templates see.

    Args:
        module: of the network.
        pll: None where the oscillator is the clock.
        divider: clocks a bit of the serial line.
        high: outputs that are always 1.
        block_bytes: of each so many bytes the board tells that it has passed them on.
        has_classes: whether the output is a map of classes.
        colours: of each class, red, green and blue in six hexadecimal digits.
        image: whether an image's bytes are the codes of the input.
    """

    name: str
    module: str
    board: str
    pins_file: str
    oscillator_mhz: str
    frequency_mhz: str
    pll: Pll | None
    divider: int
    baud_rate: int
    block_bits: int
    heartbeat_cycles: int
    high: tuple[str, ...]
    input: PixelPort
    output: PixelPort
    block_bytes: int
    has_classes: bool
    colours: tuple[str, ...]
    image: bool


def pll_for(oscillator_mhz: float, wanted_mhz: float) -> Pll | None:
    """The settings with the frequency nearest to the one wanted, and never above it.

    Of several the lowest divider of the input, then the inner oscillator nearest to the middle of
    its range. None where the oscillator has that frequency itself.

    Raises:
        ConfigError: there are none.
    """
    if abs(oscillator_mhz - wanted_mhz) <= 1e-6 * wanted_mhz:
        return None
    found = [
        Pll(i, f, o, frequency * o, frequency)
        for i in _DIVIDERS
        if _PFD_MHZ[0] <= oscillator_mhz / i <= _PFD_MHZ[1]
        for f in _DIVIDERS
        if (frequency := oscillator_mhz / i * f) <= wanted_mhz * (1 + 1e-6)
        for o in _DIVIDERS
        if _VCO_MHZ[0] <= frequency * o <= _VCO_MHZ[1]
    ]
    if not found:
        raise ConfigError(
            f"no PLL of an ECP5 makes {wanted_mhz:g} MHz from an oscillator of "
            f"{oscillator_mhz:g} MHz",
            hint="Set hls.ClockPeriod to another period, in ns.",
        )
    middle = sum(_VCO_MHZ) / 2
    return min(found, key=lambda p: (-p.frequency_mhz, p.input_divider, abs(p.vco_mhz - middle)))


def serial_board(graph: Graph, board: Board, clock_period_ns: float | None) -> SerialBoard:
    """What a board needs around a network.

    Args:
        clock_period_ns: None takes the board's.

    Raises:
        ConfigError: the graph has several inputs or outputs, or there is no such clock or baud
            rate.
    """
    assert board.ecp5 is not None
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ConfigError(
            f"graph '{graph.name}' has {len(graph.inputs)} inputs and {len(graph.outputs)} "
            f"outputs; the byte port of board '{board.name}' takes one of each"
        )
    chip = board.ecp5
    pll = pll_for(chip.oscillator_mhz, 1000 / period_ns_of(board, clock_period_ns))
    frequency_mhz = chip.oscillator_mhz if pll is None else pll.frequency_mhz
    name = graph.outputs[0]
    source = graph.inputs[0].output
    has_classes = name in class_maps(graph)
    classes = graph.tensor(name).format.max_code + 1 if has_classes else 0
    return SerialBoard(
        name=graph.name,
        module=graph.name,
        board=board.name,
        pins_file=f"constraints/{board.pins_file}",
        oscillator_mhz=f"{chip.oscillator_mhz:g}",
        frequency_mhz=f"{frequency_mhz:g}",
        pll=pll,
        divider=_divider(board.name, chip.baud_rate, frequency_mhz),
        baud_rate=chip.baud_rate,
        block_bits=BLOCK_BITS,
        heartbeat_cycles=round(HEARTBEAT_S * 1e6 * frequency_mhz),
        high=chip.high,
        input=_port(graph, graph.inputs[0].name),
        output=_port(graph, name),
        block_bytes=1 << BLOCK_BITS,
        has_classes=has_classes,
        colours=tuple(bytes(rgb).hex() for rgb in class_colours(classes).tolist()),
        image=source.format.width == 8 and not source.format.signed and source.channels in (1, 3),
    )


def plan_serial_board(graph: Graph, board: Board, clock_period_ns: float | None) -> Plan:
    """The files of this module, as a plan.

    Raises:
        ConfigError: as :func:`serial_board`.
    """
    context = serial_board(graph, board, clock_period_ns)
    templates = data_folder("templates")
    sources = ("fcn_hw_byte_port.v", "fcn_hw_uart_rx.v", "fcn_hw_uart_tx.v")
    return Plan(
        {
            **{f"hdl/{name}": (templates / "rtl" / "board" / name).read_text() for name in sources},
            "hdl/heartbeat.v": (templates / "hdl" / "heartbeat.v").read_text(),
            f"hdl/{SERIAL}.v": render(f"rtl/board/{SERIAL}.v.j2", context),
            f"hdl/{TOP}.v": render(f"rtl/board/{TOP}.v.j2", context),
            "host/segment.py": render("host/segment.py.j2", context),
            context.pins_file: constraints_file(board).read_text(encoding="utf-8"),
        }
    )


def _divider(board: str, baud_rate: int, frequency_mhz: float) -> int:
    clocks = frequency_mhz * 1e6 / baud_rate
    divider = max(LEAST_DIVIDER, round(clocks))
    if abs(divider / clocks - 1) > MOST_BAUD_ERROR:
        raise ConfigError(
            f"a clock of {frequency_mhz:g} MHz makes {frequency_mhz * 1e6 / divider:,.0f} baud; "
            f"the serial port of board '{board}' has {baud_rate:,}",
            hint="Set hls.ClockPeriod to another period, in ns.",
        )
    return divider


def _port(graph: Graph, name: str) -> PixelPort:
    tensor: Tensor = graph.tensor(name)
    fmt = tensor.format
    return PixelPort(
        name=name,
        height=tensor.height,
        columns=tensor.width,
        channels=tensor.channels,
        width=max(fmt.width, 2) if fmt.signed else fmt.width,  # as the compiler has it
        bytes=fmt.code_bytes,
        signed=int(fmt.signed),
        low=fmt.min_code,
        high=fmt.max_code,
        meaning=meaning(graph, name),
    )
