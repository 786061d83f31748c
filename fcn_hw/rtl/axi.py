"""The AXI wrapper of a project: its processes between packets of bytes and pixels.

In RTL a beat of an AXI4-Stream is a pixel of ten bits a channel (``ap_axi_sdata.h``), and a
register of ``s_axi_control`` is a stream to which a word is written once a frame.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fcn_hw.fixed import Codes, FixedFormat, parse_format
from fcn_hw.ir.axi_cycles import frame_beats
from fcn_hw.ops import Tensor
from fcn_hw.rtl.front_end import ProcessSource
from fcn_hw.rtl.if_conversion import PixelType
from fcn_hw.rtl.network import Call, Network, StreamSpec
from fcn_hw.rtl.verilog import legal, waivers

BYTE_CHANNEL_BITS = 10
"""TDATA of a byte, its TKEEP in bit 8 and its TSTRB in bit 9; TLAST has a channel of its own."""

_CHANNEL: FixedFormat = parse_format("ufixed<10,10>")
_WORD: FixedFormat = parse_format("ufixed<32,32>")


@dataclass(frozen=True)
class AxiPort:
    """An AXI4-Stream port of the wrapper.

    Args:
        name: of the port.
        pixels: the stream of the network that it feeds or drains.
        beat_bytes: of TDATA.
    """

    name: str
    pixels: str
    beat_bytes: int


@dataclass(frozen=True)
class AxiTop:
    """The wrapper and the network inside, as one network.

    Args:
        name: of the top function of synthesis.
        network: its streams are those of the network, beats and words.
        ports: AXI4-Streams, inputs first; none where the network stands alone.
        registers: words of ``s_axi_control`` by name, with their addresses; empty where the wrapper
            runs from reset on.
        design_id: what the register of this name tells.
    """

    name: str
    network: Network
    ports: tuple[AxiPort, ...]
    registers: Mapping[str, int]
    design_id: int


def read_axi(network: Network, files: Mapping[str, str | bytes]) -> AxiTop:
    """Reads the wrapper of a project.

    Args:
        network: the project's.
        files: of the project, by path.
    """
    name = f"{network.name}_axi"
    data = files[f"firmware/{name}.cpp"]
    text = data.decode() if isinstance(data, bytes) else data
    structs = {
        match[1]: match[0]
        for match in re.finditer(r"^struct (\w+_port) \{.*?^\};", text, re.M | re.S)
    }
    inner = re.search(rf"^    {network.name}\((.*)\);", text, re.M)
    assert inner is not None, f"{name}.cpp does not call {network.name}"
    ends = (*network.inputs, *network.outputs)
    stream_of = dict(zip(_words(inner[1]), ends, strict=True))  # by what the wrapper calls it
    streams = dict(network.streams)
    depths = dict(re.findall(r"STREAM variable=(\w+) depth=(\d+)", text))
    for alias, stream in stream_of.items():
        streams[stream] = replace(streams[stream], depth=int(depths[alias]))
    calls, ports = [], []
    for function, template, arguments in re.findall(
        r"^    fcn_hw::(axi_\w+)<(.*)>\((.*)\);", text, re.M
    ):
        bits = re.search(r"ap_axiu<(\d+)", template)
        struct = re.search(r"\w+_port\b", template)
        assert bits is not None and struct is not None, template
        first, second, *registers = _words(arguments)
        is_input = function == "axi_unpack"
        port, alias = (first, second) if is_input else (second, first)
        stream = stream_of[alias]
        beat = PixelType(BYTE_CHANNEL_BITS, int(bits[1]) // 8 + 1)
        streams[port] = StreamSpec(port, beat, 0)
        streams |= {word: StreamSpec(word, PixelType(32, 1), 0) for word in registers}
        beat_type = f"ap_axiu<{bits[1]}, 0, 0, 0>"
        pixel_type = re.sub(r".*?(\w+_t)\b.*", r"\1", template)
        kinds = {port: beat_type, stream: pixel_type}
        reads, writes = ((port,), (stream,)) if is_input else ((stream,), (port,))
        source = ProcessSource(
            struct[0],
            f'#include "parameters.h"\n#include "fcn_hw/{function}.h"\n{structs[struct[0]]}',
            f"fcn_hw::{function}<{template}>({', '.join([*(reads + writes), *registers])});",
            (),
            {name: kinds[name] for name in reads + writes},
            registers=tuple(registers),
            ends_by_data=is_input,
        )
        calls.append(Call(source, reads, (*writes, *registers)))
        ports.append(AxiPort(port, stream, int(bits[1]) // 8))
    packs = [call for call in calls if not call.source.ends_by_data]
    unpacks = [call for call in calls if call.source.ends_by_data]
    addresses = re.findall(r"s_axilite port=(\w+) bundle=\w+ offset=(0x\w+)", text)
    identity = re.search(r"design_id = (0x\w+?)u?;", text)
    return AxiTop(
        name,
        replace(network, streams=streams, calls=(*unpacks, *network.calls, *packs)),
        tuple(ports),
        {word: int(address, 16) for word, address in addresses},
        int(identity[1], 16) if identity else 0,
    )


def without_axi(network: Network) -> AxiTop:
    """A network whose streams of pixels are its ports."""
    return AxiTop(network.name, network, (), {}, 0)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


# -- Verilog ----


def axi_verilog(top: AxiTop) -> str:
    """The module of the wrapper, with the ports that Vitis HLS gives it.

    Each AXI4-Stream has a register slice, so that TVALID waits for no TREADY. The module of the
    network, which has the port ``start`` where there are registers, is inside.
    """
    network = top.network
    inputs = [port for port in top.ports if port.name in network.inputs]
    outputs = [port for port in top.ports if port.name not in network.inputs]
    ports = ["input wire ap_clk", "input wire ap_rst_n"]
    body = ["wire rst = ~ap_rst_n;"]
    connections = [".clk(ap_clk), .rst(rst)"]
    for port in top.ports:
        ports += _stream_ports(port, port in inputs)
        body += ["", *_slice_of(port, port in inputs)]
        ends = ("dout", "empty", "read") if port in inputs else ("din", "full", "write")
        connections.append(", ".join(f".{port.name}_{end}({port.name}_{end})" for end in ends))
        if port in inputs and top.registers:
            body.append(f"wire {port.name}_start, {port.name}_begins;")
            connections.append(
                ", ".join(f".{port.name}_{e}({port.name}_{e})" for e in ("start", "begins"))
            )
    if top.registers:
        ports += _CONTROL_PORTS
        body += ["", *_control(top, inputs, outputs)]
        connections += [
            f".{word}_din({word}_din), .{word}_full(1'b0), .{word}_write({word}_write)"
            for word in top.registers
        ]
    return "\n".join(
        [
            f"// {top.name}: {network.name} behind AXI.",
            "// Written by fcn_hw; changes here are overwritten.",
            *waivers(),
            f"module {legal(top.name)} (",
            *(f"    {port}," for port in ports[:-1]),
            f"    {ports[-1]}",
            ");",
            *body,
            "",
            f"{legal(network.name)} network (",
            *(f"    {item}," for item in connections[:-1]),
            f"    {connections[-1]}",
            ");",
            "endmodule",
            "",
        ]
    )


def _stream_ports(port: AxiPort, is_input: bool) -> list[str]:
    here, there = ("input", "output") if is_input else ("output", "input")
    widths = {"TDATA": 8 * port.beat_bytes, "TKEEP": port.beat_bytes, "TSTRB": port.beat_bytes,
              "TLAST": 1}  # fmt: skip
    return [
        *(f"{here} wire [{width - 1}:0] {port.name}_{end}" for end, width in widths.items()),
        f"{here} wire {port.name}_TVALID",
        f"{there} wire {port.name}_TREADY",
    ]


def _slice_of(port: AxiPort, is_input: bool) -> list[str]:
    """The register slice of a port, and its signals as channels of a beat."""
    name, size = port.name, port.beat_bytes
    bits = BYTE_CHANNEL_BITS * (size + 1)
    outside = [(f"{name}_TSTRB[{b}], {name}_TKEEP[{b}], {name}_TDATA[{8 * b + 7}:{8 * b}]",
                BYTE_CHANNEL_BITS * b) for b in range(size)]  # fmt: skip
    if is_input:
        joined = ", ".join(["9'd0", f"{name}_TLAST", *(text for text, _ in reversed(outside))])
        ends = (f"{{{joined}}}", f"{name}_TVALID & {name}_TREADY", f"{name}_full", f"{name}_dout",
                f"{name}_read", f"{name}_empty")  # fmt: skip
        lines = [
            f"wire [{bits - 1}:0] {name}_dout;",
            f"wire {name}_full, {name}_read, {name}_empty;",
            f"assign {name}_TREADY = ~rst & ~{name}_full;",
        ]
    else:
        ends = (f"{name}_din", f"{name}_write", f"{name}_full", f"{name}_beat",
                f"{name}_TVALID & {name}_TREADY", f"{name}_empty")  # fmt: skip
        lines = [
            f"wire [{bits - 1}:0] {name}_din, {name}_beat;",
            f"wire {name}_write, {name}_full, {name}_empty;",
            f"assign {name}_TVALID = ~{name}_empty;",
            f"assign {name}_TLAST = {name}_beat[{BYTE_CHANNEL_BITS * size}];",
            *(f"assign {{{text}}} = {name}_beat[{at + BYTE_CHANNEL_BITS - 1}:{at}];"
              for text, at in outside),
        ]  # fmt: skip
    din, write, full, dout, read, empty = ends
    return [
        *lines,
        f"fcn_hw_fifo #(.WIDTH({bits}), .DEPTH(2), .ADDRESS_BITS(1))",
        f"{name}_slice (",
        "    .clk(ap_clk), .rst(rst),",
        f"    .din({din}),",
        f"    .write({write}), .full({full}),",
        f"    .dout({dout}), .read({read}), .empty({empty})",
        ");",
    ]


_CONTROL = "s_axi_control"
_CHANNELS = {
    "AW": (("input", "ADDR", 8), ("input", "VALID", 1), ("output", "READY", 1)),
    "W": (
        ("input", "DATA", 32), ("input", "STRB", 4), ("input", "VALID", 1), ("output", "READY", 1),
    ),
    "B": (("output", "RESP", 2), ("output", "VALID", 1), ("input", "READY", 1)),
    "AR": (("input", "ADDR", 8), ("input", "VALID", 1), ("output", "READY", 1)),
    "R": (
        ("output", "DATA", 32), ("output", "RESP", 2), ("output", "VALID", 1),
        ("input", "READY", 1),
    ),
}  # fmt: skip
_CONTROL_PORTS = [
    f"{way} wire {f'[{width - 1}:0] ' if width > 1 else ''}{_CONTROL}_{channel}{end}"
    for channel, ends in _CHANNELS.items()
    for way, end, width in ends
]


def _control(top: AxiTop, inputs: list[AxiPort], outputs: list[AxiPort]) -> list[str]:
    """The registers, and which inputs have begun a frame, which outputs have ended one."""
    lines = ["wire start, done;"]
    for port in inputs:
        name = port.name
        lines += [
            f"reg {name}_begun;",
            f"assign {name}_start = start & ~{name}_begun;",
        ]
    all_begun = " & ".join(f"({port.name}_begun | {port.name}_begins)" for port in inputs)
    lines.append(f"wire begun = {all_begun};")
    for port in inputs:
        lines += [
            "always @(posedge ap_clk)",
            f"    if (rst | begun) {port.name}_begun <= 1'b0;",
            f"    else if ({port.name}_begins) {port.name}_begun <= 1'b1;",
        ]
    for port in outputs:
        name = port.name
        lines += [
            f"wire {name}_done;",
            f"fcn_hw_frame_token #(.BITS(4)) {name}_token (",
            "    .clk(ap_clk), .rst(rst),",
            f"    .begun({name}_TVALID & {name}_TREADY & {name}_TLAST), .taken(done),",
            f"    .ready({name}_done)",
            ");",
        ]
    lines.append(f"assign done = {' & '.join(f'{port.name}_done' for port in outputs)};")
    for word in top.registers:
        lines += [
            f"wire [31:0] {word}_din;",
            f"wire {word}_write;",
            f"reg [31:0] {word};",
            "always @(posedge ap_clk)",
            f"    if (rst) {word} <= 32'd0;",
            f"    else if ({word}_write) {word} <= {word}_din;",
        ]
    addresses = list(top.registers.values())
    step = addresses[1] - addresses[0] if len(addresses) > 1 else 4
    ends = [(channel + end) for channel, items in _CHANNELS.items() for _, end, _ in items]
    return [
        *lines,
        f"fcn_hw_axi_control #(.WORDS({len(addresses)}), .FIRST({addresses[0]}), .STEP({step}))",
        "control (",
        "    .clk(ap_clk), .rst(rst),",
        *(f"    .{end.lower()}({_CONTROL}_{end})," for end in ends),
        f"    .words({{{', '.join(reversed(list(top.registers)))}}}),",
        "    .start(start), .begun(begun), .done(done)",
        ");",
    ]


# -- what a bench puts in and expects ----


def tensors_of(top: AxiTop, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The beats of a frame of each port, and the word of each register, as tensors.

    Args:
        tensors: what flows through each stream of the network.
    """
    found = {}
    for port in top.ports:
        beats = frame_beats(tensors[port.pixels], 8 * port.beat_bytes)
        found[port.name] = Tensor(port.name, (1, beats, port.beat_bytes + 1), _CHANNEL)
    return found | {word: Tensor(word, (1, 1, 1), _WORD) for word in top.registers}


