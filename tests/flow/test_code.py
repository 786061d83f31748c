"""Which code a stage's key holds: what can reach its result by imports."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import time
from pathlib import Path

import grimp
import pytest

from fcn_hw.backend.project import plan_project
from fcn_hw.flow import layout
from fcn_hw.flow.code import Code, code_digest
from fcn_hw.flow.confusion import confusion_svg
from fcn_hw.flow.export import export_design
from fcn_hw.flow.measuring import measure
from fcn_hw.flow.simulation import simulate_design
from fcn_hw.lint.check import lint_project
from fcn_hw.resources import PACKAGE, data_folder

STAGES = {
    "export": export_design.__module__,
    "fifo": layout.__name__,
    "hls": plan_project.__module__,
    "lint": lint_project.__module__,
    "csim": simulate_design.__module__,
    "evaluate": measure.__module__,
    "confusion": confusion_svg.__module__,
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its templates, to change files of."""
    root = tmp_path_factory.mktemp("source é")
    shutil.copytree(PACKAGE, root / "fcn_hw", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(data_folder("templates"), root / "templates")
    return root


@pytest.fixture(scope="module")
def before(copy: Path) -> dict[str, str]:
    code = Code(copy / "fcn_hw")
    return {stage: code.digest(entry) for stage, entry in STAGES.items()}


def test_the_pattern_reads_the_imports_that_import_linter_reads() -> None:
    graph = grimp.build_graph("fcn_hw", cache_dir=None, exclude_type_checking_imports=True)
    code = Code()
    for module in graph.modules:
        found = code.imports(module)
        expected = graph.find_modules_directly_imported_by(module)
        if module == "fcn_hw.ops.listing":  # loads all modules of its folder
            folder = {name for name in graph.modules if name.startswith("fcn_hw.ops.")}
            expected = expected | folder - {module}
        assert found == expected, module


def test_a_package_does_nothing_when_it_is_imported() -> None:
    """Else what it does for the modules below it would be missed."""
    for path in PACKAGE.rglob("__init__.py"):
        if path.parent == PACKAGE:  # loads fcn_hw.api when one of its names is used
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            assert isinstance(node, _NAMES) or _is_text(node) or _for_type_checkers(node), path


_NAMES = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.FunctionDef | ast.ClassDef


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _for_type_checkers(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


FOREIGN = {"fcn_hw.frontend.qonnx.environment"}
"""Modules that import packages of others by name, and none of fcn_hw."""


def test_nothing_that_a_stage_reaches_is_imported_by_a_computed_name() -> None:
    code = Code()
    for entry in STAGES.values():
        for module in code.reached(entry):
            text = code.text(module)
            known = module in FOREIGN or "in iter_modules(" in text
            assert "import_module" not in text or known, module
            assert "__import__" not in code.text(module), module


NONE: set[str] = set()
CHANGED = {  # floor by floor: a file, stages whose results it can reach, and those it can not
    "fcn_hw/errors.py": ({*STAGES}, NONE),
    "fcn_hw/fixed.py": ({"export", "fifo", "hls", "csim", "evaluate"}, {"lint"}),
    "fcn_hw/costs/arithmetic.py": ({"export", "fifo", "hls"}, {"lint"}),
    "fcn_hw/ops/relu.py": ({"export", "fifo", "hls", "csim", "evaluate"}, {"lint"}),
    "fcn_hw/dataflow/sizing.py": ({"fifo", "hls"}, {"export", "lint", "csim", "evaluate"}),
    "fcn_hw/frontend/resolve.py": ({"export"}, {"fifo", "hls", "lint", "csim"}),
    "fcn_hw/backend/project.py": ({"hls"}, {*STAGES} - {"hls"}),
    "fcn_hw/harness/whole_set.py": ({"csim", "evaluate"}, {"export", "fifo", "hls", "lint"}),
    "fcn_hw/lint/tree.py": ({"lint"}, {*STAGES} - {"lint"}),
    "fcn_hw/train/boundary.py": ({"evaluate"}, {"export", "fifo", "hls", "lint", "csim"}),
    "fcn_hw/train/datasets/pairs.py": ({"export", "csim", "evaluate"}, {"fifo", "hls", "lint"}),
    "fcn_hw/train/loop.py": (NONE, {*STAGES}),
    "fcn_hw/flow/confusion.py": ({"confusion"}, {*STAGES} - {"confusion"}),
    "fcn_hw/flow/pipeline.py": (NONE, {*STAGES}),
    "fcn_hw/report/page.py": (NONE, {*STAGES}),
    "fcn_hw/cli/csim.py": (NONE, {*STAGES}),
    "templates/include/fcn_hw/conv2d.h": ({"hls"}, {"lint"}),
    "templates/project/top.cpp.j2": ({"hls"}, {"export", "lint", "csim", "evaluate"}),
    "templates/sim/engine.cpp": ({"fifo", "hls"}, {"export", "lint", "csim", "evaluate"}),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_file_runs_the_stages_that_it_can_reach(
    copy: Path, before: dict[str, str], name: str
) -> None:
    path = copy / name
    old = path.read_bytes()
    path.write_bytes(old + b"\n")
    try:
        code = Code(copy / "fcn_hw")
        changed = {stage for stage, entry in STAGES.items() if code.digest(entry) != before[stage]}
    finally:
        path.write_bytes(old)
    reached, spared = CHANGED[name]
    assert reached <= changed
    assert not changed & spared


def test_the_key_is_fast_and_the_same_in_every_place(copy: Path, before: dict[str, str]) -> None:
    start = time.process_time()
    here = Code()
    assert {stage: here.digest(entry) for stage, entry in STAGES.items()} == before
    assert time.process_time() - start < 1.0  # 0.2 s on a quiet machine
    assert code_digest(STAGES["export"]) == before["export"]


def test_an_installed_package_has_the_same_key(copy: Path, before: dict[str, str]) -> None:
    """There templates lie below the package."""
    installed = copy / "site" / "fcn_hw"
    shutil.copytree(copy / "fcn_hw", installed)
    shutil.copytree(copy / "templates", installed / "_data" / "templates")
    code = Code(installed)
    assert {stage: code.digest(entry) for stage, entry in STAGES.items()} == before


def test_it_imports_nothing_that_it_reads() -> None:
    script = (
        "import sys; from fcn_hw.flow.code import Code; Code().digest('fcn_hw.flow.export')\n"
        "assert 'fcn_hw.frontend.qkeras' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
