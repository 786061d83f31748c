"""ONNX files, which are not trusted: read as data, vetted, and never given to anything whole.

Weights may lie in files beside the model, in its folder or below it; no other file is opened.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fcn_hw.errors import ConfigError, FcnHwError, UnsupportedLayer
from fcn_hw.frontend.qonnx.environment import qonnx_env
from fcn_hw.frontend.qonnx.program import Array, Node, Program, as_array
from fcn_hw.frontend.qonnx.run import QONNX

MAX_FILE_BYTES = 1 << 30
MAX_NODES = 10_000
MAX_VALUES = 1 << 26
"""Values of all weights together."""

OPSETS = (9, 21)
"""Of ONNX's own operators: the first and the last that are read."""

QONNX_DOMAINS = frozenset({QONNX, "onnx.brevitas", "finn.custom_op.general"})
"""Where Quant and its kind were, and are."""

_SAVE = "export it again: brevitas.export.export_qonnx(model, args, 'net.onnx')"
_TYPES = "FLOAT DOUBLE INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 BOOL".split()


def read_program(path: Path) -> Program:
    """Reads and vets an ONNX file.

    Raises:
        ConfigError: missing, damaged, too large, of another version, or with data outside its
            folder; a package is missing.
        UnsupportedLayer: nodes that hold graphs or functions of the file's own; with every one.
    """
    data = _bytes_of(path)
    onnx = qonnx_env().onnx
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
        return _Reader(path, model).program()
    except FcnHwError:
        raise
    except RecursionError as error:
        raise ConfigError(f"{path}: it is nested too deeply", hint=_SAVE) from error
    except Exception as error:  # protobuf and numpy raise whatever they like
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ConfigError(f"{path}: is no ONNX file ({lines[0][:200]})", hint=_SAVE) from error


def _bytes_of(path: Path) -> bytes:
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder, not a model file", hint=_SAVE)
    if not path.exists():
        raise ConfigError(f"{path}: there is no such model file", hint="export or copy it first")
    if not path.is_file():
        raise ConfigError(f"{path}: is no regular file", hint=_SAVE)
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: more than {MAX_FILE_BYTES >> 30} GiB")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: can't be read ({error.strerror})", hint="check who may read it"
        ) from error
    if not data:
        raise ConfigError(f"{path}: is empty", hint=_SAVE)
    return data


