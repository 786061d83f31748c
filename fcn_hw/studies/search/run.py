"""``fcn-hw search``: train and export the design, choose first points, evaluate, show the front."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fcn_hw.errors import FcnHwError
from fcn_hw.files import replace_file
from fcn_hw.flow.layout import current_layout
from fcn_hw.flow.pipeline import TRAINING, export_stage
from fcn_hw.flow.progress import Progress
from fcn_hw.flow.stock import refuse_stock
from fcn_hw.studies.search.budget import fits_device
from fcn_hw.studies.search.desk import Desk
from fcn_hw.studies.search.first_choice import first_choices
from fcn_hw.studies.search.formats import FormatBook, make_book, stored_book
from fcn_hw.studies.search.front import Point, SearchResult, front_of, picture
from fcn_hw.studies.search.points import write_point
from fcn_hw.studies.search.pricing import Costs
from fcn_hw.studies.search.setting import BOOK, SearchOptions, Setting, book_digest, setting_of
from fcn_hw.studies.search.space import Configuration
from fcn_hw.studies.search.worker import work
from fcn_hw.train.metrics import headline
from fcn_hw.train.study import Study

RESULT, PICTURE = "search.json", "search.png"
_POLL_S = 0.5
_END_S = 10.0
_MOST_DEATHS = 3
"""Workers that may be killed one after another before a trial is finished."""


def search_stage(
    design: str, root: Path, options: SearchOptions, progress: Progress
) -> SearchResult:
    """Searches the precision of each layer; goes on where an earlier run of the study stopped.

    Writes ``model/search.json``, ``model/search.png`` and, below ``search/<study>/``, a
    ``design.yaml`` for each point of the front.

    Raises:
        ConfigError: a wrong design or option, or a study of something else.
        FcnHwError: the storage can't be reached, or workers are killed again and again.
    """
    setting = setting_of(design, root, options)
    refuse_stock(setting.workspace.design.hls, "search")
    desk = setting.desk(options.seed)  # a storage that does not answer is told before training
    graph = export_stage(setting.workspace, progress)
    current_layout(setting.workspace, graph, setting.board, progress)
    _prepare(setting, desk, progress)
    before = desk.counts().evaluated
    if before < options.trials:
        progress.say(
            f"[cyan]search[/]  {options.trials} trials of {options.epochs} epochs"
            + (f", {before} done before" if before else "")
        )
        _evaluate(design, root, setting, desk, progress)
    else:
        progress.say("[green]search[/]  every trial is done")
    return _write(setting, desk)


def _prepare(setting: Setting, desk: Desk, progress: Progress) -> None:
    """Formats, losses and first choices; what is there is not computed again."""
    study = setting.load_study()
    identity = setting.identity(study)
    desk.identify(identity)
    digest = book_digest(setting, identity)
    book = stored_book(setting.folder / BOOK, digest)
    if book is None:
        progress.say("[cyan]search[/]  formats and sensitivities")
        book = make_book(study, setting.space, setting.folder / BOOK, digest, progress)
    if not desk.has_first_choices:
        desk.enqueue(_first(setting, book, study))


def _first(setting: Setting, book: FormatBook, study: Study) -> list[Configuration]:
    """The design's own bits, and the integer program's for half of the trials."""
    space, options = setting.space, setting.options
    budget = setting.budget(book, study)
    count = max(options.trials // 2, 1)
    chosen = first_choices(book, budget, options.cost, count)
    own = space.as_designed()
    if own is not None and space.allows(own):
        chosen = [own, *(item for item in chosen if item.digest != own.digest)]
    return chosen[: options.trials]


@dataclass
class _Worker:
    process: Any
    told: Connection


def _evaluate(design: str, root: Path, setting: Setting, desk: Desk, progress: Progress) -> None:
    options = setting.options
    threads = max((os.cpu_count() or 1) // options.workers, 1)
    started = 0

    def start() -> _Worker:
        nonlocal started
        seed = _seed(options.seed, started, desk.counts().evaluated)
        started += 1
        return _started(design, root, options, seed, threads)

    with progress.counter("trials", options.trials) as update, _ended() as workers:
        workers += [start() for _ in range(options.workers)]
        deaths, done = 0, desk.counts().evaluated
        while workers:
            time.sleep(_POLL_S)
            evaluated = desk.counts().evaluated
            if evaluated > done:
                deaths, done = 0, evaluated
            update(evaluated)
            for worker in [w for w in workers if not w.process.is_alive()]:
                workers.remove(worker)
                _raise_what_was_told(worker)
                if worker.process.exitcode == 0:
                    continue
                deaths += 1
                reason = _ending(worker.process.exitcode)
                if deaths >= _MOST_DEATHS * options.workers:
                    raise _too_many_deaths(deaths, reason)
                progress.say(
                    f"        [yellow]worker {worker.process.pid} ended: {reason}[/]; "
                    "its trial goes to another"
                )
                workers.append(start())


def _seed(seed: int, worker: int, evaluated: int) -> int:
    """Of a worker's sampler: none repeats what another one, or an earlier run, has drawn."""
    return (seed * 1_000_003 + worker * 7919 + evaluated * 104_729) % (1 << 32)


