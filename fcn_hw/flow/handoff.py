"""The stage handoff: proves the project, then packs it for the engineer who builds it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import fcn_hw
from fcn_hw.backend.block_design import TIMING, UTILIZATION
from fcn_hw.backend.hls4ml_bridge import ap_types_folder, hls4ml_licence
from fcn_hw.backend.hls_scripts import HlsLayout
from fcn_hw.backend.ip_package import VERILOG
from fcn_hw.boards import Board, constraints_file
from fcn_hw.errors import ConfigError, ReportError
from fcn_hw.files import replace_file
from fcn_hw.flow.alone import alone_in_project
from fcn_hw.flow.estimate import estimate_stage
from fcn_hw.flow.hls4ml_conv import refuse_hls4ml
from fcn_hw.flow.images import input_frames
from fcn_hw.flow.labels import labels_of
from fcn_hw.flow.pipeline import csim_stage, hls_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.rtl import compile_emitted
from fcn_hw.flow.stage import is_damaged
from fcn_hw.flow.vendor import finished_on, rtl_of
from fcn_hw.flow.workspace import Target, command_of
from fcn_hw.handoff.archive import pack
from fcn_hw.handoff.contents import BundleParts, bundle_files, bundle_name
from fcn_hw.harness.csim import frame_count
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import GRAPH_FILE, WEIGHTS_FILE
from fcn_hw.plan import Command, Plan
from fcn_hw.resources import data_folder
from fcn_hw.tools.runner import run

GOLDEN_IMAGES = 3
FOLDER = "handoff"
UNKNOWN = "unknown"

REPORTS = ("*.json", "*.svg", "*.png")
"""Of the project's report folder."""

_TIMES = ("compile_s", "csim_images_per_s")  # differ from run to run: no part of a bundle


@dataclass(frozen=True)
class Handoff:
    """A bundle that was written.

    Args:
        path: of the archive.
        sha256: of it.
        files: how many it holds.
        bytes: of the archive.
        vendor: what vendor tools left, by what it is; a file or ``absent``.
    """

    path: Path
    sha256: str
    files: int
    bytes: int
    vendor: dict[str, str]


@alone_in_project("handoff")
def handoff_stage(
    workspace: Target, board: Board, progress: Progress, *, output: Path, images: int | None
) -> Handoff:
    """Makes ``<output>/<design>-<board>.tar.gz``; an earlier bundle stays until this one is whole.

    Args:
        images: golden frames, the first of those that csim runs; :data:`GOLDEN_IMAGES` by default.

    Raises:
        ConfigError: the C simulation found mismatches, so there is nothing to hand off; or the
            design asks for hls4ml's convolutions, whose cycles are not known; or the board has
            no Vivado project.
    """
    if board.ecp5 is not None:
        raise ConfigError(
            f"board '{board.name}' is built by open tools: there is no Vivado project to hand off",
            hint=f"{command_of(workspace, 'bitstream', board)} builds it here.",
        )
    refuse_hls4ml(workspace.hls, "handoff")
    result = csim_stage(workspace, board, progress)
    if not result.exact:
        raise ConfigError(
            f"'{workspace.name}' is not exact: {result.mismatches:,} mismatches",
            hint="See fcn-hw csim; a bundle of it would not verify.",
        )
    quiet = Progress(progress.console, quiet=True)
    estimated = estimate_stage(workspace, board, quiet)
    graph, plan = hls_stage(workspace, board, quiet)
    project = workspace.project(board)
    codes = input_frames(workspace, graph, images or GOLDEN_IMAGES)
    progress.say(f"[cyan]handoff[/] {frame_count(codes)} golden frames")
    parts = BundleParts(
        graph=graph,
        board=board,
        part=workspace.hls.Part or board.part,
        project=plan,
        verilog=own_verilog(workspace, board, graph, plan, progress),
        inputs=codes,
        layout=estimated.layout,
        clock_period_ns=estimated.estimate.clock_period_ns,
        board_files=board_files(board),
        graph_files={n: (workspace.graph / n).read_bytes() for n in (GRAPH_FILE, WEIGHTS_FILE)},
        ap_types=ap_types_files(),
        licence=licence(),
        reports=report_files(workspace.report(board)),
        vendor=vendor_files(project, graph.name, plan),
        routed_rtl=rtl_of(project, "impl") if finished_on(project, plan, "impl") else "",
        git_commit=git_commit(Path(fcn_hw.__file__).parent.parent),
        tools=tool_versions(project),
        labels=labels_of(workspace, graph),
    )
    return write_bundle(parts, output)


def write_bundle(parts: BundleParts, output: Path) -> Handoff:
    """Writes the bundle of some parts; whole, or not at all."""
    files = bundle_files(parts)
    name = bundle_name(parts.graph, parts.board)
    raw = pack(name, files)
    path = output / f"{name}.tar.gz"
    replace_file(path, raw)
    return Handoff(
        path,
        hashlib.sha256(raw).hexdigest(),
        len(files),
        len(raw),
        {what: "absent" if item is None else item[0] for what, item in parts.vendor.items()},
    )


