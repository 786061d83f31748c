"""QONNX files to graphs: qonnx's functions and onnxruntime are the reference, tolerance zero."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qonnx_checks import BYTES, check, exported
from qonnx_models import Net
from qonnx_networks import NETWORKS

from fcn_hw.errors import UnsupportedLayer
from fcn_hw.fixed import parse_format
from fcn_hw.frontend.proofs import Status
from fcn_hw.frontend.qonnx.export import export_file
from fcn_hw.frontend.qonnx.onnx_file import read_program
from fcn_hw.frontend.qonnx.run import run
from fcn_hw.ops.lookup import Lookup
from fcn_hw.ops.skip_add import SkipAdd
from fcn_hw.ops.skip_multiply import SkipMultiply


@pytest.mark.parametrize("name", NETWORKS)
def test_powers_of_two_are_exact_or_proved(name: str, tmp_path: Path) -> None:
    net = Net(powers=True)
    known = check(net, tmp_path, NETWORKS[name](net))
    assert Status.MEASURED not in known.values()


@pytest.mark.parametrize("name", NETWORKS)
def test_learned_scales(name: str, tmp_path: Path) -> None:
    net = Net(seed=3)
    known = check(net, tmp_path, NETWORKS[name](net))
    assert known["quant_1"] is Status.PROVED


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("signed", [False, True])
def test_bits(bits: int, signed: bool, tmp_path: Path) -> None:
    # of one bit, sums of learned scales cancel to 0 but for what float32 rounds
    net = Net(seed=bits, powers=bits % 2 == 0 or bits == 1)
    about = 4.0 / (1 << bits)
    x = net.quant(net.conv("image", 4, 3, bits=bits), bits, about, signed=signed, narrow=bits == 5)
    net_out = net.quant(net.conv(x, 2, 4, bits=bits, per_channel=True), bits, about, signed=True)
    check(net, tmp_path, net_out)


MODES = "ROUND HALF_EVEN CEIL FLOOR UP DOWN HALF_UP HALF_DOWN ROUND_TO_ZERO round".split()


@pytest.mark.parametrize("mode", MODES)
def test_rounding_modes(mode: str, tmp_path: Path) -> None:
    """Also of codes that are in the graph, where half of them lie at a tie."""
    net = Net(powers=True)
    x = net.quant("image", 6, signed=True, scale=1 / 16, mode=mode)
    x = net.quant(x, 4, signed=True, narrow=True, scale=1 / 8, mode=mode)
    y = net.quant(net.conv(x, 2, 3), 3, 0.5, mode=mode)
    known = check(net, tmp_path, y, fmt="fixed<8,2>")
    assert Status.MEASURED not in known.values()


def test_reference_is_that_of_qonnx(tmp_path: Path) -> None:
    """Every tensor of a network, by qonnx's executor and by ours."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    net = Net(seed=2)
    path = net.save(tmp_path / "net.onnx", NETWORKS["mobile"](net))
    image = np.random.default_rng(0).random((1, *net.shape), np.float32)
    theirs = execute_onnx(ModelWrapper(str(path)).transform(InferShapes()), {"image": image}, True)
    program = read_program(path)
    ours = run(program, {"image": image}, {node.output for node in program.nodes})
    assert len(ours) == len(program.nodes) > 20
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name], err_msg=name)


def test_residual_branches_of_one_scale_are_added_as_codes(tmp_path: Path) -> None:
    net = Net(seed=1)
    shared = net.scale(0.2)
    both = [net.quant(net.conv("image", 4, 3), 4, signed=True, scale=shared) for _ in range(2)]
    _, graph = exported(net, tmp_path, net.quant(net.node("Add", both), 4, 0.5, signed=True))
    (add,) = (op for op in graph.ops if isinstance(op, SkipAdd))
    assert {graph[name].output.format.width for name in add.inputs} == {4}


