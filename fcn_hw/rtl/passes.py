"""The compiler, from the IR of a process to its schedule: named passes, a check after each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fcn_hw.rtl.delays import DelayModel
from fcn_hw.rtl.ir import COMPARISONS, LEAVES, Node, ProcessGraph
from fcn_hw.rtl.products import halved, tabled
from fcn_hw.rtl.ranges import Bits, full, intervals_of, needed_bits
from fcn_hw.rtl.schedule import Schedule, in_logic, scheduled
from fcn_hw.rtl.sums import balanced


@dataclass(frozen=True)
class Target:
    """What a process is compiled for.

    Args:
        period_ns: of the clock.
    """

    delays: DelayModel
    period_ns: float


@dataclass(frozen=True)
class Pass:
    """A step of the compiler.

    Args:
        name: a verb; a failed check uses it.
        run: graph to graph; every bit that the outside sees stays.
        reason: why it stands where it stands.
    """

    name: str
    run: Callable[[ProcessGraph, Target], ProcessGraph]
    reason: str


def _remove_dead(graph: ProcessGraph, _target: Target) -> ProcessGraph:
    """Drops registers, loads and stores that nothing outside depends on."""
    needs = graph.predecessors()
    alive: set[Node] = set()
    outside = [graph.begins, *(r.enable for r in graph.reads)]
    outside += [node for w in graph.writes for node in (w.enable, w.pixel)]
    stores = {load.node: m.store for m in graph.memories for load in m.loads if m.store is not None}
    while outside:
        node = outside.pop()
        if node not in alive:
            alive.add(node)
            outside += [*needs(node), *node.operands]
            store = stores.get(node)
            if store is not None:
                outside += [store.enable, store.address, store.word]
    memories = []
    for memory in graph.memories:
        loads = tuple(load for load in memory.loads if load.node in alive)
        if loads:
            memories.append(memory.with_loads(loads))
    registers = tuple(r for r in graph.registers if r.node in alive)
    return graph.with_state(registers, tuple(memories))


def _balance_sums(graph: ProcessGraph, target: Target) -> ProcessGraph:
    return balanced(graph, narrowed(graph), target.delays)


def _tabulate_products(graph: ProcessGraph, target: Target) -> ProcessGraph:
    return tabled(graph, narrowed(graph), target.delays)


def _halve_products(graph: ProcessGraph, target: Target) -> ProcessGraph:
    limit = target.period_ns * target.delays.share
    while (following := halved(graph, narrowed(graph), target.delays, limit)) is not graph:
        graph = following
    return graph


PASSES: tuple[Pass, ...] = (
    Pass(
        "remove_dead",
        _remove_dead,
        "first: what nothing reads would take part in recurrences and hold stages apart",
    ),
    Pass(
        "tabulate_products",
        _tabulate_products,
        "before halving: what is made of tables is no product any more",
    ),
    Pass(
        "halve_products",
        _halve_products,
        "before the sums: what is added to make a product of halves is a term like others",
    ),
    Pass(
        "balance_sums",
        _balance_sums,
        "before scheduling: a chain of additions would take a stage for every few terms",
    ),
    Pass(
        "remove_dead_again",
        _remove_dead,
        "last: halves and trees leave what they replace behind",
    ),
)


def compile_graph(graph: ProcessGraph, target: Target, passes: Sequence[Pass] = PASSES) -> Schedule:
    """Runs the passes and schedules; checks the IR after each pass and the schedule at the end.

    Raises:
        NotSynthesizable: one iteration a clock can't be had.
    """
    verify(graph, "after if-conversion")
    for step in passes:
        graph = step.run(graph, target)
        verify(graph, f"after pass {step.name}")
    found = scheduled(graph, narrowed(graph), target.delays, target.period_ns)
    verify_schedule(found)
    return found


def narrowed(graph: ProcessGraph) -> dict[Node, Bits]:
    """The bits of each node that count."""
    order = graph.order()
    intervals = intervals_of(graph, order)
    found = {}
    for node in order:
        if node.op in ("read", "load", "join", "undef"):
            found[node] = Bits(node.width, False)
        else:
            found[node] = needed_bits(intervals.get(node, full(node.width)), node.width)
    return found


def verify(graph: ProcessGraph, where: str) -> None:
    """Checks the rules of the IR; a broken one is a fault of the compiler, not of the source."""
    order = graph.order()
    registers = {register.node for register in graph.registers}
    reads = {read.node for read in graph.reads}
    loads = {load.node for memory in graph.memories for load in memory.loads}
    for node in order:
        assert node.operands or node.op in LEAVES or node.width == 0, (
            f"{where}: {node} has no operands"
        )
        assert all(x.id < node.id for x in node.operands), (
            f"{where}: {node} stands before an operand"
        )
        assert _widths_agree(node), f"{where}: {node} of {node.operands}"
        known = {"register": registers, "read": reads, "load": loads}.get(node.op)
        assert known is None or node in known, f"{where}: {node} '{node.label}' is nobody's"
    for register in graph.registers:
        assert register.next.width == register.node.width, f"{where}: register {register}"
    for memory in graph.memories:
        assert all(load.node.width == memory.width for load in memory.loads), (
            f"{where}: {memory.name}"
        )
        assert memory.image is None or len(memory.image) == memory.depth, f"{where}: {memory.name}"
        assert memory.store is None or memory.store.word.width == memory.width, (
            f"{where}: {memory.name}"
        )
    for enable in (
        graph.begins,
        *(r.enable for r in graph.reads),
        *(w.enable for w in graph.writes),
    ):
        assert enable.width == 1, f"{where}: condition {enable}"


_SAME_WIDTH = frozenset(
    """add sub mul and or xor shl lshr ashr udiv urem sdiv srem smin smax umin umax not""".split()
)


def _widths_agree(node: Node) -> bool:
    widths = [x.width for x in node.operands]
    if node.op in _SAME_WIDTH:
        return set(widths) == {node.width}
    if node.op in COMPARISONS:
        return node.width == 1 and len(set(widths)) == 1
    if node.op == "select":
        return widths == [1, node.width, node.width]
    if node.op == "pick":
        return set(widths[1:]) == {node.width} and len(widths) > 2
    if node.op in ("zext", "sext"):
        return widths[0] < node.width
    if node.op == "trunc":
        return widths[0] > node.width
    if node.op == "get":
        return node.value + node.width <= widths[0]
    if node.op == "join":
        return sum(widths) == node.width
    return node.op in LEAVES


def verify_schedule(found: Schedule) -> None:
    """Checks that everything is there when it is used."""
    graph, stage = found.graph, found.stage
    free = ("const", "undef")
    for node in found.order:
        for operand in node.operands:
            assert operand.op in free or stage[operand] <= stage[node], f"{node} before {operand}"
    for register in graph.registers:
        following = register.next
        assert following.op in free or stage[following] <= stage[register.node], f"{register.node}"
        for node in found.order:
            if register.node in node.operands:
                assert stage[node] >= stage[register.node], f"{node} before {register.node}"
    for memory in graph.memories:
        if in_logic(memory):
            continue
        taken = [stage[load.node] - 1 for load in memory.loads]
        for load, at in zip(memory.loads, taken, strict=True):
            assert load.address.op in free or stage[load.address] <= at, f"{memory.name}: address"
        if memory.store is None:
            continue
        at = found.store_stage[memory.name]
        for node in (memory.store.enable, memory.store.address, *memory.store.word.operands):
            assert node.op in free or stage[node] <= at, f"{memory.name}: store"
        if memory.write_first:
            assert {t - 1 for t in taken} == {at}, f"{memory.name}: store at {at}, reads at {taken}"
        else:
            assert at - min(taken) < memory.distance, f"{memory.name}: read too early"
    for write in graph.writes:
        at = found.write_stage[write.stream]
        assert all(stage[x] <= at for x in (write.enable, write.pixel) if x.op not in free)
