"""Any QKeras model: export, hls and csim without a design."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sample_graphs import tiny_graph

from fcn_hw.flow.frames import random_codes
from fcn_hw.ir.serialize import load
from fcn_hw.keras_env import keras_env


def call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fcn_hw", *words],
        capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip


@pytest.mark.gxx
def test_from_model_file_to_exact_cpp(tmp_path: Path) -> None:
    env = keras_env()
    q, layers = env.qkeras, env.keras.layers
    env.keras.utils.set_random_seed(2)
    image = layers.Input((9, 12, 2), name="frame")
    x = q.QConv2D(
        3, 3, padding="same", name="conv", kernel_quantizer=q.quantized_bits(4, 0, alpha=1.0),
        bias_quantizer=q.quantized_bits(8, 0, alpha=1.0),
    )(image)  # fmt: skip
    x = q.QActivation(q.quantized_relu(4, 1), name="act")(x)
    model = tmp_path / "my-model.h5"
    env.keras.Model(image, layers.UpSampling2D(2, name="up")(x)).save(model)

    graph, project = tmp_path / "graph", tmp_path / "project"
    done = call(
        "export", "--model", str(model), "--input-format", "fixed<6,1>", "--output", str(graph),
        "--output-kind", "classes", "--classes", "sky, road,wall", "--fit", "crop",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = load(graph)
    assert json.loads((graph / "labels.json").read_text()) == {
        "classes": {"class_map": ["sky", "road", "wall"]}, "fit": "crop", "channel_order": "rgb",
    }  # fmt: skip
    assert loaded.name == "my_model"
    assert [op.name for op in loaded.ops] == ["frame", "conv", "up", "class_map"]
    assert str(loaded.inputs[0].output.format) == "fixed<6,1>"

    where = ["--graph", str(graph), "--board", "zcu104", "--output", str(project)]
    done = call("hls", *where)
    assert done.returncode == 0, done.stderr
    assert (project / "firmware" / "my_model.cpp").is_file()
    done = call("csim", *where, "--images", "3", "--json")
    assert done.returncode == 0, done.stderr
    stored = json.loads(done.stdout)
    assert stored["images"] == 3
    assert stored["mismatches"] == 0
    assert stored["values_compared"] == 3 * sum(op.output.size for op in loaded.ops[1:])
    assert json.loads((project / "report" / "csim.json").read_text()) == stored
    assert stored["conv"] == "fcn_hw"

    other = [*where[:-1], str(tmp_path / "theirs"), "--conv", "hls4ml"]
    done = call("csim", *other, "--images", "3", "--json")
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout)
    assert (theirs["conv"], theirs["mismatches"]) == ("hls4ml", 0)
    assert [row["layer"] for row in theirs["layers"]] == ["conv_padding", "conv", "up", "class_map"]
    maps = [project / "csim/class_map.u8", tmp_path / "theirs/sign_off/class_map.u8"]
    assert maps[0].read_bytes() == maps[1].read_bytes()  # one graph, two emitters, equal bits
    done = call("hls", *other)
    assert "hls4ml's convolutions: cycles and FIFO depths are not proved" in done.stdout


def test_random_frames_reach_both_ends() -> None:
    graph = tiny_graph()
    (codes,) = random_codes(graph, 3).values()
    assert np.all(codes[0] == 255)
    assert np.all(codes[1] == 0)
    assert len(np.unique(codes[2])) > 10
    assert np.array_equal(codes, random_codes(graph, 3)["image"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("hls", "--board", "pynq-z2"), "hls needs DESIGN"),
        (
            ("hls", "d", "--board", "pynq-z2", "--conv", "finn"),
            "--conv is fcn_hw or hls4ml, not 'finn'",
        ),
        (("hls", "--board", "pynq-z2", "--graph", "g"), "--graph needs --output"),
        (("export", "--model", "m.h5"), "--model needs --output"),
        (("export", "d", "--model", "m.h5"), "both a design and --model are given"),
        (("csim", "d", "--board", "pynq-z2", "--graph", "g"), "both a design and --graph"),
        (("export", "--model", "m.h5", "--output", "g"), "m.h5: there is no such model file"),
        (
            ("export", "--model", "m.h5", "--output", "classes"),
            "--output is the folder of the graph, and 'classes' is what it may give",
        ),
        (
            ("export", "--model", "m.h5", "--output", "g", "--output-kind", "maps"),
            "--output-kind is classes, scores or both, not 'maps'",
        ),
        (
            ("export", "--model", "m.h5", "--output", "g", "--input-scale", "1/0"),
            "--input-scale: '1/0' is no number",
        ),
        (
            ("export", "--model", "m.h5", "--output", "g", "--input-format", "u8"),
            "'u8' is not a fixed-point format",
        ),
        (
            (*("export", "--model", "m.h5", "--output", "g"), "--classes", "a,b", "--classes", "c"),
            "--classes: 'a,b' is no OUTPUT=NAMES",
        ),
        (("hls", "--board", "pynq-z2", "--graph", "none", "--output", "p"), "none"),
    ],
)
def test_wrong_calls_get_one_line(words: tuple[str, ...], message: str) -> None:
    done = call(*words)
    assert done.returncode == 2, done.stdout
    first = done.stderr.splitlines()[0]
    assert first.startswith("error: ")
    assert message in first
    assert "Traceback" not in done.stderr
