"""The stages csynth, cosim, export, impl and bitstream, with fake tools on PATH.

The fake tools execute the emitted Tcl with tclsh (``tests/support/vendor_stubs.tcl``) and leave
their reports where the script's commands say, so that scripts, paths, parsers and stages are held
together.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from seeded_design import quiet, seed_design, seeded_graph
from typer.testing import CliRunner
from vendor_path import put_on_path

from fcn_hw.backend.axi_interface import axi_interface
from fcn_hw.boards import load_board
from fcn_hw.cli import app
from fcn_hw.errors import (
    ConfigError,
    FcnHwError,
    Mismatch,
    NoLicence,
    Regression,
    ReportError,
    TimingNotMet,
    ToolFailed,
    ToolNotFound,
)
from fcn_hw.files import replace_file
from fcn_hw.flow import Workspace, cosim, cosim_bench, hardware, pipeline, vendor
from fcn_hw.flow.csim_report import CsimResult
from fcn_hw.flow.handoff import vendor_files
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord
from fcn_hw.flow.workspace import GraphWorkspace, Target
from fcn_hw.plan import Plan
from fcn_hw.results import write_result
from fcn_hw.tools.find import variable

pytestmark = [
    pytest.mark.gxx,
    pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not on PATH"),
]

BOARD = load_board("pynq-z2")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return seed_design(tmp_path_factory.mktemp("hardware"))


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Vitis HLS and Vivado 2022.2; ``calls`` reads what was started."""
    for name in ("vitis_hls", "vitis-run", "vivado_hls", "vivado"):
        monkeypatch.delenv(variable(name), raising=False)
    put_on_path(monkeypatch, tmp_path / "bin", "vitis_hls", "vivado")
    monkeypatch.setenv("FAKE_XILINX_LOG", str(tmp_path / "started"))
    interface = axi_interface(seeded_graph(), BOARD)
    names = [port.name for port in (*interface.inputs, *interface.outputs)]
    monkeypatch.setenv("STUB_IP_INTERFACES", " ".join(["s_axi_control", *names]))
    yield tmp_path


@pytest.fixture
def fresh(workspace: Workspace) -> Workspace:
    """As if no vendor tool had run: projects stay, what the tools left goes."""
    project = workspace.project(BOARD)
    if project.is_dir():
        for path in project.glob(".*.stage.json"):
            if path.name not in (".fifo.stage.json", ".bench.stage.json", ".hls.stage.json"):
                path.unlink()
        for path in (project / "report").glob("regression.json"):
            path.unlink()
    return workspace


def started(folder: Path) -> list[str]:
    """The scripts that tools were started with, since last asked."""
    path = folder / "started"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    words = [json.loads(line) for line in lines]
    return [Path(word[-1]).stem for word in words if word[-1].endswith(".tcl")]


def run(what: str, workspace: Target, **more: object) -> tuple[hardware.HardwareRun, str]:
    output = io.StringIO()
    progress = Progress(Console(file=output, width=200))
    function = getattr(hardware, f"run_{what}")
    return function(workspace, BOARD, progress, **more), output.getvalue()


# -- what each leaves ----------------------------------------------------------------------------


def test_csynth(fresh: Workspace, tools: Path) -> None:
    found, said = run("csynth", fresh)
    assert started(tools) == ["csynth"]
    assert "csynth    vitis_hls 2022.2" in said
    assert found.csynth.top == "seeded_axi"
    assert found.csynth.resources.lut == 4567
    assert [module.name for module in found.csynth.modules] == [
        "axi_unpack_8", "conv2d_conv1", "axi_pack_9",
    ]  # fmt: skip
    again, said = run("csynth", fresh)
    assert started(tools) == []
    assert "csynth    up to date" in said
    assert again.csynth == found.csynth


