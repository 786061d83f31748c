"""A Keras model as a list of layer calls, nested models unfolded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fcn_hw.errors import UnsupportedLayer


@dataclass(frozen=True, eq=False)
class Call:
    """One call of one layer.

    Args:
        path: unique: the layer's name, behind the names of the models that hold it; a further call
            of a shared layer has its number, ``"name:2"``.
        layer: the Keras layer.
        inputs, outputs: numbers of the tensors.
        shape: of the output, without the batch: (height, width, channels) for an image.
    """

    path: str
    layer: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    shape: tuple[int | None, ...]

    @property
    def kind(self) -> str:
        return type(self.layer).__name__


@dataclass(frozen=True, eq=False)
class Program:
    """The calls in an order in which each comes after those that it reads.

    Args:
        inputs: numbers of the tensors that come in, each with its name and shape.
        outputs: numbers of the tensors that go out.
    """

    calls: tuple[Call, ...]
    inputs: tuple[tuple[int, str, tuple[int | None, ...]], ...]
    outputs: tuple[int, ...]


def walk(model: Any) -> Program:
    """The calls of a functional or sequential model.

    Raises:
        UnsupportedLayer: the model, or one in it, is a subclass with code of its own.
    """
    unfolding = _Unfolding()
    inputs = []
    for tensor in flat(model.inputs):
        number = unfolding.new()
        inputs.append((number, tensor.node.layer.name, tuple(tensor.shape[1:])))
    outputs = unfolding.model(model, [number for number, _, _ in inputs], "")
    return Program(tuple(unfolding.calls), tuple(inputs), tuple(outputs))


def flat(item: Any) -> list[Any]:
    """The tensors of a nested structure of lists and dictionaries."""
    if isinstance(item, Mapping):
        return [tensor for value in item.values() for tensor in flat(value)]
    if isinstance(item, (list, tuple)):
        return [tensor for value in item for tensor in flat(value)]
    return [item]


@dataclass
class _Unfolding:
    calls: list[Call] = field(default_factory=list)
    _count: int = 0
    _paths: dict[str, int] = field(default_factory=dict)

    def new(self) -> int:
        self._count += 1
        return self._count - 1

    def model(self, model: Any, inputs: list[int], prefix: str) -> list[int]:
        """Unfolds a model that reads the tensors ``inputs``; returns those that it gives."""
        if not hasattr(model, "_nodes_by_depth"):
            raise UnsupportedLayer(
                prefix.rstrip("/") or model.name,
                f"{type(model).__name__} is no functional or sequential model",
                hint="build it of layers by keras.Model(inputs, outputs) or keras.Sequential",
            )
        found = dict(zip((id(t) for t in flat(model.inputs)), inputs, strict=True))
        for node in _nodes(model):
            tensors = flat(node.output_tensors)
            if all(id(tensor) in found for tensor in tensors):
                continue  # an input layer
            sources = [found[id(tensor)] for tensor in flat(node.keras_inputs)]
            path = self._path(f"{prefix}{node.layer.name}")
            if _is_model(node.layer):
                numbers = self.model(node.layer, sources, f"{path}/")
            else:
                numbers = [self.new() for _ in tensors]
                shape = tuple(getattr(tensors[0], "shape", ())[1:])
                self.calls.append(Call(path, node.layer, tuple(sources), tuple(numbers), shape))
            found.update(zip((id(tensor) for tensor in tensors), numbers, strict=True))
        return [found[id(tensor)] for tensor in flat(model.outputs)]

    def _path(self, path: str) -> str:
        self._paths[path] = self._paths.get(path, 0) + 1
        number = self._paths[path]
        return path if number == 1 else f"{path}:{number}"


def _nodes(model: Any) -> Iterator[Any]:
    for depth in sorted(model._nodes_by_depth, reverse=True):
        yield from model._nodes_by_depth[depth]


def _is_model(layer: Any) -> bool:
    """Whether a layer is itself a model (Keras 2: ``layers`` and nodes, or a subclass of Model)."""
    return any(cls.__name__ == "Model" and "keras" in cls.__module__ for cls in type(layer).__mro__)
