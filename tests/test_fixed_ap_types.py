"""``fixed.convert`` against the official ``ap_fixed`` headers, and what stands in for these in a
simulation of frames side by side against ``fixed.convert``, code for code."""

from __future__ import annotations

import itertools
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from fcn_hw.errors import FormatError
from fcn_hw.fixed import FixedFormat, Overflow, Rounding, convert
from fcn_hw.resources import data_folder

# Source, then width and integer bits of the target: fewer and more fraction bits, points outside
# the code, nothing left of the source, everything left.
SHAPES = [
    (FixedFormat(True, 12, 5), 8, 4),
    (FixedFormat(True, 12, 5), 1, 1),
    (FixedFormat(False, 11, 2), 6, -2),
    (FixedFormat(False, 11, 2), 4, 4),
    (FixedFormat(True, 40, 20), 8, 4),
    (FixedFormat(True, 40, 20), 3, 6),
    (FixedFormat(True, 9, 12), 5, 9),
    (FixedFormat(True, 9, 12), 30, 12),
]
PAIRS = [
    (source, FixedFormat(signed, width, integer, rounding, overflow))
    for (source, width, integer), signed, rounding, overflow in itertools.product(
        SHAPES, (True, False), Rounding, Overflow
    )
]
CODES = 120

PROGRAM = """
#include <ap_fixed.h>
#include <cstdint>
#include <fstream>
#include <iostream>

// Reads the codes of Source from `in`, prints the codes of Target that assignment gives.
template <class Source, class Target> void table(std::ifstream &in) {{
    int64_t code;
    for (int k = 0; k < {codes}; k++) {{
        in >> code;
        Source source;
        source.range() = code;
        Target target = source;
        ap_uint<Target::width> bits = target.range();
        std::cout << bits.to_uint64() << ' ';
    }}
    std::cout << '\\n';
}}

int main(int, char **argv) {{
    std::ifstream in(argv[1]);
    {calls}
}}
"""


LANES_PROGRAM = """
#include "fcn_hw/code.h"
#include <cstdint>
#include <fstream>
#include <iostream>

// As above, through the functions that the headers call.
template <class Source, class Target> void table(std::ifstream &in) {{
    for (int k = 0; k < {codes}; k += FCN_HW_LANES) {{
        fcn_hw::each<int64_t> codes;
        for (int64_t &code : codes.of) in >> code;
        const Target target = fcn_hw::convert<Target>(fcn_hw::from_code<Source>(codes));
        const fcn_hw::each<int64_t> found = fcn_hw::to_code(target);
        for (int64_t code : found.of) std::cout << code << ' ';
    }}
    std::cout << '\\n';
}}

int main(int, char **argv) {{
    std::ifstream in(argv[1]);
    {calls}
}}
"""
LANES = 8
RANDOM_PAIRS = 150


def random_pairs() -> list[tuple[FixedFormat, FixedFormat]]:
    """Any two formats, most of them narrow, that 64 bits can convert."""
    random = np.random.default_rng(11)
    found: list[tuple[FixedFormat, FixedFormat]] = []
    while len(found) < RANDOM_PAIRS:
        pair = []
        for widest in (random.choice([4, 9, 20, 40, 63]), random.choice([3, 8, 17, 33, 63])):
            width = int(random.integers(1, widest, endpoint=True))
            integer = int(random.integers(-4, width + 4, endpoint=True))
            modes = list(Rounding)[random.integers(4)], list(Overflow)[random.integers(3)]
            pair.append(FixedFormat(bool(random.integers(2)), width, integer, *modes))
        source, target = pair
        try:
            convert([source.min_code, source.max_code], source.fraction, target)
        except FormatError:
            continue
        found.append((source, target))
    return found


def codes_of(source: FixedFormat, target: FixedFormat, seed: int) -> np.ndarray:
    """Random codes, both ends, and the neighbourhood of every tie near zero and near saturation."""
    random = np.random.default_rng(seed)
    shift = source.fraction - target.fraction
    ties = []
    if 1 <= shift < 40:
        at = [0, target.min_code, target.max_code]
        steps = [(place + k) << shift for place in at for k in (-2, -1, 0, 1)]
        ties = [step + (1 << (shift - 1)) + d for step in steps for d in (-1, 0, 1)]
    fixed = [0, source.min_code, source.max_code, source.min_code + 1, source.max_code - 1, *ties]
    inside = [code for code in fixed if source.min_code <= code <= source.max_code]
    rest = random.integers(source.min_code, source.max_code, CODES, endpoint=True)
    # Small codes as well: in a wide source nearly all others saturate.
    rest[::3] >>= random.integers(0, source.width, len(rest[::3]))
    return np.array([*inside, *rest][:CODES])


@pytest.mark.gxx
def test_every_mode_as_ap_fixed_assigns(tmp_path: Path) -> None:
    spec = find_spec("hls4ml")
    assert spec is not None and spec.submodule_search_locations
    headers = Path(spec.submodule_search_locations[0]) / "templates/vivado/ap_types"
    calls = "\n    ".join(f"table<{a.ap_type}, {b.ap_type}>(in);" for a, b in PAIRS)
    (tmp_path / "main.cpp").write_text(PROGRAM.format(codes=CODES, calls=calls))
    inputs = [codes_of(a, b, seed) for seed, (a, b) in enumerate(PAIRS)]
    np.savetxt(tmp_path / "codes.txt", np.array(inputs), fmt="%d")
    subprocess.run(
        ["g++", "-std=c++14", "-O0", "-w", "-isystem", str(headers), "main.cpp", "-o", "main"],
        cwd=tmp_path,
        check=True,
    )
    done = subprocess.run(
        ["./main", "codes.txt"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(PAIRS)
    for (source, target), codes, line in zip(PAIRS, inputs, lines, strict=True):
        expected = [int(text) for text in line.split()]
        found = [
            code % 2**target.width for code in convert(codes, source.fraction, target).tolist()
        ]
        assert found == expected, f"{source} to {target}"


@pytest.mark.gxx
def test_every_mode_side_by_side(tmp_path: Path) -> None:
    pairs = PAIRS + random_pairs()
    calls = "\n    ".join(f"table<{a.ap_type}, {b.ap_type}>(in);" for a, b in pairs)
    (tmp_path / "main.cpp").write_text(LANES_PROGRAM.format(codes=CODES, calls=calls))
    inputs = [codes_of(a, b, seed) for seed, (a, b) in enumerate(pairs)]
    np.savetxt(tmp_path / "codes.txt", np.array(inputs), fmt="%d")
    templates = data_folder("templates")
    folders = (templates / "sim" / "lanes", templates / "include")
    subprocess.run(
        ["g++", "-std=c++14", "-O0", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas",
         "-Wno-unused-label", f"-DFCN_HW_LANES={LANES}", *(f"-I{item}" for item in folders),
         "-fsanitize=undefined", "-fno-sanitize-recover=all", "main.cpp", "-o", "main"],
        cwd=tmp_path,
        check=True,
    )  # fmt: skip
    done = subprocess.run(
        ["./main", "codes.txt"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(pairs)
    for (source, target), codes, line in zip(pairs, inputs, lines, strict=True):
        found = [int(text) for text in line.split()]
        assert found == convert(codes, source.fraction, target).tolist(), f"{source} to {target}"
