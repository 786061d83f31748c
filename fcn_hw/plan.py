"""A plan of work for outside tools: data, not execution.

``plan_*`` functions are pure and return a :class:`Plan`; :mod:`fcn_hw.tools.runner` carries it out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Command:
    """One process.

    Args:
        name: of its log, ``logs/<name>.log`` below the plan's folder; unique in a plan.
        argv: a tool's name, or the path of a program with a ``/`` in it, relative to ``cwd``; then
            its arguments. No shell reads them.
        timeout_s: the process and its children are killed after so many seconds.
        expects: files, relative to the plan's folder, that must be there afterwards. They are
            removed before, so one that is left over from earlier proves nothing.
        cwd: working directory, relative to the plan's folder.
    """

    name: str
    argv: tuple[str, ...]
    timeout_s: float
    expects: tuple[str, ...] = ()
    cwd: str = "."


@dataclass(frozen=True)
class Plan:
    """Files to write and commands to run in one folder.

    Args:
        files: contents by path relative to the folder, with ``/``.
        stages: run one after another; the commands of a stage don't depend on each other.
    """

    files: Mapping[str, bytes | str] = field(default_factory=dict)
    stages: tuple[tuple[Command, ...], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", MappingProxyType(dict(self.files)))
        names = [command.name for command in self.commands]
        assert len(set(names)) == len(names), f"two commands share a log: {names}"

    @property
    def commands(self) -> tuple[Command, ...]:
        """Every command, in the order of the stages."""
        return tuple(command for stage in self.stages for command in stage)

    @property
    def digest(self) -> str:
        """SHA-256 of all that the plan holds, in hexadecimal."""
        stages = [[vars(command) for command in stage] for stage in self.stages]
        files = {
            path: hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()
            for path, data in self.files.items()
        }
        return _digest(stages, files)

    def then(self, other: Plan) -> Plan:
        """This plan, and ``other`` after it in the same folder."""
        clash = [p for p, data in other.files.items() if self.files.get(p, data) != data]
        assert not clash, f"two plans write {clash}"
        return Plan({**self.files, **other.files}, self.stages + other.stages)


def files_digest(digests: Mapping[str, str]) -> str:
    """The digest of a plan that only writes files.

    Args:
        digests: SHA-256 of their contents by path, in hexadecimal.
    """
    return _digest([], dict(digests))


def _digest(stages: object, files: object) -> str:
    return hashlib.sha256(json.dumps([stages, files], sort_keys=True).encode()).hexdigest()
