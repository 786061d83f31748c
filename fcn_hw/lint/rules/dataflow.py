"""Dataflow regions: functions that hold ``#pragma HLS DATAFLOW``, the top function first of all."""

from __future__ import annotations

from collections.abc import Iterator

from fcn_hw.lint.execute import executed
from fcn_hw.lint.functions import Function
from fcn_hw.lint.memory import Memory
from fcn_hw.lint.project import Project
from fcn_hw.lint.records import Dataflow, Process
from fcn_hw.lint.registry import Breach, rule
from fcn_hw.lint.tree import LOOPS, Node, array_dimensions, converted, is_stream

_CANONICAL = 'UG1399, "Canonical Forms"'
_LIMITS = 'UG1399, "Dataflow Optimization Limitations"'

_CONTROL = {
    "IF_STMT": "a condition",
    "SWITCH_STMT": "a condition",
    "RETURN_STMT": "a return",
    "GOTO_STMT": "a goto",
    "CONDITIONAL_OPERATOR": "a condition",
    "COMPOUND_STMT": "a block",
    **dict.fromkeys(LOOPS, "a loop"),
}
_HARMLESS = frozenset("NULL_STMT STATIC_ASSERT TYPEDEF_DECL TYPE_ALIAS_DECL".split())
_PLAIN = frozenset(
    "DECL_REF_EXPR INTEGER_LITERAL FLOATING_LITERAL CXX_BOOL_LITERAL_EXPR MEMBER_REF_EXPR".split()
)


@rule(
    "dataflow-canonical",
    "A dataflow region holds declarations of streams and arrays, pragmas and calls of processes, "
    "nothing else.",
    source=f'{_CANONICAL}; {_LIMITS}: "Conditional Execution of Tasks"',
)
def canonical(project: Project) -> Iterator[Breach]:
    regions = {id(region.function): region.function for region in executed(project).dataflows}
    top = project.top
    if id(top) not in regions:
        yield (
            project.place(top.cursor),
            f"the top function '{top.name}' has no DATAFLOW pragma, so its processes run one "
            "after another",
            "put #pragma HLS DATAFLOW into its body",
        )
    for function in regions.values():
        for statement in function.body.children:
            yield from _statement(project, function, statement)


def _statement(project: Project, function: Function, node: Node) -> Iterator[Breach]:
    place = project.place(node.cursor)
    if node.kind in _HARMLESS:
        return
    if node.kind in _CONTROL:
        yield (
            place,
            f"{_CONTROL[node.kind]} in the dataflow region '{function.name}'",
            "move it into a process; a region runs all of its processes, once each",
        )
    elif node.kind == "DECL_STMT":
        for child in node.children:
            if child.kind == "VAR_DECL" and not _is_channel(child):
                yield (
                    project.place(child.cursor),
                    f"'{child.name}' in the dataflow region '{function.name}' is neither a "
                    "stream, an array nor a constant",
                    "compute it in a process and send it through a stream",
                )
    elif node.kind == "CALL_EXPR" and not node.operator:
        yield from _call(project, function, node)
    else:
        yield (
            place,
            f"an expression that is no call of a process in the dataflow region '{function.name}'",
            "move it into a process",
        )


def _is_channel(node: Node) -> bool:
    kind = node.cursor.type
    return (
        is_stream(kind)
        or bool(array_dimensions(kind))
        or (kind.is_const_qualified() and node.constant is not None)
    )


def _call(project: Project, function: Function, node: Node) -> Iterator[Breach]:
    place = project.place(node.cursor)
    if node.target is None or project.function(node.target) is None:
        yield (
            place,
            f"'{node.name}' in the dataflow region '{function.name}' is no process of the project",
            "call functions of the project only; a stream is read and written inside of processes",
        )
        return
    for argument in node.arguments:
        inside = converted(argument)
        if inside.kind not in _PLAIN and inside.constant is None:
            yield (
                project.place(argument.cursor),
                f"an argument of '{node.name}' is computed in the dataflow region "
                f"'{function.name}'",
                "pass a variable or a constant",
            )


