"""The documented ``#pragma HLS`` directives: options, values, places, versions.

Sources: UG1399 2020.2 to 2025.2, chapter "HLS Pragmas", a page for each directive; and, for what
the oldest target really accepts, the front end that AMD published (github.com/Xilinx/HLS,
``ParseXlxPragma.cpp``): an option that it does not know makes it ignore the whole pragma, with a
warning only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

FIRST_VERSION = "2020.2"
LAST_VERSION = "2025.2"

FUNCTION, LOOP, BLOCK = "the body of a function", "the body of a loop", "a block"
ANYWHERE = frozenset([FUNCTION, LOOP, BLOCK])


class Kind(Enum):
    """What stands behind ``=``."""

    WORD = "nothing"
    CHOICE = "one of some words"
    NUMBER = "a constant integer"
    NAME = "a name"
    VARIABLE = "variables"
    PORT = "a parameter or return"


class Versions(Enum):
    """Which of the target versions know it."""

    ALL = "all"
    LATER = "later"
    OBSOLETE = "obsolete"


@dataclass(frozen=True)
class OptionRule:
    """An option of a directive.

    Args:
        least: smallest number.
        template: whether a number may depend on a template parameter in every version.
        instead: for one that not all versions know: what to write.
    """

    kind: Kind
    choices: frozenset[str] = frozenset()
    required: bool = False
    versions: Versions = Versions.ALL
    least: int = 0
    template: bool = True
    instead: str = ""


@dataclass(frozen=True)
class Directive:
    """A directive.

    Args:
        options: by name, in lower case.
        exclusive: sets of options of which one at most may be given.
        one_of: sets of options of which one must be given.
        places: where it may stand.
        top_only: in the top function only.
        versions: which know it.
        instead: for one that not all versions know: what to write.
    """

    options: dict[str, OptionRule]
    exclusive: tuple[frozenset[str], ...] = ()
    one_of: tuple[frozenset[str], ...] = ()
    places: frozenset[str] = ANYWHERE
    top_only: bool = False
    versions: Versions = Versions.ALL
    instead: str = ""


def _word(**more: object) -> OptionRule:
    return OptionRule(Kind.WORD, **more)  # type: ignore[arg-type]


def _choice(words: str, **more: object) -> OptionRule:
    return OptionRule(Kind.CHOICE, frozenset(words.split()), **more)  # type: ignore[arg-type]


def _number(least: int = 0, **more: object) -> OptionRule:
    return OptionRule(Kind.NUMBER, least=least, **more)  # type: ignore[arg-type]


def _name(**more: object) -> OptionRule:
    return OptionRule(Kind.NAME, **more)  # type: ignore[arg-type]


def _words(text: str, **more: object) -> dict[str, OptionRule]:
    return {word: _word(**more) for word in text.split()}


_VARIABLE = OptionRule(Kind.VARIABLE, required=True)
_LATER = Versions.LATER
_OFF = _choice("true false", versions=_LATER, instead="leave the pragma out instead")

STORAGE_TYPES = "fifo ram_1p ram_1wnr ram_2p ram_s2p ram_t2p rom_1p rom_2p rom_np"
INTERFACE_MODES = (
    "ap_none ap_stable ap_vld ap_ack ap_hs ap_ovld ap_memory bram ap_fifo m_axi s_axilite axis "
    "ap_ctrl_none ap_ctrl_hs ap_ctrl_chain"
)
_CUT = "complete is the default in every version, so leave it out; write block or cyclic alone"

_PARTITION = {
    "variable": _VARIABLE,
    **_words("complete cyclic block"),
    "type": _choice("complete cyclic block", versions=_LATER, instead=_CUT),
    "factor": _number(1),
    "dim": _number(),
}
_PARTITION_TYPES = (frozenset("complete cyclic block type".split()),)

DIRECTIVES: dict[str, Directive] = {
    "aggregate": Directive(
        {
            "variable": _VARIABLE,
            "compact": _choice("bit byte none auto", versions=_LATER, instead="leave it out"),
        }
    ),
    "alias": Directive(
        {
            "ports": OptionRule(Kind.PORT, required=True),
            "offset": _name(),
            "distance": _number(template=False),
        },
        one_of=(frozenset(["offset", "distance"]),),
        places=frozenset([FUNCTION]),
        top_only=True,
        versions=_LATER,
        instead="give each port memory of its own",
    ),
    "allocation": Directive(
        {
            **_words("function operation"),
            "instances": _name(required=True),
            "limit": _number(1, required=True),
        },
        one_of=(frozenset(["function", "operation"]),),
    ),
    "array_partition": Directive({**_PARTITION, "off": _OFF}, exclusive=_PARTITION_TYPES),
    "array_reshape": Directive(
        {**_PARTITION, "object": _word(), "off": _OFF}, exclusive=_PARTITION_TYPES
    ),
    "array_stencil": Directive({"variable": _VARIABLE, "off": _word()}, versions=_LATER),
    "bind_op": Directive(
        {
            "variable": _VARIABLE,
            "op": _name(required=True),
            "impl": _name(),
            "latency": _number(-1),
        }
    ),
    "bind_storage": Directive(
        {
            "variable": _VARIABLE,
            "type": _choice(STORAGE_TYPES, required=True),
            "impl": _choice("auto bram bram_ecc lutram uram uram_ecc srl memory"),
            "latency": _number(-1),
        }
    ),
    "cache": Directive(
        {
            "port": OptionRule(Kind.PORT, required=True),
            **{name: _number(1) for name in ("lines", "depth", "ways", "users")},
            "burst": _choice("off on"),
            "write_mode": _choice("write_back write_through"),
        },
        top_only=True,
        versions=_LATER,
    ),
    "dataflow": Directive(
        {**_words("disable_start_propagation")}, places=frozenset([FUNCTION, LOOP])
    ),
    "dependence": Directive(
        {
            "variable": OptionRule(Kind.VARIABLE),
            **_words("array pointer inter intra raw war waw true false"),
            "class": _choice("array pointer", versions=_LATER, instead="write the word alone"),
            "type": _choice("inter intra", versions=_LATER, instead="write inter or intra alone"),
            "direction": _choice(
                "raw war waw", versions=_LATER, instead="write RAW, WAR or WAW alone"
            ),
            "dependent": _choice(
                "true false", versions=_LATER, instead="write true or false alone"
            ),
            "distance": _number(1, template=False),
        },
        exclusive=(
            frozenset("array pointer class".split()),
            frozenset("inter intra type".split()),
            frozenset("raw war waw direction".split()),
            frozenset("true false dependent".split()),
        ),
        one_of=(
            frozenset("variable array pointer class".split()),
            frozenset("true false dependent".split()),
        ),
    ),
    "disaggregate": Directive({"variable": _VARIABLE}),
    "expression_balance": Directive({"off": _word()}),
    "function_instantiate": Directive(
        {"variable": _VARIABLE}, places=frozenset([FUNCTION])
    ),
    "inline": Directive(
        {
            **_words("off recursive"),
            "region": _word(versions=Versions.OBSOLETE, instead="write INLINE recursive"),
        },
        places=frozenset([FUNCTION]),
    ),
    "interface": Directive(
        {
            **_words(INTERFACE_MODES),
            "mode": _choice(
                INTERFACE_MODES, versions=_LATER, instead="write the mode alone, without mode="
            ),
            "port": OptionRule(Kind.PORT, required=True),
            **_words("register both forward reverse off"),
            "register_mode": _choice("both forward reverse off"),
            "bundle": _name(),
            "depth": _number(1),
            "offset": _name(),
            "clock": _name(),
            "name": _name(),
            "latency": _number(),
            "storage_type": _choice(STORAGE_TYPES),
            "storage_impl": _name(versions=_LATER),
            "channel": _name(versions=_LATER),
            "direct_io": _choice("true false", versions=_LATER),
            **{
                name: _number()
                for name in (
                    "num_read_outstanding num_write_outstanding max_read_burst_length "
                    "max_write_burst_length max_widen_bitwidth"
                ).split()
            },
        },
        exclusive=(frozenset([*INTERFACE_MODES.split(), "mode"]),),
        one_of=(frozenset([*INTERFACE_MODES.split(), "mode"]),),
        places=frozenset([FUNCTION]),
        top_only=True,
    ),
    "latency": Directive(
        {"min": _number(), "max": _number()}, one_of=(frozenset(["min", "max"]),)
    ),
    "loop_flatten": Directive({"off": _word()}, places=frozenset([LOOP])),
    "loop_merge": Directive({"force": _word()}),
    "loop_tripcount": Directive(
        {"min": _number(), "max": _number(required=True), "avg": _number()},
        places=frozenset([LOOP]),
    ),
    "occurrence": Directive({"cycle": _number(1)}, places=frozenset([BLOCK, LOOP])),
    "performance": Directive(
        {name: _number(1) for name in ("target_ti", "target_tl", "assume_ti", "assume_tl")},
        versions=_LATER,
        instead="write PIPELINE II=...",
    ),
    "pipeline": Directive(
        {
            "ii": _number(1),
            **_words("off rewind"),
            "enable_flush": _word(versions=Versions.OBSOLETE, instead="write style=flp"),
            "style": _choice("stp flp frp"),
        },
        places=frozenset([FUNCTION, LOOP]),
    ),
    "protocol": Directive(
        {
            **_words("fixed floating"),
            "mode": _choice("fixed floating", versions=_LATER, instead="write the mode alone"),
        },
        exclusive=(frozenset(["fixed", "floating", "mode"]),),
        places=frozenset([BLOCK, LOOP]),
    ),
    "reset": Directive({"variable": _VARIABLE, "off": _word()}),
    "stable": Directive({"variable": _VARIABLE}),
    "stream": Directive(
        {
            "variable": _VARIABLE,
            "depth": _number(1),
            "off": _word(),
            "type": _choice(
                "fifo pipo shared unsync", versions=_LATER,
                instead="an hls::stream is a FIFO in every version, so leave it out",
            ),
        }
    ),
    "top": Directive({"name": _name()}, places=frozenset([FUNCTION])),
    "unroll": Directive(
        {
            "factor": _number(1),
            "skip_exit_check": _word(),
            "off": _choice("true", versions=_LATER, instead="leave the pragma out"),
            "region": _word(
                versions=Versions.OBSOLETE, instead="write UNROLL in each of the loops inside"
            ),
        },
        places=frozenset([LOOP]),
    ),
}  # fmt: skip

GONE = {
    "resource": "BIND_STORAGE or BIND_OP",
    "data_pack": "AGGREGATE",
    "array_map": "nothing: the tool maps arrays by itself",
    "clock": "create_clock in the script",
    "extract": "nothing: the tool has no such directive",
    "region": "a pair of braces",
}
"""Directives of Vivado HLS that Vitis HLS does not have, and what stands in their place."""
