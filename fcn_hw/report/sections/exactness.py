"""How far the quantized model, the graph and the emitted C++ are equal, tensor by tensor."""

from __future__ import annotations

from dataclasses import dataclass

from fcn_hw.flow.csim_report import LayerResult
from fcn_hw.frontend.proofs import Status
from fcn_hw.harness.compare import Difference
from fcn_hw.ir import Graph
from fcn_hw.report.section import Section, made, missing
from fcn_hw.report.sources import Sources

ID, TITLE = "exactness", "Bit-exactness"
_NO_LAYER = "-"


@dataclass(frozen=True)
class ExactRow:
    """A tensor.

    Args:
        status: of model = graph, or "-" where no layer of the model has the tensor.
        qkeras_values, qkeras_mismatches: codes compared, None where none were.
        qkeras_steps: how many steps of the format a code that differs is off at most.
        cpp_values, cpp_mismatches: codes compared of graph = C++.
        must_be_equal: whether a difference is a failure: a measured layer may differ.
        first: the first difference, or "".
    """

    tensor: str
    format: str
    status: str
    qkeras_values: int | None
    qkeras_mismatches: int | None
    qkeras_steps: float | None
    cpp_values: int | None
    cpp_mismatches: int | None
    first: str
    must_be_equal: bool


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
    Status.PROVED: "the model's own code was evaluated at every code, or beside each step",
    Status.MEASURED: "the model rounds on the way in float32, so the graph is the reference; a "
    "code differs where it is more than half a step from the model's value",
}


def exactness(sources: Sources) -> Section:
    """The table of both promises: quantized model = graph, and graph = C++."""
    graph, csim = sources.graph, sources.csim
    if graph is None:
        what = "Every tensor of every image, code for code: model = graph = C++."
        return missing(ID, TITLE, what, sources.command("csim"))
    by_tensor = {row.layer: row for row in csim.layers} if csim else {}
    rows = tuple(_row(graph, op.name, sources, by_tensor.get(op.name)) for op in graph.computed)
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
            conv=sources.workspace.hls.Conv,
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
            values -= compared.values
            mismatches -= compared.mismatches
    return ExactRow(
        tensor=name,
        format=str(graph.tensor(name).format),
        status=status.value if status else _NO_LAYER,
        qkeras_values=compared.values if compared else None,
        qkeras_mismatches=compared.mismatches if compared else None,
        qkeras_steps=compared.most_steps if compared and compared.mismatches else None,
        cpp_values=values,
        cpp_mismatches=mismatches,
        first=_first(simulated.first if simulated else None),
        must_be_equal=status is not Status.MEASURED,
    )


def _first(difference: Difference | None) -> str:
    if difference is None:
        return ""
    place = ",".join(str(number) for number in difference.index)
    return f"[{place}] expected {difference.expected:g}, got {difference.actual:g}"
