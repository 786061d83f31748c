"""The test bench of RTL cosimulation as C++: several ports, several runs, wrong files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from sample_graphs import two_in_three_out

from fcn_hw.backend.axi_interface import axi_interface
from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.design import Hls
from fcn_hw.errors import Mismatch, ReportError
from fcn_hw.flow import cosim_bench
from fcn_hw.reference import evaluate
from fcn_hw.tools.runner import run, write_files

pytestmark = pytest.mark.gxx

GRAPH, BOARD, FRAMES = two_in_three_out(), load_board("kv260"), 3
INTERFACE = axi_interface(GRAPH, BOARD)
CODES = {
    op.name: np.random.default_rng(1).integers(0, 256, (FRAMES, *op.output.shape))
    for op in GRAPH.inputs
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled bench, after one run."""
    folder = tmp_path_factory.mktemp("bench")
    write_files(plan_project(GRAPH, BOARD, Hls(ReuseFactor=1)), folder)
    cosim_bench.write_stimulus(INTERFACE, folder, CODES)
    run(cosim_bench.plan_build(GRAPH, INTERFACE, ap_types_folder()), folder, jobs=2)
    run(cosim_bench.plan_run(INTERFACE), folder)
    return folder


def bench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [f"./{cosim_bench.PROGRAM}", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_several_ports(project: Path) -> None:
    """Two inputs, three outputs, ragged last beats, 16-bit codes: the oracle's, every one."""
    expected = evaluate(GRAPH, CODES, keep=tuple(GRAPH.outputs))
    actual = cosim_bench.read_outputs(GRAPH, INTERFACE, project, cosim_bench.CSIM_FOLDER, 0, FRAMES)
    outputs = {name: expected[name] for name in GRAPH.outputs}
    assert cosim_bench.must_agree(outputs, actual) == sum(a.size for a in outputs.values())
    wrong = {name: np.array(codes) for name, codes in actual.items()}
    wrong["mixed"][2, 3, 5, 1] += 1
    with pytest.raises(Mismatch) as caught:
        cosim_bench.must_agree(outputs, wrong)
    assert (caught.value.tensor, caught.value.index) == ("mixed", (2, 3, 5, 1))


def test_every_run_has_a_number(project: Path) -> None:
    """Run 1 is the RTL's; the C++ alone is not enough."""
    with pytest.raises(ReportError, match="ran 0 times"):
        cosim_bench.last_run(INTERFACE, project)
    for expected in (None, 1, 2):
        done = bench(project, "cosim", "cosim/rtl")
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(f"frame {FRAMES} of {FRAMES}\n")
        if expected is None:
            with pytest.raises(ReportError, match="ran 1 times"):
                cosim_bench.last_run(INTERFACE, project)
        else:
            assert cosim_bench.last_run(INTERFACE, project) == expected
    first = (project / "cosim/rtl/out_both.0.bin").read_bytes()
    assert (project / "cosim/rtl/out_both.2.bin").read_bytes() == first


def test_wrong_use(project: Path, tmp_path: Path) -> None:
    done = bench(project)
    assert (done.returncode, done.stderr) == (2, "usage: ./cosim/bench IN_FOLDER OUT_FOLDER\n")
    done = bench(project, str(tmp_path), str(tmp_path))
    assert done.returncode == 1
    assert "in_left.in.bin: No such file or directory" in done.stderr
    good = {path.name: path.read_bytes() for path in (project / "cosim").glob("*.in.bin")}
    for left, right, message in (
        (good["in_left.in.bin"][:-1], good["in_right.in.bin"], "holds 71 bytes, no whole number"),
        (b"", good["in_right.in.bin"], "holds 0 bytes, no whole number of frames of 24"),
        (good["in_left.in.bin"][:48], good["in_right.in.bin"], "holds 3 frames, not 2"),
    ):
        (tmp_path / "in_left.in.bin").write_bytes(left)
        (tmp_path / "in_right.in.bin").write_bytes(right)
        done = bench(project, str(tmp_path), str(tmp_path))
        assert done.returncode == 1
        assert message in done.stderr
    done = bench(project, "cosim", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr
