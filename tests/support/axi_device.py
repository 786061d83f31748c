"""The emitted wrapper as a device: compiled to a shared library, packets in and out by ctypes."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

from fcn_hw.backend.axi_interface import AxiInterface, axi_interface
from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import Board
from fcn_hw.design import Hls
from fcn_hw.harness.csim import QUIET
from fcn_hw.ir import Graph
from fcn_hw.tools.runner import write_files


def _shim(interface: AxiInterface) -> str:
    """A C interface to the top function."""
    ports = (*interface.inputs, *interface.outputs)
    beat = f"ap_axiu<{ports[0].data_width_bits}, 0, 0, 0>"
    words = [item.name for item in interface.registers[1:]]
    arguments = ", ".join([*(port.name for port in ports), *words])
    streams = "".join(f'static hls::stream<{beat}> {p.name}("{p.name}");\n' for p in ports)
    table = ", ".join(f"&{port.name}" for port in ports)
    registers = "".join(f"static ap_uint<32> {name} = 0;\n" for name in words)
    reads = "".join(
        f"if (offset == {item.offset}) return {item.name}.to_uint();\n"
        for item in interface.registers[1:]
    )
    return (
        f'#include "{interface.top}.h"\n#include "fcn_hw/axi_files.h"\n#include <cstring>\n'
        f"{streams}{registers}static hls::stream<{beat}> *const ports[] = {{{table}}};\n"
        'extern "C" void send(int port, const unsigned char *bytes, long size) {\n'
        "    const std::vector<unsigned char> packet(bytes, bytes + size);\n"
        "    fcn_hw::send_packet(packet, *ports[port]);\n}\n"
        f'extern "C" void frame() {{ {interface.top}({arguments}); }}\n'
        'extern "C" long waiting(int port) { return ports[port]->size(); }\n'
        'extern "C" long receive(int port, unsigned char *bytes, long room) {\n'
        "    std::vector<unsigned char> packet;\n"
        "    if (!fcn_hw::receive_packet(*ports[port], packet)) return -1;\n"
        "    if (long(packet.size()) > room) return -2;\n"
        "    std::memcpy(bytes, packet.data(), packet.size());\n"
        "    return packet.size();\n}\n"
        f'extern "C" unsigned reg(int offset) {{ (void)offset; {reads} return 0; }}\n'
    )


class Device:
    """The compiled wrapper. A packet a frame: a longer one is for the tests of the headers."""

    def __init__(self, library: Path, interface: AxiInterface) -> None:
        self.interface = interface
        self._library = ctypes.CDLL(str(library))
        self._library.waiting.restype = self._library.receive.restype = ctypes.c_long
        self._library.reg.restype = ctypes.c_uint
        self._names = [port.name for port in (*interface.inputs, *interface.outputs)]

    def send(self, port: str, data: bytes) -> None:
        self._library.send(self._names.index(port), data, ctypes.c_long(len(data)))

    def step(self) -> None:
        """Computes while every input has a packet."""
        while all(self._waiting(port.name) for port in self.interface.inputs):
            self._library.frame()

    def receive(self, port: str, room: int) -> bytes | None:
        """The next packet of an output, or None."""
        if not self._waiting(port):
            return None
        buffer = ctypes.create_string_buffer(room)
        size = self._library.receive(self._names.index(port), buffer, ctypes.c_long(room))
        assert size >= 0, f"{port}: {size}"
        return buffer.raw[:size]

    def register(self, offset: int) -> int:
        return int(self._library.reg(offset))

    def _waiting(self, port: str) -> int:
        return int(self._library.waiting(self._names.index(port)))


def build_device(graph: Graph, board: Board, folder: Path, hls: Hls | None = None) -> Path:
    """Emits and compiles a project; the path of the library. A warning is an error."""
    write_files(plan_project(graph, board, hls or Hls(ReuseFactor=4)), folder)
    interface = axi_interface(graph, board)
    (folder / "device.cpp").write_text(_shim(interface))
    done = subprocess.run(
        [
            "g++", "-std=c++14", "-O1", "-Wall", "-Wextra", "-Werror", *QUIET,
            "-Wno-deprecated-copy", "-shared", "-fPIC", "-Ifirmware", "-Itb/axis",
            "-isystem", str(ap_types_folder()), f"firmware/{graph.name}.cpp",
            f"firmware/{interface.top}.cpp", "device.cpp", "-o", "device.so",
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[:4000]
    return folder / "device.so"
