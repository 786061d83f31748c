"""Every error that a user can meet.

Each is one clear line: what is wrong, why, and (``hint``) what to do. The command line prints
``str(error)``, then the hint, then the path of a log where there is one, and exits with
``exit_status``: 2 for a mistake of the user, 1 for a check that failed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

MAX_SHOWN = 80
"""Characters of a layer's name that a message shows: the name comes from a file."""

MAX_PROBLEMS = 200
"""Layers that one message tells of; what is behind them is counted."""


def visible(text: str) -> str:
    """Escape sequences, NUL and the like as their codes: names and paths can hold any.

    Line breaks and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text
    )


def one_line(text: str) -> str:
    """As :func:`visible`, line breaks and tabs too."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _restored(kind: type[FcnHwError], args: tuple[Any, ...], state: dict[str, Any]) -> FcnHwError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class FcnHwError(Exception):
    """Base of all errors of fcn_hw.

    Args:
        message: one line that names the thing and says why it is wrong.
        hint: one line that says what to do, or ``""``.
        log: the file that holds the details, if any.
    """

    exit_status = 2

    def __init__(self, message: str, *, hint: str = "", log: Path | None = None) -> None:
        message = one_line(message)
        super().__init__(message)
        self.message = message
        self.hint = visible(hint)
        self.log = log

    def __reduce__(self) -> tuple[Any, ...]:
        """An error of a worker process comes back whole, whatever its arguments are called."""
        return _restored, (type(self), self.args, self.__dict__)


class ConfigError(FcnHwError):
    """A design, board or command-line value is wrong."""


class Busy(FcnHwError):
    """Another process writes to the same folder."""

    exit_status = 1


class DataError(FcnHwError):
    """A data set folder, list, image or mask is missing, undecodable or out of range."""


class FormatError(FcnHwError):
    """A fixed-point format is impossible, or a value can't be represented in it."""


class TemplateError(FcnHwError):
    """A template misses a value or is itself wrong."""


class UnsupportedLayer(FcnHwError):
    """A layer of the model that can't be expressed exactly.

    Args:
        layer: the layer's name in the model.
        reason: why it can't be expressed.
        hint: what to use instead.
    """

    def __init__(self, layer: str, reason: str, *, hint: str = "") -> None:
        shown = layer if len(layer) <= MAX_SHOWN else f"{layer[:MAX_SHOWN]}..."
        super().__init__(f"layer '{shown}': {reason}", hint=hint)
        self.layer = layer
        self.reason = reason

    @classmethod
    def together(cls, problems: Sequence[UnsupportedLayer]) -> UnsupportedLayer:
        """One error that tells of every layer: the first as itself, the others in the hint."""
        first, *others = problems
        lines = [first.hint, *(f"{item.message}: {item.hint}" for item in others[:MAX_PROBLEMS])]
        if len(others) > MAX_PROBLEMS:
            lines.append(f"and {len(others) - MAX_PROBLEMS:,} more")
        return cls(first.layer, first.reason, hint="\n".join(line for line in lines if line))


class GraphError(FcnHwError):
    """A graph breaks a rule; ``diagnostics`` lists every broken rule, not the first only."""

    def __init__(self, diagnostics: Sequence[str], *, where: str = "graph") -> None:
        self.diagnostics = tuple(diagnostics)
        more = f" (and {len(self.diagnostics) - 1} more)" if len(self.diagnostics) > 1 else ""
        super().__init__(
            f"{where}: {self.diagnostics[0]}{more}", hint="\n".join(self.diagnostics[1:])
        )


class ToolNotFound(FcnHwError):
    """A program is not on PATH; says how to get it.

    Args:
        tool: the program's name.
        how_to_get: one sentence.
        variable: the environment variable that can name the program instead.
    """

    def __init__(self, tool: str, how_to_get: str, variable: str) -> None:
        super().__init__(
            f"'{tool}' was not found on PATH",
            hint=f"{how_to_get} Or set {variable} to its full path.",
        )
        self.tool = tool


class ToolFailed(FcnHwError):
    """A program ran and failed, or ended without what it had to leave.

    Args:
        argv: the command.
        log: the file that holds all that it printed.
        tail: its last lines.
        reason: what went wrong, for instance ``"exit status 1"``.
    """

    exit_status = 1

    def __init__(self, argv: Sequence[str], log: Path | None, tail: str, reason: str) -> None:
        super().__init__(f"'{Path(argv[0]).name}' failed: {reason}", hint=tail, log=log)
        self.argv = tuple(argv)
        self.tail = tail
        self.reason = reason


class NoLicence(FcnHwError):
    """A tool has no licence for what it was asked; nothing is wrong with the design.

    Args:
        tool: the program.
        line: of its log that says so.
        log: its log.
    """

    def __init__(self, tool: str, line: str, log: Path | None) -> None:
        super().__init__(
            f"'{tool}' has no licence: {line}",
            hint="Set XILINXD_LICENSE_FILE to a licence file or to port@server. Vivado's free "
            "edition builds for xc7z020, xczu3eg, xczu7ev and Kria; xczu9eg needs a licence.",
            log=log,
        )
        self.tool = tool


class ReportError(FcnHwError):
    """A report of a tool lacks a value or can't be parsed."""

    exit_status = 1


class TimingNotMet(FcnHwError):
    """A routed design is too slow for its clock, or holds too short.

    Args:
        report: the timing report.
        slacks: in words, every check that fails.
        period_ns: of the clock.
    """

    exit_status = 1

    def __init__(self, report: Path, slacks: Sequence[str], period_ns: float) -> None:
        super().__init__(
            f"timing is not met at {period_ns:g} ns: {', '.join(slacks)}",
            hint="Give hls.ClockPeriod a larger value in design.yaml. The paths are in the report.",
            log=report,
        )
        self.slacks = tuple(slacks)


