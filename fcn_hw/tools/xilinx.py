"""AMD's tools: which one is there, its version, and everything that differs between versions.

Vitis HLS 2020.2 to 2024.2 is started by ``vitis_hls -f``, from 2024.2 on by ``vitis-run --mode hls
--tcl`` (2025.1 has no ``vitis_hls``); both read the same Tcl (UG1399, "vitis, v++, and vitis-run
Commands", "open_project" of 2020.2 and of 2025.2). Vivado HLS 2019.2 and 2020.1 is started by
``vivado_hls -f`` and knows no ``-flow_target`` (UG902, "open_solution"). Vivado keeps generated
block designs below ``<project>.srcs`` up to 2020.1 and below ``<project>.gen`` since (UG994).

Nothing here starts a process but :func:`read_version`, by the runner.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fcn_hw.errors import ConfigError, NoLicence, ToolFailed, ToolNotFound
from fcn_hw.plan import Command, Plan
from fcn_hw.tools.find import HOW_TO_GET, find_tool, variable
from fcn_hw.tools.runner import Result, run

HlsProgram = Literal["vitis_hls", "vitis-run", "vivado_hls"]
DialectName = Literal["vitis", "vivado_hls"]

VERSION_TIMEOUT_S = 300.0


@dataclass(frozen=True, order=True)
class Version:
    """``2024.2``."""

    year: int
    release: int

    def __str__(self) -> str:
        return f"{self.year}.{self.release}"


@dataclass(frozen=True)
class HlsDialect:
    """What differs in the Tcl of HLS tools.

    Args:
        open_solution_options: words before the solution's name.
        cflags: of every source file.
        run_by: how an engineer starts a script, for its comment.
        ignored: what the tools leave out of the emitted sources, and what follows; "" if nothing.
    """

    name: DialectName
    open_solution_options: tuple[str, ...]
    cflags: tuple[str, ...]
    run_by: str
    ignored: str = ""


DIALECTS: dict[DialectName, HlsDialect] = {
    "vitis": HlsDialect(
        "vitis",
        ("-reset", "-flow_target", "vivado"),
        ("-std=c++14", "-Ifirmware"),
        "vitis_hls -f {script}, since 2024.2 vitis-run --mode hls --tcl {script}",
    ),
    "vivado_hls": HlsDialect(
        "vivado_hls",
        ("-reset",),
        ("-std=c++0x", "-Ifirmware"),
        "vivado_hls -f {script}",
        ignored="Vivado HLS ignores the pragma BIND_STORAGE: it chooses the memories of FIFOs, "
        "rows and weights itself, and its LUT and block RAM may differ from the estimate",
    ),
}


@dataclass(frozen=True)
class _Hls:
    """An HLS program: versions that are taken, its dialect, its words before a script."""

    first: Version
    last: Version | None
    dialect: DialectName
    arguments: tuple[str, ...]


_HLS: dict[HlsProgram, _Hls] = {
    "vitis_hls": _Hls(Version(2020, 2), None, "vitis", ("-f",)),
    "vitis-run": _Hls(Version(2023, 2), None, "vitis", ("--mode", "hls", "--tcl")),
    "vivado_hls": _Hls(Version(2019, 2), Version(2020, 1), "vivado_hls", ("-f",)),
}

HLS_PROGRAMS: tuple[str, ...] = tuple(_HLS)
"""Every program that does C synthesis; one of them is enough."""
_VIVADO_FIRST = Version(2019, 2)
_PREFER_VITIS_RUN = Version(2024, 2)  # vitis_hls is deprecated there, and gone after it
_GENERATED_FOLDER = Version(2020, 2)
_ASSIGNS_OFFSET = Version(2020, 1)

_VERSION_ARGUMENT = {"vitis-run": "--version"}  # the others take -version


@dataclass(frozen=True)
class HlsTool:
    """An HLS tool that was found."""

    program: HlsProgram
    version: Version

    @property
    def dialect(self) -> HlsDialect:
        return DIALECTS[_HLS[self.program].dialect]

    def argv(self, script: str) -> tuple[str, ...]:
        """Runs a script."""
        return (self.program, *_HLS[self.program].arguments, script)


@dataclass(frozen=True)
class VivadoTool:
    """A Vivado that was found."""

    version: Version

    def argv(self, script: str) -> tuple[str, ...]:
        """Runs a script; the runner keeps the log, so Vivado writes none."""
        return ("vivado", "-mode", "batch", "-nojournal", "-nolog", "-notrace", "-source", script)

    @property
    def generated_suffix(self) -> str:
        """Of the folder beside the project file that holds what a block design generates."""
        return "gen" if self.version >= _GENERATED_FOLDER else "srcs"

    @property
    def assigns_offset(self) -> bool:
        """Whether ``assign_bd_address`` takes an address; ``create_bd_addr_seg`` did before."""
        return self.version >= _ASSIGNS_OFFSET


DEFAULT_VIVADO = VivadoTool(Version(2020, 2))
"""Whose Tcl is emitted where no Vivado has been found."""


def ignored_by(program: str) -> str:
    """What an HLS program leaves out of the emitted sources, and what follows.

    Args:
        program: of :data:`HLS_PROGRAMS`; of any other name, nothing is known: "".
    """
    found = next((tool for name, tool in _HLS.items() if name == program), None)
    return "" if found is None else DIALECTS[found.dialect].ignored


def has_hls() -> bool:
    """Whether a program that does C synthesis is there; it is not started."""
    for program in HLS_PROGRAMS:
        try:
            find_tool(program)
        except ToolNotFound:
            continue
        return True
    return False


def find_hls(folder: Path) -> HlsTool:
    """The HLS tool: one that a variable names, else the first on PATH.

    Args:
        folder: where the logs of asking for the version go.

    Raises:
        ToolNotFound: there is none; says how to get one.
        ConfigError: a version that fcn_hw does not emit for.
    """
    named = [program for program in _HLS if os.environ.get(variable(program))]
    found = named or [program for program in _HLS if _is_there(program)]
    if not found:
        raise ToolNotFound(
            "vitis_hls", f"{HOW_TO_GET['vitis_hls']} 'vitis-run' and 'vivado_hls' are taken too.",
            variable("vitis_hls"),
        )  # fmt: skip
    tool = HlsTool(found[0], read_version(found[0], folder))
    if tool.version >= _PREFER_VITIS_RUN and "vitis-run" in found[1:]:
        tool = HlsTool("vitis-run", read_version("vitis-run", folder))
    limits = _HLS[tool.program]
    if tool.version < limits.first or (limits.last and tool.version > limits.last):
        until = f" to {limits.last}" if limits.last else " or later"
        raise ConfigError(
            f"'{tool.program}' is version {tool.version}; fcn_hw needs {limits.first}{until}",
            hint=f"Install another version, or set {variable(tool.program)} to its full path.",
        )
    return tool


def find_vivado(folder: Path, hls: Version | None = None) -> VivadoTool:
    """Vivado, not older than the HLS tool whose IP it has to read.

    Raises:
        ToolNotFound: it is not there.
        ConfigError: too old.
    """
    version = read_version("vivado", folder)
    if version < _VIVADO_FIRST:
        raise ConfigError(
            f"'vivado' is version {version}; fcn_hw needs {_VIVADO_FIRST} or later",
            hint=f"Install another version, or set {variable('vivado')} to its full path.",
        )
    if hls is not None and version < hls:
        raise ConfigError(
            f"'vivado' is version {version}, older than the IP's, which HLS {hls} exported",
            hint="Use Vivado and HLS of one version.",
        )
    return VivadoTool(version)


def read_version(program: str, folder: Path) -> Version:
    """Asks a tool for its version; where it does not tell, its installation's path has it.

    Raises:
        ToolNotFound: it is not there.
        ConfigError: neither tells.
    """
    path = find_tool(program)
    name = f"version-{program}"
    command = Command(
        name, (program, _VERSION_ARGUMENT.get(program, "-version")), VERSION_TIMEOUT_S
    )
    try:
        (result,) = run(Plan(stages=((command,),)), folder)
        printed = result.log.read_text(errors="replace").partition("\n")[2]
    except ToolFailed as error:
        check_licence(error)
        printed = ""
    match = re.search(r"\bv(20\d\d)\.(\d)", printed) or re.search(
        r"/(20\d\d)\.(\d)(?:\.\d+)?/", path.resolve().as_posix()
    )
    if match is None:
        raise ConfigError(
            f"'{program}' does not tell its version",
            hint=f"'{program} {command.argv[1]}' has to print 'v2024.2' or the like; "
            f"set {variable(program)} to the full path of another one.",
        )
    return Version(int(match[1]), int(match[2]))


# What the tools' licence manager prints: Vivado's message 17-345 and its wordings without a number,
# and FlexNet's own.
_LICENCE = re.compile(
    r"valid license (was|could) not( be)? found"
    r"|(Could not|Failed to|Unable to) (obtain|get|check ?out|find) .{0,40}licen[cs]e"
    r"|licen[cs]e (checkout|check-out) failed|no (valid )?licen[cs]e (was |is )?(found|available)"
    r"|\[Common 17-345\]|Licensed number of users already reached|FLEXnet Licensing error"
    r"|licen[cs]e .{0,40}(has )?expired",
    re.IGNORECASE,
)
_DATE_OVERFLOW = "is an invalid argument. Please specify an integer value"


def run_tool(
    plan: Plan, folder: Path, *, on_line: Callable[[str], None] | None = None
) -> tuple[Result, ...]:
    """Runs a plan of these tools; says plainly what their logs hide.

    Raises:
        NoLicence: the log says that there is none.
        ToolFailed: anything else, see :func:`fcn_hw.tools.runner.run`.
    """
    try:
        return run(plan, folder, on_line=on_line)
    except ToolFailed as error:
        check_licence(error)
        log = _log_text(error)
        if _DATE_OVERFLOW in log:
            raise ToolFailed(
                error.argv, error.log,
                "This is the overflow of a date in HLS tools up to 2021.2: install AMD's patch "
                "(answer record 76960).",
                "the IP's revision number is too large",
            ) from error  # fmt: skip
        # the simulator prints "// ERROR!!! DEADLOCK DETECTED"
        first = next((line for line in log.splitlines() if re.match(r"(// )?ERROR", line)), None)
        if first is not None and first not in error.tail:
            raise ToolFailed(
                error.argv, error.log, f"{first}\n...\n{error.tail}", error.reason
            ) from error
        raise


def check_licence(error: ToolFailed) -> None:
    """Raises NoLicence if the failed tool's log says so."""
    for line in _log_text(error).splitlines()[1:]:  # the first is the command
        if _LICENCE.search(line):
            raise NoLicence(Path(error.argv[0]).name, line.strip(), error.log) from error


def _log_text(error: ToolFailed) -> str:
    try:
        return error.log.read_text(errors="replace") if error.log else ""
    except OSError:
        return error.tail


def _is_there(program: str) -> bool:
    try:
        find_tool(program)
    except ToolNotFound:
        return False
    return True
