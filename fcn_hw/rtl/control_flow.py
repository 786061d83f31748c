"""The control flow of a process, cut where a pipeline's iteration ends.

The graph of blocks is cut at the headers of its innermost loops, the *states*. Between two cuts
nothing goes around, so what lies there is done in one iteration, each block under a condition. An
iteration
begins at a state and ends where the next one begins: loops of a nest, loops behind one another and
frames behind one another are iterations of one pipeline, which nothing drains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from fcn_hw.errors import NotSynthesizable
from fcn_hw.rtl.llvm import Function, Instruction, Local, Number

START = "start"
"""A block before the entry: where the first frame comes from."""


@dataclass(frozen=True, eq=False)
class ControlFlow:
    """Blocks and edges of a function; the edge from a return leads to the entry, the next frame.

    Args:
        states: headers of innermost loops; the entry where no loop is left, or where a frame acts
            before its first loop; what reads or writes a stream for the second time behind a loop.
        loops: blocks of each loop, by header.
        order: the blocks between the cuts, predecessors first.
        before: predecessors of each block, not over a cut.
        after: all successors of each block.
    """

    function: Function
    entry: str
    states: tuple[str, ...]
    loops: Mapping[str, frozenset[str]]
    order: tuple[str, ...]
    before: Mapping[str, tuple[str, ...]]
    after: Mapping[str, tuple[str, ...]]

    @cached_property
    def position(self) -> dict[str, int]:
        return {block: at for at, block in enumerate(self.order)}

    @cached_property
    def ancestors(self) -> dict[str, frozenset[str]]:
        """The blocks that may be passed before a block, in the same iteration."""
        found: dict[str, frozenset[str]] = {}
        for block in self.order:
            earlier: set[str] = set()
            for other in self.before[block]:
                earlier |= found[other]
                earlier.add(other)
            found[block] = frozenset(earlier)
        return found

    @cached_property
    def dominator(self) -> dict[str, str | None]:
        """The last block that is passed on every way to a block; None for that above all."""
        found: dict[str, str | None] = {}
        for block in self.order:
            found[block] = self._common(list(self.before[block]), found, self.position)
        return found

    @cached_property
    def postdominator(self) -> dict[str, str | None]:
        """The first block that is passed on every way from a block to the end of the iteration."""
        places = {block: -at for block, at in self.position.items()}
        found: dict[str, str | None] = {}
        cut = set(self.states)
        for block in reversed(self.order):
            after: list[str | None] = [s for s in self.after[block] if s not in cut]
            if len(after) < len(self.after[block]) or not after:
                after.append(None)
            found[block] = self._common(after, found, places)
        return found

    @staticmethod
    def _common(
        blocks: list[str] | list[str | None],
        above: Mapping[str, str | None],
        place: Mapping[str, int],
    ) -> str | None:
        if not blocks:
            return None
        found = blocks[0]
        for block in blocks[1:]:
            other = block
            while found != other:
                if found is None or other is None:
                    return None
                if place[found] > place[other]:
                    found = above[found]
                else:
                    other = above[other]
        return found

    def dominates(self, upper: str, block: str) -> bool:
        """Whether every way to ``block`` passes ``upper``, in one iteration."""
        at: str | None = block
        while at is not None and at != upper:
            at = self.dominator[at]
        return at is not None

    def always_reaches(self, block: str, lower: str) -> bool:
        """Whether every way from ``block`` passes ``lower``, in one iteration."""
        at: str | None = block
        while at is not None and at != lower:
            at = self.postdominator[at]
        return at is not None

    def exclusive(self, a: str, b: str) -> bool:
        """Whether no iteration passes both."""
        return a != b and a not in self.ancestors[b] and b not in self.ancestors[a]


def control_flow(function: Function) -> ControlFlow:
    """Finds loops and cuts.

    Raises:
        NotSynthesizable: a frame may pass no loop at all.
    """
    entry = next(iter(function.blocks))
    ways = {block: _successors(lines[-1]) for block, lines in function.blocks.items()}
    loops = _loops(entry, ways)
    inner = tuple(head for head in loops if not any(o != head and o in loops[head] for o in loops))
    states = inner or (entry,)
    if entry not in states and _acts_before(function, entry, ways, set(states)):
        # the first frame has no iteration before it that could do this
        states = (entry, *states)
    after = {block: to or (entry,) for block, to in ways.items()}
    after[START] = (entry,)
    in_loops = frozenset[str]().union(*(loops[head] for head in inner))
    while True:
        flow = _cut(function, entry, states, loops, after)
        again = _accesses_again(flow, in_loops)
        if again is None:
            return flow
        states = (*states, again)


def _cut(
    function: Function,
    entry: str,
    states: tuple[str, ...],
    loops: Mapping[str, frozenset[str]],
    after: Mapping[str, tuple[str, ...]],
) -> ControlFlow:
    cut = set(states)
    before: dict[str, list[str]] = {block: [] for block in after}
    for block, to in after.items():
        for target in to:
            if target not in cut:
                before[target].append(block)
    order = _sorted(function, after, before, cut)
    return ControlFlow(
        function, entry, states, loops, order, {b: tuple(p) for b, p in before.items()}, after
    )


def _accesses_again(flow: ControlFlow, in_loops: frozenset[str]) -> str | None:
    """A block outside of innermost loops that reads or writes a stream which its iteration may have
    read or written before.

    A loop of one iteration is no loop any more, so it may stand in the last iteration of the loop
    in front of it.
    """
    found = {
        block: {
            (line.callee, line.operands[0])
            for line in lines
            if line.opcode == "call" and line.callee in _ACCESSES
        }
        for block, lines in flow.function.blocks.items()
    }
    for block in flow.order:
        if block in in_loops or block in flow.states or not found.get(block):
            continue
        if any(found[block] & found.get(other, set()) for other in flow.ancestors[block]):
            return block
    return None


_ACCESSES = ("fcn_hw_read", "fcn_hw_write")


def _acts_before(
    function: Function, entry: str, ways: Mapping[str, tuple[str, ...]], states: set[str]
) -> bool:
    """Whether a frame reads, writes or stores something before its first loop.

    A loop of one iteration is no loop any more, so a frame of one pixel may.
    """
    own = {i.result for lines in function.blocks.values() for i in lines if i.opcode == "alloca"}
    todo, seen = [entry], set(states)
    while todo:
        block = todo.pop()
        if block in seen:
            continue
        seen.add(block)
        todo += ways[block]
        for line in function.blocks[block]:
            if line.opcode == "call" and line.callee in _ACCESSES:
                return True
            if line.opcode == "store":
                pointer = line.operands[1][1]
                base = getattr(pointer, "base", pointer)
                if not isinstance(base, Local) or base.name not in own:
                    return True
    return False


def _successors(last: Instruction) -> tuple[str, ...]:
    return tuple(dict.fromkeys(last.targets))


def _loops(entry: str, ways: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """The natural loops, by header."""
    open_blocks, closed, back = {entry}, set(), []
    stack = [(entry, iter(ways[entry]))]
    while stack:
        block, targets = stack[-1]
        for target in targets:
            if target in open_blocks:
                back.append((block, target))
            elif target not in closed:
                open_blocks.add(target)
                stack.append((target, iter(ways[target])))
                break
        else:
            open_blocks.discard(block)
            closed.add(block)
            stack.pop()
    sources: dict[str, list[str]] = {block: [] for block in ways}
    for block, to in ways.items():
        for target in to:
            sources[target].append(block)
    found: dict[str, set[str]] = {}
    for tail, head in back:
        body, todo = {head}, [tail]
        while todo:
            block = todo.pop()
            if block not in body:
                body.add(block)
                todo += sources[block]
        found.setdefault(head, set()).update(body)
    return {head: frozenset(body) for head, body in found.items()}


def _sorted(
    function: Function,
    after: Mapping[str, tuple[str, ...]],
    before: Mapping[str, list[str]],
    cut: set[str],
) -> tuple[str, ...]:
    """Predecessors first."""
    missing = {block: len(earlier) for block, earlier in before.items()}
    ready = [START, *(b for b in after if b != START and not missing[b])]
    order = []
    while ready:
        block = ready.pop(0)
        order.append(block)
        for target in after[block]:
            if target not in cut:
                missing[target] -= 1
                if missing[target] == 0:
                    ready.append(target)
    if len(order) != len(after):
        left = next(block for block, count in missing.items() if count)
        line = next((i.line for i in reversed(function.blocks[left]) if i.line), "")
        raise NotSynthesizable(line, "whether a frame has an iteration of any loop depends on data")
    return tuple(order)


def loop_bounds(
    flow: ControlFlow, name: str, block: str, phi: Instruction
) -> tuple[int, int] | None:
    """Least and largest value of a counter whose loop ends by a comparison with a constant."""
    starts, steps = [], set()
    for (_, value), _source in zip(phi.operands, phi.incoming, strict=True):
        if isinstance(value, Number):
            starts.append(value.value)
        elif isinstance(value, Local):
            steps.add(value.name)
        else:
            return None
    if len(steps) != 1 or not starts or block not in flow.loops:
        return None
    step = steps.pop()
    lines = [i for inside in flow.loops[block] for i in flow.function.blocks[inside]]
    made = [i for i in lines if i.result == step]
    counts = [(32, Local(name)), (32, Number(1))]
    if (
        not made
        or made[0].opcode != "add"
        or [v for _, v in made[0].operands] != [v for _, v in counts]
    ):
        return None
    ends = {i.operands[0][1].name for i in lines if i.opcode == "br" and i.operands
            and isinstance(i.operands[0][1], Local)}  # fmt: skip
    for line in lines:
        if line.opcode == "icmp" and line.predicate in ("eq", "ne") and line.result in ends:
            (_, left), (_, right) = line.operands
            if left == Local(step) and isinstance(right, Number):
                return min(starts), right.value - 1
    return None
