"""Boards: every file is valid and the facts agree with the vendor's; errors name file and line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from fcn_hw.boards import board_names, constraints_file, load_board, period_ns_of
from fcn_hw.costs.family import FFS_A_LUT
from fcn_hw.errors import ConfigError, FcnHwError
from fcn_hw.resources import data_folder

CONSTRAINTS = Path(__file__).parent.parent / "constraints"

# DS190, DS891, DS987, FPGA-DS-02012: part, DSP, block RAM of 36 Kib, UltraRAM, LUT
DEVICES = {
    "arty-z7-20": ("xc7z020clg400-1", 220, 140, 0, 53_200),
    "ecpix5-85f": ("LFE5UM5G-85F-8BG554I", 156, 104, 0, 83_640),
    "kv260": ("xck26-sfvc784-2LV-c", 1248, 144, 64, 117_120),
    "pynq-z2": ("xc7z020clg400-1", 220, 140, 0, 53_200),
    "ulx3s-85f": ("LFE5U-85F-6BG381C", 156, 104, 0, 83_640),
    "ultra96v2": ("xczu3eg-sbva484-1-i", 360, 216, 0, 70_560),
    "zcu102": ("xczu9eg-ffvb1156-2-e", 2520, 912, 0, 274_080),
    "zcu104": ("xczu7ev-ffvc1156-2-e", 1728, 312, 96, 230_400),
}


def test_the_boards_of_the_project() -> None:
    assert set(DEVICES) <= set(board_names())


ECP5 = tuple(name for name in board_names() if load_board(name).ecp5 is not None)

# ulx3s_v20.lpf; amaranth_boards/ecpix5.py and "Debug" of LambdaConcept's pages on the ECPIX-5
PINS = {
    "ecpix5-85f": {"oscillator": "K23", "uart_rx": "R26", "uart_tx": "R24", "heartbeat": "R21"},
    "ulx3s-85f": {
        "oscillator": "G2", "uart_rx": "M1", "uart_tx": "L4", "heartbeat": "B2", "wifi_gpio0": "L2",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", board_names())
def test_every_board_is_whole(name: str) -> None:
    board = load_board(name)
    assert board.name == name
    assert board.resources.ff == FFS_A_LUT[board.family] * board.resources.lut
    if name in ECP5:
        return
    assert (board.ps, board.axi_stream_width_bits) == (
        ("ps7", 64) if board.family == "7series" else ("psu", 128)
    )
    assert board.part.startswith("xc7z") == (board.family == "7series")
    for line in constraints_file(load_board(name)).read_text().splitlines():
        assert not line or line.startswith(("#", "set_property -quiet "))


@pytest.mark.parametrize("name", DEVICES)
def test_devices(name: str) -> None:
    board = load_board(name)
    have = board.resources
    assert (board.part, have.dsp, have.bram36, have.uram, have.lut) == DEVICES[name]


@pytest.mark.parametrize("name", ECP5)
def test_pins_of_an_ecp5(name: str) -> None:
    board = load_board(name)
    assert board.ecp5 is not None and board.ps == "none"
    text = constraints_file(board).read_text()
    placed = re.findall(r'^LOCATE COMP "(\w+)" SITE "(\w+)";$', text, re.M)
    assert dict(placed) == PINS[name] and len(placed) == len(PINS[name])
    assert set(PINS[name]) == {"oscillator", "uart_rx", "uart_tx", "heartbeat", *board.ecp5.high}
    assert sorted(re.findall(r'^IOBUF PORT "(\w+)"', text, re.M)) == sorted(PINS[name])
    (frequency,) = re.findall(r'^FREQUENCY PORT "oscillator" (\w+) MHZ;$', text, re.M)
    assert float(frequency) == board.ecp5.oscillator_mhz


@pytest.mark.parametrize("name", ["pynq-z2", "arty-z7-20"])
def test_heartbeat_pin(name: str) -> None:
    assert re.search(r"PACKAGE_PIN R14 .*heartbeat", constraints_file(load_board(name)).read_text())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of pynq-z2's files."""
    monkeypatch.chdir(tmp_path)
    for suffix in ("yaml", "xdc"):
        shutil.copy(CONSTRAINTS / f"pynq-z2.{suffix}", tmp_path)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_new_board_is_a_new_pair_of_files(folder: Path) -> None:
    for suffix in ("yaml", "xdc"):
        (folder / f"pynq-z2.{suffix}").rename(folder / f"mine.{suffix}")
    change(folder / "mine.yaml", "name: pynq-z2", "name: mine")
    change(folder / "mine.yaml", "dsp: 220", "dsp: 90")
    assert board_names(folder) == ("mine",)
    assert load_board("mine", folder).resources.dsp == 90