def beats_of(codes: Codes, tensor: Tensor, beat_bytes: int) -> Codes:
    """Frames as packets of beats, of the shape of :func:`tensors_of`.

    Args:
        codes: of frames of ``tensor``.
        beat_bytes: of TDATA.
    """
    frames = len(codes)
    kind = "i" if tensor.format.signed else "u"
    code_bytes = np.ascontiguousarray(codes.astype(f"<{kind}{tensor.format.code_bytes}"))
    data = code_bytes.view(np.uint8).reshape(frames, -1).astype(np.int64)
    beats = frame_beats(tensor, 8 * beat_bytes)
    found = np.zeros((frames, beats * beat_bytes), np.int64)
    found[:, : data.shape[1]] = data | 0x300
    last = np.zeros((frames, beats, 1), np.int64)
    last[:, -1] = 1
    return np.concatenate([found.reshape(frames, beats, beat_bytes), last], axis=2)[:, np.newaxis]


def words_of(top: AxiTop, frames: int) -> dict[str, Codes]:
    """What the registers hold after each of some frames since reset, none of them with an error."""
    known = {"frames": np.arange(1, frames + 1), "design_id": np.full(frames, top.design_id)}
    return {
        word: np.asarray(known.get(word, np.zeros(frames)), np.int64).reshape(frames, 1, 1, 1)
        for word in top.registers
    }
