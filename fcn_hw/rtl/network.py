"""The processes of a dataflow region, their FIFOs and their frames' tokens: the top module."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fcn_hw.errors import NotSynthesizable
from fcn_hw.resources import data_folder
from fcn_hw.rtl.front_end import ProcessSource, marks_of_top, prepared
from fcn_hw.rtl.if_conversion import PixelType
from fcn_hw.rtl.verilog import legal, waivers

LEAST_BRAM_BITS = 1024 * 8
"""A FIFO of so many bits is in block RAM where the source does not say."""


@dataclass(frozen=True)
class StreamSpec:
    """A stream of the region.

    Args:
        pixel: what flows through it.
        depth: in pixels; 0 for a port of the top.
        storage: ``bram``, ``lutram`` or ``srl``, what BIND_STORAGE asks for; ``""`` where it does
        not.
    """

    name: str
    pixel: PixelType
    depth: int
    storage: str = ""

    @property
    def in_block_ram(self) -> bool:
        if self.storage:
            return self.storage == "bram"
        return self.depth * self.pixel.bits >= LEAST_BRAM_BITS


@dataclass(frozen=True)
class Call:
    """A process: its source and which of its streams it reads and writes."""

    source: ProcessSource
    reads: tuple[str, ...]
    writes: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.source.name


@dataclass(frozen=True)
class Network:
    """A dataflow region as the emitted sources have it.

    Args:
        streams: those of the function's parameters first, in their order.
        headers: of the project, prepared for clang, by path below ``firmware/``.
        calls: in the order of the source.
    """

    name: str
    streams: Mapping[str, StreamSpec]
    calls: tuple[Call, ...]
    headers: Mapping[str, str]

    @property
    def writers(self) -> dict[str, str]:
        """The process that writes each stream; an input has none."""
        return {name: call.name for call in self.calls for name in call.writes}

    @property
    def readers(self) -> dict[str, str]:
        """The process that reads each stream; an output has none."""
        return {name: call.name for call in self.calls for name in call.reads}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Ports that are read, in the order of the function's parameters."""
        read, written = self.readers, self.writers
        return tuple(name for name in self.streams if name in read and name not in written)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Ports that are written, in the order of the function's parameters."""
        read, written = self.readers, self.writers
        return tuple(name for name in self.streams if name in written and name not in read)

    def headers_of(self, call: Call) -> dict[str, str]:
        """What a process includes: of the weights its own alone, so that it is compiled again only
        when one of these files changes."""
        words = set(re.findall(r"\w+", call.source.call))
        return {
            path: text
            for path, text in self.headers.items()
            if not path.startswith("weights/") or _names_array(text, words)
        }


def _names_array(text: str, words: set[str]) -> bool:
    return any(name in words for name in re.findall(r"(\w+)\[", text))


_PIXEL = re.compile(r"^typedef nnet::array<ap_(u?)fixed<(\d+),[^>]*>, (\d+)> (\w+);", re.M)
_CALL = re.compile(r"^    (?:fcn_hw|nnet)::(\w+)<.*?>\(([^;]*?)\);", re.M)


