"""AXI4-Stream to pixels and back: every width, ragged frames, TLAST in the wrong place."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from axi_model import Beat, packet, receive, through_the_codes
from header_bench import compile_source, counting_headers

from fcn_hw.fixed import parse_format
from fcn_hw.ir.axi_cycles import frame_beats, pack_cycles, unpack_cycles
from fcn_hw.ops import Tensor
from fcn_hw.resources import data_folder

pytestmark = pytest.mark.gxx
TEMPLATES = data_folder("templates")

PROGRAM = """
static long long pipelined_cycles = 0;
#include "fcn_hw/axi_pack.h"
#include "fcn_hw/axi_unpack.h"
#include "nnet_types.h"
#include <cstdio>
#include <cstdlib>

template <class beat_T> bool get(std::FILE *file, hls::stream<beat_T> &stream) {
    const int bytes = decltype(beat_T::data)::width / 8;
    beat_T beat;
    for (int b = 0; b < bytes; ++b) {
        const int byte = std::fgetc(file), keep = std::fgetc(file);
        if (byte == EOF) return false;
        beat.data.range(8 * b + 7, 8 * b) = byte;
        beat.keep[b] = keep;
    }
    beat.strb = beat.keep;
    beat.last = std::fgetc(file);
    stream.write(beat);
    return true;
}

template <class beat_T> void put(std::FILE *file, const beat_T &beat) {
    const int bytes = decltype(beat_T::data)::width / 8;
    for (int b = 0; b < bytes; ++b) {
        std::fputc(beat.data.range(8 * b + 7, 8 * b).to_uint(), file);
        std::fputc(beat.keep[b] ? 1 : 0, file);
        if (beat.keep[b] != beat.strb[b]) std::abort();
    }
    std::fputc(beat.last ? 1 : 0, file);
}

