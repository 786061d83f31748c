"""The functions of ``import fcn_hw``."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sample_graphs import tiny_graph

import fcn_hw
from fcn_hw import api
from fcn_hw.design import Regression
from fcn_hw.errors import ConfigError, ReportError
from fcn_hw.flow.regression import update
from fcn_hw.locks import locked


def test_importing_is_cheap_and_lazy() -> None:
    code = (
        "import sys; before = set(sys.modules); import fcn_hw\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "assert not new & {'numpy', 'pydantic', 'rich', 'typer', 'jinja2', 'hls4ml'}, new\n"
        "fcn_hw.load_graph\n"
        "assert 'numpy' in sys.modules\n"
        "heavy = {'tensorflow', 'tf_keras', 'qkeras', 'hls4ml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_function_is_reachable_typed_and_documented() -> None:
    for name in api.__all__:
        function = getattr(api, name)
        assert getattr(fcn_hw, name) is function  # no package of that name hides it
        assert name in dir(fcn_hw)
        assert inspect.getdoc(function), name
        signature = inspect.signature(function)
        assert signature.return_annotation is not inspect.Signature.empty, name
        for parameter in signature.parameters.values():
            assert parameter.annotation is not inspect.Parameter.empty, (name, parameter)
    with pytest.raises(AttributeError, match="no attribute 'csimm'"):
        _ = fcn_hw.csimm


def test_graphs(tmp_path: Path) -> None:
    graph = tiny_graph()
    fcn_hw.save_graph(graph, tmp_path / "a")
    assert fcn_hw.load_graph(str(tmp_path / "a")) == graph
    assert fcn_hw.show_graph(tmp_path / "a").text() + "\n" == (tmp_path / "a/graph.txt").read_text()
    assert fcn_hw.compare(tmp_path / "a", tmp_path / "a").changes == ()
    with pytest.raises(ConfigError):
        fcn_hw.load_graph(tmp_path / "none")


def test_designs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = fcn_hw.new_design("mine", tmp_path, network="unet")
    assert fcn_hw.load_design("mine", tmp_path) == fcn_hw.load_design(path)
    assert fcn_hw.list_boards()[0].name == "arty-z7-20"
    with pytest.raises(ConfigError, match="unknown board 'pynq'"):
        fcn_hw.csim_design("mine", "pynq", tmp_path)
    assert fcn_hw.diagnose().cores >= 1
    assert capsys.readouterr().out == ""


def test_what_stages_left(tmp_path: Path) -> None:
    design = fcn_hw.new_design("mine", tmp_path, network="unet")
    project = design.parent / "pynq-z2"
    _, path = fcn_hw.report_design("mine", "pynq-z2", tmp_path)
    assert path == project / "report" / "report.html"
    assert "mine" in path.read_text(encoding="utf-8")
    with pytest.raises(ReportError, match="no such file"):
        fcn_hw.regression_design("mine", "pynq-z2", tmp_path)
    update(path.parent, {"csim.miou": 0.5}, Regression())
    update(path.parent, {"csim.miou": 0.1}, Regression())
    (row,) = fcn_hw.regression_design("mine", "pynq-z2", tmp_path).rows
    assert row.worse
    with locked(project, "fcn-hw csim"):
        done = subprocess.run(
            [sys.executable, "-m", "fcn_hw", "report", "mine", "-b", "pynq-z2"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(fcn_hw.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "(fcn-hw csim) is at work there" in done.stderr
    assert fcn_hw.accept_design("mine", "pynq-z2", tmp_path) == 1
    update(path.parent, {"csim.miou": 0.1}, Regression())
    (row,) = fcn_hw.regression_design("mine", "pynq-z2", tmp_path).rows
    assert not row.worse
    assert [item.folder for item in fcn_hw.clean_design("mine", tmp_path)] == [project]
    assert not project.exists()
    assert design.is_file()
