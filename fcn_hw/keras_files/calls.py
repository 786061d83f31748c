"""The layer calls of a model's configuration, in order, nested models unfolded.

Configurations of Keras 2 and Keras 3 are read as data: no class and no function that they name is
looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fcn_hw.errors import UnsupportedLayer

MAX_DEPTH = 20
"""Models within models."""

MODELS = frozenset({"Functional", "Model", "Sequential"})

_MODULE = re.compile(r"(tf_)?keras(\.[A-Za-z_0-9.]+)?")
_PLAIN = (bool, type(None))

Reference = tuple[str, int]
"""A layer and the number of its output."""


@dataclass(frozen=True)
class LayerCall:
    """One layer that reads tensors and gives one.

    Args:
        path: its name, behind those of the models that hold it, with ``/`` between.
        kind: its class.
        settings: its configuration.
        inputs: numbers of the tensors that it reads.
        output: number of the tensor that it gives.
        constants: numbers that it is called with beside the tensors.
    """

    path: str
    kind: str
    settings: Mapping[str, Any]
    inputs: tuple[int, ...]
    output: int
    constants: tuple[float, ...] = ()


@dataclass
class Calls:
    """What a configuration describes.

    Args:
        calls: in an order in which each tensor is given before it is read.
        inputs: the input layers; each one's path and output.
        outputs: the layers that give the model's outputs, and numbers of these tensors.
        problems: why layers can't be taken; no call gives their tensors.
    """

    calls: list[LayerCall] = field(default_factory=list)
    inputs: list[LayerCall] = field(default_factory=list)
    outputs: list[tuple[str, int]] = field(default_factory=list)
    problems: list[UnsupportedLayer] = field(default_factory=list)
    tensors: int = 0

    def needed(self, tensor: int) -> list[LayerCall]:
        """The calls that a tensor needs; all of them where a layer that can't be taken gives one,
        since nobody knows what that layer needs."""
        if self.problems:
            return self.calls
        needed, kept = {tensor}, []
        for call in reversed(self.calls):
            if call.output in needed:
                needed.update(call.inputs)
                kept.append(call)
        return kept[::-1]

    def tensor(self) -> int:
        """A new number."""
        self.tensors += 1
        return self.tensors


class MalformedConfig(Exception):
    """A configuration that no Keras writes; the text says where."""


def read_calls(config: Any) -> Calls:
    """The calls of a model.

    Raises:
        MalformedConfig: the configuration is none of Keras 2 or 3.
    """
    found = Calls()
    found.outputs = _model(found, config, "", None, 0)
    return found


def _model(
    found: Calls, entry: Any, prefix: str, given: list[int] | None, depth: int
) -> list[tuple[str, int]]:
    """Unfolds a model; the layers and numbers of its outputs.

    Args:
        given: numbers of the tensors that it reads; None: it is the whole model.
    """
    if depth > MAX_DEPTH:
        raise MalformedConfig(f"models are nested more than {MAX_DEPTH} deep")
    config = entry.get("config")
    # very old files hold the list of a Sequential by itself
    layers = config if isinstance(config, list) else _of(config, "layers", list)
    for layer in layers:
        _of(layer, "class_name", str)
        _of(layer, "config", dict)
    if entry.get("class_name") == "Sequential":
        return _sequence(found, config, layers, prefix, given, depth)
    return _graph(found, config, layers, prefix, given, depth)


def _sequence(
    found: Calls, config: Any, layers: list[Any], prefix: str, given: list[int] | None, depth: int
) -> list[tuple[str, int]]:
    tensors, name = given, prefix.rstrip("/")
    for layer in layers:
        name = prefix + _name(layer)
        if layer["class_name"] == "InputLayer":
            tensors = tensors or [_input(found, layer, prefix)]
            continue
        if tensors is None:
            shape = layer["config"].get("batch_input_shape")
            if shape is None and isinstance(config, dict):
                shape = config.get("build_input_shape")
            settings = {"name": "image", "batch_shape": shape}
            tensors = [_input(found, {"class_name": "InputLayer", "config": settings}, prefix)]
        tensors = [number for _, number in _layer(found, layer, prefix, tensors, (), depth)]
    if tensors is None:
        raise MalformedConfig("a Sequential holds no layer")
    return [(name, number) for number in tensors]


def _graph(
    found: Calls, config: Any, layers: list[Any], prefix: str, given: list[int] | None, depth: int
) -> list[tuple[str, int]]:
    known: dict[Reference, int] = {}
    if given is not None:
        inputs = _references(config.get("input_layers"))
        if len(inputs) != len(given):
            raise MalformedConfig(f"'{prefix}' reads {len(given)} tensors, not {len(inputs)}")
        known |= dict(zip(inputs, given, strict=True))
    left = list(layers)
    while left:
        waiting = []
        for layer in left:
            reads, constants = _reads(layer)
            if layer["class_name"] == "InputLayer":
                if (_name(layer), 0) not in known:
                    known[_name(layer), 0] = _input(found, layer, prefix)
            elif all(reference in known for reference in reads):
                tensors = [known[reference] for reference in reads]
                outputs = _layer(found, layer, prefix, tensors, constants, depth)
                for number, (_, tensor) in enumerate(outputs):
                    known[_name(layer), number] = tensor
            else:
                waiting.append(layer)
        if len(waiting) == len(left):
            raise MalformedConfig(
                f"layer '{prefix}{_name(left[0])}' reads a tensor that no layer gives"
            )
        left = waiting
    outputs = _references(config.get("output_layers"))
    for reference in outputs:
        if reference not in known:
            raise MalformedConfig(f"no layer gives output '{reference[0]}'")
    return [(prefix + reference[0], known[reference]) for reference in outputs]


def _input(found: Calls, layer: Any, prefix: str) -> int:
    call = LayerCall(prefix + _name(layer), "InputLayer", layer["config"], (), found.tensor())
    found.inputs.append(call)
    return call.output


def _layer(
    found: Calls, layer: Any, prefix: str, tensors: list[int], constants: tuple[float, ...],
    depth: int,
) -> list[tuple[str, int]]:  # fmt: skip
    path, kind = prefix + _name(layer), layer["class_name"]
    nodes = layer.get("inbound_nodes") or ()
    problem = _problem(path, kind, layer)
    if problem is None and len(nodes) > 1:
        problem = UnsupportedLayer(
            path, f"it is called {len(nodes)} times, with the same weights",
            hint="give each call a layer of its own, with a copy of the weights",
        )  # fmt: skip
    if problem is not None:
        found.problems.append(problem)
        return [(path, found.tensor())]
    if kind in MODELS:
        return _model(found, layer, f"{path}/", tensors, depth + 1)
    call = LayerCall(path, kind, layer["config"], tuple(tensors), found.tensor(), constants)
    found.calls.append(call)
    return [(path, call.output)]


def _problem(path: str, kind: str, layer: Any) -> UnsupportedLayer | None:
    """Why nothing may be read into what a class is called: it is the file's own."""
    module, registered = layer.get("module"), layer.get("registered_name")
    own = (isinstance(module, str) and not _MODULE.fullmatch(module)) or ">" in str(registered)
    if not own and ">" not in kind:
        return None
    return UnsupportedLayer(
        path,
        f"class '{str(kind)[:60]}' is a custom object of the model's author",
        hint="build the layer of those of Keras; no code and no class of a file is run",
    )


