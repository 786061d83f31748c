"""A scheduled process as a Verilog module.

A stage is valid (``valid``) where it holds an iteration, and held (``hold``) where this waits for a
stream: then the stages before it wait too, and those behind it go on. A signal has the C++'s name
where the C++ has one; ``_s3`` is its copy in stage 3. Verilog-2001 (IEEE 1364-2001), nothing that
is a vendor's but the attributes ``ram_style``, ``rom_style`` and ``carry_chain``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.rtl.ir import COMPARISONS, TABLES, Memory, Node, mask, signed
from fcn_hw.rtl.schedule import Schedule, in_logic

WAIVERS = ("UNUSEDSIGNAL", "UNUSEDPARAM", "WIDTHEXPAND")
"""What Verilator's -Wall may find: bits that a later stage does not need, which synthesis drops,
the start of a frame that no other process waits for, and factors and terms, which are extended by
their signs to the width of a sum."""

KEYWORDS = frozenset(
    """always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config
    deassign default defparam design disable edge else end endcase endconfig endfunction endgenerate
    endmodule endprimitive endspecify endtable endtask event for force forever fork function
    generate genvar highz0 highz1 if ifnone incdir include initial inout input instance integer join
    large liblist library localparam macromodule medium module nand negedge nmos nor noshowcancelled
    not notif0 notif1 or output parameter pmos posedge primitive pull0 pull1 pulldown pullup
    pulsestyle_onevent pulsestyle_ondetect rcmos real realtime reg release repeat rnmos rpmos rtran
    rtranif0 rtranif1 scalared showcancelled signed small specify specparam strong0 strong1 supply0
    supply1 table task time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg unsigned use
    vectored wait wand weak0 weak1 while wire wor xnor xor logic bit byte int shortint longint do
    break continue return static this type union struct enum packed string void class new null
    program package import export interface final global checker let sequence property cover assert
    assume expect unique priority ref const var context pure local protected virtual extends super
    inside with solve before bins binsof covergroup coverpoint cross dist first_match foreach iff
    ignore_bins illegal_bins intersect matches modport rand randc randcase randsequence tagged
    throughout timeprecision timeunit typedef wait_order wildcard within alias bind chandle clocking
    endclass endclocking endgroup endinterface endpackage endprogram endproperty endsequence
    forkjoin join_any join_none""".split()
)
"""Of Verilog and SystemVerilog."""

CARRY_CHAIN = "carry_chain"
"""The attribute of an addition that is to be a carry chain: yosys would rather add several terms at
once, by twice the look-up tables."""

_DECIMAL_BITS = 32
"""A constant of more bits is a mask, in hexadecimal."""

_STREAM_ENDS = ("dout", "empty", "read", "wanted", "din", "full", "write", "offered")
_OWN = ("clk", "rst", "valid", "hold", "go", "frame_ready", "frame_taken", "frame_begins")

_NAME_OF = {
    "add": "sum", "sub": "difference", "mul": "product", "and": "both", "or": "either",
    "xor": "differs", "eq": "equal", "ult": "less", "slt": "less", "ugt": "more", "sgt": "more",
    "ule": "at_most", "sle": "at_most", "uge": "at_least", "sge": "at_least",
    "shl": "shifted", "lshr": "shifted", "ashr": "shifted",
    "select": "chosen", "pick": "entry", "get": "bits", "smin": "lesser", "smax": "greater",
    "umin": "lesser", "umax": "greater", "join": "pixel",
}  # fmt: skip


def waivers() -> list[str]:
    """The waivers as comments that Verilator reads, for the top of a file."""
    return [f"/* verilator lint_off {name} */" for name in WAIVERS]


def legal(name: str) -> str:
    """A name that is no keyword."""
    return f"{name}_" if name in KEYWORDS else name


def verilog(found: Schedule, module: str, about: str) -> str:
    """The module's text.

    Args:
        module: its name.
        about: what it is compiled from, for the comment at the top.
    """
    return _Writer(found).module(module, about)


@dataclass
class _Late:
    """The last stage in which each value is used."""

    at: dict[Node, int]

    def use(self, node: Node, own: int, stage: int) -> None:
        self.at[node] = max(self.at.get(node, own), stage)


class _Writer:
    def __init__(self, found: Schedule) -> None:
        self.found = found
        self.graph = found.graph
        self.memory_of = {
            load.node: (memory, number)
            for memory in self.graph.memories
            for number, load in enumerate(memory.loads)
        }
        self.late = _Late({})
        self.inner = self._inner_sums()
        self.carried_whole = self._words_carried_whole()
        self.slices: dict[tuple[Node, int], str] = {}
        self.functions: dict[str, list[str]] = {}
        self.taken: set[str] = {*_OWN, *KEYWORDS}
        self.names: dict[Node, str] = {}
        for stream in (*found.read_stage, *found.write_stage):
            self.taken |= {f"{stream}_{end}" for end in _STREAM_ENDS}
        for memory in self.graph.memories:
            words = {_word_of(memory, number) for number in range(len(memory.loads))}
            self.taken |= {memory.name, *words}
        for register in self.graph.registers:
            self._name(register.node)
        self.bodies: list[list[str]] = [[] for _ in range(found.depth)]
        self.last_line = [""] * found.depth

    # -- names and values ----

    def _name(self, node: Node) -> str:
        if node not in self.names:
            self.names[node] = self._fresh(self._wanted_name(node))
        return self.names[node]

    def _wanted_name(self, node: Node) -> str:
        """The C++'s name, else what a pixel or a word is of, else what the operation gives."""
        if node.op == "register":
            return node.label
        if node.name:
            return node.name
        if node.op == "read":
            return f"{node.label}_pixel"
        if node.op == "load":
            return f"{node.label}_read"
        if node.op == "get" and node.operands[0].op in ("read", "load"):
            whole = self._wanted_name(node.operands[0])
            return f"{whole}_{node.value // node.width}"
        return _NAME_OF.get(node.op, "value")

    def _fresh(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        return name

    def _signal(self, node: Node, stage: int) -> str:
        """The signal that holds a node's kept bits in a stage."""
        own = self.found.stage[node]
        if stage > own and node.op == "get" and node.operands[0] in self.carried_whole:
            return self._slice_of_word(node, stage)
        self.late.use(node, own, stage)
        return self._name(node) if stage == own else f"{self._name(node)}_s{stage}"

    def _slice_of_word(self, node: Node, stage: int) -> str:
        """Of a word that stages hand on as a whole, an element in a later stage."""
        if (node, stage) not in self.slices:
            (word,), width = node.operands, self.found.bits[node].width
            part = _slice(self._signal(word, stage), node.value, width, word.width)
            name = self._fresh(f"{self._name(node)}_s{stage}")
            self.bodies[stage].append(f"wire {_range(width)}{name} = {part};")
            self.slices[node, stage] = name
        return self.slices[node, stage]

    def _words_carried_whole(self) -> set[Node]:
        """Words of memories and streams most of whose elements are used in a later stage."""
        later: dict[Node, set[Node]] = {}
        for node in self.found.order:
            if not _is_transparent(node):
                for operand in node.operands:
                    source = _source(operand)
                    if source.op == "get" and self.found.stage[node] > self.found.stage[source]:
                        later.setdefault(source.operands[0], set()).add(source)
        return {
            word
            for word, parts in later.items()
            if word.op in ("load", "read") and 2 * sum(x.width for x in parts) >= word.width
        }

    def _inner_sums(self) -> set[Node]:
        """Sums that are written inside the one sum or product that uses them.

        What is inside computes with more bits than by itself; so it must not wrap. A product is cut
        to the bits that are kept before it is added: yosys joins a product whose every bit is there
        with the sum, which takes a tenth more LUTs.
        """
        users: dict[Node, int] = {}
        for node in self.found.order:
            for operand in node.operands:
                users[operand] = users.get(operand, 0) + 1
        for node in (*self.graph.roots(), *(x.next for x in self.graph.registers)):
            users[node] = users.get(node, 0) + 2
        found: set[Node] = set()
        terms: dict[Node, int] = {}
        for node in self.found.order:
            if node.op not in _ARITHMETIC or (node.op == "mul" and node.label == TABLES):
                continue
            terms[node] = 0
            for operand in node.operands:
                path, is_signed = self._extensions(operand)
                inner = path[-1]
                own = terms.get(inner, 1)
                if (
                    inner.op in ("add", "sub")
                    and all(users[x] == 1 for x in path)
                    and self.found.stage[inner] == self.found.stage[node]
                    and terms[node] + own < _MOST_TERMS
                    and self._is_exact(inner, is_signed)
                ):
                    found.add(inner)
                    terms[node] += own
                else:
                    terms[node] += 1
        return found

    def _extensions(self, node: Node) -> tuple[list[Node], bool]:
        """A node and, below the extensions that keep its value, what it is; whether the value of
        this one has a sign."""
        path, is_signed = [node], self.found.bits[node].signed
        while path[-1].op in ("zext", "sext"):
            (source,), by_sign = path[-1].operands, path[-1].op == "sext"
            kept = self.found.bits[source]
            if kept.signed and not by_sign:
                break
            is_signed = by_sign and (kept.signed or kept.width == source.width)
            path.append(source)
        return path, is_signed

    def _is_exact(self, node: Node, is_signed: bool) -> bool:
        """Whether a sum or a difference of any kept bits is a number of its width."""
        (a_low, a_high), (b_low, b_high) = (self._least_and_most(x) for x in node.operands)
        if node.op == "add":
            low, high = a_low + b_low, a_high + b_high
        else:
            low, high = a_low - b_high, a_high - b_low
        if is_signed:
            half = 1 << (node.width - 1)
            return -half <= low and high < half
        return low >= 0 and high >> node.width == 0

    def _least_and_most(self, node: Node) -> tuple[int, int]:
        kept = self.found.bits[node]
        if node.op == "const":
            value = signed(node.value, node.width) if kept.signed else node.value
            return value, value
        if kept.signed:
            return -(1 << (kept.width - 1)), (1 << (kept.width - 1)) - 1
        return 0, (1 << kept.width) - 1

    def _value(self, node: Node, width: int, stage: int) -> str:
        """An expression of ``width`` bits with the node's lowest ones."""
        assert width <= node.width, f"{node} at {width} bits"
        if node.op == "const":
            value = node.value & mask(width)
            return f"{width}'d{value}" if width <= _DECIMAL_BITS else f"{width}'h{value:x}"
        if node.op == "undef":
            return f"{width}'d0"
        if node.op == "trunc":
            return self._value(node.operands[0], width, stage)
        if node.op in ("zext", "sext"):
            return self._extended(node, width, stage)
        if node.op == "not" and node.width == 1:
            return f"~{self._value(node.operands[0], 1, stage)}"
        kept = self.found.bits[node]
        return _resized(self._signal(node, stage), kept.width, kept.signed, width)

    def _extended(self, node: Node, width: int, stage: int) -> str:
        (source,) = node.operands
        if width <= source.width:
            return self._value(source, width, stage)
        kept = self.found.bits[source]
        sign = node.op == "sext" and (kept.signed or kept.width == source.width)
        if (
            kept.signed == sign
            and not _is_transparent(source)
            and source.op not in ("const", "undef")
        ):
            return _resized(self._signal(source, stage), kept.width, sign, width)
        inner = self._value(source, source.width, stage)
        if node.op == "zext" or not (kept.signed or kept.width == source.width):
            return _resized(inner, source.width, False, width)
        return _resized(self._wire(node, source.width, inner, stage), source.width, True, width)

    def _wire(
        self, node: Node, width: int, expression: str, stage: int, suffix: str = "whole"
    ) -> str:
        """A signal for an expression of which bits are taken."""
        if expression.isidentifier():
            return expression
        name = self._fresh(f"{node.name or _NAME_OF.get(node.op, 'value')}_{suffix}")
        self.bodies[stage].append(f"wire {_range(width)}{name} = {expression};")
        return name

    def _signed(self, node: Node, width: int, stage: int) -> str:
        return f"$signed({self._value(node, width, stage)})"

    def _exact(self, node: Node, most: int, stage: int) -> str:
        """A signed expression with the node's whole value, or with the ``most`` lowest bits."""
        kept = self.found.bits[node]
        if node.op == "const":
            (value, _) = self._least_and_most(node)
            width = max((~value if value < 0 else value).bit_length() + 1, 1)
            return f"$signed({width}'d{value & mask(width)})"
        if kept.width + (not kept.signed) > most:
            return self._signed(node, most, stage)
        text = self._value(node, kept.width, stage)
        return f"$signed({text})" if kept.signed else f"$signed({{1'b0, {text}}})"

    # -- operations ----

    def _operation(self, node: Node) -> None:
        """Adds a node to the body of its stage."""
        if node.op in ("const", "undef", "register") or _is_transparent(node) or node.width == 0:
            return
        if node in self.inner:
            return
        stage, body = self.found.stage[node], self.bodies[self.found.stage[node]]
        if node.line and node.line != self.last_line[stage]:
            body.append(f"// {node.line}")
            self.last_line[stage] = node.line
        width = self.found.bits[node].width
        name = self._name(node)
        if node.op == "pick":
            self._pick(node, name, width, stage)
            return
        if node.op == "load" and in_logic(self.memory_of[node][0]):
            self._logic_rom(node, name, stage)
            return
        expression = self._expression(node, width, stage)
        body.append(f"wire {_range(width)}{name} = {expression};")

    def _expression(self, node: Node, width: int, stage: int) -> str:
        op, operands = node.op, node.operands
        if op == "read":
            return f"{node.label}_dout"
        if op == "load":
            memory, number = self.memory_of[node]
            return _word_of(memory, number)
        if op == "join":
            return "{" + ", ".join(self._value(x, x.width, stage) for x in reversed(operands)) + "}"
        if op == "get":
            return _slice(self._signal(operands[0], stage), node.value, width, operands[0].width)
        if op == "mul" and node.label == TABLES:
            return self._table(node, width, stage)
        if op == "mul" or (op in _ARITHMETIC and self._has_terms(node, width)):
            return self._sum(node, width, stage)
        if op in _SYMBOLS:
            a, b = (self._value(x, width, stage) for x in operands)
            if operands[1].op == "const" and operands[1].value & mask(width) == (
                mask(width) if op == "and" else 0
            ):
                return a  # of the bits that are kept it changes none
            symbol = f"+ (* {CARRY_CHAIN} *)" if node.label == TABLES else _SYMBOLS[op]
            return f"{a} {symbol} {b}"
        if op == "not":
            return f"~{self._value(operands[0], width, stage)}"
        if op == "select":
            condition = self._value(operands[0], 1, stage)
            yes, no = (self._value(x, width, stage) for x in operands[1:])
            return f"{condition} ? {yes} : {no}"
        if op in ("shl", "lshr", "ashr"):
            return self._shift(node, width, stage)
        if op in COMPARISONS:
            return self._comparison(op, operands, stage)
        if op in ("smin", "smax", "umin", "umax"):
            first = self._comparison(
                op[0] + ("lt" if op.endswith("min") else "gt"), operands, stage
            )
            a, b = (self._value(x, width, stage) for x in operands)
            return f"({first}) ? {a} : {b}"
        return self._division(node, width, stage)

    def _has_terms(self, node: Node, width: int) -> bool:
        """Whether operands are written inside, or are extended by their sign."""
        kept = [self.found.bits[x] for x in node.operands]
        return any(_extended_of(x) in self.inner for x in node.operands) or any(
            item.signed and item.width < width for item in kept
        )

    def _sum(self, node: Node, width: int, stage: int) -> str:
        """The kept bits of a sum, a difference or a product, which is an integer before.

        Of the 32 or 64 bits of an integer, synthesis makes those that are kept.
        """
        whole = next((bits for bits in _INTEGER_BITS if bits >= width), width)
        text = self._terms(node, whole, stage)
        name = self._fresh(f"{node.name or _NAME_OF[node.op]}_whole")
        self.bodies[stage].append(f"wire signed [{whole - 1}:0] {name} = {text};")
        return _slice(name, 0, width, whole)

    def _terms(self, node: Node, whole: int, stage: int) -> str:
        parts = []
        for operand in node.operands:
            inner = _extended_of(operand)
            if inner not in self.inner:
                parts.append(self._exact(operand, whole, stage))
                continue
            parts.append(f"({self._terms(inner, whole, stage)})")
        symbol = f"+ (* {CARRY_CHAIN} *)" if node.label == TABLES else _ARITHMETIC[node.op]
        return f" {symbol} ".join(parts)

    def _table(self, node: Node, width: int, stage: int) -> str:
        """A product of few bits: a function that lists all of them."""
        a, b = (self.found.bits[x] for x in node.operands)
        whole = a.width + b.width
        name = "product_" + "_".join(f"{x.width}{'s' if x.signed else 'u'}" for x in (a, b))
        if name not in self.functions:
            lines = [f"function {_range(whole)}{name}(input {_range(whole)}ab);", "    case (ab)"]
            for code in range(1 << whole):
                x, y = code >> b.width, code & mask(b.width)
                value = (signed(x, a.width) if a.signed else x) * (
                    signed(y, b.width) if b.signed else y
                )
                place = "default" if code == mask(whole) else f"{whole}'d{code}"
                lines.append(f"        {place}: {name} = {whole}'d{value & mask(whole)};")
            self.functions[name] = [*lines, "    endcase", "endfunction"]
        values = ", ".join(
            self._value(x, kept.width, stage) for x, kept in zip(node.operands, (a, b), strict=True)
        )
        text = self._wire(node, whole, f"{name}({{{values}}})", stage)
        return _resized(text, whole, a.signed or b.signed, width)

    def _shift(self, node: Node, width: int, stage: int) -> str:
        source, amount = node.operands
        op = node.op
        if amount.op == "const":
            by = amount.value
            if op == "shl":
                low = self._value(source, width - by, stage) if by < width else ""
                return f"{{{low}, {by}'d0}}" if low else f"{width}'d0"
            top = min(by + width, source.width)
            whole = self._wire(node, top, self._value(source, top, stage), stage)
            part = _slice(whole, by, top - by, top)
            if top - by == width:
                return part
            return _resized(
                self._wire(node, top - by, part, stage, "part"), top - by, op == "ashr", width
            )
        counted = self._value(amount, min(amount.width, source.width.bit_length()), stage)
        if op == "shl":
            return f"{self._value(source, width, stage)} << {counted}"
        whole = self._value(source, source.width, stage)
        text = f"$signed({whole}) >>> {counted}" if op == "ashr" else f"{whole} >> {counted}"
        sign = "signed " if op == "ashr" else ""
        name = self._fresh(f"{self._name(node)}_whole")
        self.bodies[stage].append(f"wire {sign}{_range(source.width)}{name} = {text};")
        return _slice(name, 0, width, source.width)

    def _comparison(self, op: str, operands: tuple[Node, ...], stage: int) -> str:
        a, b = operands
        kept_a, kept_b = self.found.bits[a], self.found.bits[b]
        if op == "eq":
            if a.op == "const":
                a, b, kept_a, kept_b = b, a, kept_b, kept_a
            if b.op == "const":
                fits = not kept_a.signed and b.value >> kept_a.width == 0
                width = kept_a.width if fits else a.width
            elif kept_a.signed == kept_b.signed:
                width = max(kept_a.width, kept_b.width)
            else:
                width = a.width
            if width == 1 and b.op == "const":
                value = self._value(a, 1, stage)
                return value if b.value & 1 else f"~{value}"
            return f"{self._value(a, width, stage)} == {self._value(b, width, stage)}"
        symbol = _ORDER[op[1:]]
        if op[0] == "s":
            width = min(
                max(kept_a.width + (not kept_a.signed), kept_b.width + (not kept_b.signed)), a.width
            )
            return f"{self._signed(a, width, stage)} {symbol} {self._signed(b, width, stage)}"
        width = max(
            a.width if kept_a.signed else kept_a.width, b.width if kept_b.signed else kept_b.width
        )
        return f"{self._value(a, width, stage)} {symbol} {self._value(b, width, stage)}"

    def _division(self, node: Node, width: int, stage: int) -> str:
        symbol = "/" if node.op.endswith("div") else "%"
        a, b = (self._value(x, node.width, stage) for x in node.operands)
        sign = node.op[0] == "s"
        text = f"$signed({a}) {symbol} $signed({b})" if sign else f"{a} {symbol} {b}"
        return _slice(self._wire(node, node.width, text, stage), 0, width, node.width)

    def _pick(self, node: Node, name: str, width: int, stage: int) -> None:
        index, *entries = node.operands
        bits = max(1, (len(entries) - 1).bit_length())
        body = self.bodies[stage]
        body.append(f"reg {_range(width)}{name};")
        body.append(f"always @* case ({self._value(index, bits, stage)})")
        for number, entry in enumerate(entries[:-1]):
            if entry.op != "undef":
                body.append(f"    {bits}'d{number}: {name} = {self._value(entry, width, stage)};")
        body.append(f"    default: {name} = {self._value(entries[-1], width, stage)};")
        body.append("endcase")

    def _logic_rom(self, node: Node, name: str, stage: int) -> None:
        memory, number = self.memory_of[node]
        assert memory.image is not None
        bits, width = memory.address_bits, memory.width
        address = self._value(memory.loads[number].address, bits, stage)
        body = self.bodies[stage]
        body.append(f"reg {_range(width)}{name};")
        body.append(f"always @* case ({address})")
        for at, word in enumerate(memory.image):
            body.append(f"    {bits}'d{at}: {name} = {width}'h{word:x};")
        body.append(f"    default: {name} = {width}'d0;")
        body.append("endcase")

    # -- the module ----

    def module(self, module: str, about: str) -> str:
        found, graph = self.found, self.graph
        for node in found.order:
            self._operation(node)
        holds: list[list[str]] = [[] for _ in range(found.depth)]
        ports = [
            "input wire clk",
            "input wire rst",
            "input wire frame_ready",
            "output wire frame_begins",
            "output wire frame_taken",
        ]
        ends = self._frame(holds)
        for read in graph.reads:
            ports += self._read(read.stream, read.node.width, read.enable, holds, ends)
        for write in graph.writes:
            ports += self._write(write.stream, write.enable, write.pixel, holds, ends)
        for memory in graph.memories:
            if not in_logic(memory):
                ends += ["", *self._memory(memory)]
        following = self._next_values()  # before the declarations: every use must be known
        lines = [
            f"// {about}",
            f"// Stages: {found.depth}; clocks from a read to the write after it: {found.latency}.",
            "// Written by fcn_hw; changes here are overwritten.",
            *waivers(),
            f"module {module} (",
            *(f"    {port}," for port in ports[:-1]),
            f"    {ports[-1]}",
            ");",
            "wire valid_s0 = ~rst;",
            *(f"reg valid_s{stage};" for stage in range(1, found.depth)),
            "",
            *self._declarations(),
            *(line for function in self.functions.values() for line in ("", *function)),
        ]
        for number, body in enumerate(self.bodies):
            if body:
                lines += ["", f"// ---- stage {number}", *body]
        lines += [
            "",
            "// ---- streams and memories",
            *ends,
            "",
            "// ---- stalls",
            *self._control(holds),
        ]
        lines += ["", *self._clocked(following), "", "endmodule", ""]
        return "\n".join(lines)

    @staticmethod
    def _bit(kind: str, stage: int) -> str:
        return f"{kind}_s{stage}"

    def _control(self, holds: list[list[str]]) -> list[str]:
        lines = []
        for stage in reversed(range(self.found.depth)):
            later = [f"hold_s{stage + 1}"] if stage + 1 < self.found.depth else []
            waits = " | ".join([*holds[stage], *later]) or "1'b0"
            lines += [
                f"wire hold_s{stage} = {waits};",
                f"wire go_s{stage} = valid_s{stage} & ~hold_s{stage};",
            ]
        for stage in range(1, self.found.depth):
            lines += [
                "always @(posedge clk)",
                f"    if (rst) valid_s{stage} <= 1'b0;",
                f"    else if (!hold_s{stage}) valid_s{stage} <= go_s{stage - 1};",
            ]
        return lines

    def _condition(self, enable: Node, stage: int) -> str:
        if enable.op == "const":
            return self._bit("valid", stage)
        return f"{self._bit('valid', stage)} & {self._value(enable, 1, stage)}"

    def _frame(self, holds: list[list[str]]) -> list[str]:
        """The first iteration of a frame waits for the frame's token."""
        at = self.found.begin_stage
        self.bodies[at].append(f"assign frame_begins = {self._condition(self.graph.begins, at)};")
        holds[at].append("(frame_begins & ~frame_ready)")
        return [f"assign frame_taken = frame_begins & ~{self._bit('hold', at)};"]

    def _read(
        self, stream: str, width: int, enable: Node, holds: list[list[str]], ends: list[str]
    ) -> list[str]:
        at = self.found.read_stage[stream]
        self.bodies[at].append(f"wire {stream}_wanted = {self._condition(enable, at)};")
        holds[at].append(f"({stream}_wanted & {stream}_empty)")
        ends.append(f"assign {stream}_read = {stream}_wanted & ~{self._bit('hold', at)};")
        return [
            f"input wire {_range(width)}{stream}_dout", f"input wire {stream}_empty",
            f"output wire {stream}_read",
        ]  # fmt: skip

    def _write(
        self, stream: str, enable: Node, pixel: Node, holds: list[list[str]], ends: list[str]
    ) -> list[str]:
        at = self.found.write_stage[stream]
        self.bodies[at].append(f"wire {stream}_offered = {self._condition(enable, at)};")
        holds[at].append(f"({stream}_offered & {stream}_full)")
        ends.append(f"assign {stream}_write = {stream}_offered & ~{self._bit('hold', at)};")
        ends.append(f"assign {stream}_din = {self._value(pixel, pixel.width, at)};")
        return [
            f"output wire {_range(pixel.width)}{stream}_din", f"input wire {stream}_full",
            f"output wire {stream}_write",
        ]  # fmt: skip

    def _memory(self, memory: Memory) -> list[str]:
        found, name, width = self.found, memory.name, memory.width
        kind = "ram" if memory.image is None else "rom"
        style = "distributed" if memory.lutram else "block"
        lines = [
            f'(* {kind}_style = "{style}" *)',
            f"reg {_range(width)}{name} [0:{memory.depth - 1}];",
        ]
        if memory.image is not None:
            lines.append("initial begin")
            lines += [
                f"    {name}[{at}] = {width}'h{word:x};" for at, word in enumerate(memory.image)
            ]
            lines.append("end")
        for number, load in enumerate(memory.loads):
            at = found.stage[load.node] - 1
            address = self._value(load.address, memory.address_bits, at)
            word = _word_of(memory, number)
            lines += [
                f"reg {_range(width)}{word};",
                f"always @(posedge clk) if ({self._bit('go', at)}) {word} <= {name}[{address}];",
            ]
        if memory.store is not None:
            at, store = found.store_stage[name], memory.store
            enable = self._bit("go", at)
            if store.enable.op != "const":
                enable += f" & {self._value(store.enable, 1, at)}"
            word = ", ".join(self._value(x, x.width, at) for x in reversed(store.word.operands))
            address = self._value(store.address, memory.address_bits, at)
            lines.append(f"always @(posedge clk) if ({enable}) {name}[{address}] <= {{{word}}};")
        return lines

    def _declarations(self) -> list[str]:
        """What lives from iteration to iteration, and what is handed from stage to stage."""
        lines = []
        for register in self.graph.registers:
            node = register.node
            lines.append(f"reg {_range(self.found.bits[node].width)}{self._name(node)};")
        for node, last in self.late.at.items():
            width, name = self.found.bits[node].width, self._name(node)
            for stage in range(self.found.stage[node] + 1, last + 1):
                lines.append(f"reg {_range(width)}{name}_s{stage};")
        return lines

    def _next_values(self) -> list[list[tuple[str, str, str]]]:
        """Of each stage its registers: name, value after reset, next value."""
        found: list[list[tuple[str, str, str]]] = [[] for _ in range(self.found.depth)]
        for register in self.graph.registers:
            node = register.node
            width, at = self.found.bits[node].width, self.found.stage[node]
            start = f"{width}'d{register.initial & mask(width)}"
            found[at].append((self._name(node), start, self._value(register.next, width, at)))
        return found

    def _clocked(self, following: list[list[tuple[str, str, str]]]) -> list[str]:
        """Registers and copies of an iteration move on where it goes on."""
        moves: list[list[str]] = [[] for _ in range(self.found.depth)]
        for node, last in self.late.at.items():
            own, name = self.found.stage[node], self._name(node)
            for stage in range(own + 1, last + 1):
                before = name if stage == own + 1 else f"{name}_s{stage - 1}"
                moves[stage - 1].append(f"{name}_s{stage} <= {before};")
        lines: list[str] = []
        for stage in range(self.found.depth):
            if following[stage]:
                lines += [
                    "",
                    "always @(posedge clk)",
                    "    if (rst) begin",
                    *(f"        {name} <= {start};" for name, start, _ in following[stage]),
                    f"    end else if (go_s{stage}) begin",
                    *(f"        {name} <= {value};" for name, _, value in following[stage]),
                    "    end",
                ]
            if moves[stage]:
                lines += [
                    "",
                    f"always @(posedge clk) if (go_s{stage}) begin",
                    *(f"    {move}" for move in moves[stage]),
                    "end",
                ]
        return lines


_ARITHMETIC: Mapping[str, str] = {"add": "+", "sub": "-", "mul": "*"}
_INTEGER_BITS = (32, 64)
_MOST_TERMS = 8
"""Of an expression: a line is read as a whole."""

_SYMBOLS: Mapping[str, str] = {"add": "+", "sub": "-", "and": "&", "or": "|", "xor": "^"}
_ORDER: Mapping[str, str] = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def _is_transparent(node: Node) -> bool:
    """Whether a node is written where it is used, and has no signal of its own."""
    return node.op in ("zext", "sext", "trunc") or (node.op == "not" and node.width == 1)


def _source(node: Node) -> Node:
    """What an operand is, without its extensions and inversions."""
    while _is_transparent(node):
        (node,) = node.operands
    return node


def _extended_of(node: Node) -> Node:
    """What an operand is, without its extensions."""
    while node.op in ("zext", "sext"):
        (node,) = node.operands
    return node


def _word_of(memory: Memory, number: int) -> str:
    return f"{memory.name}_word" if len(memory.loads) == 1 else f"{memory.name}_word{number}"


def _range(width: int) -> str:
    return f"[{width - 1}:0] " if width > 1 else ""


def _slice(name: str, low: int, width: int, whole: int) -> str:
    if low == 0 and width == whole:
        return name
    return f"{name}[{low}]" if width == 1 else f"{name}[{low + width - 1}:{low}]"


def _resized(name: str, kept: int, sign: bool, width: int) -> str:
    """``width`` bits of a signal or an expression of ``kept`` bits."""
    if width == kept:
        return name
    if width < kept:
        return _slice(name, 0, width, kept)
    if not sign:
        return f"{{{width - kept}'d0, {name}}}"
    top = name if kept == 1 else f"{name}[{kept - 1}]"
    return f"{{{{{width - kept}{{{top}}}}}, {name}}}"