def read_network(
    name: str,
    files: Mapping[str, str | bytes],
    reads_and_writes: Mapping[str, tuple[Sequence[str], Sequence[str]]],
) -> Network:
    """Reads the top function of a project.

    Args:
        name: of the top function.
        files: of the project, by path.
        reads_and_writes: streams of each process by its name, in the order of the calls.

    Raises:
        NotSynthesizable: a process of another origin, whose headers are not in the subset.
    """
    texts = {
        path.removeprefix("firmware/"): data.decode() if isinstance(data, bytes) else data
        for path, data in files.items()
        if path.startswith("firmware/")
    }
    top = texts[f"{name}.cpp"]
    pixels = {
        kind: PixelType(max(int(width), 1 if plain else 2), int(channels))
        for plain, width, channels, kind in _PIXEL.findall(texts["defines.h"])
    }
    kinds = _kinds(name, top)
    depths = {s: int(d) for s, d in re.findall(r"STREAM variable=(\w+) depth=(\d+)", top)}
    storage = dict(re.findall(r"BIND_STORAGE variable=(\w+) type=fifo impl=(\w+)", top))
    streams = {
        stream: StreamSpec(stream, pixels[kind], depths.get(stream, 0), storage.get(stream, ""))
        for stream, kind in kinds.items()
    }
    pragmas = re.findall(r"^ +#pragma HLS .*$", top, re.M)
    headers = prepared({p: t for p, t in texts.items() if p.endswith(".h")})
    parameters = headers["parameters.h"]
    includes = re.findall(r'^#include "weights/(\w+)\.h"$', parameters, re.M)
    headers["parameters.h"] = re.sub(r'^#include "weights/.*$', "", parameters, flags=re.M)
    calls = []
    found = list(_CALL.finditer(top))
    assert len(found) == len(reads_and_writes), "the calls are not those of the dataflow"
    for match, (process, (reads, writes)) in zip(found, reads_and_writes.items(), strict=True):
        words = [word.strip() for word in match[2].split(",")]
        if match[0].lstrip().startswith("nnet::"):
            raise NotSynthesizable(
                f"{name}.cpp", f"'nnet::{match[1]}' is hls4ml's, which this compiler does not take",
                process=process, hint="Set hls.Conv to fcn_hw, or hls.Compiler to vitis.",
            )  # fmt: skip
        own = {word: kinds[word] for word in words if word in kinds}
        assert set(own) == {*reads, *writes}, f"process '{process}' has other streams"
        arrays = {word for word in words if word not in kinds}
        weights = [w for w in includes if _names_array(headers[f"weights/{w}.h"], arrays)]
        prelude = "\n".join(
            f'#include "{path}"' for path in ("parameters.h", *(f"weights/{w}.h" for w in weights))
        )
        source = ProcessSource(
            process, prelude, match[0].strip(), marks_of_top(pragmas, arrays), own
        )
        calls.append(Call(source, tuple(reads), tuple(writes)))
    return Network(name, streams, tuple(calls), headers)


def _kinds(name: str, top: str) -> dict[str, str]:
    """C++ type of each stream of the top function."""
    head = re.search(rf"void {name}\((.*?)\)\s*\{{", top, re.S)
    assert head is not None, f"{name}.cpp has no function {name}"
    found = {s: kind for kind, s in re.findall(r"hls::stream<(\w+)> *&\s*(\w+)", head[1])}
    found.update({s: kind for kind, s in re.findall(r'hls::stream<(\w+)> (\w+)\("', top)})
    return found


# -- Verilog ----

SUPPORT = (
    "fcn_hw_fifo.v", "fcn_hw_fifo_bram.v", "fcn_hw_frame_token.v", "fcn_hw_axi_control.v",
)  # fmt: skip


def support_files() -> dict[str, str]:
    """The modules that every network uses, by file name."""
    folder = data_folder("templates") / "rtl" / "verilog"
    return {name: (folder / name).read_text(encoding="utf-8") for name in SUPPORT}


_FIFO_TAPS = ("read", "writer_waits", "reader_waits")


def top_verilog(network: Network, *, taps: bool = False, start: bool = False) -> str:
    """The module of the network: a port for each stream of the top, processes and FIFOs inside.

    Args:
        start: with a port ``<stream>_start`` of each input, without which no frame begins, and
            ``<stream>_begins`` that is high when one does.
        taps: with outputs ``tap_<stream>``, ``tap_<stream>_write`` and, where it has a FIFO,
            ``tap_<stream>_read``, ``_writer_waits`` and ``_reader_waits`` of every stream, for a
            test bench.
    """
    inputs, outputs = set(network.inputs), set(network.outputs)
    writer, reader = network.writers, network.readers
    ports = ["input wire clk", "input wire rst"]
    body: list[str] = []
    for stream in network.streams.values():
        name, bits = stream.name, stream.pixel.bits
        if name in inputs:
            ports += [
                f"input wire [{bits - 1}:0] {name}_dout", f"input wire {name}_empty",
                f"output wire {name}_read",
            ]  # fmt: skip
            if start:
                ports += [f"input wire {name}_start", f"output wire {name}_begins"]
                body.append(f"assign {name}_begins = {reader[name]}_begins;")
        elif name in outputs:
            ports += [
                f"output wire [{bits - 1}:0] {name}_din", f"input wire {name}_full",
                f"output wire {name}_write",
            ]  # fmt: skip
        else:
            body += _fifo(stream)
        if taps and name not in inputs:
            ports += [f"output wire [{bits - 1}:0] tap_{name}", f"output wire tap_{name}_write"]
            body += [f"assign tap_{name} = {name}_din;", f"assign tap_{name}_write = {name}_write;"]
            if name not in outputs:
                ports += [f"output wire tap_{name}_{end}" for end in _FIFO_TAPS]
                body += [
                    f"assign tap_{name}_read = {name}_read;",
                    f"assign tap_{name}_writer_waits = "
                    f"{writer[name]}_process.{name}_offered & {name}_full;",
                    f"assign tap_{name}_reader_waits = "
                    f"{reader[name]}_process.{name}_wanted & {name}_empty;",
                ]
    body += _processes(network, start)
    return "\n".join(
        [
            f"// {network.name}: the processes of the network and the FIFOs between them.",
            "// Written by fcn_hw; changes here are overwritten.",
            *waivers(),
            f"module {legal(network.name)} (",
            *(f"    {port}," for port in ports[:-1]),
            f"    {ports[-1]}",
            ");",
            *body,
            "endmodule",
            "",
        ]
    )


