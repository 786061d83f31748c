"""LLVM IR of a process -> :class:`~fcn_hw.rtl.ir.ProcessGraph`.

Each block of an iteration is done under a condition. A value that lives across a cut of the control
flow (``control_flow.py``) is a register; so is every element of an array of the function, which
takes the place of an index that is data by a choice among the elements.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fcn_hw.errors import NotSynthesizable
from fcn_hw.rtl.control_flow import START, ControlFlow, control_flow, loop_bounds
from fcn_hw.rtl.fields import PART_OF_NAME
from fcn_hw.rtl.first_iteration import FirstIteration, first_iteration
from fcn_hw.rtl.ir import (
    DSP,
    Builder,
    Node,
    ProcessGraph,
    Read,
    Register,
    Write,
    evaluate,
    mask,
    reached,
)
from fcn_hw.rtl.llvm import (
    Address,
    Array,
    Function,
    Global,
    Instruction,
    Local,
    Number,
    Type,
    Undefined,
    Value,
    dimensions,
    elements,
)
from fcn_hw.rtl.memories import ArrayLayout, Bank, layouts_of, mark_of

TABLE_BITS = 6
"""An index that depends on one value of so many bits at most is a table of that value."""

BEGINS = "begins"
"""The register that marks the first iteration of a frame."""


@dataclass(frozen=True)
class PixelType:
    """A pixel of a stream: ``channels`` codes, the first one in the lowest bits."""

    width: int
    channels: int

    @property
    def bits(self) -> int:
        return self.width * self.channels


def convert(function: Function, streams: Mapping[str, PixelType]) -> ProcessGraph:
    """Converts a process.

    Args:
        streams: its arguments, in order.

    Raises:
        NotSynthesizable: what it does can't be had with one iteration a clock.
    """
    return _Converter(function, streams).converted()


@dataclass(frozen=True)
class _Terms:
    """A place in an object: a constant and multiples of nodes, in elements."""

    base: str
    constant: int
    terms: tuple[tuple[int, Node], ...]


class _Converter:
    def __init__(self, function: Function, streams: Mapping[str, PixelType]) -> None:
        self.function = function
        self.flow: ControlFlow = control_flow(function)
        self.first: FirstIteration = first_iteration(self.flow)
        self.build = Builder()
        self.stream_of = dict(zip(function.arguments, streams, strict=True))
        self.pixels = streams
        self.made = {
            line.result: (block, line)
            for block, lines in function.blocks.items()
            for line in lines
            if line.result
        }
        self.layouts: Mapping[str, ArrayLayout] = layouts_of(function)
        self.arrays = self._arrays()
        self.names = _Names()
        self.environment: dict[str, Node] = {}
        self.condition: dict[str, Node] = {}
        self.registers: dict[str, Node] = {}
        self.contents: dict[str, list[Node]] = {}  # elements of the function's arrays, now
        self.banks: dict[tuple[str, int], Bank] = {}
        self.reads: dict[str, list[tuple[Node, str, str]]] = {}
        self.writes: dict[str, list[tuple[Node, Node, str, str]]] = {}
        self.step = 0

    def converted(self) -> ProcessGraph:
        states = self._states()
        for block in self.flow.order:
            self._block(block)
        registers = self._next_values(states)
        begins = self._begins(registers)
        memories, replaced = [], {}
        for bank in self.banks.values():
            memory, others = bank.finished(self.flow)
            memories.append(memory)
            replaced.update(others)
        found = ProcessGraph(
            self.function.name,
            self.build,
            tuple(registers),
            self._merged_reads(),
            self._merged_writes(),
            tuple(memories),
            begins,
        )
        return found.rebuilt(lambda node, _made: replaced.get(node)) if replaced else found

    # -- the state of the control flow ----

    def _states(self) -> dict[str, Node]:
        """A register a state, one less where there are two; sets the condition of each."""
        build, states = self.build, self.flow.states
        if len(states) == 1:
            self.condition[states[0]] = build.constant(1, 1)
            return {}
        kept = states[1:] if len(states) == 2 else states
        found = {}
        for state in kept:
            name = self.names.fresh(f"in_loop_at_{self._place(state)}")
            found[state] = build.raw("register", 1, label=name)
            self.condition[state] = found[state]
        if len(states) == 2:
            self.condition[states[0]] = build.invert(found[states[1]])
        return found

    def _place(self, block: str) -> str:
        """Header and line of a block, as a part of a name: ``windows_215``."""
        line = next((i.line for i in self.function.blocks[block] if i.line), "")
        file, _, number = line.partition(":")
        return f"{file.partition('.')[0]}_{number}" if number else "entry"

    def _begins(self, registers: list[Register]) -> Node:
        build = self.build
        ends = build.any_of(
            self.condition[block]
            for block, lines in self.function.blocks.items()
            if lines[-1].opcode == "ret"
        )
        if ends.op == "const" and ends.value:
            return ends  # an iteration is a frame
        node = build.raw("register", 1, label=self.names.fresh(BEGINS))
        registers.append(Register(node, ends, 1))
        return node

    def _cpp_name(self, name: str) -> str:
        return _cpp_name(name, self.function.parts)

    def _block(self, block: str) -> None:
        build = self.build
        if block == START:
            self.condition[block] = build.constant(0, 1)
            return
        if block not in self.condition:
            self.condition[block] = self._condition(block)
        ways: dict[str, Node] | None = None
        for line in self.function.blocks[block]:
            self.step += 1
            build.line, build.name = line.line, self._cpp_name(line.result)
            if line.opcode == "phi":
                if block in self.flow.states:
                    self.environment[line.result] = self._register(line.result, line.type)
                    continue
                if ways is None:
                    ways = self._ways(block)
                self.environment[line.result] = self._phi(line, ways)
            elif line.opcode not in _PASSED_OVER:
                value = self._instruction(line, block)
                if line.result and value is not None:
                    self.environment[line.result] = value
            build.line = build.name = ""

    def _condition(self, block: str) -> Node:
        upper = self.flow.dominator[block]
        if upper is not None and self.flow.always_reaches(upper, block):
            return self.condition[upper]
        return self.build.any_of(
            self.build.both(self.condition[source], self._taken(source, block))
            for source in self.flow.before[block]
        )

    def _taken(self, source: str, target: str) -> Node:
        """Whether a block, when it is done, goes on to another."""
        build, one = self.build, self.build.constant(1, 1)
        if source == START:
            return one
        last = self.function.blocks[source][-1]
        if not last.operands or len(set(last.targets)) == 1:
            return one
        width, value = last.operands[0]
        found = self._use(value, source, width)
        if last.opcode == "br":
            return found if last.targets[0] == target else build.invert(found)
        hit = other = build.constant(0, 1)
        for case, label in zip(last.cases, last.targets[1:], strict=True):
            equal = build.make("eq", 1, (found, build.constant(case, found.width)))
            other = build.either(other, equal)
            if label == target:
                hit = build.either(hit, equal)
        return build.either(hit, build.invert(other)) if last.targets[0] == target else hit

    def _ways(self, block: str) -> dict[str, Node]:
        """Conditions of the edges into a block, where its dominator is known to be done."""
        build, flow, upper = self.build, self.flow, self.flow.dominator[block]
        if upper is None:
            known: Mapping[str, Node] = self.condition
        else:
            relative = {upper: build.constant(1, 1)}
            for other in flow.order[flow.position[upper] + 1 : flow.position[block]]:
                if other not in flow.ancestors[block] or upper not in flow.ancestors[other]:
                    continue
                above = flow.dominator[other]
                if above in relative and flow.always_reaches(above, other):
                    relative[other] = relative[above]
                    continue
                relative[other] = build.any_of(
                    build.both(relative[source], self._taken(source, other))
                    for source in flow.before[other]
                )
            known = relative
        return {
            source: build.both(known[source], self._taken(source, block))
            for source in flow.before[block]
        }

    def _phi(self, line: Instruction, ways: Mapping[str, Node]) -> Node:
        assert isinstance(line.type, int)
        found = self.build.undefined(line.type)
        for (width, value), source in zip(line.operands, line.incoming, strict=True):
            if source in ways:
                used = self._use(value, source, width)
                if used.op != "undef":
                    found = self.build.select(ways[source], used, found)
        return found

    # -- values ----

    def _register(self, name: str, width: Type) -> Node:
        if name not in self.registers:
            assert isinstance(width, int), name
            label = self.names.fresh(self._cpp_name(name) or "value")
            self.registers[name] = self.build.raw("register", width, label=label)
        return self.registers[name]

    def _use(self, value: Value, block: str, width: Type) -> Node:
        assert isinstance(width, int), f"a pointer in arithmetic: {value}"
        if isinstance(value, Number):
            return self.build.constant(value.value, width)
        if isinstance(value, Undefined):
            return self.build.undefined(width)
        assert isinstance(value, Local), value
        made_in, _ = self.made[value.name]
        if made_in == block or self.flow.dominates(made_in, block):
            return self.environment[value.name]
        if made_in not in self.flow.ancestors[block]:
            return self._register(value.name, width)
        earlier = self._register(value.name, width)
        return self.build.select(self.condition[made_in], self.environment[value.name], earlier)

    def _instruction(self, line: Instruction, block: str) -> Node | None:
        op = line.opcode
        if op == "load":
            return self._load(line.operands[0][1], line, block)
        if op == "store":
            self._store(line, block)
            return None
        if op == "call":
            return self._call(line, block)
        if op == "select" and line.type is None:
            return None  # of pointers: where it is used
        operands = [self._use(value, block, width) for width, value in line.operands]
        if op == "freeze":
            return operands[0]
        if line.predicate:
            return self.build.make(line.predicate, 1, operands)
        assert isinstance(line.type, int)
        return self.build.make(op, line.type, operands)

    def _simplified(self, node: Node, condition: Node) -> Node:
        """The value where a condition is known to hold: choices by parts of it are made."""
        holds: dict[int, Node] = {}
        todo = [condition]
        while todo:
            part = todo.pop()
            holds[part.id] = part
            if part.op == "and" and part.width == 1:
                todo += part.operands
        false = {part.operands[0].id for part in holds.values() if part.op == "not"}
        while node.op == "select":
            by = node.operands[0]
            if by.id in holds or (by.op == "and" and all(x.id in holds for x in by.operands)):
                node = node.operands[1]
            elif by.id in false:
                node = node.operands[2]
            else:
                break
        return node

    # -- arrays ----

    def _arrays(self) -> dict[str, tuple[tuple[int, ...], int]]:
        """Extents and element bits of the arrays that become registers: those of the function, and
        statics of which no dimension is an address."""
        kinds: dict[str, set[Type]] = {}
        for lines in self.function.blocks.values():
            for line in lines:
                if line.opcode in ("load", "store"):
                    pointer = line.operands[-1][1]
                    if isinstance(pointer, Local):
                        kinds.setdefault(pointer.name, set()).add(line.type)
        found = {}
        for name, (_, line) in self.made.items():
            if line.opcode != "alloca":
                continue
            extents, bits = dimensions(line.type)
            used = kinds.get(name, set()) - {bits}
            if len(used) == 1 and not kinds[name] & {bits}:
                # a scalar that LLVM has cut into bytes
                only = used.pop()
                assert isinstance(only, int)
                extents, bits = (), only
            found[name] = (extents or (1,), bits)
        for name, layout in self.layouts.items():
            if not layout.variable.constant and layout.count("address") == 1:
                found[name] = (layout.extents or (1,), layout.element_bits)
        return found

    def _address(self, value: Value, block: str) -> _Terms:
        if isinstance(value, Global):
            return _Terms(value.name, 0, ())
        if isinstance(value, Address):
            return self._walk(value, block)
        assert isinstance(value, Local)
        if value.name in self.arrays:
            return _Terms(value.name, 0, ())
        made_in, line = self.made[value.name]
        if line.opcode == "getelementptr":
            if not self.flow.dominates(made_in, block):
                raise NotSynthesizable(line.line, "an address lives from iteration to iteration")
            return self._address(line.operands[0][1], made_in)
        raise NotSynthesizable(
            line.line, f"an address that '{line.opcode}' makes can't be hardware"
        )

    def _walk(self, address: Address, block: str) -> _Terms:
        base = self._address(address.base, block)
        constant, terms = base.constant, list(base.terms)
        of = address.pointee
        for number, (width, value) in enumerate(address.indices):
            if number:
                assert isinstance(of, Array)
                only_one, of = of.count == 1, of.element
                if only_one:
                    continue
            if isinstance(value, Number):
                constant += elements(of) * value.value
            else:
                terms.append((elements(of), self._use(value, block, width)))
        return _Terms(base.base, constant, tuple(terms))

    def _sum(self, constant: int, terms: Sequence[tuple[int, Node]]) -> Node:
        build = self.build
        found = build.constant(constant, 32)
        for factor, node in terms:
            wide = build.make("zext", 32, (node,)) if node.width < 32 else node
            found = build.make(
                "add", 32, (found, build.make("mul", 32, (wide, build.constant(factor, 32))))
            )
        return found

    def _indices(self, at: _Terms, layout: ArrayLayout) -> list[Node]:
        """An index a dimension."""
        found, constant, terms = [], at.constant, list(at.terms)
        for stride in layout.strides:
            mine = [(factor // stride, node) for factor, node in terms if factor % stride == 0]
            terms = [(factor % stride, node) for factor, node in terms if factor % stride]
            found.append(self._sum(constant // stride, mine))
            constant %= stride
        return found

    def _bank(self, name: str, number: int) -> Bank:
        layout = self.layouts[name]
        if (name, number) not in self.banks:
            own = self._cpp_name(name) or "memory"
            label = f"{own}_{number}" if layout.count("bank") > 1 else own
            self.banks[name, number] = Bank(self.build, layout, number, self.names.fresh(label))
        return self.banks[name, number]

    def _load(self, pointer: Value, line: Instruction, block: str) -> Node:
        build = self.build
        if (
            isinstance(pointer, Local)
            and self.made.get(pointer.name, ("", line))[1].opcode == "select"
        ):
            made_in, choice = self.made[pointer.name]
            (_, by), (_, yes), (_, no) = choice.operands
            return build.select(
                self._use(by, made_in, 1),
                self._load(yes, line, block),
                self._load(no, line, block),
            )
        at = self._address(pointer, block)
        if at.base in self.arrays:
            return self._entry(self._sum(at.constant, at.terms), self._contents(at.base))
        layout = self.layouts[at.base]
        if line.type != layout.element_bits:
            raise NotSynthesizable(line.line, f"an element of '{at.base}' is not read as a whole")
        place = layout.place(build, self._indices(at, layout))
        banks = range(layout.count("bank"))
        values = []
        for number in [place.bank.value] if place.bank.op == "const" else banks:
            bank = self._bank(at.base, number)
            word = bank.load(
                place.address, place.element, self.condition[block], block, self.step, line.line
            )
            values.append(self._entry(place.element, word))
        return values[0] if len(values) == 1 else self._entry(place.bank, values)

    def _store(self, line: Instruction, block: str) -> None:
        build = self.build
        (width, value), (_, pointer) = line.operands
        at = self._address(pointer, block)
        stored, condition = self._use(value, block, width), self.condition[block]
        if at.base in self.arrays:
            if stored.op == "undef":
                return
            contents = self._contents(at.base)
            hits = self._hits(self._sum(at.constant, at.terms), len(contents))
            for number, hit in hits.items():
                chosen = build.both(condition, hit)
                contents[number] = build.select(chosen, stored, contents[number])
            return
        layout = self.layouts[at.base]
        if width != layout.element_bits:
            raise NotSynthesizable(
                line.line, f"an element of '{at.base}' is not written as a whole"
            )
        place = layout.place(build, self._indices(at, layout))
        if place.element.op != "const":
            raise NotSynthesizable(
                line.line, f"which element of a word of '{at.base}' is written depends on data"
            )
        stored = self._simplified(stored, condition)
        for number, hit in self._hits(place.bank, layout.count("bank")).items():
            enable = build.both(condition, hit)
            self._bank(at.base, number).store(
                place.address, place.element.value, enable, stored, block, self.step, line.line
            )

    def _contents(self, name: str) -> list[Node]:
        if name not in self.contents:
            extents, bits = self.arrays[name]
            count = 1
            for extent in extents:
                count *= extent
            self.contents[name] = [self._register(f"{name}[{k}]", bits) for k in range(count)]
        return self.contents[name]

    def _entry(self, index: Node, entries: Sequence[Node]) -> Node:
        """``entries[index]``."""
        build, width = self.build, entries[0].width
        if len(entries) == 1:
            return entries[0]
        if index.op == "const":
            return entries[index.value] if index.value < len(entries) else build.undefined(width)
        leaf = self._leaf(index)
        if leaf is None:
            return build.raw("pick", width, (index, *entries))
        chosen = [
            entries[at] if at < len(entries) else build.undefined(width)
            for at in self._table(index, leaf)
        ]
        while len(chosen) > 1 and chosen[-1].op == "undef":
            chosen.pop()
        if len(chosen) == 1:
            return chosen[0]
        if leaf.width == 1:
            return build.select(leaf, chosen[1], chosen[0])
        return build.raw("pick", width, (leaf, *chosen))

    def _hits(self, index: Node, count: int) -> dict[int, Node]:
        """For each entry that the index may name, the condition that it does."""
        build = self.build
        if index.op == "const":
            return {index.value: build.constant(1, 1)} if index.value < count else {}
        leaf = self._leaf(index)
        if leaf is None:
            return {
                k: build.make("eq", 1, (index, build.constant(k, index.width)))
                for k in range(count)
            }
        found: dict[int, Node] = {}
        for value, at in enumerate(self._table(index, leaf)):
            if at < count:
                equal = build.make("eq", 1, (leaf, build.constant(value, leaf.width)))
                found[at] = build.either(found[at], equal) if at in found else equal
        return found

    @staticmethod
    def _leaf(node: Node) -> Node | None:
        """The one value of few bits that a node depends on."""
        leaves: dict[int, Node] = {}
        todo, seen = [node], set()
        while todo:
            at = todo.pop()
            if at.id in seen or at.op == "const":
                continue
            seen.add(at.id)
            if at.width <= TABLE_BITS or not at.operands or at.op in ("get", "pick", "join"):
                leaves[at.id] = at
            else:
                todo += at.operands
        only = next(iter(leaves.values())) if len(leaves) == 1 else None
        return only if only is not None and only.width <= TABLE_BITS else None

    @staticmethod
    def _table(node: Node, leaf: Node) -> list[int]:
        """The node's value for each value of its leaf."""
        order = [n for n in reached([node]) if n is not leaf]
        found = []
        for value in range(1 << leaf.width):
            known = {leaf.id: value}
            for at in order:
                if at.op == "const":
                    known[at.id] = at.value
                elif all(x.id in known for x in at.operands) and at.operands:
                    values = tuple(known[x.id] for x in at.operands)
                    widths = tuple(x.width for x in at.operands)
                    known[at.id] = evaluate(at.op, at.width, values, widths)
            found.append(known[node.id])
        return found

    # -- calls ----

    def _call(self, line: Instruction, block: str) -> Node | None:
        build, callee = self.build, line.callee
        if callee.startswith(_WITHOUT_EFFECT) or mark_of(callee) is not None:
            return None
        values = [value for _, value in line.operands]
        if callee == "fcn_hw_read":
            stream = self._stream(values[0])
            node = build.raw("read", self.pixels[stream].bits, label=stream)
            self.reads.setdefault(stream, []).append((self.condition[block], block, line.line))
            return node
        if callee == "fcn_hw_write":
            stream, pixel = self._stream(values[0]), self._use(values[1], block, 32)
            self.writes.setdefault(stream, []).append(
                (self.condition[block], pixel, block, line.line)
            )
            return None
        if "fcn_hw_channel" in callee:
            token, number = self._use(values[0], block, 32), values[1]
            assert isinstance(number, Number) and isinstance(line.type, int)
            return build.get(token, number.value * line.type, line.type)
        if "fcn_hw_with_channel" in callee:
            return self._with_channel(line, block)
        if "fcn_hw_dsp" in callee:
            assert isinstance(line.type, int)
            return self._in_dsp(self._use(values[0], block, line.type))
        return self._intrinsic(line, block)

    def _stream(self, value: Value) -> str:
        if not isinstance(value, Local) or value.name not in self.stream_of:
            raise NotSynthesizable("", "which stream is meant depends on data")
        return self.stream_of[value.name]

    def _with_channel(self, line: Instruction, block: str) -> Node:
        (_, token), (_, number), (width, code) = line.operands
        pixel = self.build.raw("join", 0) if token == Number(0) else self._use(token, block, 32)
        if pixel.op != "join":
            raise NotSynthesizable(line.line, "a pixel is put together in several places")
        assert isinstance(number, Number) and isinstance(width, int)
        channels = list(pixel.operands)
        channels += [self.build.undefined(width)] * (number.value + 1 - len(channels))
        channels[number.value] = self._use(code, block, width)
        return self.build.raw("join", sum(c.width for c in channels), channels)

    def _in_dsp(self, product: Node) -> Node:
        """The product with its mark; one by a constant has become something else and stays."""
        if product.op in ("sext", "zext"):
            inner = self._in_dsp(product.operands[0])
            return self.build.raw(product.op, product.width, (inner,))
        if product.op != "mul":
            return product
        return self.build.raw("mul", product.width, product.operands, label=DSP)

    def _intrinsic(self, line: Instruction, block: str) -> Node:
        build = self.build
        name = re.match(r"llvm\.([\w.]+?)\.i\d+$", line.callee)
        width = line.type
        operands = [self._use(v, block, w) for w, v in line.operands if isinstance(w, int)]
        if name is not None and isinstance(width, int):
            if name[1] in ("smax", "smin", "umax", "umin"):
                return build.make(name[1], width, operands[:2])
            if name[1] == "abs":
                zero = build.constant(0, width)
                negative = build.make("slt", 1, (operands[0], zero))
                return build.select(
                    negative, build.make("sub", width, (zero, operands[0])), operands[0]
                )
            if name[1] in ("uadd.sat", "usub.sat", "sadd.sat", "ssub.sat"):
                return saturated(build, name[1], operands[0], operands[1])
        raise NotSynthesizable(line.line, f"a call of '{line.callee}' can't be hardware")

    # -- the end of an iteration ----

    def _next_values(self, states: Mapping[str, Node]) -> list[Register]:
        build, flow = self.build, self.flow
        cut: dict[str, list[tuple[str, Node]]] = {state: [] for state in flow.states}
        for block in flow.order:
            for target in flow.after[block]:
                if target in cut and block != START:
                    way = build.both(self.condition[block], self._taken(block, target))
                    cut[target].append((block, way))
        found: list[Register] = []
        done: set[str] = set()
        while left := [name for name in self.registers if name not in done]:
            for name in left:  # a next value may use registers that nothing has used before
                done.add(name)
                found.append(self._next_value(name, cut))
        for state, node in states.items():
            following = build.any_of(way for _, way in cut[state])
            found.append(Register(node, following, int(state == self.first.state)))
        return found

    def _next_value(self, name: str, cut: Mapping[str, list[tuple[str, Node]]]) -> Register:
        build, node = self.build, self.registers[name]
        element = re.fullmatch(r"(.*)\[(\d+)\]", name)
        if element is not None:
            key = element[1], int(element[2])
            return Register(node, self.contents[key[0]][key[1]], self.first.stored.get(key, 0))
        block, line = self.made[name]
        bounds = loop_bounds(self.flow, name, block, line) if line.opcode == "phi" else None
        if line.opcode == "phi" and block in cut:
            following = node
            for source, way in cut[block]:
                width, value = line.operands[line.incoming.index(source)]
                used = self._use(value, source, width)
                if used.op != "undef":
                    following = build.select(way, self._simplified(used, way), following)
        else:
            following = build.select(self.condition[block], self.environment[name], node)
        initial = self.first.values.get(name, bounds[0] if bounds else 0) & mask(node.width)
        return Register(node, following, initial, bounds)

    def _merged_reads(self) -> tuple[Read, ...]:
        found = []
        for stream, items in self.reads.items():
            self._together([(block, line) for _, block, line in items], f"reads '{stream}'")
            node = self.build.raw("read", self.pixels[stream].bits, label=stream)
            found.append(Read(stream, node, self.build.any_of(item[0] for item in items)))
        return tuple(found)

    def _merged_writes(self) -> tuple[Write, ...]:
        found = []
        for stream, items in self.writes.items():
            self._together([(block, line) for _, _, block, line in items], f"writes '{stream}'")
            pixel = items[0][1]
            for condition, other, _, _ in items[1:]:
                pixel = self._either_pixel(condition, other, pixel)
            found.append(Write(stream, self.build.any_of(item[0] for item in items), pixel))
        return tuple(found)

    def _either_pixel(self, condition: Node, yes: Node, no: Node) -> Node:
        """Channel by channel, so that equal ones stay one."""
        if yes.op != "join" or no.op != "join":
            return self.build.select(condition, yes, no)
        pairs = zip(yes.operands, no.operands, strict=True)
        return self.build.raw(
            "join", yes.width, [self.build.select(condition, a, b) for a, b in pairs]
        )

    def _together(self, places: Sequence[tuple[str, str]], what: str) -> None:
        for number, (block, line) in enumerate(places):
            for other, other_line in places[:number]:
                if not self.flow.exclusive(block, other):
                    raise NotSynthesizable(
                        line, f"an iteration {what} twice (the other time: {other_line})"
                    )


