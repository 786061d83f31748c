"""``fcn-hw show``: a graph as typed text, and how it is known that it equals QKeras."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fcn_hw.errors import ConfigError, FcnHwError
from fcn_hw.flow.doubts import find_doubts
from fcn_hw.flow.workspace import open_workspace
from fcn_hw.frontend.proofs import PROOFS_FILE, Proof, load_proofs, statuses
from fcn_hw.ir import Graph
from fcn_hw.ir.serialize import GRAPH_FILE, document, load
from fcn_hw.ir.text import to_text


@dataclass(frozen=True, eq=False)
class Shown:
    """A graph and what is known of it.

    Args:
        folder: that holds it.
        statuses: of each op that holds a Keras layer's output; empty where no model was exported.
        proofs: of ops that stand for float layers.
        doubt: why it is not the graph of the design as it is now, or "".
    """

    graph: Graph
    folder: Path
    statuses: dict[str, str]
    proofs: tuple[Proof, ...]
    doubt: str = ""

    def text(self) -> str:
        """The dump of ``graph.txt``, each op's status in front."""
        head, *lines = to_text(self.graph).splitlines()
        known = [self.statuses.get(op.name, "") for op in self.graph.ops]
        width = max(map(len, known), default=0)
        if not width:
            return "\n".join([head, *lines])
        *ops, end = lines
        shown = [f"{status:{width}}{line}" for status, line in zip(known, ops, strict=True)]
        return "\n".join([head, *shown, end])


def graph_folder(target: str, root: Path) -> Path:
    """The folder of a graph.

    Args:
        target: a folder that holds a ``graph.json``, that file, or a design.

    Raises:
        ConfigError: no such design, or it is not exported yet.
    """
    path = Path(target).expanduser()
    if path.name == GRAPH_FILE and path.is_file():
        return path.parent
    if (path / GRAPH_FILE).is_file():
        return path
    workspace = open_workspace(target, root)
    if not (workspace.graph / GRAPH_FILE).is_file():
        raise ConfigError(
            f"design '{workspace.design.name}' has no graph yet",
            hint=f"Run fcn-hw export {target}.",
        )
    return workspace.graph


def show(target: str, root: Path) -> Shown:
    """Reads a graph; ``target`` as for :func:`graph_folder`.

    Raises:
        ConfigError: there is none, or a file of it is malformed.
        GraphError: it breaks a rule.
    """
    folder = graph_folder(target, root)
    graph, proofs = load(folder), load_proofs(folder)
    exported = (folder / PROOFS_FILE).is_file()
    known = statuses(graph, proofs) if exported else {}
    texts = {name: known[name].value for name in known}
    return Shown(graph, folder, texts, proofs, _doubt(folder, target, root, graph))


def _doubt(folder: Path, target: str, root: Path, graph: Graph) -> str:
    """Why a design's graph is not that of the design as it is now; "" for a folder's."""
    try:
        workspace = open_workspace(target, root)
        if workspace.graph != folder:
            return ""
        found = find_doubts(workspace, graph=graph).get("export")
    except FcnHwError:
        return ""
    return "" if found is None else f"{found.reason}: run fcn-hw export {target}"


def shown_to_json(shown: Shown) -> dict[str, Any]:
    """The graph's document; each op also has its status, MACs and parameters."""
    data = document(shown.graph)
    by_op = {proof.op: proof for proof in shown.proofs}
    for entry, op in zip(data["ops"], shown.graph.ops, strict=True):
        entry["status"] = shown.statuses.get(op.name)
        entry["macs"] = op.macs(shown.graph.operands(op))
        entry["parameters"] = op.parameters
        if op.name in by_op:
            entry["proof"] = asdict(by_op[op.name])
    return data
