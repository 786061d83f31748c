"""How far QKeras, the graph and the emitted C++ are equal, tensor by tensor."""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.flow.csim_report import LayerResult
from fcn_hw.frontend.proofs import Status
from fcn_hw.harness.compare import Difference
from fcn_hw.ir import Graph, Input
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sources import Sources

ID, TITLE = "exactness", "Bit-exactness"
_NO_LAYER = "-"


@dataclass(frozen=True)
class ExactRow:
    """A tensor.

    Args:
        status: of QKeras = graph, or "-" where no Keras layer has the tensor.
        qkeras_values, qkeras_mismatches: codes compared, None where none were.
        cpp_values, cpp_mismatches: the same of graph = C++.
        first: the first difference, or "".
    """

    tensor: str
    format: str
    status: str
    qkeras_values: int | None
    qkeras_mismatches: int | None
    cpp_values: int | None
    cpp_mismatches: int | None
    first: str


@dataclass(frozen=True)
class ExactnessContext:
    """``exactness.html.j2``.

    Args:
        images: simulated, or None where csim has not run.
        statuses: that occur, with what they mean.
        command: that fills the columns of C++.
    """

    rows: tuple[ExactRow, ...]
    images: int | None
    values: int
    mismatches: int
    flips: int
    conv: str
    statuses: tuple[tuple[str, str], ...]
    command: str


_MEANING = {
    Status.EXACT: "float32 does the same integer arithmetic without rounding, proved by intervals",
    Status.PROVED: "QKeras' own code was evaluated at every code, or at both sides of every step",
    Status.MEASURED: "QKeras rounds on the way in float32, so the graph is the reference",
}


def exactness(sources: Sources) -> Section:
    """The table of both promises: QKeras = graph, and graph = C++."""
    graph, csim = sources.graph, sources.csim
    if graph is None:
        what = "Every tensor of every image, code for code: QKeras = graph = C++."
        return missing(ID, TITLE, what, sources.command("csim"))
    by_tensor = {row.layer: row for row in csim.layers} if csim else {}
    rows = tuple(
        _row(graph, op.name, sources, by_tensor.get(op.name))
        for op in graph.ops
        if not isinstance(op, Input)
    )
    used = {row.status for row in rows}
    return made(
        ID,
        TITLE,
        ExactnessContext(
            rows=rows,
            images=csim.images if csim else None,
            values=csim.values_compared if csim else 0,
            mismatches=csim.mismatches if csim else 0,
            flips=csim.argmax_flips if csim else 0,
            conv=sources.workspace.design.hls.Conv,
            statuses=tuple(
                (status.value, text) for status, text in _MEANING.items() if status.value in used
            ),
            command=sources.command("csim"),
        ),
    )


def _row(graph: Graph, name: str, sources: Sources, simulated: LayerResult | None) -> ExactRow:
    status = (sources.statuses or {}).get(name)
    compared = (sources.agreement or {}).get(name)
    both = simulated is not None and simulated.models == "Q=O=C"
    values = mismatches = None
    if simulated is not None:
        values, mismatches = simulated.values, simulated.mismatches
        if both and compared is not None:  # its row counts both comparisons
            values -= compared[0]
            mismatches -= compared[1]
    return ExactRow(
        tensor=name,
        format=str(graph.tensor(name).format),
        status=status.value if status else _NO_LAYER,
        qkeras_values=compared[0] if compared else None,
        qkeras_mismatches=compared[1] if compared else None,
        cpp_values=values,
        cpp_mismatches=mismatches,
        first=_first(simulated.first if simulated else None),
    )


def _first(difference: Difference | None) -> str:
    if difference is None:
        return ""
    place = ",".join(str(number) for number in difference.index)
    return f"[{place}] expected {difference.expected:g}, got {difference.actual:g}"