def _started(design: str, root: Path, options: SearchOptions, seed: int, threads: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    mine, its = context.Pipe(duplex=False)
    process = context.Process(
        target=work, args=(design, root, options, seed, threads, its), daemon=True
    )
    process.start()
    its.close()
    return _Worker(process, mine)


@contextmanager
def _ended() -> Iterator[list[_Worker]]:
    """Workers, ended on the way out: after Ctrl-C or an error none is left behind."""
    workers: list[_Worker] = []
    try:
        yield workers
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join(_END_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


def _raise_what_was_told(worker: _Worker) -> None:
    try:
        if not worker.told.poll():
            return
        message, hint, status = worker.told.recv()
    except (EOFError, OSError):  # it said nothing
        return
    error = FcnHwError(message, hint=hint)
    error.exit_status = status
    raise error


def _ending(exitcode: int) -> str:
    return f"killed by signal {-exitcode}" if exitcode < 0 else f"exit status {exitcode}"


def _too_many_deaths(deaths: int, reason: str) -> FcnHwError:
    error = FcnHwError(
        f"search: {deaths} workers ended before a trial was finished, the last one {reason}",
        hint="Signal 9 is often a machine out of memory: give fewer --workers. Finished trials are "
        "kept.",
    )
    error.exit_status = 1
    return error


def _write(setting: Setting, desk: Desk) -> SearchResult:
    options, space, workspace = setting.options, setting.space, setting.workspace
    points = []
    for number, chosen, trial in desk.evaluated():
        costs = Costs(**trial.user_attrs["costs"])
        points.append(Point(number, chosen, trial.values[0], costs, space.average_bits(chosen)))
    if not points:
        raise FcnHwError(
            "search: no trial has a value",
            hint="\n".join(f"{name}: {why}" for name, why in desk.failures().items())
            or "every configuration was refused",
        )
    own_costs = setting.pricing.costs(setting.graph)
    points = [
        replace(point, fits=fits_device(point.costs, setting.board, own_costs)) for point in points
    ]
    numbers = front_of([point for point in points if point.fits], options.cost)
    training = json.loads((workspace.model / TRAINING).read_text(encoding="utf-8"))
    own = training["retrained"]
    result = SearchResult(
        design=workspace.design.name,
        metric=own.get("metric", "mIoU"),
        cost=options.cost,
        board=setting.board.name,
        study=setting.study_name,
        points=tuple(replace(point, is_front=point.number in numbers) for point in points),
        as_designed=own_costs,
        metric_as_designed=headline(own),
        average_bits_as_designed=space.average_bits(Configuration({}, {})),
        failed=desk.failures(),
    )
    written = []
    for point in result.points:
        if point.is_front:
            folder = setting.points_folder / f"trial_{point.number}"
            path = write_point(workspace, space, setting.pricing, result, point, folder)
            point = replace(point, design=path)  # noqa: PLW2901
        written.append(point)
    result = replace(result, points=tuple(written))
    text = json.dumps(result.to_json(workspace.folder), indent=1)
    replace_file(workspace.model / RESULT, text + "\n")
    replace_file(workspace.model / PICTURE, picture(result))
    return result
