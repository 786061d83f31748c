"""Reading design.yaml: what a stranger's file can do wrong, and what the message says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from fcn_hw.design import CamVid, Design, DigitScenes, WeightFormat
from fcn_hw.design_yaml import check_layer_names, find_design, load_design, load_design_source
from fcn_hw.errors import ConfigError
from fcn_hw.schema import Choice, stripped
from fcn_hw.yaml_source import MAX_BYTES, read_yaml

GOOD = """\
name: tiny
dataset:
  kind: digit_scenes
network:
  kind: fcn8s
  filters: [8, 16]
precision:
  default: {weight: 4}
  layers:
    conv1_1: {weight: {bits: 8, integer: 1}}
    score: {weight: ternary}
hls:
  ReuseFactor: 4
  LayerName:
    conv1_1: {ReuseFactor: 3}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder: messages show paths relative to it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def message(text: str | bytes) -> str:
    """The message, and the hint below it, of a design.yaml in the current folder."""
    path = Path("design.yaml")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_design(path)
    return "\n".join(filter(None, [caught.value.message, caught.value.hint]))


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_a_good_file(folder: Path) -> None:
    Path("design.yaml").write_text(GOOD)
    design = load_design(Path("design.yaml"))
    assert design.network.filters == (8, 16)
    assert design.precision.layers["conv1_1"].weight == WeightFormat(bits=8, integer=1)
    assert design.precision.layers["score"].weight == "ternary"
    assert design.dataset == DigitScenes(kind="digit_scenes")


def test_what_the_network_is_given(folder: Path) -> None:
    for text, expected in (
        ("{scale: 1/255}", "code * 1/255"),
        ("{scale: 0.25, offset: -1}", "code * 1/4 - 1"),
        ("{scale: [1/255/0.5, 1/255, 2e-3], offset: [0, 1/3, '-0.5']}",
         "code * (2/255, 1/255, 1/500) + (0, 1/3, -1/2)"),
        ("{scale: 1/256}", "None"),
    ):  # fmt: skip
        new = f" {{kind: digit_scenes, input: {text}}}"
        Path("design.yaml").write_text(changed("\n  kind: digit_scenes", new))
        assert str(load_design(Path("design.yaml")).dataset.input.of_bytes()) == expected