@rule(
    "dataflow-single-use",
    "Every stream and array of a dataflow region has one producer and one consumer.",
    source=f'{_LIMITS}: "Single-Producer-Consumer Violations"',
)
def single_use(project: Project) -> Iterator[Breach]:
    machine = executed(project)
    for region in machine.dataflows:
        for number in region.channels:
            memory = machine.memories[number]
            makers = [p for p in region.processes if number in p.writes]
            takers = [p for p in region.processes if number in p.reads]
            if not memory.is_stream:  # a process may read what it has written
                takers = [p for p in takers if p not in makers]
            yield from _count(memory, "written", makers, "one producer")
            yield from _count(memory, "read", takers, "one consumer; a fork copies a stream")


def _count(memory: Memory, verb: str, who: list[Process], remedy: str) -> Iterator[Breach]:
    if len(who) == 1:
        return
    names = " and ".join(f"'{process.function.name}'" for process in who)
    what = "stream" if memory.is_stream else "array"
    by = f"is {verb} by {len(who)} processes, {names}" if who else f"is {verb} by no process"
    yield memory.place, f"{what} '{memory.name}' {by}", f"give it {remedy}"


@rule(
    "dataflow-order",
    "A process reads what an earlier process of the region writes: no feedback.",
    source='UG1399, "pragma HLS dataflow": "Feedback between tasks"',
)
def order(project: Project) -> Iterator[Breach]:
    machine = executed(project)
    for region in machine.dataflows:
        for number in region.channels:
            memory = machine.memories[number]
            for taker, reader in enumerate(region.processes):
                for maker, writer in enumerate(region.processes):
                    same = taker == maker and memory.is_stream
                    back = number in reader.reads and number in writer.writes and taker < maker
                    if back or (same and number in reader.reads and number in writer.writes):
                        yield (
                            project.place(reader.node.cursor),
                            f"'{reader.function.name}' reads '{memory.name}', which "
                            f"'{writer.function.name}' writes "
                            + ("itself" if taker == maker else "later"),
                            "call the producer first; keep what goes around inside of one process",
                        )


@rule(
    "dataflow-bypass",
    "No array passes by a process: only streams, whose depth is chosen, may.",
    source=f'{_CANONICAL}; guidance HLS 200-989, "Dataflow Bypassing Tasks"',
)
def bypass(project: Project) -> Iterator[Breach]:
    machine = executed(project)
    for region in machine.dataflows:
        longest = _longest_ways(region)
        for number in region.channels:
            memory = machine.memories[number]
            if memory.is_stream:
                continue
            for maker, writer in enumerate(region.processes):
                for taker, reader in enumerate(region.processes):
                    far = longest.get((maker, taker), 0)
                    if number in writer.writes and number in reader.reads and far > 1:
                        yield (
                            project.place(reader.node.cursor),
                            f"array '{memory.name}' goes from '{writer.function.name}' to "
                            f"'{reader.function.name}' past the processes between them",
                            "make it an hls::stream of enough depth, or pass it through them",
                        )


def _longest_ways(region: Dataflow) -> dict[tuple[int, int], int]:
    """Steps of the longest way between two processes along what one writes and the next reads."""
    count = len(region.processes)
    ways: dict[tuple[int, int], int] = {}
    for end in range(count):
        for middle in range(end):
            if region.processes[middle].writes & region.processes[end].reads:
                ways[middle, end] = max(1, ways.get((middle, end), 0))
                for start in range(middle):
                    if (start, middle) in ways:
                        steps = ways[start, middle] + 1
                        ways[start, end] = max(steps, ways.get((start, end), 0))
    return ways


@rule(
    "dataflow-ports",
    "Every stream and array port of a dataflow region belongs to one process, in one direction.",
    source=f'{_LIMITS}: "Single-Producer-Consumer Violations"',
)
def ports(project: Project) -> Iterator[Breach]:
    machine = executed(project)
    for region in machine.dataflows:
        for parameter in region.function.parameters:
            number = region.ports.get(parameter.spelling)
            if number is None:
                continue
            users = [p for p in region.processes if number in p.reads | p.writes]
            if len(users) != 1:
                names = " and ".join(f"'{process.function.name}'" for process in users)
                by = f"by {len(users)} processes, {names}" if users else "by no process"
                yield (
                    project.place(parameter),
                    f"port '{parameter.spelling}' of '{region.function.name}' is used {by}",
                    "give it to one process",
                )
            elif machine.memories[number].is_stream and number in users[0].reads & users[0].writes:
                yield (
                    project.place(parameter),
                    f"port '{parameter.spelling}' of '{region.function.name}' is read and written",
                    "a stream has one direction; take two ports",
                )
