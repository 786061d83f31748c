"""Where a design's files are.

hls_projects/<design>/design.yaml
hls_projects/<design>/model/           train: weights, checkpoints, training.json
hls_projects/<design>/graph/           export: graph.json, weights.npz, export.json
hls_projects/<design>/<board>/         hls, csim: the HLS project, report/
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fcn_hw.boards import Board, load_board
from fcn_hw.design import Design
from fcn_hw.design_yaml import DesignSource, check_layer_names, find_design, load_design_source
from fcn_hw.train.topology import layer_names


@dataclass(frozen=True)
class Workspace:
    """A design and the folders of its results.

    Args:
        source: the design with the positions of its keys.
        folder: that holds ``design.yaml``.
    """

    source: DesignSource
    folder: Path

    @property
    def design(self) -> Design:
        return self.source.design

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def graph(self) -> Path:
        return self.folder / "graph"

    def project(self, board: Board) -> Path:
        return self.folder / board.name

    def report(self, board: Board) -> Path:
        return self.project(board) / "report"


def open_workspace(name: str, root: Path) -> Workspace:
    """Finds, reads and checks a design.

    Args:
        name: of a design below ``root/hls_projects``, or the path of a design.yaml.

    Raises:
        ConfigError: unknown design, key, value or layer.
    """
    path = find_design(name, root)
    source = load_design_source(path)
    check_layer_names(source, layer_names(source.design))
    return Workspace(source, path.parent)


def open_board(name: str) -> Board:
    """Reads a board.

    Raises:
        ConfigError: unknown board.
    """
    return load_board(name)