@pytest.fixture
def mine(folder: Path) -> Path:
    """A board in a folder of a user's."""
    (folder / "boards").mkdir()
    for suffix in ("yaml", "xdc"):
        (folder / f"pynq-z2.{suffix}").rename(folder / f"boards/mine.{suffix}")
    change(folder / "boards/mine.yaml", "name: pynq-z2", "name: mine")
    return folder / "boards/mine.yaml"


def test_a_board_by_its_path(mine: Path) -> None:
    board = load_board("boards/mine.yaml")
    assert (board.name, board.argument) == ("mine", "mine.yaml")
    assert constraints_file(board) == mine.with_suffix(".xdc")
    shipped = load_board(str(CONSTRAINTS / "pynq-z2.yaml"))
    assert shipped == load_board("pynq-z2") and shipped.argument == "pynq-z2"
    with pytest.raises(ConfigError, match=r"nowhere/mine\.yaml: no such file"):
        load_board("nowhere/mine.yaml")


@pytest.mark.parametrize("name", ["pynq-z2", "model"])
def test_names_that_a_board_of_a_user_can_not_have(mine: Path, name: str) -> None:
    """Its project would lie in the folder of another board, or in that of the model."""
    change(mine, "name: mine", f"name: {name}")
    mine.rename(mine.with_name(f"{name}.yaml"))
    with pytest.raises(ConfigError) as caught:
        load_board(f"boards/{name}.yaml")
    line = 1 + mine.with_name(f"{name}.yaml").read_text().split("name: ")[0].count("\n")
    told = f"boards/{name}.yaml:{line}: the name '{name}' is taken: choose another"
    assert told in f"{caught.value.message}\n{caught.value.hint}"


def test_constraints_are_no_program(mine: Path) -> None:
    """Vivado executes an XDC as Tcl."""
    pins = mine.with_suffix(".xdc")
    for line in (
        "set_property -dict { PACKAGE_PIN H16 } [get_ports { leds[0] }]; # IO_L13P_T2",
        "create_clock -period 8.000 -waveform {0 4} [ get_ports clk ];",
        "set_false_path -from [get_clocks a] -to [get_clocks b]",
        "set_property CFGBVS VCCO [current_design]",
    ):
        pins.write_text(f"# a comment\n\n{line}\n")
        load_board("boards/mine.yaml")
    for line in (
        "exec rm -r /",
        "set_property PACKAGE_PIN [exec id] [get_ports a]",
        "set_property LOC A1 [get_ports a]; source other.tcl",
        "set_property STEPS.SYNTH_DESIGN.TCL.PRE other.tcl [get_runs synth_1]",
        "set_propertyx A B [get_ports a]",
    ):
        pins.write_text(f"# a comment\n\n{line}\n")
        with pytest.raises(ConfigError) as caught:
            load_board("boards/mine.yaml")
        assert caught.value.message == f"boards/mine.xdc:3: '{line}' constrains no port or clock"
    pins.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"boards/mine\.xdc: not UTF-8 text"):
        load_board("boards/mine.yaml")


def test_ports_that_are_always_high_are_names(folder: Path) -> None:
    for suffix in ("yaml", "lpf"):
        shutil.copy(CONSTRAINTS / f"ulx3s-85f.{suffix}", folder / f"mine.{suffix}")
    change(folder / "mine.yaml", "name: ulx3s-85f", "name: mine")
    assert load_board("mine.yaml").ecp5 is not None
    change(folder / "mine.yaml", "[wifi_gpio0]", "['a, output b']")
    with pytest.raises(ConfigError, match=r"ecp5\.high"):
        load_board("mine.yaml")


