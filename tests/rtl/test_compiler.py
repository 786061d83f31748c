"""The parts of fcn_hw's compiler that need no other program, and its refusals."""

from __future__ import annotations

import itertools
import pickle
import random
from dataclasses import replace

import pytest

from fcn_hw.backend.project import plan_project
from fcn_hw.boards import load_board
from fcn_hw.dataflow.lowering import lower
from fcn_hw.design import Hls
from fcn_hw.errors import NotSynthesizable
from fcn_hw.fixed import parse_format
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.rtl.axi import read_axi
from fcn_hw.rtl.delays import DELAYS
from fcn_hw.rtl.fields import names_of_parts
from fcn_hw.rtl.front_end import prepared
from fcn_hw.rtl.if_conversion import saturated
from fcn_hw.rtl.ir import (
    DSP,
    TABLES,
    Builder,
    Load,
    Memory,
    Node,
    ProcessGraph,
    Read,
    Register,
    Write,
    evaluate,
    mask,
    reached,
)
from fcn_hw.rtl.llvm import Number, dimensions, read_function
from fcn_hw.rtl.network import read_network
from fcn_hw.rtl.passes import Target, compile_graph, narrowed
from fcn_hw.rtl.products import halved, tabled
from fcn_hw.rtl.ranges import intervals_of, needed_bits
from fcn_hw.rtl.verilog import KEYWORDS, legal, verilog

OPS = ("add", "sub", "mul", "and", "or", "xor", "eq", "ult", "slt", "umin", "smax", "select", "not")


def test_ports_of_the_wrapper_are_those_of_the_network() -> None:
    """The network reads its second input first, and its first output is written last."""
    build = GraphBuilder("turned")
    fmt = parse_format("ufixed<8,0>")
    rgb, depth = build.input("rgb", (4, 5, 3), fmt), build.input("depth", (6, 5, 1), fmt)
    middle = build.crop2d("middle", depth, (1, 0), (4, 5))
    low = build.arg_max("low", middle)
    graph = build.finish(build.arg_max("all", build.skip_concat("both", rgb, middle)), low)
    dataflow = lower(graph)
    files = plan_project(graph, load_board("pynq-z2"), Hls()).files
    ends = {
        item.name: (
            [stream.name for stream in item.inputs],
            [stream.name for stream in item.outputs],
        )
        for item in dataflow.processes
    }
    network = read_network(graph.name, files, ends)
    assert list(network.readers).index("depth") < list(network.readers).index("rgb")
    ports = {port.name: port.pixels for port in read_axi(network, files).ports}
    assert ports == {"in_rgb": "rgb", "in_depth": "depth", "out_all": "all", "out_low": "low"}


def value_of(node: Node, known: dict[Node, int]) -> int:
    for at in reached([node]):
        if at in known:
            continue
        if at.op == "const":
            known[at] = at.value
        else:
            values = tuple(known[x] for x in at.operands)
            known[at] = evaluate(at.op, at.width, values, tuple(x.width for x in at.operands))
    return known[node]


@pytest.mark.parametrize("name", ["uadd.sat", "usub.sat", "sadd.sat", "ssub.sat"])
def test_saturating_sums_stay_at_the_ends_of_their_width(name: str) -> None:
    build = Builder()
    a, b = build.raw("read", 3, label="a"), build.raw("read", 3, label="b")
    result = saturated(build, name, a, b)
    least, most = (-4, 3) if name.startswith("s") else (0, 7)
    for x, y in itertools.product(range(least, most + 1), repeat=2):
        exact = x + y if "add" in name else x - y
        found = value_of(result, {a: x & 7, b: y & 7})
        assert found == min(max(exact, least), most) & 7, (x, y)


