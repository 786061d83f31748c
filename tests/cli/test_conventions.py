"""What holds for every verb: --json, --help, exit codes, completion, what is not loaded."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from command_line import call
from sample_graphs import tiny_graph

import fcn_hw
from fcn_hw import cli
from fcn_hw.cli import app
from fcn_hw.cli.printers.export import print_agreement
from fcn_hw.flow.agreement import Agreement, LayerAgreement
from fcn_hw.ir.serialize import save

VERBS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
RUN = """
import sys
from fcn_hw.cli import main
sys.argv = ["fcn-hw", *sys.argv[1:]]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
loaded = {"tensorflow", "tf_keras", "qkeras", "keras"} & set(sys.modules)
assert not loaded, loaded
"""


def test_no_verb_is_left_out() -> None:
    """Every function that is marked as a verb, in whatever file, is one."""
    marked = set()
    for path in Path(str(cli.__file__)).parent.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        marked |= set(re.findall(r"@app\.command\((?:.|\n)*?\n?\)\n(?:@\w+\n)?def (\w+)", text))
    assert marked == set(VERBS)
    assert {"train", "lint", "bitstream", "handoff", "verify"} <= marked


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_json_and_an_example(verb: str) -> None:
    called = call(verb, "--help")
    assert called.status == 0
    assert "--json" in called.out
    assert f"fcn-hw {verb}" in " ".join(called.out.split("Example")[-1].split())


def test_help_tells_the_exit_codes() -> None:
    text = " ".join(call("--help").out.split())
    for words in ("0 done", "1 a check", "2 a mistake", "130 interrupted"):
        assert words in text


def test_exit_codes(tmp_path: Path) -> None:
    save(tiny_graph(), tmp_path / "graph")
    graph = str(tmp_path / "graph")
    (tmp_path / "a.json").write_text("1")
    (tmp_path / "b.json").write_text("2")
    assert call("boards").status == 0
    assert call("diff", str(tmp_path / "a.json"), str(tmp_path / "b.json")).status == 1
    assert call("show", "none").status == 2
    assert call("estimate", "--graph", graph, "--board", "none").status == 2
    assert call("nosuchverb").status == 2
    assert call("csim", "--images", "0", "-b", "pynq-z2").status == 2


def test_json_leaves_standard_output_to_the_document(tmp_path: Path) -> None:
    save(tiny_graph(), tmp_path / "graph")
    where = ("--graph", str(tmp_path / "graph"), "--board", "zcu104")
    done = call("hls", *where, "--output", str(tmp_path / "project"), "--json")
    assert (done.status, done.err) == (0, "")
    data = json.loads(done.out)
    assert data["project"] == str(tmp_path / "project")
    assert "firmware/tiny.cpp" in data["files"]
    assert all((tmp_path / "project" / name).is_file() for name in data["files"])
    failed = call("estimate", "--graph", str(tmp_path / "none"), "--board", "zcu104", "--json")
    assert (failed.status, failed.out) == (2, "")
    assert failed.err.startswith("error: ")


@pytest.mark.gxx
@pytest.mark.parametrize("verb", ["--help", "hls", "csim", "estimate", "show", "doctor"])
def test_no_tensorflow(tmp_path: Path, verb: str) -> None:
    save(tiny_graph(), tmp_path / "graph")
    where = ["--graph", str(tmp_path / "graph"), "--board", "zcu104"]
    project = ["--output", str(tmp_path / "project")]
    words = {
        "hls": [*where, *project],
        "csim": [*where, *project, "--images", "1"],
        "estimate": where,
        "show": [str(tmp_path / "graph")],
    }.get(verb, [])
    done = subprocess.run(
        [sys.executable, "-c", RUN, verb, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "\r" not in done.stdout + done.stderr  # no bars without a terminal
    assert "\x1b" not in done.stdout + done.stderr


def completed(words: str, root: Path) -> list[str]:
    """What the shell offers for the last word."""
    environment = {
        **os.environ,
        "_FCN_HW_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    code = "import sys; from fcn_hw.cli import main; sys.argv = ['fcn-hw']; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=False, env=environment, cwd=root,
    )  # fmt: skip
    return done.stdout.split()


def test_completion_of_verbs_designs_and_boards(tmp_path: Path) -> None:
    for name in ("digits", "streets"):
        call("new", name, "--root", str(tmp_path))
    assert completed("fcn-hw esti", tmp_path) == ["estimate"]
    assert completed("fcn-hw csim ", tmp_path) == ["digits", "streets"]
    assert completed("fcn-hw show st", tmp_path) == ["streets"]
    assert completed("fcn-hw csim digits --board pynq", tmp_path) == ["pynq-z2"]
    assert completed("fcn-hw new x --network u", tmp_path) == ["unet"]
    elsewhere = tmp_path / "else"
    elsewhere.mkdir()
    assert completed(f"fcn-hw train --root {tmp_path} di", elsewhere) == ["digits"]


def test_a_narrow_terminal_cuts_no_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    row = LayerAgreement(
        "a_layer_with_a_long_name_indeed", "a", "ufixed<24,12,RND_CONV,SAT>", "measured",
        "scale and bias, a threshold table", 12_345_678, 7_654_321, 3.114, 1_234_567, "so", None,
    )  # fmt: skip
    print_agreement(Agreement(12, (row,), 0, 0))
    printed = capsys.readouterr().out
    assert "…" not in printed
    for cell in (row.layer, row.format, row.form, "1,234,567", "12,345,678", "3.11 steps"):
        assert f" {cell} " in printed


def test_the_version() -> None:
    assert call("--version").out == f"fcn-hw {fcn_hw.__version__}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+", fcn_hw.__version__)


def test_every_module_with_verbs_is_loaded() -> None:
    folder = Path(fcn_hw.cli.__file__).parent
    verbs = [path.stem for path in folder.glob("*.py") if "@app.command" in path.read_text()]
    assert set(verbs) == set(VERBS)
    missing = [name for name in verbs if f"fcn_hw.cli.{name}" not in sys.modules]
    assert not missing, f"entry.py does not load {missing}"
