"""Memories, how pragmas cut them into banks and words, and the ports that accesses need.

Ports: UG1399, BIND_STORAGE, table "Storage Types". A memory that no pragma binds may become a true
dual-port RAM, or a ROM of two ports where nothing writes it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from math import inf

from fcn_hw.lint.findings import Place
from fcn_hw.lint.symbols import Affine, Value


@dataclass(frozen=True)
class Ports:
    """What a memory can do in a cycle."""

    reads: float
    writes: float
    total: float


PORTS: dict[str, Ports] = {
    "ram_1p": Ports(1, 1, 1),
    "ram_1wnr": Ports(inf, 1, inf),
    "ram_2p": Ports(2, 1, 2),
    "ram_s2p": Ports(1, 1, 2),
    "ram_t2p": Ports(2, 2, 2),
    "rom_1p": Ports(1, 0, 1),
    "rom_2p": Ports(2, 0, 2),
    "rom_np": Ports(inf, 0, inf),
    "fifo": Ports(1, 1, 2),
}
UNBOUND = PORTS["ram_t2p"]


@dataclass(frozen=True)
class Cut:
    """How a dimension is cut.

    Args:
        kind: ``complete``, ``cyclic`` or ``block``.
        factor: of cyclic and block.
        is_reshape: into wider words instead of banks.
    """

    kind: str
    factor: int
    is_reshape: bool


@dataclass(eq=False)
class Memory:
    """An array, or a stream.

    Args:
        name: in the source.
        place: of its declaration.
        dimensions: 0 where one is not known.
        is_stream: ``hls::stream``; every access takes a port, equal addresses or not.
        is_member: of an object; the tool takes objects apart, and accesses at constant indices
            are then to registers.
        storage: of BIND_STORAGE, or None.
        cuts: by dimension, from 0.
    """

    name: str
    place: Place
    dimensions: tuple[int, ...]
    is_stream: bool = False
    is_member: bool = False
    storage: str | None = None
    cuts: dict[int, list[Cut]] = field(default_factory=dict)

    @property
    def ports(self) -> Ports:
        if self.is_stream:
            return PORTS["fifo"]
        return PORTS.get(self.storage or "", UNBOUND)

    @property
    def words(self) -> int:
        """Elements that are not told apart by a bank."""
        count = 1
        for index, size in enumerate(self.dimensions):
            if not any(cut.kind == "complete" for cut in self.cuts.get(index, ())):
                count *= size or 2
        return count


@dataclass(frozen=True)
class Access:
    """An access of one iteration.

    Args:
        memory: number of the memory.
        indices: one a dimension.
        is_write: else it reads.
        path: (branch, side) of the conditions around it.
    """

    memory: int
    indices: tuple[Value, ...]
    is_write: bool
    path: tuple[tuple[int, int], ...]


Bank = tuple[Hashable, ...]
_Item = tuple[tuple[Hashable, bool], tuple[tuple[int, int], ...]]
"""Word and whether it is written; branches around the access."""
_EVERY = "every"


def needs(memory: Memory, accesses: Iterable[Access]) -> tuple[int, int, int]:
    """Ports that the accesses of one iteration need at the busiest bank: (reads, writes, total).

    Reads of one word share a port, and so do writes of one word; accesses in branches that exclude
    one another do.
    """
    listed = list(accesses)
    located = [(_locate(memory, access.indices, n), access) for n, access in enumerate(listed)]
    banks = {bank for (bank, _), _ in located if _EVERY not in bank}
    reads = writes = total = 0
    for bank in banks or {()}:
        here: list[_Item] = [
            ((word, access.is_write), access.path)
            for (where, word), access in located
            if _may_be(where, bank)
        ]
        reads = max(reads, len(_worst([item for item in here if not item[0][1]])))
        writes = max(writes, len(_worst([item for item in here if item[0][1]])))
        total = max(total, len(_worst(here)))
    return reads, writes, total


def _may_be(where: Bank, bank: Bank) -> bool:
    return len(where) != len(bank) or all(
        a in (_EVERY, b) for a, b in zip(where, bank, strict=True)
    )


def _locate(memory: Memory, indices: tuple[Value, ...], number: int) -> tuple[Bank, Hashable]:
    """Bank and word of an access."""
    if memory.is_stream:
        return (indices,), number
    bank: list[Hashable] = []
    word: list[Hashable] = []
    for dimension, index in enumerate(indices):
        size = memory.dimensions[dimension] if dimension < len(memory.dimensions) else 0
        rest: Hashable = index
        for cut in memory.cuts.get(dimension, ()):
            selected, rest = _cut(cut, index, size)
            if not cut.is_reshape:
                bank.append(selected)
        word.append(rest)
    return tuple(bank), tuple(word)


def _cut(cut: Cut, index: Value, size: int) -> tuple[Hashable, Hashable]:
    """Which part an index selects, and which address in the part."""
    if cut.kind == "complete":
        return (index if isinstance(index, int) else _EVERY), 0
    factor = max(1, cut.factor)
    if isinstance(index, int):
        if cut.kind == "cyclic":
            return index % factor, index // factor
        block = -(-size // factor) or 1
        return index // block, index % block
    if cut.kind == "cyclic" and all(c % factor == 0 for _, c in index.terms):
        # the unknown part is a multiple of the factor: the bank depends on the number only
        return index.const % factor, Affine(index.terms, index.const // factor)
    return _EVERY, index


def _worst(items: list[_Item]) -> set[tuple[Hashable, bool]]:
    """The most words that one run through the branches touches."""
    found = {word for word, path in items if not path}
    branches: dict[int, dict[int, list[_Item]]] = {}
    for word, path in items:
        if path:
            (branch, side), *rest = path
            branches.setdefault(branch, {}).setdefault(side, []).append((word, tuple(rest)))
    for sides in branches.values():
        choices = [_worst(side) for side in sides.values()]
        found |= max(choices, key=lambda words: len(words - found))
    return found
