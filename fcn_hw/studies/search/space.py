"""What the search chooses between: the weights and the activation of every layer."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Union

from fcn_hw.design import Design, LayerPrecision, Precision, WeightScale
from fcn_hw.errors import ConfigError
from fcn_hw.flow.stage import digest_of
from fcn_hw.train.design_network import design_topology
from fcn_hw.train.precision import Wish, is_hidden, wishes
from fcn_hw.train.topology import kernel_shape, quantizable

WEIGHTS = (2, 3, 4, 6, 8)
ACTIVATIONS = (2, 3, 4, 6, 8)
SIGNS = {"binary": 1, "ternary": 2}
"""Bits that store a weight of a kind that is named."""

_TRIES = 200
"""Random changes that :meth:`Space.settled` tries before it lists all that is near."""

WeightChoice = Union[int, str]


def stored_bits(weight: WeightChoice) -> int:
    """Bits that store one weight."""
    return SIGNS[weight] if isinstance(weight, str) else weight


@dataclass(frozen=True)
class LayerSpace:
    """What one layer can have; one choice where the design fixes the format.

    Args:
        name: of the layer.
        weights, activations: choices, fewest bits first; empty where the design gives a format.
        size: weights of its kernel.
    """

    name: str
    weights: tuple[WeightChoice, ...]
    activations: tuple[int, ...]
    size: int


@dataclass(frozen=True)
class Configuration:
    """The bits of every layer; a layer that is not named keeps the design's format.

    Args:
        weights: bits, ``"binary"`` or ``"ternary"``, by layer.
        activations: bits, by layer.
    """

    weights: dict[str, WeightChoice]
    activations: dict[str, int]

    @property
    def digest(self) -> str:
        return digest_of(asdict(self))


@dataclass(frozen=True)
class Space:
    """All configurations.

    Args:
        layers: in network order.
        wishes: what the design asks for each of them.
        max_average_bits: that a weight may have, on average over all kernels; or None.
        fits: whether the board has room for a configuration; None: nobody asks.
    """

    layers: tuple[LayerSpace, ...]
    wishes: Mapping[str, Wish]
    max_average_bits: float | None = None
    fits: Callable[[Configuration], bool] | None = None

    @property
    def parameters(self) -> dict[str, tuple[WeightChoice, ...]]:
        """What a trial chooses, by parameter: ``<layer>.weight`` and ``<layer>.activation``."""
        found: dict[str, tuple[WeightChoice, ...]] = {}
        for layer in self.layers:
            if layer.weights:
                found[f"{layer.name}.weight"] = layer.weights
            if layer.activations:
                found[f"{layer.name}.activation"] = layer.activations
        return found

    @property
    def count(self) -> int:
        """Configurations, those beyond ``max_average_bits`` too."""
        total = 1
        for choices in self.parameters.values():
            total *= len(choices)
        return total

    def configuration(self, places: Mapping[str, int]) -> Configuration:
        """Of the places of the choices in :attr:`parameters`."""
        weights, activations = {}, {}
        for layer in self.layers:
            if layer.weights:
                weights[layer.name] = layer.weights[places[f"{layer.name}.weight"]]
            if layer.activations:
                place = places[f"{layer.name}.activation"]
                activations[layer.name] = layer.activations[place]
        return Configuration(weights, activations)

    def places(self, chosen: Configuration) -> dict[str, int]:
        """The inverse of :meth:`configuration`."""
        found = {}
        for layer in self.layers:
            if layer.weights:
                found[f"{layer.name}.weight"] = layer.weights.index(chosen.weights[layer.name])
            if layer.activations:
                place = layer.activations.index(chosen.activations[layer.name])
                found[f"{layer.name}.activation"] = place
        return found

    def as_designed(self) -> Configuration | None:
        """The design's own bits; None where they are not among the choices."""
        weights, activations = {}, {}
        for layer in self.layers:
            wish = self.wishes[layer.name]
            if layer.weights:
                if wish.weight not in layer.weights:
                    return None
                weights[layer.name] = wish.weight
            if layer.activations:
                if wish.activation not in layer.activations:
                    return None
                activations[layer.name] = wish.activation
        return Configuration(weights, activations)  # type: ignore[arg-type]

    def average_bits(self, chosen: Configuration) -> float:
        """Bits of a weight, on average over all kernels."""
        bits = sum(
            layer.size * _weight_bits(chosen.weights.get(layer.name), self.wishes[layer.name])
            for layer in self.layers
        )
        return bits / sum(layer.size for layer in self.layers)

    def allows(self, chosen: Configuration) -> bool:
        """Whether it keeps ``max_average_bits``, and fits the board."""
        return self._is_narrow(chosen) and (self.fits is None or self.fits(chosen))

    def _is_narrow(self, chosen: Configuration) -> bool:
        limit = self.max_average_bits
        return limit is None or self.average_bits(chosen) <= limit + 1e-9

    def wanted(self, chosen: Configuration) -> dict[str, Wish]:
        """What to ask calibration for."""
        return {
            name: Wish(
                chosen.weights.get(name, wish.weight),  # type: ignore[arg-type]
                wish.bias,
                chosen.activations.get(name, wish.activation),
                wish.by_channel,
            )
            for name, wish in self.wishes.items()
        }

    def precision(self, chosen: Configuration, base: Precision) -> Precision:
        """The section ``precision`` of a design that asks for it; layers in network order."""
        layers = {}
        for name, wish in self.wanted(chosen).items():
            own = base.layers.get(name)
            by_channel = wish.by_channel and isinstance(wish.weight, int)
            scale: WeightScale = "channel" if by_channel else "layer"
            layers[name] = LayerPrecision(
                weight=wish.weight,
                weight_scale=None if scale == base.default.weight_scale else scale,
                bias=own.bias if own else None,
                activation=wish.activation,
            )
        others = {name: own for name, own in base.layers.items() if name not in layers}
        return Precision(default=base.default, layers=layers | others)

    def settled(
        self, proposed: Configuration, seen: Collection[str], chance: random.Random
    ) -> Configuration | None:
        """The configuration to evaluate instead of a proposal that is too wide or was there.

        Args:
            seen: digests of the configurations that are taken.

        Returns:
            the proposal where nothing is wrong with it; None where nothing new was found.
        """
        chosen: Configuration | None = self._narrowed(proposed, chance)
        parameters = self.parameters
        for _ in range(_TRIES):
            if chosen is None or chosen.digest not in seen:
                return chosen
            places = self.places(chosen)
            name = chance.choice(sorted(parameters))
            places[name] = chance.randrange(len(parameters[name]))
            chosen = self._narrowed(self.configuration(places), chance)
        return None

    def _narrowed(self, chosen: Configuration, chance: random.Random) -> Configuration | None:
        """Random choices narrower by a step, until all is allowed: of weights while their average
        is too large, of weights and activations while the board has no room."""
        while not self.allows(chosen):
            places = self.places(chosen)
            is_narrow = self._is_narrow(chosen)
            wide = [
                name
                for name, place in places.items()
                if place > 0 and (is_narrow or name.endswith(".weight"))
            ]
            if not wide:
                return None
            places[chance.choice(wide)] -= 1
            chosen = self.configuration(places)
        return chosen


