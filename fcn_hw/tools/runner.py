"""Carries out a plan: the one place that writes its files and starts processes."""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from fcn_hw.errors import ConfigError, ToolFailed
from fcn_hw.files import replace_file
from fcn_hw.plan import Command, Plan
from fcn_hw.tools.find import find_tool

LOG_FOLDER = "logs"
TAIL_LINES = 20
"""Lines of a failed tool's log that its error shows."""

_POLL_S = 0.1
_GRACE_S = 2.0  # at most, between asking a process to end and killing what is left of its group
_READ_BYTES = 1 << 16
_MAX_LINE_BYTES = 1 << 16  # a longer line is handed on in pieces


@dataclass(frozen=True)
class Result:
    """A command that succeeded.

    Args:
        command: what ran.
        log: all that it printed.
        seconds: how long it took.
    """

    command: Command
    log: Path
    seconds: float


def write_files(plan: Plan, folder: Path) -> list[Path]:
    """Writes the plan's files; returns those that were new or changed, relative to ``folder``.

    A file that already holds its contents keeps its time stamp, so make sees no change.

    Raises:
        ConfigError: a path leaves the folder.
    """
    paths = {name: _inside(folder, name) for name in plan.files}
    return [Path(n) for n, data in plan.files.items() if replace_file(paths[n], data)]


def run(
    plan: Plan,
    folder: Path,
    *,
    jobs: int = 1,
    on_line: Callable[[str], None] | None = None,
    stop: threading.Event | None = None,
) -> tuple[Result, ...]:
    """Writes the plan's files and runs its commands; a result for each, in the plan's order.

    A command succeeds if it exits with status 0 and has left every file that it was to leave. Its
    standard output and error go to ``logs/<name>.log``. It runs in a process group of its own,
    which is killed as a whole when its time is up, when another command of the stage fails, and
    when this process is interrupted.

    Args:
        jobs: commands of one stage that run at a time.
        on_line: called with each line that a command prints, one call at a time.
        stop: another thread sets it to have what runs killed; the results are then those of the
            commands that had ended.

    Raises:
        ConfigError: a path leaves the folder.
        ToolNotFound: a program is missing; nothing has been run.
        ToolFailed: a command failed; those after it have not been run.
    """
    write_files(plan, folder)
    lock = threading.Lock()

    def hand_on(line: str) -> None:
        if on_line is not None:
            with lock:
                on_line(line)

    prepared = [[_prepare(command, folder, hand_on) for command in stage] for stage in plan.stages]
    done: list[Result] = []
    for stage in prepared:
        done += _run_stage(stage, jobs, stop or threading.Event())
    return tuple(done)


@contextmanager
def output_of(argv: Sequence[str]) -> Iterator[IO[bytes]]:
    """The standard output of a program while it runs, for what is too much to keep.

    The program is killed where the reader leaves before the end, by an exception too.

    Args:
        argv: a tool's name and its arguments. No shell reads them.

    Raises:
        ToolNotFound: the program is missing; nothing has been run.
        ToolFailed: it failed, which is known when all is read.
    """
    words = [str(find_tool(argv[0])), *argv[1:]]
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said,
                env=_environment(), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise ToolFailed(words, None, "", f"can't be started: {error.strerror}") from error
        assert child.stdout is not None
        try:
            yield child.stdout
            if child.stdout.read(1):
                return
            child.wait()
        finally:
            _end_group(child)
        reason = _failure(child.returncode)
        if reason:
            said.seek(0)
            lines = said.read().decode(errors="replace").splitlines()
            raise ToolFailed(words, None, "\n".join(lines[-TAIL_LINES:]), reason)


def _run_stage(stage: list[_Process], jobs: int, stop: threading.Event) -> list[Result]:
    def guarded(process: _Process) -> Result | Exception | None:
        try:
            return process.run(stop)
        except Exception as error:
            stop.set()
            return error

    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        try:
            ended = list(pool.map(guarded, stage))
        except BaseException:  # Ctrl-C reaches this thread only; the others watch ``stop``
            stop.set()
            raise
    for item in ended:
        if isinstance(item, Exception):
            raise item
    return [item for item in ended if isinstance(item, Result)]


