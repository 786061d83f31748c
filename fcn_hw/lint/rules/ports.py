"""Ports of memories and streams in pipelined loops."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from fcn_hw.lint.execute import executed
from fcn_hw.lint.memory import Access, Memory, needs
from fcn_hw.lint.project import Project
from fcn_hw.lint.records import Region
from fcn_hw.lint.registry import Breach, rule


def _by_memory(project: Project) -> Iterator[tuple[Region, Memory, list[Access]]]:
    machine = executed(project)
    for region in machine.regions:
        grouped: dict[int, list[Access]] = {}
        for access in region.accesses:
            grouped.setdefault(access.memory, []).append(access)
        for number, accesses in grouped.items():
            yield region, machine.memories[number], accesses


def _is_registers(memory: Memory, accesses: list[Access]) -> bool:
    """Whether no memory is left: every element has a place of its own."""
    if memory.words <= 1:
        return True
    return memory.is_member and all(
        isinstance(index, int) for access in accesses for index in access.indices
    )


def _excess(need: tuple[int, int, int], memory: Memory, ii: int) -> str:
    """``reads 3 words, it has ports for 2``, or ``""`` where the ports suffice."""
    ports = memory.ports
    kinds = (
        ("read", need[0], ports.reads),
        ("written", need[1], ports.writes),
        ("accessed", need[2], ports.total),
    )
    for verb, count, have in kinds:
        if have != inf and count > have * ii:
            cycles = "1 cycle" if ii == 1 else f"{ii} cycles"
            return f"{verb} {count} times in {cycles}, its ports allow {have * ii:g}"
    return ""


@rule(
    "memory-ports",
    "An iteration of a pipelined loop accesses each bank of a memory no more often than its ports "
    "allow in II cycles.",
    source='UG1399, "Array Accesses and Performance"; ports: "pragma HLS bind_storage"',
)
def memory_ports(project: Project) -> Iterator[Breach]:
    for region, memory, accesses in _by_memory(project):
        if memory.is_stream or _is_registers(memory, accesses):
            continue
        excess = _excess(needs(memory, accesses), memory, region.ii)
        if excess:
            kind = f" ({memory.storage})" if memory.storage else ""
            yield (
                region.place,
                f"II={region.ii} can't be reached: '{memory.name}'{kind} is {excess}",
                "partition or reshape the dimension that the unrolled loops index, or raise II",
            )


@rule(
    "stream-ports",
    "An iteration of a pipelined loop reads and writes each stream once in II cycles at most.",
    source='UG1399, "HLS Stream Library"; HLS 214-347',
)
def stream_ports(project: Project) -> Iterator[Breach]:
    for region, memory, accesses in _by_memory(project):
        if not memory.is_stream:
            continue
        excess = _excess(needs(memory, accesses), memory, region.ii)
        if excess:
            yield (
                region.place,
                f"II={region.ii} can't be reached: stream '{memory.name}' is {excess}",
                "read or write several values as one wider element",
            )