def test_unknown_board(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_board("pynq-z3")
    assert caught.value.message == "unknown board 'pynq-z3'; near: 'pynq-z2'"
    assert caught.value.hint == (
        "A new board is a new <board>.yaml and beside it its pins, <board>.xdc or .lpf: give the "
        "path of the first."
    )
    for outside in ("../constraints/pynq-z2", ""):
        with pytest.raises(ConfigError, match="unknown board"):
            load_board(outside)
    with pytest.raises(ConfigError) as caught:
        load_board("a", tmp_path)
    assert caught.value.message == f"unknown board 'a': {tmp_path} holds no boards"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("lut: 53200", "luts: 53200", "unknown key 'luts' in resources; did you mean 'lut'?"),
        ("family: 7series", "family: 7-series", "family: '7-series' is not one of '7series', "),
        ("name: pynq-z2", "name: pynq", "name 'pynq' differs from the file's name"),
        ("part: xc7z020clg400-1", "part: 'xc7z020; exit'", "part: 'xc7z020; exit' does not match"),
        ("clock_period_ns: 10.0", "clock_period_ns: 1", "clock_period_ns: 1 must be at least 1.6"),
        ("clock_period_ns: 10.0", "clock_period_ns: -1", "clock_period_ns: -1 must be more than 0"),
    ],
)
def test_wrong_board_files_name_the_line(folder: Path, old: str, new: str, expected: str) -> None:
    path = folder / "pynq-z2.yaml"
    line = 1 + path.read_text().split(old)[0].count("\n")
    change(path, old, new)
    with pytest.raises(ConfigError) as caught:
        load_board("pynq-z2", folder)
    text = f"{caught.value.message}\n{caught.value.hint}"
    assert f"pynq-z2.yaml:{line}: {expected}" in text


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("family: 7series", "family: ecp5", "family ecp5, this section and 'ps: none' go together"),
        ("ps: ps7", "ps: none", "family ecp5, this section and 'ps: none' go together"),
        ("memory_mib: 512", "memory_mib: 0", "without it a board has board_part, ps_preset and"),
    ],
)
def test_keys_of_another_family(folder: Path, old: str, new: str, expected: str) -> None:
    change(folder / "pynq-z2.yaml", old, new)
    with pytest.raises(ConfigError) as caught:
        load_board("pynq-z2", folder)
    assert f"pynq-z2.yaml:1: ecp5: {expected}" in caught.value.message


def test_clocks_that_no_device_has() -> None:
    for name, shortest in (("pynq-z2", 1.6), ("kv260", 1.13)):
        board = load_board(name)
        assert period_ns_of(board, None) == board.clock_period_ns
        assert period_ns_of(board, shortest) == shortest
        with pytest.raises(ConfigError, match=f"0.001 ns is less than the {shortest} ns of the"):
            period_ns_of(board, 0.001)


def test_a_board_needs_its_xdc(folder: Path) -> None:
    (folder / "pynq-z2.xdc").unlink()
    with pytest.raises(ConfigError) as caught:
        load_board("pynq-z2", folder)
    assert caught.value.message == "board 'pynq-z2' has no pynq-z2.xdc beside its pynq-z2.yaml"
    assert caught.value.hint == "Add the file; it may hold comments only."
    shutil.copy(CONSTRAINTS / "ulx3s-85f.yaml", folder)
    with pytest.raises(ConfigError, match=r"board 'ulx3s-85f' has no ulx3s-85f\.lpf beside"):
        load_board("ulx3s-85f", folder)


def test_data_folders(tmp_path: Path) -> None:
    assert data_folder("constraints") == CONSTRAINTS
    with pytest.raises(FcnHwError) as caught:
        data_folder("constrains")
    assert caught.value.message == "folder 'constrains' of fcn_hw is missing"

    installed = tmp_path / "site-packages" / "fcn_hw"
    (installed / "_data" / "templates").mkdir(parents=True)
    (installed.parent / "templates").mkdir()  # another package's
    assert data_folder("templates", installed) == installed / "_data" / "templates"