def random_node(chance: random.Random, build: Builder, leaves: list[Node]) -> Node:
    """An operation on leaves of one width, one and three bits wide in turn."""
    pool = {1: [n for n in leaves if n.width == 1], 3: [n for n in leaves if n.width == 3]}
    pool[1] += [build.constant(0, 1), build.constant(1, 1)]
    pool[3] += [build.constant(value, 3) for value in (0, 1, 4, 7)]
    for _ in range(12):
        op, width = chance.choice(OPS), chance.choice((1, 3))
        a, b = chance.choice(pool[width]), chance.choice(pool[width])
        if op in ("eq", "ult", "slt"):
            pool[1].append(build.make(op, 1, (a, b)))
        elif op == "select":
            pool[width].append(build.select(chance.choice(pool[1]), a, b))
        elif op == "not":
            pool[1].append(build.invert(chance.choice(pool[1])))
        else:
            pool[width].append(build.make(op, width, (a, b)))
    return pool[chance.choice((1, 3))][-1]


class Plain(Builder):
    """Folds nothing: what :class:`Builder` must agree with."""

    def make(self, op: str, width: int, operands: object) -> Node:
        return self.raw(op, width, operands)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(150))
def test_folding_keeps_every_value(seed: int) -> None:
    def made(build: Builder) -> tuple[list[Node], Node]:
        leaves = [build.raw("read", width, label=f"x{n}") for n, width in enumerate((1, 1, 3, 3))]
        return leaves, random_node(random.Random(seed), build, leaves)

    folded_leaves, folded = made(Builder())
    plain_leaves, plain = made(Plain())
    for values in itertools.product(*(range(1 << leaf.width) for leaf in plain_leaves)):
        expected = value_of(plain, dict(zip(plain_leaves, values, strict=True)))
        assert value_of(folded, dict(zip(folded_leaves, values, strict=True))) == expected


@pytest.mark.parametrize("seed", range(60))
def test_no_value_leaves_its_interval(seed: int) -> None:
    build = Builder()
    leaves = [build.raw("read", width, label=f"x{n}") for n, width in enumerate((1, 1, 3, 3))]
    node = random_node(random.Random(seed), build, leaves)
    graph = a_process(build, node, leaves)
    order = graph.order()
    intervals = intervals_of(graph, order)
    for values in itertools.product(*(range(1 << leaf.width) for leaf in leaves)):
        known = dict(zip(leaves, values, strict=True))
        value_of(node, known)
        for at, value in known.items():
            if at in intervals:
                found = intervals[at]
                assert found.low <= value <= found.high
                kept = needed_bits(found, at.width)
                low = value & mask(kept.width)
                negative = kept.signed and low >> (kept.width - 1)
                whole = (low | ~mask(kept.width)) & mask(at.width) if negative else low
                assert whole == value


def a_process(build: Builder, pixel: Node, leaves: list[Node]) -> ProcessGraph:
    one = build.constant(1, 1)
    reads = tuple(Read(leaf.label, leaf, one) for leaf in leaves)
    joined = build.raw("join", pixel.width, (pixel,))
    return ProcessGraph("p", build, (), reads, (Write("y", one, joined),), (), one)


def a_counter(build: Builder, last: int, width: int) -> Register:
    node = build.raw("register", width, label="count")
    following = build.make("add", width, (node, build.constant(1, width)))
    ends = build.make("eq", 1, (node, build.constant(last, width)))
    return Register(node, build.select(ends, build.constant(0, width), following), 0, (0, last))


def test_a_counter_takes_the_bits_of_its_largest_value() -> None:
    build = Builder()
    counter = a_counter(build, 9, 32)
    one = build.constant(1, 1)
    pixel = build.raw("join", 32, (counter.node,))
    graph = ProcessGraph("p", build, (counter,), (), (Write("y", one, pixel),), (), one)
    assert narrowed(graph)[counter.node].width == 4
    found = compile_graph(graph, Target(DELAYS["7series"], 10.0))
    assert "reg [3:0] count;" in verilog(found, "p", "a counter")


