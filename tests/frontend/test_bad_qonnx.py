"""An ONNX file is untrusted: one clear line, nothing executed, no other file opened or written."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from qonnx_models import Net

from fcn_hw.errors import FcnHwError
from fcn_hw.fixed import parse_format
from fcn_hw.frontend.qonnx import onnx_file
from fcn_hw.frontend.qonnx.environment import qonnx_env
from fcn_hw.frontend.source import export_file

MAX_SECONDS = 5.0

Make = Callable[[Path], "Any"]
"""Folder of the file to bytes, or to a model."""


def good(**settings: Any) -> Any:
    """A network that is taken; cases break it."""
    net = Net(shape=(2, 4, 4), powers=True, **settings)
    x = net.quant(net.conv(net.quant("image", 8, 1 / 256), 2, 2), 4, 0.25)
    return net.model(net.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2]))


def broken(change: Callable[[Any], Any]) -> Make:
    """The good network, changed in place or to what ``change`` returns."""

    def make(folder: Path) -> Any:
        model = good()
        return change(model) or model

    return make


def node_of(model: Any, kind: str) -> Any:
    return next(node for node in model.graph.node if node.op_type == kind)


def set_input(kind: str, position: int, values: Any, dtype: Any = np.float32) -> Make:
    """The good network with another constant."""

    def change(model: Any) -> None:
        tensor = numpy_helper.from_array(np.asarray(values, dtype), "changed")
        model.graph.initializer.append(tensor)
        node_of(model, kind).input[position] = "changed"

    return broken(change)


def set_attributes(kind: str, **attributes: Any) -> Make:
    def change(model: Any) -> None:
        node = node_of(model, kind)
        kept = [item for item in node.attribute if item.name not in attributes]
        del node.attribute[:]
        node.attribute.extend(kept)
        node.attribute.extend(helper.make_attribute(k, v) for k, v in attributes.items())

    return broken(change)


def with_initializer(change: Callable[[Any], None]) -> Make:
    return broken(lambda model: change(model.graph.initializer[0]))


def external(location: str, **more: str) -> Make:
    """Weights of the good network in another file."""

    def make(folder: Path) -> Any:
        (folder.parent / "secret.bin").write_bytes(b"s" * 4096)
        (folder / "short.bin").write_bytes(b"s" * 8)
        (folder / "link.bin").symlink_to(folder.parent / "secret.bin")
        model = good()
        (tensor,) = (item for item in model.graph.initializer if item.dims == [2, 2, 3, 3])
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, **more}.items():
            tensor.external_data.add(key=key, value=value)
        return model

    return make


def append(*nodes: Any) -> Make:
    """The good network with nodes behind it; the last one's output goes out."""

    def change(model: Any) -> None:
        model.graph.node.extend(nodes)
        model.graph.output[0].name = nodes[-1].output[0]

    return broken(change)


def after(kind: str, *, domain: str = "", inputs: tuple[str, ...] = (), **attributes: Any) -> Make:
    """A node behind the good network."""
    node = helper.make_node(
        kind, ["maxpool_1_out", *inputs], ["end_out"], name="end", domain=domain, **attributes
    )
    return append(node)


def cycle(model: Any) -> None:
    node_of(model, "Conv").input[0] = model.graph.output[0].name


def huge_weights(tensor: Any) -> None:
    del tensor.dims[:]
    tensor.dims.extend([1 << 20, 1 << 20, 1 << 20])


def negative(tensor: Any) -> None:
    del tensor.dims[:]
    tensor.dims.extend([-1, 4])


def other_size(tensor: Any) -> None:
    del tensor.dims[:]
    tensor.dims.extend([7])


def nothing_in(model: Any) -> None:
    del model.graph.input[:]
    model.graph.initializer.append(
        numpy_helper.from_array(np.zeros((1, 2, 4, 4), np.float32), "image")
    )


def graph_attribute(model: Any) -> None:
    inner = helper.make_graph([], "inner", [], [])
    node_of(model, "MaxPool").attribute.append(helper.make_attribute("body", inner))


def function(model: Any) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    model.functions.append(
        helper.make_function("own", "F", ["x"], ["y"], [node], [helper.make_opsetid("", 13)])
    )


def twice(model: Any) -> None:
    model.graph.node.append(model.graph.node[-1])


def missing(model: Any) -> None:
    node_of(model, "MaxPool").input[0] = "nowhere"


