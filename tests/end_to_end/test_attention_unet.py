"""An own QKeras model by the commands of the README, from its file to the pictures of a board.

A U-Net of colours and depth: an attention gate on the skip connection (Oktay et al., "Attention
U-Net", 2018), squeeze-and-excitation (Hu et al., 2018) at the bottom, a sub-pixel head (Shi et al.,
2016) and a second output at half the size.
"""

from __future__ import annotations

import importlib.util
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axi_device import Device, build_device
from command_line import call
from fake_pynq import Faults, fake_pynq
from PIL import Image

from fcn_hw.backend.axi_interface import axi_interface
from fcn_hw.boards import load_board
from fcn_hw.ir.serialize import load
from fcn_hw.keras_env import keras_env
from fcn_hw.ops.depth_to_space import DepthToSpace
from fcn_hw.ops.skip_multiply import SkipMultiply

pytestmark = [pytest.mark.gxx, pytest.mark.slow]

BOARD = "pynq-z2"
SIZE = 16


def attention_unet() -> Any:
    """The model, its weights drawn."""
    env = keras_env()
    layers, q = env.keras.layers, env.qkeras

    def conv(x: Any, filters: int, kernel: int = 1, strides: int = 1) -> Any:
        return q.QConv2D(
            filters, kernel, strides=strides, padding="same",
            kernel_quantizer=q.quantized_bits(4, 0, alpha=1),
            bias_quantizer=q.quantized_bits(6, 1, alpha=1),
        )(x)  # fmt: skip

    def act(x: Any) -> Any:
        return q.QActivation(q.quantized_relu(4, 1))(x)

    def gate(x: Any) -> Any:
        return q.QActivation("quantized_sigmoid(4)")(x)

    def product(x: Any, factor: Any, name: str) -> Any:
        return act(layers.Multiply(name=name)([x, factor]))

    rgb = layers.Input((SIZE, SIZE, 3), name="rgb")
    depth = layers.Input((SIZE, SIZE, 1), name="depth")
    fine = layers.Concatenate()([act(conv(rgb, 4, 3, 2)), act(conv(depth, 2, 3, 2))])
    coarse = act(conv(layers.MaxPooling2D()(fine), 6, 3))
    pooled = q.QActivation(q.quantized_relu(6, 1))(layers.GlobalAveragePooling2D()(coarse))
    channels = layers.Reshape((1, 1, 6))(pooled)
    coarse = product(coarse, gate(conv(channels, 6)), "excited")
    asked = layers.Add()([conv(fine, 4), layers.UpSampling2D()(conv(coarse, 4))])
    skip = product(fine, gate(conv(act(asked), 1)), "attended")
    x = layers.Concatenate()([layers.UpSampling2D()(coarse), skip])
    x = act(conv(x, 6, 3))
    kinds = layers.Softmax(name="kinds")(env.tf.nn.depth_to_space(conv(x, 12), 2))
    edges = layers.Activation("sigmoid", name="edges")(conv(x, 1))
    model = env.keras.Model([rgb, depth], [kinds, edges], name="rgbd")
    rng = np.random.default_rng(4)
    for layer in model.layers:
        layer.set_weights([rng.normal(0, 0.4, w.shape) for w in layer.get_weights()])
    return model


def run(*words: str | Path) -> str:
    """What a command prints."""
    found = call(*map(str, words))
    assert found.status == 0, found.err + found.out
    return found.out


def drawn(folder: Path) -> dict[str, bytes]:
    """The pictures of a folder."""
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def test_from_the_file_to_the_pictures_of_a_board(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(7)
    words = []
    for name, shape in (("rgb", (SIZE, SIZE, 3)), ("depth", (SIZE, SIZE, 1))):
        frames = rng.integers(0, 256, (3, *shape), dtype=np.uint8)
        (tmp_path / "frames").mkdir(exist_ok=True)
        np.save(tmp_path / f"frames/{name}.npy", frames)
        (tmp_path / f"photos/{name}").mkdir(parents=True)
        photo = np.repeat(np.repeat(frames[0].squeeze(), 2, axis=0), 2, axis=1)
        Image.fromarray(photo).save(tmp_path / f"photos/{name}/scene.png")
        words.append(f"{name}={tmp_path}/photos/{name}/scene.png")
    attention_unet().save(tmp_path / "rgbd.h5")
    graph, project, frames = tmp_path / "graph", tmp_path / "project", tmp_path / "frames"
    of_board = ("--graph", graph, "--board", BOARD)

    told = run("export", "--model", tmp_path / "rgbd.h5", "--input-format", "ufixed<8,0>",
               "--output", graph, "--check", frames)  # fmt: skip
    assert "measured" not in told and "(0.000 %)" in told
    made = load(graph)
    assert len([op for op in made.ops if isinstance(op, SkipMultiply)]) == 2
    assert len([op for op in made.ops if isinstance(op, DepthToSpace)]) == 1
    sizes = [made.tensor(name).shape for name in made.outputs]
    assert sizes == [(SIZE, SIZE, 1), (SIZE // 2, SIZE // 2, 1)]

    run("hls", *of_board, "--output", project)
    assert ", 0 mismatches" in run("csim", *of_board, "--output", project, "--data", frames)
    run("predict", "--graph", graph, "--images", tmp_path / "photos", "--output", tmp_path / "seen",
        "--csim", "--board", BOARD, "--project", project)  # fmt: skip
    run("handoff", *of_board, "--project", project, "--data", frames, "--output", tmp_path)
    bundle = tmp_path / f"rgbd-{BOARD}.tar.gz"
    assert "0 mismatches" in run("verify", bundle)

    with tarfile.open(bundle) as archive:
        archive.extractall(tmp_path, filter="data")
    driver = tmp_path / f"rgbd-{BOARD}/driver/driver.py"
    board = load_board(BOARD)
    device = Device(build_device(made, board, tmp_path / "device"), axi_interface(made, board))
    monkeypatch.setitem(sys.modules, "pynq", fake_pynq(device, Faults()))
    monkeypatch.syspath_prepend(str(driver.parent))
    monkeypatch.delitem(sys.modules, "pictures", raising=False)
    spec = importlib.util.spec_from_file_location("driver_of_rgbd", driver)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for suffix in ("bit", "hwh"):
        (tmp_path / f"rgbd.{suffix}").write_bytes(b"")
    where = [str(tmp_path / "rgbd.bit"), "--output", str(tmp_path / "board"), "--image"]
    assert module.main([*where, *words]) == 0
    assert len(drawn(tmp_path / "seen")) == 4, "classes and overlay of two class maps"
    assert drawn(tmp_path / "board") == drawn(tmp_path / "seen")
