"""When each operation is done: the stages of a pipeline that takes an iteration a clock.

An operation is chained behind others in a stage as long as the delays fit the clock. A recurrence
has one stage, for the next iteration follows a clock later. A memory's read takes an address in one
stage and gives its word in the next, behind the clock a block RAM, in front of it look-up tables
and a flip-flop; its write is done one stage before the address is taken, and
the RAM reads first, so that every iteration sees exactly the writes of those before it and, where
the program
writes first, its own: no analysis of addresses is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from fcn_hw.errors import NotSynthesizable
from fcn_hw.rtl.cycles import components
from fcn_hw.rtl.delays import DelayModel
from fcn_hw.rtl.ir import Memory, Node, ProcessGraph, dsp_product
from fcn_hw.rtl.ranges import Bits

SMALL_ROM_BITS = 1024
"""A ROM of so many bits at most is logic, read in the stage of its address."""


@dataclass(frozen=True)
class Recurrence:
    """What depends on itself.

    Args:
        registers: names.
        line: of an operation in it.
        delay_ns: of its longest way from register to register.
    """

    registers: tuple[str, ...]
    line: str
    delay_ns: float


@dataclass(frozen=True, eq=False)
class Schedule:
    """A scheduled process.

    Args:
        stage: of each node; a register's is that of its next value.
        bits: of each node that are kept.
        path_ns: when each node's value is there, from the start of its stage.
        read_stage, write_stage: of each stream.
        store_stage: of each memory with a write port.
        depth: stages.
        limit_ns: what a stage may take.
    """

    graph: ProcessGraph
    order: tuple[Node, ...]
    stage: Mapping[Node, int]
    bits: Mapping[Node, Bits]
    path_ns: Mapping[Node, float]
    read_stage: Mapping[str, int]
    write_stage: Mapping[str, int]
    store_stage: Mapping[str, int]
    begin_stage: int
    depth: int
    limit_ns: float
    recurrences: tuple[Recurrence, ...]

    @property
    def latency(self) -> int:
        """Clocks from the first read of an iteration to its last write."""
        first = min(self.read_stage.values(), default=0)
        return max(self.write_stage.values(), default=0) - first

    @property
    def critical(self) -> Recurrence | None:
        """The slowest recurrence."""
        return max(self.recurrences, key=lambda item: item.delay_ns, default=None)


def in_logic(memory: Memory) -> bool:
    """Whether a memory is look-up tables that are read without a clock."""
    return memory.image is not None and memory.bits <= SMALL_ROM_BITS


def scheduled(
    graph: ProcessGraph, bits: Mapping[Node, Bits], delays: DelayModel, period_ns: float
) -> Schedule:
    """Gives each operation its stage.

    Raises:
        NotSynthesizable: a recurrence or a single operation does not fit the clock, or goes through
        a
            memory; a store that stands behind its load comes too late.
    """
    return _Scheduler(graph, bits, delays, period_ns).schedule()


class _Scheduler:
    def __init__(
        self, graph: ProcessGraph, bits: Mapping[Node, Bits], delays: DelayModel, period_ns: float
    ) -> None:
        self.graph = graph
        self.bits = bits
        self.delays = delays
        self.period_ns = period_ns
        self.limit = period_ns * delays.share
        self.needs: Callable[[Node], tuple[Node, ...]] = graph.predecessors()
        self.absorbed = _absorbed(graph)
        self.memory_of = {load.node: (m, load) for m in graph.memories for load in m.loads}
        self.stage: dict[Node, int] = {}
        self.time: dict[Node, float] = {}
        self.recurrences: list[Recurrence] = []

    def schedule(self) -> Schedule:
        order = tuple(self.graph.order())
        for component in components(order, self.needs):
            if len(component) == 1 and component[0] not in self.needs(component[0]):
                self._place(component[0])
            else:
                self._place_recurrence(component, order)
        graph = self.graph
        writes = {w.stream: self._latest((w.enable, w.pixel)) for w in graph.writes}
        reads = {r.stream: self._latest((r.enable, r.node)) for r in graph.reads}
        stores = {m.name: self._store_stage(m) for m in graph.memories if m.store is not None}
        begin = self._latest((graph.begins,))
        places = [self.stage[node] for node in order if not _is_free(node)]
        last = max([*places, *writes.values(), *reads.values(), *stores.values(), begin], default=0)
        return Schedule(
            graph, order, self.stage, self.bits, self.time, reads, writes, stores, begin, last + 1,
            self.limit, tuple(self.recurrences),
        )  # fmt: skip

    def _latest(self, nodes: Iterable[Node]) -> int:
        return max((self.stage.get(node, 0) for node in nodes if not _is_free(node)), default=0)

    def _delay(self, node: Node) -> float:
        if node.op == "load":
            return self.delays.lut_memory(self.memory_of[node][0].depth)
        return self.delays.of(node, self.bits)

    def _place(self, node: Node) -> None:
        delays = self.delays
        if _is_free(node):
            self.stage[node], self.time[node] = 0, 0.0
            return
        if node.op == "register":
            (following,) = self.needs(node)
            self.stage[node], self.time[node] = self.stage[following], delays.clock_to_q
            return
        if node.op == "read":
            self.stage[node], self.time[node] = self._latest(self.needs(node)), delays.fifo
            return
        if node.op == "load" and not in_logic(self.memory_of[node][0]):
            self._place_load(node)
            return
        if node in self.absorbed:
            self._place_in_slice(node)
            return
        self._place_apart(node)

    def _place_apart(self, node: Node) -> None:
        needed = [x for x in self.needs(node) if not _is_free(x)]
        at, delays = self._latest(needed), self.delays
        ready = max(
            (self.time[x] if self.stage[x] == at else delays.clock_to_q for x in needed),
            default=0.0,
        )
        delay = self._delay(node)
        if ready + delay + delays.setup > self.limit and ready > delays.clock_to_q:
            at, ready = at + 1, delays.clock_to_q
        alone = delays.clock_to_q + delay + delays.setup
        if alone > self.limit:
            raise NotSynthesizable(
                node.line,
                f"'{node.op}' of {self.bits[node].width} bits takes {alone:.1f} ns from flip-flop "
                f"to flip-flop, a stage has {self.limit:.1f} ns of the clock's {self.period_ns:g}",
                hint="Give hls.ClockPeriod a larger value.",
            )
        self.stage[node], self.time[node] = at, ready + delay

    def _place_in_slice(self, node: Node) -> None:
        """A sum, and in its stage the product that the slice adds to what it is handed.

        Between them is no flip-flop that is not the slice's own: the product's operands wait.
        """
        product, path, other = self.absorbed[node]
        factors = [x for x in product.operands if not _is_free(x)]
        at = self._latest((*factors, other))
        q, limit = self.delays.clock_to_q, self.limit - self.delays.setup

        def times(at: int) -> tuple[float, float]:
            ready = max((self.time[x] if self.stage[x] == at else q for x in factors), default=0.0)
            made = ready + self._delay(product)
            handed = self.time[other] if self.stage[other] == at else q
            return made, max(made, handed) + self._delay(node)

        made, added = times(at)
        if added > limit:
            made, added = times(at + 1)
            if added > limit:  # too slow for the clock: with the slice's register between them
                self._place_apart(node)
                return
            at += 1
        for x in path:
            self.stage[x], self.time[x] = at, made
        self.stage[node], self.time[node] = at, added

    def _place_load(self, node: Node) -> None:
        memory, load = self.memory_of[node]
        address, delays = load.address, self.delays
        before = delays.lut_memory(memory.depth) if memory.lutram else 0.0
        taken = self._latest((address,))
        if not _is_free(address) and self.time[address] + before + delays.setup > self.limit:
            taken += 1
        if memory.store is not None and memory.write_first:
            store = [x for x in self.needs(node)[1:] if not _is_free(x)]
            taken = max([taken, *(self.stage[x] + 1 for x in store)])
        self.stage[node] = taken + 1
        self.time[node] = delays.clock_to_q if memory.lutram else delays.block_ram

    def _store_stage(self, memory: Memory) -> int:
        store = memory.store
        assert store is not None
        ready = self._latest((store.enable, store.address, *store.word.operands))
        taken = [self.stage[load.node] - 1 for load in memory.loads if load.node in self.stage]
        if memory.write_first:
            at = min(taken, default=ready + 1) - 1
            assert ready <= at, f"{memory.name}: the store is not ready"
            return at
        behind = ready - min(taken, default=ready) + 1
        if behind > memory.distance:
            raise NotSynthesizable(
                store.enable.line,
                f"'{memory.name}' is written {behind} clocks after the address of the read before "
                f"it, and a word is read again after {memory.distance} iterations"
                if memory.distance
                else f"'{memory.name}' is written after it is read in an iteration, and no "
                "DEPENDENCE pragma says when the word is read again",
            )
        return ready

    def _place_recurrence(self, component: list[Node], order: tuple[Node, ...]) -> None:
        for node in component:
            if node.op == "load" and not in_logic(self.memory_of[node][0]):
                raise NotSynthesizable(
                    node.line,
                    f"what '{node.label}' gives decides on the next iteration: a recurrence "
                    "through a memory does not fit one clock",
                )
        inside = set(component)
        chain = self._from_registers(component, inside)
        outside = [x for node in component for x in self.needs(node) if x not in inside]
        at = self._latest(outside)
        worst = self._times(chain, at)
        if worst + self.delays.setup > self.limit and any(
            self.stage[x] == at for x in outside if not _is_free(x)
        ):
            at += 1  # what comes from outside then comes from flip-flops
            worst = self._times(chain, at)
        registers = tuple(node.label for node in component if node.op == "register")
        line = next((node.line for node in reversed(chain) if node.line), "")
        if worst + self.delays.setup > self.limit:
            raise NotSynthesizable(
                line,
                f"the next value of {_listed(registers)} takes {worst + self.delays.setup:.2f} ns, "
                f"a stage has {self.limit:.2f} ns of the clock's {self.period_ns:g}, and a "
                "recurrence can't be cut into stages",
                hint="Give hls.ClockPeriod a larger value.",
            )
        own = self._own_delay(chain, inside)
        self.recurrences.append(Recurrence(registers, line, own + self.delays.setup))

    def _from_registers(self, component: list[Node], inside: set[Node]) -> list[Node]:
        """The recurrence as a chain: registers, then what follows from them, operands first."""
        found: list[Node] = []
        seen: set[Node] = set()
        for root in component:
            stack = [(root, False)]
            while stack:
                node, done = stack.pop()
                if done:
                    found.append(node)
                elif node not in seen:
                    seen.add(node)
                    stack.append((node, True))
                    if node.op != "register":
                        stack += [(x, False) for x in self.needs(node) if x in inside]
        return found

    def _own_delay(self, chain: list[Node], inside: set[Node]) -> float:
        """The longest way from a register of the recurrence to another."""
        ready: dict[Node, float] = {}
        for node in chain:
            before = max(
                (ready[x] for x in self.needs(node) if x in inside and x in ready), default=0.0
            )
            ready[node] = self._start(node) or before + self._delay(node)
        return max(ready.values())

    def _start(self, node: Node) -> float:
        """When the value of a register or of a FIFO's first word is there; 0 of an operation."""
        if node.op == "read":
            return self.delays.fifo
        return self.delays.clock_to_q if node.op == "register" else 0.0

    def _times(self, chain: list[Node], at: int) -> float:
        """Puts the recurrence into a stage; its longest way."""
        q = self.delays.clock_to_q
        worst = 0.0
        for node in chain:
            self.stage[node] = at
            if start := self._start(node):
                self.time[node] = start
                continue
            needed = [x for x in self.needs(node) if not _is_free(x)]
            ready = max((self.time[x] if self.stage[x] == at else q for x in needed), default=0.0)
            self.time[node] = ready + self._delay(node)
            worst = max(worst, self.time[node])
        return worst


def _absorbed(graph: ProcessGraph) -> dict[Node, tuple[Node, tuple[Node, ...], Node]]:
    """Of each sum that a DSP slice can make with a product of its own: the product, it and its
    extensions, and what else is added. Nothing else uses any of these."""
    users: dict[Node, int] = {}
    order = graph.order()
    for node in order:
        for operand in node.operands:
            users[operand] = users.get(operand, 0) + 1
    found = {}
    for node in order:
        if node.op != "add":
            continue
        for term, other in (node.operands, node.operands[::-1]):
            product, path = dsp_product(term), [term]
            while path[-1] is not product and path[-1].operands:
                path.append(path[-1].operands[0])
            if product is not None and all(users[x] == 1 for x in path) and not _is_free(other):
                found[node] = product, tuple(path), other
                break
    return found


def _is_free(node: Node) -> bool:
    return node.op in ("const", "undef")


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