_PASSED_OVER = frozenset({"getelementptr", "alloca", "br", "ret", "switch", "unreachable"})


def saturated(build: Builder, name: str, a: Node, b: Node) -> Node:
    """A saturating sum or difference; opt makes it where a conversion rounds up at the upper end.

    Args:
        name: of LLVM's intrinsic, ``uadd.sat``, ``usub.sat``, ``sadd.sat`` or ``ssub.sat``.
        a, b: of one width, which the result has too.
    """
    width = a.width
    if name == "usub.sat":
        difference = build.make("sub", width, (a, b))
        return build.select(build.make("ult", 1, (a, b)), build.constant(0, width), difference)
    signed = name.startswith("s")
    wide = [build.make("sext" if signed else "zext", width + 1, (node,)) for node in (a, b)]
    exact = build.make(name[1:4], width + 1, wide)
    if not signed:
        most = build.constant(mask(width), width + 1)
        return build.make("trunc", width, (build.make("umin", width + 1, (exact, most)),))
    most, least = (
        build.constant(mask(width - 1), width + 1),
        build.constant(-1 << width - 1, width + 1),
    )
    inside = build.make("smax", width + 1, (build.make("smin", width + 1, (exact, most)), least))
    return build.make("trunc", width, (inside,))


_WITHOUT_EFFECT = ("llvm.lifetime", "llvm.experimental.noalias", "llvm.dbg", "llvm.assume")