class _Reader:
    def __init__(self, path: Path, model: Any) -> None:
        self._path, self._model, self._graph = path, model, model.graph
        self._onnx = qonnx_env().onnx
        self._values = 0

    def program(self) -> Program:
        self._check_model()
        versions = self._versions()
        constants = self._initializers()
        nodes, problems = [], []
        names = Counter(node.name for node in self._graph.node)
        names += Counter(name for node in self._graph.node for name in node.output)
        for proto in self._graph.node:
            try:
                nodes.append(self._node(proto, versions, names))
            except UnsupportedLayer as problem:
                problems.append(problem)
        if problems:
            raise UnsupportedLayer.together(problems)
        inputs = tuple(
            self._input(info) for info in self._graph.input if info.name not in constants
        )
        if not inputs:
            raise self._error("nothing comes into its graph")
        outputs = tuple(info.name for info in self._graph.output)
        if not outputs or len(set(outputs)) < len(outputs):
            raise self._error("its graph gives nothing, or one tensor twice")
        ordered = self._in_order(nodes, {name for name, _ in inputs} | set(constants), outputs)
        return Program(inputs, outputs, constants, ordered)

    def _error(self, what: str, hint: str = _SAVE) -> ConfigError:
        return ConfigError(f"{self._path}: {what}", hint=hint)

    def _check_model(self) -> None:
        if not self._model.opset_import or not self._graph.node:
            raise self._error("is no ONNX file (it holds no graph)")
        if self._model.functions:
            raise self._error("it defines functions of its own", "inline them, or export it again")
        if self._graph.sparse_initializer:
            raise self._error("it has sparse weights", "export dense ones")
        graph = self._graph
        tensors = (*graph.input, *graph.output, *graph.initializer)
        names = [item.name for item in tensors]
        for node in self._graph.node:
            names += [node.name, node.op_type, node.domain, *node.input, *node.output]
            names += [item.name for item in node.attribute]
        if not all(isinstance(name, str) for name in names):  # protobuf gives bytes then
            raise self._error("one of its names is no text")
        if len(self._graph.node) > MAX_NODES:
            raise self._error(f"more than {MAX_NODES:,} nodes", "split the network")

    def _versions(self) -> dict[str, int]:
        versions = {_domain(entry.domain): entry.version for entry in self._model.opset_import}
        version, (first, last) = versions.get("", 0), OPSETS
        if not first <= version <= last:
            raise self._error(
                f"opset {version}; {first} to {last} are read",
                "give opset_version=17 to the export, or convert it by onnx.version_converter",
            )
        return versions

    # -- tensors -----------------------------------------------------------------------------------

    def _input(self, info: Any) -> tuple[str, tuple[int | None, ...]]:
        kind = info.type.tensor_type
        if info.type.WhichOneof("value") != "tensor_type" or kind.elem_type != 1:
            raise self._error(
                f"input '{info.name}' is no tensor of float32", "let float32 images come in"
            )
        return info.name, tuple(
            dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None
            for dim in kind.shape.dim
        )

    def _initializers(self) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for tensor in self._graph.initializer:
            if tensor.name in found:
                raise self._error(f"it has two tensors '{tensor.name}'")
            found[tensor.name] = self._array(tensor, f"tensor '{tensor.name}'")
        return found

    def _array(self, tensor: Any, what: str) -> Array:
        kind = self._onnx.TensorProto.DataType.Name(tensor.data_type)
        if kind not in _TYPES:
            raise self._error(f"{what} is of type {kind}", "export it in float32")
        if any(size < 0 for size in tensor.dims):
            raise self._error(f"{what} has a negative size")
        self._values += math.prod(tensor.dims)
        if self._values > MAX_VALUES:
            raise self._error(
                f"its weights are more than {MAX_VALUES:,} values",
                "use fewer filters: no board here holds so many",
            )
        if tensor.data_location == self._onnx.TensorProto.EXTERNAL:
            return self._external(tensor, what)
        try:
            return as_array(self._onnx.numpy_helper.to_array(tensor))
        except Exception as error:  # numpy's, of whatever class
            raise self._error(f"{what} holds other data than its shape says") from error

    def _external(self, tensor: Any, what: str) -> Array:
        settings = {entry.key: entry.value for entry in tensor.external_data}
        location = settings.get("location", "")
        folder = self._path.resolve().parent
        file = (folder / location).resolve()
        if not location or "\0" in location or not file.is_relative_to(folder):
            raise self._error(
                f"{what} lies outside of the model's folder", "keep the data beside the model"
            )
        if not file.is_file():
            raise self._error(f"{what} is in {location}, which is not there", "copy it too")
        dtype = np.dtype(self._onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
        length = dtype.itemsize * math.prod(tensor.dims)
        first = int(settings.get("offset", "0"))
        if first < 0 or first + length > file.stat().st_size:
            raise self._error(f"{what} goes beyond the end of {location}", "copy it again")
        with file.open("rb") as stream:
            stream.seek(first)
            data = stream.read(length)
        return as_array(np.frombuffer(data, dtype.newbyteorder("<")).reshape(tuple(tensor.dims)))

    # -- nodes -------------------------------------------------------------------------------------

    def _node(self, proto: Any, versions: Mapping[str, int], names: Mapping[str, int]) -> Node:
        if not proto.output or not proto.output[0]:
            raise self._error(f"node '{proto.name}' gives nothing")
        own = 1 + (proto.name == proto.output[0])  # a name that no other node or tensor has
        path = proto.name if names[proto.name] == own else proto.output[0]
        domain = _domain(proto.domain)
        if domain not in versions and domain != QONNX:  # older files of Brevitas leave it out
            raise self._error(f"no opset of domain '{domain}', which node '{path}' is of")
        attributes = {item.name: self._attribute(item, path) for item in proto.attribute}
        return Node(
            path, proto.op_type, domain, tuple(proto.input), tuple(proto.output), attributes,
            versions.get(domain, 1),
        )  # fmt: skip

    def _attribute(self, item: Any, path: str) -> Any:
        kinds = self._onnx.AttributeProto
        read: dict[int, Callable[[], Any]] = {
            kinds.FLOAT: lambda: item.f,
            kinds.INT: lambda: item.i,
            kinds.STRING: lambda: str(item.s, "utf-8"),
            kinds.TENSOR: lambda: self._array(item.t, f"attribute '{item.name}' of '{path}'"),
            kinds.FLOATS: lambda: list(item.floats),
            kinds.INTS: lambda: list(item.ints),
            kinds.STRINGS: lambda: [str(text, "utf-8") for text in item.strings],
        }
        if item.type not in read or item.ref_attr_name:
            raise UnsupportedLayer(
                path,
                f"its attribute '{item.name}' is no number, text or tensor",
                hint="networks of a fixed order of nodes are read: no If, Loop or Scan",
            )
        return read[item.type]()

    def _in_order(
        self, nodes: list[Node], given: set[str], outputs: tuple[str, ...]
    ) -> tuple[Node, ...]:
        """Nodes behind those that they read; nodes that nothing reads are left out."""
        makers: dict[str, Node] = {}
        for node in nodes:
            for name in filter(None, node.outputs):
                if name in makers or name in given:
                    raise self._error(f"it has two tensors '{name}'")
                makers[name] = node
        ordered: dict[str, Node] = {}
        for output in outputs:
            if output not in makers and output not in given:
                raise self._error(f"nothing gives its output '{output}'")
            if output in makers:
                self._visit(makers[output], makers, given, ordered)
        return tuple(ordered.values())

    def _visit(
        self, last: Node, makers: dict[str, Node], given: set[str], ordered: dict[str, Node]
    ) -> None:
        """Depth first, without recursion: networks may be deeper than Python's stack."""
        open_: dict[str, Iterator[str]] = {last.output: iter(last.inputs)}
        nodes = {last.output: last}
        while open_:
            current = next(reversed(open_))
            for name in open_[current]:
                if not name or name in given:
                    continue
                source = makers.get(name)
                if source is None:
                    path = nodes[current].path
                    raise self._error(f"node '{path}' reads '{name}', which nothing gives")
                if source.output in open_:
                    raise self._error(f"node '{nodes[current].path}' is one of a circle of nodes")
                if source.output not in ordered:
                    open_[source.output], nodes[source.output] = iter(source.inputs), source
                    break
            else:
                ordered[current] = nodes[current]
                del open_[current]


def _domain(text: str) -> str:
    if text in QONNX_DOMAINS:
        return QONNX
    return "" if text == "ai.onnx" else text
