"""First configurations by integer programming over sensitivities.

Yao et al., "HAWQ-V3: Dyadic Neural Network Quantization" (ICML 2021), section 3.4: bits of each
layer that minimise the sum of the layers' sensitivities subject to budgets of hardware. Here the
sensitivity is the measured increase of the loss with one part quantized, where the paper has the
trace of the Hessian times the squared error; and weights and activations are chosen apart.

Cost is taken as a sum: of a convolution by its weights' bits and the bits of what it reads, of
everything else by the bits of the layer that it carries. :func:`sum_of_parts` is that sum, so that
a test, and a reader, can compare it with the estimate of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fcn_hw.errors import ConfigError
from fcn_hw.estimate.solver import Constraint, Floats, minimum
from fcn_hw.flow.search.formats import FormatBook, sensitivities
from fcn_hw.flow.search.pricing import UNITS, Costs, Pricing, nearest_layer
from fcn_hw.flow.search.space import Configuration, Space, stored_bits
from fcn_hw.flow.search.variants import with_formats
from fcn_hw.ir import Graph
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
    graph: Graph, pricing: Pricing, space: Space, book: FormatBook, weights: Weights
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
            table = book.table(space.configuration(places))
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
    """What the integer program takes a configuration to cost."""
    places = space.places(chosen)
    total = parts.rest
    for layer in space.layers:
        name = layer.name
        weight = places.get(f"{name}.weight", 0)
        read = places.get(f"{parts.reads[name]}.activation", 0)
        own = places.get(f"{name}.activation", 0)
        total = total + parts.layers[name][weight, read] + parts.carried[name][own]
    return total


def first_choices(
    space: Space, book: FormatBook, parts: PartCosts, cost: str, count: int
) -> list[Configuration]:
    """The least sensitive configurations within ``count`` budgets between least and most cost.

    Returns:
        distinct ones, the cheapest first; fewer than ``count`` where budgets agree.

    Raises:
        ConfigError: every configuration costs the same.
    """
    program = _Program(space, book, parts, cost)
    least = program.solved(program.costs, None)
    if least is None:
        return []
    most = program.solved(program.losses, None)
    assert most is not None, "what has a least cost has a least loss"
    low, high = float(program.costs @ least), float(program.costs @ most)
    if high - low <= 1e-9 * max(high, 1.0):
        raise ConfigError(
            f"nothing to search: every configuration costs {high + getattr(parts.rest, cost):g} "
            f"{UNITS[cost]} at the folds of this design",
            hint=f"take another --cost: {', '.join(name for name in UNITS if name != cost)}",
        )
    found: dict[str, Configuration] = {}
    for step in range(1, count + 1):
        # Not the cheapest of all, which loses most; and closer together where cost is low: there
        # retraining wins back most of what is lost, and the search begins there.
        budget = low + (high - low) * (step / count) ** 2
        solution = program.solved(program.losses, budget)
        if solution is not None:
            chosen = program.configuration(solution)
            found.setdefault(chosen.digest, chosen)
    return list(found.values())


class _Program:
    """Variables: a weight's choice, an activation's choice, and both of a layer and what it reads.

    The last make a cost that depends on two choices linear: their sums over one choice are the
    other's variables. They may be fractions; with whole choices they are whole.
    """

    def __init__(self, space: Space, book: FormatBook, parts: PartCosts, cost: str) -> None:
        self.space = space
        self._names: list[tuple[str, ...]] = []
        self._index: dict[tuple[object, ...], int] = {}
        losses: list[float] = []
        costs: list[float] = []
        whole: list[bool] = []
        bits: list[float] = []

        def variable(key: tuple[object, ...], loss: float, price: float, integer: bool) -> None:
            self._index[key] = len(losses)
            losses.append(loss)
            costs.append(price)
            whole.append(integer)
            bits.append(0.0)

        for layer in space.layers:
            name = layer.name
            loss = sensitivities(book.weight_loss[name], layer.weights) or [0.0]
            for place, value in enumerate(loss):
                variable(("w", name, place), value, 0.0, True)
                if layer.weights:
                    bits[-1] = layer.size * stored_bits(layer.weights[place])
            loss = sensitivities(book.activation_loss[name], layer.activations) or [0.0]
            for place, value in enumerate(loss):
                price = getattr(parts.carried[name][place], cost)
                variable(("a", name, place), value, price, True)
        for name, by_choice in parts.layers.items():
            for (w, a), part in by_choice.items():
                variable(("p", name, w, a), 0.0, getattr(part, cost), False)
        # of choices that lose nothing, the cheapest: a share that no measured loss is as small as
        largest = max(*costs, 1.0)
        self.losses = np.array(losses) + 1e-7 * np.array(costs) / largest
        self.costs = np.array(costs)
        self._whole = np.array(whole)
        self._constraints = self._equalities(parts)
        if space.max_average_bits is not None:
            chosen = [layer for layer in space.layers if layer.weights]
            fixed = sum(layer.size for layer in space.layers) * space.max_average_bits
            some = space.configuration(dict.fromkeys(space.parameters, 0))
            total = space.average_bits(some) * sum(layer.size for layer in space.layers)
            total -= sum(layer.size * stored_bits(layer.weights[0]) for layer in chosen)
            self._constraints.append(Constraint(np.array(bits)[None, :], -np.inf, fixed - total))

    def solved(self, price: Floats, budget: float | None) -> Floats | None:
        """The choice of least price within a budget of cost."""
        constraints = list(self._constraints)
        if budget is not None:
            constraints.append(Constraint(self.costs[None, :], -np.inf, budget + 1e-6))
        return minimum(price, self._whole, np.ones(len(price)), constraints)

    def configuration(self, solution: Floats) -> Configuration:
        places = {}
        for name in self.space.parameters:
            layer, _, what = name.rpartition(".")
            kind = "w" if what == "weight" else "a"
            values = [
                (solution[index], key[2])
                for key, index in self._index.items()
                if key[0] == kind and key[1] == layer
            ]
            places[name] = max(values)[1]
        return self.space.configuration(places)  # type: ignore[arg-type]

    def _equalities(self, parts: PartCosts) -> list[Constraint]:
        rows: list[Floats] = []
        right: list[float] = []

        def equation(terms: Mapping[tuple[object, ...], float], value: float) -> None:
            row = np.zeros(len(self._index))
            for key, factor in terms.items():
                row[self._index[key]] += factor
            rows.append(row)
            right.append(value)

        for layer in self.space.layers:
            name, read = layer.name, parts.reads[layer.name]
            ws = range(max(len(layer.weights), 1))
            own = range(max(len(layer.activations), 1))
            by_name = next(item for item in self.space.layers if item.name == read)
            reads = range(max(len(by_name.activations), 1))
            equation({("w", name, w): 1.0 for w in ws}, 1.0)
            equation({("a", name, a): 1.0 for a in own}, 1.0)
            for w in ws:
                pairs: dict[tuple[object, ...], float] = {("p", name, w, a): 1.0 for a in reads}
                equation({**pairs, ("w", name, w): -1.0}, 0.0)
            for a in reads:
                pairs = {("p", name, w, a): 1.0 for w in ws}
                equation({**pairs, ("a", read, a): -1.0}, 0.0)
        matrix, values = np.array(rows), np.array(right)
        return [Constraint(matrix, values, values)]