def test_a_sum_of_many_terms_is_a_tree() -> None:
    build = Builder()
    leaves = [build.raw("read", 16, label=f"x{n}") for n in range(16)]
    total = leaves[0]
    for leaf in leaves[1:]:
        total = build.make("add", 16, (total, leaf))
    graph, target = a_process(build, total, leaves), Target(DELAYS["7series"], 10.0)
    assert compile_graph(graph, target, passes=()).depth > 2
    assert compile_graph(graph, target).depth == 1


def test_products_of_dsp_slices_are_chains_and_stand_in_the_stage_of_their_sum() -> None:
    """A slice adds a product to what the slice before hands on, and holds no other register."""
    build = Builder()
    leaves = [build.raw("read", 8, label=f"x{n}") for n in range(2 * 20)]
    wide = [build.make("sext", 40, (leaf,)) for leaf in leaves]
    products = [build.raw("mul", 40, wide[n : n + 2], label=DSP) for n in range(0, len(wide), 2)]
    total = products[0]
    for product in products[1:]:
        total = build.make("add", 40, (total, product))
    found = compile_graph(a_process(build, total, leaves), Target(DELAYS["7series"], 10.0))
    sums = [node for node in found.order if node.op == "add"]
    chained = [node for node in sums if any(x.label == DSP for x in node.operands)]
    assert len(sums) == 19 and len(chained) == 20 - 3, "three chains, of 8, 8 and 4 products"
    for node in chained:
        product = next(x for x in reversed(node.operands) if x.label == DSP)
        assert found.stage[product] == found.stage[node]
    values = {leaf: (37 * leaf.id + 11) % 256 for leaf in leaves}
    (write,) = found.graph.writes
    assert value_of(write.pixel.operands[0], dict(values)) == value_of(total, dict(values))


@pytest.mark.parametrize(("lutram", "address_stage", "ready_ns"), [(True, 1, 0.6), (False, 0, 5.0)])
def test_luts_of_a_memory_are_in_front_of_the_clock_and_block_ram_behind(
    lutram: bool, address_stage: int, ready_ns: float
) -> None:
    """On an ECP5 at 10 ns a word of a FIFO is there after 5 ns, so its sum with a constant, 6.9 ns,
    leaves no time for look-up tables in the same stage."""
    build = Builder()
    x = build.raw("read", 8, label="x")
    address = build.make("add", 8, (x, build.constant(3, 8)))
    node = build.raw("load", 8, label="rom")
    image = tuple((37 * n + 5) % 256 for n in range(256))
    rom = Memory("rom", 256, 8, image, lutram, (Load(node, address),), None, True, 0)
    graph = replace(a_process(build, node, [x]), memories=(rom,))
    found = compile_graph(graph, Target(DELAYS["ecp5"], 10.0))
    (load,) = (node for node in found.order if node.op == "load")
    assert found.stage[load] == address_stage + 1
    assert found.path_ns[load] == ready_ns


def test_a_recurrence_that_is_too_slow_is_told_with_its_registers() -> None:
    build = Builder()
    node = build.raw("register", 32, label="total")
    one = build.constant(1, 1)
    x = build.raw("read", 32, label="x")
    register = Register(node, build.make("mul", 32, (node, x)), 1)
    pixel = build.raw("join", 32, (node,))
    graph = ProcessGraph(
        "p", build, (register,), (Read("x", x, one),), (Write("y", one, pixel),), (), one
    )
    with pytest.raises(NotSynthesizable) as told:
        compile_graph(graph, Target(DELAYS["7series"], 5.0))
    assert told.value.reason == (
        "the next value of 'total' takes 8.10 ns, a stage has 3.65 ns of the clock's 5, and a "
        "recurrence can't be cut into stages"
    )
    assert told.value.hint == "Give hls.ClockPeriod a larger value."


def test_an_operation_that_is_too_slow_is_told() -> None:
    build = Builder()
    leaves = [build.raw("read", 8, label=f"x{n}") for n in range(2)]
    quotient = build.make("udiv", 8, leaves)
    with pytest.raises(NotSynthesizable) as told:
        compile_graph(a_process(build, quotient, leaves), Target(DELAYS["7series"], 5.0))
    assert told.value.reason == (
        "'udiv' of 8 bits takes 12.6 ns from flip-flop to flip-flop, a stage has 3.6 ns of the "
        "clock's 5"
    )