class _Names:
    """Names for Verilog, each one once."""

    def __init__(self) -> None:
        self.used: dict[str, int] = {}

    def fresh(self, name: str) -> str:
        count = self.used.get(name, 0)
        self.used[name] = count + 1
        return name if count == 0 else self.fresh(f"{name}_{count + 1}")


def _cpp_name(name: str, parts: Mapping[str, str]) -> str:
    """What the C++ calls a result of LLVM's: ``%walk.sroa.12.0`` is ``walk_tap_row``.

    Args:
        parts: as :class:`fcn_hw.rtl.llvm.Function` has them.
    """
    element = re.fullmatch(r"(.*)\[(\d+)\]", name)
    if element is not None:
        return f"{_cpp_name(element[1], parts) or 'array'}_{element[2]}"
    part = PART_OF_NAME.match(name)
    if part is not None and part[0] in parts:
        return parts[part[0]]
    plain = name.strip('%"@').replace('"', "")
    if plain.startswith("_Z"):  # a static of a function: the last name in it
        tails = [plain[m.start() :] for m in re.finditer(r"(?<!\d)\d+(?=[A-Za-z_])", plain)]
        sized = [re.fullmatch(r"(\d+)(\w+)", tail) for tail in tails]
        names = [m[2] for m in sized if m is not None and int(m[1]) == len(m[2])]
        plain = names[0] if names else "memory"
    plain = re.split(
        r"\.(?:sroa|addr|i\d*|lcssa|in|pre|ph|neg|not|ext|conv|cast|body|mask|lhs|rhs)\b|\.\d",
        plain,
    )[0]
    plain = re.sub(r"[._\d]+$", "", plain).replace(".", "_").replace("-", "_").strip("_")
    return "" if plain in _LLVM_WORDS or not re.fullmatch(r"[A-Za-z_]\w*", plain) else plain


_LLVM_WORDS = frozenset(
    """add sub mul and or xor shl lshr ashr shr conv cmp cond call inc dec sel tobool lnot frombool
    ref tmp retval agg arrayidx spec select umax umin smax smin rem div idxprom arraydecay coerce
    not narrow exitcond switch for while if_then if_end op call_sroa spec_select and_cond or_cond
    indvars indvar brmerge resize loadedv storedv ref_tmp""".split()
)
