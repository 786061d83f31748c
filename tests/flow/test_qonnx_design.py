"""A design whose network is a QONNX file: no training, all stages behind it, and scores."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from qonnx_models import Net
from rich.console import Console

import fcn_hw
from fcn_hw.errors import ConfigError
from fcn_hw.flow.csim_report import CsimResult
from fcn_hw.flow.images import AGREEMENT, QKerasComparisons
from fcn_hw.flow.progress import Progress
from fcn_hw.results import read_result

DESIGN = """name: brv
dataset: {kind: digit_scenes, width: 16, height: 16, train_images: 2, val_images: 3}
network: {kind: qonnx, model: files/net.onnx}
csim: {images: 2}
"""


def design(root: Path, *, classes: int = 11, size: int = 16, seed: int = 1) -> Path:
    """The folder of the design below ``root``, its file in a folder beside design.yaml."""
    folder = root / "hls_projects" / "brv"
    (folder / "files").mkdir(parents=True, exist_ok=True)
    (folder / "design.yaml").write_text(DESIGN)
    net = Net(shape=(3, size, size), seed=seed, powers=True)
    x = net.layer(net.quant("image", 8, 1 / 256), 3, 3)
    net.save(
        folder / "files" / "net.onnx", net.node("ArgMax", [net.conv(x, classes, 3, 1)], axis=1)
    )
    return folder


def exported(root: Path) -> tuple[str, str]:
    """The graph's text, and what export says."""
    said = io.StringIO()
    graph = fcn_hw.export_design("brv", root, progress=Progress(Console(file=said, width=200)))
    return str(graph), said.getvalue()


def test_export_compares_with_the_file_and_is_done_again_for_another_file(tmp_path: Path) -> None:
    folder = design(tmp_path)
    first, said = exported(tmp_path)
    assert "comparing the graph with its model" in said
    layers = read_result(folder / "graph" / AGREEMENT, QKerasComparisons).root
    assert len(layers) == 4 and all(item.values and not item.mismatches for item in layers.values())
    assert "up to date" in exported(tmp_path)[1]
    design(tmp_path, seed=2)
    second, said = exported(tmp_path)
    assert "up to date" not in said and second != first


@pytest.mark.gxx
def test_csim_has_the_scores_of_the_data_set(tmp_path: Path) -> None:
    design(tmp_path)
    result: CsimResult = fcn_hw.csim_design("brv", "pynq-z2", tmp_path)
    assert result.exact and result.argmax_flips == 0
    assert result.score_float is None and result.score_quantized == result.score_csim


def told(root: Path, verb: str = "export_design") -> str:
    with pytest.raises(ConfigError) as caught:
        getattr(fcn_hw, verb)("brv", root)
    return f"{caught.value}\n{caught.value.hint}"


def test_what_is_refused(tmp_path: Path) -> None:
    folder = design(tmp_path, classes=5)
    file = folder / "files" / "net.onnx"
    assert told(tmp_path).startswith(
        f"{file}: the model gives 5 scores a pixel, the data set has 11 classes\n"
    )
    design(tmp_path, size=12)
    assert told(tmp_path).startswith(
        f"{file}: an image of 12 x 12 gives a map of 12 x 12; the data set has 16 x 16 and 16 x 16"
    )
    assert told(tmp_path, "train_design") == (
        "design 'brv' has the network of a QONNX file, which is not trained here\n"
        "use export, hls, csim, estimate and the verbs behind them"
    )
    file.unlink()
    assert told(tmp_path) == f"{file}: there is no such model file\nexport or copy it first"
