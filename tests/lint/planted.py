"""For each rule, sources that break it at the marked line, and the same repaired.

A case is: the broken source, the message of its one finding, and the clean source.
"""

from __future__ import annotations

from dataclasses import dataclass

from lint_bench import process, top


@dataclass(frozen=True)
class Case:
    rule: str
    broken: str
    message: str
    clean: str


def _work(rule: str, body: str, message: str, clean: str, before: str = "") -> Case:
    return Case(rule, process(body, before=before), message, process(clean, before=before))


def _loop(lines: str) -> str:
    """A loop of eight pipelined iterations."""
    return "for (int n = 0; n < 8; ++n) { MARK\n    #pragma HLS PIPELINE II=1\n" + lines + "\n}"


def _ports(body: str, message: str, clean: str, declared: str) -> Case:
    """Accesses in a pipelined loop to arrays that are declared in front of it."""
    return _work(
        "memory-ports",
        declared + "\n" + _loop(body).replace("MARK", "// HERE"),
        message,
        declared + "\n" + _loop(clean).replace("MARK", ""),
    )


_EVEN = "    out.write(in.read());"
_FILLED = "static int room[2][16];\n" + _loop("    fill(room[1], n);\n" + _EVEN)
_SHADOWED = "static int room[8], other[8];\n#pragma HLS ARRAY_PARTITION variable=other\n" + _loop(
    "    int sum = in.read() + room[0] + room[1] + room[n];\n"
    "    { int room[4]; room[n & 3] = 1; sum += room[0]; }\n    out.write(sum);"
)
_COPY = _loop(_EVEN).replace("MARK", "")


def _pragma(rule: str, broken: str, message: str, clean: str) -> Case:
    """A pragma behind the declaration of ``int table[4][6]``, in a process."""

    def around(pragma: str) -> str:
        return f"static int table[4][6];\n{pragma}\n{_COPY}"

    return _work(rule, around(f"{broken} // HERE"), message, around(clean))


_MIX = "void mix(pixels &a, pixels &b, pixels &c) { c.write(a.read() + b.read()); }"
_SPLIT = """void split(pixels &a, pixels &b, pixels &c) {
    const int x = a.read();
    b.write(x);
    c.write(x);
}"""
_SIZES = """void first(pixels &a, pixels &b, int n[2]) {
    n[0] = 1;
    b.write(a.read());
}
void last(pixels &a, pixels &b, int n[2]) { b.write(a.read() + n[0]); }"""
_TOP = "void top(pixels &in, pixels &out) {"


def _marked_top(source: str) -> str:
    return source.replace(_TOP, f"{_TOP} // HERE")


_MIDDLE = "    pixels middle;\n    copy<8>(in, middle);\n    copy<8>(middle, out);"

