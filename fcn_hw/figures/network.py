"""The processes of a design and the FIFOs between them, as boxes and arrows.

Numbers on the arrows are depths of FIFOs in pixels; the more of a frame a FIFO holds, the thicker
its arrow is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw import colours
from fcn_hw.backend.jinja import render
from fcn_hw.dataflow.lowering import Dataflow, Process, Stream
from fcn_hw.figures.placement import Wire, place
from fcn_hw.ops import Fold, Op
from fcn_hw.ops.convolution import Convolution
from fcn_hw.ops.joins import Join
from fcn_hw.ops.pooling import Pooling
from fcn_hw.ops.upsampling import Upsampling

BOX_WIDTH, LINE, BOX_MARGIN, TEXT_LEFT = 256, 14, 7, 14
GAP, LANE_GAP, EMPTY_LANE, DOT = 32, 22, 74, 8
CORNER, ENTRY = 6, 12
MAX_TEXT, MAX_STRONG = 38, 31
THIN, THICK = 1.5, 5.0

_KINDS: tuple[tuple[str, str, type[Op]], ...] = (
    ("convolution", colours.BLUE, Convolution),
    ("pooling", colours.ORANGE, Pooling),
    ("upsampling", colours.GREEN, Upsampling),
    ("skip connection", colours.PURPLE, Join),
)
_OTHER = ("other", colours.GREY)


@dataclass(frozen=True)
class Line:
    """A line of text in a box; ``y`` is its base line."""

    text: str
    x: int
    y: int
    strong: bool


@dataclass(frozen=True)
class Box:
    """A process; ``title`` is its whole text."""

    x: int
    y: int
    width: int
    height: int
    colour: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Dot:
    """A fork."""

    x: int
    y: int
    title: str


@dataclass(frozen=True)
class Pipe:
    """A stream: its path, and its FIFO's depth where there is one; a fork has no arrow into it."""

    path: str
    has_arrow: bool
    thickness: str
    label: str
    x: int
    y: int
    title: str


@dataclass(frozen=True)
class Key:
    """What a colour means; ``y`` is the base line of its name."""

    name: str
    colour: str
    y: int


@dataclass(frozen=True)
class NetworkFigure:
    """The context of ``figures/network.svg.j2``."""

    title: str
    description: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    dots: tuple[Dot, ...]
    pipes: tuple[Pipe, ...]
    legend: tuple[Key, ...]


@dataclass(frozen=True)
class _Ends:
    """Where a stream starts, runs and ends."""

    tail_x: int
    tail_y: int
    lane_x: int
    head_x: int
    head_y: int
    leaves_aside: bool
    enters_aside: bool
    has_arrow: bool


@dataclass(frozen=True)
class _Node:
    """What is drawn in a row: a port, a process or a fork."""

    lines: tuple[str, ...]
    colour: str
    is_dot: bool = False

    @property
    def height(self) -> int:
        return DOT if self.is_dot else 2 * BOX_MARGIN + LINE * len(self.lines)


