"""Programs of emitted projects: compiled once, and again where a file that g++ reads changed."""

from __future__ import annotations

import time
from pathlib import Path

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.design import ConvEmitter
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of, file_digest
from fcn_hw.harness.csim import RUN_FOLDER, SIGN_OFF_FOLDER, plan_build, plan_lanes_build
from fcn_hw.ir import Graph
from fcn_hw.plan import Plan
from fcn_hw.tools.runner import run

BUILD_JOBS = 2


def program_of(graph: Graph, conv: ConvEmitter, sign_off: bool) -> tuple[str, Plan]:
    """The folder of the simulation's program, below the project, and how it is compiled.

    Args:
        conv: whose convolutions; hls4ml's are written for ap_types.
        sign_off: with the official ap_types.
    """
    if sign_off or conv == "hls4ml":
        build = plan_build(graph, ap_types_folder(), folder=SIGN_OFF_FOLDER)
        return SIGN_OFF_FOLDER, build
    return RUN_FOLDER, plan_lanes_build(graph)


def build_program(build: Plan, project: Path, progress: Progress) -> float | None:
    """Compiles a program unless the one of these sources is there.

    Args:
        build: the commands; the last one links the program.
        project: the folder in which they run.

    Returns:
        the seconds that it took; None where the program was there.
    """
    (program,) = build.commands[-1].expects
    folder = (project / program).parent
    record = StageRecord("build", folder, program_digest(build, project))
    if record.is_current():
        return None
    record.begin()
    progress.say("[cyan]build[/]   g++")
    start = time.monotonic()
    run(build, project, jobs=BUILD_JOBS)
    record.finish([project / program])
    return time.monotonic() - start


def program_digest(build: Plan, project: Path) -> str:
    """Of all that a program is made from: the commands, and the files that g++ can read.

    The files are taken as they lie on the disk, so a weight that somebody changed by hand counts:
    all below ``firmware`` and ``tb`` of the project, and the headers of ap_types.
    """
    sources = [
        (str(path.relative_to(folder)), file_digest(path))
        for folder in (project / "firmware", project / "tb", ap_types_folder())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    return digest_of(sources, build.digest)
