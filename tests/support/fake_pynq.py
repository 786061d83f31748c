"""A ``pynq`` module whose DMA moves bytes through the compiled firmware.

The surface is PYNQ's (pynq/lib/dma.py, pynq/buffer.py): ``Overlay``, ``ip_dict``, ``allocate``,
``sendchannel.transfer``, ``idle``, ``running``, ``wait``. Data becomes visible as on the
board: what was not flushed is not sent, what was not invalidated is not read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from axi_device import Device


class Buffer(np.ndarray):  # type: ignore[type-arg]
    """Cached memory: ``physical`` is what the DMA sees."""

    physical: np.ndarray  # type: ignore[type-arg]

    def flush(self) -> None:
        self.physical[...] = np.asarray(self)

    def invalidate(self) -> None:
        np.asarray(self)[...] = self.physical


def allocate(shape: tuple[int, ...], dtype: str) -> Buffer:
    buffer = np.zeros(shape, dtype).view(Buffer)
    buffer.physical = np.zeros(shape, dtype)
    return buffer


@dataclass
class Faults:
    """What is broken on this board.

    Args:
        stalled: ports whose channel never ends.
        beats: of a stalled output, that come before it stalls.
        stopped: ports whose channel stops with an error.
        wrong: offset of an output byte and what is added to it.
        cells: of the block design, None takes the right ones.
        registers: values by offset that are not the hardware's.
    """

    stalled: set[str] = field(default_factory=set)
    beats: int = 0
    stopped: set[str] = field(default_factory=set)
    wrong: tuple[int, int] | None = None
    cells: list[str] | None = None
    registers: dict[int, int] = field(default_factory=dict)


class Channel:
    """One direction of a DMA."""

    def __init__(self, board: Board, port: Any) -> None:
        self._board, self._port = board, port
        self._buffer: Buffer | None = None
        self.transfers = 0

    @property
    def running(self) -> bool:
        return self._port.name not in self._board.faults.stopped

    @property
    def idle(self) -> bool:
        self._board.step()
        return self._buffer is None

    def transfer(self, buffer: Buffer) -> None:
        assert self._buffer is None, "DMA channel not idle"
        assert buffer.nbytes == self._port.bytes_per_frame
        self._buffer, self._last = buffer, buffer
        self.transfers += 1
        if self._port.direction == "in":
            buffer.flush()  # PYNQ does so itself
            if self._port.name not in self._board.faults.stalled:
                self._board.device.send(self._port.name, buffer.physical.tobytes())
                self._buffer = None

    def fill(self) -> None:
        """Takes a packet of the device into memory, if one is there."""
        if self._buffer is None or self._port.direction == "in":
            return
        faults = self._board.faults
        data = self._board.device.receive(self._port.name, self._port.bytes_per_frame)
        if data is None:
            return
        words = np.frombuffer(data, np.uint8).copy()
        if faults.wrong is not None:
            words[faults.wrong[0]] += faults.wrong[1]
        memory = self._buffer.physical.view(np.uint8).reshape(-1)
        if self._port.name in faults.stalled:
            step = self._port.data_width_bits // 8 * faults.beats
            memory[:step] = words[:step]
            return
        memory[:] = words
        self._buffer = None

    def wait(self) -> None:
        assert self.idle
        if self._port.direction == "out":
            self._last.invalidate()


class Board:
    """A board with one bitstream."""

    def __init__(self, device: Device, faults: Faults) -> None:
        self.device, self.faults = device, faults
        self.started = device.interface.control == "none"
        self.channels: list[Channel] = []

    def step(self) -> None:
        if self.started:
            self.device.step()
        for channel in self.channels:
            channel.fill()


class Ip:
    def __init__(self, board: Board) -> None:
        self._board = board

    def write(self, offset: int, value: int) -> None:
        assert (offset, value) == (0x00, 0x81)
        self._board.started = True

    def read(self, offset: int) -> int:
        found = self._board.device.register(offset)
        return self._board.faults.registers.get(offset, found)


class Dma:
    sendchannel: Channel
    recvchannel: Channel


def fake_pynq(device: Device, faults: Faults) -> ModuleType:
    """The module, for ``sys.modules``."""
    interface = device.interface

    class Overlay:
        def __init__(self, bit: str) -> None:
            assert Path(bit).with_suffix(".hwh").is_file()
            board = Board(device, faults)
            count = max(len(interface.inputs), len(interface.outputs))
            cells = [interface.top, "ps", *(f"axi_dma_{index}" for index in range(count))]
            self.ip_dict = {cell: {} for cell in faults.cells or cells}  # type: ignore[var-annotated]
            setattr(self, interface.top, Ip(board))
            for index in range(count):
                dma = Dma()
                setattr(self, f"axi_dma_{index}", dma)
                if index < len(interface.inputs):
                    dma.sendchannel = Channel(board, interface.inputs[index])
                    board.channels.append(dma.sendchannel)
                if index < len(interface.outputs):
                    dma.recvchannel = Channel(board, interface.outputs[index])
                    board.channels.append(dma.recvchannel)

    module = ModuleType("pynq")
    module.Overlay, module.allocate = Overlay, allocate  # type: ignore[attr-defined]
    return module