def _name(layer: Any) -> str:
    return str(_of(layer["config"], "name", str))


def _of(item: Any, key: str, kind: type) -> Any:
    if not isinstance(item, dict) or not isinstance(item.get(key), kind):
        raise MalformedConfig(f"an entry has no {key}")
    return item[key]


def _references(item: Any) -> list[Reference]:
    """Of ``input_layers`` and ``output_layers``: one triple, a list or a dictionary of them."""
    items = list(item.values()) if isinstance(item, dict) else item
    if not isinstance(items, list):
        raise MalformedConfig("its inputs or outputs are no list")
    if _is_reference(items):
        items = [items]
    if not all(_is_reference(one) for one in items):
        raise MalformedConfig("its inputs or outputs are no list of tensors")
    return [(one[0], one[2]) for one in items]


def _is_reference(item: Any) -> bool:
    return (
        isinstance(item, list)
        and len(item) >= 3
        and isinstance(item[0], str)
        and all(type(number) is int for number in item[1:3])
    )


def _reads(layer: Any) -> tuple[list[Reference], tuple[float, ...]]:
    """The tensors that a layer reads, and the numbers that it is called with.

    The number of the call (the second of a triple) tells calls of one layer apart; layers that are
    called twice are refused, so it is left out.
    """
    references: list[Reference] = []
    constants: list[float] = []
    for node in layer.get("inbound_nodes") or ():
        for item in _leaves(node):
            if isinstance(item, tuple):
                references.append(item)
            else:
                constants.append(item)
        break
    return references, tuple(constants)


def _leaves(item: Any) -> Iterator[Reference | float]:
    if _is_reference(item):
        yield item[0], item[2]
        for more in item[3:]:
            yield from _leaves(more)
    elif isinstance(item, list):
        for one in item:
            yield from _leaves(one)
    elif isinstance(item, dict) and item.get("class_name") == "__keras_tensor__":
        config = item.get("config")
        history: Any = config.get("keras_history") if isinstance(config, dict) else None
        if not _is_reference(history):
            raise MalformedConfig("a tensor has no history")
        yield history[0], history[2]
    elif isinstance(item, dict):
        for key, one in item.items():
            if key not in ("training", "mask", "name"):
                yield from _leaves(one)
    elif isinstance(item, (int, float)) and not isinstance(item, _PLAIN):
        yield float(item)
    elif item is not None and not isinstance(item, _PLAIN):
        raise MalformedConfig(f"a layer is called with '{str(item)[:40]}'")
