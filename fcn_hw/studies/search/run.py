"""``fcn-hw search``: train and export the design, choose first points, evaluate, show the front."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from fcn_hw.design import Design
from fcn_hw.errors import ConfigError, FcnHwError
from fcn_hw.files import replace_file
from fcn_hw.flow.hls4ml_conv import refuse_hls4ml
from fcn_hw.flow.layout import current_layout
from fcn_hw.flow.pipeline import export_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stage import StageRecord, digest_of, file_digest
from fcn_hw.results import read_result, write_result
from fcn_hw.studies.pool import Job, Pool, Work
from fcn_hw.studies.search.budget import Budget, fits_device
from fcn_hw.studies.search.evaluation import EVALUATIONS, evaluation_job, perform, prepare
from fcn_hw.studies.search.first_choice import first_choices
from fcn_hw.studies.search.formats import ChoiceFormats, make_formats, stored_formats
from fcn_hw.studies.search.front import Point, SearchResult, front_of, front_png, front_svg
from fcn_hw.studies.search.options import SearchOptions
from fcn_hw.studies.search.points import write_point
from fcn_hw.studies.search.pricing import Costs
from fcn_hw.studies.search.setting import FORMATS, Setting, formats_digest, setting_of
from fcn_hw.studies.search.space import Configuration
from fcn_hw.studies.search.trials import Taken, Trials
from fcn_hw.train.result import TRAINING, TrainResult
from fcn_hw.train.study import Study

RESULT = "search.json"
_POLL_S = 0.5


def search_stage(
    design: str, root: Path, options: SearchOptions, progress: Progress
) -> SearchResult:
    """Searches the precision of each layer; goes on where an earlier run of the study stopped.

    Writes ``model/search.json``, ``model/search.svg``, ``.png`` and, below ``search/<study>/``, a
    ``design.yaml`` for each point of the front.

    Raises:
        ConfigError: a wrong design or option, or a study of something else.
        StorageError: the storage can't be reached or is damaged.
        JobFailed: two workers were killed over one trial; what is finished is kept.
    """
    setting = setting_of(design, root, options)
    refuse_hls4ml(setting.workspace.design.hls, "search")
    _refuse_scaling(setting.workspace.design)
    trials = setting.trials()  # a storage that does not answer is told before training
    graph = export_stage(setting.workspace, progress)
    current_layout(setting.workspace, graph, setting.board, progress)
    study = setting.load_study()
    identity = setting.identity(study)
    trials.identify(identity)
    before = trials.counts().evaluated
    if before < options.trials:
        formats = _formats(setting, study, identity, progress)
        budget = setting.budget(formats, study)
        trials.space = replace(setting.space, fits=budget.allows)
        if not trials.has_first_choices:
            trials.enqueue(_first(setting, formats, budget))
        progress.say(
            f"[cyan]search[/]  {options.trials} trials of {options.epochs} epochs"
            + (f", {before} done before" if before else "")
        )
        common = setting.evaluation_digest(identity)
        _evaluate(
            trials,
            Work(partial(prepare, design, root, options), perform),
            lambda taken: evaluation_job(taken.number, formats.table(taken.configuration), common),
            setting,
            progress,
        )
    else:
        progress.say("[green]search[/]  every trial is done")
    return _write(setting, trials)


def _refuse_scaling(design: Design) -> None:
    """The first layer's thresholds would follow from its weights, those of other layers do not."""
    if design.dataset.input.of_bytes() is not None:
        raise ConfigError(
            "search takes no design with dataset.input: variants keep the thresholds of its first "
            "layer, which depend on the weights",
            hint="search it without dataset.input, and give it the bits that are found",
        )


def _formats(
    setting: Setting, study: Study, identity: Mapping[str, str], progress: Progress
) -> ChoiceFormats:
    """Formats and losses of the choices; what is there is not computed again."""
    path, digest = setting.folder / FORMATS, formats_digest(identity)
    stored = stored_formats(path, digest)
    if stored is not None:
        return stored
    progress.say("[cyan]search[/]  formats and sensitivities")
    return make_formats(study, setting.space, path, digest, progress)