def test_lines_of_keys(folder: Path) -> None:
    Path("design.yaml").write_text(GOOD)
    source = load_design_source(Path("design.yaml"))
    assert source.path == Path("design.yaml")
    assert source.line_of(("network", "filters")) == 6
    assert source.line_of(("network", "filters", 1)) == 6
    assert source.line_of(("precision", "layers", "score", "weight")) == 11
    assert source.line_of(("network", "skip")) == 4  # not in the file: its section
    assert source.line_of(("training", "seed")) == 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "filters:",
            "filers:",
            "design.yaml:6: unknown key 'filers' in network; "
            "did you mean 'filters' or 'head_filters'?",
        ),
        (
            "name: tiny",
            "name: tiny\nhlss: {}",
            "2: unknown key 'hlss' in the design; did you mean 'hls'?",
        ),
        (
            "ReuseFactor: 4",
            "XQ: 4",
            "13: unknown key 'XQ' in hls; valid: 'ClockPeriod', 'Compiler', 'Conv', 'IOType', "
            "'LayerName', 'Part', 'Precision', 'ReuseFactor', 'Strategy'",
        ),
        (
            "  kind: fcn8s",
            "  kind: fcn8s\n  upsampling: bilinaer",
            "6: network.upsampling: 'bilinaer' is not one of 'nearest', 'bilinear', 'transposed'; "
            "did you mean 'bilinear'?",
        ),
        (
            "  kind: fcn8s",
            "  kind: fcn8s\n  kernel: 4",
            "6: network.kernel: 4 is not one of 1, 3, 5, 7",
        ),
        (
            "kind: digit_scenes",
            "kind: digit_scene",
            "3: dataset.kind: 'digit_scene' is not one of 'digit_scenes', 'mnist', 'camvid', "
            "'voc', 'list'; did you mean 'digit_scenes'?",
        ),
        (
            "kind: digit_scenes",
            "seed: 3",
            "2: key 'kind' is missing in dataset: one of 'digit_scenes', 'mnist', 'camvid', "
            "'voc', 'list'",
        ),
        (
            "kind: digit_scenes",
            "kind: digit_scenes\n  hight: 64",
            "4: unknown key 'hight' in dataset; did you mean 'height'?",
        ),
        (
            "kind: digit_scenes",
            "kind: camvid\n  width: 256",
            "2: key 'height' is missing in dataset",
        ),
        (
            "{weight: 4}",
            "{weight: ternery}",
            "8: precision.default.weight: 'ternery' is not one of 'binary', 'ternary'; "
            "did you mean 'ternary'?",
        ),
        ("{weight: 4}", "{weight: 17}", "8: precision.default.weight: 17 must be at most 16"),
        (
            "hls:",
            "regression: {cycles: 0.02, luts: 0.1}\nhls:",
            "12: unknown key 'luts' in regression; valid: 'cycles', 'miou', 'mismatches', "
            "'resources', 'wns_ns'",
        ),
        (
            "hls:",
            "regression:\n  wns_ns: -0.1\nhls:",
            "13: regression.wns_ns: -0.1 must be at least 0",
        ),
        (
            "hls:",
            "regression:\n  cycles: .1\n  miou: 5\nhls:",
            "14: regression.miou: 5 must be at most 1",
        ),
        (
            "hls:",
            "regression: {mismatches: few}\nhls:",
            "12: regression.mismatches: must be a whole number, not 'few'",
        ),
        (
            "{weight: 4}",
            "{activation: x}",
            "8: precision.default.activation: must be a whole number, not 'x'",
        ),
        (
            "{weight: 4}",
            "{bias: [1]}",
            "8: precision.default.bias: must be a whole number, not a list",
        ),
        (
            "integer: 1}",
            "inetger: 1}",
            "10: key 'integer' is missing in precision.layers.conv1_1.weight\n"
            "design.yaml:10: unknown key 'inetger' in precision.layers.conv1_1.weight; "
            "did you mean 'integer'?",
        ),
        ("{bits: 8, integer: 1}", "{bits: 1, integer: 1}", "weight.bits: 1 must be at least 2"),
        (
            "weight: ternary",
            "wait: ternary",
            "11: unknown key 'wait' in precision.layers.score; did you mean 'weight'?",
        ),
        ("{weight: ternary}", "", "11: precision.layers.score: must be a mapping, not nothing"),
        ("[8, 16]", "[8]", "6: network.filters: needs at least 2 entries, has 1"),
        ("[8, 16]", "[8, many]", "6: network.filters[1]: must be a whole number, not 'many'"),
        (
            "[8, 16]",
            "[8, 16]\n  convs_per_stage: [1, x]",
            "7: network.convs_per_stage[1]: must be a whole number, not 'x'",
        ),
        (
            "[8, 16]",
            "[8, 16]\n  convs_per_stage: 9",
            "7: network.convs_per_stage: 9 must be at most",
        ),
        ("[8, 16]", "8", "6: network.filters: must be a list, not 8"),
        ("ReuseFactor: 4", "ClockPeriod: 0", "13: hls.ClockPeriod: 0 must be more than 0"),
        (
            "ReuseFactor: 4",
            "ClockPeriod: .inf",
            "13: hls.ClockPeriod: inf is not a finite number",
        ),
        ("[8, 16]", "[true, 16]", "6: network.filters[0]: must be a whole number, not True"),
        ("[8, 16]", '["8", 16]', "6: network.filters[0]: must be a whole number, not '8'"),
        ("[8, 16]", "[8.0, 16]", "6: network.filters[0]: must be a whole number, not 8.0"),
        ("[8, 16]", "[8, 16]\n  kernel: true", "7: network.kernel: must be a number, not True"),
        ("{weight: 4}", '{weight: "4"}', "8: precision.default.weight: '4' is not one of 'binary'"),
        ("{weight: 4}", "{bias: false}", "8: precision.default.bias: must be a whole number, not"),
        ("ReuseFactor: 4", "ReuseFactor: true", "13: hls.ReuseFactor: must be a whole number, not"),
        ("ReuseFactor: 4", 'ClockPeriod: "10"', "13: hls.ClockPeriod: must be a number, not '10'"),
        ("ReuseFactor: 4", "ClockPeriod: yes", "13: hls.ClockPeriod: must be a number, not True"),
        ("ReuseFactor: 4", "ClockPeriod: 1e4", "13: hls.ClockPeriod: 10000.0 must be at most 1000"),
        ("name: tiny", "name: tiny\ntraining: {augment: 1}", "must be true or false, not 1"),
        ("name: tiny", "name: tiny\ntraining: {augment: 'true'}", "or false, not 'true'"),
        ("ReuseFactor: 4", "Part: 7", "13: hls.Part: must be text, not 7"),
        ("name: tiny", "name: int", "1: name: 'int' can't be the name of a design: the name is a"),
        ("name: tiny", "name: 1st", "1: name: '1st' does not match ^[a-z][a-z0-9_]{0,39}$"),
        (
            "\n  kind: digit_scenes",
            " {kind: digit_scenes, input: {scale: 1/0}}",
            "dataset.input: scale: '1/0' is no number",
        ),
        (
            "\n  kind: digit_scenes",
            " {kind: digit_scenes, input: {scale: true}}",
            "dataset.input.scale: must be a number, not True",
        ),
        (
            "\n  kind: digit_scenes",
            " {kind: digit_scenes, input: {offset: [1, 2]}}",
            "dataset.input has 2 scales or offsets, images have 3 channels",
        ),
        (
            "name: tiny",
            "name: tiny\noutput_kind: scores",
            "'scores' is not one of 'classes', 'both'",
        ),
        ("name: tiny", "training: {augment: maybe}", "must be true or false, not 'maybe'"),
    ],
)
def test_wrong_keys_and_values(folder: Path, old: str, new: str, expected: str) -> None:
    assert expected in message(changed(old, new))