@pytest.mark.parametrize("gate", ["pixels", "one channel", "one pixel"])
@pytest.mark.parametrize("powers", [True, False])
def test_products_of_images(powers: bool, gate: str, tmp_path: Path) -> None:
    """Codes are multiplied; learned scales, which float32 applies first, stay behind them."""
    net = Net(seed=2, powers=powers)
    x = net.quant(net.conv("image", 4, 3), 4, 0.2, signed=True)
    whole = net.node("GlobalAveragePool", [x]) if gate == "one pixel" else x
    whole = net.quant(whole, 6, 0.05, signed=True)
    filters = 1 if gate == "one channel" else 4
    factor = net.quant(net.node("Sigmoid", [net.conv(whole, filters, 4)]), 5, 0.03)
    last = net.quant(net.node("Mul", [x, factor]), 6, 0.1, signed=True)
    known = check(net, tmp_path, last)
    assert powers == (Status.MEASURED not in known.values())
    _, graph = exported(net, tmp_path, last)
    (op,) = (op for op in graph.ops if isinstance(op, SkipMultiply))
    assert op.accum.width == 9


POINTWISE: dict[str, tuple[str, dict[str, Any], Sequence[Any]]] = {
    "Relu": ("Relu", {}, ()),
    "LeakyRelu": ("LeakyRelu", {"alpha": 0.1}, ()),
    "Clip": ("Clip", {}, (-0.4, 0.9)),
    "Sigmoid": ("Sigmoid", {}, ()),
    "Tanh": ("Tanh", {}, ()),
    "Elu": ("Elu", {}, ()),
    "HardSigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}, ()),
    "Mul": ("Mul", {}, (0.7,)),
    "Div": ("Div", {}, ([[[0.5]], [[3.0]], [[1.7]], [[0.2]]],)),
    "Add": ("Add", {}, ([[[0.5]], [[-3.0]], [[1.7]], [[0.2]]],)),
    "Sub": ("Sub", {}, (0.3,)),
    "PRelu": ("PRelu", {}, ([[[0.5]], [[0.1]], [[0.0]], [[1.0]]],)),
    "Max": ("Max", {}, (0.1,)),
    "HardSwish": ("HardSwish", {}, ()),
}


@pytest.mark.parametrize("name", POINTWISE)
def test_functions_between_quantizers_are_proved(name: str, tmp_path: Path) -> None:
    kind, attributes, constants = POINTWISE[name]
    net = Net(seed=4, opset=17)
    x = net.quant(net.conv("image", 4, 3), 7, 0.06, signed=True)
    x = net.node(kind, [x, *(net.const(value) for value in constants)], **attributes)
    last = net.quant(x, 5, 0.11, signed=True)
    check(net, tmp_path, last)
    made, graph = exported(net, tmp_path, last)
    (proof,) = (proof for proof in made.proofs if proof.layer == last.removesuffix("_out"))
    assert proof.proved
    assert isinstance(graph.ops[-1], Lookup) == (name == "HardSwish") == (proof.form == "table")


@pytest.mark.parametrize("seed", range(8))
def test_random_networks(seed: int, tmp_path: Path) -> None:
    """Some of those that `make fuzz` makes."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))
    import fuzz_qonnx

    assert fuzz_qonnx.check(seed, tmp_path)


def test_tensorflow_is_not_loaded(tmp_path: Path) -> None:
    net = Net()
    path = net.save(tmp_path / "net.onnx", NETWORKS["residual"](net))
    code = """if True:
        import sys
        from pathlib import Path
        from fcn_hw.fixed import parse_format
        from fcn_hw.frontend.source import export_file
        export_file(Path(sys.argv[1]), parse_format("ufixed<8,0>"))
        heavy = {"tensorflow", "tf_keras", "keras", "qkeras", "torch", "fcn_hw.keras_env"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        """
    arguments = [sys.executable, "-c", code, str(path)]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=120)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("", "", 0)


def refusal(net: Net, folder: Path, *outputs: str) -> str:
    with pytest.raises(UnsupportedLayer) as caught:
        export_file(net.save(folder / "net.onnx", *outputs), parse_format(BYTES))
    return f"{caught.value}\n{caught.value.hint}"