class Regression(FcnHwError):
    """A design got worse than its thresholds allow.

    Args:
        report: that holds every row.
        rows: in words, one for each quantity that got worse; one at least.
    """

    exit_status = 1

    def __init__(self, report: Path, rows: Sequence[str]) -> None:
        more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        super().__init__(
            f"worse than before: {rows[0]}{more}",
            hint="\n".join((*rows[1:], "Thresholds are in section 'regression' of design.yaml.")),
            log=report,
        )
        self.rows = tuple(rows)


class NotSynthesizable(FcnHwError):
    """A source is outside the subset of C++ that fcn_hw's compiler turns into Verilog.

    Args:
        line: ``header:line`` where it is known, else ``""``.
        reason: what can't be had, and why.
        process: that the line is compiled for; set where it is known.
    """

    exit_status = 1

    def __init__(self, line: str, reason: str, *, process: str = "", hint: str = "") -> None:
        where = ", ".join(
            part for part in (f"process '{process}'" if process else "", line) if part
        )
        super().__init__(f"{where}: {reason}" if where else reason, hint=hint)
        self.line = line
        self.reason = reason

    def of_process(self, process: str) -> NotSynthesizable:
        """The same, told of a process."""
        return NotSynthesizable(self.line, self.reason, process=process, hint=self.hint)


class BundleError(FcnHwError):
    """A hand-off bundle is damaged, changed, incomplete, or no bundle at all."""

    exit_status = 1


class StorageError(FcnHwError):
    """The storage of a study does not answer, or something was taken from it."""

    exit_status = 1

    @classmethod
    def damaged(cls, where: str, what: str) -> StorageError:
        """The error of a storage that something was taken from.

        Args:
            where: the storage, as messages show it.
            what: is missing or changed.
        """
        return cls(
            f"{where}: damaged: {what} is missing or was changed",
            hint="Put back a copy of it, or move it away: a new study takes what was evaluated "
            "from search/evaluations/.",
        )


class JobFailed(FcnHwError):
    """A job of a worker process failed for no fault of the user.

    Args:
        job: its name.
        reason: what went wrong.
        hint: what to do.
        log: the trace, if there is one.
    """

    exit_status = 1

    def __init__(self, job: str, reason: str, *, hint: str, log: Path | None = None) -> None:
        super().__init__(f"job '{job}' failed: {reason}", hint=hint, log=log)
        self.job = job
        self.reason = reason


class Mismatch(FcnHwError):
    """Two models of the same tensor differ.

    Args:
        tensor: name of the tensor.
        index: (frame, row, column, channel) of the first difference.
        expected: integer code of the reference.
        actual: integer code of the model under test.
        count: how many codes differ in all.
    """

    exit_status = 1

    def __init__(
        self, tensor: str, index: tuple[int, ...], expected: int, actual: int, count: int
    ) -> None:
        super().__init__(
            f"'{tensor}' differs at {index}: expected code {expected}, got {actual} "
            f"({count} codes differ)"
        )
        self.tensor = tensor
        self.index = index
        self.expected = expected
        self.actual = actual
        self.count = count


class Deadlock(FcnHwError):
    """Processes of a dataflow region that wait for one another, for ever.

    Args:
        graph: name of the design.
        waits: in words, whom each process of the cycle waits for: the next, the last the first.
        full: the FIFOs of the cycle that are full.
        fills: what every FIFO holds, in words.
    """

    exit_status = 1

    def __init__(
        self, graph: str, waits: Sequence[str], full: Sequence[str], fills: Sequence[str]
    ) -> None:
        names = " and ".join(f"'{name}'" for name in full)
        super().__init__(
            f"'{graph}' deadlocks: {len(waits)} processes wait for one another, "
            f"{names} {'is' if len(full) == 1 else 'are'} full",
            hint="\n".join((*waits, f"make {names} deeper", f"FIFOs: {', '.join(fills)}")),
        )
        self.waits = tuple(waits)
        self.full = tuple(full)
        self.fills = tuple(fills)


class StreamError(FcnHwError):
    """A process reads more, or fewer, pixels than another one writes.

    Args:
        graph: name of the design.
        reason: which process, at which stream.
        fills: what every FIFO holds, in words.
    """

    exit_status = 1

    def __init__(self, graph: str, reason: str, fills: Sequence[str]) -> None:
        super().__init__(f"'{graph}': {reason}", hint=f"FIFOs: {', '.join(fills)}")
        self.reason = reason
        self.fills = tuple(fills)


class LintFailed(FcnHwError):
    """An HLS project breaks rules of Vitis HLS; ``findings`` tells of every one.

    Args:
        project: name of the top function.
        findings: a line for each error.
    """

    exit_status = 1

    def __init__(self, project: str, findings: Sequence[str]) -> None:
        plural = "s" if len(findings) > 1 else ""
        super().__init__(
            f"'{project}' breaks the rules of Vitis HLS: {len(findings)} error{plural}",
            hint="\n".join(findings),
        )
        self.findings = tuple(findings)


class DoesNotFit(FcnHwError):
    """A design needs more of a resource than the board has."""

    exit_status = 1

    def __init__(self, board: str, resource: str, need: int, have: int, *, hint: str = "") -> None:
        super().__init__(f"{board}: needs {need} {resource}, has {have}", hint=hint)


def nearest(name: str, valid: Iterable[str], count: int = 3) -> str:
    """The valid names nearest to ``name``, for an error message: ``"'a', 'b'"``.

    All names are listed where none is near.
    """
    names = [str(item) for item in valid]
    near = difflib.get_close_matches(name, names, n=count, cutoff=0.5)
    return ", ".join(f"'{item}'" for item in (near or sorted(names)))