def test_every_union_of_the_schema_can_be_located() -> None:
    """A union without tags would give an error for each member, and none that names a key."""

    def walk(annotation: Any) -> Iterator[str]:
        if isinstance(annotation, Choice):
            yield from annotation.members
            for member in annotation.members.values():
                yield from walk(member)
        elif get_origin(annotation) in (tuple, dict):
            for part in get_args(annotation):
                yield from walk(stripped(part))
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for field in annotation.model_fields.values():
                yield from walk(stripped(field.annotation, field.metadata, field.discriminator))

    assert {"camvid", "bits", "name", "format", "number", "list"} <= set(walk(Design))


def test_the_first_problem_is_the_message_and_the_others_are_the_hint(folder: Path) -> None:
    text = changed("ReuseFactor: 4", "ReuseFactor: 0\n  Clock: 3")
    Path("design.yaml").write_text(text.replace("fcn8s", "fcn8"))
    with pytest.raises(ConfigError) as caught:
        load_design(Path("design.yaml"))
    assert caught.value.message.startswith("design.yaml:5: network.kind: 'fcn8' is not one of")
    assert caught.value.hint.splitlines() == [
        "design.yaml:13: hls.ReuseFactor: 0 must be at least 1",
        "design.yaml:14: unknown key 'Clock' in hls; did you mean 'ClockPeriod'?",
    ]
    assert caught.value.exit_status == 2


LISTED = "{kind: list, height: 8, width: 8, train_list: a, val_list: b, "


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("classes: [a, b, a]}", "2: dataset.classes: 'a' is there twice"),
        ("classes: [a, b], void: 1}", "2: dataset.void: 1 is also class 'b'"),
        ("classes: [a]}", "2: dataset.classes: needs at least 2 entries, has 1"),
        ("classes: [a, b], channels: 4}", "2: dataset.channels: 4 is not one of 1, 3"),
    ],
)
def test_wrong_list_data_sets(folder: Path, rest: str, expected: str) -> None:
    assert expected in message(changed("\n  kind: digit_scenes", f" {LISTED}{rest}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "design.yaml: the file is empty"),
        ("# nothing\n", "design.yaml: the file is empty"),
        ("- a\n", "design.yaml: the top level is not a mapping ('key: value' lines)"),
        ("just text", "design.yaml: the top level is not a mapping ('key: value' lines)"),
        (b"name: \xff\n", "design.yaml: not UTF-8 text: byte 6 is wrong"),
        ("name: a\nnetwork: [\n", "design.yaml:3: not valid YAML: "),
        ("name: a\n\tb: c\n", "design.yaml:2: not valid YAML: found character '\\t' that cannot"),
        ("name: \x00\n", "design.yaml: not valid YAML: unacceptable character #x0000"),
        ("name: a\nhls: {}\nname: b\n", "design.yaml:3: key 'name' was already given in line 1"),
        ("hls:\n  Part: a\n  Part: b\n", "design.yaml:3: key 'Part' was already given in line 2"),
        ("a: 1\nb: !!python/object:os.system {}\n", "design.yaml:2: tags ('tag:yaml.org,2002:pyt"),
        ("a: !include x\n", "design.yaml:1: tags ('!include') are not allowed"),
        ("a: &x [1]\nb: [*x, *x]\n", "design.yaml:2: aliases ('*x') are not allowed"),
        ("a: 1\n---\nb: 2\n", "design.yaml:2: a second document; there can be one only"),
        ("[a]: 1\n", "design.yaml:1: a key must be plain text"),
        ("a: " + "[" * 5000, "design.yaml:1: nested deeper than 16 levels"),
        ("a: " + "9" * 5000, "design.yaml:1: can't be read as a number: "),
        ("#" * (MAX_BYTES + 1), "design.yaml: larger than 256 KiB"),
    ],
    ids=range(18),
)
def test_files_that_are_no_plain_yaml(folder: Path, text: str | bytes, expected: str) -> None:
    assert message(text).startswith(expected)