def input_shape(*sizes: Any) -> Make:
    def change(model: Any) -> None:
        del model.graph.input[0].type.tensor_type.shape.dim[:]
        for size in sizes:
            dim = model.graph.input[0].type.tensor_type.shape.dim.add()
            if isinstance(size, int):
                dim.dim_value = size
            else:
                dim.dim_param = size

    return broken(change)


def doubled(folder: Path) -> Any:
    """Constants that double thirty times."""
    model = good()
    name = "start"
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(1 << 10, np.float32), name))
    for n in range(30):
        model.graph.node.append(helper.make_node("Concat", [name, name], [f"d{n}"], axis=0))
        name = f"d{n}"
    model.graph.node.append(helper.make_node("Add", ["maxpool_1_out", name], ["end_out"]))
    model.graph.output[0].name = "end_out"
    return model


def deep(folder: Path) -> bytes:
    """A message in a message, ten thousand times: GraphProto in AttributeProto in NodeProto."""
    data = b""
    for _ in range(10_000):
        for field in (6, 5, 1):  # attribute g, node attribute, graph node
            data = bytes([field << 3 | 2]) + _varint(len(data)) + data
    return bytes([7 << 3 | 2]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def no_opset(model: Any) -> None:
    del model.opset_import[:]


def opset(version: int) -> Make:
    def change(model: Any) -> None:
        model.opset_import[0].version = version

    return broken(change)


def name_of_bytes(folder: Path) -> bytes:
    return good().SerializeToString().replace(b"maxpool_1_out", b"maxpool_\xff_out")


def half(folder: Path) -> bytes:
    data = good().SerializeToString()
    return data[: len(data) // 2]


def sparse(model: Any) -> None:
    model.graph.sparse_initializer.add()


def input_type(model: Any) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8


def output_missing(model: Any) -> None:
    model.graph.output[0].name = "nowhere"


def output_constant(model: Any) -> None:
    model.graph.output[0].name = model.graph.initializer[0].name


def without_output(model: Any) -> None:
    del model.graph.output[:]


def no_input_of_conv(model: Any) -> None:
    del node_of(model, "Conv").input[:]


def string_tensor(tensor: Any) -> None:
    tensor.CopyFrom(helper.make_tensor(tensor.name, TensorProto.STRING, [1], [b"x"]))


def half_floats(tensor: Any) -> None:
    array = numpy_helper.to_array(tensor).astype(np.float16)
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


NO_FILE = "{path}: is no ONNX file ("
CASES: dict[str, tuple[Make, str]] = {
    "empty": (lambda folder: b"", "{path}: is empty"),
    "text": (lambda folder: b"not a model at all\n" * 9, NO_FILE),
    "zeros": (lambda folder: bytes(4096), NO_FILE),
    "cut to half": (half, NO_FILE),
    "hdf5": (lambda folder: b"\x89HDF\r\n\x1a\n" + bytes(99), NO_FILE),
    "nested ten thousand times": (deep, NO_FILE),
    "name that is no text": (name_of_bytes, "{path}: one of its names is no text"),
    "no graph": (broken(lambda m: m.ClearField("graph")), NO_FILE + "it holds no graph)"),
    "no opset": (broken(no_opset), NO_FILE + "it holds no graph)"),
    "old opset": (opset(8), "{path}: opset 8; 9 to 21 are read"),
    "future opset": (opset(99), "{path}: opset 99; 9 to 21 are read"),
    "cycle": (broken(cycle), "{path}: node 'conv_1' is one of a circle of nodes"),
    "missing tensor": (
        broken(missing),
        "{path}: node 'maxpool_1' reads 'nowhere', which nothing gives",
    ),
    "two tensors of a name": (broken(twice), "{path}: it has two tensors 'maxpool_1_out'"),
    "output that nothing gives": (
        broken(output_missing),
        "{path}: nothing gives its output 'nowhere'",
    ),
    "output that is a constant": (
        broken(output_constant),
        "layer 'const_1': this output is no image",
    ),
    "no outputs": (broken(without_output), "{path}: its graph gives nothing, or one tensor twice"),
    "no inputs": (broken(nothing_in), "{path}: nothing comes into its graph"),
    "functions": (broken(function), "{path}: it defines functions of its own"),
    "graph in a node": (
        broken(graph_attribute),
        "layer 'maxpool_1': its attribute 'body' is no number, text",
    ),
    "sparse weights": (broken(sparse), "{path}: it has sparse weights"),
    "input of bytes": (broken(input_type), "{path}: input 'image' is no tensor of float32"),
    "input without sizes": (input_shape(), "layer 'image': input shape () is not (1, channels"),
    "input of an open size": (
        input_shape(1, 2, "h", 4),
        "layer 'image': input shape (1, 2, None, 4)",
    ),
    "batch of 4": (input_shape(4, 2, 4, 4), "layer 'image': input shape (4, 2, 4, 4) is not"),
    "huge input": (input_shape(1, 2, 1 << 40, 1 << 40), "layer 'image': "),
    "huge weights": (
        with_initializer(huge_weights),
        "{path}: its weights are more than 67,108,864 values",
    ),
    "negative size": (with_initializer(negative), "{path}: tensor 'const_1' has a negative size"),
    "data of another size": (
        with_initializer(other_size),
        "{path}: tensor 'const_1' holds other data than its shape",
    ),
    "texts as weights": (
        with_initializer(string_tensor),
        "{path}: tensor 'const_1' is of type STRING",
    ),
    "half floats": (with_initializer(half_floats), "{path}: tensor 'const_1' is of type FLOAT16"),
    "data above the folder": (external("../secret.bin"), "{path}: tensor 'const_4' lies outside"),
    "data at an absolute path": (external("/etc/passwd"), "{path}: tensor 'const_4' lies outside"),
    "data behind a link": (external("link.bin"), "{path}: tensor 'const_4' lies outside"),
    "data that is not there": (
        external("gone.bin"),
        "{path}: tensor 'const_4' is in gone.bin, which is not there",
    ),
    "data that is too short": (
        external("short.bin"),
        "{path}: tensor 'const_4' goes beyond the end of short.bin",
    ),
    "data before its file": (
        external("short.bin", offset="-4"),
        "{path}: tensor 'const_4' goes beyond the end",
    ),
    "data at no number": (external("short.bin", offset="x"), NO_FILE),
    "data in a folder": (external("."), "{path}: tensor 'const_4' is in ., which is not there"),
    "unknown domain": (after("Evil", domain="com.evil"), "{path}: no opset of domain 'com.evil'"),
    "unknown operator": (after("Evil"), "layer 'end': operator Evil is not supported"),
    "unknown operator of qonnx": (
        after("FloatQuant", domain="qonnx.custom_op.general"),
        "layer 'end': operator FloatQuant of",
    ),
    "matrix product": (after("MatMul", inputs=("const_1",)), "layer 'end': operator MatMul is not"),
    "constants that double": (doubled, "layer 'd14': its result is too large for a constant"),
    "convolution of nothing": (broken(no_input_of_conv), "layer 'conv_1': "),
    "weights of another depth": (
        set_input("Conv", 1, np.ones((2, 3, 3, 3))),
        "layer 'conv_1': weights of shape (2, 3, 3, 3)",
    ),
    "weights of two dimensions": (
        set_input("Conv", 1, np.ones((2, 2))),
        "layer 'conv_1': weights of shape (2, 2)",
    ),
    "weights that are not finite": (
        set_input("Conv", 1, np.full((2, 2, 3, 3), np.nan)),
        "layer 'conv_1': its weights hold",
    ),
    "float weights": (
        set_input("Conv", 1, np.full((2, 2, 3, 3), 0.1)),
        "layer 'conv_1': float weights with no",
    ),
    "scale of 0": (set_input("Quant", 1, 0.0), "layer 'quant_1': its scale is not above 0"),
    "scale that is not finite": (
        set_input("Quant", 1, np.inf),
        "layer 'quant_1': its scale is not",
    ),
    "scale of integers": (
        set_input("Quant", 1, 1, np.int64),
        "layer 'quant_1': its scale is missing",
    ),
    "scales of other channels": (
        set_input("Quant", 1, np.ones((1, 5, 1, 1))),
        "layer 'quant_1': its scale of shape (1, 5, 1, 1)",
    ),
    "scales by pixel": (
        set_input("Quant", 1, np.ones((1, 1, 4, 4))),
        "layer 'quant_1': its scale of shape (1, 1, 4, 4)",
    ),
    "zero point": (set_input("Quant", 2, 3.0), "layer 'quant_1': a zero point of 3"),
    "bit width of 0": (set_input("Quant", 3, 0.0), "layer 'quant_1': a bit width of 0"),
    "bit width of a million": (set_input("Quant", 3, 1e6), "layer 'quant_1': a bit width of 1e+06"),
    "bit width of a half": (set_input("Quant", 3, 2.5), "layer 'quant_1': a bit width of 2.5"),
    "rounding mode": (
        set_attributes("Quant", rounding_mode="SIDEWAYS"),
        "layer 'quant_1': rounding mode 'SIDEWAYS'",
    ),
    "text for a number": (
        set_attributes("Conv", group="one"),
        "layer 'conv_1': its attribute 'group' is no number",
    ),
    "no groups": (
        set_attributes("Conv", group=0),
        "layer 'conv_1': weights of shape (2, 2, 3, 3) in 0",
    ),
    "strides of 0": (set_attributes("Conv", strides=[0, 0]), "layer 'conv_1': "),
    "negative pads": (set_attributes("Conv", pads=[-1, 0, 0, 0]), "layer 'conv_1': "),
    "huge pads": (set_attributes("Conv", pads=[1 << 60] * 4), "layer 'conv_1': "),
    "three strides": (
        set_attributes("Conv", strides=[1, 1, 1]),
        "layer 'conv_1': its attribute 'strides' has not 2",
    ),
    "window larger than the frame": (
        set_attributes("MaxPool", kernel_shape=[9, 9]),
        "layer 'maxpool_1': ",
    ),
    "window of 0": (
        set_attributes("MaxPool", kernel_shape=[0, 0]),
        "layer 'maxpool_1': windows of (0, 0)",
    ),
}


def test_corpus_is_large() -> None:
    assert len(CASES) >= 40


def test_good_network_is_good(tmp_path: Path) -> None:
    onnx.save(good(), tmp_path / "net.onnx")
    export_file(tmp_path / "net.onnx", parse_format("ufixed<8,0>"))


@pytest.mark.parametrize("name", CASES)
def test_bad_file(name: str, tmp_path: Path) -> None:
    make, message = CASES[name]
    folder = tmp_path / "files"
    folder.mkdir()
    made, path = make(folder), folder / "net.onnx"
    path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    before = sorted(tmp_path.rglob("*"))
    qonnx_env()
    start = time.process_time()
    with pytest.raises(FcnHwError) as caught:
        export_file(path, parse_format("ufixed<8,0>"))
    assert time.process_time() - start < MAX_SECONDS
    told = str(caught.value).splitlines()[0]
    assert told.startswith(message.replace("{path}", str(path))), told
    assert "\n" not in str(caught.value) and caught.value.hint
    assert sorted(tmp_path.rglob("*")) == before


def test_file_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(path: Path) -> str:
        with pytest.raises(FcnHwError) as caught:
            export_file(path, parse_format("ufixed<8,0>"))
        return str(caught.value).removeprefix(str(path))

    (tmp_path / "folder.onnx").mkdir()
    os.mkfifo(tmp_path / "pipe.onnx")
    assert told(tmp_path / "folder.onnx") == ": is a folder, not a model file"
    assert told(tmp_path / "gone.onnx") == ": there is no such model file"
    assert told(tmp_path / "pipe.onnx") == ": is no regular file"
    (tmp_path / "a.onnx").write_bytes(b"some")
    monkeypatch.setattr(onnx_file, "MAX_FILE_BYTES", 3)
    assert told(tmp_path / "a.onnx") == ": more than 0 GiB"


def test_too_many_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx.save(good(), tmp_path / "net.onnx")
    monkeypatch.setattr(onnx_file, "MAX_NODES", 4)
    with pytest.raises(FcnHwError, match="more than 4 nodes"):
        export_file(tmp_path / "net.onnx", parse_format("ufixed<8,0>"))


def test_command_line_without_the_packages(tmp_path: Path) -> None:
    """The verb names the package; a wheel without the extra works but for this."""
    onnx.save(good(), tmp_path / "net.onnx")
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx" / "__init__.py").write_text("raise ImportError(name='onnx')\n")
    ended = subprocess.run(
        [sys.executable, "-m", "fcn_hw", "export", "--model", "net.onnx", "--output", "out"],
        capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
    )  # fmt: skip
    assert ended.stderr.splitlines() == [
        "error: an .onnx file needs the package onnx, which is not installed",
        "pip install 'fcn_hw[qonnx]'",
    ]
    assert (ended.stdout, ended.returncode) == ("", 2)