class _Process:
    """One command, ready to run."""

    def __init__(
        self,
        command: Command,
        argv: list[str],
        cwd: Path,
        log: Path,
        expects: list[Path],
        on_line: Callable[[str], None],
    ) -> None:
        self.command = command
        self.argv = argv
        self.cwd = cwd
        self.log = log
        self.expects = expects
        self.on_line = on_line
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)

    def run(self, stop: threading.Event) -> Result | None:
        """The result, or None where ``stop`` was set before the command ended."""
        if stop.is_set():
            return None
        for path in self.expects:
            path.unlink(missing_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
        self.cwd.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        with self.log.open("wb", buffering=0) as log:  # can be followed, and outlives a kill -9
            log.write(f"$ {shlex.join(self.argv)}\n".encode())
            try:
                child = subprocess.Popen(
                    self.argv,
                    cwd=self.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=_environment(),
                    start_new_session=True,
                )
            except OSError as error:
                raise self._failed(f"can't be started: {error.strerror}") from error
            try:
                timed_out = not self._follow(child, log.write, started, stop)
            finally:
                _end_group(child)
        if stop.is_set():
            return None
        if timed_out:
            raise self._failed(f"killed after {self.command.timeout_s:g} s")
        reason = _failure(child.returncode)
        if reason:
            raise self._failed(reason)
        for name, path in zip(self.command.expects, self.expects, strict=True):
            if not path.is_file():
                raise self._failed(f"exit status 0, but it left no '{name}'")
        return Result(self.command, self.log, time.monotonic() - started)

    def _follow(
        self,
        child: subprocess.Popen[bytes],
        write: Callable[[bytes], object],
        started: float,
        stop: threading.Event,
    ) -> bool:
        """Hands on what the child prints until it ends; False where its time is up."""
        assert child.stdout is not None
        pipe = child.stdout.fileno()
        left = b""
        open_ended = True  # the pipe may bring more
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while open_ended and not stop.is_set():
                if time.monotonic() - started > self.command.timeout_s:
                    return False
                ended = child.poll() is not None
                if selector.select(0 if ended else _POLL_S):
                    chunk = os.read(pipe, _READ_BYTES)
                    write(chunk)
                    left = self._hand_on(left + chunk)
                    open_ended = bool(chunk)
                else:  # a grandchild may hold the pipe open; it is not waited for
                    open_ended = not ended
        if left:
            self._line(left)
        while child.poll() is None and not stop.is_set():
            if time.monotonic() - started > self.command.timeout_s:
                return False
            with suppress(subprocess.TimeoutExpired):
                child.wait(_POLL_S)
        return True

    def _hand_on(self, data: bytes) -> bytes:
        """Hands on whole lines; returns the rest."""
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._line(line)
        if len(rest) > _MAX_LINE_BYTES:
            self._line(rest)
            rest = b""
        return rest

    def _line(self, raw: bytes) -> None:
        line = raw.decode(errors="replace").rstrip("\r")
        self.tail.append(line)
        self.on_line(line)

    def _failed(self, reason: str) -> ToolFailed:
        return ToolFailed(self.argv, self.log, "\n".join(self.tail), reason)


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}  # messages in one language


def _failure(status: int) -> str:
    """How a process ended that did not succeed, or ""."""
    if status < 0:
        return f"ended by signal {-status} ({signal.strsignal(-status)})"
    return f"exit status {status}" if status else ""


def _prepare(command: Command, folder: Path, on_line: Callable[[str], None]) -> _Process:
    cwd = _inside(folder, command.cwd)
    program, *arguments = command.argv
    path = Path(os.path.normpath(cwd / program)) if "/" in program else find_tool(program)
    return _Process(
        command,
        [str(path), *arguments],
        cwd,
        _inside(folder, f"{LOG_FOLDER}/{command.name}.log"),
        [_inside(folder, name) for name in command.expects],
        on_line,
    )


def _inside(folder: Path, name: str) -> Path:
    """The absolute path of ``name`` below ``folder``.

    Raises:
        ConfigError: it lies elsewhere, by ``..`` or by a symbolic link on the way.
    """
    root = folder.resolve()
    path = root / name
    below = path == root or path.parent.resolve().is_relative_to(root)
    if ".." in PurePosixPath(name).parts or not below:
        raise ConfigError(f"'{name}' lies outside the folder '{folder}'")
    return path


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """Kills the process group of a child that has not ended, and reaps the child."""
    if child.poll() is None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            # The group may be gone, or hold nothing but a process that has just ended.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, number)
            with suppress(subprocess.TimeoutExpired):
                child.wait(_GRACE_S)
        child.wait()
    if child.stdout is not None:
        child.stdout.close()
