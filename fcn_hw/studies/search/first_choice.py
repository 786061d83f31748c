"""First configurations by integer programming over sensitivities.

Yao et al., "HAWQ-V3: Dyadic Neural Network Quantization" (ICML 2021), section 3.4: bits of each
layer that minimise the sum of the layers' sensitivities subject to budgets of hardware. Here the
sensitivity is the measured increase of the loss with one part quantized, where the paper has the
trace of the Hessian times the squared error; and weights and activations are chosen apart.

Cost, and what the board has, is counted as :mod:`fcn_hw.studies.search.part_costs` does.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fcn_hw.errors import ConfigError
from fcn_hw.estimate.solver import Constraint, Floats, minimum
from fcn_hw.studies.search.budget import Budget
from fcn_hw.studies.search.formats import ChoiceFormats, sensitivities
from fcn_hw.studies.search.part_costs import PartCosts
from fcn_hw.studies.search.pricing import UNITS, Costs
from fcn_hw.studies.search.space import Configuration, stored_bits


def first_choices(
    formats: ChoiceFormats, budget: Budget, cost: str, count: int
) -> list[Configuration]:
    """The least sensitive configurations within ``count`` limits between least and most cost.

    Args:
        formats: how sensitive each choice is.
        budget: what is chosen between, what it costs, and what of the board it may use.
        cost: what is limited.
        count: limits.

    Returns:
        distinct ones, the cheapest first; fewer than ``count`` where limits agree.

    Raises:
        ConfigError: every configuration costs the same.
    """
    program = _Program(formats, budget, cost)
    least = program.solved(program.costs, None)
    if least is None:
        return []
    most = program.solved(program.losses, None)
    assert most is not None, "what has a least cost has a least loss"
    low, high = float(program.costs @ least), float(program.costs @ most)
    if high - low <= 1e-9 * max(high, 1.0):
        price = high + getattr(budget.parts.rest, cost)
        raise ConfigError(
            f"nothing to search: every configuration costs {price:g} "
            f"{UNITS[cost]} at the folds of this design",
            hint=f"take another --cost: {', '.join(name for name in UNITS if name != cost)}",
        )
    found: dict[str, Configuration] = {}
    for step in range(1, count + 1):
        # Not the cheapest of all, which loses most; and closer together where cost is low: there
        # retraining wins back most of what is lost, and the search begins there.
        limit = low + (high - low) * (step / count) ** 2
        solution = program.solved(program.losses, limit)
        if solution is not None:
            chosen = program.configuration(solution)
            found.setdefault(chosen.digest, chosen)
    return list(found.values())


class _Program:
    """Variables: a weight's choice, an activation's choice, and both of a layer and what it reads.

    The last make a cost that depends on two choices linear: their sums over one choice are the
    other's variables. They may be fractions; with whole choices they are whole.
    """

    def __init__(self, formats: ChoiceFormats, budget: Budget, cost: str) -> None:
        self.space, parts = budget.space, budget.parts
        space = self.space
        self._names: list[tuple[str, ...]] = []
        self._index: dict[tuple[object, ...], int] = {}
        losses: list[float] = []
        costs: list[Costs] = []
        whole: list[bool] = []
        bits: list[float] = []

        def variable(key: tuple[object, ...], loss: float, price: Costs, integer: bool) -> None:
            self._index[key] = len(losses)
            losses.append(loss)
            costs.append(price)
            whole.append(integer)
            bits.append(0.0)

        for layer in space.layers:
            name = layer.name
            loss = sensitivities(formats.weight_loss[name], layer.weights) or [0.0]
            for place, value in enumerate(loss):
                variable(("w", name, place), value, Costs(), True)
                if layer.weights:
                    bits[-1] = layer.size * stored_bits(layer.weights[place])
            loss = sensitivities(formats.activation_loss[name], layer.activations) or [0.0]
            for place, value in enumerate(loss):
                variable(("a", name, place), value, parts.carried[name][place], True)
        for name, by_choice in parts.layers.items():
            for (w, a), part in by_choice.items():
                variable(("p", name, w, a), 0.0, part, False)
        # of choices that lose nothing, the cheapest: a share that no measured loss is as small as
        self.costs = np.array([getattr(price, cost) for price in costs])
        self.losses = np.array(losses) + 1e-7 * self.costs / max(*self.costs, 1.0)
        self._whole = np.array(whole)
        self._constraints = self._equalities(parts)
        for name, limit in budget.limits.items():
            row = np.array([[getattr(price, name) for price in costs]])
            self._constraints.append(Constraint(row, -np.inf, limit - getattr(parts.rest, name)))
        if space.max_average_bits is not None:
            chosen = [layer for layer in space.layers if layer.weights]
            fixed = sum(layer.size for layer in space.layers) * space.max_average_bits
            some = space.configuration(dict.fromkeys(space.parameters, 0))
            total = space.average_bits(some) * sum(layer.size for layer in space.layers)
            total -= sum(layer.size * stored_bits(layer.weights[0]) for layer in chosen)
            self._constraints.append(Constraint(np.array(bits)[None, :], -np.inf, fixed - total))

    def solved(self, price: Floats, limit: float | None) -> Floats | None:
        """The choice of least price within a limit of cost."""
        constraints = list(self._constraints)
        if limit is not None:
            constraints.append(Constraint(self.costs[None, :], -np.inf, limit + 1e-6))
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
