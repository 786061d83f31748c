"""Costs of a configuration as a sum of parts, each by its own bits.

A convolution costs by its weights' bits and the bits of what it reads, everything else by the bits
of the layer that it carries. :func:`sum_of_parts` is that sum: an integer program can work with it,
and it takes microseconds, so that a proposal can be looked at before it is trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fcn_hw.ir import Graph
from fcn_hw.studies.search.formats import ChoiceFormats
from fcn_hw.studies.search.pricing import Costs, Pricing, nearest_layer
from fcn_hw.studies.search.space import Configuration, Space
from fcn_hw.studies.search.variants import with_formats
from fcn_hw.train.networks import Weights


@dataclass(frozen=True)
class PartCosts:
    """Costs by choices.

    Args:
        layers: ``[layer][(place of its weight, place of the activation that it reads)]``.
        carried: ``[layer][place of its activation]``: what else moves that activation.
        rest: what no choice changes.
        reads: the layer whose activation a layer reads; itself where it reads the image.
    """

    layers: Mapping[str, Mapping[tuple[int, int], Costs]]
    carried: Mapping[str, Mapping[int, Costs]]
    rest: Costs
    reads: Mapping[str, str]


def part_costs(
    graph: Graph, pricing: Pricing, space: Space, formats: ChoiceFormats, weights: Weights
) -> PartCosts:
    """Reads the costs of the parts off graphs in which all layers make the same choice."""
    names = {layer.name for layer in space.layers}
    reads = {
        name: nearest_layer(graph, names.__contains__, graph[name].inputs[0]) or name
        for name in names
    }
    carriers = {
        op.name: nearest_layer(graph, names.__contains__, op.name)
        for op in graph.ops
        if op.name not in names
    }
    layers: dict[str, dict[tuple[int, int], Costs]] = {name: {} for name in names}
    carried: dict[str, dict[int, Costs]] = {name: {} for name in names}
    rest = Costs()
    by_layer = {layer.name: layer for layer in space.layers}
    n_weights = max(max(len(layer.weights), 1) for layer in space.layers)
    n_activations = max(max(len(layer.activations), 1) for layer in space.layers)
    for w in range(n_weights):
        for a in range(n_activations):
            places = {
                name: min(a if name.endswith(".activation") else w, len(choices) - 1)
                for name, choices in space.parameters.items()
            }
            table = formats.table(space.configuration(places))
            parts = pricing.parts(with_formats(graph, table, weights))
            for name in names:
                if w < max(len(by_layer[name].weights), 1):
                    read = by_layer[reads[name]]
                    if a < max(len(read.activations), 1):
                        layers[name][w, a] = parts[name]
            if w > 0:
                continue
            summed: dict[str, Costs] = {}
            rest = Costs()
            for part, cost in parts.items():
                if part in names:
                    continue
                tensor = part.removeprefix(">")
                layer = tensor if tensor in names else carriers.get(tensor)
                if layer is None:
                    rest = rest + cost
                else:
                    summed[layer] = summed.get(layer, Costs()) + cost
            for name in names:
                if a < max(len(by_layer[name].activations), 1):
                    carried[name][a] = summed.get(name, Costs())
    return PartCosts(layers, carried, rest, reads)


def sum_of_parts(parts: PartCosts, space: Space, chosen: Configuration) -> Costs:
    """What a configuration costs, part by part; the estimate of the whole is a little beside it."""
    places = space.places(chosen)
    total = parts.rest
    for layer in space.layers:
        name = layer.name
        weight = places.get(f"{name}.weight", 0)
        read = places.get(f"{parts.reads[name]}.activation", 0)
        own = places.get(f"{name}.activation", 0)
        total = total + parts.layers[name][weight, read] + parts.carried[name][own]
    return total