def test_cosim_compares_every_code(fresh: Workspace, tools: Path) -> None:
    found, _ = run("cosim", fresh, images=3)
    assert started(tools) == ["csynth", "cosim"]
    assert found.cosim is not None
    assert (found.cosim.images, found.cosim.values_compared) == (3, 3 * 8 * 11)
    assert found.cosim.report.languages[0].latency is not None
    run("cosim", fresh, images=3)
    assert started(tools) == []
    run("cosim", fresh, images=1)
    assert started(tools) == ["cosim"]


def test_the_test_bench_sends_the_codes_of_the_oracle(fresh: Workspace) -> None:
    """The C++ behind the AXI ports, compiled with warnings on, is the oracle, code for code."""
    run("cosim", fresh, images=2)
    project = fresh.project(BOARD)
    sent = np.fromfile(project / "cosim/in_image.in.bin", np.uint8)
    assert sent.size == 2 * 8 * 11 * 3
    back = np.fromfile(project / "cosim/csim/out_class_map.0.bin", np.uint8)
    assert back.size == 2 * 8 * 11
    assert len(np.unique(back)) > 1  # a map of one class would prove little
    for log in (project / "logs").glob("compile-*.log"):
        assert "warning" not in log.read_text(), log


def test_bitstream(fresh: Workspace, tools: Path) -> None:
    found, _ = run("bitstream", fresh)
    assert started(tools) == ["csynth", "export", "impl", "bitstream"]
    assert found.bitstream is not None
    assert found.bitstream.bit.name == "seeded.bit"
    assert found.bitstream.hwh.name == "seeded.hwh"
    assert found.bitstream.bit.parent == found.bitstream.hwh.parent
    assert found.bitstream.implementation.timing.setup.worst_ns == 0.412
    run("bitstream", fresh)
    assert started(tools) == []
    found.bitstream.hwh.unlink()
    run("bitstream", fresh)
    assert started(tools) == ["bitstream"]


def test_a_graph_without_a_design(workspace: Workspace, tools: Path, tmp_path: Path) -> None:
    alone = GraphWorkspace(workspace.graph, tmp_path / "project")
    found, _ = run("bitstream", alone)
    assert started(tools) == ["csynth", "export", "impl", "bitstream"]
    assert found.bitstream is not None
    assert found.bitstream.bit == tmp_path / "project/bitstream/seeded.bit"
    found.check()


@pytest.mark.parametrize(
    ("program", "version"), [("vitis-run", "2025.1"), ("vivado_hls", "2019.2")]
)
def test_other_tools(
    fresh: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch, program: str, version: str
) -> None:
    put_on_path(monkeypatch, tools / "bin", program, "vivado")
    monkeypatch.setenv("FAKE_XILINX_VERSION", version)
    if version == "2019.2":
        monkeypatch.setenv("STUB_OLD_VIVADO", "1")
    found, said = run("bitstream", fresh)
    assert started(tools) == ["csynth", "export", "impl", "bitstream"]
    assert f"{program} {version}" in said
    ignored = "warning: Vivado HLS ignores the pragma BIND_STORAGE: it chooses the memories of"
    assert (ignored in said) == (program == "vivado_hls")
    assert found.csynth.resources.dsp == 12
    assert len(found.csynth.modules) == 3


