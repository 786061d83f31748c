"""A bundle on another machine: whole, damaged, lying, slow."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bundles import FRAMES, small_parts, wide_graph

from fcn_hw.backend.project import plan_scripts
from fcn_hw.boards import load_board
from fcn_hw.design import Hls
from fcn_hw.errors import BundleError, ToolFailed, ToolNotFound
from fcn_hw.flow.handoff import write_bundle
from fcn_hw.handoff import verify as module
from fcn_hw.handoff.archive import pack, read, unpack
from fcn_hw.handoff.contents import BundleParts
from fcn_hw.handoff.manifest import (
    MANIFEST,
    FoldEntry,
    Manifest,
    file_entries,
    from_bytes,
    to_bytes,
)
from fcn_hw.handoff.verify import verify_bundle

VALUES = FRAMES * 5 * 7 * (4 + 1)

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> BundleParts:
    return small_parts(tmp_path_factory.mktemp("graph"))


@pytest.fixture(scope="module")
def bundle(parts: BundleParts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(parts, tmp_path_factory.mktemp("made")).path


@pytest.fixture(scope="module")
def files(bundle: Path) -> Files:
    return read(bundle)[1]


@pytest.fixture
def forged(files: Files, tmp_path: Path) -> Callable[..., Path]:
    """Writes a bundle of other files; its manifest's checksums are right unless told otherwise."""

    def make(
        changed: Files | None = None,
        *,
        without: tuple[str, ...] = (),
        name: str = "tiny-pynq-z2",
        **fields: Any,
    ) -> Path:
        found = {k: v for k, v in {**files, **(changed or {})}.items() if k not in without}
        others = {k: v for k, v in found.items() if k != MANIFEST}
        manifest = from_bytes(files[MANIFEST])
        update = {"files": file_entries(others), **fields}
        found[MANIFEST] = to_bytes(manifest.model_copy(update=update))
        path = tmp_path / "forged.tar.gz"
        path.write_bytes(pack(name, found))
        return path

    return make


def refused(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        verify_bundle(path)
    return caught.value.message


def test_a_bundle_of_own_rtl_needs_no_vitis(parts: BundleParts, tmp_path: Path) -> None:
    """Its Verilog is packed, README and Makefile go from there; whose RTL was routed is told."""
    scripts = plan_scripts(parts.graph, parts.board, Hls(Compiler="fcn_hw")).files
    own = replace(
        parts,
        project=replace(parts.project, files={**parts.project.files, **scripts}),
        verilog={"rtl/verilog/tiny_axi.v": "module tiny_axi; endmodule\n"},
        routed_rtl="fcn_hw's compiler",
    )
    made = write_bundle(own, tmp_path).path
    found = read(made)[1]
    assert found["rtl/verilog/tiny_axi.v"] == b"module tiny_axi; endmodule\n"
    readme, makefile = found["README.md"].decode(), found["Makefile"].decode()
    assert "2. Vitis HLS is not needed: `rtl/verilog/` is the RTL" in readme
    assert "(Vivado runs `scripts/package.tcl`, then `scripts/impl.tcl`, then " in readme
    assert "The routed design holds RTL of fcn_hw's compiler.\n" in readme
    runs = [line for line in makefile.splitlines() if "-source" in line]
    assert [line.split("/")[-1] for line in runs] == ["package.tcl", "impl.tcl", "bitstream.tcl"]
    verify_bundle(made)


def test_same_input_same_bytes(parts: BundleParts, bundle: Path, tmp_path: Path) -> None:
    made = write_bundle(parts, tmp_path)
    assert made.path.read_bytes() == bundle.read_bytes()
    assert made.sha256 == hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert made.path.name == "tiny-pynq-z2.tar.gz"
    home = str(Path.home()).encode()
    for name, data in read(bundle)[1].items():
        assert home not in data and os.fsencode(Path.cwd()) not in data, name


def test_manifest_tells_everything(files: Files) -> None:
    manifest = json.loads(files[MANIFEST])
    assert manifest["schema_version"] == 4
    meanings = [port["meaning"] for port in (*manifest["inputs"], *manifest["outputs"])]
    assert meanings == ["code * 1/255", "class of the largest score"]
    assert "| code * 1/255 |" in files["README.md"].decode()
    assert (manifest["design"], manifest["top"], manifest["frames"]) == ("tiny", "tiny_axi", 2)
    assert manifest["inputs"][0]["format"] == "ufixed<8,0>"
    assert [item["tensor"] for item in manifest["layers"]] == ["scores", "class_map"]
    assert manifest["expected"]["interval_cycles"] >= 5 * 7
    assert manifest["vendor"] == {
        "bitstream": "absent", "timing": "reports/vendor/timing_summary.rpt",
    }  # fmt: skip
    assert set(manifest["files"]) == files.keys() - {MANIFEST}
    readme = files["README.md"].decode()
    assert "| bitstream | absent |" in readme
    assert f"self test: 2 frames, {FRAMES * 35} values, 0 differences" in readme
    for needed in (
        "constraints/pynq-z2.xdc", "third_party/ap_types/LICENSE", "LICENSE",
        "firmware/tiny_axi.cpp", "tb/axis/ap_axi_sdata.h", "driver/driver.py",
        "driver/pictures.py",
    ):  # fmt: skip
        assert needed in files


@pytest.mark.gxx
def test_verifies_without_tensorflow_and_hls4ml(bundle: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'tf_keras', 'qkeras', 'hls4ml'): sys.modules[name] = None\n"
        "from fcn_hw.cli import main; sys.argv = ['fcn-hw', 'verify', *sys.argv[1:]]; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(bundle), "--json"],
        capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["values_compared"], found["mismatches"]) == (VALUES, 0)
    assert found["sha256"] == hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert not list(tmp_path.iterdir())  # the temporary folder is gone


