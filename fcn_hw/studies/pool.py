"""Independent jobs in worker processes; every result is a file, so nothing is done twice.

A result is kept under the job's name and digest: a run that was interrupted, or killed, does the
jobs that are left, and runs with other settings don't disturb one another's. Only the parent
writes, a whole file at a time. Workers are spawned, not forked (TensorFlow does not survive a
fork), prepare themselves once, and end with their parent, however that ends.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from fcn_hw.errors import FcnHwError, JobFailed
from fcn_hw.files import replace_file
from fcn_hw.harness.whole_set import cores
from fcn_hw.studies.kept import keep, kept

_END_SECONDS = 5.0
_ASK_AGAIN_S = 0.5
"""How often a pool with an idle worker asks for a job: other machines may have left one."""
_THREAD_VARIABLES = (
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Args:
        name: begins the name of the result's file.
        digest: of everything that the result depends on.
        task: what the worker needs to know; is pickled.
        title: what messages call the job; its name where nothing is given.
    """

    name: str
    digest: str
    task: Any
    title: str = ""

    @property
    def shown(self) -> str:
        """What messages call the job."""
        return self.title or self.name

    def result_file(self, folder: Path) -> Path:
        return folder / f"{self.name}-{self.digest[:16]}.json"

    def stored(self, folder: Path) -> dict[str, Any] | None:
        """The result of an earlier run; None where there is none that can be read."""
        return kept(self.result_file(folder), self.digest)


@dataclass(frozen=True)
class Work:
    """What workers do; both functions are pickled, so they are of a module.

    Args:
        prepare: is called once in each worker: loads what all jobs need.
        perform: (what ``prepare`` returned, a job) -> what JSON can hold, no NaN.
    """

    prepare: Callable[[], Any]
    perform: Callable[[Any, Job], dict[str, Any]]


def run_jobs(
    jobs: Sequence[Job],
    work: Work,
    folder: Path,
    *,
    processes: int | None = None,
    done: Callable[[Job], None] | None = None,
) -> list[dict[str, Any]]:
    """Does the jobs whose results are not in ``folder`` yet.

    Args:
        jobs: are begun in this order.
        work: what a worker does.
        folder: of the results; the caller keeps other runs out of it (``fcn_hw.locks``).
        processes: at most; None takes one for each processor.
        done: is called for each job with a result, an earlier run's too, when its file is there.

    Returns:
        the results, in the order of the jobs.

    Raises:
        FcnHwError: see :meth:`Pool.results`.
    """
    assert len({job.name for job in jobs}) == len(jobs), "two jobs of one name"
    left = sum(job.stored(folder) is None for job in jobs)
    pool = Pool(work, folder, max(1, min(processes or cores(), left)))
    results: dict[str, dict[str, Any]] = {}
    source = iter(jobs)
    with closing(pool.results(lambda: next(source, None))) as found:
        for job, result in found:
            results[job.name] = result
            if done is not None:
                done(job)
    return [results[job.name] for job in jobs]


@dataclass(frozen=True)
class _Answer:
    """What a worker sends: the result as JSON has it, or an error in words.

    Args:
        status: the exit status of an error of fcn_hw's own, which goes on as it is.
    """

    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    hint: str = ""
    trace: str = ""
    status: int | None = None