def test_another_version_synthesises_again(
    fresh: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("csynth", fresh)
    monkeypatch.setenv("FAKE_XILINX_VERSION", "2023.1")
    started(tools)
    run("csynth", fresh)
    assert started(tools) == ["csynth"]


def test_what_stands_for_a_bundle(
    fresh: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what was made of the present sources is packed; the tools may be gone by then."""
    run("bitstream", fresh)
    project = fresh.project(BOARD)
    put_on_path(monkeypatch, tools / "bin")
    _, plan = pipeline.hls_stage(fresh, BOARD, quiet())
    found = vendor_files(project, "seeded", plan)
    assert {what: item and item[0] for what, item in found.items()} == {
        "C synthesis report": "reports/vendor/seeded_axi_csynth.xml",
        "utilization": "reports/vendor/utilization.rpt",
        "timing": "reports/vendor/timing_summary.rpt",
        "bitstream": "bitstream/seeded.bit",
        "hardware description": "bitstream/seeded.hwh",
    }
    other = Plan(files={**plan.files, "firmware/weights/conv1.h": "// other weights\n"})
    assert set(vendor_files(project, "seeded", other).values()) == {None}
    (project / "bitstream/seeded.hwh").unlink()
    found = vendor_files(project, "seeded", plan)
    assert [what for what, item in found.items() if item is None] == [
        "bitstream", "hardware description",
    ]  # fmt: skip


# -- failures ------------------------------------------------------------------------------------

STAGES = ("csynth", "export", "impl", "bitstream", "cosim")


def forget_from(workspace: Workspace, stage: str) -> list[str]:
    """Runs all stages, then takes back the records of one and those behind it; those before."""
    command = command_of(stage)
    run(command, workspace)
    order = ["csynth", "cosim"] if stage == "cosim" else list(STAGES[:-1])
    before = order[: order.index(stage)]
    for name in order[len(before) :]:
        (workspace.project(BOARD) / f".{name}.stage.json").unlink()
    return before


def command_of(stage: str) -> str:
    return "cosim" if stage == "cosim" else "bitstream"


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("exit1", ToolFailed, "failed: exit status 1"),
        ("hang", ToolFailed, "failed: killed after 1.08 s"),
        ("forget", ToolFailed, "exit status 0, but it left no"),
        ("licence", NoLicence, "has no licence: ERROR: [Common 17-345]"),
        ("kill", ToolFailed, "failed: ended by signal 9 (Killed)"),
    ],
)
def test_every_stage_fails_clearly_and_resumes(
    workspace: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch,
    stage: str, how: str, error: type[FcnHwError], message: str,
) -> None:  # fmt: skip
    before = forget_from(workspace, stage)
    project = workspace.project(BOARD)
    kept = [(project / f".{name}.stage.json").read_text() for name in before]
    regression = (project / "report/regression.json").read_text()
    started(tools)
    monkeypatch.setenv("FAKE_XILINX_FAIL", f"{stage}:{how}")
    with pytest.raises(error) as caught:
        run(command_of(stage), workspace, hours=0.0003 if how == "hang" else None)
    assert message in str(caught.value)
    assert caught.value.exit_status == (2 if how == "licence" else 1)
    assert caught.value.log == project / f"logs/{stage}.log"
    assert started(tools) == [stage]
    # what was finished is kept; the stage that failed has no record, and no run is compared
    assert [(project / f".{name}.stage.json").read_text() for name in before] == kept
    assert StageRecord(stage, project, "").standing().state == "absent"
    assert (project / "report/regression.json").read_text() == regression
    monkeypatch.delenv("FAKE_XILINX_FAIL")
    run(command_of(stage), workspace)
    assert started(tools)[0] == stage


@pytest.mark.parametrize(
    ("missing", "what", "name"),
    [
        ("vitis_hls", "csynth", "vitis_hls"),
        ("vitis_hls", "cosim", "vitis_hls"),
        ("vivado", "bitstream", "vivado"),
    ],
)
def test_a_missing_tool_comes_first(
    workspace: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch,
    missing: str, what: str, name: str,
) -> None:  # fmt: skip
    """Before anything else is done: nobody waits for a training to hear it."""
    put_on_path(monkeypatch, tools / "bin", *({"vitis_hls", "vivado"} - {missing}))
    monkeypatch.setattr(vendor, "hls_stage", lambda *_: pytest.fail("went on without the tool"))
    with pytest.raises(ToolNotFound, match=f"'{name}' was not found on PATH"):
        run(what, workspace)
    assert started(tools) == []


def test_errors_inside_vivado_s_runs(fresh: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_RUN_FAILS", "impl_1")
    with pytest.raises(ToolFailed) as caught:
        run("bitstream", fresh)
    assert "ERROR: [Place 30-640] Place Check" in caught.value.hint
    assert "run impl_1: ERROR" in caught.value.hint


def test_timing_that_is_not_met(
    fresh: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("bitstream", fresh)
    bit = fresh.project(BOARD) / "bitstream/seeded.bit"
    assert bit.is_file()
    (fresh.project(BOARD) / ".impl.stage.json").unlink()
    started(tools)
    monkeypatch.setenv("FAKE_XILINX_FAIL", "impl:slow_clock")
    with pytest.raises(TimingNotMet) as caught:
        run("bitstream", fresh)
    assert str(caught.value) == (
        "timing is not met at 10 ns: WNS -0.731 ns at 44 of 24,518 endpoints"
    )
    assert caught.value.exit_status == 1
    assert caught.value.log == fresh.project(BOARD) / "vivado/reports/timing_summary.rpt"
    assert started(tools) == ["impl"]
    assert not bit.exists()  # no bitstream of an older design lies where this one would


def test_a_code_that_differs(fresh: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_XILINX_FAIL", "cosim:mismatch")
    with pytest.raises(Mismatch) as caught:
        run("cosim", fresh, images=1)
    assert caught.value.tensor == "class_map"
    assert caught.value.index == (0, 0, 5, 0)
    assert caught.value.count == 1
    assert caught.value.expected ^ caught.value.actual == 1


def test_the_rtl_s_codes_must_be_there(fresh: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The C++ of cosimulation's first run is not taken for the RTL."""
    monkeypatch.setenv("FAKE_XILINX_FAIL", "cosim:once")
    with pytest.raises(ToolFailed, match=r"it left no 'cosim/rtl/out_class_map\.1\.bin'"):
        run("cosim", fresh, images=1)
    interface = axi_interface(seeded_graph(), BOARD)
    with pytest.raises(ReportError) as caught:
        cosim_bench.last_run(interface, fresh.project(BOARD))
    assert "the test bench ran 1 times, so the RTL's codes of 'out_class_map' are not" in str(
        caught.value
    )


def test_a_failed_simulation(fresh: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_XILINX_FAIL", "cosim:fail")
    with pytest.raises(ReportError, match="Verilog failed: the test bench rejects"):
        run("cosim", fresh, images=1)


def test_a_wrong_wrapper_is_found_before_the_rtl(
    fresh: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = cosim.evaluate

    def wrong(*args: object, **more: object) -> dict[str, object]:
        found = true(*args, **more)  # type: ignore[arg-type]
        found["class_map"] = found["class_map"] + (found["class_map"] == 0)
        return found

    monkeypatch.setattr(cosim, "evaluate", wrong)
    with pytest.raises(Mismatch):
        run("cosim", fresh, images=2)
    assert started(tools) == ["csynth"]


def test_reports_that_contradict_each_other(fresh: Workspace) -> None:
    run("csynth", fresh)
    path = fresh.project(BOARD) / "seeded_axi_prj/solution1/syn/report/seeded_axi_csynth.rpt"
    text = path.read_text()
    path.write_text(text.replace("     4567|", "     4568|"))
    found, said = run("csynth", fresh)  # same size, other number: done again
    assert found.csynth.resources.lut == 4567
    assert "up to date" not in next(line for line in said.splitlines() if "csynth" in line)
    assert path.read_text() == text


def test_full_disk(fresh: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the record can't be written, the stage is done again; those before are not."""
    run("csynth", fresh)
    started(tools)
    with monkeypatch.context() as patch:

        def full(path: Path, data: object) -> bool:
            if path.name == ".export.stage.json" and '"outputs"' in str(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            return replace_file(path, data)  # type: ignore[arg-type]

        patch.setattr("fcn_hw.flow.stage.replace_file", full)
        with pytest.raises(OSError, match="No space left on device"):
            run("bitstream", fresh)
    assert started(tools) == ["export"]
    run("bitstream", fresh)
    assert started(tools) == ["export", "impl", "bitstream"]


def test_killed_in_the_middle(fresh: Workspace, tools: Path) -> None:
    """Kill -9 in the middle of impl; the next run goes on there."""
    root = fresh.folder.parents[1]
    pid = tools / "pid"
    environment = {**os.environ, "FAKE_XILINX_FAIL": "impl:hang", "FAKE_XILINX_PID": str(pid)}
    words = [sys.executable, "-m", "fcn_hw", "bitstream", "seeded", "-b", BOARD.name]
    (fresh.project(BOARD) / "logs/impl.log").unlink(missing_ok=True)
    with subprocess.Popen(
        [*words, "--root", str(root)], env=environment, stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, start_new_session=True,
    ) as child:  # fmt: skip
        end = time.monotonic() + 300
        log = fresh.project(BOARD) / "logs/impl.log"
        while not (log.exists() and "******" in log.read_text()):
            assert time.monotonic() < end and child.poll() is None, child.communicate()
            time.sleep(0.1)
        os.kill(child.pid, signal.SIGKILL)
    os.kill(int(pid.read_text()), signal.SIGKILL)  # the tool outlives the one that started it
    assert child.returncode == -signal.SIGKILL
    started(tools)
    run("bitstream", fresh)
    assert started(tools) == ["impl", "bitstream"]


def test_a_path_with_blanks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has a blank, at which cosimulation would split it"):
        run("csynth", seed_design(tmp_path / "a root"))


def test_another_part(tmp_path: Path) -> None:
    design = seed_design(tmp_path / "part")
    path = design.folder / "design.yaml"
    path.write_text(path.read_text().replace("ReuseFactor: 4", "ReuseFactor: 4, Part: xc7z045"))
    with pytest.raises(ConfigError, match=r"hls\.Part is not the part of board 'pynq-z2'"):
        run("bitstream", seed_design_again(design))


def seed_design_again(design: Workspace) -> Workspace:
    from fcn_hw.flow import open_workspace

    return open_workspace("seeded", design.folder.parents[1])


# -- regression ----------------------------------------------------------------------------------


def test_regression(fresh: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is worse fails, and again, until it is accepted."""
    found, _ = run("csynth", fresh)
    assert found.rows == ()
    path = fresh.report(BOARD) / "regression.json"
    stored = json.loads(path.read_text())
    assert stored["baseline"] == stored["current"]
    assert set(stored["current"]) == {
        "csynth.latency", "csynth.interval", "csynth.clock", "csynth.lut", "csynth.ff",
        "csynth.dsp", "csynth.bram18", "csynth.uram",
    }  # fmt: skip
    monkeypatch.setenv("FAKE_XILINX_LUT", "4900")
    for _ in range(2):
        (fresh.project(BOARD) / ".csynth.stage.json").unlink()
        found, _ = run("csynth", fresh)
        with pytest.raises(Regression) as caught:
            found.check()
        assert str(caught.value) == (
            "worse than before: csynth.lut is 4900 LUT, was 4567, allowed 4795.35"
        )
        assert caught.value.log == path
    words = ["regression", "seeded", "-b", "pynq-z2", "--root", str(fresh.folder.parents[1])]
    shown = CliRunner().invoke(app, words)
    assert isinstance(shown.exception, Regression)
    (row,) = [line.split() for line in shown.output.splitlines() if "csynth.lut" in line]
    assert row == ["csynth.lut", "4,567", "4,900", "4,795.35", "worse"]
    accepted = CliRunner().invoke(app, [*words, "--accept"])
    assert "compared with these 8 quantities" in accepted.output
    found, _ = run("csynth", fresh)
    found.check()
    assert next(row for row in found.rows if row.quantity == "csynth.lut").before == 4900


def test_stages_that_stand_count(fresh: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished cosimulation of the same sources is in the rows of csynth; a stale one is not."""
    run("cosim", fresh)
    run("csynth", fresh)
    path = fresh.report(BOARD) / "regression.json"
    assert json.loads(path.read_text())["current"]["cosim.latency"] == 8127
    monkeypatch.setenv("FAKE_XILINX_VERSION", "2023.1")
    run("csynth", fresh)
    stored = json.loads(path.read_text())
    assert "cosim.latency" not in stored["current"]
    assert stored["baseline"]["cosim.latency"] == 8127
    assert not any(row["quantity"].startswith("cosim") for row in stored["rows"])


def test_accuracy_counts_where_csim_has_run(fresh: Workspace) -> None:
    """The mIoU of a C simulation of these sources; that of others is absent."""
    graph, _ = pipeline.hls_stage(fresh, BOARD, quiet())
    path = fresh.report(BOARD) / "csim.json"

    def simulated(miou: float) -> None:
        record = pipeline.csim_record(fresh, BOARD, graph)
        result = CsimResult(3, 100, 0, 0, miou, miou, miou, 1.0, 1.0, ())
        write_result(path, result)
        record.finish([path])

    simulated(0.75)
    run("csynth", fresh)
    simulated(0.7)
    found, _ = run("csynth", fresh)
    with pytest.raises(Regression, match=r"csim\.miou is 0\.7, was 0\.75, allowed 0\.745"):
        found.check()
    (fresh.report(BOARD) / ".csim.stage.json").unlink()
    found, _ = run("csynth", fresh)
    assert not any(row.quantity.startswith("csim") for row in found.rows)


# -- command line --------------------------------------------------------------------------------


def test_command_line(fresh: Workspace) -> None:
    root = ["--root", str(fresh.folder.parents[1]), "-b", "pynq-z2"]
    done = CliRunner().invoke(app, ["csynth", "seeded", *root])
    assert done.exit_code == 0, done.output
    for text in ("C synthesis of seeded_axi: 2022.2", "conv2d_conv1", "8,123 to 8,127", "7.125 ns"):
        assert text in done.output
    done = CliRunner().invoke(app, ["cosim", "seeded", *root, "--images", "2"])
    assert done.exit_code == 0, done.output
    assert "exact: RTL = C++ on 2 images, 176 codes" in done.output
    assert "Verilog: latency 8,123 / 8,125 / 8,127, interval 6,145 / 6,147 / 6,149" in done.output
    assert "against the last run" in done.output
    done = CliRunner().invoke(app, ["bitstream", "seeded", *root, "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    routed = document["bitstream"]["implementation"]
    assert routed["utilization"]["bram36"] == {"used": 6.5, "available": 140}
    assert document["bitstream"]["bit"].endswith("bitstream/seeded.bit")
    assert done.output.count("\n") > 10
    done = CliRunner().invoke(app, ["bitstream", "seeded", *root])
    assert "timing met: WNS 0.412 ns, WHS 0.021 ns" in done.output


def test_exit_status_without_vitis(
    workspace: Workspace, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing pretends: `fcn-hw cosim` names the tool, says how to get it, exits 2."""
    put_on_path(monkeypatch, tools / "bin")
    root = str(workspace.folder.parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "fcn_hw", "cosim", "seeded", "-b", "pynq-z2", "--root", root,
         "--compiler", "vitis"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: 'vitis_hls' was not found on PATH\n")
    assert "source its settings64.sh first" in done.stderr


def test_time_out_is_an_option(fresh: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_XILINX_FAIL", "csynth:hang")
    words = ["csynth", "seeded", "-b", "pynq-z2", "--root", str(fresh.folder.parents[1])]
    done = CliRunner().invoke(app, [*words, "--timeout-hours", "0.0003"])
    assert str(done.exception) == "'vitis_hls' failed: killed after 1.08 s"
