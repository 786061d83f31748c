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
        problems: calls that mean more than their layer says.
    """

    calls: tuple[Call, ...]
    inputs: tuple[tuple[int, str, tuple[int | None, ...]], ...]
    outputs: tuple[int, ...]
    problems: tuple[UnsupportedLayer, ...] = ()

    @property
    def ends(self) -> frozenset[int]:
        """Numbers of the tensors that go out and that no call reads."""
        return frozenset(self.outputs) - {number for call in self.calls for number in call.inputs}


def walk(model: Any) -> Program:
    """The calls of a functional or sequential model.

    Raises:
        UnsupportedLayer: the model, or one in it, is a subclass with code of its own, or was
            never given an input shape.
    """
    unfolding = _Unfolding()
    _check_model(model, model.name)
    inputs = []
    for tensor in flat(model.inputs):
        number = unfolding.new()
        inputs.append((number, tensor.node.layer.name, tuple(tensor.shape[1:])))
    outputs = unfolding.model(model, [number for number, _, _ in inputs], "")
    return Program(tuple(unfolding.calls), tuple(inputs), tuple(outputs), tuple(unfolding.problems))


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
    problems: list[UnsupportedLayer] = field(default_factory=list)
    _count: int = 0
    _paths: dict[str, int] = field(default_factory=dict)

    def new(self) -> int:
        self._count += 1
        return self._count - 1

    def model(self, model: Any, inputs: list[int], prefix: str) -> list[int]:
        """Unfolds a model that reads the tensors ``inputs``; returns those that it gives."""
        _check_model(model, prefix.rstrip("/") or model.name)
        found = dict(zip((id(t) for t in flat(model.inputs)), inputs, strict=True))
        for node in _nodes(model):
            tensors = flat(node.output_tensors)
            if all(id(tensor) in found for tensor in tensors):
                continue  # an input layer
            sources = [found[id(tensor)] for tensor in flat(node.keras_inputs)]
            path = self._path(f"{prefix}{node.layer.name}")
            self.problems += _call_problems(path, node)
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


def _check_model(model: Any, name: str) -> None:
    if not hasattr(model, "_nodes_by_depth") and type(model).__name__ != "Sequential":
        raise UnsupportedLayer(
            name,
            f"{type(model).__name__} is no functional or sequential model",
            hint="build it of layers by keras.Model(inputs, outputs) or keras.Sequential",
        )
    if not getattr(model, "inputs", None):
        raise UnsupportedLayer(
            name, "the model has no input shape", hint="begin it with keras.layers.Input(shape)"
        )


def _call_problems(path: str, node: Any) -> Iterator[UnsupportedLayer]:
    """What a layer is called with besides tensors of the model, which would be lost."""
    tensors = {id(tensor) for tensor in flat(node.keras_inputs)}
    if any(id(item) not in tensors for item in flat(list(node.call_args)) if item is not None):
        yield UnsupportedLayer(
            path, "it is called with a constant", hint="give constants as weights of a layer"
        )
    for key, value in node.call_kwargs.items():
        if any(id(item) not in tensors and item is not None and item is not False
               for item in flat(value)):  # fmt: skip
            yield UnsupportedLayer(
                path,
                f"it is called with {key}={str(value)[:40]}",
                hint=f"leave {key} out of the call",
            )


def _nodes(model: Any) -> Iterator[Any]:
    for depth in sorted(model._nodes_by_depth, reverse=True):
        yield from model._nodes_by_depth[depth]


def _is_model(layer: Any) -> bool:
    """Whether a layer is itself a model (Keras 2: ``layers`` and nodes, or a subclass of Model)."""
    return any(cls.__name__ == "Model" and "keras" in cls.__module__ for cls in type(layer).__mro__)