def _first(setting: Setting, formats: ChoiceFormats, budget: Budget) -> list[Configuration]:
    """The design's own bits, and the integer program's for half of the trials."""
    space, options = setting.space, setting.options
    count = max(options.trials // 2, 1)
    chosen = first_choices(formats, budget, options.cost, count)
    own = space.as_designed()
    if own is not None and space.allows(own):
        chosen = [own, *(item for item in chosen if item.digest != own.digest)]
    return chosen[: options.trials]


def _evaluate(
    trials: Trials,
    work: Work,
    job_of: Callable[[Taken], Job],
    setting: Setting,
    progress: Progress,
) -> None:
    """Evaluates until as many as wanted are evaluated, here or elsewhere, or none is left."""
    options, cost = setting.options, setting.options.cost
    held: dict[str, Taken] = {}

    def source() -> Job | None:
        taken = trials.next()
        if taken is None:
            return None
        job = job_of(taken)
        held[job.digest] = taken
        return job

    def say(line: str) -> None:
        progress.say(f"        [yellow]{line}[/]")

    left = options.trials - trials.counts().evaluated
    pool = Pool(work, setting.folder / EVALUATIONS, min(options.workers, left), "--workers 1", say)
    with progress.counter("trials", options.trials) as update, trials.heartbeats():
        while True:
            with closing(pool.results(source)) as results:
                for job, result in results:
                    taken = held.pop(job.digest)
                    if "failed" in result:
                        trials.give_up(taken, result["failed"])
                    else:
                        values = result["metric"], float(result["costs"][cost])
                        facts = {key: result[key] for key in ("costs", "epoch")}
                        trials.finish(taken, values, facts)
                    update(trials.counts().evaluated)
            if not trials.counts().running:  # of other machines, which may leave some to this one
                return
            time.sleep(_POLL_S)


def _write(setting: Setting, trials: Trials) -> SearchResult:
    options, space, workspace = setting.options, setting.space, setting.workspace
    points = []
    for number, chosen, trial in trials.evaluated():
        costs = Costs(**trial.user_attrs["costs"])
        points.append(Point(number, chosen, trial.values[0], costs, space.average_bits(chosen)))
    if not points:
        raise FcnHwError(
            "search: no trial has a value",
            hint="\n".join(f"{name}: {why}" for name, why in trials.failures().items())
            or "every configuration was refused",
        )
    own_costs = setting.pricing.costs(setting.graph)
    points = [
        replace(point, fits=fits_device(point.costs, setting.board, own_costs)) for point in points
    ]
    numbers = front_of([point for point in points if point.fits], options.cost)
    own = read_result(workspace.model / TRAINING, TrainResult).retrained
    result = SearchResult(
        design=workspace.design.name,
        metric=own.metric,
        cost=options.cost,
        board=setting.board.name,
        study=setting.study_name,
        points=tuple(replace(point, is_front=point.number in numbers) for point in points),
        as_designed=own_costs,
        metric_as_designed=own.value,
        average_bits_as_designed=space.average_bits(Configuration({}, {})),
        failed=trials.failures(),
    )
    written = []
    for point in result.points:
        if point.is_front:
            folder = setting.points_folder / f"trial_{point.number}"
            path = write_point(workspace, space, setting.pricing, result, point, folder)
            below = path.relative_to(workspace.folder).as_posix()
            point = replace(point, design=below)  # noqa: PLW2901
        written.append(point)
    result = replace(result, points=tuple(written))
    write_result(workspace.model / RESULT, result)
    replace_file(workspace.model / "search.svg", front_svg(result))
    replace_file(workspace.model / "search.png", front_png(result))
    files = [workspace.model / name for name in (RESULT, "search.svg", "search.png")]
    record = StageRecord(
        "search", workspace.model, digest_of([file_digest(path) for path in files])
    )
    record.finish(files)
    return result