def space_of(
    design: Design,
    *,
    weights: Sequence[WeightChoice] | None = None,
    activations: Sequence[int] | None = None,
    max_average_bits: float | None = None,
) -> Space:
    """The space of a design.

    Args:
        weights: choices for weights: bits, ``"binary"``, ``"ternary"``. None: 2, 3, 4, 6, 8, and
            what the design itself asks for some layer.
        activations: the same for activations.
        max_average_bits: see :class:`Space`.

    Raises:
        ConfigError: a choice that no layer can have, nothing to choose, or a limit that the
            narrowest weights break.
    """
    topology = design_topology(design)
    asked = wishes(design, topology)
    channels = {node.name: node.shape.channels for node in topology}
    if weights is None:
        given = (*WEIGHTS, *(wish.weight for wish in asked.values()))
        weights = tuple({weight for weight in given if isinstance(weight, (int, str))})
    if activations is None:
        used = {wish.activation for wish in asked.values() if isinstance(wish.activation, int)}
        activations = tuple({*ACTIVATIONS, *used})
    _check_choices(weights, activations)
    ordered = tuple(sorted(set(weights), key=lambda w: (stored_bits(w), isinstance(w, int))))
    layers = []
    for node in quantizable(topology):
        wish = asked[node.name]
        least = 1 if is_hidden(node) else 2
        layers.append(
            LayerSpace(
                node.name,
                ordered if isinstance(wish.weight, (int, str)) else (),
                tuple(sorted(bits for bits in set(activations) if bits >= least))
                if isinstance(wish.activation, int)
                else (),
                prod(kernel_shape(node, channels[node.source])),
            )
        )
    space = Space(tuple(layers), asked, max_average_bits)
    _check_space(space)
    return space


def _check_choices(weights: Sequence[WeightChoice], activations: Sequence[int]) -> None:
    for weight in weights:
        if weight not in SIGNS and not (isinstance(weight, int) and 2 <= weight <= 16):
            raise ConfigError(
                f"weights: '{weight}' is no choice",
                hint="give bits from 2 to 16, binary or ternary, for instance 2,4,8,ternary",
            )
    for bits in activations:
        if not 1 <= bits <= 16:
            raise ConfigError(f"activations: {bits} bits", hint="give bits from 1 to 16")
    if not weights or not activations or max(activations) < 2:
        raise ConfigError(
            "nothing to choose: give weights, and activations of 2 bits or more",
            hint="for instance --weights 2,4,8 --activations 2,4,8",
        )


def _check_space(space: Space) -> None:
    if space.count == 1:
        raise ConfigError(
            "nothing to search: every layer has one choice",
            hint="give more --weights or --activations; a format with a fixed binary point in "
            "design.yaml stays as it is",
        )
    if space.max_average_bits is None:
        return
    least = space.average_bits(space.configuration(dict.fromkeys(space.parameters, 0)))
    if least > space.max_average_bits + 1e-9:
        raise ConfigError(
            f"no choice averages at most {space.max_average_bits:g} bits: the narrowest weights "
            f"average {least:.2f}",
            hint="raise --max-average-bits, or give narrower --weights",
        )


def _weight_bits(chosen: WeightChoice | None, wish: Wish) -> int:
    if chosen is not None:
        return stored_bits(chosen)
    weight = wish.weight
    return stored_bits(weight) if isinstance(weight, (int, str)) else weight.bits
