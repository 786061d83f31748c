"""Small models with float layers, and the comparison of what is exported with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fcn_hw.cli.printers.common import console
from fcn_hw.fixed import parse_format
from fcn_hw.flow.agreement import compare_model
from fcn_hw.flow.progress import Progress
from fcn_hw.frontend.proofs import Status, statuses
from fcn_hw.frontend.qkeras import Export, export
from fcn_hw.keras_env import keras_env
from fcn_hw.passes.pipeline import run_passes
from fcn_hw.reference import evaluate

BYTES = parse_format("ufixed<8,0>")
SHAPE = (9, 11, 3)


class Kit:
    """Short names for the layers that the tests use.

    Args:
        shape: (height, width, channels) of the image that models take.
        seed: of their initializers.
    """

    def __init__(self, shape: tuple[int, int, int] = SHAPE, seed: int = 3) -> None:
        self.shape, self.seed = shape, seed
        self.env = keras_env()
        self.q, self.layers = self.env.qkeras, self.env.keras.layers

    def bits(self, width: int = 4, integer: int = 0, **settings: Any) -> Any:
        return self.q.quantized_bits(width, integer, **{"alpha": 1.0, **settings})

    def conv(self, filters: int = 4, kernel: int = 3, **settings: Any) -> Any:
        given = {
            "padding": "same",
            "kernel_quantizer": self.bits(),
            "bias_quantizer": self.bits(8),
            "bias_initializer": "random_normal",
            **settings,
        }
        return self.q.QConv2D(filters, kernel, **given)

    def act(self, width: int = 4, integer: int = 1) -> Any:
        return self.q.QActivation(self.q.quantized_relu(width, integer))

    def quantized(self, quantizer: Any) -> Any:
        return self.q.QActivation(quantizer)

    def norm(self, **settings: Any) -> Any:
        return self.layers.BatchNormalization(**settings)

    def slopes(self, low: float, high: float) -> Any:
        """An initializer of slopes."""
        return self.env.keras.initializers.RandomUniform(low, high, seed=5)

    def model(self, build: Callable[[Any], Any]) -> Any:
        image = self.layers.Input(self.shape, name="image")
        self.env.keras.utils.set_random_seed(self.seed)
        model = self.env.keras.Model(image, build(image))
        randomize(model, np.random.default_rng(1))
        return model


def randomize(model: Any, rng: np.random.Generator) -> None:
    """Statistics and parameters of every normalization; gammas of both signs."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            randomize(layer, rng)
        for norm in (layer, getattr(layer, "batchnorm", None)):
            if norm is None or not hasattr(norm, "moving_variance"):
                continue
            count = norm.moving_mean.shape
            norm.moving_mean.assign(rng.normal(0, 0.3, count))
            norm.moving_variance.assign(rng.uniform(0.02, 0.6, count))
            if norm.gamma is not None:
                norm.gamma.assign(rng.uniform(0.3, 2, count) * rng.choice([-1, 1, 1, 1], count))
            if norm.beta is not None:
                norm.beta.assign(rng.normal(0, 0.5, count))


def check(model: Any, *, passes: bool = True) -> tuple[Export, dict[str, Status]]:
    """Every exact or proved layer equals QKeras, code for code, before and after the passes."""
    exported = export(model, BYTES)
    codes = np.random.default_rng(5).integers(0, 256, (3, *exported.graph.inputs[0].output.shape))
    codes[1], codes[2] = 0, 255
    graph = exported.graph
    for current in (graph, run_passes(graph)) if passes else (graph,):
        found = compare_model(
            current,
            exported.layer_values,
            exported.proofs,
            {"image": codes},
            Progress(console(), True),
        )
        assert found.holds, [row for row in found.layers if row.differ]
        assert all(row.values for row in found.layers)
        values = evaluate(current, {"image": codes})
        assert all(len(np.unique(values[row.op])) > 1 for row in found.layers)
    return exported, statuses(graph, exported.proofs)