@pytest.mark.parametrize("signs", itertools.product(("zext", "sext"), repeat=2))
def test_a_product_that_is_too_slow_becomes_one_of_halves(signs: tuple[str, str]) -> None:
    build = Builder()
    leaves = [build.raw("read", width, label=f"x{width}") for width in (13, 11)]
    wide = [build.make(op, 24, (leaf,)) for op, leaf in zip(signs, leaves, strict=True)]
    whole = build.make("mul", 24, wide)
    graph = a_process(build, whole, leaves)
    delays = DELAYS["7series"]
    found = halved(graph, narrowed(graph), delays, 4.8)
    (pixel,) = found.writes[0].pixel.operands
    assert pixel.op == "add"
    assert max(delays.of(n, narrowed(found)) for n in found.order() if n.op == "mul") < 4.2
    assert halved(found, narrowed(found), delays, 4.8) is found
    chance = random.Random(1)
    corners = [(0, 0), (4095, 1023), (4096, 1024), (8191, 2047), (4096, 1023), (4095, 1024)]
    for values in [
        *corners,
        *((chance.getrandbits(13), chance.getrandbits(11)) for _ in range(200)),
    ]:
        known = dict(zip(leaves, values, strict=True))
        assert value_of(pixel, dict(known)) == value_of(whole, dict(known))
    assert compile_graph(graph, Target(delays, 6.67)).depth > 1


def test_what_a_pragma_asks_for_and_nobody_does_is_told_with_its_line() -> None:
    text = "void f() {\n#pragma HLS PIPELINE II=2\n}\n"
    with pytest.raises(NotSynthesizable) as told:
        prepared({"fcn_hw/f.h": text})
    assert str(told.value) == "f.h:2: PIPELINE II=2: every loop is built with II=1"
    text = "static int buffer[4];\n#pragma HLS ARRAY_MAP variable=buffer\n"
    with pytest.raises(NotSynthesizable) as told:
        prepared({"fcn_hw/f.h": text})
    assert str(told.value) == "f.h:2: pragma ARRAY_MAP of 'buffer' is not known to this compiler"


def test_pragmas_become_marks_and_lines_keep_their_numbers() -> None:
    text = (
        "static code_t ring[N][4];\n#pragma HLS ARRAY_RESHAPE variable=ring dim=2\n"
        "for (int n = 0; n < 4; ++n) {\n    #pragma HLS UNROLL\n}\n"
    )
    lines = prepared({"fcn_hw/f.h": text})["fcn_hw/f.h"].split("\n")
    assert lines[1] == "fcn_hw_reshape(ring, 2);"
    assert lines[2].startswith('_Pragma("clang loop unroll(full)") for (')
    assert len(lines) == len(text.split("\n"))


def test_a_product_bound_to_dsp_slices_is_marked() -> None:
    text = "int f(int a) {\n int p = a * a;\n#pragma HLS BIND_OP variable=p op=mul impl=dsp\n}\n"
    assert "\nfcn_hw_in_dsp(p);\n" in prepared({"fcn_hw/f.h": text})["fcn_hw/f.h"]
    fabric = text.replace("impl=dsp", "impl=fabric")
    assert "fcn_hw_in_dsp" not in prepared({"fcn_hw/f.h": fabric})["fcn_hw/f.h"]


def test_an_instruction_that_is_no_hardware_is_told_with_its_line() -> None:
    text = (
        "define void @process_p(ptr %x) {\nentry:\n  %f = fadd float 1.0, 2.0, !dbg !7\n"
        "  ret void\n}\n"
        '!1 = !DIFile(filename: "firmware/fcn_hw/f.h", directory: "")\n'
        '!2 = distinct !DISubprogram(name: "f", scope: !1, file: !1, line: 3)\n'
        "!7 = !DILocation(line: 12, column: 3, scope: !2)\n"
    )
    with pytest.raises(NotSynthesizable) as told:
        read_function(text)
    assert str(told.value) == "f.h:12: 'fadd' can't be hardware"
    assert (
        str(told.value.of_process("conv1")) == "process 'conv1', f.h:12: 'fadd' can't be hardware"
    )


