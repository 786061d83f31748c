"""Emitted C++ to LLVM IR: clang, then opt four times, one process a module.

What clang gets is the sources of the project with each HLS pragma turned into something that LLVM
keeps: UNROLL into a loop annotation, the layout of a memory into a call of a mark
(``hls_stream.h``). The lines stay where they are. ``ap_int.h``, ``ap_fixed.h`` and ``hls_stream.h``
are the stand-ins of ``templates/rtl/include``, on clang's ``_BitInt``, which keep exact widths.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fcn_hw.errors import NotSynthesizable, ToolFailed
from fcn_hw.plan import Command, Plan
from fcn_hw.resources import data_folder
from fcn_hw.rtl.fields import names_of_parts
from fcn_hw.rtl.llvm import FUNCTION_PREFIX, Function, read_function
from fcn_hw.tools.runner import run

CLANG = "clang++-16"
OPT = "opt-16"
"""Version 16, the one that this was made and tested with: pointers without types, and a ``_BitInt``
that LLVM sees with its exact width."""

TIMEOUT_S = 600.0
SOURCES = "firmware"
_WORD = "nnet::array<ap_uint<32>, 1>"
_IR = "ir"


@dataclass(frozen=True)
class ProcessSource:
    """A process of the dataflow region, in C++.

    Args:
        name: of the process.
        prelude: includes and pragmas of the ROMs, which stand before the call.
        call: ``fcn_hw::conv2d<...>(image, conv1, conv1_weights, conv1_biases);``
        marks: pragmas of the top function about ROMs of the call.
        streams: C++ type of each stream that the call names, in its order.
        registers: arguments of the call that are words which it writes once a frame. The process
            writes them to streams of these names, behind the others.
        ends_by_data: whether data may decide on its iterations.
    """

    name: str
    prelude: str
    call: str
    marks: tuple[str, ...]
    streams: Mapping[str, str]
    registers: tuple[str, ...] = ()
    ends_by_data: bool = False

    @property
    def text(self) -> str:
        """The translation unit."""
        parameters = [f"hls::stream<{kind}> &{s}" for s, kind in self.streams.items()]
        parameters += [f"hls::stream<{_WORD}> &{name}_words" for name in self.registers]
        before = [*self.marks, *(f"ap_uint<32> {name} = 0;" for name in self.registers)]
        behind = [f"{name}_words.write({{{{{name}}}}});" for name in self.registers]
        lines = "".join(f"    {line}\n" for line in (*before, self.call, *behind))
        return (
            f"{self.prelude}\n"
            f'extern "C" void {FUNCTION_PREFIX}{self.name}({", ".join(parameters)}) {{\n'
            f"{lines}}}\n"
        )


def compile_process(process: ProcessSource, sources: Mapping[str, str], folder: Path) -> Function:
    """Has clang and opt compile a process.

    Args:
        sources: of the project, prepared by :func:`prepared`, by path below ``firmware/``.
        folder: where everything goes.

    Raises:
        NotSynthesizable: clang refuses the source.
        ToolNotFound, ToolFailed: of clang or opt.
    """
    name = process.name
    files = {f"{SOURCES}/{path}": text for path, text in sources.items()}
    files[f"{SOURCES}/{name}.process.cpp"] = _with_marks(process.text)
    clang = (
        CLANG, "-target", "i386-pc-linux-gnu", "-std=c++17", "-O1",
        "-Xclang", "-disable-llvm-passes", "-Xclang", "-fexperimental-max-bitint-width=4096",
        "-S", "-emit-llvm", "-D__SYNTHESIS__", "-DNDEBUG",
        "-g", "-nostdinc", "-nostdinc++", "-fno-exceptions", "-fno-rtti",
        "-fno-discard-value-names",
        "-fno-strict-aliasing", "-w", f"-I{data_folder('templates') / 'rtl' / 'include'}",
        f"-I{SOURCES}", f"-I{SOURCES}/nnet_utils", f"{SOURCES}/{name}.process.cpp",
        "-o", f"{_IR}/{name}.clang.ll",
    )  # fmt: skip
    text = _ran(files, clang, f"{_IR}/{name}.clang.ll", folder, f"clang-{name}")
    parts: dict[str, str] = {}
    for number, passes in enumerate((_TO_UNROLLED, _TO_PARTS, _TO_SSA, _TO_SELECTS), start=1):
        source, target = f"{_IR}/{name}.{number}.in.ll", f"{_IR}/{name}.{number}.ll"
        prepare = _with_pure_marks(text) if number == 1 else _with_starts_of_life(text)
        opt = (OPT, "-S", f"-passes={passes}", *_OPT_FLAGS, source, "-o", target)
        text = _ran({source: _with_scalars(prepare)}, opt, target, folder, f"opt{number}-{name}")
        parts |= names_of_parts(text)
    try:
        return replace(read_function(text), parts=parts)
    except NotSynthesizable as error:
        raise error.of_process(name) from error


def _ran(
    files: Mapping[str, str], argv: tuple[str, ...], left: str, folder: Path, name: str
) -> str:
    command = Command(name, argv, TIMEOUT_S, (left,))
    try:
        run(Plan(files=files, stages=((command,),)), folder)
    except ToolFailed as error:
        raise _refused(error) from error
    return (folder / left).read_text(encoding="utf-8")


def _refused(error: ToolFailed) -> ToolFailed | NotSynthesizable:
    """What clang says of the source, with its line; another failure stays as it is."""
    log = error.log.read_text(encoding="utf-8", errors="replace") if error.log else ""
    found = re.search(r"^(?:\S*?/)?([\w.]+):(\d+):\d+: error: (.*)$", log, re.M)
    if found is None:
        return error
    reason = re.sub(r"^static assertion failed[^:]*: ", "", found[3]).strip('"')
    return NotSynthesizable(f"{found[1]}:{found[2]}", reason)


def prepared(files: Mapping[str, str]) -> dict[str, str]:
    """The headers of a project with their pragmas turned into what LLVM keeps.

    Args:
        files: by path below ``firmware/``.

    Raises:
        NotSynthesizable: a pragma asks for what this compiler does not do.
    """
    return {
        path: text if path.startswith("weights/") else _with_marks(text, path)
        for path, text in files.items()
    }


_LOOP = re.compile(r"\bfor \(")
_PRAGMA = re.compile(r"#pragma HLS (\w+)(.*)")
_PLAIN = frozenset(
    "INLINE UNROLL PIPELINE DATAFLOW STREAM LOOP_TRIPCOUNT INTERFACE RESET LOOP_FLATTEN".split()
)
_MARK_OF = {"ARRAY_RESHAPE": "fcn_hw_reshape", "ARRAY_PARTITION": "fcn_hw_partition"}


def _with_marks(text: str, path: str = "") -> str:
    """Loops annotated, pragmas of memories as calls; every line keeps its number."""
    parts, at = [], 0
    for match in _LOOP.finditer(text):
        end, depth = match.end(), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        unrolled = re.match(r"\s*\{\s*#pragma HLS UNROLL", text[end:])
        how = "full" if unrolled else "disable"
        parts += [text[at : match.start()], f'_Pragma("clang loop unroll({how})") ']
        at = match.start()
    annotated = "".join([*parts, text[at:]])
    lines = annotated.split("\n")
    statics = set(re.findall(r"\bstatic (?!constexpr)[^;=()]*?(\w+)(?:\[[^\]]*\])+;", text))
    parameters = set(re.findall(r"\bconst [\w:<> ]+ (\w+)\[", text))
    for number, line in enumerate(lines):
        pragma = _PRAGMA.search(line)
        if pragma is not None:
            where = f"{path.rpartition('/')[2]}:{number + 1}"
            lines[number] = _mark(pragma[1], pragma[2], statics | parameters, where)
    return "\n".join(lines)


def _mark(kind: str, rest: str, kept: set[str], where: str) -> str:
    """What a pragma becomes.

    Args:
        kept: arrays that stay memories; others are registers of the process.
    """
    arguments = dict(re.findall(r"(\w+)=(-?\w+)", rest))
    if kind == "PIPELINE" and arguments.get("II", "1") != "1":
        raise NotSynthesizable(
            where, f"PIPELINE II={arguments['II']}: every loop is built with II=1"
        )
    variable = arguments.get("variable", "")
    if kind == "BIND_OP":
        bound = (arguments.get("op"), arguments.get("impl")) == ("mul", "dsp")
        return f"fcn_hw_in_dsp({variable});" if bound else ""
    if kind in _PLAIN or variable not in kept:
        return ""
    if kind in _MARK_OF:
        return f"{_MARK_OF[kind]}({variable}, {arguments.get('dim', '1')});"
    if kind == "DEPENDENCE":
        return f"fcn_hw_distance({variable}, {arguments.get('distance', '1')});"
    if kind == "BIND_STORAGE":
        if "impl" not in arguments:  # ports alone: where the memory is, the compiler chooses
            return ""
        return f"fcn_hw_storage({variable}, {int(arguments['impl'] == 'lutram')});"
    raise NotSynthesizable(where, f"pragma {kind} of '{variable}' is not known to this compiler")


def marks_of_top(pragmas: Sequence[str], arrays: set[str]) -> tuple[str, ...]:
    """The pragmas of the top function about some ROMs, as marks."""
    found = []
    for pragma in pragmas:
        match = _PRAGMA.search(pragma)
        if match is not None and match[1] in ("ARRAY_PARTITION", "ARRAY_RESHAPE", "BIND_STORAGE"):
            mark = _mark(match[1], match[2], arrays, "")
            if mark:
                found.append(mark)
    return tuple(found)


# -- between clang and opt ----

_TO_UNROLLED = (
    "always-inline,cgscc(inline),globaldce,"  # a process is one function
    "function(sroa,early-cse,instcombine,simplifycfg,"
    "loop-simplify,lcssa,loop(loop-rotate,indvars,loop-deletion,loop-unroll-full))"
)
_TO_PARTS = "function(sroa)"  # alone: instcombine would drop the stores of undefined values
_TO_SSA = (
    "strip-nonlinetable-debuginfo,"  # the parts of variables are known by now
    # mem2reg first: SROA cuts a number of 6 bytes out of its 8 and then leaves it
    "function(mem2reg,sroa,early-cse,instcombine,simplifycfg,"
    # loops that a first round of unrolling has given constant bounds
    "loop-simplify,lcssa,loop(loop-rotate,loop-unroll-full),sroa)"
)
_TO_SELECTS = (
    "function(mem2reg,sroa,early-cse<memssa>,instcombine,simplifycfg,sccp,instcombine,"
    "gvn<no-pre;no-load-pre;memdep>,dse,sccp,correlated-propagation,bdce,instcombine,simplifycfg,adce,"
    # small branches become selects
    "instcombine,simplifycfg<bonus-inst-threshold=50>,early-cse,instcombine,"
    "loop-simplify,loop(loop-rotate,indvars),simplifycfg,dce),globaldce,strip-dead-prototypes"
)
_OPT_FLAGS = (
    "-inline-threshold=1000000", "-unroll-threshold=10000000", "-unroll-full-max-count=100000",
    "-unroll-max-count=100000", "-pragma-unroll-threshold=10000000", "-indvars-widen-indvars=false",
)  # fmt: skip

_TYPE_NAME = r'%(?:"[^"]+"|[\w.:]+)'


def _with_pure_marks(text: str) -> str:
    """Streams and marks touch no memory that the program sees, so nothing around them is kept for
    them."""
    effect = "memory(inaccessiblemem: readwrite) nounwind willreturn"
    names = r"fcn_hw_read|fcn_hw_write|_Z\d+fcn_hw_(?:reshape|partition|distance|storage)"
    text = re.sub(rf"^(declare .*@(?:{names})\w*\(.*?\)) ", rf"\1 {effect} ", text, flags=re.M)
    return text.replace("define linkonce_odr", "define internal")


def _with_scalars(text: str) -> str:
    """A variable of a struct of one integer as that integer.

    SROA leaves a struct alone whose integer is no whole number of bytes.
    """
    single = dict(re.findall(rf"^({_TYPE_NAME}) = type \{{ ([^,{{}}]+) \}}$", text, re.M))

    def inner(kind: str) -> str:
        while kind in single:
            kind = single[kind]
        return kind

    return re.sub(rf"= alloca ({_TYPE_NAME})", lambda m: f"= alloca {inner(m[1])}", text)


def _with_starts_of_life(text: str) -> str:
    """The start of a variable's life as a store of an undefined value.

    Without it a value that is made in some iterations only would be carried on in a register. A
    variable of 17 to 24 bits that SROA has cut to bytes gets its integer back.
    """
    return re.sub(r"^define .*?^}", lambda m: _lives_of(m[0]), text, flags=re.M | re.S)


def _lives_of(function: str) -> str:
    accesses: dict[str, set[str]] = {}
    for kind, name in re.findall(r"(?:store|load) (i\d+)\b[^\n]*?, ptr (%[^\s,]+)", function):
        accesses.setdefault(name, set()).add(kind)

    def whole(match: re.Match[str]) -> str:
        kinds = accesses.get(match[1], set())
        only = next(iter(kinds)) if len(kinds) == 1 else "i8"
        return match[0] if only == "i8" else f"  {match[1]} = alloca {only}"

    function = re.sub(r"^  (%\S+) = alloca \[\d x i8\]", whole, function, flags=re.M)
    kinds = dict(re.findall(r"^  (%\S+) = alloca (.+?)(?:, align \d+)?$", function, re.M))
    return re.sub(
        r"^  call void @llvm\.lifetime\.start\.p0\(i64 \d+, ptr (?:nonnull )?(%[^\s)]+)\).*$",
        lambda match: f"  store {kinds[match[1]]} undef, ptr {match[1]}",
        function,
        flags=re.M,
    )