// Beats that come in go out as frames; prints frames, errors, and the cycles of the last frame.
template <class pixel_T, class port_T> void run(const char *in_path, const char *out_path) {
    typedef ap_axiu<port_T::data_width_bits, 0, 0, 0> beat_t;
    std::FILE *in_file = std::fopen(in_path, "rb"), *out_file = std::fopen(out_path, "wb");
    hls::stream<beat_t> in("in"), out("out");
    hls::stream<pixel_T> pixels("pixels");
    while (get(in_file, in)) {}
    long long unpack = 0, pack = 0;
    ap_uint<32> errors = 0, frames = 0, design_id = 0;
    while (!in.empty()) {
        pipelined_cycles = 0;
        fcn_hw::axi_unpack<beat_t, pixel_T, port_T>(in, pixels, errors);
        unpack = pipelined_cycles;
        pipelined_cycles = 0;
        fcn_hw::axi_pack<pixel_T, beat_t, port_T>(pixels, out, frames, design_id);
        pack = pipelined_cycles;
        if (!pixels.empty()) std::abort();
    }
    while (!out.empty()) put(out_file, out.read());
    std::printf("%u %u %u %lld %lld\\n", frames.to_uint(), errors.to_uint(), design_id.to_uint(),
                unpack, pack);
    std::fclose(in_file);
    std::fclose(out_file);
}
"""


@dataclass(frozen=True)
class Case:
    width_bits: int
    tensor: Tensor

    @property
    def beat_bytes(self) -> int:
        return self.width_bits // 8

    @property
    def frame_bytes(self) -> int:
        return self.tensor.size * self.tensor.format.code_bytes


FORMATS = (  # text, channels
    ("ufixed<8,0>", 1), ("ufixed<8,8>", 3), ("fixed<5,2>", 2), ("fixed<11,3>", 3),
    ("ufixed<17,3>", 1), ("fixed<40,9>", 2), ("fixed<1,1>", 19),
)  # fmt: skip
SIZES = ((3, 5), (1, 1), (2, 7), (4, 4), (1, 3), (5, 1), (3, 3))


def all_cases() -> list[Case]:
    cases = []
    for row, (text, channels) in enumerate(FORMATS):
        for column, width in enumerate((8, 32, 64, 128)):
            size = SIZES[(row + column) % len(SIZES)]
            tensor = Tensor("t", (*size, channels), parse_format(text))
            cases.append(Case(width, tensor))
    return cases


def stimulus(case: Case, seed: int) -> list[Beat]:
    """Good packets back to back, and between them every kind of wrong one."""
    rng = np.random.default_rng(seed)
    size, beat = case.frame_bytes, case.beat_bytes
    beats = frame_beats(case.tensor, case.width_bits)

    def good(count: int = 1, **kwargs: bool) -> list[Beat]:
        return [b for _ in range(count) for b in packet(rng.bytes(size), beat, **kwargs)]

    stream = good(3)
    if beats > 1:
        stream += packet(rng.bytes(beat), beat) + good()  # early, by whole beats
        stream += packet(rng.bytes(beat), beat) + packet(rng.bytes(beat * (beats - 1)), beat)
    if size > 1:
        stream += packet(rng.bytes(size - 1), beat) + good(2)  # early, by one byte
    stream += packet(rng.bytes(beats * beat + 1), beat) + good(2)  # late, by one beat
    stream += packet(rng.bytes(2 * beats * beat), beat) + good()  # late, by a frame
    stream += packet(rng.bytes(2 * beats * beat + 1), beat) + good()  # one more: cut in two
    stream += good(last=False) + good(2)  # missing: two packets in one
    for count in (4, 5, 7):
        stream += good(count, last=False) + good(2)  # missing for a long time
    holes = packet(rng.bytes(size), beat)  # a byte without TKEEP in the middle
    stream += [Beat(b.data, (False, *b.keep[1:]), b.last) for b in holes] + good()
    for _ in range(12):
        length = int(rng.integers(1, 3 * beats * beat + 2))
        stream += packet(rng.bytes(length), beat)
    return stream + good()


def expected_beats(frames: tuple[bytes, ...], case: Case) -> list[Beat]:
    return [
        beat
        for frame in frames
        for beat in packet(through_the_codes(frame, case.tensor), case.beat_bytes)
    ]


def to_file(stream: list[Beat]) -> bytes:
    words = bytearray()
    for beat in stream:
        for byte, keep in zip(beat.data, beat.keep, strict=True):
            words += bytes((byte, keep))
        words.append(beat.last)
    return bytes(words)


def from_file(data: bytes, beat_bytes: int) -> list[Beat]:
    step = 2 * beat_bytes + 1
    assert len(data) % step == 0
    parts = [data[at : at + step] for at in range(0, len(data), step)]
    return [Beat(p[:-1:2], tuple(bool(k) for k in p[1:-1:2]), bool(p[-1])) for p in parts]


@pytest.mark.parametrize("flags", [(), ("-DFCN_HW_EXACT_WIDTHS",)], ids=["native", "exact"])
def test_every_width_format_and_wrong_tlast(tmp_path: Path, flags: tuple[str, ...]) -> None:
    cases = all_cases() if not flags else all_cases()[1::3]
    text, main = PROGRAM, ""
    for index, case in enumerate(cases):
        tensor = case.tensor
        text += (
            f"struct port{index} {{ static constexpr int height = {tensor.height}, "
            f"width = {tensor.width}, data_width_bits = {case.width_bits}; "
            f"static constexpr unsigned design_id = 0xffff{index:04x}u; }};\n"
        )
        pixel = f"nnet::array<{tensor.format.ap_type}, {tensor.channels}>"
        main += f'    run<{pixel}, port{index}>("{index}.in", "{index}.out");\n'
        (tmp_path / f"{index}.in").write_bytes(to_file(stimulus(case, index)))
    (tmp_path / "axi.cpp").write_text(text + f"int main() {{\n{main}}}\n")
    include = counting_headers(TEMPLATES / "include", tmp_path / "include")
    compiled = compile_source(
        tmp_path / "axi.cpp", include, *flags, "-I", str(TEMPLATES / "sim" / "axis"),
        "-o", str(tmp_path / "axi"),
    )  # fmt: skip
    assert compiled.returncode == 0 and not compiled.stderr, compiled.stderr[:5000]
    ran = subprocess.run(
        [tmp_path / "axi"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0 and not ran.stderr, ran.stderr[:2000]
    lines = ran.stdout.splitlines()
    assert len(lines) == len(cases), ran.stdout[:2000]  # no warning of an empty stream
    for index, (case, line) in enumerate(zip(cases, lines, strict=True)):
        stream = stimulus(case, index)
        found = receive(stream, case.frame_bytes, case.beat_bytes)
        assert found.late > 0 and len(found.frames) > 20, case
        assert found.early > 0, case
        frames, errors, design_id, unpack, pack = map(int, line.split())
        assert frames == len(found.frames), case
        assert (errors & 0xFFFF, errors >> 16) == (found.early, found.late), case
        assert design_id == 0xFFFF0000 + index
        assert unpack == unpack_cycles(case.tensor, case.width_bits), case
        assert pack == pack_cycles(case.tensor, case.width_bits), case
        out = from_file((tmp_path / f"{index}.out").read_bytes(), case.beat_bytes)
        assert out == expected_beats(found.frames, case), case


def test_model_of_one_wrong_tlast() -> None:
    """The specification in numbers small enough to be read: frames of 3 bytes, beats of 1."""

    def received(*packets: bytes) -> tuple[tuple[bytes, ...], int, int]:
        found = receive([b for p in packets for b in packet(p, 1)], 3, 1)
        return found.frames, found.early, found.late

    assert received(b"abc", b"def") == ((b"abc", b"def"), 0, 0)
    assert received(b"a", b"def") == ((b"a\0\0", b"def"), 1, 0)
    assert received(b"abcX", b"def") == ((b"abc", b"def"), 0, 1)
    assert received(b"abcXYZ", b"def") == ((b"abc", b"def"), 0, 1)
    assert received(b"abcXYZd", b"efg") == ((b"abc", b"d\0\0", b"efg"), 1, 1)
    assert received(b"abcXYZdefXYZ", b"ghi") == ((b"abc", b"def", b"ghi"), 0, 2)