def network_svg(
    dataflow: Dataflow,
    *,
    folds: Mapping[str, Fold],
    cycles: Mapping[str, int],
    sized: bool,
) -> str:
    """The text of the picture's SVG file; inside an HTML page it is an element.

    Args:
        folds: of the ops that have one.
        cycles: of a frame, by process; one that is not named shows none.
        sized: whether the depths are those of the design; else none is shown.
    """
    nodes, edges, streams = _nodes(dataflow, folds, cycles)
    placed = place(len(nodes), edges)
    tops = _tops(nodes, placed.rows)
    lefts, width = _lefts(nodes, placed.lanes, placed.wires)
    bottom = max(top + node.height for top, node in zip(tops, nodes, strict=True)) + 4
    lane_x = _lane_middles(lefts, nodes, placed.lanes)
    middle = [lane_x[lane] for lane in placed.lanes]
    boxes, dots = [], []
    for node, top, lane in zip(nodes, tops, placed.lanes, strict=True):
        left = lefts[lane]
        if node.is_dot:
            dots.append(Dot(lane_x[lane], top + DOT // 2, node.lines[0]))
            continue
        lines = tuple(
            Line(
                _short(text, i == 0), left + TEXT_LEFT, top + BOX_MARGIN + LINE * (i + 1) - 3, not i
            )
            for i, text in enumerate(node.lines)
        )
        boxes.append(
            Box(left, top, BOX_WIDTH, node.height, node.colour, "; ".join(node.lines), lines)
        )
    entries: dict[int, int] = {}  # streams that came from aside so far, by head
    pipes = []
    for wire, stream in zip(placed.wires, streams, strict=True):
        tail, head = nodes[wire.tail], nodes[wire.head]
        leaves = wire.lane != placed.lanes[wire.tail]
        enters = wire.lane != placed.lanes[wire.head]
        entry = entries.get(wire.head, 0)
        entries[wire.head] = entry + enters
        side = tops[wire.head] + BOX_MARGIN + LINE // 2 + ENTRY * (entry % len(head.lines))
        ends = _Ends(
            tail_x=middle[wire.tail],
            tail_y=tops[wire.tail] + (tail.height // 2 if leaves else tail.height),
            lane_x=lane_x[wire.lane],
            head_x=lefts[placed.lanes[wire.head]] + BOX_WIDTH if enters else middle[wire.head],
            head_y=side if enters else tops[wire.head],
            leaves_aside=leaves,
            enters_aside=enters,
            has_arrow=not head.is_dot,
        )
        pipes.append(_pipe(stream, ends, sized))
    used = {node.colour for node in nodes if not node.is_dot}
    named = [(name, colour) for name, colour, _ in _KINDS if colour in used]
    legend = tuple(
        Key(name, colour, bottom + LINE * (row + 1))
        for row, (name, colour) in enumerate([*named, _OTHER])
    )
    deepest = max(dataflow.fifos, key=lambda fifo: fifo.depth, default=None)
    said = f"{len(dataflow.processes)} processes from {', '.join(p.name for p in dataflow.inputs)}"
    said += f" to {', '.join(p.name for p in dataflow.outputs)}, {len(dataflow.fifos)} FIFOs"
    if sized and deepest is not None:
        said += f"; the deepest is {deepest.name} with {deepest.depth:,} pixels"
    figure = NetworkFigure(
        title=f"The network {dataflow.name} as dataflow processes",
        description=f"{said}.",
        width=width,
        height=legend[-1].y + BOX_MARGIN,
        boxes=tuple(boxes),
        dots=tuple(dots),
        pipes=tuple(pipes),
        legend=legend,
    )
    return render("figures/network.svg.j2", figure)


def _nodes(
    dataflow: Dataflow, folds: Mapping[str, Fold], cycles: Mapping[str, int]
) -> tuple[list[_Node], list[tuple[int, int]], list[Stream]]:
    """Nodes in topological order, and the streams between them."""
    nodes: list[_Node] = []
    writer: dict[str, int] = {}
    edges: list[tuple[int, int]] = []
    streams: list[Stream] = []
    for port in dataflow.inputs:
        writer[port.name] = len(nodes)
        nodes.append(_Node((f"{port.name}: input", _type(port)), _OTHER[1]))
    for process in dataflow.processes:
        for stream in process.inputs:
            edges.append((writer[stream.name], len(nodes)))
            streams.append(stream)
        writer.update({stream.name: len(nodes) for stream in process.outputs})
        nodes.append(_process(process, folds, cycles))
    for port in dataflow.outputs:
        edges.append((writer[port.name], len(nodes)))
        streams.append(port)
        nodes.append(_Node((f"{port.name}: output", _type(port)), _OTHER[1]))
    return nodes, edges, streams


def _process(process: Process, folds: Mapping[str, Fold], cycles: Mapping[str, int]) -> _Node:
    op = process.op
    if op is None:
        return _Node((f"{process.name}: fork",), _OTHER[1], is_dot=True)
    colour = next((c for _, c, classes in _KINDS if isinstance(op, classes)), _OTHER[1])
    lines = [f"{process.name}: {op.kind}", _type(process.outputs[0])]
    facts = []
    if process.name in folds:
        fold = folds[process.name]
        taps = f" × {fold.taps} taps" if fold.taps > 1 else ""
        facts.append(f"PE {fold.pe} × SIMD {fold.simd}{taps}")
    if process.name in cycles:
        facts.append(f"{cycles[process.name]:,} cycles")
    if facts:
        lines.append(", ".join(facts))
    return _Node(tuple(lines), colour)


def _type(stream: Stream) -> str:
    height, width, channels = stream.tensor.shape
    return f"{height}×{width}×{channels} {stream.tensor.format}"


def _tops(nodes: list[_Node], rows: tuple[int, ...]) -> list[int]:
    """Upper edge of each node: a row is as high as its highest node."""
    heights: dict[int, int] = {}
    for node, row in zip(nodes, rows, strict=True):
        heights[row] = max(heights.get(row, 0), node.height)
    starts, y = {}, 4
    for row in sorted(heights):
        starts[row] = y
        y += heights[row] + GAP
    return [starts[row] for row in rows]


def _lefts(
    nodes: list[_Node], lanes: tuple[int, ...], wires: tuple[Wire, ...]
) -> tuple[dict[int, int], int]:
    """Left edge of each lane, and the width of the picture; a lane without boxes is narrow."""
    full = {lane for node, lane in zip(nodes, lanes, strict=True) if not node.is_dot}
    lefts, x = {}, 4
    for lane in range(max([*lanes, *(wire.lane for wire in wires)]) + 1):
        lefts[lane] = x
        x += (BOX_WIDTH if lane in full else EMPTY_LANE) + LANE_GAP
    return lefts, x - LANE_GAP + 70


def _lane_middles(
    lefts: dict[int, int], nodes: list[_Node], lanes: tuple[int, ...]
) -> dict[int, int]:
    full = {lane for node, lane in zip(nodes, lanes, strict=True) if not node.is_dot}
    return {
        lane: left + (BOX_WIDTH if lane in full else EMPTY_LANE) // 2
        for lane, left in lefts.items()
    }


def _pipe(stream: Stream, ends: _Ends, sized: bool) -> Pipe:
    """Straight down; or from the side of a fork into a lane, along it, and into a box's side."""
    x, y = ends.lane_x, ends.head_y
    if ends.leaves_aside:
        start = ends.tail_y
        path = f"M{ends.tail_x} {start}H{x - CORNER}Q{x} {start} {x} {start + CORNER}"
    else:
        path = f"M{x} {ends.tail_y}"
    path += (
        f"V{y - CORNER}Q{x} {y} {x - CORNER} {y}H{ends.head_x}" if ends.enters_aside else f"V{y}"
    )
    frame = stream.tensor.height * stream.tensor.width
    shown = sized and stream.depth > 0
    share = min(stream.depth / frame, 1.0) if shown else 0.0
    thickness = THIN + (THICK - THIN) * share**0.5
    return Pipe(
        path=path,
        has_arrow=ends.has_arrow,
        thickness=f"{thickness:.1f}",
        label=f"{stream.depth:,}" if shown else "",
        x=x + 7,
        y=y - 12,
        title=f"{stream.name}: {_type(stream)}"
        + (f", FIFO of {stream.depth:,} pixels" if shown else ""),
    )


def _short(text: str, strong: bool) -> str:
    """What fits into a box; the whole is in its title."""
    most = MAX_STRONG if strong else MAX_TEXT
    return text if len(text) <= most else f"{text[: most - 1]}…"
