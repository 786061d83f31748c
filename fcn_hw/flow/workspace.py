"""Where a design's files are.

Folders, and what makes them::

    hls_projects/<design>/design.yaml
    hls_projects/<design>/model/           train: weights, checkpoints, training.json
    hls_projects/<design>/search/          search: studies, evaluations, a design.yaml a point
    hls_projects/<design>/graph/           export: graph.json, weights.npz, export.json
    hls_projects/<design>/evaluation/      evaluate: a document and a picture for each set of images
    hls_projects/<design>/<board>/         hls, csim: the HLS project, report/
    hls_projects/<design>/<board>_hls4ml/  the same with Conv: hls4ml, to compare
    hls_projects/<design>/*_untrained/     graph and projects with placeholder weights

A graph of its own, without a design, lies where its user put it, and so does its project.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Union

from fcn_hw.boards import Board
from fcn_hw.design import ConvEmitter, Design, Hls, Regression
from fcn_hw.design_yaml import DesignSource, check_layer_names, find_design, load_design_source
from fcn_hw.train.design_network import activation_names, layer_names

HLS4ML_SUFFIX = "_hls4ml"
"""Of the folder of a project with hls4ml's convolutions: both can be there."""

UNTRAINED_SUFFIX = "_untrained"
"""Of the folders of a graph and of projects whose weights are placeholders."""


@dataclass(frozen=True)
class Workspace:
    """A design and the folders of its results.

    Args:
        source: the design with the positions of its keys.
        folder: that holds ``design.yaml``.
        may_train: whether a stage may train the model where it is missing or of other settings.
        untrained: seeded weights stand in for the trained ones; the results have folders of their
            own.
    """

    source: DesignSource
    folder: Path
    may_train: bool = True
    untrained: bool = False

    @property
    def design(self) -> Design:
        return self.source.design

    @property
    def name(self) -> str:
        return self.design.name

    @property
    def hls(self) -> Hls:
        return self.design.hls

    @property
    def regression(self) -> Regression:
        return self.design.regression

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def graph(self) -> Path:
        return self.folder / f"graph{self._suffix}"

    def project(self, board: Board) -> Path:
        suffix = HLS4ML_SUFFIX if self.design.hls.Conv == "hls4ml" else ""
        return self.folder / f"{board.name}{suffix}{self._suffix}"

    @property
    def _suffix(self) -> str:
        return UNTRAINED_SUFFIX if self.untrained else ""

    def report(self, board: Board) -> Path:
        return self.project(board) / "report"

    def with_conv(self, conv: ConvEmitter | None) -> Workspace:
        """The same design with other convolutions; None keeps the design's."""
        if conv is None:
            return self
        hls = self.design.hls.model_copy(update={"Conv": conv})
        design = self.design.model_copy(update={"hls": hls})
        return replace(self, source=replace(self.source, design=design))


@dataclass(frozen=True)
class GraphWorkspace:
    """A graph without a design, and the folder of its results.

    The stages of a board take it as they take a design of ``ReuseFactor: auto``.

    Args:
        graph: the folder that holds ``graph.json``.
        output: of the HLS project.
        conv: whose convolutions.
        data: frames as :func:`fcn_hw.flow.frames.graph_frames` reads them; None: random codes.
        settings: of a design, instead of ``ReuseFactor: auto``.
    """

    graph: Path
    output: Path
    conv: ConvEmitter = "fcn_hw"
    data: Path | None = None
    settings: Hls | None = None

    untrained: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return self.graph.name

    @property
    def hls(self) -> Hls:
        return self.settings or Hls(ReuseFactor="auto", Conv=self.conv)

    @property
    def regression(self) -> Regression:
        return Regression()

    def project(self, board: Board) -> Path:
        return self.output

    def report(self, board: Board) -> Path:
        return self.output / "report"


Target = Union[Workspace, GraphWorkspace]
"""What the stages of a board take."""


def command_of(target: Target, verb: str, board: Board | None) -> str:
    """The command of a verb, without a folder of this machine.

    Args:
        board: None of a verb that has no board; a graph without a design always has one.
    """
    where = "" if board is None else f" --board {board.argument}"
    if isinstance(target, GraphWorkspace):
        return f"fcn-hw {verb} --graph {target.graph.name}{where} --output {target.output.name}"
    folder = target.folder
    below = folder.parent.name == "hls_projects"
    named = folder.name if below else f"{folder.name}/{target.source.path.name}"
    return f"fcn-hw {verb} {named}{where}"


def open_workspace(name: str, root: Path, *, may_train: bool = True) -> Workspace:
    """Finds, reads and checks a design.

    Args:
        name: of a design below ``root/hls_projects``, or the path of a design.yaml.
        may_train: whether stages may train its model.

    Raises:
        ConfigError: unknown design, key, value or layer.
    """
    path = find_design(name, root)
    source = load_design_source(path)
    check_layer_names(source, layer_names(source.design), activation_names(source.design))
    return Workspace(source, path.parent, may_train)
