"""A process that takes trials and evaluates them until there are none left."""

from __future__ import annotations

import os
import signal
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

from fcn_hw.errors import FcnHwError
from fcn_hw.flow.stage import digest_of
from fcn_hw.studies.search.desk import Desk
from fcn_hw.studies.search.evaluation import Evaluator
from fcn_hw.studies.search.formats import stored_book
from fcn_hw.studies.search.setting import BOOK, SearchOptions, book_digest, setting_of

_PARENT_S = 1.0
_THREAD_VARIABLES = (
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"
)  # fmt: skip


def work(
    design: str, root: Path, options: SearchOptions, seed: int, threads: int, told: Connection
) -> None:
    """Entry of the process.

    Args:
        seed: of this worker's sampler.
        threads: that TensorFlow may use.
        told: takes ``(message, hint, exit_status)`` of an error that ends the search.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends its workers
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    for name in _THREAD_VARIABLES:
        os.environ[name] = str(threads)
    try:
        _work(design, root, options, seed)
    except FcnHwError as error:
        told.send((error.message, error.hint, error.exit_status))
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        hint = "Finished trials are kept; run the command again."
        told.send((f"{what}{error.strerror or error}", hint, 1))


def _work(design: str, root: Path, options: SearchOptions, seed: int) -> None:
    setting = setting_of(design, root, options)
    study = setting.load_study()
    identity = setting.identity(study)
    digest = book_digest(setting, identity)
    book = stored_book(setting.folder / BOOK, digest)
    assert book is not None, "the parent has made it"
    known = {name: identity[name] for name in ("network", "data set", "section training")}
    evaluator = Evaluator(
        study,
        setting.graph,
        setting.pricing,
        book,
        options.epochs,
        setting.folder,
        digest_of(known, identity["float model"]),
    )
    desk = setting.desk(seed, setting.budget(book, study))
    evaluate_all(desk, evaluator, options.cost)


def evaluate_all(desk: Desk, evaluator: Evaluator, cost: str) -> None:
    """Evaluates until the desk has nothing more."""
    while (job := desk.next()) is not None:
        with desk.beating(job):
            try:
                found = evaluator.evaluate(job.configuration)
            except FcnHwError as error:  # diverged: this configuration has no value
                desk.give_up(job, error.message)
                continue
        facts = {
            "costs": {name: getattr(found.costs, name) for name in vars(found.costs)},
            "epoch": found.epoch,
        }
        desk.finish(job, (found.metric, float(getattr(found.costs, cost))), facts)


def _end_with(parent: int) -> None:
    """Ends this process when its parent has ended, however that ended."""
    while os.getppid() == parent:
        time.sleep(_PARENT_S)
    os._exit(1)