@pytest.mark.gxx
def test_extracted_bundle_builds_by_itself(files: Files, tmp_path: Path) -> None:
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)

    # the tests may run below `make test`, which would tell this make of itself
    plain = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    plain.pop("MFLAGS", None)

    def make(target: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", target, "CXXFLAGS=-O0"], cwd=tmp_path, capture_output=True, text=True,
            check=False, env={**plain, **env},
        )  # fmt: skip

    done = make("csim")
    assert done.returncode == 0, done.stderr
    line = "csim: 2 frames, every code of 2 tensors equals the golden one"
    assert done.stdout.splitlines()[-1] == line
    assert line in files["README.md"].decode()
    golden = tmp_path / "golden" / "layers" / "class_map.bin"
    right = golden.read_bytes()
    golden.write_bytes(bytes((right[0] ^ 1,)) + right[1:])
    again = make("csim")
    assert again.returncode == 2
    assert "g++" not in again.stdout  # nothing that the compiler reads has changed
    golden.write_bytes(right)
    rom = tmp_path / "firmware" / "weights" / "scores.h"
    written = rom.stat()
    rom.write_bytes(rom.read_bytes().replace(b"{-", b"{"))
    os.utime(rom, ns=(written.st_atime_ns, written.st_mtime_ns))  # as an archive leaves it
    changed = make("csim")
    assert changed.returncode == 2
    assert "golden/layers/scores.bin differ" in changed.stdout
    missing = make("csynth", VITIS="no_such_vitis")
    assert missing.returncode == 2
    assert "'no_such_vitis' was not found: source settings64.sh" in missing.stderr
    calls = tmp_path / "calls.txt"
    for tool in ("vitis_hls", "vitis-run", "vivado"):
        program = tmp_path / "bin" / tool
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "{tool} $*" >> {calls}\n')
        program.chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    assert make("csynth", PATH=path).returncode == 0
    (tmp_path / "bin" / "vitis_hls").unlink()  # as of 2025.1
    assert make("csynth", PATH=path).returncode == make("bitstream", PATH=path).returncode == 0
    assert calls.read_text().splitlines() == [
        "vitis_hls -f scripts/csynth.tcl",
        "vitis_hls -f scripts/export.tcl",
        "vitis-run --mode hls --tcl scripts/csynth.tcl",
        "vitis-run --mode hls --tcl scripts/export.tcl",
        "vivado -mode batch -source scripts/impl.tcl",
        "vivado -mode batch -source scripts/bitstream.tcl",
    ]


