"""Drives the AXI wrapper of a Verilated network as a processor and its DMAs do.

The bench starts a single frame, then frames one after another; ports wait at random. It sees to it
that TVALID and the beat stay until TREADY, and compares every beat.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from axi_model import Beat, packet

from fcn_hw.plan import Command, Plan

DRIVER = r"""
#include "V@TOP@.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <type_traits>
#include <vector>
struct Beat { uint64_t data; unsigned keep; bool last; };
static V@TOP@ top;
static uint32_t state = 1;
static bool chance() { state = state * 1664525u + 1013904223u; return state >> 30 != 0; }
static void fail(const char *what) { std::printf("%s\n", what); std::exit(1); }
template <class data_T> struct Port {
    const char *name;
    data_T *data;
    uint8_t *keep, *last, *valid, *ready;
    std::vector<Beat> beats;
    size_t at = 0;
    bool waits = false;
    Beat offered = {};
};
@PORTS@
template <class P> void offer(P &port) {
    if (!*port.valid && port.at < port.beats.size() && chance()) {
        const Beat &beat = port.beats[port.at];
        *port.data = beat.data, *port.keep = beat.keep, *port.last = beat.last, *port.valid = 1;
    }
}
template <class P> void taken(P &port, bool moved) {
    if (moved) ++port.at, *port.valid = 0;
}
template <class P> void look(P &port) {
    const Beat now = {*port.data, *port.keep, *port.last != 0};
    const Beat &before = port.offered;
    if (port.waits && (!*port.valid || now.data != before.data || now.last != before.last))
        fail("a beat went away before TREADY");
    port.waits = *port.valid && !*port.ready;
    port.offered = now;
    if (!*port.valid || !*port.ready) return;
    if (port.at == port.beats.size()) fail("a beat too many");
    const Beat &right = port.beats[port.at++];
    if (now.data != right.data || now.keep != right.keep || now.last != right.last) {
        std::printf("%s, beat %zu: %llx %x %d\n", port.name, port.at - 1,
                    (unsigned long long)now.data, now.keep, now.last);
        fail("a wrong beat");
    }
}
static void clock_edge() {
    @OFFER@
    @READY@
    top.ap_clk = 0;
    top.eval();
    @LOOK@
    @MOVED@
    top.ap_clk = 1;
    top.eval();
    @TAKEN@
}
static void write(unsigned address, uint32_t value) {
    top.s_axi_control_AWADDR = address, top.s_axi_control_AWVALID = 1;
    top.s_axi_control_WDATA = value, top.s_axi_control_WSTRB = 15, top.s_axi_control_WVALID = 1;
    top.s_axi_control_BREADY = 1;
    for (bool done = false; !done;) {
        top.eval();
        done = top.s_axi_control_AWREADY && top.s_axi_control_WREADY;
        clock_edge();
    }
    top.s_axi_control_AWVALID = top.s_axi_control_WVALID = 0;
    while (!top.s_axi_control_BVALID) clock_edge();
    clock_edge();
    top.s_axi_control_BREADY = 0;
}
static uint32_t read(unsigned address) {
    top.s_axi_control_ARADDR = address, top.s_axi_control_ARVALID = 1;
    for (bool done = false; !done;) {
        top.eval();
        done = top.s_axi_control_ARREADY;
        clock_edge();
    }
    top.s_axi_control_ARVALID = 0;
    while (!top.s_axi_control_RVALID) clock_edge();
    const uint32_t value = top.s_axi_control_RDATA;
    top.s_axi_control_RREADY = 1;
    clock_edge();
    top.s_axi_control_RREADY = 0;
    return value;
}
int main() {
    top.ap_rst_n = 0;
    for (int n = 0; n < 4; ++n) clock_edge();
    top.ap_rst_n = 1;
    for (int n = 0; n < 2000; ++n) clock_edge();
    if (@OUT@.at) fail("it runs before it is started");
    std::printf("idle %x\n", read(0));
    write(0, 1);
    for (int n = 0; n < 20000; ++n) clock_edge();
    const uint32_t once = read(0);
    std::printf("after one frame %x %x\n", once, read(0));
    @FIRST@
    write(0, 0x81);
    for (int n = 0; n < 200000 && !(@ALL@); ++n) clock_edge();
    if (!(@ALL@)) fail("frames are missing");
    for (int n = 0; n < 500; ++n) clock_edge();
    for (unsigned address = 0x20; address <= @LAST@; address += 0x10)
        std::printf("%02x %x\n", address, read(address));
}
"""


def plan_axi_top(
    top: str,
    verilog: Mapping[str, str],
    inputs: Mapping[str, Sequence[Beat]],
    outputs: Mapping[str, Sequence[Beat]],
    first_frame: Mapping[str, int],
    last_register: int,
) -> Plan:
    """Builds and runs the bench.

    Args:
        top: the wrapper's module.
        verilog: every module's file by name.
        inputs, outputs: packets of each port.
        first_frame: beats of the first frame of each output.
    """
    ports = ""
    for name, beats in (inputs | outputs).items():
        rows = ", ".join(
            f"{{0x{int.from_bytes(b.data, 'little'):x}u, "
            f"{sum(keep << n for n, keep in enumerate(b.keep))}, {int(b.last)}}}"
            for b in beats
        )
        ends = ", ".join(
            f"&top.{name}_{end}" for end in ("TDATA", "TKEEP", "TLAST", "TVALID", "TREADY")
        )
        ports += (
            f"static Port<std::remove_reference<decltype(top.{name}_TDATA)>::type> {name} = "
            f'{{"{name}", {ends}, {{{rows}}}}};\n'
        )
    texts = {
        "PORTS": ports,
        "OFFER": " ".join(f"offer({name});" for name in inputs),
        "READY": " ".join(f"top.{name}_TREADY = chance();" for name in outputs),
        "LOOK": " ".join(f"look({name});" for name in outputs),
        "MOVED": " ".join(
            f"const bool moved_{n} = top.{n}_TVALID && top.{n}_TREADY;" for n in inputs
        ),
        "TAKEN": " ".join(f"taken({name}, moved_{name});" for name in inputs),
        "OUT": next(iter(outputs)),
        "FIRST": " ".join(
            f'if ({n}.at != {beats}) fail("not one frame");' for n, beats in first_frame.items()
        ),
        "ALL": " && ".join(f"{name}.at == {name}.beats.size()" for name in outputs),
        "LAST": str(last_register),
        "TOP": top,
    }
    driver = DRIVER
    for name, text in texts.items():
        driver = driver.replace(f"@{name}@", text)
    files = {f"verilog/{name}": text for name, text in verilog.items()} | {"driver.cpp": driver}
    build = Command(
        "axi-top",
        (
            "verilator", "--cc", "--exe", "--build", "--no-timing", "-Wall", "-Wno-DECLFILENAME",
            "--top-module", top, "-MAKEFLAGS",
            f"CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O0 PYTHON3={sys.executable}",
            "-CFLAGS", "-std=c++17", *(f"verilog/{name}" for name in verilog), "driver.cpp",
            "-o", "driver",
        ),
        600.0,
    )  # fmt: skip
    return Plan(files=files, stages=((build,), (Command("axi-run", ("obj_dir/driver",), 60.0),)))


def beats_of_frames(frames: Sequence[bytes], beat_bytes: int) -> list[Beat]:
    """Packets of some frames, one behind the other."""
    return [beat for frame in frames for beat in packet(frame, beat_bytes)]


def said(folder: Path) -> list[str]:
    """What the bench printed."""
    return (folder / "logs" / "axi-run.log").read_text().splitlines()