def _fifo(stream: StreamSpec) -> list[str]:
    name, bits = stream.name, stream.pixel.bits
    module = "fcn_hw_fifo_bram" if stream.in_block_ram else "fcn_hw_fifo"
    address = max(1, (stream.depth - 1).bit_length())
    return [
        "",
        f"wire [{bits - 1}:0] {name}_din, {name}_dout;",
        f"wire {name}_write, {name}_full, {name}_read, {name}_empty;",
        f"{module} #(.WIDTH({bits}), .DEPTH({stream.depth}), .ADDRESS_BITS({address}))",
        f"{name}_fifo (",
        "    .clk(clk), .rst(rst),",
        f"    .din({name}_din), .write({name}_write), .full({name}_full),",
        f"    .dout({name}_dout), .read({name}_read), .empty({name}_empty)",
        ");",
    ]


def _processes(network: Network, start: bool) -> list[str]:
    writer, reader = network.writers, network.readers
    body: list[str] = []
    for call in network.calls:
        process = call.name
        body += ["", f"wire {process}_first, {process}_begins, {process}_ready;"]
        ready = []
        for stream in call.reads:
            if stream not in writer:
                ready.append(f"~{stream}_empty" + (f" & {stream}_start" if start else ""))
                continue
            # a frame in flight has a pixel in the FIFO, or its writer or reader is at work on it
            bits = (network.streams[stream].depth + 5).bit_length()
            ready.append(f"{stream}_begun")
            body += [
                f"wire {stream}_begun;",
                f"fcn_hw_frame_token #(.BITS({bits})) {stream}_token (",
                "    .clk(clk), .rst(rst),",
                f"    .begun({writer[stream]}_starts), .taken({process}_begins),",
                f"    .ready({stream}_begun)",
                ");",
            ]
        body += [
            f"assign {process}_ready = {' & '.join(ready)};",
            f"{legal(process)} {process}_process (",
        ]
        connections = [
            ".clk(clk), .rst(rst)",
            f".frame_ready({process}_ready), .frame_begins({process}_first)",
            f".frame_taken({process}_begins)",
        ]
        for stream in call.reads:
            connections.append(
                ", ".join(f".{stream}_{e}({stream}_{e})" for e in ("dout", "empty", "read"))
            )
        for stream in call.writes:
            connections.append(
                ", ".join(f".{stream}_{e}({stream}_{e})" for e in ("din", "full", "write"))
            )
        body += [*(f"    {item}," for item in connections[:-1]), f"    {connections[-1]}", ");"]
        if any(stream in reader for stream in call.writes):
            body += _start(process)
    return body


def _start(process: str) -> list[str]:
    """Tells the readers of a process that its frame has started.

    Its first iteration may still wait for a pixel: a padding behind it has rows to write before
    that, without which the pixel may never come.
    """
    return [
        f"reg {process}_told;",
        f"wire {process}_starts = {process}_first & {process}_ready & ~{process}_told;",
        "always @(posedge clk)",
        f"    {process}_told <= ~rst & ({process}_told | {process}_starts) & ~{process}_begins;",
    ]
