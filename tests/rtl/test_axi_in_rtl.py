"""The AXI processes through fcn_hw's own compiler: packets in, packets out, whatever TLAST does."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from axi_model import Beat, receive, through_the_codes
from rtl_bench import JOBS, headers_of_templates, pixel_of

sys.path.insert(0, str(Path(__file__).parent.parent / "templates"))

from test_axi_headers import Case, all_cases, stimulus

from fcn_hw.fixed import Codes
from fcn_hw.harness.traces import element_dtype
from fcn_hw.rtl.axi import BYTE_CHANNEL_BITS, beats_of
from fcn_hw.rtl.bench import FOLDER, RESULT, Frames, plan_run, plan_simulator, read_simulated
from fcn_hw.rtl.compile import Compiled, compile_calls, verilog_files
from fcn_hw.rtl.front_end import ProcessSource
from fcn_hw.rtl.if_conversion import PixelType
from fcn_hw.rtl.network import Call, Network, StreamSpec, support_files, top_verilog
from fcn_hw.tools.runner import run

pytestmark = pytest.mark.rtl

CASES = [all_cases()[n] for n in (2, 9, 15, 21)]
"""Each width of TDATA; beats that are wider than a pixel, narrower, and cut inside of one."""

DESIGN_ID = 0x12345678


def processes(number: int, case: Case) -> tuple[list[Call], dict[str, StreamSpec]]:
    """The processes of a case and their streams."""
    tensor = case.tensor
    prelude = (
        '#include "fcn_hw/axi_unpack.h"\n#include "fcn_hw/axi_pack.h"\n#include "nnet_types.h"\n'
        f"typedef nnet::array<{tensor.format.ap_type}, {tensor.channels}> pixel_t;\n"
        f"struct port {{ static constexpr int height = {tensor.height}, width = {tensor.width}, "
        f"data_width_bits = {case.width_bits};\n"
        f"static constexpr unsigned design_id = {DESIGN_ID}u; }};\n"
    )
    beat = f"ap_axiu<{case.width_bits}, 0, 0, 0>"
    beats = PixelType(BYTE_CHANNEL_BITS, case.beat_bytes + 1)
    ends = {"in": beats, "out": beats, "errors": PixelType(32, 1), "frames": PixelType(32, 1),
            "id": PixelType(32, 1)}  # fmt: skip
    streams = {
        f"{end}{number}": StreamSpec(f"{end}{number}", pixel, 0) for end, pixel in ends.items()
    }
    middle = f"pixels{number}"
    streams[middle] = StreamSpec(middle, pixel_of(tensor), 2)
    unpack = ProcessSource(
        f"unpack{number}", prelude,
        f"fcn_hw::axi_unpack<{beat}, pixel_t, port>(in{number}, {middle}, errors{number});", (),
        {f"in{number}": beat, middle: "pixel_t"}, (f"errors{number}",), ends_by_data=True,
    )  # fmt: skip
    pack = ProcessSource(
        f"pack{number}", prelude,
        f"fcn_hw::axi_pack<pixel_t, {beat}, port>"
        f"({middle}, out{number}, frames{number}, id{number});",
        (), {middle: "pixel_t", f"out{number}": beat}, (f"frames{number}", f"id{number}"),
    )  # fmt: skip
    calls = [
        Call(unpack, (f"in{number}",), (middle, f"errors{number}")),
        Call(pack, (middle,), (f"out{number}", f"frames{number}", f"id{number}")),
    ]
    return calls, streams


def channels_of(beats: list[Beat]) -> Codes:
    """Beats of packets as the RTL has them."""
    rows = [
        [byte | (0x300 if keep else 0) for byte, keep in zip(b.data, b.keep, strict=True)]
        + [b.last]
        for b in beats
    ]
    return np.asarray(rows, np.uint16)


def error_words(beats: list[Beat], case: Case) -> Codes:
    """What the register of errors holds after each frame."""
    words, at = [], 0
    whole = receive(beats, case.frame_bytes, case.beat_bytes)
    early = late = 0
    per_frame = -(-case.frame_bytes // case.beat_bytes)
    while at < len(beats):
        end = at
        while end < min(at + per_frame, len(beats)) and not beats[end].last:
            end += 1
        end = min(end + 1, at + per_frame, len(beats))
        found = receive(beats[at:end], case.frame_bytes, case.beat_bytes)
        early, late = early + found.early, late + found.late
        at = end
        if found.late:
            end = min(at + per_frame, len(beats))
            while at < end and not beats[at].last:
                at += 1
            at = min(at + 1, end)
        words.append(late << 16 | early)
    assert (words[-1] & 0xFFFF, words[-1] >> 16) == (whole.early, whole.late)
    return np.asarray(words, np.uint32)


def test_packets_right_and_wrong_with_and_without_stalls(tmp_path: Path) -> None:
    calls: list[Call] = []
    streams: dict[str, StreamSpec] = {}
    for number, case in enumerate(CASES):
        own, own_streams = processes(number, case)
        calls += own
        streams |= own_streams
    network = Network("ports", streams, tuple(calls), headers_of_templates())
    compiled: dict[str, Compiled] = {}
    compile_calls(
        network, calls, tmp_path, family="7series", period_ns=10.0, jobs=JOBS,
        on_done=compiled.__setitem__,
    )  # fmt: skip
    modules = verilog_files({name: item.verilog for name, item in compiled.items()})
    modules |= {**support_files(), "ports.v": top_verilog(network, taps=True)}
    part = tmp_path / FOLDER / "run"
    part.mkdir(parents=True)
    frames: dict[str, Frames] = {}
    for number, case in enumerate(CASES):
        beats = stimulus(case, seed=number)
        received = receive(beats, case.frame_bytes, case.beat_bytes)
        dtype = element_dtype(case.tensor.format)
        frames_out = [
            np.frombuffer(through_the_codes(frame, case.tensor), dtype) for frame in received.frames
        ]
        sent = np.stack(frames_out).reshape(-1, *case.tensor.shape)
        channels_of(beats).tofile(part / f"in{number}.in")
        out = beats_of(sent.astype(np.int64), case.tensor, case.beat_bytes)
        out.astype(np.uint16).tofile(part / f"out{number}.expected")
        sent.tofile(part / f"pixels{number}.expected")
        error_words(beats, case).tofile(part / f"errors{number}.expected")
        np.arange(1, len(sent) + 1, dtype=np.uint32).tofile(part / f"frames{number}.expected")
        np.full(len(sent), DESIGN_ID, np.uint32).tofile(part / f"id{number}.expected")
        pixels = case.tensor.height * case.tensor.width
        frames |= {
            f"in{number}": Frames(2, out.shape[2]), f"out{number}": Frames(2, out.shape[2]),
            f"pixels{number}": Frames(case.tensor.format.code_bytes, pixels),
            f"errors{number}": Frames(4, 1), f"frames{number}": Frames(4, 1),
            f"id{number}": Frames(4, 1),
        }  # fmt: skip
    run(plan_simulator(network, modules, frames, jobs=JOBS, optimize="-O0"), tmp_path)
    for stall in (0.0, 0.4):
        run(plan_run(stall=stall, seed=3), tmp_path)
        found = read_simulated(part / RESULT)
        assert found.finished
        wrong = {name: seen for name, seen in found.streams.items() if seen.wrong}
        assert wrong == {}
