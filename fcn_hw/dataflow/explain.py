"""In plain words: why a FIFO is as deep as it is, and what a smaller one does."""

from __future__ import annotations

from typing import Annotated

from pydantic import PlainSerializer
from pydantic.dataclasses import dataclass

from fcn_hw.dataflow.deadlock import Wait, waiting_cycle
from fcn_hw.dataflow.fifos import SizedFifos
from fcn_hw.dataflow.simulate import simulate
from fcn_hw.dataflow.sizing import MIN_DEPTH
from fcn_hw.errors import ConfigError, Deadlock, nearest
from fcn_hw.results import STRICT

SLOWER_FRAMES = 5
"""Frames that are simulated to see how much slower a smaller FIFO is."""


@dataclass(frozen=True, config=STRICT)
class Explanation:
    """Why a FIFO has its depth.

    Args:
        fifo: its name.
        depth: in pixels.
        keeps_rate: the smallest depth that loses no throughput.
        avoids_deadlock: the smallest depth with which the design runs at all.
        deadlock: who waits for whom with one slot less than that; empty if nothing deadlocks.
        sentences: the explanation.
    """

    fifo: str
    depth: int
    keeps_rate: int
    avoids_deadlock: int
    deadlock: tuple[Annotated[Wait, PlainSerializer(str, return_type=str)], ...]
    sentences: tuple[str, ...]


def explain(sized: SizedFifos, name: str) -> Explanation:
    """Explains the depth of a FIFO.

    Args:
        name: of the FIFO; or of an op that joins streams, for the FIFO in which its skip waits.

    Raises:
        ConfigError: there is no such FIFO.
        ToolNotFound: there is no C++ compiler.
    """
    network = sized.network
    joined, name = name, _skip_of(sized, name)
    if name not in network.index:
        raise ConfigError(
            f"there is no FIFO '{name}'", hint=f"near: {nearest(name, network.index)}"
        )
    number = network.index[name]
    depth, keeps_rate = sized.depths[name], sized.minimum[name]
    avoids_deadlock = sized.deadlock_minimum[name]
    producer = network.processes[int(network.producers[number])].name
    consumer = network.processes[int(network.consumers[number])].name
    tensor = network.fifos[number].tensor
    sentences = [
        *([f"The skip of '{joined}' waits in '{name}'."] if joined != name else []),
        f"'{name}' carries pixels of {network.widths[number]} bits from '{producer}' to "
        f"'{consumer}', {tensor.height} x {tensor.width} a frame. "
        f"It is {depth} deep, {_share(depth, int(network.pixels[number]))}.",
        f"{keeps_rate} lose no throughput{_enlarged(sized, name)}",
    ]
    cycle: tuple[Wait, ...] = ()
    if avoids_deadlock > 1:
        cycle = _deadlock(sized, name, avoids_deadlock - 1)
        sentences.append(_why(cycle))
        sentences.append(f"With {avoids_deadlock - 1} the design stops for ever:")
        sentences += [f"  {wait}" for wait in cycle]
    elif keeps_rate > MIN_DEPTH:
        sentences.append(
            f"'{producer}' writes in bursts, or '{consumer}' reads in bursts, and one of the two "
            "is too busy to wait for the other. With any depth the design runs."
        )
    else:
        sentences.append(
            "The two processes take turns: one slot is written while another one is read."
        )
    sentences += _slower(sized, name)
    return Explanation(name, depth, keeps_rate, avoids_deadlock, cycle, tuple(sentences))


def _skip_of(sized: SizedFifos, name: str) -> str:
    """The FIFO in which the pixels of an op's skip wait; ``name`` itself if it joins nothing."""
    joins = {process.name for process in sized.network.processes if len(process.inputs) > 1}
    if name not in joins:
        return name
    before = [fifo for fifo in sized.skips if _next_join(sized, fifo) == name]
    return max(before, key=lambda fifo: sized.deadlock_minimum[fifo], default=name)


def _next_join(sized: SizedFifos, fifo: str) -> str | None:
    """The first op behind a FIFO that joins streams; None if the stream forks or leaves before."""
    network = sized.network
    readers = {s.name: process for process in network.processes for s in process.inputs}
    process = readers[fifo]
    while len(process.inputs) == 1:
        following = [s.name for s in process.outputs if s.name in readers]
        if len(following) != 1:
            return None
        process = readers[following[0]]
    return process.name


def _share(depth: int, pixels: int) -> str:
    if depth >= pixels:
        return f"{depth / pixels:.3g} frames"
    return f"{100 * depth / pixels:.3g} % of a frame"


def _enlarged(sized: SizedFifos, name: str) -> str:
    """Where the depth above the minimum comes from."""
    depth, least = sized.depths[name], sized.minimum[name]
    if depth == least:
        return "."
    text = f"; the rest is the margin of {100 * sized.margin:g} %"
    if depth > least * (1 + sized.margin) + 1:
        text += " and what shorter or longer pipelines need"
    return text + "."


def _deadlock(sized: SizedFifos, name: str, depth: int) -> tuple[Wait, ...]:
    order = sized.orders[0]
    depths = sized.network.depths(sized.depths | {name: depth})
    cycle = waiting_cycle(order.run(depths))
    # from the process that finds this FIFO full
    first = next((i for i, w in enumerate(cycle) if w.fifo == name and not w.for_pixel), 0)
    return cycle[first:] + cycle[:first]


def _why(cycle: tuple[Wait, ...]) -> str:
    """The two processes that a short FIFO sets against each other."""
    writer = cycle[0]
    # full FIFOs may lie one behind another; a cycle of full ones alone would be one of the graph
    reader = next(wait for wait in cycle if wait.for_pixel)
    return (
        f"Pixels wait here until '{reader.process}' has the pixels that belong to them from "
        f"'{reader.fifo}', the longer way: to get pixel {reader.pixel} there, "
        f"'{writer.process}' must have gone on to pixel {writer.pixel} here."
    )


def _slower(sized: SizedFifos, name: str) -> list[str]:
    """What depths between the two minima cost."""
    least, enough = max(sized.deadlock_minimum[name], 1), sized.minimum[name]
    if enough <= MIN_DEPTH:
        return []
    found = []
    for depth in dict.fromkeys((enough - 1, (least + enough) // 2, least)):
        if depth >= enough:
            continue
        depths = sized.minimum | {name: depth}
        if waiting_cycle(sized.orders[0].run(sized.network.depths(depths))):
            continue
        try:
            interval = simulate(sized.network, depths, SLOWER_FRAMES).interval
        except Deadlock:
            found.append(
                f"With {depth}, or less, pipelines that stall deadlock: they hold finished pixels "
                "back while they wait for the next ones."
            )
            break
        slower = interval / sized.interval - 1
        found.append(
            f"With {depth} a frame takes {interval:,} cycles instead of {sized.interval:,}, "
            f"{100 * slower:.2g} % longer."
            if slower > 0
            else f"With {depth} a frame takes longer in the long run."
        )
    return found