CASES = [
    # -- dataflow
    Case(
        "dataflow-canonical",
        top("    if (in.empty()) return; // HERE\n" + _MIDDLE),
        "a condition in the dataflow region 'top'",
        top(_MIDDLE),
    ),
    Case(
        "dataflow-canonical",
        top("    for (int n = 0; n < 2; ++n) // HERE\n        copy<8>(in, out);"),
        "a loop in the dataflow region 'top'",
        top("    copy<16>(in, out);"),
    ),
    Case(
        "dataflow-canonical",
        top("    int count = 3; // HERE\n" + _MIDDLE),
        "'count' in the dataflow region 'top' is neither a stream, an array nor a constant",
        top("    const int count = 3;\n" + _MIDDLE),
    ),
    Case(
        "dataflow-canonical",
        top(
            "    scale(in, out, rows + 1); // HERE",
            before="static int rows = 3;",
            processes="void scale(pixels &a, pixels &b, int n) { b.write(a.read() * n); }",
        ),
        "an argument of 'scale' is computed in the dataflow region 'top'",
        top(
            "    scale(in, out, rows);",
            before="static int rows = 3;",
            processes="void scale(pixels &a, pixels &b, int n) { b.write(a.read() * n); }",
        ),
    ),
    Case(
        "dataflow-canonical",
        _marked_top(top(_MIDDLE).replace("    #pragma HLS DATAFLOW\n", "")),
        "the top function 'top' has no DATAFLOW pragma, so its processes run one after another",
        top(_MIDDLE),
    ),
    Case(
        "dataflow-single-use",
        top(
            "    pixels middle; // HERE\n    copy<8>(in, middle);\n"
            "    copy<4>(middle, out);\n    drain(middle);",
            processes="void drain(pixels &a) { a.read(); }",
        ),
        "stream 'middle' is read by 2 processes, 'copy' and 'drain'",
        top(_MIDDLE, processes="void drain(pixels &a) { a.read(); }"),
    ),
    Case(
        "dataflow-single-use",
        top(
            "    pixels middle; // HERE\n    take(in);\n    copy<8>(middle, out);",
            processes="void take(pixels &a) { a.read(); }",
        ),
        "stream 'middle' is written by no process",
        top(
            "    pixels middle;\n    copy<8>(in, middle);\n    copy<8>(middle, out);",
            processes="void take(pixels &a) { a.read(); }",
        ),
    ),
    Case(
        "dataflow-order",
        top(
            "    pixels go, back;\n    mix(in, back, go); // HERE\n    split(go, back, out);",
            processes=f"{_MIX}\n{_SPLIT}",
        ),
        "'mix' reads 'back', which 'split' writes later",
        top(
            "    pixels go, back;\n    split(in, go, back);\n    mix(go, back, out);",
            processes=f"{_MIX}\n{_SPLIT}",
        ),
    ),
    Case(
        "dataflow-bypass",
        top(
            "    int sizes[2];\n    pixels a, b;\n    first(in, a, sizes);\n    copy<8>(a, b);\n"
            "    last(b, out, sizes); // HERE",
            processes=_SIZES,
        ),
        "array 'sizes' goes from 'first' to 'last' past the processes between them",
        top(
            "    int sizes[2];\n    pixels a;\n    first(in, a, sizes);\n    last(a, out, sizes);",
            processes=_SIZES,
        ),
    ),
    Case(
        "dataflow-ports",
        _marked_top(
            top("    pixels a;\n    copy<4>(in, a);\n    mix(a, in, out);", processes=_MIX)
        ),
        "port 'in' of 'top' is used by 2 processes, 'copy' and 'mix'",
        top(_MIDDLE),
    ),
    # -- language
    _work(
        "no-recursion",
        "out.write(power(in.read()));",
        "'power' calls itself",
        "out.write(in.read());",
        before="int power(int n) { return n < 2 ? 1 : 2 * power(n - 1); } // HERE",
    ),
    _work(
        "no-allocation",
        "int *room = new int[4]; // HERE\nroom[0] = in.read();\nout.write(room[0]);",
        "'work' allocates memory: new",
        "int room[4];\nroom[0] = in.read();\nout.write(room[0]);",
    ),
    _work(
        "no-allocation",
        "int *room = (int *)malloc(16); // HERE\nroom[0] = in.read();\nout.write(room[0]);",
        "'work' allocates memory: malloc",
        "int room[4];\nroom[0] = in.read();\nout.write(room[0]);",
        before='extern "C" void *malloc(unsigned long);',
    ),
    _work(
        "no-stl",
        "std::pair<int, int> two; // HERE\ntwo.first = in.read();\nout.write(two.first);",
        "'work' uses std::pair",
        "int two[2];\ntwo[0] = in.read();\nout.write(two[0]);",
        before="#include <utility>",
    ),
    _work(
        "no-virtual",
        "larger op;\nconst shape &any = op;\nout.write(any.size(in.read())); // HERE",
        "'work' calls the virtual function 'size'",
        "plain op;\nout.write(op.size(in.read()));",
        before="struct shape { virtual int size(int n) const { return n; } };\n"
        "struct larger : shape { int size(int n) const override { return n + 1; } };\n"
        "struct plain { int size(int n) const { return n + 1; } };",
    ),
    _work(
        "no-function-pointers",
        "int (*const next)(int) = more; out.write(in.read()); // HERE",
        "'work' uses the pointer to a function 'next'",
        "out.write(more(in.read()));",
        before="int more(int n) { return n + 1; }",
    ),
    _work(
        "no-system-calls",
        "usleep(3); // HERE\nout.write(in.read());",
        "'work' calls the system's 'usleep'",
        "out.write(in.read());",
        before="#include <unistd.h>",
    ),
    _work(
        "no-system-calls",
        "out.write(elsewhere(in.read())); // HERE",
        "'work' calls 'elsewhere', whose body is in no file that is included",
        "out.write(here(in.read()));",
        before="int elsewhere(int n);\nint here(int n) { return n; }",
    ),
    _work(
        "no-unwinding",
        "if (in.empty()) goto end; // HERE\nout.write(in.read());\nend: ;",
        "a goto in 'work'",
        "if (!in.empty())\n    out.write(in.read());",
    ),
    _work(
        "no-unwinding",
        "if (in.empty()) throw 3; // HERE\nout.write(in.read());",
        "a throw in 'work'",
        "if (!in.empty())\n    out.write(in.read());",
    ),
    # -- loops
    _work(
        "loop-bound",
        "while (!in.empty()) // HERE\n    out.write(in.read());",
        "a while loop in 'work' has no bound known at compile time",
        "for (int n = 0; n < 8; ++n)\n    if (!in.empty())\n        out.write(in.read());",
    ),
    _work(
        "loop-bound",
        "const int count = in.read();\nfor (int n = 0; n < count; ++n) // HERE\n    out.write(n);",
        "the trips of a loop in 'work' are not known at compile time",
        "constexpr int count = 7;\nfor (int n = 0; n < count; ++n)\n    out.write(in.read());",
    ),
    _work(
        "loop-bound",
        "bool more = true;\nfor (int n = 0; more && n < in.read(); ++n) // HERE\n"
        "    more = in.read() > 0;",
        "the trips of a loop in 'work' are not known at compile time",
        "bool more = true;\nfor (int n = 0; more && n < 8; ++n)\n    more = in.read() > 0;\n"
        "out.write(more);",
    ),
    _work(
        "loop-bound",
        "for (int n = 0; n < 8; ++n) {\n    out.write(in.read());\n    n += 1; // HERE\n}",
        "a loop of 'work' changes its own variable in its body",
        "for (int n = 0; n < 8; n += 2) {\n    out.write(in.read());\n}",
    ),
    # -- pragmas: text
    _pragma(
        "pragma-directive",
        "#pragma HLS ARRAY_PARTITON variable=table dim=1",
        "no directive is called 'ARRAY_PARTITON', so the tool ignores the pragma",
        "#pragma HLS ARRAY_PARTITION variable=table dim=1",
    ),
    _pragma(
        "pragma-directive",
        "#pragma HLS RESOURCE variable=table core=RAM_2P",
        "Vitis HLS has no directive RESOURCE",
        "#pragma HLS BIND_STORAGE variable=table type=ram_2p",
    ),
    _pragma(
        "pragma-directive",
        "#pragma hls ARRAY_PARTITION variable=table dim=1",
        "the tool does not look at '#pragma hls'",
        "#pragma HLS ARRAY_PARTITION variable=table dim=1",
    ),
    _pragma(
        "pragma-option",
        "#pragma HLS ARRAY_PARTITION variable=table cyclic fctor=2 factor=2",
        "ARRAY_PARTITION has no option 'fctor', so the tool ignores the pragma",
        "#pragma HLS ARRAY_PARTITION variable=table cyclic factor=2",
    ),
    _pragma(
        "pragma-option",
        "#pragma HLS BIND_STORAGE variable=table",
        "BIND_STORAGE needs the option 'type='",
        "#pragma HLS BIND_STORAGE variable=table type=ram_t2p impl=bram",
    ),
    _pragma(
        "pragma-option",
        "#pragma HLS BIND_STORAGE variable=table type=ram_3p",
        "'type=ram_3p' of BIND_STORAGE is none of its values",
        "#pragma HLS BIND_STORAGE variable=table type=RAM_1P",
    ),
    _pragma(
        "pragma-option",
        "#pragma HLS ARRAY_PARTITION variable=table block",
        "a block ARRAY_PARTITION needs the option 'factor='",
        "#pragma HLS ARRAY_PARTITION variable=table block factor=2",
    ),
    _pragma(
        "pragma-option",
        "#pragma HLS ARRAY_PARTITION variable=table complete factor=2",
        "a complete ARRAY_PARTITION has no factor",
        "#pragma HLS ARRAY_PARTITION variable=table complete",
    ),
    _pragma(
        "pragma-option",
        "#pragma HLS DEPENDENCE variable=table inter intra false",
        "DEPENDENCE has inter and intra at once",
        "#pragma HLS DEPENDENCE variable=table inter false",
    ),
    _pragma(
        "pragma-version",
        "#pragma HLS ARRAY_PARTITION variable=table type=complete dim=2",
        "Vitis HLS 2020.2 does not know 'type=' of ARRAY_PARTITION and ignores the pragma",
        "#pragma HLS ARRAY_PARTITION variable=table dim=2",
    ),
    _pragma(
        "pragma-version",
        "#pragma HLS PERFORMANCE target_ti=9",
        "Vitis HLS 2020.2 has no directive PERFORMANCE",
        "#pragma HLS LATENCY max=9",
    ),
    # -- pragmas: place
    _pragma(
        "pragma-placement",
        "#pragma HLS UNROLL",
        "UNROLL stands in the body of a function, 'work'",
        "#pragma HLS INLINE off",
    ),
    _pragma(
        "pragma-placement",
        "#pragma HLS INTERFACE axis port=in",
        "INTERFACE stands in 'work', which is not the top function",
        "#pragma HLS INLINE off",
    ),
    Case(
        "pragma-placement",
        process(_COPY, before="static int far[4];\n#pragma HLS RESET variable=far // HERE"),
        "RESET stands outside of any function",
        process("#pragma HLS RESET variable=far\n" + _COPY, before="static int far[4];"),
    ),
    _work(
        "pragma-variable",
        "{\n    int inner[2];\n}\n#pragma HLS ARRAY_PARTITION variable=inner // HERE\n" + _COPY,
        "ARRAY_PARTITION names 'inner', which is not declared here",
        "{\n    int inner[2];\n    #pragma HLS ARRAY_PARTITION variable=inner\n}\n" + _COPY,
    ),
    _work(
        "pragma-variable",
        "#pragma HLS ARRAY_PARTITION variable=later // HERE\nint later[2];\n" + _COPY,
        "ARRAY_PARTITION names 'later', which is not declared here",
        "int later[2];\n#pragma HLS ARRAY_PARTITION variable=later\n" + _COPY,
    ),
    Case(
        "pragma-variable",
        top(_MIDDLE).replace("port=in\n", "port=inn // HERE\n"),
        "INTERFACE names the port 'inn', which is no parameter of 'top'",
        top(_MIDDLE),
    ),
    _pragma(
        "pragma-variable",
        "#pragma HLS BIND_STORAGE variable=table type=rom_1p",
        "BIND_STORAGE type=rom_1p names 'table', which is not const",
        "#pragma HLS BIND_STORAGE variable=table type=ram_1p",
    ),
    _pragma(
        "pragma-dimension",
        "#pragma HLS ARRAY_PARTITION variable=table dim=3",
        "ARRAY_PARTITION cuts dimension 3 of 'table', which has 2",
        "#pragma HLS ARRAY_PARTITION variable=table dim=2",
    ),
    _pragma(
        "pragma-dimension",
        "#pragma HLS ARRAY_RESHAPE variable=table cyclic factor=5",
        "ARRAY_RESHAPE cuts 'table' into 5 parts, its dimension has 4 elements",
        "#pragma HLS ARRAY_RESHAPE variable=table cyclic factor=4",
    ),
    _pragma(
        "pragma-constant",
        "#pragma HLS ARRAY_PARTITION variable=table cyclic factor=banks",
        "'factor=banks' of ARRAY_PARTITION is not known at compile time",
        "#pragma HLS ARRAY_PARTITION variable=table cyclic factor=2",
    ),
    _pragma(
        "pragma-constant",
        "#pragma HLS ARRAY_PARTITION variable=table cyclic factor=0",
        "'factor=0' of ARRAY_PARTITION is 0, less than 1",
        "#pragma HLS ARRAY_PARTITION variable=table cyclic factor=2",
    ),
    Case(
        "pragma-constant",
        top(
            "    keep<3>(in, out);",
            processes="template <int D> void keep(pixels &a, pixels &b) {\n    static int t[8];\n"
            "    #pragma HLS DEPENDENCE variable=t inter true distance=D // HERE\n"
            "    t[0] = a.read();\n    b.write(t[0]);\n}",
        ),
        "'distance=D' of DEPENDENCE depends on a template parameter, which Vitis HLS 2020.2 does "
        "not take there",
        top(
            "    keep<3>(in, out);",
            before="template <int N> struct sizes { static constexpr int cycles = N + 1; };",
            processes="template <int D> void keep(pixels &a, pixels &b) {\n    static int t[8];\n"
            "    #pragma HLS DEPENDENCE variable=t inter true distance=3\n"
            "    #pragma HLS ARRAY_PARTITION variable=t cyclic factor=D+1\n"
            "    typedef sizes<D> plan;\n"
            "    #pragma HLS LATENCY max=plan::cycles*2\n"
            "    t[plan::cycles] = a.read();\n    b.write(t[0]);\n}",
        ),
    ),
    # -- ports
    _ports(
        "    out.write(room[n] + room[n + 1] + room[n + 2] + in.read());",
        "II=1 can't be reached: 'room' is read 3 times in 1 cycle, its ports allow 2",
        "    out.write(room[n] + room[n + 1] + room[n] + in.read());",
        "static int room[16];",
    ),
    _ports(
        "    room[n] = in.read();\n    out.write(room[n + 1] + room[n + 2]);",
        "II=1 can't be reached: 'room' (ram_s2p) is read 2 times in 1 cycle, its ports allow 1",
        "    room[n] = in.read();\n    out.write(room[n + 1]);",
        "static int room[16];\n#pragma HLS BIND_STORAGE variable=room type=ram_s2p",
    ),
    _ports(
        "    int sum = in.read();\n    for (int c = 0; c < 4; ++c)\n        sum += room[n + c];\n"
        "    out.write(sum);",
        "II=1 can't be reached: 'room' is read 4 times in 1 cycle, its ports allow 2",
        "    int sum = in.read();\n    for (int c = 0; c < 4; ++c)\n"
        "        sum += room[4 * n + c];\n    out.write(sum);",
        "static int room[64];\n#pragma HLS ARRAY_PARTITION variable=room cyclic factor=2",
    ),
    _ports(
        "    int sum = in.read();\n    for (int c = 0; c < 4; ++c)\n        sum += room[c][n];\n"
        "    out.write(sum);",
        "II=1 can't be reached: 'room' is read 4 times in 1 cycle, its ports allow 2",
        "    int sum = in.read();\n    for (int c = 0; c < 8; ++c)\n        sum += room[n][c];\n"
        "    out.write(sum);",
        "static int room[8][8];\n#pragma HLS ARRAY_RESHAPE variable=room dim=2",
    ),
    _ports(
        "    const int x = in.read();\n    if (x > 3) room[x] = 1;\n"
        "    if (x > 4) room[x + 1] = 2;\n    out.write(room[n]);",
        "II=1 can't be reached: 'room' is accessed 3 times in 1 cycle, its ports allow 2",
        "    const int x = in.read();\n    if (x > 3) room[x] = 1;\n    else room[x + 1] = 2;\n"
        "    out.write(room[n]);",
        "static int room[16];",
    ),
    _work(
        "memory-ports",
        _SHADOWED.replace("MARK", "// HERE"),
        "II=1 can't be reached: 'room' is read 3 times in 1 cycle, its ports allow 2",
        _SHADOWED.replace("MARK", "").replace("variable=other", "variable=room"),
    ),
    Case(
        "memory-ports",
        process(
            _FILLED.replace("MARK", "// HERE"),
            before="void fill(int *at, int n) { at[n] = 1; *(at + n + 1) = 2; (&at[n])[2] = 3; }",
        ),
        "II=1 can't be reached: 'room' is written 3 times in 1 cycle, its ports allow 2",
        process(
            _FILLED.replace("MARK", ""),
            before="void fill(int *at, int n) { at[n] = 1; *(at + n + 1) = 2; (&at[n])[1] = 3; }",
        ),
    ),
    _work(
        "stream-ports",
        _loop("    out.write(in.read() + in.read());").replace("MARK", "// HERE"),
        "II=1 can't be reached: stream 'in' is read 2 times in 1 cycle, its ports allow 1",
        _loop("    out.write(in.read());").replace("MARK", ""),
    ),
    _work(
        "stream-ports",
        _loop("    const int x = in.read();\n    if (x > 0) out.write(x);\n    out.write(1);")
        .replace("MARK", "// HERE"),
        "II=1 can't be reached: stream 'out' is written 2 times in 1 cycle, its ports allow 1",
        _loop("    const int x = in.read();\n    if (x > 0) out.write(x);\n    else out.write(1);")
        .replace("MARK", ""),
    ),
    _work(
        "stream-ports",
        _loop("    int a, b;\n    in >> a;\n    in >> b;\n    out << a + b;").replace(
            "MARK", "// HERE"
        ),
        "II=1 can't be reached: stream 'in' is read 2 times in 1 cycle, its ports allow 1",
        _loop("    int a;\n    in >> a;\n    out << a + 1;").replace("MARK", ""),
    ),
    _work(
        "unrolled-size",
        _loop(
            "    int sum = in.read();\n    for (int a = 0; a < 64; ++a)\n"
            "        for (int b = 0; b < 65; ++b)"
        ).replace("MARK", "").replace("b < 65; ++b)\n}", "b < 65; ++b) // HERE\n"
            "            sum += a * b;\n    out.write(sum);\n}"),
        "unrolled loops make 4,160 copies of this body, the limit is 4,096",
        _loop(
            "    int sum = in.read();\n    for (int a = 0; a < 64; ++a)\n"
            "        for (int b = 0; b < 64; ++b)\n            sum += a * b;\n    out.write(sum);"
        ).replace("MARK", ""),
    ),
]  # fmt: skip