def test_constants_and_arrays_are_read() -> None:
    text = (
        "@rom = internal constant [2 x [2 x i4]] "
        "[[2 x i4] [i4 -8, i4 7], [2 x i4] zeroinitializer]\n"
        "define void @process_p(ptr %x) {\nentry:\n  %a = add nsw i4 %b, -1\n  ret void\n}\n"
    )
    found = read_function(text)
    assert found.variables["rom"].initial == (-8, 7, 0, 0)
    assert found.blocks["%entry"][0].operands[1] == (4, Number(-1))


def test_an_array_that_ends_in_zeros_has_the_extents_of_the_source() -> None:
    text = (
        "%struct.number = type { i4 }\n"
        "@flat = internal constant <{ [3 x i4], [9 x i4] }> "
        "<{ [3 x i4] [i4 1, i4 -8, i4 3], [9 x i4] zeroinitializer }>\n"
        "@rows = internal constant <{ <{ %struct.number, [9 x %struct.number] }>, "
        "[10 x %struct.number], [8 x [10 x %struct.number]] }> "
        "<{ <{ %struct.number, [9 x %struct.number] }> "
        "<{ %struct.number { i4 5 }, [9 x %struct.number] zeroinitializer }>, "
        "[10 x %struct.number] zeroinitializer, [8 x [10 x %struct.number]] zeroinitializer }>\n"
        "@ones = internal constant <{ [1 x i2], [1 x i2], [8 x [1 x i2]] }> "
        "<{ [1 x i2] zeroinitializer, [1 x i2] [i2 -1], [8 x [1 x i2]] zeroinitializer }>\n"
        "@mixed = internal constant <{ [1 x [9 x i2]], [1 x <{ i2, [8 x i2] }>] }> "
        "<{ [1 x [9 x i2]] [[9 x i2] [i2 0, i2 0, i2 0, i2 0, i2 0, i2 0, i2 0, i2 0, i2 1]], "
        "[1 x <{ i2, [8 x i2] }>] [<{ i2, [8 x i2] }> <{ i2 -1, [8 x i2] zeroinitializer }>] }>\n"
        "define void @process_p(ptr %x) {\nentry:\n  ret void\n}\n"
    )
    found = read_function(text).variables
    assert dimensions(found["mixed"].type) == ((2, 1, 9), 2)
    assert found["mixed"].initial == (*[0] * 8, 1, -1, *[0] * 8)
    assert dimensions(found["ones"].type) == ((10, 1), 2)
    assert found["ones"].initial == (0, -1, *[0] * 8)
    assert dimensions(found["flat"].type) == ((12,), 4)
    assert found["flat"].initial == (1, -8, 3, *[0] * 9)
    assert dimensions(found["rows"].type) == ((10, 10), 4)
    assert found["rows"].initial == (5, *[0] * 99)


