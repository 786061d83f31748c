"""Stage ``sensitivity``: what each layer loses with fewer bits, measured by worker processes.

model/sensitivity.json      all points
model/sensitivity.svg, .png a chart a layer
model/sensitivity/          a result a point, so that nothing is measured twice
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fcn_hw.errors import ConfigError, nearest
from fcn_hw.files import replace_file
from fcn_hw.flow.code import code_digest
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of, file_digest
from fcn_hw.flow.train import train_stage
from fcn_hw.flow.training import FLOAT_MODEL
from fcn_hw.flow.workspace import Workspace
from fcn_hw.locks import locked
from fcn_hw.results import result_text
from fcn_hw.studies.pool import Job, Work, run_jobs
from fcn_hw.studies.sensitivity.measure import Setting, measure
from fcn_hw.studies.sensitivity.picture import sensitivity_png, sensitivity_svg
from fcn_hw.studies.sensitivity.result import (
    Finding,
    Kind,
    Level,
    Point,
    Sensitivity,
    Verdict,
    bits_of,
)
from fcn_hw.train.datasets import dataset_digest
from fcn_hw.train.design_network import (
    design_topology,
    network_identity,
    quantization_identity,
    training_identity,
)
from fcn_hw.train.precision import is_hidden
from fcn_hw.train.topology import quantizable

FOLDER = "sensitivity"
RESULT = "sensitivity.json"
KINDS: tuple[Kind, ...] = ("weights", "activations")
LEVELS: tuple[Level, ...] = (2, 3, 4, 6, 8)
MAX_BITS = 16
FLOAT_JOB = "float"


@dataclass(frozen=True)
class Request:
    """What to measure.

    Args:
        levels: bits of the formats.
        kinds: weights, activations.
        layers: by name; None: all.
        images: of the validation split; None: all.
        retrain_epochs: of each point; 0: none.
        processes: at once; None: one for each processor.

    Raises:
        ConfigError: a number is too small.
    """

    levels: tuple[Level, ...] = LEVELS
    kinds: tuple[Kind, ...] = KINDS
    layers: tuple[str, ...] | None = None
    images: int | None = None
    retrain_epochs: int = 0
    processes: int | None = None

    def __post_init__(self) -> None:
        for name, value, least in (
            ("images", self.images, 1), ("retrain", self.retrain_epochs, 0),
            ("jobs", self.processes, 1),
        ):  # fmt: skip
            if value is not None and value < least:
                raise ConfigError(f"{name}: {value} is less than {least}")


def parse_levels(text: str) -> tuple[Level, ...]:
    """Reads ``2,3,4`` or ``1,t,2``; 1 is binary and t is ternary, of weights.

    Raises:
        ConfigError: a word is none of these.
    """
    return check_levels(part.strip() for part in text.split(","))


def check_levels(levels: Iterable[object]) -> tuple[Level, ...]:
    """Levels, or words for them, from few bits to many.

    Raises:
        ConfigError: one is no level.
    """
    found: set[Level] = set()
    for item in levels:
        word = str(item)
        if word in ("t", "ternary"):
            found.add("ternary")
        elif word.isascii() and word.isdigit() and 1 <= int(word) <= MAX_BITS:
            found.add(int(word))
        else:
            raise ConfigError(
                f"bits: '{word}' is no number from 1 to {MAX_BITS}, and not t (ternary)",
                hint="for instance --bits 2,3,4,6,8",
            )
    return tuple(sorted(found, key=bits_of))


def parse_kinds(text: str) -> tuple[Kind, ...]:
    """Reads ``weights``, ``activations`` or ``both``.

    Raises:
        ConfigError: none of these.
    """
    for kind in KINDS:
        if text == kind:
            return (kind,)
    if text != "both":
        raise ConfigError(f"--kind is weights, activations or both, not '{text}'")
    return KINDS


def points_of(workspace: Workspace, request: Request) -> tuple[Point, ...]:
    """The points, layer after layer, so that a part of them tells of whole layers.

    Activations have no ternary format, and with one bit only where a ReLU leaves no sign.

    Raises:
        ConfigError: an unknown layer, or nothing is left to measure.
    """
    hidden = {node.name: is_hidden(node) for node in quantizable(design_topology(workspace.design))}
    for name in request.layers or ():
        if name not in hidden:
            raise ConfigError(
                f"--layers: '{name}' is not a layer of '{workspace.design.name}'",
                hint=f"nearest: {nearest(name, hidden)}",
            )
    points = tuple(
        Point(layer, kind, level)
        for layer in hidden
        if request.layers is None or layer in request.layers
        for kind in request.kinds
        for level in request.levels
        if kind == "weights" or (level != "ternary" and (level > 1 or hidden[layer]))
    )
    if not points:
        raise ConfigError(
            "nothing to measure: activations have no ternary format, and one bit only behind a "
            "ReLU",
            hint="give other --bits, or --kind weights",
        )
    return points


def sensitivity_stage(workspace: Workspace, request: Request, progress: Progress) -> Sensitivity:
    """Measures what was not measured before, one layer quantized at a time.

    Trains the design first where it is not trained. Only train and validation split are read.

    Raises:
        ConfigError: an unknown layer, or nothing to measure.
        Busy: another run measures this design.
        JobFailed: a worker died twice over a point; what is measured is kept.
    """
    points = points_of(workspace, request)
    folder = train_stage(workspace, progress)
    setting = Setting(
        workspace.design,
        folder,
        file_digest(folder / FLOAT_MODEL),
        folder / FOLDER,
        request.images,
        request.retrain_epochs,
    )
    jobs = _jobs(workspace, setting, points)
    with locked(setting.folder, "fcn-hw sensitivity"):
        results = _run(jobs, setting, request, progress)
        found = _found(workspace, request, points, results)
        _write(found, jobs, workspace)
    return found


def _jobs(workspace: Workspace, setting: Setting, points: Sequence[Point]) -> list[Job]:
    design = workspace.design
    shared: list[Any] = [
        setting.float_digest, dataset_digest(design.dataset), code_digest(measure.__module__),
        network_identity(design.network, exclude_defaults=False),
        design.training.calibration_images, setting.images, setting.retrain_epochs,
        *quantization_identity(design.training),
    ]  # fmt: skip
    if setting.retrain_epochs:  # else nothing else of the training is read
        training = training_identity(design.training, exclude_defaults=False)
        later = (
            "pruning", "head_epochs", "float_epochs", "learning_rate", "encoder_rate",
            "retrain_epochs",
        )  # fmt: skip
        shared.append({key: value for key, value in training.items() if key not in later})
    common = digest_of(*shared)
    return [
        Job(FLOAT_JOB, digest_of(common), None),
        *(Job(point.name, digest_of(common, asdict(point)), point) for point in points),
    ]


def _run(
    jobs: Sequence[Job], setting: Setting, request: Request, progress: Progress
) -> list[dict[str, Any]]:
    left = sum(job.stored(setting.folder) is None for job in jobs)
    progress.say(
        f"[cyan]sensitivity[/] {len(jobs)} networks, {left} to measure"
        if left
        else "[green]sensitivity[/] up to date"
    )
    work = Work(setting.prepare, measure)
    with progress.counter("networks", left) as update:
        count = left - len(jobs)

        def done(job: Job) -> None:
            nonlocal count
            count += 1
            setting.checkpoint(job).discard()
            update(max(0, count))

        return run_jobs(jobs, work, setting.folder, processes=request.processes, done=done)


def _found(
    workspace: Workspace,
    request: Request,
    points: Sequence[Point],
    results: Sequence[dict[str, Any]],
) -> Sensitivity:
    baseline, *measured = results
    return Sensitivity(
        design=workspace.design.name,
        metric=baseline["metric"],
        images=baseline["images"],
        baseline=baseline["score"],
        baseline_retrained=baseline.get("retrained"),
        retrain_epochs=request.retrain_epochs,
        findings=tuple(
            Finding(
                point=point,
                format=result["format"],
                l2=result["l2"],
                kl=result["kl"],
                direct=_verdict(result),
                retrained=_verdict(result["retrained"]) if "retrained" in result else None,
            )
            for point, result in zip(points, measured, strict=True)
        ),
    )


def _verdict(measured: Mapping[str, Any]) -> Verdict:
    return Verdict(measured["score"], measured["output_kl"])


def _write(found: Sensitivity, jobs: Sequence[Job], workspace: Workspace) -> None:
    record = StageRecord(
        "sensitivity",
        workspace.model,
        digest_of([job.digest for job in jobs], code_digest(sensitivity_svg.__module__)),
    )
    if record.is_current():
        return
    record.begin()
    files: dict[str, bytes | str] = {
        RESULT: result_text(found),
        "sensitivity.svg": sensitivity_svg(found),
        "sensitivity.png": sensitivity_png(found),
    }
    for name, data in files.items():
        replace_file(record.folder / name, data)
    record.finish(record.folder / name for name in files)
