"""How it is known that a tensor of the graph has the source model's codes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from fcn_hw.errors import ConfigError
from fcn_hw.files import replace_file
from fcn_hw.ir import Graph
from fcn_hw.ir.intervals import float32_exact

PROOFS_FILE = "proofs.json"


class Status(str, Enum):
    """The two promises kept apart: Graph = C++ holds always; this is about source model = Graph."""

    EXACT = "exact"
    """Integer arithmetic that float32 does without rounding."""
    PROVED = "proved"
    """A step function: the source model's own code (QKeras', qonnx's) was evaluated at every code
    of the input, or at both sides of every step."""
    MEASURED = "measured"
    """The source model rounds on the way, or a stated format stands for float values: compared on
    images."""


@dataclass(frozen=True)
class Proof:
    """What is known of one op that stands for float layers.

    Args:
        op: its name.
        layer: the layer or node whose output it holds, or ``""``.
        proved: whether its codes are the source model's for every code of its input.
        form: ``"scale and bias"``, ``"sum of scales"``, ``"thresholds"`` or ``"table"``.
        text: how it was found, with counts; or why it is not proved.
        near_ties: steps that lie within float32's rounding of a tie: float32 on another processor
            may take them one code of the input earlier or later.
        terms: ops between, which hold no layer's output: the proof is of them together.
    """

    op: str
    layer: str
    proved: bool
    form: str
    text: str
    near_ties: int = 0
    terms: tuple[str, ...] = ()


def statuses(graph: Graph, proofs: Iterable[Proof]) -> dict[str, Status]:
    """The status of every op that holds the output of a layer, in the graph's order."""
    proofs = list(proofs)
    known = [proof for proof in proofs if proof.proved]
    proved, unproved = {proof.op for proof in known}, {p.op for p in proofs if not p.proved}
    same = float32_exact(graph, proved.union(*(proof.terms for proof in known)))
    return {
        op.name: (
            (Status.PROVED if op.name in proved else Status.EXACT)
            if op.name in same and op.name not in unproved
            else Status.MEASURED
        )
        for op in graph.ops
        if op.origin
    }


def save_proofs(proofs: Sequence[Proof], folder: Path) -> None:
    """Writes ``proofs.json`` beside a graph."""
    replace_file(
        folder / PROOFS_FILE, json.dumps([asdict(proof) for proof in proofs], indent=1) + "\n"
    )


def forget_proofs(folder: Path) -> None:
    """Removes ``proofs.json``, before another graph comes to stand beside it."""
    (folder / PROOFS_FILE).unlink(missing_ok=True)


def load_proofs(folder: Path) -> tuple[Proof, ...]:
    """The proofs beside a graph; none where there is no such file.

    Raises:
        ConfigError: the file is malformed.
    """
    path = folder / PROOFS_FILE
    if not path.exists():
        return ()
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Proof(**{**item, "terms": tuple(item["terms"])}) for item in stored)
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"{path}: no list of proofs ({type(error).__name__})", hint="Export the model again."
        ) from error