def board_files(board: Board) -> dict[str, bytes]:
    """The two files of a board."""
    xdc = constraints_file(board)
    return {path.name: path.read_bytes() for path in (xdc, xdc.with_suffix(".yaml"))}


def ap_types_files() -> dict[str, bytes]:
    """The headers for C simulation, and the licence that they come under."""
    root = ap_types_folder()
    files = {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*.h"))
        if path.is_file()
    }
    return {**files, "LICENSE": hls4ml_licence()}


def licence() -> bytes:
    """fcn_hw's licence; it lies beside the templates, installed or not."""
    return (data_folder("templates").parent / "LICENSE").read_bytes()


def report_files(folder: Path) -> dict[str, bytes]:
    """What the stages reported, without the times that a run took.

    Raises:
        ReportError: a report was changed after its stage wrote it.
    """
    found = {}
    for pattern in REPORTS:
        for path in sorted(folder.glob(pattern)):
            if is_damaged(path):
                raise ReportError(
                    f"{path}: was changed after its stage wrote it",
                    hint="Run the stage again, or remove the file.",
                )
            if not path.name.startswith("."):
                found[path.name] = path.read_bytes()
    if "csim.json" in found:
        data = json.loads(found["csim.json"])
        kept = {key: value for key, value in data.items() if key not in _TIMES}
        found["csim.json"] = (json.dumps(kept, indent=1) + "\n").encode()
    return found


def own_verilog(
    workspace: Target, board: Board, graph: Graph, plan: Plan, progress: Progress
) -> dict[str, str]:
    """The Verilog of fcn_hw's compiler by path, where ``hls.Compiler`` asks for it; else empty.

    Args:
        graph: as it is emitted.
        plan: the project's files.

    Raises:
        NotSynthesizable, ToolNotFound, ToolFailed: of the compiler.
    """
    if workspace.hls.Compiler != "fcn_hw":
        return {}
    _, verilog = compile_emitted(workspace, board, graph, plan, progress)
    return {f"{VERILOG}/{name}": text for name, text in verilog.items()}


def vendor_files(project: Path, name: str, plan: Plan) -> dict[str, tuple[str, bytes] | None]:
    """What vendor tools made of these sources: its place in the bundle and its bytes, or None.

    Args:
        plan: the project's files; what was made of others is left out.
    """
    top = f"{name}_axi"
    places = {
        "C synthesis report": (
            "csynth", HlsLayout(top).csynth_xml, f"reports/vendor/{top}_csynth.xml",
        ),
        "utilization": ("impl", UTILIZATION, "reports/vendor/utilization.rpt"),
        "timing": ("impl", TIMING, "reports/vendor/timing_summary.rpt"),
        "bitstream": ("bitstream", f"bitstream/{name}.bit", f"bitstream/{name}.bit"),
        "hardware description": ("bitstream", f"bitstream/{name}.hwh", f"bitstream/{name}.hwh"),
    }  # fmt: skip
    return {
        what: (place, (project / source).read_bytes())
        if finished_on(project, plan, stage)
        else None
        for what, (stage, source, place) in places.items()
    }


def git_commit(tree: Path) -> str:
    """The commit that is checked out in a source tree, or ``unknown``; git need not be there."""
    try:
        git = tree / ".git"
        if git.is_file():  # a worktree: the file names the folder
            git = (tree / git.read_text().removeprefix("gitdir:").strip()).resolve()
        head = (git / "HEAD").read_text().strip()
        if head.startswith("ref: "):
            head = _resolve(git, head.removeprefix("ref: "))
    except OSError:
        return UNKNOWN
    return head if re.fullmatch(r"[0-9a-f]{40,64}", head) else UNKNOWN


def _resolve(git: Path, reference: str) -> str:
    common = git
    if (git / "commondir").is_file():
        common = (git / (git / "commondir").read_text().strip()).resolve()
    for folder in (git, common):
        if (folder / reference).is_file():
            return (folder / reference).read_text().strip()
    for line in (common / "packed-refs").read_text().splitlines():
        if line.endswith(f" {reference}"):
            return line.split()[0]
    return UNKNOWN


def tool_versions(project: Path) -> dict[str, str]:
    """Versions of what made the sources and of the compiler that proved them."""
    plan = Plan(stages=((Command("gxx-version", ("g++", "--version"), timeout_s=60),),))
    (done,) = run(plan, project)
    compiler = done.log.read_text(errors="replace").splitlines()[1]
    packages = ("hls4ml", "jinja2", "numpy")
    return {
        "fcn_hw": fcn_hw.__version__,
        "g++": compiler,
        **{name: version(name) for name in packages},
    }
