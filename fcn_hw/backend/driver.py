"""The software side of the IP: a driver for PYNQ, a C header, an example without operating system.

driver/driver.py          PYNQ
driver/pictures.py        image files in, class pictures out, where classes are known
driver/<graph>_axi_hw.h   registers, formats, sizes
driver/bare_metal.c       the standalone AXI DMA driver
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fcn_hw import pictures
from fcn_hw.backend.axi_interface import (
    AP_START,
    AUTO_RESTART,
    AxiInterface,
    AxiPort,
    axi_interface,
    design_id,
)
from fcn_hw.backend.block_design import dma_cell
from fcn_hw.backend.jinja import render
from fcn_hw.boards import Board
from fcn_hw.ir import Graph
from fcn_hw.ir.labels import Labels
from fcn_hw.ir.serialize import digest

_ERROR_IMPORT = "from fcn_hw.errors import DataError\n"
_ERROR_CLASS = '''

class DataError(ValueError):
    """An image that can't be read; one line says why."""
'''


@dataclass(frozen=True)
class DriverPort:
    """A port as software sees it.

    Args:
        dma: cell of the block design; input i and output i share DMA i.
        dtype: of NumPy, little-endian.
        low, high: codes of the format.
        meaning: what a code stands for.
    """

    name: str
    tensor: str
    dma: str
    shape: tuple[int, int, int]
    dtype: str
    format: str
    low: int
    high: int
    element_bytes: int
    frame_bytes: int
    beats: int
    beat_bytes: int
    meaning: str


@dataclass(frozen=True)
class DriverRegister:
    """A register; ``address`` as Python and C write it."""

    name: str
    address: str
    meaning: str


@dataclass(frozen=True)
class DriverContext:
    """What the driver's templates see.

    Args:
        has_registers: ``True`` or ``False``, as Python writes it.
        start: what starts the IP, into ``ctrl``.
        dmas: their cells.
        labels: :func:`labels_text`, or "" where images are not taken.
    """

    name: str
    top: str
    board: str
    design_id: str
    has_registers: bool
    start: str
    registers: tuple[DriverRegister, ...]
    inputs: tuple[DriverPort, ...]
    outputs: tuple[DriverPort, ...]
    dmas: tuple[str, ...]
    labels: str


def driver_files(graph: Graph, board: Board, labels: Labels | None = None) -> dict[str, str]:
    """The files of the driver, by path in the project.

    Args:
        labels: None where the network gives no class map or takes no images.
    """
    interface = axi_interface(graph, board)
    context = _context(graph, board, interface, labels)
    return {
        **({} if labels is None else {"driver/pictures.py": _pictures()}),
        "driver/driver.py": render("driver/driver.py.j2", context),
        f"driver/{interface.top}_hw.h": render("driver/hw.h.j2", context),
        "driver/bare_metal.c": render("driver/bare_metal.c.j2", context),
    }


def labels_text(labels: Labels) -> str:
    """What the driver says of its labels, as Python, in the alphabetical order of a manifest."""
    lines = ["CLASSES = {"]
    for output, classes in sorted(labels.classes.items()):
        rows = [f"        {(item.name, item.colour)!r}," for item in classes]
        lines += [f"    {output!r}: (", *rows, "    ),"]
    lines += [
        "}",
        f"FIT = {labels.fit!r}",
        f"CHANNELS = {dict(sorted(labels.channels.items()))!r}",
        "",
    ]
    return "\n".join(lines)


def _pictures() -> str:
    """The text of :mod:`fcn_hw.pictures`, which stands alone but for its error."""
    text = Path(pictures.__file__).read_text(encoding="utf-8")
    assert text.count("fcn_hw.errors") == text.count(_ERROR_IMPORT) == 1
    before, after = text.split(f"\n{_ERROR_IMPORT}")
    head, checking, rest = after.partition("\nif TYPE_CHECKING:")
    return f"{before}{head}{_ERROR_CLASS}\n{checking}{rest}"


def _context(
    graph: Graph, board: Board, interface: AxiInterface, labels: Labels | None
) -> DriverContext:
    count = max(len(interface.inputs), len(interface.outputs))
    return DriverContext(
        name=graph.name,
        top=interface.top,
        board=board.name,
        design_id=f"0x{design_id(digest(graph)):08x}",
        has_registers=bool(interface.registers),
        start=f"0x{AP_START | AUTO_RESTART:02x}",
        registers=tuple(
            DriverRegister(item.name, f"0x{item.offset:02x}", item.meaning)
            for item in interface.registers
            if item.offset is not None
        ),
        inputs=tuple(_port(port, index) for index, port in enumerate(interface.inputs)),
        outputs=tuple(_port(port, index) for index, port in enumerate(interface.outputs)),
        dmas=tuple(dma_cell(index) for index in range(count)),
        labels="" if labels is None else labels_text(labels),
    )


def _port(port: AxiPort, index: int) -> DriverPort:
    return DriverPort(
        name=port.name,
        tensor=port.tensor,
        dma=dma_cell(index),
        shape=port.shape,
        dtype=f"<{'i' if port.format.signed else 'u'}{port.bytes_per_element}",
        format=str(port.format),
        low=port.format.min_code,
        high=port.format.max_code,
        element_bytes=port.bytes_per_element,
        frame_bytes=port.bytes_per_frame,
        beats=port.beats_per_frame,
        beat_bytes=port.data_width_bits // 8,
        meaning=port.meaning,
    )
