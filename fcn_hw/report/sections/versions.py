"""What made all this, and digests to tell it from something else."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import fcn_hw
from fcn_hw.errors import FcnHwError
from fcn_hw.flow.stage import file_digest
from fcn_hw.flow.training import MODEL
from fcn_hw.flow.workspace import Workspace
from fcn_hw.ir.serialize import digest
from fcn_hw.report.section import Section, made
from fcn_hw.report.sources import Sources
from fcn_hw.train.datasets import dataset_digest

ID, TITLE = "versions", "Versions and digests"
_PACKAGES = ("tensorflow", "tf-keras", "qkeras", "hls4ml", "numpy")


@dataclass(frozen=True)
class VersionsContext:
    """``versions.html.j2``: names and texts; a digest that is not there is ``""``."""

    versions: tuple[tuple[str, str], ...]
    digests: tuple[tuple[str, str], ...]


def versions(sources: Sources) -> Section:
    """Always ready: it says what is not there."""
    workspace, graph = sources.workspace, sources.graph
    found = [("fcn_hw", fcn_hw.__version__), ("Python", platform.python_version())]
    found += [(name, _version(name)) for name in _PACKAGES]
    digests = []
    if isinstance(workspace, Workspace):
        design = workspace.design
        digests += [
            ("design.yaml", _digest(lambda: file_digest(workspace.source.path))),
            ("data set", _digest(lambda: dataset_digest(design.dataset))),
            ("quantized model", _digest(lambda: file_digest(workspace.model / MODEL))),
        ]
    digests += [
        ("graph", "" if graph is None else digest(graph)),
        ("FIFO certificate", sources.fifos.certificate.digest if sources.fifos else ""),
    ]
    return made(ID, TITLE, VersionsContext(tuple(found), tuple(digests)))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _digest(function: Callable[[], str]) -> str:
    try:
        return function()
    except (OSError, FcnHwError):
        return ""
