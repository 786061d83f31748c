"""Writes a small HLS project and lints it."""

from __future__ import annotations

from pathlib import Path

from fcn_hw.lint import Report, lint_project

VENDOR = Path(__file__).parent / "lint_vendor"
MARK = "// HERE"
"""Behind the line of a planted violation."""


def lint_source(folder: Path, source: str, **files: str) -> Report:
    """Lints a project whose top function ``top`` is in ``source``.

    Args:
        files: more files of the firmware, by name with ``_h`` for ``.h``.
    """
    firmware = folder / "firmware"
    firmware.mkdir(parents=True, exist_ok=True)
    (firmware / "top.cpp").write_text(source)
    for name, text in files.items():
        (firmware / name.replace("_h", ".h")).write_text(text)
    return lint_project(folder, [VENDOR])


def marked_lines(source: str) -> list[int]:
    return [n for n, line in enumerate(source.split("\n"), start=1) if MARK in line]


def top(body: str, *, before: str = "", processes: str = "") -> str:
    """A source with a top function from stream ``in`` to stream ``out``.

    Args:
        body: of the dataflow region, behind its pragmas.
        before: declarations in front of the processes.
        processes: more functions.
    """
    return f"""#include "hls_stream.h"
typedef hls::stream<int> pixels;
{before}
template <int N> void copy(pixels &from, pixels &to) {{
    for (int n = 0; n < N; ++n) {{
        #pragma HLS PIPELINE II=1
        to.write(from.read());
    }}
}}
{processes}
void top(pixels &in, pixels &out) {{
    #pragma HLS INTERFACE axis port=in
    #pragma HLS INTERFACE axis port=out
    #pragma HLS INTERFACE ap_ctrl_none port=return
    #pragma HLS DATAFLOW
{body}
}}
"""


def process(body: str, *, before: str = "", region: bool = True) -> str:
    """A source whose one process has a body; ``in`` and ``out`` are its streams."""
    return top(
        "    work(in, out);" if region else body,
        before=before,
        processes=f"void work(pixels &in, pixels &out) {{\n{body}\n}}",
    )
