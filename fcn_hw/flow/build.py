"""Programs of emitted projects: compiled once, and again where a file that g++ reads changed."""

from __future__ import annotations

import json
import time
from pathlib import Path

from fcn_hw.backend.hls4ml_bridge import ap_types_folder
from fcn_hw.files import replace_file
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of, file_digest
from fcn_hw.plan import Plan
from fcn_hw.tools.runner import run

BUILD_JOBS = 2


def build_program(build: Plan, project: Path, progress: Progress) -> float:
    """Compiles a program unless the one of these sources is there.

    Args:
        build: the commands; the last one links the program.
        project: the folder in which they run.

    Returns:
        the seconds that the compilation took, now or when it was last done.
    """
    (program,) = build.commands[-1].expects
    folder = (project / program).parent
    record = StageRecord("build", folder, program_digest(build, project))
    seconds_file = folder / "compile_s.json"
    if record.is_current():
        return float(json.loads(seconds_file.read_text()))
    record.begin()
    progress.say("[cyan]build[/]   g++")
    start = time.monotonic()
    run(build, project, jobs=BUILD_JOBS)
    seconds = time.monotonic() - start
    replace_file(seconds_file, json.dumps(round(seconds, 3)))
    record.finish([project / program, seconds_file])
    return seconds


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