def test_parts_of_variables_have_the_names_of_their_fields() -> None:
    text = (
        "  call void @llvm.dbg.declare(metadata ptr %walk.i.sroa.8, metadata !1, "
        "metadata !DIExpression(DW_OP_LLVM_fragment, 40, 8)), !dbg !9\n"
        "  call void @llvm.dbg.value(metadata i5 %walk.i.sroa.3.0, metadata !1, "
        "metadata !DIExpression(DW_OP_LLVM_fragment, 8, 8)), !dbg !9\n"
        '!1 = !DILocalVariable(name: "walk", scope: !9, line: 3, type: !2)\n'
        "!2 = !DIDerivedType(tag: DW_TAG_const_type, baseType: !3)\n"
        '!3 = distinct !DICompositeType(tag: DW_TAG_structure_type, name: "w", size: 48, '
        "elements: !4)\n"
        "!4 = !{!5, !6, !7}\n"
        '!5 = !DIDerivedType(tag: DW_TAG_member, name: "row", baseType: !10, size: 8)\n'
        '!6 = !DIDerivedType(tag: DW_TAG_member, name: "col", baseType: !10, size: 8, offset: 8)\n'
        '!7 = !DIDerivedType(tag: DW_TAG_member, name: "taps", baseType: !8, offset: 16)\n'
        "!8 = !DICompositeType(tag: DW_TAG_array_type, baseType: !10, size: 32, elements: !9)\n"
        "!9 = !{}\n"
        '!10 = distinct !DICompositeType(tag: DW_TAG_structure_type, name: "number<5>", '
        "size: 8, elements: !11)\n"
        "!11 = !{!12}\n"
        '!12 = !DIDerivedType(tag: DW_TAG_member, name: "code", baseType: !13, size: 8)\n'
        '!13 = !DIBasicType(name: "_BitInt", size: 8)\n'
    )
    assert names_of_parts(text) == {
        "%walk.i.sroa.8": "walk_taps_3",
        "%walk.i.sroa.3": "walk_col",
    }


def test_an_error_comes_back_whole_from_another_process() -> None:
    error = NotSynthesizable("f.h:2", "no", process="p", hint="Do.")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.hint, copy.line) == (str(error), "Do.", "f.h:2")


def test_a_name_that_is_a_keyword_of_verilog_gets_another_end() -> None:
    assert legal("output") == "output_" and "output" in KEYWORDS
    assert legal("conv1") == "conv1"


@pytest.mark.parametrize("signs", ["su", "ss", "us", "uu"])
@pytest.mark.parametrize("widths", [(4, 4), (3, 3), (2, 4), (7, 2), (5, 3), (6, 5)])
def test_products_of_tables_are_the_products(signs: str, widths: tuple[int, int]) -> None:
    """Every pair of codes; the tables of the Verilog are looked up, no product is left."""
    build = Builder()
    leaves = [build.raw("read", width, label=f"x{n}") for n, width in enumerate(widths)]
    wide = [
        build.make("sext" if sign == "s" else "zext", 32, (leaf,))
        for sign, leaf in zip(signs, leaves, strict=True)
    ]
    product = build.make("mul", 32, wide)
    graph = a_process(build, product, leaves)
    found = tabled(graph, narrowed(graph), DELAYS["7series"])
    order, bits = found.order(), narrowed(found)
    tables = [node for node in order if node.op == "mul"]
    assert all(node.label == TABLES for node in tables)
    assert all(sum(bits[x].width for x in node.operands) <= 6 for node in tables)
    (made,) = found.writes[0].pixel.operands
    for values in itertools.product(*(range(1 << width) for width in widths)):
        known = dict(zip(leaves, values, strict=True))
        assert value_of(made, dict(known)) == value_of(product, dict(known))
    assert tabled(graph, narrowed(graph), DELAYS["ecp5"]) is graph


def test_a_table_is_a_function_and_its_sums_are_carry_chains() -> None:
    build = Builder()
    leaves = [build.raw("read", 4, label=label) for label in "ab"]
    wide = [build.make(op, 32, (leaf,)) for op, leaf in zip(("sext", "zext"), leaves, strict=True)]
    graph = a_process(build, build.make("mul", 32, wide), leaves)
    text = verilog(compile_graph(graph, Target(DELAYS["7series"], 10.0)), "p", "a product")
    assert "function [5:0] product_2u_4u(input [5:0] ab);" in text
    assert "    6'd63: " not in text and "        default: product_2u_4u = 6'd45;" in text  # 3 * 15
    assert "        default: product_2s_4u = 6'd49;" in text  # -1 * 15
    assert text.count("(* carry_chain *)") == 1 and " * " not in text.replace("(* ", "")