@pytest.mark.gxx
def test_two_inputs_two_outputs_no_registers(tmp_path: Path) -> None:
    changed = {"axi_stream_width_bits": 128, "control": "none"}
    board = load_board("pynq-z2").model_copy(update=changed)
    parts = small_parts(tmp_path / "graph", wide_graph(), board)
    found = verify_bundle(write_bundle(parts, tmp_path).path)
    assert found.manifest.registers == []
    assert found.values_compared == FRAMES * 2 * (3 * 5 + 4 * 6)
    assert found.mismatches == 0


@pytest.mark.gxx
def test_wrong_weights_are_found(
    forged: Callable[..., Path], files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every checksum holds, the golden codes are right, the C++ is not."""
    rom = "firmware/weights/scores.h"
    wrong = files[rom].replace(b"{-", b"{")
    assert wrong != files[rom]
    found = verify_bundle(forged({rom: wrong}))
    assert found.values_compared == VALUES
    assert found.layers[0].tensor == "scores" and found.layers[0].mismatches > 0
    from fcn_hw.cli.printers.verify import print_verified

    print_verified(found)
    printed = capsys.readouterr().out
    assert "'scores': " in printed and "first at (0," in printed and "NOT verified" in printed


def test_a_changed_byte_in_each_file_is_found(files: Files) -> None:
    for name, data in files.items():
        for at in {0, len(data) // 2, len(data) - 1}:
            changed = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
            with pytest.raises(BundleError) as caught:
                module.check_files("tiny-pynq-z2", {**files, name: changed})
            assert name in caught.value.message


def test_a_changed_byte_in_the_compressed_stream_is_found(bundle: Path) -> None:
    raw = bundle.read_bytes()
    for at in {*range(120), *range(120, len(raw), 997), *range(len(raw) - 12, len(raw))}:
        with pytest.raises(BundleError):
            unpack(raw[:at] + bytes((raw[at] ^ 4,)) + raw[at + 1 :])


def test_missing_and_extra_files(forged: Callable[..., Path], files: Files, tmp_path: Path) -> None:
    entries = from_bytes(files[MANIFEST]).files
    assert refused(forged(without=("driver/driver.py",), files=entries)) == (
        f"'driver/driver.py' is listed in {MANIFEST}, but missing"
    )
    assert refused(forged({"extra.sh": b"x"}, files=entries)) == (
        f"'extra.sh' is not listed in {MANIFEST}"
    )
    path = tmp_path / "none.tar.gz"
    path.write_bytes(pack("d", {"x": b""}))
    assert refused(path) == f"the bundle has no {MANIFEST}"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema_version": 1}, "has schema_version 1, this fcn_hw reads 4"),
        ({"graph_digest": "0" * 64}, "graph_digest is not that of the graph in 'graph/'"),
        (
            {"board": "zcu104"},
            "the folder is 'tiny-pynq-z2', by its MANIFEST.json it is tiny-zcu104",
        ),
        ({"top": "other_axi"}, "top does not follow from the graph"),
        ({"control": "none"}, "control does not follow from the graph"),
        ({"layers": []}, "layers does not follow from the graph"),
        ({"registers": []}, "registers does not follow from the graph"),
        ({"inputs": []}, "inputs does not follow from the graph"),
        ({"frames": 1}, "'golden/inputs/image.bin' does not hold 1 frames of (5, 7, 3)"),
        ({"frames": 0}, "frames: Input should be greater than or equal to 1"),
        ({"labels": None}, "MANIFEST.json has no labels, 'driver/driver.py' has some"),
        ({"vendor": {"bitstream": "a.bit"}}, "says that bitstream is 'a.bit', which is missing"),
    ],
)
def test_lying_manifest(forged: Callable[..., Path], fields: dict[str, Any], message: str) -> None:
    assert message in refused(forged(**fields))


def test_wrong_format_in_the_manifest(forged: Callable[..., Path], files: Files) -> None:
    port = from_bytes(files[MANIFEST]).inputs[0]
    for wrong in ({"format": "fixed<8,0>"}, {"shape": [7, 5, 3]}, {"beats_per_frame": 1}):
        assert "inputs does not follow" in refused(forged(inputs=[port.model_copy(update=wrong)]))


def test_labels_are_compared_with_graph_and_driver(
    forged: Callable[..., Path], files: Files
) -> None:
    labels = from_bytes(files[MANIFEST]).labels
    assert labels is not None and labels.channels == {"image": "RGB"}
    ((output, classes),) = labels.classes.items()
    for wrong in (
        {"classes": {output: classes[:-1]}},
        {"classes": {"image": classes}},
        {"channels": {"image": "grey"}},
        {"channels": {}},
    ):
        message = refused(forged(labels=labels.model_copy(update=wrong)))
        assert message == "MANIFEST.json: labels are not those of the graph's classes and inputs"
    for other in ({"name": "sky"}, {"colour": [9, 9, 9]}):
        changed = [classes[0].model_copy(update=other), *classes[1:]]
        message = refused(forged(labels=labels.model_copy(update={"classes": {output: changed}})))
        assert message == "'driver/driver.py' has other labels than MANIFEST.json"
    for told in ({"fit": "crop"}, {"channels": {"image": "BGR"}}):
        message = refused(forged(labels=labels.model_copy(update=told)))
        assert message == "'driver/driver.py' has other labels than MANIFEST.json"


@pytest.mark.parametrize(
    "key",
    ["interval_cycles", "critical_path_cycles", "frames_per_s", "dsp", "bram36", "lut", "ff"],
)
def test_expected_numbers_are_recomputed(
    forged: Callable[..., Path], files: Files, key: str
) -> None:
    expected = from_bytes(files[MANIFEST]).expected
    right = getattr(expected, key)
    message = refused(forged(expected=expected.model_copy(update={key: right + 1})))
    assert message == (
        f"MANIFEST.json: expected.{key} is {right + 1}, from graph, folds and board it is {right}"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folds": {}}, "structure.folds are not those of the graph's layers"),
        (
            {
                "folds": {
                    "scores": FoldEntry(
                        pe=3, simd=1, taps=1, lanes=0, lut_pe=0, strategy="Resource"
                    )
                }
            },
            "structure.folds: 'scores' can't have 3 x 1",
        ),
        ({"fifo_depths": {}}, "structure.fifo_depths are not those of the graph's streams"),
        ({"fifo_depths": {"scores": 3}}, "the depth of 'scores' is 2, by MANIFEST.json it is 3"),
    ],
)
def test_structure_of_another_project(
    forged: Callable[..., Path], files: Files, change: dict[str, Any], message: str
) -> None:
    structure = from_bytes(files[MANIFEST]).structure.model_copy(update=change)
    assert message in refused(forged(structure=structure))


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("scripts/project.tcl", b"clg400-1", b"clg400-2", """'part' is "xc7z020clg400-2", by"""),
        ("scripts/project.tcl", b"period_ns 10.0", b"period_ns 5.0", "'clock_period_ns' is 5.0, "),
        ("scripts/project.tcl", b"set top", b"set tap", "does not say 'top'"),
        ("scripts/block_design.tcl", b"clg400-1", b"clg484-1", "'part' is"),
        ("firmware/tiny.cpp", b"depth=2", b"depth=1", "the depth of 'scores' is 1, by"),
        ("firmware/parameters.h", b" pe = 1;", b" pe = 2;", "the fold of 'scores' is 2 x 3, by"),
        ("firmware/parameters.h", b"scores_config", b"other", "not say the fold of 'scores'"),
        ("README.md", b" cycles a frame, ", b"0 cycles a frame, ", "does not say what MANIFEST"),
        ("reports/estimate_network_performance.json", b'_cycles": ', b'_cycles": 1', "cycles' is"),
        ("reports/estimate_layer_resources.json", b'"LUT": ', b'"LUT": 1', "'scores' is"),
        ("reports/csim.json", b'"mismatches": 0', b'"mismatches": 3', "'mismatches' is 3, by"),
        ("reports/csim.json", b'"graph"', b'"grape"', "does not say 'graph'"),
        ("reports/csim.json", b"{", b"[{", "is not JSON: "),
        ("reports/fifo_depths.json", b'zed": 2', b'zed": 3', "'scores' is 3, by"),
        ("reports/fifo_depths.json", b'"optimized"', b'"optimum"', "does not say 'scores'"),
        ("constraints/pynq-z2.yaml", b"axi_lite", b"none", "control does not follow from the"),
        ("constraints/pynq-z2.yaml", b"family", b"famile", "board in the bundle is wrong: constr"),
    ],
)
def test_files_that_say_something_else(
    forged: Callable[..., Path], files: Files, file: str, old: bytes, new: bytes, message: str
) -> None:
    assert old in files[file]
    found = refused(forged({file: files[file].replace(old, new)}))
    assert message in found and file.removeprefix("constraints/") in found + file


def test_each_field_of_the_manifest_is_checked_or_named_as_unchecked() -> None:
    listed = (*module.RECOMPUTED, *module.COMPARED, *module.AS_STATED)
    assert sorted(listed) == sorted(Manifest.model_fields)


def test_golden_codes_that_the_graph_does_not_compute(
    forged: Callable[..., Path], files: Files
) -> None:
    name = "golden/layers/class_map.bin"
    assert refused(forged({name: bytes(len(files[name]))})).startswith(f"'{name}' is not what the")
    name = "golden/layers/scores.bin"
    assert "which leave fixed<10,3" in refused(forged({name: b"\x7f" * len(files[name])}))
    assert refused(forged(without=(name,))) == f"the bundle has no '{name}'"
    assert refused(forged(without=("graph/graph.json",))) == "the bundle has no graph/graph.json"
    broken = files["graph/graph.json"].replace(b'"digest": "', b'"digest": "x')
    message = refused(forged({"graph/graph.json": broken}))
    assert message.startswith("the graph in the bundle is wrong: graph/graph.json: ")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"{", "MANIFEST.json is not JSON"),
        (b"[" * 100_000, "MANIFEST.json is not JSON"),
        (b"[]", "has schema_version None"),
        (b'{"schema_version": 4}', "design: Field required"),
    ],
)
def test_manifest_that_is_none(files: Files, raw: bytes, message: str) -> None:
    with pytest.raises(BundleError) as caught:
        module.check_files("tiny-pynq-z2", {**files, MANIFEST: raw})
    assert message in caught.value.message


def test_manifest_fields_are_strict(files: Files) -> None:
    data = json.loads(files[MANIFEST])
    for change, message in (
        ({"surprise": 1}, "surprise: Extra inputs are not permitted"),
        ({"frames": "2"}, "frames: Input should be a valid integer"),
        ({"clock_period_ns": 10.5}, "was changed: its manifest_sha256 is another"),
    ):
        with pytest.raises(BundleError) as caught:
            from_bytes(json.dumps({**data, **change}).encode())
        assert message in caught.value.message
    assert isinstance(from_bytes(files[MANIFEST]), Manifest)


def test_compiler_missing_or_too_slow(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(module, "BUILD_TIMEOUT_S", 0.01)
        with pytest.raises(ToolFailed, match=r"killed after 0\.01 s"):
            verify_bundle(bundle)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolNotFound, match=r"'g\+\+' was not found on PATH"):
        verify_bundle(bundle)
    assert not list(tmp_path.iterdir())


def test_nothing_runs_before_the_checksums_hold(
    forged: Callable[..., Path], files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a bundle was written or run before it was checked")

    for name in ("run", "run_frames", "replace_file", "evaluate", "load"):
        monkeypatch.setattr(module, name, never)
    path = forged({"tb/csim_main.cpp": b"int main() {}"}, files=from_bytes(files[MANIFEST]).files)
    assert refused(path).startswith("'tb/csim_main.cpp' was changed")


def test_full_disk_leaves_the_earlier_bundle(
    parts: BundleParts, bundle: Path, tmp_path: Path
) -> None:
    """The limit of a process's files stands for the disk's end; the write itself fails."""
    target = tmp_path / bundle.name
    target.write_bytes(bundle.read_bytes())
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from fcn_hw.files import replace_file\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: replace_file(Path(sys.argv[1]), bytes(10**6))\n"
        "except OSError: sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == 7
    assert [path.name for path in tmp_path.iterdir()] == [bundle.name]
    assert target.read_bytes() == bundle.read_bytes()
    changed = replace(parts, git_commit="a" * 40)
    assert write_bundle(changed, tmp_path).path.read_bytes() != bundle.read_bytes()