@dataclass
class _Worker:
    """The parent's end of a worker."""

    process: Any
    connection: Connection
    job: Job | None = None

    def give(self, job: Job) -> None:
        self.job = job
        with suppress(OSError):  # it died: the next receive() tells
            self.connection.send(job)

    def receive(self) -> _Answer | None:
        """Its answer; None where it has died."""
        try:
            answer = self.connection.recv()
        except (EOFError, OSError):
            return None
        assert isinstance(answer, _Answer)
        return answer

    def end(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join(_END_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def cause(self) -> str:
        """Why it died."""
        self.process.join(_END_SECONDS)
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"exit status {code}"
        with suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
        return f"signal {-code}"


@dataclass
class Pool:
    """Worker processes that do jobs.

    Args:
        work: what a worker does.
        folder: of the results.
        processes: at most. Together their threads are as many as there are processors.
        fewer: the option that takes fewer processes, for the hint of an error.
        say: is told, in a line, that a worker ended and its job goes to another one.
    """

    work: Work
    folder: Path
    processes: int
    fewer: str = "--jobs 1"
    say: Callable[[str], None] = lambda line: None
    _workers: list[_Worker] = field(default_factory=list)
    _victims: set[Path] = field(default_factory=set)
    _again: deque[Job] = field(default_factory=deque)

    def results(
        self, source: Callable[[], Job | None]
    ) -> Generator[tuple[Job, dict[str, Any]], None, None]:
        """Jobs with their results, as they are done; those of an earlier run first.

        A job whose worker dies is given to another one once. The first job that fails ends the
        run. What is finished is kept then, as after Ctrl-C, and no worker outlives the generator.

        Args:
            source: gives the next job; None: there is none now. It is asked again until no worker
                is busy.

        Raises:
            JobFailed: a job raised an error that is none of fcn_hw's, or killed two workers.
            FcnHwError: that a job, or the preparation, raised; a file that can't be written.
        """
        try:
            while True:
                while self._has_room() and (job := self._next(source)) is not None:
                    stored = job.stored(self.folder)
                    if stored is None:
                        self._free_worker().give(job)
                    else:
                        yield job, stored
                busy = {worker.connection: worker for worker in self._workers if worker.job}
                if not busy:
                    return
                for ready in wait(list(busy), _ASK_AGAIN_S if self._has_room() else None):
                    yield from self._received(busy[ready])  # type: ignore[index]
        finally:
            while self._workers:
                self._workers.pop().end()

    def _has_room(self) -> bool:
        return sum(worker.job is not None for worker in self._workers) < self.processes

    def _next(self, source: Callable[[], Job | None]) -> Job | None:
        return self._again.popleft() if self._again else source()

    def _free_worker(self) -> _Worker:
        """A worker without a job; a new one where all have one."""
        for worker in self._workers:
            if worker.job is None:
                return worker
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self.work), daemon=True)
        with _threads(max(1, cores() // self.processes)), _interrupts_held():
            process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours))
        return self._workers[-1]

    def _received(self, worker: _Worker) -> Iterator[tuple[Job, dict[str, Any]]]:
        job, answer = worker.job, worker.receive()
        assert job is not None
        if answer is None:
            self._bury(worker, job)
        elif answer.error:
            raise self._failure(job, answer)
        else:
            worker.job = None
            keep(job.result_file(self.folder), job.digest, answer.result)
            yield job, answer.result

    def _bury(self, worker: _Worker, job: Job) -> None:
        """Takes a dead worker off the list; its job is the next one again."""
        cause = worker.cause()
        worker.end()
        self._workers.remove(worker)
        path = job.result_file(self.folder)
        if path in self._victims:
            raise JobFailed(
                job.shown,
                f"its process died twice ({cause})",
                hint="What is finished is kept. Where memory is short, run fewer at a time: "
                f"{self.fewer}. A script of your own has to call fcn_hw below "
                "'if __name__ == \"__main__\":'.",
            )
        self._victims.add(path)
        self._again.append(job)
        self.say(
            f"worker {worker.process.pid} ended: {cause}; its job, {job.shown}, goes to another"
        )

    def _failure(self, job: Job, answer: _Answer) -> FcnHwError:
        if answer.status is not None:
            error = FcnHwError(answer.error, hint=answer.hint)
            error.exit_status = answer.status
            return error
        log = job.result_file(self.folder).with_suffix(".log")
        replace_file(log, answer.trace)
        return JobFailed(job.shown, answer.error, hint="What is finished is kept.", log=log)


# -- in the worker ---------------------------------------------------------------------------------


def _serve(connection: Connection, work: Work) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent acts
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepared: list[Any] = []
    with suppress(EOFError, OSError):  # the parent has no more jobs, or is gone
        while True:
            job = connection.recv()
            connection.send(_answer(work, prepared, job))


def _answer(work: Work, prepared: list[Any], job: Job) -> _Answer:
    try:
        if not prepared:
            prepared.append(work.prepare())
        result = work.perform(prepared[0], job)
        return _Answer(json.loads(json.dumps(result, allow_nan=False)))
    except FcnHwError as error:
        message = f"job '{job.shown}': {error.message}" if prepared else error.message
        return _Answer(error=message, hint=error.hint, status=error.exit_status)
    except OSError as error:  # a full disk, for instance
        where = f"{error.filename}: " if error.filename else ""
        hint = "What is finished is kept; run the command again."
        return _Answer(error=f"{where}{error.strerror or error}", hint=hint, status=1)
    except Exception as error:
        words = f"{type(error).__name__}: {error}".splitlines()[0]
        return _Answer(error=words, trace=traceback.format_exc())


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


# -- around the start of a worker ------------------------------------------------------------------


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """A process started here has so many threads: TensorFlow and BLAS ask the environment."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(count)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process started here sees no Ctrl-C before it can ignore it; ours comes a moment later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
