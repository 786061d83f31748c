"""What the float network makes of each choice: its format, and the loss that it alone costs.

Both follow from the float network and its training images; they are computed once and kept, so a
worker and a resumed search start without that work.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic.dataclasses import dataclass

from fcn_hw.fixed import parse_format
from fcn_hw.flow.progress import Progress
from fcn_hw.results import STRICT, result_data, result_from
from fcn_hw.studies.kept import keep, kept
from fcn_hw.studies.search.space import Configuration, Space, WeightChoice
from fcn_hw.train.precision import LayerFormats, PrecisionTable, parse_weight_quantizer
from fcn_hw.train.study import Study


@dataclass(frozen=True, config=STRICT)
class ChoiceFormats:
    """Formats and losses, by layer and choice.

    Args:
        base: formats of the design as it stands.
        weights, activations: formats as text, by layer and by choice as text.
        weight_loss, activation_loss: increase of the loss, nothing retrained, likewise.
    """

    base: PrecisionTable
    weights: Mapping[str, Mapping[str, str]]
    activations: Mapping[str, Mapping[str, str]]
    weight_loss: Mapping[str, Mapping[str, float]]
    activation_loss: Mapping[str, Mapping[str, float]]

    def table(self, chosen: Configuration) -> PrecisionTable:
        """The formats of a configuration; equal to :meth:`Study.table` of what it asks for."""
        layers = {}
        for name, base in self.base.layers.items():
            weight, activation = base.weight, base.activation
            if name in chosen.weights:
                weight = parse_weight_quantizer(self.weights[name][str(chosen.weights[name])])
            if name in chosen.activations:
                activation = parse_format(self.activations[name][str(chosen.activations[name])])
            layers[name] = LayerFormats(weight, base.bias, activation)
        return PrecisionTable({**layers, **self.base.others})


def stored_formats(path: Path, digest: str) -> ChoiceFormats | None:
    """The formats that are kept, if they are of this digest."""
    found = kept(path, digest)
    return None if found is None else result_from(found, ChoiceFormats)


def make_formats(
    study: Study, space: Space, path: Path, digest: str, progress: Progress
) -> ChoiceFormats:
    """Computes the formats and the losses, and keeps them.

    Args:
        path: where.
        digest: of float network, training images and choices.
    """
    from fcn_hw.train.loss_increase import LossProbe

    base = study.table(space.wishes)
    weights: dict[str, dict[str, str]] = {layer.name: {} for layer in space.layers}
    activations: dict[str, dict[str, str]] = {layer.name: {} for layer in space.layers}
    rounds = max(len(values) for values in space.parameters.values())
    for place in progress.over(range(rounds), "formats"):
        chosen = space.configuration(
            {name: min(place, len(values) - 1) for name, values in space.parameters.items()}
        )
        for name, formats in study.table(space.wanted(chosen)).layers.items():
            if name in chosen.weights:
                weights[name][str(chosen.weights[name])] = str(formats.weight)
            if name in chosen.activations:
                activations[name][str(chosen.activations[name])] = str(formats.activation)
    probe = LossProbe(study)
    jobs: list[tuple[str, bool, str, str]] = []
    for is_weight, found in ((True, weights), (False, activations)):
        for name, choices in found.items():
            jobs += [(name, is_weight, choice, text) for choice, text in choices.items()]
    weight_loss: dict[str, dict[str, float]] = {name: {} for name in weights}
    activation_loss: dict[str, dict[str, float]] = {name: {} for name in activations}
    for name, is_weight, choice, text in progress.over(jobs, "loss of each choice alone"):
        if is_weight:
            weight_loss[name][choice] = probe.of_weights(name, parse_weight_quantizer(text))
        else:
            activation_loss[name][choice] = probe.of_activation(name, parse_format(text))
    made = ChoiceFormats(base, weights, activations, weight_loss, activation_loss)
    keep(path, digest, result_data(made))
    return made


def sensitivities(losses: Mapping[str, float], choices: tuple[WeightChoice, ...]) -> list[float]:
    """Losses of the choices, fewest bits first: not below 0, and never rising with more bits.

    What is measured on a few images falls below 0 by chance, or rises with a bit more; the integer
    program would take such an accident for a gain.
    """
    found = [max(losses[str(choice)], 0.0) for choice in choices]
    for place in range(len(found) - 2, -1, -1):
        found[place] = max(found[place], found[place + 1])
    return found