def test_a_missing_file_and_a_folder(folder: Path) -> None:
    for name in ("design.yaml", "."):
        with pytest.raises(ConfigError) as caught:
            load_design(Path(name))
        assert caught.value.message == f"{name}: no such file"


def test_keys_are_text_and_dates_stay_text(folder: Path) -> None:
    Path("a.yaml").write_text("on: 2001-01-01\n1: yes\n~: 0x10\n", encoding="utf-8-sig")
    assert read_yaml(Path("a.yaml")).data == {"on": "2001-01-01", "1": True, "~": 16}
    text = "a: 1e-3\nb: -2.5E+02\nc: '1e-3'\nd: 1e\n"
    Path("a.yaml").write_text(text)
    assert read_yaml(Path("a.yaml")).data == {"a": 1e-3, "b": -250.0, "c": "1e-3", "d": "1e"}


def test_a_file_elsewhere_is_named_in_full(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "design.yaml"
    path.write_text("[]")
    with pytest.raises(ConfigError, match="top level") as caught:
        load_design(path)
    assert caught.value.message.startswith(f"{path}: ")


def test_unknown_layers_with_their_lines(folder: Path) -> None:
    Path("design.yaml").write_text(
        changed("    conv1_1: {ReuseFactor", "    conv9_9: {ReuseFactor")
    )
    source = load_design_source(Path("design.yaml"))
    check_layer_names(source, ["conv1_1", "score", "conv9_9"])
    with pytest.raises(ConfigError, match="1: name: the network has a layer 'tiny', so the design"):
        check_layer_names(source, ["conv1_1", "score", "conv9_9", "tiny"])
    with pytest.raises(ConfigError) as caught:
        check_layer_names(source, iter(["conv1_1", "conv2_1", "head"]))
    assert caught.value.message == (
        "design.yaml:11: unknown layer 'score' in precision.layers; near: "
        "'conv1_1', 'conv2_1', 'head'"
    )
    assert caught.value.hint == (
        "design.yaml:15: unknown layer 'conv9_9' in hls.LayerName; near: 'conv2_1', 'conv1_1'"
    )


def test_finding_designs(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find_design("digits", folder)
    assert caught.value.message == "unknown design 'digits': hls_projects holds no designs"

    path = folder / "hls_projects" / "digits_fcn8s" / "design.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(GOOD)
    (folder / "hls_projects" / "not_a_design").mkdir()
    assert find_design("digits_fcn8s", folder) == path
    assert find_design(str(path), folder / "other") == path
    assert find_design("hls_projects/digits_fcn8s", folder / "other").samefile(path)
    with pytest.raises(ConfigError) as caught:
        find_design("digit_fcn8", folder)
    assert caught.value.message == "unknown design 'digit_fcn8'; near: 'digits_fcn8s'"
    assert "folder of hls_projects" in caught.value.hint
    for name in ("nowhere/design.yaml", "design.yml", "../hls_projects"):
        with pytest.raises(ConfigError) as caught:
            find_design(name, folder)
        assert caught.value.message == f"{name}: no such design file"


def test_designs_of_the_project_are_valid() -> None:
    root = Path(__file__).parent.parent
    for path in root.glob("hls_projects/*/design.yaml"):
        assert load_design(path).name == path.parent.name


def test_dataset_kinds_are_told_apart(folder: Path) -> None:
    text = changed("kind: digit_scenes", "kind: camvid\n  height: 96\n  width: 128\n  fit: crop")
    Path("design.yaml").write_text(text)
    assert load_design(Path("design.yaml")).dataset == CamVid(
        kind="camvid", height=96, width=128, fit="crop"
    )
