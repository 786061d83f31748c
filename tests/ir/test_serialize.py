"""Graphs on disk: exact, deterministic, and nothing trusted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_graphs import graphs

from fcn_hw.errors import ConfigError, FcnHwError, GraphError
from fcn_hw.fixed import parse_format
from fcn_hw.ir import serialize
from fcn_hw.ir.build import GraphBuilder
from fcn_hw.ir.classes import STORABLE, own_types
from fcn_hw.ir.graph import Graph
from fcn_hw.ir.serialize import GRAPH_FILE, TEXT_FILE, WEIGHTS_FILE, digest, load, save
from fcn_hw.ir.text import to_text
from fcn_hw.ops import OPS, Constant, Padding

ROOT = Path(__file__).parents[2]


def small() -> Graph:
    build = GraphBuilder("net")
    build.input("image", (4, 5, 2), parse_format("ufixed<8,0>"))
    build.conv2d(
        "conv",
        "image",
        Constant(np.arange(-9, 9).reshape(3, 3, 2, 1), parse_format("fixed<6,1>")),
        Constant(np.array([7]), parse_format("fixed<4,1>")),
        padding=Padding(1, 1, 1, 1),
        fmt=parse_format("fixed<6,2,RND_CONV,SAT>"),
        origin="act",
    )
    build.conv2d("score", "conv", Constant(np.ones((1, 1, 1, 2)), parse_format("fixed<2,2>")))
    build.max_pool2d("pool", "score", (2, 2))
    return build.finish("pool")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(small(), tmp_path)
    return tmp_path


# -- there and back ------------------------------------------------------------------------------


@settings(max_examples=150)
@given(graphs(max_ops=8))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, graph: Graph) -> None:
    folder = tmp_path_factory.mktemp("graph")
    save(graph, folder)
    found = load(folder)
    assert found == graph
    assert digest(found) == digest(graph)


def test_the_files(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {GRAPH_FILE, WEIGHTS_FILE, TEXT_FILE}
    assert (folder / TEXT_FILE).read_text() == to_text(small())
    document = json.loads((folder / GRAPH_FILE).read_text())
    assert document["digest"] == digest(small())
    assert document["ops"][1] == {
        "kind": "Conv2D",
        "name": "conv",
        "inputs": ["image"],
        "shape": [4, 5, 1],
        "format": "fixed<6,2,RND_CONV,SAT>",
        "origin": "act",
        "weight": "fixed<6,1>",
        "accum": str(small()["conv"].accum),  # type: ignore[attr-defined]
        "bias": "fixed<4,1>",
        "strides": [1, 1],
        "dilation": [1, 1],
        "padding": [1, 1, 1, 1],
    }


def test_saving_again_touches_nothing(folder: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}
    save(load(folder), folder)
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.iterdir()} == before


def test_every_field_of_every_op_has_a_codec() -> None:
    assert set(serialize.CODECS) == set(STORABLE)
    for cls in OPS:
        own = {item.name for item in fields(cls)} - {"name", "inputs", "output", "origin"}
        assert set(own_types(cls)) == own
        assert set(own_types(cls).values()) <= set(STORABLE)


def test_no_tensorflow_is_loaded(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from fcn_hw.ir.serialize import load; "
        f"load(Path({str(folder)!r})); "
        "print([m for m in ('tensorflow', 'qkeras', 'hls4ml') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


# -- digest --------------------------------------------------------------------------------------


def test_the_digest_is_known() -> None:
    """Stages compare stored digests: it must not depend on the Python or NumPy version."""
    assert digest(small()) == "ccbe0b2369794e07ef0f825f64aabac7a4f6d2bc0dc7614e610869f09eaac123"


def test_the_digest_sees_every_part() -> None:
    graph = small()
    conv = graph["conv"]
    codes = conv.weight.codes.copy()  # type: ignore[attr-defined]
    codes[0, 0, 0, 0] += 1
    changed = [
        {"weight": Constant(codes, conv.weight.format)},  # type: ignore[attr-defined]
        {"weight": replace(conv.weight, format=parse_format("fixed<6,2>"))},  # type: ignore[attr-defined]
        {"bias": None},
        {"padding": Padding(1, 1, 1, 2)},
        {"origin": "other"},
        {"output": replace(conv.output, format=parse_format("fixed<6,2,RND,SAT>"))},
    ]
    graphs = [
        graph.with_ops(replace(op, **new) if op is conv else op for op in graph.ops)
        for new in changed
    ]
    graphs += [graph, replace(graph, name="other"), replace(graph, outputs=("pool", "conv"))]
    assert len({digest(item) for item in graphs}) == len(graphs)


# -- what is refused -----------------------------------------------------------------------------


def edited(folder: Path, edit: Callable[[Any], Any]) -> FcnHwError:
    """The error of loading after ``edit`` has changed the JSON document."""
    path = folder / GRAPH_FILE
    document = json.loads(path.read_text())
    replaced = edit(document)
    path.write_text(json.dumps(document if replaced is None else replaced))
    with pytest.raises((ConfigError, GraphError)) as caught:
        load(folder)
    return caught.value


def put(*path_and_value: Any) -> Callable[[Any], None]:
    *path, key, value = path_and_value

    def edit(document: Any) -> None:
        for step in path:
            document = document[step]
        document[key] = value

    return edit


def drop(*path: Any) -> Callable[[Any], None]:
    def edit(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]

    return edit


CONV = ("ops", 1)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda _: [], "the file: [] is no object"),
        (drop("schema_version"), "schema_version: missing"),
        (put("schema_version", 2), "schema_version: 2, this program reads 1"),
        (put("outptus", []), "outptus: unknown; near: 'outputs'"),
        (drop("outputs"), "outputs: missing"),
        (put("outputs", "pool"), "outputs: 'pool' is no list of at most 10000 items"),
        (put("outputs", [1]), "outputs[0]: 1 is no text of at most 1000 characters"),
        (put("name", None), "name: None is no text of at most 1000 characters"),
        (put("ops", 0, "op"), "ops[0]: 'op' is no object"),
        (put(*CONV, "kind", "Conv3D"), "ops[1] 'conv'.kind: 'Conv3D' is no op of fcn_hw"),
        (put(*CONV, "kind", "Op"), "ops[1] 'conv'.kind: 'Op' is no op of fcn_hw"),
        (put(*CONV, "activation", "relu"), "ops[1] 'conv'.activation: unknown; near: 'dilation'"),
        (drop(*CONV, "padding"), "ops[1] 'conv'.padding: missing"),
        (drop(*CONV, "name"), "ops[1].name: missing"),
        (put(*CONV, "shape", [4, 5]), "ops[1] 'conv'.shape: [4, 5] is no list of 3 whole numbers"),
        (
            put(*CONV, "shape", [4, 5, 1.0]),
            "ops[1] 'conv'.shape: [4, 5, 1.0] is no list of 3 whole numbers",
        ),
        (
            put(*CONV, "strides", [True, 1]),
            "ops[1] 'conv'.strides: [True, 1] is no list of 2 whole numbers",
        ),
        (
            put(*CONV, "strides", [1 << 40, 1]),
            "ops[1] 'conv'.strides: [1099511627776, 1] is no list of 2 whole numbers",
        ),
        (
            put(*CONV, "padding", {}),
            "ops[1] 'conv'.padding: {} is no list of 4 whole numbers",
        ),
        (
            put(*CONV, "accum", "float"),
            "ops[1] 'conv'.accum: 'float' is not a fixed-point format",
        ),
        (put(*CONV, "format", "fixed<99,1>"), "ops[1] 'conv'.format: width 99 is outside 1 to 63"),
        (put(*CONV, "weight", None), "ops[1] 'conv'.weight: None is no text"),
        (put(*CONV, "bias", None), "weights.npz holds 'conv.bias', which no op has"),
        (
            put("ops", 2, "bias", "fixed<4,1>"),
            "ops[2] 'score'.bias: weights.npz lacks 'score.bias'",
        ),
        (
            put(*CONV, "origin", "x" * 2000),
            "ops[1] 'conv'.origin: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... is no text",
        ),
        (put("digest", "00"), "the digest does not match; this file or weights.npz was changed"),
        (put(*CONV, "origin", ""), "the digest does not match; this file or weights.npz was"),
    ],
)
def test_documents(folder: Path, edit: Callable[[Any], Any], message: str) -> None:
    error = edited(folder, edit)
    assert isinstance(error, ConfigError)
    assert str(error).startswith(f"{folder / GRAPH_FILE}: {message}")
    assert "\n" not in str(error)


def test_a_graph_of_no_structure(folder: Path) -> None:
    error = edited(folder, put(*CONV, "inputs", ["nowhere"]))
    assert str(error) == (
        f"{folder / GRAPH_FILE}: op 'conv' reads 'nowhere', which no earlier op writes"
    )


def test_what_is_loaded_is_verified(folder: Path) -> None:
    """Even where the digest is right."""
    graph = small()
    broken = replace(graph["conv"], strides=(0, 1))
    save(graph.with_ops(broken if op.name == "conv" else op for op in graph.ops), folder)
    with pytest.raises(GraphError) as caught:
        load(folder)
    assert str(caught.value) == (
        f"graph 'net' of {folder / GRAPH_FILE}: Conv2D 'conv': strides (0, 1) must be at least 1"
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not JSON: Expecting value"),
        (b"{", "not JSON: Expecting property name"),
        (b"\xff", "not JSON: 'utf-8' codec can't decode"),
        (b"[" * 100_000, "not JSON: "),
        (b'{"ops": ' + b"9" * 100_000 + b"}", "not JSON: |schema_version: missing"),
    ],
)
def test_what_is_not_json(folder: Path, raw: bytes, message: str) -> None:
    path = folder / GRAPH_FILE
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert any(str(caught.value).startswith(f"{path}: {text}") for text in message.split("|"))


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert str(caught.value) == f"{tmp_path / GRAPH_FILE}: No such file or directory"
    assert caught.value.hint == "Export the graph first."
    (tmp_path / GRAPH_FILE).write_text("{}")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert str(caught.value) == f"{tmp_path / WEIGHTS_FILE}: No such file or directory"


@pytest.mark.parametrize(
    ("name", "limit"), [(GRAPH_FILE, "MAX_JSON_BYTES"), (WEIGHTS_FILE, "MAX_WEIGHTS_BYTES")]
)
def test_files_that_are_too_large_are_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: str
) -> None:
    size = (folder / name).stat().st_size
    monkeypatch.setattr(serialize, limit, size - 1)
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert str(caught.value) == f"{folder / name}: {size} bytes, {size - 1} is the limit"


def test_weights_that_are_none(folder: Path) -> None:
    (folder / WEIGHTS_FILE).write_bytes(b"none")
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert str(caught.value).startswith(f"{folder / WEIGHTS_FILE}: not a zip archive")


def test_weights_of_another_save(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    graph = small()
    conv = graph["conv"]
    weight = replace(conv.weight, codes=-conv.weight.codes)  # type: ignore[attr-defined]
    other = tmp_path_factory.mktemp("other")
    save(
        graph.with_ops(replace(op, weight=weight) if op is conv else op for op in graph.ops), other
    )
    (folder / WEIGHTS_FILE).write_bytes((other / WEIGHTS_FILE).read_bytes())
    with pytest.raises(ConfigError) as caught:
        load(folder)
    assert "the digest does not match" in str(caught.value)
    assert caught.value.hint == "Export the graph again."


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 300), st.floats(), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@settings(max_examples=300)
@given(st.data())
def test_any_value_anywhere_gives_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    save(small(), folder)
    path = folder / GRAPH_FILE
    document = json.loads(path.read_text())
    holder, key = data.draw(st.sampled_from(_places(document)))
    before = holder[key]
    holder[key] = data.draw(JSON)
    if holder[key] == before and type(holder[key]) is type(before):
        return
    path.write_text(json.dumps(document))
    with pytest.raises(FcnHwError):
        load(folder)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value in a JSON document."""
    pairs = (
        list(value.items()) if isinstance(value, dict)
        else list(enumerate(value)) if isinstance(value, list) else []
    )  # fmt: skip
    return [(value, key) for key, _ in pairs] + [
        place for _, inner in pairs for place in _places(inner)
    ]
